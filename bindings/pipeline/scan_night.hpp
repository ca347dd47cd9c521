#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/pipeline/scan_stream.hpp"
#include "core/grid.hpp"

namespace highwall {

/// The maps of one scan of a radar as HDF5 (schema "highwall.map/1").
struct ScanMaps {
  std::string h5;
  std::vector<std::string> layers;  ///< Names, in the order they were written.
};

/// Maps of the newest scan: displacement_mm, flags, aliased; per window velocity_W_mm_per_day, sigma_W_mm_per_day, z_W,
/// acceleration_W_mm_per_day2, motion_W, reason_W; alarm (number of the alarm that stands in the cell, 0 = none) and alarm_level;
/// places (east_m, north_m, or across_m, ahead_m as the radar sees them), and where the ground is known sensitivity and area_m2.
/// @param raster       of maps; nullopt for polar cells
/// @param sensitivity  one value a cell, or empty
ScanMaps scan_maps(const VelocityScan& scan, const std::vector<AreaAlarm>& alarms, const std::vector<AreaRule>& rules,
                   const ScanGrid& grid, const std::optional<GridGeometry>& raster, const std::vector<double>& sensitivity);

/// Writes FOLDER/radar.h5 and draws radar.png beside it: velocity, sigma, sensitivity and alarmed areas.
/// @param python  interpreter with the highwall package
/// @return why there is no picture, or "" when there is
std::string write_scan_pictures(const std::filesystem::path& folder, const ScanMaps& maps, const std::filesystem::path& python,
                                const Run& run);

/// The same maps as a GeoTIFF, a band a layer. Bands of polar cells have no place on earth: rows are ranges, columns azimuths.
/// @throws Error(storage) for bytes that are no map
std::string scan_geotiff(std::string_view h5, const std::string& name, const std::optional<GridGeometry>& raster, Instant at);

/// "mm", "mm/day", ... of a layer, by its name.
std::string unit_of_layer(std::string_view name);

/// What a night has of a followed radar at its newest scan.
struct ScanNight {
  std::string source;
  Instant newest = kNoInstant;
  std::size_t scans = 0;         ///< Followed since the first one.
  std::size_t judged_scans = 0;  ///< Of these, with a velocity and its sigma in every window.
  std::size_t stable = 0;        ///< Cells that calibrate the newest scan ...
  double stable_sigma_m = kNaN;  ///< ... and their scatter.
  std::optional<GridGeometry> raster;
  std::string h5;
  std::string scans_csv;  ///< Scans of the last day.
  std::string calibration_csv;
  RadarAlarms alarms;  ///< Those that stand or were met in the last levels_days.
};

}  // namespace highwall
