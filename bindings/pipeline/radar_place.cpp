#include "bindings/pipeline/radar_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

namespace highwall {
namespace {

constexpr double kDegrees = 180.0 / std::numbers::pi;

Eigen::Vector3d local_of(const double* world, const Frame& frame) {
  return Eigen::Vector3d::Map(world) - Eigen::Vector3d::Map(frame.origin_m.data());
}

double incidence_deg(const PlacedScan& placed, std::size_t cell) {
  return std::acos(std::clamp(placed.geometry.normal[cell].dot(placed.geometry.line_of_sight[cell]), -1.0, 1.0)) * kDegrees;
}

std::string number(double value, int digits) { return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "nan"; }

}  // namespace

RadarStation station_of(const RadarPlaceOptions& options, const Frame& frame) {
  validate(options, "radar");
  if (!options.rail_m.empty()) {
    return RadarStation::on_rail(local_of(options.rail_m.data(), frame), local_of(options.rail_m.data() + 3, frame));
  }
  RadarStation station;
  station.position_m = local_of(options.position_m.data(), frame);
  station.heading_deg = options.heading_deg;
  return station;
}

PlacedScan place_scan(const ScanGrid& grid, const PointCloud& ground, const RadarPlaceOptions& place,
                      const GeometryOptions& geometry, const DownslopeOptions& downslope, const Run& run) {
  PlacedScan out;
  out.geometry = scan_geometry(grid, ground.view(), station_of(place, ground.frame), geometry, run);
  out.grid = with_geometry(grid, out.geometry, ground.frame);
  const auto n = static_cast<Eigen::Index>(grid.cells());
  Points places(n, 3);
  for (Eigen::Index i = 0; i < n; ++i) places.row(i) = out.geometry.position_m[static_cast<std::size_t>(i)].transpose();
  const Surface surface = surface_at(ground.view(), places, downslope, run);
  out.downslope.resize(n, 3);
  out.sensitivity.resize(grid.cells());
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Vector3d down = downslope_direction(surface.normal.row(i).transpose());
    out.downslope.row(i) = down.transpose();
    out.sensitivity[static_cast<std::size_t>(i)] = down.dot(out.geometry.line_of_sight[static_cast<std::size_t>(i)]);
  }
  return out;
}

std::string placed_scan_csv(const PlacedScan& placed) {
  const ScanGrid& grid = placed.grid;
  const Eigen::Vector3d origin = Eigen::Vector3d::Map(grid.frame.origin_m.data());
  std::string text =
      "row,col,range_m,azimuth_deg,sight,x_m,y_m,z_m,los_east,los_north,los_up,incidence_deg,area_m2,sensitivity\n";
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    const Eigen::Vector3d p = placed.geometry.position_m[i] + origin;
    const Eigen::Vector3d& e = placed.geometry.line_of_sight[i];
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", i / grid.cols, i % grid.cols,
                   number(grid.range_m[i / grid.cols], 3), number(grid.azimuth_rad[i % grid.cols] * kDegrees, 4),
                   name_of(placed.geometry.sight[i]), number(p.x(), 3), number(p.y(), 3), number(p.z(), 3), number(e.x(), 6),
                   number(e.y(), 6), number(e.z(), 6), number(incidence_deg(placed, i), 2), number(placed.geometry.area_m2[i], 3),
                   number(placed.sensitivity[i], 4));
  }
  return text;
}

}  // namespace highwall
