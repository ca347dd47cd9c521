#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "algorithms/radar/velocity_stream.hpp"
#include "bindings/pipeline/radar_files.hpp"
#include "core/series.hpp"

namespace highwall {

/// One scan in the table of a run.
struct VelocityRow {
  Instant at = kNoInstant;
  std::string name;
  std::size_t valid = 0;
  std::size_t corrected = 0;
  std::size_t newly_aliased = 0;
  std::size_t at_risk = 0;
  ScanAtmosphere atmosphere;
  struct Window {
    double window_h = 0.0;
    std::size_t measured = 0;         ///< Cells with a velocity ...
    std::size_t judged = 0;           ///< ... and a sigma.
    std::size_t beyond = 0;           ///< Cells beyond 3 sigma.
    double sigma_m_per_day = kNaN;    ///< Median of the bins'.
    double fastest_m_per_day = kNaN;  ///< Of the cells beyond 3 sigma, by size, with its sign.
  };
  std::vector<Window> windows;
};

VelocityRow velocity_row(const VelocityScan& scan);

/// A stream that has followed all scans, and a row for each that it was given in this run.
struct VelocityRun {
  VelocityStream stream;
  std::vector<VelocityRow> rows;
  std::size_t known = 0;  ///< Scans that it had followed before this run.
};

/// Follows the scans of a radar, from where the state file left off.
/// @param state  file of the stream's state: read where it is there, written at the end; empty = none
/// @throws Error of the source and of VelocityStream; Error(input) when there is no scan that is newer than the state
VelocityRun follow_radar(const ScanSource& scans, const RadarCells& cells, const VelocityStreamOptions& options,
                         const std::filesystem::path& state, const Run& run);

/// CSV of the rows: time, valid cells, stable ones with their scatter, atmosphere, wraps, and the windows.
std::string velocity_rows_csv(const std::vector<VelocityRow>& rows);
/// Its header and one of its lines.
std::string velocity_row_header(const std::vector<double>& windows_h);
std::string velocity_row_text(const VelocityRow& row);
/// What the numbers of the layers "motion" and "flags" mean.
std::string motion_codes();
std::string_view flag_bits() noexcept;
/// CSV of the newest scan's bins of ranges: what stable cells of each share and scatter by, in each window.
std::string calibration_csv(const VelocityScan& scan);

/// Writes the newest scan: velocity_<window>.tif, displacement.tif, calibration.csv, scans.csv, and axes.csv for polar cells.
/// Bands of cells that are no map have no place on earth: rows are ranges, columns azimuths.
void write_velocity(const std::filesystem::path& folder, const VelocityRun& done, const OpenedRadar& radar);

}  // namespace highwall
