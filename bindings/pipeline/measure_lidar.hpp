#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/pipeline/areal_source.hpp"
#include "bindings/pipeline/lidar_change.hpp"

namespace highwall {

/// A LiDAR source of a night.
struct LidarMeasurement {
  std::optional<DisplacementField> newest;                   ///< Newest epoch against the reference.
  std::vector<std::pair<std::string, TargetInput>> targets;  ///< Zone and patch.
  std::optional<ChangeTables> change;                        ///< Volumes and classes of the newest epoch.
  std::vector<std::string> epochs;                           ///< Ids of the reference and the newest epoch.
};

/// Registers every new epoch of the source on stable ground and compares it with the reference epoch; what earlier nights
/// kept is read, so that a night costs its new epochs only. The fields' names stand in the archive for core_series_of().
LidarMeasurement measure_lidar(const SourceConfig& source, MeasureContext& context);

}  // namespace highwall
