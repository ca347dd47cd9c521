#include "algorithms/surface/pieces.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "algorithms/compare/limit_factor.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;

constexpr std::size_t kFewestBlocks = 8;
constexpr double kMostRatio = 5.0;  // A single wild block must not speak for all.
constexpr double kFilled = 0.4;     // Of a block's square, for it to count.
constexpr int kMostScales = 12;

/// What a small motion of the second epoch does to a piece's volume.
Vector6 motion_row(const ChangePieces& p, std::size_t i, const Registration& r) {
  const auto row = static_cast<Eigen::Index>(i);
  const Eigen::Vector3d direction = p.shift_row.row(row).transpose();
  const Eigen::Vector3d arm = p.place_m.row(row).transpose() - r.centre_m;
  Vector6 out;
  out << direction, arm.cross(direction);
  return p.area_m2[i] * out;
}

/// A sum under way.
struct Running {
  double volume = 0.0;
  double expected = 0.0;  ///< Of the mean change of stable ground.
  double variance = 0.0;
  double area = 0.0;
  double common = 0.0;
  Vector6 motion = Vector6::Zero();

  void add(const ChangePieces& p, std::size_t i, double share, const Registration* r) {
    const double w = share * p.area_m2[i];
    volume += w * p.change_m[i];
    variance += w * w * p.sigma_m[i] * p.sigma_m[i];
    area += w;
    if (!p.offset_m.empty()) expected += w * p.offset_m[i];
    if (!p.shared_m.empty()) common += w * p.shared_m[i];
    if (r != nullptr) motion += share * motion_row(p, i, *r);
  }
  double shared(const Registration* r) const { return r == nullptr ? 0.0 : std::max(0.0, motion.dot(r->covariance * motion)); }
};

using Key = std::array<std::int64_t, 3>;

/// Volume over its standard deviation of every block of a side that is filled, and the mean root of their areas.
struct Scale {
  std::vector<double> ratio;
  double side_m = 0.0;
};

Scale blocks_of(const ChangePieces& p, const std::vector<std::size_t>& stable, double side) {
  std::vector<std::pair<Key, std::size_t>> keyed;
  keyed.reserve(stable.size());
  for (const std::size_t i : stable) {
    Key key{};
    for (std::size_t c = 0; c < (p.in_plan ? 2U : 3U); ++c) {
      key[c] =
          static_cast<std::int64_t>(std::floor(p.place_m(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) / side));
    }
    keyed.emplace_back(key, i);
  }
  std::sort(keyed.begin(), keyed.end());
  Scale out;
  for (std::size_t begin = 0; begin < keyed.size();) {
    Running sum;
    std::size_t end = begin;
    for (; end < keyed.size() && keyed[end].first == keyed[begin].first; ++end) sum.add(p, keyed[end].second, 1.0, nullptr);
    begin = end;
    if (!(sum.area >= kFilled * side * side) || !(sum.variance > 0.0)) continue;
    out.ratio.push_back(std::abs(sum.volume - sum.expected) / std::sqrt(sum.variance));
    out.side_m += std::sqrt(sum.area);
  }
  if (!out.ratio.empty()) out.side_m /= static_cast<double>(out.ratio.size());
  return out;
}

double root_mean_square(const std::vector<double>& values) {
  double square = 0.0;
  for (const double v : values) square += std::min(v, kMostRatio) * std::min(v, kMostRatio);
  return std::sqrt(square / static_cast<double>(values.size()));
}

}  // namespace

bool ChangePieces::usable(std::size_t i) const {
  return std::isfinite(change_m[i]) && std::isfinite(sigma_m[i]) && std::isfinite(limit_m[i]) && std::isfinite(area_m2[i]);
}

bool ChangePieces::significant(std::size_t i) const { return usable(i) && std::abs(change_m[i]) > limit_m[i]; }

std::size_t steepness_of(double slope_deg) {
  std::size_t k = 0;
  while (k + 1 < kSteepness.size() && !(slope_deg <= kSteepness[k])) ++k;
  return k;
}

void set_shared(ChangePieces& p, const std::vector<double>& slope_deg, const std::vector<double>& registration_m) {
  std::array<double, kSteepness.size()> sum{};
  std::array<double, kSteepness.size()> area{};
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (i >= p.stable.size() || p.stable[i] == 0 || !p.usable(i)) continue;
    const std::size_t k = steepness_of(slope_deg[i]);
    sum[k] += p.area_m2[i] * p.change_m[i];
    area[k] += p.area_m2[i];
  }
  p.shared_m.assign(p.size(), 0.0);
  p.offset_m.assign(p.size(), 0.0);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const std::size_t k = steepness_of(slope_deg[i]);
    const double known = registration_m.empty() ? 0.0 : registration_m[i];
    if (!(area[k] > 0.0)) continue;
    p.offset_m[i] = sum[k] / area[k];
    p.shared_m[i] = std::sqrt(std::max(0.0, p.offset_m[i] * p.offset_m[i] - known * known));
  }
}

double ErrorGrowth::at(double side) const {
  if (side_m.empty()) return 1.0;
  if (side <= side_m.front()) return factor.front();
  if (side >= side_m.back()) {
    const double more = side / side_m.back();
    return std::sqrt(1.0 + (factor.back() * factor.back() - 1.0) * more * more);
  }
  const auto above = static_cast<std::size_t>(std::upper_bound(side_m.begin(), side_m.end(), side) - side_m.begin());
  const double t = (side - side_m[above - 1]) / (side_m[above] - side_m[above - 1]);
  return factor[above - 1] + t * (factor[above] - factor[above - 1]);
}

double ErrorGrowth::quantile95(double side) const {
  if (side_m.empty()) return kNormal95;
  const auto above = static_cast<std::size_t>(std::lower_bound(side_m.begin(), side_m.end(), side) - side_m.begin());
  const std::size_t k = std::min(above, side_m.size() - 1);
  return kNormal95 * student_widening(static_cast<double>(blocks[k]));
}

ErrorGrowth measure_growth(const ChangePieces& pieces, const Run& run) {
  ErrorGrowth out;
  std::vector<std::size_t> stable;
  std::vector<double> areas;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i >= pieces.stable.size() || pieces.stable[i] == 0 || !pieces.usable(i)) continue;
    if (!pieces.place_m.row(static_cast<Eigen::Index>(i)).allFinite()) continue;
    stable.push_back(i);
    areas.push_back(pieces.area_m2[i]);
  }
  if (stable.size() < kFewestBlocks) return out;
  const double piece = std::sqrt(median(std::move(areas)));
  if (!(piece > 0.0)) return out;
  double largest = 1.0;
  double side = piece;
  for (int k = 0; k < kMostScales; ++k, side *= 2.0) {
    run.check_stop();
    const Scale scale = blocks_of(pieces, stable, side);
    const std::size_t n = scale.ratio.size();
    if (n < kFewestBlocks) {
      if (k == 0) continue;  // Core points that lie sparser than their squares.
      break;
    }
    const double found = k == 0 ? limit_factor(scale.ratio) : root_mean_square(scale.ratio);
    largest = std::max(largest, found);
    if (!out.side_m.empty() && !(scale.side_m > out.side_m.back())) continue;
    out.side_m.push_back(scale.side_m);
    out.factor.push_back(largest);
    out.blocks.push_back(n);
  }
  return out;
}

Sum sum_of(const ChangePieces& pieces, std::span<const std::size_t> list, std::span<const double> share,
           const Registration* registration, const ErrorGrowth& growth) {
  Running sum;
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (pieces.usable(list[k])) sum.add(pieces, list[k], share.empty() ? 1.0 : share[k], registration);
  }
  const double registration95 = kNormal95 * std::sqrt(sum.shared(registration));
  const double side = std::sqrt(sum.area);
  const double own95 = growth.quantile95(side) * growth.at(side) * std::sqrt(sum.variance);
  return {sum.volume, std::hypot(own95, registration95, kNormal95 * sum.common), 0.0, 0.0, registration95, sum.area};
}

}  // namespace highwall
