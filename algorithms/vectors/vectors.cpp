#include "algorithms/vectors/vectors.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/planes.hpp"
#include "algorithms/vectors/vector_calibration.hpp"
#include "algorithms/vectors/vector_survey.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::size_t kNth = 8;      // Neighbour that tells the spacing of even and random scans alike.
constexpr double kRoundDown = 0.25;  // Levels: planes of a core point have nine points at least.
constexpr double kMostPowers = 5.0;
constexpr double kShareOfRest = 0.99;  // Of ground at rest is below the limit of misfit.
constexpr double kLeastLimit = 0.1;    // Of the misfit: below is the scan of a copy.
constexpr double kSlack = 1.1;         // Other ground is not quite as smooth.
constexpr double kOverMedian = 1.3;    // That limit over the median where nothing is known to rest.
constexpr double kSquare = 4.0;        // Radii: side of the chessboard that false vectors are counted on.

/// Core points of one density of points.
struct Level {
  std::vector<std::uint32_t> order;
  std::unique_ptr<VectorSurvey> survey;
};

RawVector raw_of(const Place& place, bool good) { return {good, place.fit.shift, place.shared * place.fit.covariance}; }

/// Sorts the core points by the distance of neighbouring points about them, in powers of two of the usual one.
std::vector<Level> levels_of(const Points& first, const Points& second, const Points& where,
                             const std::vector<std::uint32_t>& order, double usual_m, const VectorOptions& options,
                             std::vector<Place>& places, const Run& run) {
  std::map<int, Level> by_power;
  if (options.spacing_m > 0.0) {
    by_power[0].order = order;
  } else {
    const std::vector<double> before = local_spacings(first, where, options.patch_radius_m, run);
    const std::vector<double> after = local_spacings(second, where, options.patch_radius_m, run);
    for (const std::uint32_t i : order) {
      const double own = std::max(before[i], after[i]);
      const double power = own > 0.0 ? std::ceil(std::log2(own / usual_m) - kRoundDown) : 0.0;
      const int rounded = static_cast<int>(std::clamp(power, -kMostPowers, kMostPowers));
      by_power[rounded].order.push_back(i);
      const double ratio = usual_m * std::exp2(rounded) / own;
      if (own > 0.0) places[i].shared = ratio * ratio;
    }
  }
  std::vector<Level> out;
  for (auto& [power, level] : by_power) {
    const double spacing = usual_m * std::exp2(power);
    const double reach = options.patch_radius_m + options.search_m + options.gate_spacings * spacing;
    const bool all = by_power.size() == 1;
    level.survey = std::make_unique<VectorSurvey>(all ? first : points_near(first, where, level.order, 2.0 * reach),
                                                  all ? second : points_near(second, where, level.order, 2.0 * reach), spacing,
                                                  where, options, run);
    for (const std::uint32_t i : level.order) places[i].level = out.size();
    out.push_back(std::move(level));
  }
  return out;
}

bool is_white(const Points& places, std::size_t i, double radius_m) {
  const auto row = static_cast<Eigen::Index>(i);
  const double side = kSquare * radius_m;
  return std::fmod(std::abs(std::floor(places(row, 0) / side) + std::floor(places(row, 1) / side)), 2.0) < 0.5;
}

/// What the registration's error has at each place beyond the mean of those at rest, whose vectors hold it: the part of the
/// difference that is a covariance. All of it where none rest.
std::vector<Eigen::Matrix3d> beyond_rest(const Registration* registration, const Points& where,
                                         const std::vector<std::size_t>& rests) {
  std::vector<Eigen::Matrix3d> out(static_cast<std::size_t>(where.rows()), Eigen::Matrix3d::Zero());
  if (registration == nullptr) return out;
  const auto at = [&](std::size_t i) { return registration->covariance_m2(where.row(static_cast<Eigen::Index>(i)).transpose()); };
  Eigen::Matrix3d mean = Eigen::Matrix3d::Zero();
  for (const std::size_t i : rests) mean += at(i) / static_cast<double>(rests.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!where.row(static_cast<Eigen::Index>(i)).allFinite()) continue;
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> spectrum(at(i) - mean);
    const Eigen::Matrix3d& axes = spectrum.eigenvectors();
    out[i] = axes * spectrum.eigenvalues().cwiseMax(0.0).asDiagonal() * axes.transpose();
  }
  return out;
}

/// Finds the ground at rest among vectors that fit where they were, the factor and the limit of the misfit.
void calibrate(const std::vector<Place>& places, const Points& where, const std::vector<std::uint8_t>& stable,
               const Registration* registration, const Neighbourhood& around, const VectorOptions& options,
               std::vector<Level>& levels, std::vector<Eigen::Matrix3d>& beyond, VectorCalibration& out, const Run& run) {
  std::vector<RawVector> raw;
  std::size_t good = 0;
  std::vector<double> misfits;
  for (const Place& place : places) {
    raw.push_back(raw_of(place, place.reason == Reason::ok && levels[place.level].survey->fits(place.fit)));
    good += raw.back().good ? 1 : 0;
    if (raw.back().good) misfits.push_back(place.fit.misfit);
  }
  out.factor = options.factor;
  std::vector<std::size_t> rests;
  if (stable.empty()) {
    double factor = options.factor;
    for (int pass = 0; pass < 4; ++pass) {
      rests = around.at_rest(raw, options.patch_radius_m, factor, options.moving_sigma, run);
      if (rests.empty()) break;
      factor = std::sqrt(formal_scale(raw, rests));
    }
    if (static_cast<double>(rests.size()) < options.least_stable_share * static_cast<double>(good)) rests.clear();
  } else {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i].good && stable[i] != 0) rests.push_back(i);
    }
  }
  out.stable_count = rests.size();
  for (const std::size_t i : rests) out.stable[i] = 1;
  out.done = rests.size() >= static_cast<std::size_t>(options.least_stable);
  out.misfit = options.largest_misfit;
  if (out.done) {
    std::vector<std::vector<double>> by_level(levels.size());
    misfits.clear();
    for (const std::size_t i : rests) {
      misfits.push_back(places[i].fit.misfit);
      by_level[places[i].level].push_back(misfits.back());
    }
    const auto limit = [](std::vector<double> values) {
      return std::max(kLeastLimit, kSlack * quantile(std::move(values), kShareOfRest));
    };
    out.misfit = std::min(out.misfit, limit(std::move(misfits)));
    for (std::size_t l = 0; l < levels.size(); ++l) {
      double& own = levels[l].survey->limit;
      const bool enough = by_level[l].size() >= static_cast<std::size_t>(options.least_stable);
      own = enough ? std::min(own, limit(std::move(by_level[l]))) : out.misfit;
    }
    out.factor = std::sqrt(interval_scale(raw, rests));
  } else if (!misfits.empty()) {
    out.misfit = std::min(out.misfit, std::max(kLeastLimit, kOverMedian * median(std::move(misfits))));
    for (Level& level : levels) level.survey->limit = out.misfit;
  }
  beyond = beyond_rest(registration, where, out.done ? rests : std::vector<std::size_t>{});
  if (!out.done) return;
  std::array<std::vector<std::size_t>, 2> halves;
  for (const std::size_t i : rests) halves[is_white(where, i, options.patch_radius_m) ? 1 : 0].push_back(i);
  double wrong = 0.0;
  for (std::size_t h = 0; h < 2; ++h) {
    const double scale = interval_scale(raw, halves[1 - h]);
    for (const std::size_t i : halves[h]) {
      const Eigen::Vector3d v = raw[i].shift;
      wrong += v.dot((scale * raw[i].covariance + beyond[i]).ldlt().solve(v)) > kThreeAtFive ? 1.0 : 0.0;
    }
  }
  out.false_vectors = wrong / static_cast<double>(rests.size());
}

void write(const std::vector<Place>& places, const std::vector<Eigen::Matrix3d>& beyond, const Neighbourhood& around,
           const VectorOptions& options, DisplacementField& field, VectorCalibration& out, const Run& run) {
  std::vector<RawVector> raw;
  for (const Place& place : places) raw.push_back(raw_of(place, place.reason == Reason::ok));
  const std::vector<std::uint8_t> outlier = around.outliers(raw, out.factor, options.outlier, run);
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i].good = raw[i].good && outlier[i] == 0;
  const std::vector<Eigen::Matrix3d> more = around.disagreement(raw, options.patch_radius_m, out.factor, run);
  std::array<std::vector<double>, 3> sigmas;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    Reason reason = outlier[i] != 0 ? Reason::no_match : places[i].reason;
    if (reason == Reason::ok) {
      Eigen::Matrix3d covariance = out.factor * out.factor * raw[i].covariance + more[i];
      covariance.diagonal().array() += kLeastSigma_m * kLeastSigma_m;
      const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> spectrum(covariance, Eigen::EigenvaluesOnly);
      if (!(spectrum.eigenvalues()[2] <= options.largest_sigma_m * options.largest_sigma_m)) {
        reason = more[i].isZero() ? Reason::not_observable : Reason::not_rigid;
      } else {
        covariance += beyond[i];
        field.vector_m.row(row) = raw[i].shift.transpose();
        field.vector_covariance_m2.row(row) << covariance(0, 0), covariance(0, 1), covariance(0, 2), covariance(1, 1),
            covariance(1, 2), covariance(2, 2);
        ++out.measured;
        out.found_far += places[i].far ? 1 : 0;
        out.turned += places[i].turned ? 1 : 0;
        out.small += places[i].radius_m < options.patch_radius_m ? 1 : 0;
        if (out.stable[i] != 0) {
          for (Eigen::Index c = 0; c < 3; ++c) sigmas[static_cast<std::size_t>(c)].push_back(std::sqrt(covariance(c, c)));
        }
      }
    }
    field.reason_vector[i] = reason;
  }
  for (std::size_t c = 0; c < 3; ++c) {
    out.median_sigma_m[static_cast<Eigen::Index>(c)] = sigmas[c].empty() ? kNaN : median(std::move(sigmas[c]));
  }
}

std::string sentence_of(const VectorCalibration& c, std::size_t places) {
  std::string text = fmt::format("{} of {} core points have a vector", c.measured, places);
  if (c.found_far > 0) text += fmt::format(", {} of them found by range images", c.found_far);
  if (c.turned > 0) text += fmt::format(", {} of blocks that turned", c.turned);
  if (c.small > 0) text += fmt::format(", {} of half the radius", c.small);
  if (!c.done) {
    return text + fmt::format("; not calibrated, {} are on ground at rest: standard deviations are formal ones times {:.2f}",
                              c.stable_count, c.factor);
  }
  return text +
         fmt::format(
             "; calibrated on {} at rest: factor {:.2f}, median standard deviations {:.2f}, {:.2f}, {:.2f} mm; false vectors, "
             "each half of a chessboard judged by the other: {:.1f} %",
             c.stable_count, c.factor, 1000.0 * c.median_sigma_m.x(), 1000.0 * c.median_sigma_m.y(),
             1000.0 * c.median_sigma_m.z(), 100.0 * c.false_vectors);
}

}  // namespace

VectorCalibration measure_vectors(PointsView before, PointsView after, DisplacementField& field,
                                  const std::vector<std::uint8_t>& stable, const Registration* registration,
                                  const VectorOptions& options, const Run& run) {
  validate(options, "vectors");
  require_same(before.frame(), after.frame(), "vectors, the two clouds");
  require_same(before.frame(), field.frame, "vectors, cloud and field");
  if (!stable.empty() && stable.size() != field.size()) {
    throw Error(ErrorKind::input, fmt::format("{} marks of stable ground for {} core points", stable.size(), field.size()), {},
                "give one mark a core point");
  }
  const auto n = static_cast<Eigen::Index>(field.size());
  field.vector_m = Points::Constant(n, 3, kNaN);
  field.vector_covariance_m2.resize(n, 6);
  field.vector_covariance_m2.setConstant(kNaN);
  field.reason_vector.assign(field.size(), Reason::not_finite);
  VectorCalibration out;
  out.stable.assign(field.size(), 0);
  out.factor = options.factor;

  const CellIndex by_place(PointsView(field.position_m), options.patch_radius_m, options.patch_radius_m, run);
  const std::vector<std::uint32_t> order = by_place.order();
  const Points first = finite_points(before);
  const Points second = finite_points(after);
  out.spacing_m =
      options.spacing_m > 0.0 ? options.spacing_m : std::max(point_spacing(first, kNth, run), point_spacing(second, kNth, run));
  if (!(out.spacing_m > 0.0)) {
    for (const std::uint32_t i : order) field.reason_vector[i] = Reason::no_fit;
    out.sentence = sentence_of(out, field.size());
    return out;
  }
  std::vector<Place> places(field.size());
  std::vector<Level> levels = levels_of(first, second, field.position_m, order, out.spacing_m, options, places, run);
  const Neighbourhood around(field.position_m, 2.0 * options.patch_radius_m, run);
  for (const Level& level : levels) level.survey->look(level.order, places, run);
  std::vector<Eigen::Matrix3d> beyond;
  calibrate(places, field.position_m, stable, registration, around, options, levels, beyond, out, run);
  for (const Level& level : levels) level.survey->look_again(level.order, places, run);
  write(places, beyond, around, options, field, out, run);
  out.sentence = sentence_of(out, field.size());
  return out;
}

}  // namespace highwall
