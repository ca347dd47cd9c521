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
#include "algorithms/compare/roughness.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr Eigen::Index kTrend = 6;        // A quadratic in two directions.
constexpr std::size_t kFewest = 5;        // Points of an epoch.
constexpr double kLeastNoise_m2 = 1e-12;  // A micrometre.
constexpr double kOfMedian = 0.7;  // Makes false alarms equal over the thirds by standard error, on jittered and random scans.

Eigen::Matrix<double, 1, kTrend> trend_at(const Spot& s, double scale) {
  const double a = s.a / scale;
  const double b = s.b / scale;
  return {1.0, a, b, a * a, a * b, b * b};
}

/// The roughness about quadratics, over evenly taken core points of the first epoch.
Roughness roughness_of(const CellIndex& before, const CylinderPoints& gather, const std::vector<std::size_t>& cores,
                       const M3c2Options& compare, const CalibrateOptions& options, const Run& run) {
  const auto wanted = static_cast<std::size_t>(options.variogram_cores);
  const std::size_t step = std::max<std::size_t>(1, cores.size() / wanted);
  const double longest = std::min(options.longest_lag_m, 1.6 * compare.cylinder_radius_m);
  const auto classes = static_cast<std::size_t>(std::ceil(longest / options.lag_m));
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
              const auto c = static_cast<std::size_t>(distance / options.lag_m);
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

/// Roughness::covariance() from a table: 300 points have 45,000 pairs.
class CovarianceTable {
 public:
  CovarianceTable(const Roughness& roughness, double farthest_m) : step_(farthest_m * farthest_m / kSteps) {
    values_.resize(static_cast<std::size_t>(kSteps) + 2);
    for (std::size_t k = 0; k < values_.size(); ++k) values_[k] = roughness.covariance(step_ * static_cast<double>(k));
  }
  double operator()(double squared_distance) const {
    const double at = std::min(squared_distance / step_, kSteps);
    const auto k = static_cast<std::size_t>(at);
    return values_[k] + (at - static_cast<double>(k)) * (values_[k + 1] - values_[k]);
  }

 private:
  static constexpr double kSteps = 16384.0;
  double step_;
  std::vector<double> values_;
};

struct Offset {
  double value = kNaN;
  double sigma = kNaN;
  double student = kNormal95;  ///< 95 % quantile for what is left of the points.
};

/// How much higher the second epoch's points lie on the surface that both share.
class OffsetFit {
 public:
  OffsetFit(const Roughness& roughness, double radius_m)
      : noise_m2_(roughness.noise_m2), scale_(radius_m), covariance_(roughness, 2.0 * radius_m) {}

  Offset operator()(const std::vector<Spot>& before, const std::vector<Spot>& after) {
    Offset out;
    const std::size_t n1 = before.size();
    const std::size_t count = n1 + after.size();
    const auto n = static_cast<Eigen::Index>(count);
    constexpr Eigen::Index kUnknowns = kTrend + 1;
    if (n1 < kFewest || after.size() < kFewest || n < kUnknowns + 4) return out;
    matrix_.resize(n, n);
    sides_.resize(n, kUnknowns + 1);
    const auto spot = [&](std::size_t k) -> const Spot& { return k < n1 ? before[k] : after[k - n1]; };
    for (std::size_t j = 0; j < count; ++j) {
      const Spot& q = spot(j);
      const auto col = static_cast<Eigen::Index>(j);
      for (std::size_t i = j; i < count; ++i) {
        const double da = spot(i).a - q.a;
        const double db = spot(i).b - q.b;
        matrix_(static_cast<Eigen::Index>(i), col) = covariance_(da * da + db * db);
      }
      matrix_(col, col) += noise_m2_;
      sides_.row(col).head<kTrend>() = trend_at(q, scale_);
      sides_(col, kTrend) = j < n1 ? 0.0 : 1.0;
      sides_(col, kUnknowns) = q.h;
    }
    factor_.compute(matrix_);
    if (factor_.info() != Eigen::Success) return out;
    factor_.matrixL().solveInPlace(sides_);
    const auto design = sides_.leftCols<kUnknowns>();
    const Eigen::Matrix<double, kUnknowns, kUnknowns> normal = design.transpose() * design;
    const Eigen::Matrix<double, kUnknowns, 1> right = design.transpose() * sides_.col(kUnknowns);
    const Eigen::LDLT<Eigen::Matrix<double, kUnknowns, kUnknowns>> solver(normal);
    if (!(solver.vectorD().minCoeff() > 1e-12 * solver.vectorD().maxCoeff())) return out;
    const Eigen::Matrix<double, kUnknowns, 1> solved = solver.solve(right);
    const double left = static_cast<double>(n - kUnknowns);
    const double scatter = (sides_.col(kUnknowns) - design * solved).squaredNorm() / left;
    const Eigen::Matrix<double, kUnknowns, 1> unit = Eigen::Matrix<double, kUnknowns, 1>::Unit(kTrend);
    out.value = solved[kTrend];
    out.sigma = std::sqrt(std::max(scatter * solver.solve(unit)[kTrend], kLeastNoise_m2));
    out.student = student95(left);
    return out;
  }

 private:
  double noise_m2_;
  double scale_;
  CovarianceTable covariance_;
  Eigen::MatrixXd matrix_;
  Eigen::MatrixXd sides_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

/// Calibration of the offsets' limits on the ground that rests.
class Calibrator {
 public:
  /// What widens the standard errors of an epoch pair. The floor is a share of their median: the scatter of a core point's
  /// own few points says some of how well it is seen, that of all of them the rest.
  struct Widening {
    double factor = 1.0;
    double floor_m = 0.0;
  };

  Calibrator(const DisplacementField& field, const std::vector<Offset>& offsets, double radius_m)
      : field_(field), offsets_(offsets), radius_m_(radius_m) {}

  double limit(std::size_t i, const Widening& w) const {
    return w.factor * offsets_[i].student * std::hypot(offsets_[i].sigma, w.floor_m);
  }
  bool alarm(std::size_t i, const Widening& w) const { return std::abs(offsets_[i].value) > limit(i, w); }

  Widening widening(const std::vector<std::size_t>& cores) const {
    std::vector<double> errors;
    for (const std::size_t i : cores) errors.push_back(offsets_[i].sigma);
    const double floor = kOfMedian * quantile(std::move(errors), 0.5);
    return {factor(cores, floor), floor};
  }

  std::vector<std::size_t> by_error(std::vector<std::size_t> cores) const {
    std::sort(cores.begin(), cores.end(),
              [&](std::size_t a, std::size_t b) { return std::pair(offsets_[a].sigma, a) < std::pair(offsets_[b].sigma, b); });
    return cores;
  }

  /// Core points among which nothing moves: the mean of those around is not significant.
  std::vector<std::size_t> find_stable(const std::vector<std::size_t>& cores, const CalibrateOptions& options,
                                       const Run& run) const {
    const double reach = kAround * radius_m_;
    const CellIndex index(PointsView(field_.position_m), reach, reach, run);
    const std::vector<std::uint32_t> order = index.order();
    std::vector<std::size_t> stable;
    double f = 1.0;  // As the fits say: what moves must not make its own scatter the measure.
    for (int pass = 0; pass < 3; ++pass) {
      std::vector<std::uint8_t> rests(field_.size(), 0);
      for_blocks(
          cores.size(),
          [&](const Block& block) {
            for (std::size_t k = block.begin; k < block.end; ++k) {
              rests[cores[k]] = around_rests(index, order, cores[k], reach, options.moving_sigma * f) ? 1 : 0;
            }
          },
          run);
      stable.clear();
      for (const std::size_t i : cores) {
        if (rests[i] != 0) stable.push_back(i);
      }
      f = factor(stable, 0.0);
      if (!(f <= options.most_factor)) return {};
    }
    return stable;
  }

  /// The half of a chessboard that a core point is on.
  bool is_white(std::size_t i) const {
    const auto row = static_cast<Eigen::Index>(i);
    const double side = kSquare * radius_m_;
    const double sum = std::floor(field_.position_m(row, 0) / side) + std::floor(field_.position_m(row, 1) / side);
    return std::fmod(std::abs(sum), 2.0) < 0.5;
  }

 private:
  /// |d| over its standard error against a Gaussian's, from three quantiles below the tail, where moving ground would be.
  double factor(std::span<const std::size_t> cores, double floor_m) const {
    std::vector<double> ratios;
    for (const std::size_t i : cores) {
      ratios.push_back(std::abs(offsets_[i].value) / std::hypot(offsets_[i].sigma, floor_m) * kNormal95 / offsets_[i].student);
    }
    return limit_factor(ratios);
  }

  static constexpr double kAround = 4.0;  // Radii: far enough for a mean, near enough for a small block.
  static constexpr double kSquare = 8.0;  // Radii: cylinders of the two halves hardly overlap.

  bool around_rests(const CellIndex& index, const std::vector<std::uint32_t>& order, std::size_t core, double reach,
                    double sigmas) const {
    const Eigen::Vector3d place = field_.position_m.row(static_cast<Eigen::Index>(core)).transpose();
    double n = 0.0;
    double sum = 0.0;
    double variance = 0.0;
    index.for_runs(place, place, reach, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        const std::size_t i = order[k];
        const double distance = (field_.position_m.row(static_cast<Eigen::Index>(i)).transpose() - place).norm();
        if (!(distance <= reach) || !std::isfinite(offsets_[i].value)) continue;
        n += 1.0;
        sum += offsets_[i].value;
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
};

/// The share of false alarms, each half of the chessboard with the factor of the other.
void cross_validate(const Calibrator& calibrator, const std::vector<std::size_t>& stable, LimitCalibration& out) {
  std::array<std::vector<std::size_t>, 2> halves;
  for (const std::size_t i : stable) halves[calibrator.is_white(i) ? 1 : 0].push_back(i);
  if (halves[0].empty() || halves[1].empty()) {
    out.false_alarms = kNaN;
    return;
  }
  const std::array<Calibrator::Widening, 2> widening{calibrator.widening(halves[1]), calibrator.widening(halves[0])};
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

LimitCalibration measure_calibrated(PointsView before, PointsView after, DisplacementField& field,
                                    const std::vector<std::uint8_t>& stable, const M3c2Options& compare,
                                    const CalibrateOptions& options, const Run& run) {
  validate(options, "calibrate");
  validate(compare, "m3c2");
  require_same(before.frame(), after.frame(), "calibration, the two clouds");
  require_same(before.frame(), field.frame, "calibration, cloud and field");
  if (!stable.empty() && stable.size() != field.size()) {
    throw Error(ErrorKind::input, fmt::format("{} marks of stable ground for {} core points", stable.size(), field.size()), {},
                "give one mark a core point");
  }
  field.calibrated_m.assign(field.size(), kNaN);
  field.lod95_calibrated_m.assign(field.size(), kNaN);
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

  const Calibrator calibrator(field, offsets, compare.cylinder_radius_m);
  std::vector<std::size_t> rests;
  if (stable.empty()) {
    rests = calibrator.find_stable(cores, options, run);
    if (static_cast<double>(rests.size()) < options.least_stable_share * static_cast<double>(cores.size())) rests.clear();
  } else {
    std::copy_if(cores.begin(), cores.end(), std::back_inserter(rests), [&](std::size_t i) { return stable[i] != 0; });
  }
  for (const std::size_t i : rests) out.stable[i] = 1;
  out.stable_count = rests.size();
  out.done = rests.size() >= static_cast<std::size_t>(options.least_stable);
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!std::isfinite(field.value_m[i])) continue;
    field.reason_calibrated[i] = !out.done ? Reason::no_stable_ground : fitted(i) ? Reason::ok : Reason::no_fit;
  }
  if (!out.done) {
    out.sentence = fmt::format("not calibrated: {} of {} core points are on ground at rest, {} are needed", rests.size(),
                               cores.size(), options.least_stable);
    return out;
  }
  const Calibrator::Widening widening = calibrator.widening(rests);
  out.factor = widening.factor;
  out.floor_m = widening.floor_m;
  std::vector<double> limits;
  for (const std::size_t i : cores) {
    field.calibrated_m[i] = offsets[i].value;
    field.lod95_calibrated_m[i] = calibrator.limit(i, widening);
  }
  for (const std::size_t i : rests) limits.push_back(field.lod95_calibrated_m[i]);
  out.median_limit_m = quantile(std::move(limits), 0.5);
  cross_validate(calibrator, rests, out);
  out.sentence = fmt::format(
      "calibrated on {} of {} core points at rest: factor {:.2f}, floor {:.2f} mm, median limit {:.2f} mm; false alarms, each "
      "half "
      "of a chessboard judged by the other: {:.1f} % (halves {:.1f} and {:.1f} %; thirds by standard error {:.1f}, {:.1f}, "
      "{:.1f} %)",
      rests.size(), cores.size(), out.factor, 1000.0 * out.floor_m, 1000.0 * out.median_limit_m, 100.0 * out.false_alarms,
      100.0 * out.false_alarms_by_half[0], 100.0 * out.false_alarms_by_half[1], 100.0 * out.false_alarms_by_third[0],
      100.0 * out.false_alarms_by_third[1], 100.0 * out.false_alarms_by_third[2]);
  return out;
}

}  // namespace highwall
