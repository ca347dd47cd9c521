#include "algorithms/radar/scan_geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "algorithms/compare/planes.hpp"
#include "algorithms/surface/scanner_view.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr double kDegrees = 180.0 / std::numbers::pi;
constexpr std::size_t kFewestPoints = 16;
constexpr double kRadiusSpacings = 3.0;
constexpr double kGapSpacings = 6.0;
/// Steeper than this (from the vertical, 17 degrees) the upper side of a face is not the outer one for sure: it may overhang.
constexpr double kUpright = 0.3;

/// One visible point of the ground.
struct Seen {
  std::uint32_t cell = 0;
  Eigen::Vector3d place = Eigen::Vector3d::Zero();
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();
  double area_m2 = 0.0;
  double elevation = 0.0;
  double facing = 0.0;
};

/// The normal's outer side: up, but for faces near the vertical the side of the radar.
Eigen::Vector3d outwards(const Eigen::Vector3d& normal, const Eigen::Vector3d& to_radar) {
  const double side = std::abs(normal.z()) < kUpright ? normal.dot(to_radar) : normal.z();
  return side < 0.0 ? Eigen::Vector3d(-normal) : normal;
}

/// What of the ground is seen, and which cells have ground at all.
struct Visible {
  std::vector<Seen> points;  ///< In order of cell, then of elevation.
  std::vector<std::uint8_t> has_ground;
};

Visible see(const ScanGrid& grid, const PolarCells& cells, const Planes& planes, const Points& points, double radius_m,
            double spacing_m, const RadarStation& station, const GeometryOptions& options, const Run& run) {
  const ScannerView view(PointsView(points), station.position_m, 0.0, run);
  const double least_facing = std::cos(options.grazing_deg / kDegrees);
  std::vector<Seen> of_point(planes.size());
  std::vector<std::uint32_t> cell_of(planes.size(), static_cast<std::uint32_t>(grid.cells()));
  for_blocks(
      planes.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const Eigen::Vector3d place = planes.point(k);
          const std::size_t cell = cells.at(place);
          cell_of[k] = static_cast<std::uint32_t>(cell);
          if (cell == grid.cells()) continue;
          const Eigen::Vector3d to_radar = (station.position_m - place).normalized();
          const Eigen::Vector3d plane = planes.normal.row(static_cast<Eigen::Index>(k)).transpose();
          const Eigen::Vector3d normal = outwards(plane, to_radar);
          const double facing = normal.dot(to_radar);
          if (!(facing > least_facing)) continue;
          if (view.to(place, normal, spacing_m) == ScannerView::Sight::blocked) continue;
          double within = 0.0;
          planes.within(place, radius_m, [&](std::size_t) { within += 1.0; });
          const Eigen::Vector3d away = place - station.position_m;
          of_point[k] = {static_cast<std::uint32_t>(cell),
                         place,
                         normal,
                         std::numbers::pi * radius_m * radius_m / within,
                         std::atan2(away.z(), away.head<2>().norm()),
                         facing};
        }
      },
      run, "what the radar sees", 256);
  Visible out;
  out.has_ground.assign(grid.cells(), 0);
  for (std::size_t k = 0; k < planes.size(); ++k) {
    if (cell_of[k] < grid.cells()) out.has_ground[cell_of[k]] = 1;
    if (of_point[k].facing > 0.0) out.points.push_back(of_point[k]);
  }
  std::stable_sort(out.points.begin(), out.points.end(),
                   [](const Seen& a, const Seen& b) { return a.cell != b.cell ? a.cell < b.cell : a.elevation < b.elevation; });
  return out;
}

/// The points of one cell cut where they leave a gap: [begin, end) of the surface that faces the radar with the largest area.
struct Surfaces {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t count = 0;
};

Surfaces largest_surface(const std::vector<Seen>& points, std::size_t begin, std::size_t end, double gap_m) {
  Surfaces best;
  double most = -1.0;
  for (std::size_t first = begin; first < end;) {
    std::size_t last = first + 1;
    double facing = points[first].area_m2 * points[first].facing;
    for (; last < end; ++last) {
      // In height, for along its arc a cell may be wider than any gap.
      if (std::abs(points[last].place.z() - points[last - 1].place.z()) > gap_m) break;
      facing += points[last].area_m2 * points[last].facing;
    }
    ++best.count;
    if (facing > most) {
      most = facing;
      best.begin = first;
      best.end = last;
    }
    first = last;
  }
  return best;
}

void place_cell(ScanGeometry& out, std::size_t cell, const std::vector<Seen>& points, std::size_t begin, std::size_t end,
                double gap_m, const Eigen::Vector3d& radar_m) {
  const Surfaces surfaces = largest_surface(points, begin, end, gap_m);
  Eigen::Vector3d place = Eigen::Vector3d::Zero();
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();
  double weight = 0.0;
  for (std::size_t k = surfaces.begin; k < surfaces.end; ++k) {
    const double w = points[k].area_m2 * points[k].facing;
    place += w * points[k].place;
    normal += w * points[k].normal;
    weight += w;
  }
  double area = 0.0;
  for (std::size_t k = begin; k < end; ++k) area += points[k].area_m2;
  place /= weight;
  out.sight[cell] = surfaces.count > 1 ? CellSight::layover : CellSight::seen;
  out.position_m[cell] = place;
  out.line_of_sight[cell] = (radar_m - place).normalized();
  out.normal[cell] = normal.normalized();
  out.range_m[cell] = static_cast<float>((radar_m - place).norm());
  out.area_m2[cell] = static_cast<float>(area);
}

}  // namespace

std::string_view name_of(CellSight sight) noexcept {
  switch (sight) {
    case CellSight::seen:
      return "seen";
    case CellSight::layover:
      return "layover";
    case CellSight::shadow:
      return "shadow";
    case CellSight::no_ground:
      return "no_ground";
  }
  return "no_ground";
}

RadarStation RadarStation::on_rail(const Eigen::Vector3d& first_m, const Eigen::Vector3d& second_m) {
  if (!((second_m - first_m).norm() > 0.0)) {
    throw Error(ErrorKind::config, "the two ends of the rail are one place", {}, "give the surveyed ends of the rail");
  }
  RadarStation station;
  station.position_m = 0.5 * (first_m + second_m);
  station.rail_m = {first_m, second_m};
  return station;
}

std::size_t ScanGeometry::count(CellSight which) const {
  return static_cast<std::size_t>(std::count(sight.begin(), sight.end(), which));
}

PolarCells::Axis::Axis(std::vector<double> middles, const char* name) : size(middles.size()) {
  if (size < 2) {
    throw Error(ErrorKind::input, fmt::format("the scan has no {} axis, so that its cells cannot be laid on the ground", name),
                {}, "maps that are georeferenced already need no geometry");
  }
  descends = middles.front() > middles.back();
  if (descends) std::reverse(middles.begin(), middles.end());
  const auto disorder = std::adjacent_find(middles.begin(), middles.end(), [](double a, double b) { return !(a < b); });
  if (disorder != middles.end()) {
    throw Error(ErrorKind::input, fmt::format("the scan's {} axis is not in order near {}", name, *disorder));
  }
  border.push_back(middles[0] - 0.5 * (middles[1] - middles[0]));
  for (std::size_t i = 1; i < size; ++i) border.push_back(0.5 * (middles[i - 1] + middles[i]));
  border.push_back(middles[size - 1] + 0.5 * (middles[size - 1] - middles[size - 2]));
}

std::size_t PolarCells::Axis::bin(double value) const {
  if (!(value >= border.front() && value < border.back())) return size;
  const auto above = std::upper_bound(border.begin(), border.end(), value);
  const auto at = static_cast<std::size_t>(above - border.begin()) - 1;
  return descends ? size - 1 - at : at;
}

PolarCells::PolarCells(const ScanGrid& grid, const RadarStation& station)
    : station_(station), range_(grid.range_m, "range"), azimuth_(grid.azimuth_rad, "azimuth") {
  if (range_.size != grid.rows || azimuth_.size != grid.cols) {
    throw Error(ErrorKind::input, "the scan's axes have not as many values as it has rows and columns");
  }
  if (station.rail_m) along_ = ((*station.rail_m)[1] - (*station.rail_m)[0]).normalized();
}

std::size_t PolarCells::at(const Eigen::Vector3d& place_m) const {
  const Eigen::Vector3d away = place_m - station_.position_m;
  const double range = away.norm();
  const std::size_t outside = range_.size * azimuth_.size;
  const std::size_t row = range_.bin(range);
  if (row == range_.size) return outside;
  const double azimuth =
      station_.rail_m ? std::asin(std::clamp(away.dot(along_) / range, -1.0, 1.0))
                      : std::remainder(std::atan2(away.x(), away.y()) - station_.heading_deg / kDegrees, 2.0 * std::numbers::pi);
  const std::size_t col = azimuth_.bin(azimuth);
  return col == azimuth_.size ? outside : row * azimuth_.size + col;
}

ScanGeometry scan_geometry(const ScanGrid& grid, PointsView ground, const RadarStation& station, const GeometryOptions& options,
                           const Run& run) {
  validate(options, "geometry");
  const PolarCells cells(grid, station);
  const Points points = finite_points(ground);
  if (static_cast<std::size_t>(points.rows()) < kFewestPoints) {
    throw Error(ErrorKind::input, fmt::format("the ground has {} points: too few for a surface", points.rows()), {},
                "give a cloud of the slope that the radar looks at");
  }
  const double spacing = point_spacing(points, 8, run);
  if (!(spacing > 0.0)) throw Error(ErrorKind::input, "the ground's points lie in one place");
  const double radius = options.radius_m > 0.0 ? options.radius_m : kRadiusSpacings * spacing;
  const double gap = options.layover_gap_m > 0.0 ? options.layover_gap_m : kGapSpacings * spacing;
  const Planes planes(points, {radius, radius, 0.0}, run);
  const Visible visible = see(grid, cells, planes, points, radius, spacing, station, options, run);

  ScanGeometry out;
  const Eigen::Vector3d nowhere = Eigen::Vector3d::Constant(kNothing);
  out.position_m.assign(grid.cells(), nowhere);
  out.line_of_sight.assign(grid.cells(), nowhere);
  out.normal.assign(grid.cells(), nowhere);
  out.range_m.assign(grid.cells(), static_cast<float>(kNothing));
  out.area_m2.assign(grid.cells(), static_cast<float>(kNothing));
  out.sight.resize(grid.cells());
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    out.sight[i] = visible.has_ground[i] != 0 ? CellSight::shadow : CellSight::no_ground;
  }
  out.point_m.resize(static_cast<Eigen::Index>(visible.points.size()), 3);
  for (std::size_t begin = 0; begin < visible.points.size();) {
    std::size_t end = begin;
    for (; end < visible.points.size() && visible.points[end].cell == visible.points[begin].cell; ++end) {
      out.point_m.row(static_cast<Eigen::Index>(end)) = visible.points[end].place.transpose();
      out.point_cell.push_back(visible.points[end].cell);
    }
    place_cell(out, visible.points[begin].cell, visible.points, begin, end, gap, station.position_m);
    begin = end;
  }
  return out;
}

ScanGrid with_geometry(ScanGrid grid, const ScanGeometry& geometry, const Frame& frame) {
  grid.frame = frame;
  grid.position_m = geometry.position_m;
  grid.line_of_sight_unit = geometry.line_of_sight;
  grid.cell_range_m = geometry.range_m;
  grid.area_m2 = geometry.area_m2;
  grid.cell_height_m.resize(grid.cells());
  for (std::size_t i = 0; i < grid.cells(); ++i) grid.cell_height_m[i] = static_cast<float>(geometry.position_m[i].z());
  return grid;
}

}  // namespace highwall
