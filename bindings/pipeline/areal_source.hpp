#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bindings/pipeline/calculate.hpp"
#include "bindings/pipeline/measure.hpp"

namespace highwall {

/// What every source of a night is measured with.
struct MeasureContext {
  const Site& site;
  const Calculation& calculation;
  const std::vector<Polygon>& zones;
  Archive& archive;
  Instant now;
  std::vector<std::string>& findings;
  const Run& run;
  bool disk_refuses = false;  ///< A disk that takes no more ends the night: it is no defect of the source.

  /// Does what writes to the archive, and notes when the disk refuses.
  template <class Body>
  auto on_disk(const Body& body) -> decltype(body()) {
    try {
      return body();
    } catch (const Error& e) {
      disk_refuses = e.kind() == ErrorKind::storage;
      throw;
    }
  }
};

/// World coordinates in the frame of the source; a "local" source speaks of its own frame.
Eigen::Vector3d to_local(const Site& site, const SourceConfig& source, const std::vector<double>& world_m);

/// Zones that an areal source sees; a source in a frame of its own is one zone of everything.
std::vector<Polygon> zones_of(const std::vector<Polygon>& zones, const SourceConfig& source);

/// "source/+0012-0003": a patch by the cell of its lattice.
std::string patch_name(const std::string& source, const PatchCell& cell);

/// A patch as a target, its middle in world coordinates.
TargetInput target_of(const Site& site, const SourceConfig& source, Patch&& patch, double patch_size_m);

}  // namespace highwall
