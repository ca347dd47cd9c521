#include "algorithms/surface/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "algorithms/compare/limit_factor.hpp"
#include "algorithms/compare/lod.hpp"
#include "algorithms/surface/raster.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kLeast_m = 1e-6;         // No height is better than a micrometre.
constexpr double kOfMedian = 0.7;         // As in measure_calibrated(): false alarms alike where sigma is small and large.
constexpr double kSmallestFactor = 0.2;   // A large registration error must not shrink the scatter to nothing.
constexpr std::size_t kSquareCells = 16;  // Of the chessboard.

Reason reason_of(const Dem& before, const Dem& after, std::size_t i) {
  const bool none1 = before.reason[i] == Reason::empty_both;
  const bool none2 = after.reason[i] == Reason::empty_both;
  if (none1 || none2) return none1 && none2 ? Reason::empty_both : none1 ? Reason::empty_before : Reason::empty_after;
  for (const Dem* d : {&before, &after}) {
    if (d->reason[i] == Reason::not_observable) return Reason::not_observable;
  }
  return before.reason[i] == Reason::ok && after.reason[i] == Reason::ok ? Reason::ok : Reason::few_points;
}

/// What standard errors are multiplied with, by steepness: where a cell holds metres of height, or the edge of a bench, another
/// share of the scatter is real than on level ground.
struct Widening {
  double floor_m = 0.0;
  std::array<double, kSteepness.size()> factor;
  Widening() { factor.fill(1.0); }
};

class Limits {
 public:
  Limits(const DemDifference& d, std::vector<double> student) : d_(d), student_(std::move(student)) {}

  double sigma(std::size_t i, const Widening& w) const {
    return w.factor[steepness_of(d_.slope_deg(i))] * std::hypot(d_.sigma_m[i], w.floor_m);
  }
  double limit(std::size_t i, const Widening& w) const {
    return std::hypot(student_[i] * sigma(i, w), kNormal95 * d_.registration_m[i]);
  }
  /// Of the cells together where those of a steepness are too few.
  Widening widening(const std::vector<std::size_t>& cells, std::size_t fewest) const {
    Widening out;
    if (cells.empty()) return out;
    std::vector<double> sigmas;
    for (const std::size_t i : cells) sigmas.push_back(d_.sigma_m[i]);
    out.floor_m = kOfMedian * quantile(std::move(sigmas), 0.5);
    Widening plain;
    plain.floor_m = out.floor_m;
    std::array<std::vector<double>, kSteepness.size()> ratios;
    std::vector<double> all;
    for (const std::size_t i : cells) {
      all.push_back(kNormal95 * std::abs(d_.difference_m[i]) / limit(i, plain));
      ratios[steepness_of(d_.slope_deg(i))].push_back(all.back());
    }
    for (std::size_t k = 0; k < ratios.size(); ++k) out.factor[k] = factor(ratios[k].size() >= fewest ? ratios[k] : all);
    return out;
  }
  bool is_white(std::size_t i) const {
    return ((i / d_.geometry.cols / kSquareCells) + (i % d_.geometry.cols / kSquareCells)) % 2 == 0;
  }
  /// Cells around which the mean difference is not significant.
  std::vector<std::size_t> find_stable(const std::vector<std::size_t>& cells, const DifferenceOptions& options,
                                       const Run& run) const {
    std::vector<std::size_t> out;
    double f = 1.0;
    const auto fewest = static_cast<std::size_t>(options.least_stable);
    for (int pass = 0; pass < 3; ++pass) {
      std::vector<std::uint8_t> rests(d_.size(), 0);
      for_blocks(
          cells.size(),
          [&](const Block& block) {
            for (std::size_t k = block.begin; k < block.end; ++k) {
              rests[cells[k]] = around_rests(cells[k], options.window_cells / 2, options.moving_sigma * f) ? 1 : 0;
            }
          },
          run);
      out.clear();
      std::copy_if(cells.begin(), cells.end(), std::back_inserter(out), [&](std::size_t i) { return rests[i] != 0; });
      const Widening w = widening(out, fewest);
      f = *std::max_element(w.factor.begin(), w.factor.end());
    }
    return out;
  }

 private:
  /// Heavy tails count: the highest quantile that moving ground does not reach has its say.
  static double factor(const std::vector<double>& ratios) {
    constexpr double kHigh = 0.9, kGaussianHigh = 1.6449;
    return std::max({kSmallestFactor, limit_factor(ratios), quantile(ratios, kHigh) / kGaussianHigh});
  }
  bool around_rests(std::size_t cell, std::int64_t ring, double sigmas) const {
    const auto cols = static_cast<std::int64_t>(d_.geometry.cols);
    const auto rows = static_cast<std::int64_t>(d_.geometry.rows);
    const std::int64_t row = static_cast<std::int64_t>(cell) / cols;
    const std::int64_t col = static_cast<std::int64_t>(cell) % cols;
    double n = 0.0;
    double sum = 0.0;
    double weights = 0.0;
    double shared = 0.0;
    for (std::int64_t r = std::max<std::int64_t>(0, row - ring); r <= std::min(rows - 1, row + ring); ++r) {
      for (std::int64_t c = std::max<std::int64_t>(0, col - ring); c <= std::min(cols - 1, col + ring); ++c) {
        const auto i = static_cast<std::size_t>(r * cols + c);
        if (d_.reason[i] != Reason::ok) continue;
        // Weighted, so that a few cells across an edge do not hide what the many beside it show.
        const double w = 1.0 / (d_.sigma_m[i] * d_.sigma_m[i]);
        n += 1.0;
        sum += w * d_.difference_m[i];
        weights += w;
        shared = std::max(shared, d_.registration_m[i]);
      }
    }
    return n > 0.0 && std::abs(sum / weights) <= sigmas * std::sqrt(1.0 / weights + shared * shared);
  }

  const DemDifference& d_;
  std::vector<double> student_;
};

/// False alarms, each half of the chessboard with the factor of the other.
double cross_validated(const Limits& limits, const DemDifference& d, const std::vector<std::size_t>& stable, std::size_t fewest) {
  std::array<std::vector<std::size_t>, 2> halves;
  for (const std::size_t i : stable) halves[limits.is_white(i) ? 1 : 0].push_back(i);
  if (halves[0].empty() || halves[1].empty()) return kNaN;
  double alarms = 0.0;
  for (std::size_t h = 0; h < 2; ++h) {
    const Widening w = limits.widening(halves[1 - h], fewest);
    for (const std::size_t i : halves[h]) alarms += std::abs(d.difference_m[i]) > limits.limit(i, w) ? 1.0 : 0.0;
  }
  return alarms / static_cast<double>(stable.size());
}

void calibrate(DemDifference& d, const Limits& limits, const std::vector<std::uint8_t>& given, const DifferenceOptions& options,
               Widening& widening, const Run& run) {
  DifferenceCalibration& c = d.calibration;
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < d.size(); ++i) {
    if (d.reason[i] == Reason::ok) cells.push_back(i);
  }
  c.measured = cells.size();
  std::vector<std::size_t> stable;
  if (given.empty()) {
    stable = limits.find_stable(cells, options, run);
    if (static_cast<double>(stable.size()) < options.least_stable_share * static_cast<double>(cells.size())) stable.clear();
  } else {
    std::copy_if(cells.begin(), cells.end(), std::back_inserter(stable), [&](std::size_t i) { return given[i] != 0; });
  }
  c.stable_count = stable.size();
  c.done = stable.size() >= static_cast<std::size_t>(options.least_stable);
  if (!c.done) {
    c.sentence =
        fmt::format("not calibrated: {} of {} cells are on ground at rest, {} are needed; limits are those of the scatter alone",
                    stable.size(), cells.size(), options.least_stable);
    return;
  }
  const auto fewest = static_cast<std::size_t>(options.least_stable);
  widening = limits.widening(stable, fewest);
  c.floor_m = widening.floor_m;
  c.factor = widening.factor;
  c.false_alarms = cross_validated(limits, d, stable, fewest);
  std::vector<double> widths;
  c.mean_m = 0.0;
  for (const std::size_t i : stable) {
    d.stable[i] = 1;
    c.mean_m += d.difference_m[i] / static_cast<double>(stable.size());
    widths.push_back(limits.limit(i, widening));
  }
  c.median_limit_m = median(std::move(widths));
  c.sentence = fmt::format(
      "calibrated on {} of {} cells at rest: mean {:.1f} mm, median limit {:.1f} mm, factors {:.2f}, {:.2f}, {:.2f} by "
      "steepness, {:.1f} % false alarms (5 % meant)",
      c.stable_count, c.measured, 1000.0 * c.mean_m, 1000.0 * c.median_limit_m, c.factor[0], c.factor[1], c.factor[2],
      100.0 * c.false_alarms);
}

}  // namespace

double DemDifference::slope_deg(std::size_t cell) const {
  return std::atan(std::hypot(slope_x[cell], slope_y[cell])) * 180.0 / std::numbers::pi;
}

DemDifference dem_of_difference(const Dem& before, const Dem& after, const std::vector<std::uint8_t>& stable,
                                const Registration* registration, const DifferenceOptions& options, const Run& run) {
  validate(options, "difference");
  if (!(before.geometry == after.geometry)) {
    throw Error(
        ErrorKind::input, "the two DEMs are of different rasters", {},
        "make both over one raster that both clouds give: in Python hw.dem(before, like=after), hw.dem(after, like=before)");
  }
  const std::size_t n = before.size();
  if (!stable.empty() && stable.size() != n) {
    throw Error(ErrorKind::input, fmt::format("{} marks of stable ground for {} cells", stable.size(), n), {},
                "give one mark a cell");
  }
  DemDifference d;
  d.geometry = before.geometry;
  d.before_m = before.height_m;
  d.after_m = after.height_m;
  for (auto* column : {&d.difference_m, &d.sigma_m, &d.lod95_m, &d.slope_x, &d.slope_y}) column->assign(n, kNaN);
  d.registration_m.assign(n, 0.0);
  d.reason.assign(n, Reason::empty_both);
  d.stable.assign(n, 0);
  std::vector<double> student(n, kNormal95);
  for_blocks(
      n,
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          d.reason[i] = reason_of(before, after, i);
          const bool first = std::isfinite(before.slope_x[i]);
          d.slope_x[i] = first ? before.slope_x[i] : after.slope_x[i];
          d.slope_y[i] = first ? before.slope_y[i] : after.slope_y[i];
          if (d.reason[i] != Reason::ok && d.reason[i] != Reason::few_points) continue;
          d.difference_m[i] = after.height_m[i] - before.height_m[i];
          if (d.reason[i] != Reason::ok) continue;
          const double v1 = before.sigma_m[i] * before.sigma_m[i];
          const double v2 = after.sigma_m[i] * after.sigma_m[i];
          d.sigma_m[i] = std::sqrt(v1 + v2 + kLeast_m * kLeast_m);
          if (v1 + v2 > 0.0) {
            student[i] = student95((v1 + v2) * (v1 + v2) / (v1 * v1 / before.freedom[i] + v2 * v2 / after.freedom[i]));
          }
          if (registration == nullptr) continue;
          const Eigen::Vector2d xy = centre_of(d.geometry, i);
          d.registration_m[i] = registration->sigma_m({xy.x(), xy.y(), before.height_m[i]}, {-d.slope_x[i], -d.slope_y[i], 1.0});
        }
      },
      run, {}, 1024);
  const Limits limits(d, std::move(student));
  Widening widening;
  calibrate(d, limits, stable, options, widening, run);
  for (std::size_t i = 0; i < n; ++i) {
    if (d.reason[i] != Reason::ok) continue;
    d.lod95_m[i] = limits.limit(i, widening);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (d.reason[i] == Reason::ok) d.sigma_m[i] = limits.sigma(i, widening);
  }
  return d;
}

ChangePieces pieces_of(const DemDifference& d) {
  ChangePieces p;
  const auto n = static_cast<Eigen::Index>(d.size());
  p.place_m.resize(n, 3);
  p.shift_row.resize(n, 3);
  for (std::size_t i = 0; i < d.size(); ++i) {
    const Eigen::Vector2d xy = centre_of(d.geometry, i);
    const double z = std::isfinite(d.before_m[i]) ? d.before_m[i] : d.after_m[i];
    p.place_m.row(static_cast<Eigen::Index>(i)) << xy.x(), xy.y(), z;
    p.shift_row.row(static_cast<Eigen::Index>(i)) << -d.slope_x[i], -d.slope_y[i], 1.0;
  }
  p.change_m = d.difference_m;
  p.sigma_m = d.sigma_m;
  p.limit_m = d.lod95_m;
  p.area_m2.assign(d.size(), std::abs(d.geometry.affine[1] * d.geometry.affine[5]));
  p.stable = d.stable;
  std::vector<double> slope(d.size());
  for (std::size_t i = 0; i < d.size(); ++i) slope[i] = d.slope_deg(i);
  set_shared(p, slope, d.registration_m);
  return p;
}

}  // namespace highwall
