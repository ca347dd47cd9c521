#include "algorithms/compare/calibrated.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Geometry>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <tuple>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/cylinder_points.hpp"
#include "algorithms/compare/limit_factor.hpp"
#include "algorithms/compare/lod.hpp"
#include "algorithms/compare/offset_fit.hpp"
#include "algorithms/compare/roughness.hpp"
#include "algorithms/compare/shared_shift.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kLongestLag = 0.8;    // Cylinder radii,
constexpr double kLags = 20.0;         // in so many classes.
constexpr double kPriorShifts = 10.0;  // Of the most shift: what holds directions that no normal shows.
constexpr double kOfMedian = 0.7;  // Makes false alarms equal over the thirds by standard error, on jittered and random scans.

constexpr double kMostClasses = 1000.0;

/// The variogram's longest distance and the width of its classes, m. Sparse scans are measured in wide cylinders, and their
/// points have no nearer neighbours.
std::pair<double, double> lags_of(const CalibrateOptions& options, const M3c2Options& compare) {
  const double wished = options.longest_lag_m > 0.0 ? options.longest_lag_m : kLongestLag * compare.cylinder_radius_m;
  const double longest = std::min(wished, 1.6 * compare.cylinder_radius_m);
  return {longest, options.lag_m > 0.0 ? options.lag_m : longest / kLags};
}

/// The roughness about quadratics, over evenly taken core points of the first epoch.
Roughness roughness_of(const CellIndex& before, const CylinderPoints& gather, const std::vector<std::size_t>& cores,
                       const M3c2Options& compare, const CalibrateOptions& options, const Run& run) {
  const auto wanted = static_cast<std::size_t>(options.variogram_cores);
  const std::size_t step = std::max<std::size_t>(1, cores.size() / wanted);
  const auto [longest, width] = lags_of(options, compare);
  const double lag = width;  // A binding may not be captured.
  const auto classes = static_cast<std::size_t>(std::ceil(longest / lag));
  const Variogram total = reduce_blocks(
      (cores.size() + step - 1) / step, Variogram(classes),
      [&](const Block& block) {
        Variogram part(classes);
        std::vector<Spot> spots;
        for (std::size_t k = block.begin; k < block.end; ++k) {
          gather(before, cores[k * step], spots);
          const auto n = static_cast<Eigen::Index>(spots.size());
          if (n < 3 * kTrend) continue;
          Eigen::MatrixXd rows(n, kTrend);
          Eigen::VectorXd height(n);
          for (Eigen::Index i = 0; i < n; ++i) {
            rows.row(i) = trend_at(spots[static_cast<std::size_t>(i)], compare.cylinder_radius_m);
            height[i] = spots[static_cast<std::size_t>(i)].h;
          }
          const Eigen::VectorXd residual = height - rows * rows.colPivHouseholderQr().solve(height);
          for (std::size_t i = 0; i < spots.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
              const double distance = std::hypot(spots[i].a - spots[j].a, spots[i].b - spots[j].b);
              const auto c = static_cast<std::size_t>(distance / lag);
              if (c >= classes) continue;
              const double difference = residual[static_cast<Eigen::Index>(i)] - residual[static_cast<Eigen::Index>(j)];
              part.sum[c] += 0.5 * difference * difference;
              part.distance[c] += distance;
              part.pairs[c] += 1.0;
            }
          }
        }
        return part;
      },
      [](Variogram& a, Variogram&& b) { a.add(b); }, run, {}, 4);
  Roughness out = fit_roughness(total, longest);
  out.noise_m2 = std::max(out.noise_m2, kLeastNoise_m2);
  return out;
}

/// What turns standard errors into limits.
struct Widening {
  SharedShift shift;
  double floor_m = 0.0;         ///< A share of the median standard error: the scatter of a core point's own few points says
                                ///< some of how well it is seen, that of all of them the rest.
  std::vector<double> error_m;  ///< Standard errors, ascending, at which the
  std::vector<double> factor;   ///< factors are known; between them by the logarithm, beyond them the last.

  double factor_at(double error) const {
    const auto above = static_cast<std::size_t>(std::upper_bound(error_m.begin(), error_m.end(), error) - error_m.begin());
    if (above == 0) return factor.front();
    if (above == error_m.size()) return factor.back();
    const double t = std::log(error / error_m[above - 1]) / std::log(error_m[above] / error_m[above - 1]);
    return factor[above - 1] + t * (factor[above] - factor[above - 1]);
  }
};

/// Calibration of the offsets' limits on the ground that rests.
class Calibrator {
 public:
  Calibrator(const DisplacementField& field, const std::vector<Offset>& offsets, double radius_m, double prior_m)
      : field_(field), offsets_(offsets), radius_m_(radius_m), prior_m_(prior_m) {
    for (const Offset& o : offsets) {
      values_.push_back(o.value);
      sigmas_.push_back(o.sigma);
    }
  }

  /// The offset without what the epoch shares.
  double rest(std::size_t i, const SharedShift& shift) const { return offsets_[i].value - shift.along(place(i), normal(i)); }
  double limit(std::size_t i, const Widening& w) const {
    const Offset& o = offsets_[i];
    return kLeastLimit_m + std::hypot(w.factor_at(o.sigma) * o.student * std::hypot(o.sigma, w.floor_m),
                                      kNormal95 * w.shift.sigma_m(place(i), normal(i)), kNormal95 * beyond(i, w));
  }
  bool alarm(std::size_t i, const Widening& w) const { return std::abs(rest(i, w.shift)) > limit(i, w); }

  SharedShift shared(const std::vector<std::size_t>& cores) const {
    return fit_shared_shift(field_.position_m, field_.direction, values_, sigmas_, cores, prior_m_, kSquare * radius_m_);
  }

  /// Factors of equally many core points each, by their standard error.
  Widening widening(const std::vector<std::size_t>& cores, const SharedShift& shift) const {
    Widening out;
    out.shift = shift;
    const std::vector<std::size_t> sorted = by_error(cores);
    out.floor_m = kOfMedian * offsets_[sorted[sorted.size() / 2]].sigma;
    const std::size_t parts = std::clamp<std::size_t>(sorted.size() / kOfFactor, 1, kMostFactors);
    for (std::size_t k = 0; k < parts; ++k) {
      const std::size_t begin = k * sorted.size() / parts;
      const std::size_t end = (k + 1) * sorted.size() / parts;
      const double error = offsets_[sorted[(begin + end) / 2]].sigma;
      if (!out.error_m.empty() && !(error > out.error_m.back())) continue;
      out.error_m.push_back(error);
      out.factor.push_back(factor(std::span(sorted).subspan(begin, end - begin), out.floor_m, shift));
    }
    std::vector<double> ratios;
    for (const std::size_t i : cores) ratios.push_back(ratio(i, out.floor_m, shift) / out.factor_at(offsets_[i].sigma));
    const double tail = tail_factor(ratios);
    for (double& f : out.factor) f *= tail;
    return out;
  }

  std::vector<std::size_t> by_error(std::vector<std::size_t> cores) const {
    std::sort(cores.begin(), cores.end(),
              [&](std::size_t a, std::size_t b) { return std::pair(offsets_[a].sigma, a) < std::pair(offsets_[b].sigma, b); });
    return cores;
  }

  /// Core points among which nothing moves but what all of them share: the mean of those around is not significant. The shift is
  /// fitted to what rests without it, or where that is too little to all, as far as most_shift_m allows.
  std::vector<std::size_t> find_stable(const std::vector<std::size_t>& cores, const CalibrateOptions& options, SharedShift& shift,
                                       const Run& run) const {
    const double reach = kAround * radius_m_;
    const CellIndex index(PointsView(field_.position_m), reach, reach, run);
    const std::vector<std::uint32_t> order = index.order();
    const double scale = factor_of_neighbours(index, order, cores, run);
    const double most = options.most_factor * scale;
    const auto enough = [&](const std::vector<std::size_t>& some) {
      return !some.empty() &&
             static_cast<double>(some.size()) >= options.least_stable_share * static_cast<double>(cores.size()) &&
             factor(some, 0.0, shift) <= most;
    };
    const auto resting = [&] {
      std::vector<std::size_t> stable;
      double f = scale;  // What moves must not make its own scatter the measure.
      for (int pass = 0; pass < 3; ++pass) {
        std::vector<std::uint8_t> rests(field_.size(), 0);
        for_blocks(
            cores.size(),
            [&](const Block& block) {
              for (std::size_t k = block.begin; k < block.end; ++k) {
                rests[cores[k]] = around_rests(index, order, cores[k], shift, reach, options.moving_sigma * f) ? 1 : 0;
              }
            },
            run);
        stable.clear();
        for (const std::size_t i : cores) {
          if (rests[i] != 0) stable.push_back(i);
        }
        f = factor(stable, 0.0, shift);
        if (!(f <= most)) break;
        f = std::max(f, kLeastFactor * scale);
      }
      return stable;
    };
    std::vector<std::size_t> stable = resting();
    if (!enough(stable)) stable = cores;
    for (int pass = 0; pass < kShiftPasses; ++pass) {
      shift = shared(stable);
      stable = resting();
      if (!enough(stable)) return {};
    }
    return stable;
  }

  /// Root of the mean square of the shift along the normals.
  double size_of(const SharedShift& shift, const std::vector<std::size_t>& cores) const {
    double square = 0.0;
    for (const std::size_t i : cores) square += std::pow(shift.along(place(i), normal(i)), 2);
    return std::sqrt(square / static_cast<double>(cores.size()));
  }

  /// The half of a chessboard that a core point is on.
  bool is_white(std::size_t i) const {
    const auto row = static_cast<Eigen::Index>(i);
    const double side = kSquare * radius_m_;
    const double sum = std::floor(field_.position_m(row, 0) / side) + std::floor(field_.position_m(row, 1) / side);
    return std::fmod(std::abs(sum), 2.0) < 0.5;
  }

 private:
  Eigen::Vector3d place(std::size_t i) const { return field_.position_m.row(static_cast<Eigen::Index>(i)).transpose(); }
  Eigen::Vector3d normal(std::size_t i) const { return field_.direction.row(static_cast<Eigen::Index>(i)).transpose(); }

  /// What the registration's error adds. A shift that was found holds it whole, whatever it is: it was fitted to the registered
  /// cloud. The factor does not: it knows one drawing of it, on a few square metres.
  double beyond(std::size_t i, const Widening& w) const {
    return w.shift.found || field_.registration_m.empty() ? 0.0 : field_.registration_m[i];
  }

  /// A few points give an offset, but nothing to tell its error by.
  bool is_fitted(std::size_t i) const { return std::isfinite(offsets_[i].value) && std::isfinite(offsets_[i].sigma); }

  /// |d| over its standard error against a Gaussian's, from three quantiles below the tail, where moving ground would be.
  double factor(std::span<const std::size_t> cores, double floor_m, const SharedShift& shift) const {
    std::vector<double> ratios;
    for (const std::size_t i : cores) ratios.push_back(ratio(i, floor_m, shift));
    return limit_factor(ratios);
  }
  double ratio(std::size_t i, double floor_m, const SharedShift& shift) const {
    return std::abs(rest(i, shift)) / std::hypot(offsets_[i].sigma, floor_m) * kNormal95 / offsets_[i].student;
  }

  static constexpr double kAround = 4.0;          // Radii: far enough for a mean, near enough for a small block.
  static constexpr double kSquare = 8.0;          // Radii: cylinders of the two halves hardly overlap.
  static constexpr std::size_t kOfFactor = 400;   // Core points that a factor rests on.
  static constexpr std::size_t kMostFactors = 5;  // Standard errors' parts.
  static constexpr int kShiftPasses = 3;
  static constexpr double kLeastLimit_m = 1e-6;  // No coordinate is known better: rounding is no change.
  static constexpr double kLeastFactor = 1e-3;   // Two copies of one cloud rest, whatever rounding leaves.
  static constexpr std::size_t kFewestPairs = 50;

  /// How many standard errors neighbours scatter about each other, whose cylinders do not overlap: whatever they share, a shift
  /// or a motion, is not in it. 1 where they are too few.
  double factor_of_neighbours(const CellIndex& index, const std::vector<std::uint32_t>& order,
                              const std::vector<std::size_t>& cores, const Run& run) const {
    std::vector<double> ratios(cores.size(), kNaN);
    for_blocks(
        cores.size(),
        [&](const Block& block) {
          for (std::size_t c = block.begin; c < block.end; ++c) {
            const std::size_t i = cores[c];
            const Eigen::Vector3d middle = place(i);
            std::pair<double, std::size_t> nearest{kAround * radius_m_, 0};
            index.for_runs(middle, middle, nearest.first, [&](std::size_t begin, std::size_t end) {
              for (std::size_t k = begin; k < end; ++k) {
                const double distance = (place(order[k]) - middle).norm();
                if (!(distance >= 2.0 * radius_m_) || !is_fitted(order[k])) continue;
                nearest = std::min(nearest, std::pair(distance, static_cast<std::size_t>(order[k])));
              }
            });
            if (!(nearest.first < kAround * radius_m_)) continue;
            const Offset& other = offsets_[nearest.second];
            ratios[c] = std::abs(offsets_[i].value - other.value) / std::hypot(offsets_[i].sigma, other.sigma) * kNormal95 /
                        std::max(offsets_[i].student, other.student);
          }
        },
        run);
    std::erase_if(ratios, [](double r) { return !std::isfinite(r); });
    const double found = ratios.size() < kFewestPairs ? kNaN : limit_factor(ratios);
    return std::isfinite(found) ? std::max(found, kLeastFactor) : 1.0;
  }

  bool around_rests(const CellIndex& index, const std::vector<std::uint32_t>& order, std::size_t core, const SharedShift& shift,
                    double reach, double sigmas) const {
    const Eigen::Vector3d middle = place(core);
    double n = 0.0;
    double sum = 0.0;
    double variance = 0.0;
    index.for_runs(middle, middle, reach, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        const std::size_t i = order[k];
        if (!((place(i) - middle).norm() <= reach) || !is_fitted(i)) continue;
        n += 1.0;
        sum += rest(i, shift);
        variance += offsets_[i].sigma * offsets_[i].sigma;
      }
    });
    if (n < 1.0) return false;
    // Cylinders overlap: of many core points only so many are independent.
    const double independent = std::min(n, kAround * kAround);
    return std::abs(sum / n) <= sigmas * std::sqrt(variance / n / independent);
  }

  const DisplacementField& field_;
  const std::vector<Offset>& offsets_;
  double radius_m_;
  double prior_m_;
  std::vector<double> values_;
  std::vector<double> sigmas_;
};

/// The share of false alarms, each half of the chessboard with the shift and the factors of the other.
void cross_validate(const Calibrator& calibrator, const std::vector<std::size_t>& stable, const SharedShift& shift,
                    LimitCalibration& out) {
  std::array<std::vector<std::size_t>, 2> halves;
  for (const std::size_t i : stable) halves[calibrator.is_white(i) ? 1 : 0].push_back(i);
  if (halves[0].empty() || halves[1].empty()) {
    out.false_alarms = kNaN;
    return;
  }
  const auto of_other = [&](const std::vector<std::size_t>& other) {
    const SharedShift its = calibrator.shared(other);
    return calibrator.widening(other, its.found ? its : shift);
  };
  const std::array<Widening, 2> widening{of_other(halves[1]), of_other(halves[0])};
  const std::vector<std::size_t> by_error = calibrator.by_error(stable);
  std::array<double, 3> alarms{};
  std::array<double, 3> count{};
  std::array<double, 2> by_half{};
  for (std::size_t k = 0; k < by_error.size(); ++k) {
    const std::size_t i = by_error[k];
    const std::size_t third = 3 * k / by_error.size();
    const std::size_t half = calibrator.is_white(i) ? 1 : 0;
    const double alarm = calibrator.alarm(i, widening[half]) ? 1.0 : 0.0;
    alarms[third] += alarm;
    count[third] += 1.0;
    by_half[half] += alarm / static_cast<double>(halves[half].size());
  }
  out.false_alarms_by_half = by_half;
  for (std::size_t t = 0; t < 3; ++t) out.false_alarms_by_third[t] = count[t] > 0.0 ? alarms[t] / count[t] : kNaN;
  out.false_alarms = std::accumulate(alarms.begin(), alarms.end(), 0.0) / static_cast<double>(stable.size());
}

}  // namespace

void require_variogram(const CalibrateOptions& options, const M3c2Options& compare, const std::string& where) {
  const auto [longest, lag] = lags_of(options, compare);
  if (longest / lag <= kMostClasses) return;
  throw Error(ErrorKind::config,
              fmt::format("classes of {:g} m would be {:.3g} up to {:g} m, and {:.0f} are the most", lag, longest / lag, longest,
                          kMostClasses),
              where, "leave lag_m out, or make it larger");
}

LimitCalibration measure_calibrated(PointsView before, PointsView after, DisplacementField& field,
                                    const std::vector<std::uint8_t>& stable, const M3c2Options& compare,
                                    const CalibrateOptions& options, const Run& run) {
  validate(options, "calibrate");
  validate(compare, "m3c2");
  require_variogram(options, compare, "lag_m");
  require_same(before.frame(), after.frame(), "calibration, the two clouds");
  require_same(before.frame(), field.frame, "calibration, cloud and field");
  if (!stable.empty() && stable.size() != field.size()) {
    throw Error(ErrorKind::input, fmt::format("{} marks of stable ground for {} core points", stable.size(), field.size()), {},
                "give one mark a core point");
  }
  field.calibrated_m.assign(field.size(), kNaN);
  field.lod95_calibrated_m.assign(field.size(), kNaN);
  field.shared_shift_m.assign(field.size(), kNaN);
  field.reason_calibrated = field.reason;

  std::vector<std::size_t> cores;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (std::isfinite(field.value_m[i])) cores.push_back(i);
  }
  const double reach = std::hypot(compare.half_length_m, compare.cylinder_radius_m);
  const CellIndex first(before, compare.cylinder_radius_m, reach, run);
  const CellIndex second(after, compare.cylinder_radius_m, reach, run);
  const CylinderPoints gather(field, compare.cylinder_radius_m, compare.half_length_m,
                              static_cast<std::size_t>(options.most_points));
  LimitCalibration out;
  out.stable.assign(field.size(), 0);
  out.roughness = roughness_of(first, gather, cores, compare, options, run);

  std::vector<Offset> offsets(field.size());
  for_blocks(
      cores.size(),
      [&](const Block& block) {
        std::vector<Spot> here;
        std::vector<Spot> there;
        OffsetFit fit(out.roughness, compare.cylinder_radius_m);
        for (std::size_t k = block.begin; k < block.end; ++k) {
          gather(first, cores[k], here);
          gather(second, cores[k], there);
          offsets[cores[k]] = fit(here, there);
        }
      },
      run, "m3c2 calibrated", 16);
  const auto fitted = [&](std::size_t i) { return std::isfinite(offsets[i].value) && std::isfinite(offsets[i].sigma); };
  std::erase_if(cores, [&](std::size_t i) { return !fitted(i); });
  out.measured = cores.size();

  const double prior_m = kPriorShifts * options.most_shift_m;
  const Calibrator calibrator(field, offsets, compare.cylinder_radius_m, prior_m);
  std::vector<std::size_t> rests;
  SharedShift shift;
  if (stable.empty()) {
    rests = calibrator.find_stable(cores, options, shift, run);
  } else {
    std::copy_if(cores.begin(), cores.end(), std::back_inserter(rests), [&](std::size_t i) { return stable[i] != 0; });
    shift = calibrator.shared(rests);
  }
  out.stable_count = rests.size();
  out.shift = shift;
  out.shift_rms_m = rests.empty() ? 0.0 : calibrator.size_of(shift, rests);
  const bool too_far = stable.empty() && out.shift_rms_m > options.most_shift_m;
  out.done = rests.size() >= static_cast<std::size_t>(options.least_stable) && !too_far;
  if (!too_far) {
    for (const std::size_t i : rests) out.stable[i] = 1;
  }
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!std::isfinite(field.value_m[i])) continue;
    field.reason_calibrated[i] = !out.done ? Reason::no_stable_ground : fitted(i) ? Reason::ok : Reason::no_fit;
  }
  if (!out.done) {
    out.sentence = too_far ? fmt::format(
                                 "not calibrated: what seems to rest is off by {:.1f} mm together, more than most_shift_m; "
                                 "register the clouds, or state stable ground",
                                 1000.0 * out.shift_rms_m)
                           : fmt::format("not calibrated: {} of {} core points are on ground at rest, {} are needed",
                                         rests.size(), cores.size(), options.least_stable);
    return out;
  }
  const Widening widening = calibrator.widening(rests, shift);
  out.floor_m = widening.floor_m;
  out.error_m = widening.error_m;
  out.factor = widening.factor;
  std::vector<double> limits;
  for (const std::size_t i : cores) {
    field.calibrated_m[i] = calibrator.rest(i, shift);
    field.shared_shift_m[i] = offsets[i].value - field.calibrated_m[i];
    field.lod95_calibrated_m[i] = calibrator.limit(i, widening);
  }
  for (const std::size_t i : rests) limits.push_back(field.lod95_calibrated_m[i]);
  out.median_limit_m = quantile(std::move(limits), 0.5);
  cross_validate(calibrator, rests, shift, out);
  out.sentence = fmt::format(
      "calibrated on {} of {} core points at rest: shared shift of {:.2f} mm (rms along the normals) taken out, factor {:.2f} "
      "where the standard error is small to {:.2f} where it is large, floor {:.2f} mm, median limit {:.2f} mm; false alarms, "
      "each "
      "half of a chessboard judged by the other: {:.1f} % (halves {:.1f} and {:.1f} %; thirds by standard error {:.1f}, {:.1f}, "
      "{:.1f} %)",
      rests.size(), cores.size(), 1000.0 * out.shift_rms_m, out.factor.front(), out.factor.back(), 1000.0 * out.floor_m,
      1000.0 * out.median_limit_m, 100.0 * out.false_alarms, 100.0 * out.false_alarms_by_half[0],
      100.0 * out.false_alarms_by_half[1], 100.0 * out.false_alarms_by_third[0], 100.0 * out.false_alarms_by_third[1],
      100.0 * out.false_alarms_by_third[2]);
  return out;
}

}  // namespace highwall
