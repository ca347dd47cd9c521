#pragma once

#include <map>
#include <optional>

#include "algorithms/compare/m3c2.hpp"
#include "algorithms/warn/judge.hpp"
#include "bindings/pipeline/night.hpp"
#include "core/polygon.hpp"
#include "io/archive/archive.hpp"

namespace highwall {

/// A velocity map of a radar source at its newest scan.
struct VelocityMap {
  std::string source;
  Instant at = kNoInstant;
  double window_h = 24.0;
  GridGeometry geometry;
  std::vector<double> displacement_m;      ///< Since the first scan, towards the sensor.
  std::vector<double> velocity_m_per_day;  ///< Trailing, NaN = no value.
  std::vector<double> sigma_m_per_day;
};

/// What a night measures: fields and maps to publish, targets to judge by zone.
struct Measurements {
  std::vector<std::pair<std::string, DisplacementField>> fields;  ///< Newest of each LiDAR source.
  std::vector<VelocityMap> maps;
  std::map<std::string, std::vector<TargetInput>> targets;        ///< By zone; "" = in no zone.
  std::vector<std::string> failed;                                ///< Sources that could not be measured.
};

/// Tries every key of [calculate] before the night begins, not when its algorithm runs.
/// @throws Error(config) for unknown keys and bad values
void check_calculate(const Site& site);

/// load_zones(), where a missing or damaged outline is an error of the configuration. @throws Error(config)
std::vector<Polygon> configured_zones(const Site& site);

/// Outlines of the site's zones, in the site frame; a zone without one has an empty polygon.
std::vector<Polygon> load_zones(const Site& site);

/// Archive -> displacement fields, velocity maps and target series. A LiDAR epoch is registered on stable
/// ground and compared with the source's first epoch once; later nights read the result. A source that
/// cannot be measured is a finding and stands in `failed`; the others are measured all the same.
Measurements measure(const Site& site, const std::vector<Polygon>& zones, Archive& archive, Instant now,
                     NightSummary& summary, const Run& run);

}  // namespace highwall
