#pragma once

#include "bindings/pipeline/night.hpp"
#include "io/archive/archive.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// A file of the drop folder that belongs to a source.
struct DropFile {
  const SourceConfig* source = nullptr;
  std::filesystem::path path;
  std::string name;     ///< Relative to the site's folder.
  bool waiting = false; ///< Too young, or named *.part, *.tmp, .*
};

/// Files of all sources, by source, then name. @throws Error(config) for a pattern that is not one.
std::vector<DropFile> list_drop(const Site& site, const NightOptions& options);

/// Options for the source's reader, strict: what a format leaves open is an error.
ReadOptions read_options_of(const Site& site, const SourceConfig& source);

/// Takes every new file of the drop folder into the archive; a file that cannot be used goes to
/// quarantine by name and the night goes on.
void ingest(const Site& site, const NightOptions& options, Archive& archive, NightSummary& summary, const Run& run);

}  // namespace highwall
