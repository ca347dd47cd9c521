#pragma once

#include <optional>
#include <string>
#include <vector>

#include "algorithms/radar/area_alarms.hpp"
#include "algorithms/radar/percent_deformation.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "bindings/pipeline/radar_files.hpp"
#include "core/policy.hpp"

namespace highwall {

/// What one scan's alarms rest on.
struct ScanTrust {
  Instant at = kNoInstant;
  std::size_t valid = 0;          ///< Cells with a value.
  std::size_t stable = 0;         ///< Stable cells that calibrated it ...
  double stable_sigma_m = kNaN;   ///< ... and their scatter after the correction.
  std::size_t without_sigma = 0;  ///< Cells whose velocity has no sigma, in the shortest window that a rule judges: not judged.
};

/// Alarms of all scans of a radar, and what they rest on.
struct RadarAlarms {
  ScanGrid grid;
  std::vector<AreaRule> rules;
  std::vector<AreaAlarm> alarms;
  std::vector<ScanTrust> scans;
  VelocityScan newest;           ///< The last scan, for maps.
  std::size_t judged_scans = 0;  ///< Scans in which any cell had a velocity with its sigma in a window of each rule.
};

/// Windows that the rules of velocity judge, ascending, each once.
std::vector<double> windows_of_rules(const std::vector<AreaRule>& rules);
/// What is judged of a scan. Its spans look into both.
AreaScan area_scan_of(const VelocityScan& velocity, const RadarScan& scan);
ScanTrust trust_of(const VelocityScan& velocity);
/// True when some cell has a velocity with its sigma in every window.
bool judges_all(const VelocityScan& velocity);

/// Runs all scans through the velocity stream and judges contiguous areas by the policy's area rules. The stream's windows are
/// those of the rules.
/// @throws Error(config) for a policy without area rules, or rules that ask for areas which are not known; Error of the source
RadarAlarms radar_alarms(const ScanSource& scans, const RadarCells& cells, const Policy& policy, VelocityStreamOptions options,
                         const Run& run);

/// For every alarm of motion that was raised, the percent-deformation series of its cells over the scans from one window before
/// its first one to its last: the scans are read and followed once more.
struct AlarmSeries {
  std::uint32_t alarm = 0;
  std::vector<PercentSeries> shares;
};
std::vector<AlarmSeries> alarm_series(const ScanSource& scans, const RadarCells& cells, const RadarAlarms& alarms,
                                      VelocityStreamOptions options, const PercentOptions& percent, const Run& run);

/// The alarms as JSON, schema "highwall.radar_alarms/1": policy, rules, scans, alarms with their cells.
std::string radar_alarms_json(const RadarAlarms& alarms, const Policy& policy);
/// CSV with the header alarm,share,cells,time,displacement_mm.
std::string alarm_series_csv(const std::vector<AlarmSeries>& series);

}  // namespace highwall
