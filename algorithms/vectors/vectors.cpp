#include "algorithms/vectors/vectors.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/planes.hpp"
#include "algorithms/vectors/patch_fit.hpp"
#include "algorithms/vectors/patch_search.hpp"
#include "algorithms/vectors/vector_calibration.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::size_t kNth = 8;          // Neighbour that tells the spacing of even and random scans alike.
constexpr double kPlaneSigma = 0.5;      // Of the planes' radius: Gaussian weights.
constexpr double kLeastCosine = 0.8;     // Of the normals of a pair.
constexpr double kCells = 8.0;           // Of range images, in the patch's radius.
constexpr double kFewestSpacings = 1.5;  // In a cell of them.
constexpr double kShareOfRest = 0.99;    // Of ground at rest is below the limit of misfit.
constexpr double kLeastLimit = 0.1;      // Of the misfit: below is the scan of a copy.
constexpr double kSlack = 1.1;           // Other ground is not quite as smooth.
constexpr double kOverMedian = 1.3;      // That limit over the median where nothing is known to rest.
constexpr double kSquare = 4.0;          // Radii: side of the chessboard that false vectors are counted on.
constexpr double kThreeAtFive = 7.815;   // 95 % quantile of chi-squared with three degrees of freedom.
constexpr double kLeastSigma_m = 1e-6;   // No length is known better.

/// What became of a core point.
struct Place {
  PatchFit fit;
  double radius_m = 0.0;
  Reason reason = Reason::not_finite;
  bool far = false;
  bool turned = false;
};

class VectorSurvey {
 public:
  VectorSurvey(const Planes& before, const Planes& after, double spacing_m, const Points& places, const VectorOptions& options)
      : before_(before), after_(after), places_(places), options_(options) {
    rules_ = {spacing_m, options.gate_spacings * spacing_m, kLeastCosine, static_cast<std::size_t>(options.most_planes),
              static_cast<std::size_t>(options.fewest_planes)};
    search_.radius_m = options.patch_radius_m;
    search_.reach_m = options.search_m;
    search_.cell_m = std::max(options.patch_radius_m / kCells, kFewestSpacings * spacing_m);
    const double in_cell = search_.cell_m / spacing_m;
    search_.step = std::max<std::size_t>(1, static_cast<std::size_t>(in_cell * in_cell / 3.0));
    limit = options.largest_misfit;
  }

  bool fits(const PatchFit& f) const {
    return f.found && f.matched >= options_.least_matched && f.misfit <= limit && f.alike >= options_.least_alike;
  }

  /// Each patch where it was.
  std::vector<Place> look(const std::vector<std::uint32_t>& order, const Run& run) const {
    std::vector<Place> out(static_cast<std::size_t>(places_.rows()));
    for_blocks(
        order.size(),
        [&](const Block& block) {
          PatchFitter fitter(before_, after_, rules_);
          for (std::size_t k = block.begin; k < block.end; ++k) {
            Place& place = out[order[k]];
            place.radius_m = options_.patch_radius_m;
            if (fitter.take(place_of(order[k]), place.radius_m) < rules_.fewest) {
              place.reason = Reason::no_fit;
              continue;
            }
            place.fit = fitter.fit(Eigen::Vector3d::Zero(), false);
            place.reason = Reason::ok;
          }
        },
        run, "vectors", 16);
    return out;
  }

  /// Those that do not fit: as a block that turns, as a smaller one, and elsewhere.
  void look_again(const std::vector<std::uint32_t>& order, std::vector<Place>& places, const Run& run) const {
    std::vector<std::uint32_t> rest;
    for (const std::uint32_t i : order) {
      if (places[i].reason == Reason::ok && !fits(places[i].fit)) rest.push_back(i);
    }
    for_blocks(
        rest.size(),
        [&](const Block& block) {
          PatchFitter fitter(before_, after_, rules_);
          PatchSearch search(before_, after_, search_);
          for (std::size_t k = block.begin; k < block.end; ++k) look_again(rest[k], places[rest[k]], fitter, search);
        },
        run, "vectors, those that do not fit", 4);
  }

  double limit;  ///< Of the misfit.

 private:
  Eigen::Vector3d place_of(std::size_t i) const { return places_.row(static_cast<Eigen::Index>(i)).transpose(); }

  /// As a block that turns, then of half the radius. The fitter holds the whole patch.
  bool otherwise(std::size_t i, const PatchFit& as_it_is, Place& place, PatchFitter& fitter) const {
    const PatchFit turned = fitter.fit(as_it_is.shift, true);
    if (fits(turned)) {
      place.fit = turned;
      place.turned = true;
      return true;
    }
    const double half = 0.5 * options_.patch_radius_m;
    bool done = false;
    if (fitter.take(place_of(i), half) >= rules_.fewest) {
      const PatchFit small = fitter.fit(as_it_is.shift, false);
      if (fits(small)) {
        place.fit = small;
        place.radius_m = half;
        done = true;
      }
    }
    return done;
  }

  void look_again(std::size_t i, Place& place, PatchFitter& fitter, PatchSearch& search) const {
    const PatchFit first = place.fit;
    fitter.take(place_of(i), options_.patch_radius_m);
    const bool recognised = first.alike >= options_.least_alike && first.matched >= options_.least_matched;
    if (recognised && otherwise(i, first, place, fitter)) return;
    PatchFit best = first;
    if (options_.search_m > 0.0) {
      fitter.take(place_of(i), options_.patch_radius_m);
      for (const Eigen::Vector3d& start : search.candidates(place_of(i), fitter.taken())) {
        const PatchFit found = fitter.fit(start, false);
        if (found.found && (!best.found || found.misfit < best.misfit || fits(found))) best = found;
        if (fits(found)) break;
      }
      place.far = true;
      if (fits(best)) {
        place.fit = best;
        return;
      }
      if (best.alike >= options_.least_alike && otherwise(i, best, place, fitter)) return;
    }
    place.far = false;
    if (best.matched >= options_.least_matched && best.misfit <= limit) {
      place.reason = Reason::not_observable;
    } else {
      place.reason = recognised ? Reason::not_rigid : Reason::no_match;
    }
  }

  const Planes& before_;
  const Planes& after_;
  const Points& places_;
  const VectorOptions& options_;
  MatchRules rules_;
  SearchRules search_;
};

RawVector raw_of(const Place& place, bool good) { return {good, place.fit.shift, place.fit.covariance}; }

bool is_white(const Points& places, std::size_t i, double radius_m) {
  const auto row = static_cast<Eigen::Index>(i);
  const double side = kSquare * radius_m;
  return std::fmod(std::abs(std::floor(places(row, 0) / side) + std::floor(places(row, 1) / side)), 2.0) < 0.5;
}

/// Finds the ground at rest among vectors that fit where they were, the factor and the limit of the misfit.
void calibrate(const std::vector<Place>& places, const Points& where, const std::vector<std::uint8_t>& stable,
               const Neighbourhood& around, const VectorOptions& options, VectorSurvey& survey, VectorCalibration& out,
               const Run& run) {
  std::vector<RawVector> raw;
  std::size_t good = 0;
  std::vector<double> misfits;
  for (const Place& place : places) {
    raw.push_back(raw_of(place, place.reason == Reason::ok && survey.fits(place.fit)));
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
  if (out.done) {
    misfits.clear();
    for (const std::size_t i : rests) misfits.push_back(places[i].fit.misfit);
    survey.limit = std::min(survey.limit, std::max(kLeastLimit, kSlack * quantile(std::move(misfits), kShareOfRest)));
    out.factor = std::sqrt(formal_scale(raw, rests));
  } else if (!misfits.empty()) {
    survey.limit = std::min(survey.limit, std::max(kLeastLimit, kOverMedian * median(std::move(misfits))));
  }
  out.misfit = survey.limit;
  if (!out.done) return;
  std::array<std::vector<std::size_t>, 2> halves;
  for (const std::size_t i : rests) halves[is_white(where, i, options.patch_radius_m) ? 1 : 0].push_back(i);
  double wrong = 0.0;
  for (std::size_t h = 0; h < 2; ++h) {
    const double scale = formal_scale(raw, halves[1 - h]);
    for (const std::size_t i : halves[h]) {
      const Eigen::Vector3d v = raw[i].shift;
      wrong += v.dot(raw[i].covariance.ldlt().solve(v)) > kThreeAtFive * scale ? 1.0 : 0.0;
    }
  }
  out.false_vectors = wrong / static_cast<double>(rests.size());
}

void write(const std::vector<Place>& places, const Neighbourhood& around, const VectorOptions& options, DisplacementField& field,
           VectorCalibration& out, const Run& run) {
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
      double least = kLeastSigma_m * kLeastSigma_m;
      if (!field.registration_m.empty() && std::isfinite(field.registration_m[i])) {
        least += field.registration_m[i] * field.registration_m[i];
      }
      covariance.diagonal().array() += least;
      const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> spectrum(covariance, Eigen::EigenvaluesOnly);
      if (!(spectrum.eigenvalues()[2] <= options.largest_sigma_m * options.largest_sigma_m)) {
        reason = more[i].isZero() ? Reason::not_observable : Reason::not_rigid;
      } else {
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
                                  const std::vector<std::uint8_t>& stable, const VectorOptions& options, const Run& run) {
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
  const double radius = options.plane_spacings * out.spacing_m;
  const PlaneShape shape{out.spacing_m, radius, kPlaneSigma * radius};
  const Planes planes(first, shape, run);
  const Planes others(second, shape, run);
  VectorSurvey survey(planes, others, out.spacing_m, field.position_m, options);
  const Neighbourhood around(field.position_m, 2.0 * options.patch_radius_m, run);
  std::vector<Place> places = survey.look(order, run);
  calibrate(places, field.position_m, stable, around, options, survey, out, run);
  survey.look_again(order, places, run);
  write(places, around, options, field, out, run);
  out.sentence = sentence_of(out, field.size());
  return out;
}

}  // namespace highwall
