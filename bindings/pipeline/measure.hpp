#pragma once

#include <map>
#include <optional>

#include "algorithms/warn/area_levels.hpp"
#include "algorithms/warn/judge.hpp"
#include "bindings/pipeline/calculate.hpp"
#include "bindings/pipeline/clock.hpp"
#include "bindings/pipeline/lidar_change.hpp"
#include "bindings/pipeline/night.hpp"
#include "bindings/pipeline/scan_night.hpp"
#include "core/polygon.hpp"
#include "io/archive/archive.hpp"

namespace highwall {

/// A radar's map on the local direction down the slope, by cell; NaN where the radar does not see that direction.
struct SlopeMap {
  std::vector<double> sensitivity;  ///< Share of a motion down the slope that the line of sight sees.
  std::vector<double> displacement_m;
  std::vector<double> velocity_m_per_day;
  std::vector<double> sigma_m_per_day;
  std::vector<Reason> reason;  ///< Of the velocity.
};

/// Maps of a radar source at its newest scan.
struct RadarMap {
  VelocityMap line_of_sight;
  std::optional<SlopeMap> slope;  ///< Where the radar's position and a LiDAR cloud are known.
};

/// What a night measures: fields and maps to publish, targets to judge by zone.
struct Measurements {
  std::vector<std::pair<std::string, DisplacementField>> fields;  ///< Newest of each LiDAR source.
  std::map<std::string, ChangeTables> changes;                    ///< Volumes and classes of each LiDAR source's newest epoch.
  std::vector<RadarMap> maps;
  std::map<std::string, std::vector<TargetInput>> targets;  ///< By zone; "" = in no zone.
  std::map<std::string, std::vector<AreaTarget>> areas;     ///< What radars that are followed scan by scan show, by zone.
  std::vector<ScanNight> scans;                             ///< Of these radars.
  std::map<std::string, std::vector<HeldTimes>> times;      ///< By source, of all that the archive has.
  std::vector<std::string> failed;                          ///< Sources that could not be measured.
};

/// load_zones(), where a missing or damaged outline is an error of the configuration. @throws Error(config)
std::vector<Polygon> configured_zones(const Site& site);

/// Outlines of the site's zones, in the site frame; a zone without one has an empty polygon.
std::vector<Polygon> load_zones(const Site& site);

/// Archive -> displacement fields, velocity maps and target series. A LiDAR epoch is registered on stable
/// ground and compared with the source's first epoch once; later nights read the result. A source that
/// cannot be measured is a finding and stands in `failed`; the others are measured all the same.
Measurements measure(const Site& site, const Calculation& calculation, const std::vector<Polygon>& zones, Archive& archive,
                     Instant now, NightSummary& summary, const Run& run);

}  // namespace highwall
