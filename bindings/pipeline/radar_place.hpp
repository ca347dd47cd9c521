#pragma once

#include <string>
#include <vector>

#include "algorithms/radar/decompose.hpp"
#include "algorithms/radar/scan_geometry.hpp"
#include "core/options.hpp"

namespace highwall {

/// Where a radar stands, in world coordinates of the ground's CRS.
struct RadarPlaceOptions {
  std::vector<double> position_m;
  double heading_deg = 0.0;
  std::vector<double> rail_m;

  static void describe(auto& d) {
    using O = RadarPlaceOptions;
    d.field(&O::position_m, "position_m", "m", anything(), "East, north and height of the radar, in the CRS of the ground");
    d.field(&O::heading_deg, "heading_deg", "degrees", between(-360, 360),
            "Direction that azimuth 0 of the scans looks to, clockwise from grid north");
    d.field(
        &O::rail_m, "rail_m", "m", anything(),
        "Of a radar on a rail, instead of position and heading: east, north, height of both ends; fan angles grow towards the "
        "second");
    d.require([](const O& o) { return o.position_m.empty() || o.position_m.size() == 3; },
              "position_m must have three numbers: east, north, height");
    d.require([](const O& o) { return o.rail_m.empty() || o.rail_m.size() == 6; },
              "rail_m must have six numbers: east, north, height of both ends");
    d.require([](const O& o) { return o.rail_m.empty() || o.position_m.empty(); }, "give position_m or rail_m, not both");
    d.require([](const O& o) { return !o.rail_m.empty() || !o.position_m.empty(); },
              "where the radar stands is needed: position_m with heading_deg, or rail_m");
  }
};

/// The station in local metres of the frame. @throws Error(config)
RadarStation station_of(const RadarPlaceOptions& options, const Frame& frame);

/// Cells of a scan on the ground, with what a motion down the slope shows of itself along the line of sight.
struct PlacedScan {
  ScanGrid grid;  ///< With positions, lines of sight and areas.
  ScanGeometry geometry;
  Points downslope;                 ///< Unit vector down the slope, one a cell; NaN = not known.
  std::vector<double> sensitivity;  ///< C = line of sight . downslope; NaN = not known.
};

/// @param ground  cloud of the slope, e.g. a LiDAR epoch
/// @throws Error of scan_geometry()
PlacedScan place_scan(const ScanGrid& grid, const PointCloud& ground, const RadarPlaceOptions& place,
                      const GeometryOptions& geometry, const DownslopeOptions& downslope, const Run& run);

/// CSV of all cells: row,col,range_m,azimuth_deg,sight,x_m,y_m,z_m,los_east,los_north,los_up,incidence_deg,area_m2,sensitivity;
/// world coordinates, nan = not known.
std::string placed_scan_csv(const PlacedScan& placed);

}  // namespace highwall
