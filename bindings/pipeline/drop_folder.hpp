#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bindings/pipeline/night.hpp"
#include "io/archive/archive.hpp"

namespace highwall {

/// A file of the drop folder that belongs to a source.
struct DropFile {
  const SourceConfig* source = nullptr;
  std::filesystem::path path;
  std::string name;                     ///< Relative to the site's folder.
  bool waiting = false;                 ///< Too young, or named *.part, *.tmp, .*
  const SourceConfig* other = nullptr;  ///< Another source that takes the file too and could confirm it.
};

/// Files of all sources, by source, then name. @throws Error(config) for a pattern that is not one.
std::vector<DropFile> list_drop(const Site& site, const NightOptions& options);

/// What is wrong with the folders, each a sentence: a folder that is missing or cannot be read, a source that has no
/// file and never had one, a thing that matches and is no file, a file from the future, and no file at all.
/// @param archive  nullptr = there is none yet
std::vector<std::string> drop_findings(const Site& site, const NightOptions& options, const std::vector<DropFile>& files,
                                       const Archive* archive);

/// Files below the drop folder that belong to no source and are not the program's own, by name.
std::vector<FileOutcome> unmatched_files(const Site& site, const std::vector<DropFile>& files);

}  // namespace highwall
