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

/// Files below the drop folder that belong to no source and are not the program's own, by name.
std::vector<FileOutcome> unmatched_files(const Site& site, const std::vector<DropFile>& files);

/// A file that was read and tried, before anything is stored.
struct TriedFile {
  DropFile file;
  FileOutcome outcome;
  FileNote note;                   ///< Digest and what there is to say so far.
  std::uintmax_t bytes = 0;
  bool known = false;              ///< The same bytes are in the archive, or stand before it in the list.
  std::string format;              ///< The reader that took it.
  std::string defect;              ///< Why it cannot be taken in; empty = it can.
  std::optional<Reading> reading;  ///< In the site frame; large files are not kept, but read again.
};

/// Reads every file that the archive (nullptr = there is none yet) does not know, and stores nothing.
/// @throws Error(config) for what site.toml leaves open of a file (sign, unit, time zone, CRS).
std::vector<TriedFile> try_files(const Site& site, const NightOptions& options, const Archive* archive, const Run& run);

/// The reading of a file that has no defect, taken out of `tried` or read again; nullopt when the file has
/// changed since.
std::optional<Reading> reading_of(const Site& site, TriedFile& tried, const Run& run);

/// One map of a stack, as a stack of its own: each is an epoch.
Stack one_epoch(const Stack& stack, std::size_t e);

/// Grid of the first map of a source in the archive; nullopt when there is none.
std::optional<GridGeometry> grid_of_source(const Archive& archive, const std::string& source);
/// @throws Error(frame) when the two differ.
void require_grid(const GridGeometry& first, const GridGeometry& other);
/// One sentence on rows that an export tells otherwise.
std::string changed_rows_text(const std::vector<ChangedRow>& changed);

/// Options for the source's reader, strict: what a format leaves open is an error.
ReadOptions read_options_of(const Site& site, const SourceConfig& source);

/// Takes every new file of the drop folder into the archive; a file that cannot be used goes to
/// quarantine by name and the night goes on.
void ingest(const Site& site, const NightOptions& options, Archive& archive, NightSummary& summary, const Run& run);

}  // namespace highwall
