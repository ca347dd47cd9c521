#include "bindings/pipeline/scan_night.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "algorithms/warn/criterion.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/pictures.hpp"
#include "bindings/pipeline/radar_velocity.hpp"
#include "io/archive/map_file.hpp"
#include "io/durable/durable.hpp"
#include "io/writers/gis.hpp"

namespace highwall {
namespace {

/// Layers under their names, written in single precision as they were measured; places need all digits.
class Layers {
 public:
  template <class T>
  void add(std::string name, const std::vector<T>& values, double factor = 1.0) {
    std::vector<double> kept(values.size());
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = factor * static_cast<double>(values[i]);
    layers_.emplace_back(std::move(name), std::move(kept));
  }

  ScanMaps encode(const GridGeometry& geometry, const std::vector<std::pair<std::string, std::string>>& notes) const {
    ScanMaps out;
    std::vector<MapLayer> layers;
    for (const auto& [name, values] : layers_) {
      const bool place = name == "east_m" || name == "north_m";
      layers.push_back({name, unit_of_layer(name), &values, !place});
      out.layers.push_back(name);
    }
    out.h5 = encode_map(geometry, layers, notes);
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::vector<double>>> layers_;
};

GridGeometry geometry_of(const ScanGrid& grid, const std::optional<GridGeometry>& raster) {
  if (raster) return *raster;
  GridGeometry geometry;
  geometry.rows = grid.rows;
  geometry.cols = grid.cols;
  return geometry;
}

/// Where the cells lie: on the ground, in the plane of the map, or in the radar's own fan.
void add_places(const ScanGrid& grid, const std::optional<GridGeometry>& raster, Layers& layers) {
  std::vector<double> x(grid.cells(), kNaN);
  std::vector<double> y(grid.cells(), kNaN);
  const bool placed = !grid.position_m.empty();
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    if (placed) {
      x[i] = grid.position_m[i].x() + grid.frame.origin_m[0];
      y[i] = grid.position_m[i].y() + grid.frame.origin_m[1];
    } else if (raster) {
      const auto [east, north] = raster->centre(i / grid.cols, i % grid.cols);
      x[i] = east + raster->frame.origin_m[0];
      y[i] = north + raster->frame.origin_m[1];
    } else {
      const double r = grid.range_m[i / grid.cols];
      const double a = grid.azimuth_rad[i % grid.cols];
      x[i] = r * std::sin(a);
      y[i] = r * std::cos(a);
    }
  }
  const bool on_earth = placed || raster;
  layers.add(on_earth ? "east_m" : "across_m", x);
  layers.add(on_earth ? "north_m" : "ahead_m", y);
}

}  // namespace

std::string unit_of_layer(std::string_view name) {
  for (const auto& [end, unit] : {std::pair{"_mm_per_day2", "mm/day2"}, std::pair{"_mm_per_day", "mm/day"},
                                  std::pair{"_mm", "mm"}, std::pair{"_m2", "m2"}, std::pair{"_m", "m"}}) {
    if (name.ends_with(end)) return unit;
  }
  return "";
}

ScanMaps scan_maps(const VelocityScan& scan, const std::vector<AreaAlarm>& alarms, const std::vector<AreaRule>& rules,
                   const ScanGrid& grid, const std::optional<GridGeometry>& raster, const std::vector<double>& sensitivity) {
  Layers layers;
  layers.add("displacement_mm", scan.displacement_m, 1e3);
  layers.add("flags", scan.flags);
  layers.add("aliased", scan.aliased);
  for (const WindowVelocity& w : scan.windows) {
    const std::string window = window_text(w.window_h);
    layers.add("velocity_" + window + "_mm_per_day", w.velocity_m_per_day, 1e3);
    layers.add("sigma_" + window + "_mm_per_day", w.sigma_m_per_day, 1e3);
    layers.add("z_" + window, w.z);
    layers.add("acceleration_" + window + "_mm_per_day2", w.acceleration_m_per_day2, 1e3);
    layers.add("motion_" + window, w.motion);
    layers.add("reason_" + window, w.reason);
  }
  std::vector<double> number(grid.cells(), 0.0);
  std::vector<double> level(grid.cells(), 0.0);
  for (const AreaAlarm& alarm : alarms) {
    if (!alarm.stands()) continue;
    const auto raised = static_cast<double>(rules[alarm.rule].raises());
    for (const std::uint32_t cell : alarm.cells) {
      if (raised <= level[cell]) continue;
      number[cell] = alarm.id;
      level[cell] = raised;
    }
  }
  layers.add("alarm", number);
  layers.add("alarm_level", level);
  add_places(grid, raster, layers);
  if (!sensitivity.empty()) layers.add("sensitivity", sensitivity);
  if (!grid.area_m2.empty()) layers.add("area_m2", grid.area_m2);
  return layers.encode(geometry_of(grid, raster), {{"instant", to_iso8601(scan.instant)},
                                                   {"sign", "toward_positive"},
                                                   {"direction", "line of sight"},
                                                   {"motion_codes", motion_codes()},
                                                   {"reason_codes", reason_codes()},
                                                   {"flag_bits", std::string(flag_bits())},
                                                   {"level_codes", "0 none, 1 blue, 2 yellow, 3 orange, 4 red"}});
}

std::string write_scan_pictures(const std::filesystem::path& folder, const ScanMaps& maps, const std::filesystem::path& python,
                                const Run& run) {
  constexpr double kDeadline_s = 300.0;
  make_folders(folder);
  write_result(folder / "radar.h5", maps.h5);
  return draw_pictures(python, folder, kDeadline_s, run);
}

std::string scan_geotiff(std::string_view h5, const std::string& name, const std::optional<GridGeometry>& raster, Instant at) {
  const DecodedMap map = decode_map(h5, name);
  GridGeometry geometry;
  geometry.rows = map.rows;
  geometry.cols = map.cols;
  if (raster) geometry = *raster;
  std::vector<RasterBand> bands;
  for (const auto& [layer, values] : map.layers) bands.push_back({layer, unit_of_layer(layer), &values});
  return geotiff_bytes(geometry, bands,
                       {{"INSTANT", to_iso8601(at)},
                        {"SIGN", "toward_positive"},
                        {"MOTION_CODES", motion_codes()},
                        {"REASON_CODES", reason_codes()},
                        {"FLAG_BITS", std::string(flag_bits())}});
}

}  // namespace highwall
