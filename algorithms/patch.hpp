#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/options.hpp"
#include "core/polygon.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of patch_motion() and patch_line_of_sight(). Areal sensors are judged by patches: squares of wall small
/// enough to move as one block and large enough to average noise out.
struct PatchOptions {
  double size_m = 20.0;
  std::int64_t fewest_cores = 8;
  double two_directions = 0.25;
  double two_directions_later = 0.15;
  double shared = 3.0;
  std::int64_t fewest_cells = 2;
  double least_share_of_cells = 0.5;

  static void describe(auto& d) {
    using O = PatchOptions;
    d.field(&O::size_m, "size_m", "m", above(0), "Side of a patch");
    d.field(&O::fewest_cores, "fewest_cores", "", at_least(3), "LiDAR: a patch with fewer measured places has no value");
    d.field(&O::two_directions, "two_directions", "", between(0, 1),
            "LiDAR: motion across the wall and vertical are told apart where the smaller eigenvalue of the normals is at "
            "least this share of the larger; a patch of faces with a handful of berm points would give wild values");
    d.field(&O::two_directions_later, "two_directions_later", "", between(0, 1),
            "LiDAR: the same for what is left of the patch in an epoch and after outliers have dropped out");
    d.field(&O::shared, "shared", "", at_least(1),
            "LiDAR: formal standard deviations are stretched so much, because neighbouring places share points");
    d.field(&O::fewest_cells, "fewest_cells", "", at_least(1), "Radar: a patch has at least so many cells with a value");
    d.field(&O::least_share_of_cells, "least_share_of_cells", "", between(0, 1),
            "Radar: a scan that sees a smaller share of the patch's cells that had a value so far gives no value: it is not "
            "the same average");
    d.require([](const O& o) { return o.two_directions_later <= o.two_directions; },
              "two_directions_later must not exceed two_directions");
  }
};

/// Square (column, row) of the lattice of patches; its lower left corner is (column, row) times the side.
using PatchCell = std::pair<std::int64_t, std::int64_t>;

/// Columns are unit vectors.
using PatchDirections = Eigen::Matrix<double, 3, Eigen::Dynamic>;

/// One patch of wall as a target.
struct Patch {
  PatchCell cell;
  double area_m2 = 0.0;        ///< Of wall in plan.
  PatchDirections directions;  ///< LiDAR: what each component is measured along, east, north, up.
  TimeSeries series;           ///< Displacement since the first epoch; NaN = not measured.
};

/// Indices of the places (x, y by index) inside the outline, by patch; places that are not finite are left out.
template <class PlaceOf>
std::map<PatchCell, std::vector<std::size_t>> places_by_patch(std::size_t n, PlaceOf&& place_of, double size_m,
                                                              const Polygon& outline) {
  std::map<PatchCell, std::vector<std::size_t>> patches;
  for (std::size_t i = 0; i < n; ++i) {
    const auto [x, y] = place_of(i);
    // Also false for NaN; beyond it the cell's number would not fit.
    if (!(std::abs(x) < 1e15 * size_m && std::abs(y) < 1e15 * size_m) || !outline.contains(x, y)) continue;
    patches[{static_cast<std::int64_t>(std::floor(x / size_m)), static_cast<std::int64_t>(std::floor(y / size_m))}].push_back(i);
  }
  return patches;
}

}  // namespace highwall
