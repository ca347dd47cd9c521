#include "algorithms/vectors/vector_survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

#include "algorithms/compare/cell_index.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kPlaneSigma = 0.5;      // Of the planes' radius: Gaussian weights.
constexpr double kLeastCosine = 0.8;     // Of the normals of a pair.
constexpr double kCells = 8.0;           // Of range images, in the patch's radius.
constexpr double kFewestSpacings = 1.5;  // In a cell of them.
constexpr double kInCell = 3.0;          // Points of a cell are enough.
constexpr int kCubes = 8;                // In the diameter of a patch.

PlaneShape shape_of(double spacing_m, const VectorOptions& options) {
  const double radius = options.plane_spacings * spacing_m;
  return {spacing_m, radius, kPlaneSigma * radius};
}

std::int64_t cell_key(const Eigen::Vector3d& p, double side, std::int64_t dx, std::int64_t dy) {
  const auto x = static_cast<std::int64_t>(std::floor(p.x() / side)) + dx;
  const auto y = static_cast<std::int64_t>(std::floor(p.y() / side)) + dy;
  return x * 0x100000001LL + y;
}

}  // namespace

VectorSurvey::VectorSurvey(const Points& before, const Points& after, double spacing_m, const Points& places,
                           const VectorOptions& options, const Run& run)
    : limit(options.largest_misfit),
      before_(before, shape_of(spacing_m, options), run),
      after_(after, shape_of(spacing_m, options), run),
      places_(places),
      options_(options) {
  rules_ = {spacing_m, options.gate_spacings * spacing_m, kLeastCosine, static_cast<std::size_t>(options.most_planes),
            static_cast<std::size_t>(options.fewest_planes)};
  search_.radius_m = options.patch_radius_m;
  search_.reach_m = options.search_m;
  search_.cell_m = std::max(options.patch_radius_m / kCells, kFewestSpacings * spacing_m);
  const double in_cell = search_.cell_m / spacing_m;
  search_.step = std::max<std::size_t>(1, static_cast<std::size_t>(in_cell * in_cell / kInCell));
}

bool VectorSurvey::fits(const PatchFit& f) const {
  return f.found && f.matched >= options_.least_matched && f.misfit <= limit && f.alike >= options_.least_alike;
}

void VectorSurvey::look(const std::vector<std::uint32_t>& order, std::vector<Place>& places, const Run& run) const {
  for_blocks(
      order.size(),
      [&](const Block& block) {
        PatchFitter fitter(before_, after_, rules_);
        for (std::size_t k = block.begin; k < block.end; ++k) {
          Place& place = places[order[k]];
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
}

void VectorSurvey::look_again(const std::vector<std::uint32_t>& order, std::vector<Place>& places, const Run& run) const {
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

/// As a block that turns, then of half the radius. The fitter holds the whole patch.
bool VectorSurvey::otherwise(std::size_t i, const PatchFit& as_it_is, Place& place, PatchFitter& fitter) const {
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

/// The second epoch has no point within the patch, nor as far around it as is searched.
bool VectorSurvey::is_empty_about(const Eigen::Vector3d& place) const {
  bool seen = false;
  after_.within(place, options_.patch_radius_m + options_.search_m, [&](std::size_t) { seen = true; });
  return !seen;
}

void VectorSurvey::look_again(std::size_t i, Place& place, PatchFitter& fitter, PatchSearch& search) const {
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
  } else if (is_empty_about(place_of(i))) {
    place.reason = Reason::empty_after;
  } else {
    place.reason = recognised ? Reason::not_rigid : Reason::no_match;
  }
}

std::vector<double> local_spacings(const Points& points, const Points& places, double radius_m, const Run& run) {
  std::vector<double> out(static_cast<std::size_t>(places.rows()), 0.0);
  if (points.rows() == 0) return out;
  const CellIndex index(PointsView(points), radius_m, radius_m, run);
  const double side = 2.0 * radius_m / kCubes;
  for_blocks(
      out.size(),
      [&](const Block& block) {
        std::array<std::uint32_t, kCubes * kCubes * kCubes> cubes;
        std::vector<std::uint32_t> counts;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d place = places.row(static_cast<Eigen::Index>(i)).transpose();
          if (!place.allFinite()) continue;
          cubes.fill(0);
          index.near_segment(place, place, radius_m, [&](const Eigen::Vector3d& p) {
            const Eigen::Array3d at = ((p - place).array() + radius_m) / side;
            if (!(at >= 0.0).all() || !(at < kCubes).all()) return;
            const Eigen::Array3i cube = at.cast<int>();
            ++cubes[static_cast<std::size_t>((cube.x() * kCubes + cube.y()) * kCubes + cube.z())];
          });
          counts.clear();
          for (const std::uint32_t n : cubes) {
            // A point's own cube, so that those which the ground only touches do not count.
            counts.insert(counts.end(), n, n);
          }
          if (counts.empty()) continue;
          const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
          std::nth_element(counts.begin(), middle, counts.end());
          out[i] = side / std::sqrt(static_cast<double>(*middle));
        }
      },
      run, {}, 16);
  return out;
}

Points points_near(const Points& points, const Points& places, const std::vector<std::uint32_t>& listed, double reach_m) {
  std::unordered_set<std::int64_t> cells;
  for (const std::uint32_t i : listed) {
    const Eigen::Vector3d place = places.row(static_cast<Eigen::Index>(i)).transpose();
    for (std::int64_t dx = -1; dx <= 1; ++dx) {
      for (std::int64_t dy = -1; dy <= 1; ++dy) cells.insert(cell_key(place, reach_m, dx, dy));
    }
  }
  Points out(points.rows(), 3);
  Eigen::Index n = 0;
  for (Eigen::Index k = 0; k < points.rows(); ++k) {
    if (cells.contains(cell_key(points.row(k).transpose(), reach_m, 0, 0))) out.row(n++) = points.row(k);
  }
  out.conservativeResize(n, 3);
  return out;
}

}  // namespace highwall
