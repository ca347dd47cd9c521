#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bindings/pipeline/night.hpp"

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

/// Files below the drop folder that belong to no source and are not the program's own, by name.
std::vector<FileOutcome> unmatched_files(const Site& site, const std::vector<DropFile>& files);

}  // namespace highwall
