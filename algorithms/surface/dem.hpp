#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/grid.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Options of dem().
struct DemOptions {
  double cell_m = 1.0;
  std::string statistic = "plane";
  std::int64_t fewest_points = 4;
  double steepest_deg = 80.0;

  static void describe(auto& d) {
    using O = DemOptions;
    d.field(&O::cell_m, "cell_m", "m", above(0), "Side of a cell");
    d.field(&O::statistic, "statistic", "", one_of({"plane", "median", "mean"}),
            "Height of a cell: of the local plane at the cell's centre, the same through the median residual, or the mean of the "
            "points wherever in the cell they lie");
    d.field(&O::fewest_points, "fewest_points", "", at_least(3),
            "A cell whose own points and those of the eight around it are fewer has a height, but no sigma");
    d.field(&O::steepest_deg, "steepest_deg", "degrees", between(1, 89.9),
            "Steeper ground has no height in plan (reason not_observable): measure along the normal there");
  }
};

/// Heights of one epoch by cell, row-major, as long as geometry.cells(). NaN has a reason.
struct Dem {
  GridGeometry geometry;
  std::vector<double> height_m;  ///< At the cell's centre, local metres.
  std::vector<double> sigma_m;   ///< One standard deviation of it, by the scatter about the local plane.
  std::vector<double> freedom;   ///< Degrees of freedom of sigma.
  std::vector<double> slope_x;   ///< Of the local plane, m/m; NaN = not known.
  std::vector<double> slope_y;
  std::vector<std::uint32_t> count;  ///< Points in the cell.
  /// ok; empty_both = no point; few_points = a height without a sigma; not_observable = too steep for a height in plan.
  std::vector<Reason> reason;
  std::size_t outside = 0;  ///< Points that are not finite or outside of the raster.

  std::size_t size() const noexcept { return height_m.size(); }
  /// Steepness of a cell, degrees; NaN = not known.
  double slope_deg(std::size_t cell) const;
};

/// Digital elevation model of a cloud over a given raster (raster_over()).
///
/// The points of a cell are fitted by a plane, so that slope is not booked as noise: the height is the plane's at the centre,
/// its sigma follows from the scatter about the plane (roughness included) and from where the points lie. Where a cell's own
/// points are too few or too badly spread for a plane, the slope, and where needed the scatter, is that of the 3 x 3 cells
/// about it. The same bits on any number of threads.
///
/// A DEM sees one height a place: on faces steeper than about 80 degrees, and under overhangs, volumes must be taken along the
/// normal (face_volumes()).
/// @param cloud     local metres of the raster's frame
/// @param geometry  north-up, square cells
/// @throws Error(config) for bad options, Error(frame) when the frames differ, Error(cancelled)
Dem dem(PointsView cloud, const GridGeometry& geometry, const DemOptions& options, const Run& run);

/// The same over a raster of its own, with cells of options.cell_m.
Dem dem(PointsView cloud, const DemOptions& options, const Run& run);

}  // namespace highwall
