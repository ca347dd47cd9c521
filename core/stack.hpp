#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/grid.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"

namespace highwall {

/// Displacement maps of several epochs over the same cells: epochs x cells, one contiguous block.
/// Values are metres of line-of-sight displacement, positive towards the sensor, since the first
/// epoch of the stack's source; NaN = no data.
class Stack {
 public:
  Stack() = default;
  Stack(GridGeometry geometry, std::vector<Instant> instants);

  const GridGeometry& geometry() const noexcept { return geometry_; }
  const std::vector<Instant>& instants() const noexcept { return instants_; }
  std::size_t epochs() const noexcept { return instants_.size(); }
  std::size_t cells() const noexcept { return geometry_.cells(); }

  /// Map of one epoch: all cells, row-major.
  std::span<double> at(std::size_t epoch);
  std::span<const double> at(std::size_t epoch) const;
  /// Takes the memory for so many epochs at once.
  void reserve(std::size_t epochs);
  /// Adds the map of one more epoch. @throws Error(internal) when it has not the stack's number of cells.
  void push(Instant instant, std::span<const double> map);
  /// Series of one cell: one value an epoch (copied: the block is epoch-major).
  std::vector<double> of(std::size_t cell) const;

  /// Unit vector target -> sensor, one for all cells unless `line_of_sight_per_cell` is filled.
  LineOfSight line_of_sight;
  std::vector<Eigen::Vector3d> line_of_sight_per_cell;
  /// Local position of each cell in the site frame; empty when the raster's own CRS tells it all.
  std::vector<Eigen::Vector3d> cell_position_m;
  std::string source;

  /// Scans of a slope radar as they come from it: slant range of each row, azimuth of each column (clockwise from the middle of
  /// the fan). Empty for a map. Such cells have no place in the plane of geometry().
  std::vector<double> range_m;
  std::vector<double> azimuth_rad;
  bool increments = false;    ///< Values are motion since the scan before, not since the first.
  double wavelength_m = 0.0;  ///< Of the radar; 0 = not known.
  bool is_polar() const noexcept { return !range_m.empty(); }

 private:
  GridGeometry geometry_;
  std::vector<Instant> instants_;
  std::vector<double> values_;
};

}  // namespace highwall
