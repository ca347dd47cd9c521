#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/warn/area_levels.hpp"
#include "bindings/pipeline/areal_source.hpp"
#include "bindings/pipeline/scan_night.hpp"

namespace highwall {

/// The ground that a radar's cells lie on, and the epoch that it comes from.
struct ScanGround {
  const PointCloud* cloud = nullptr;  ///< nullptr = not known.
  std::string epoch;
};

/// True when the scans of a radar source are followed one by one: polar ones, and maps where areas = "on".
bool follows_scans(const SourceConfig& source, const Archive& archive);

/// What following a radar's scans gives a night.
struct ScanMeasurement {
  std::vector<std::pair<std::string, AreaTarget>> targets;  ///< By zone; "" = in no zone.
  std::optional<ScanNight> night;                           ///< nullopt = no scan until now.
};

/// Follows the scans that the archive has until now, from where the last night was: the stream's state is kept in
/// archive/streams/SOURCE.state, and the maps of the newest scan are a product with a line in the journal. Both are derived: of
/// other settings or scans they are made anew from the archive's scans, and when they are damaged that is a finding.
/// @throws Error of the archive's scans, which ends the measuring of this source
ScanMeasurement measure_scans(const SourceConfig& source, const ScanGround& ground, MeasureContext& context);

}  // namespace highwall
