#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "algorithms/radar/velocity_stream.hpp"
#include "bindings/pipeline/radar_place.hpp"
#include "io/readers/scans/scan_files.hpp"

namespace highwall {

/// What is known of the radar's cells.
struct RadarCells {
  ScanGrid grid;                     ///< As the scans have it, with positions and areas where a ground was given.
  CellMasks calibrate;               ///< Cells that may calibrate, or never.
  std::vector<std::uint8_t> masked;  ///< Cells that never alarm.
  std::vector<double> sensitivity;   ///< Of a motion down the slope, see PlacedScan; empty without a ground.
};

/// Scans of a radar and what people know of its place.
struct RadarFiles {
  std::vector<std::filesystem::path> scans;
  std::filesystem::path ground;  ///< Cloud of the slope; empty = areas and places stay unknown.
  std::filesystem::path mask;    ///< Outlines of cells that never alarm.
  std::filesystem::path stable;  ///< Outlines of cells that calibrate.
  ScanFileOptions reading;
  RadarPlaceOptions place;  ///< Needed with a ground.
};

struct OpenedRadar {
  OpenedScans scans;
  RadarCells cells;
};

/// Opens the scans and lays their cells on the ground. What readers have to say goes to `tell`.
/// @throws Error(config) for outlines without a ground; Error of the readers and of place_scan()
OpenedRadar open_radar(const RadarFiles& files, const std::function<void(const Report&)>& tell, const Run& run);

}  // namespace highwall
