#pragma once

#include "bindings/pipeline/night.hpp"
#include "io/archive/archive.hpp"

namespace highwall {

/// Takes every new file of the drop folder into the archive; a file that cannot be used goes to
/// quarantine by name and the night goes on.
void ingest(const Site& site, const NightOptions& options, Archive& archive, NightSummary& summary, const Run& run);

}  // namespace highwall
