#pragma once

#include <cmath>
#include <span>

#include "core/cloud.hpp"
#include "core/grid.hpp"

namespace highwall {

/// A north-up raster of square cells over the bulk of the clouds' points, all of one frame. Cell borders are multiples of
/// the cell's side in world coordinates, so that rasters of different days lie on each other.
///
/// A few points far from all the others (invalid returns at 0, 0, 0) do not make it large: beyond the 0.2 and 99.8 %
/// quantiles of the coordinates it reaches by no more than half of what lies between them.
/// @return no cells where there is no finite point
/// @throws Error(input) when it would have more than 2^26 cells, Error(frame) when the frames differ
GridGeometry raster_over(std::span<const PointsView> clouds, double cell_m);

/// Index (row-major) of the cell that holds a place; geometry.cells() for a place outside. North-up rasters only.
inline std::size_t cell_at(const GridGeometry& g, double x, double y) {
  const double col = std::floor((x - g.affine[0]) / g.affine[1]);
  const double row = std::ceil((y - g.affine[3]) / g.affine[5]) - 1.0;  // The lower border belongs to a cell, as the left one.
  // Also false for NaN.
  if (!(col >= 0.0 && row >= 0.0 && col < static_cast<double>(g.cols) && row < static_cast<double>(g.rows))) return g.cells();
  return static_cast<std::size_t>(row) * g.cols + static_cast<std::size_t>(col);
}

/// Centre of a cell by its index.
inline Eigen::Vector2d centre_of(const GridGeometry& g, std::size_t cell) {
  const auto c = g.centre(cell / g.cols, cell % g.cols);
  return {c[0], c[1]};
}

}  // namespace highwall
