#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/cloud.hpp"
#include "core/options.hpp"
#include "core/run.hpp"
#include "core/scan.hpp"

namespace highwall {

/// Where a slope radar stands and looks, in local metres of the ground's frame.
struct RadarStation {
  Eigen::Vector3d position_m = Eigen::Vector3d::Zero();  ///< Phase centre: of the rotating arm, or the middle of the rail.
  double heading_deg = 0.0;                              ///< Where azimuth 0 looks, clockwise from north (y). Unused with a rail.
  /// Ends of a linear rail. Its azimuths are fan angles asin(along / range), positive towards the second end.
  std::optional<std::array<Eigen::Vector3d, 2>> rail_m;

  /// A rail's station is its middle. @throws Error(config) when the ends coincide
  static RadarStation on_rail(const Eigen::Vector3d& first_m, const Eigen::Vector3d& second_m);
};

/// Options of scan_geometry().
struct GeometryOptions {
  double radius_m = 0.0;
  double grazing_deg = 85.0;
  double layover_gap_m = 0.0;

  static void describe(auto& d) {
    using O = GeometryOptions;
    d.field(&O::radius_m, "radius_m", "m", at_least(0),
            "Radius of the planes through the ground's points; 0: three times their spacing");
    d.field(&O::grazing_deg, "grazing_deg", "degrees", between(45, 90),
            "Ground that the line of sight meets at a larger incidence angle is not seen");
    d.field(&O::layover_gap_m, "layover_gap_m", "m", at_least(0),
            "A cell whose visible ground has a larger gap holds two surfaces: layover; 0: six times the points' spacing");
  }
};

/// What a radar cell looks at.
enum class CellSight : std::uint8_t {
  seen,       ///< One surface.
  layover,    ///< Two surfaces or more at one range: the cell's motion is a mixture. Its place is on the largest.
  shadow,     ///< There is ground, but all of it is hidden or turned away.
  no_ground,  ///< The cloud has no point there: nothing can be told.
};
std::string_view name_of(CellSight sight) noexcept;

/// The cells of a scan on the ground. Vectors have one entry a cell; numbers are NaN where nothing is seen.
struct ScanGeometry {
  std::vector<CellSight> sight;
  std::vector<Eigen::Vector3d> position_m;     ///< Middle of the visible ground, weighted by what of it faces the radar.
  std::vector<Eigen::Vector3d> line_of_sight;  ///< Unit vector target -> sensor.
  std::vector<Eigen::Vector3d> normal;         ///< Unit normal of the visible ground, outwards.
  std::vector<float> range_m;
  std::vector<float> area_m2;  ///< True area of the visible ground, not its plan.
  /// Visible points of the ground and the cell that each belongs to: one cell, many points.
  Points point_m;
  std::vector<std::uint32_t> point_cell;

  std::size_t count(CellSight which) const;
};

/// Lays the polar cells of a scan on the ground.
///
/// A point of the ground is seen when its surface faces the radar at less than options.grazing_deg and no other ground stands in
/// front of it on the line of sight; it stands for the area that it has for itself (pi r^2 over the points within r). Its cell is
/// that of its range and azimuth, or of its fan angle for a rail. The same bits on any number of threads.
/// @param grid    with polar axes, ascending or descending
/// @param ground  a cloud of the slope, local metres
/// @throws Error(input) for a grid without polar axes, axes out of order, or a cloud of fewer than 16 points; Error(config)
ScanGeometry scan_geometry(const ScanGrid& grid, PointsView ground, const RadarStation& station, const GeometryOptions& options,
                           const Run& run);

/// The grid with what the geometry knows of each cell.
ScanGrid with_geometry(ScanGrid grid, const ScanGeometry& geometry, const Frame& frame);

/// Cell of a place by its range and azimuth, visible or not; grid.cells() when it lies outside of the fan.
class PolarCells {
 public:
  /// @throws Error(input) as scan_geometry()
  PolarCells(const ScanGrid& grid, const RadarStation& station);
  std::size_t at(const Eigen::Vector3d& place_m) const;

 private:
  /// Borders half-way between the middles of neighbouring bins.
  struct Axis {
    explicit Axis(std::vector<double> middles, const char* name);
    std::size_t bin(double value) const;  ///< size when outside.
    std::size_t size = 0;
    bool descends = false;
    std::vector<double> border;  ///< Ascending, size + 1.
  };

  RadarStation station_;
  Axis range_;
  Axis azimuth_;
  Eigen::Vector3d along_ = Eigen::Vector3d::Zero();  ///< Unit vector of the rail.
};

}  // namespace highwall
