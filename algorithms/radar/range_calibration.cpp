#include "algorithms/radar/range_calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostBins = 48;
/// A median of so many is known to 3 %; more cost time only.
constexpr std::size_t kMostStable = 2000;
/// A MAD is as uncertain as the standard deviation of so small a share of the values (Rousseeuw and Croux 1993,
/// doi:10.1080/01621459.1993.10476408).
constexpr double kMadEfficiency = 0.37;
/// The atmosphere grows with the range: cells so far beyond the stable ones are not calibrated by them.
constexpr double kReach = 0.1;

}  // namespace

RangeBins::RangeBins(std::span<const float> range_m, std::span<const std::uint8_t> stable, std::size_t least) {
  const std::size_t n = stable.size();
  std::vector<std::uint32_t> order;
  for (std::size_t i = 0; i < n; ++i) {
    if (stable[i] != 0 && (range_m.empty() || std::isfinite(range_m[i]))) order.push_back(static_cast<std::uint32_t>(i));
  }
  of_cell_.assign(n, kNone);
  if (order.empty()) return;
  const auto range = [&](std::size_t i) { return range_m.empty() ? 0.0F : range_m[i]; };
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return range(a) != range(b) ? range(a) < range(b) : a < b; });
  const std::size_t bins = range_m.empty() ? 1 : std::clamp<std::size_t>(order.size() / (2 * least), 1, kMostBins);
  // Cut at equal counts, never between cells of one range.
  std::size_t begin = 0;
  for (std::size_t b = 0; b < bins && begin < order.size(); ++b) {
    std::size_t end =
        b + 1 == bins ? order.size() : std::min(order.size(), std::max(begin + 2 * least, (b + 1) * order.size() / bins));
    while (end < order.size() && range(order[end]) == range(order[end - 1])) ++end;
    if (order.size() - end < least) end = order.size();
    near_m_.push_back(range(order[begin]));
    far_m_.push_back(range(order[end - 1]));
    const std::size_t step = (end - begin + kMostStable - 1) / kMostStable;
    auto& own = stable_.emplace_back();
    for (std::size_t k = begin; k < end; k += step) own.push_back(order[k]);
    std::sort(own.begin(), own.end());
    begin = end;
  }
  const double low = near_m_.front() * (1.0 - kReach);
  const double high = far_m_.back() * (1.0 + kReach);
  for (std::size_t i = 0; i < n; ++i) {
    if (range_m.empty()) {
      of_cell_[i] = 0;
      continue;
    }
    const double r = range_m[i];
    if (!(r >= low && r <= high)) continue;
    // Half-way between two bins belongs to the nearer one.
    std::size_t b = 0;
    while (b + 1 < far_m_.size() && r > 0.5 * (far_m_[b] + near_m_[b + 1])) ++b;
    of_cell_[i] = static_cast<std::uint16_t>(b);
  }
  if (range_m.empty()) near_m_.front() = far_m_.front() = std::numeric_limits<double>::quiet_NaN();
}

std::size_t RangeBins::bytes_held() const noexcept {
  std::size_t bytes = of_cell_.size() * sizeof(std::uint16_t);
  for (const auto& own : stable_) bytes += own.size() * sizeof(std::uint32_t);
  return bytes;
}

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Middle and sigma of values from which a line was taken off, or nothing. `more` is what the scatter of the line adds to the
/// variance of a cell, times n.
RobustSpread spread_of(std::vector<double> own, double more) {
  const double n = static_cast<double>(own.size());
  RobustSpread spread{static_cast<std::uint32_t>(own.size()), median(own), 0.0, kNan};
  for (double& v : own) v = std::abs(v - spread.middle);
  const double scatter = kMadToSigma * median(std::move(own));
  // Numbers that do not scatter at all are no noise: a frozen radar.
  if (!(scatter > 0.0)) return spread;
  spread.sigma = scatter * student_widening(kMadEfficiency * (n - 1.0)) * std::sqrt(1.0 + (0.5 * std::numbers::pi + more) / n);
  return spread;
}

struct Placed {
  double range, value;
  std::uint32_t cell;
  bool operator<(const Placed& o) const { return range != o.range ? range < o.range : cell < o.cell; }
};

/// Medians of range and value of some cells.
std::array<double, 2> medians(std::span<const Placed> some) {
  std::vector<double> range, value;
  for (const Placed& p : some) {
    range.push_back(p.range);
    value.push_back(p.value);
  }
  return {median(std::move(range)), median(std::move(value))};
}

}  // namespace

RobustSpread robust_spread(std::span<const float> values, std::span<const std::uint32_t> cells, std::size_t least) {
  std::vector<double> own;
  own.reserve(cells.size());
  for (const std::uint32_t i : cells) {
    if (std::isfinite(values[i])) own.push_back(values[i]);
  }
  if (own.size() < least) return {static_cast<std::uint32_t>(own.size()), kNan, 0.0, kNan};
  return spread_of(std::move(own), 0.0);
}

RobustSpread robust_spread_about_line(std::span<const float> values, std::span<const std::uint32_t> cells, std::size_t least,
                                      std::span<const float> range_m, double middle_m) {
  std::vector<Placed> own;
  own.reserve(cells.size());
  for (const std::uint32_t i : cells) {
    if (std::isfinite(values[i])) own.push_back({range_m[i] - middle_m, values[i], i});
  }
  if (own.size() < least) return {static_cast<std::uint32_t>(own.size()), kNan, 0.0, kNan};
  const std::size_t third = own.size() / 3;
  const auto at = [&](std::size_t k) { return own.begin() + static_cast<std::ptrdiff_t>(k); };
  std::nth_element(at(0), at(third), own.end());
  std::nth_element(at(third), at(own.size() - third), own.end());
  const auto near = medians({own.data(), third});
  const auto far = medians({own.data() + own.size() - third, third});
  const double slope = far[0] > near[0] ? (far[1] - near[1]) / (far[0] - near[0]) : 0.0;
  std::vector<double> rest;
  rest.reserve(own.size());
  for (const Placed& p : own) rest.push_back(p.value - slope * p.range);
  // Medians of thirds, two thirds of the bin apart: 21 sigma^2 / n for the slope over the bin, a twelfth of that on average.
  RobustSpread spread = spread_of(std::move(rest), slope != 0.0 ? 1.75 : 0.0);
  spread.per_m = slope;
  return spread;
}

}  // namespace highwall
