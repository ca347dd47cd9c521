#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bindings/pipeline/drop_folder.hpp"
#include "core/error.hpp"
#include "io/archive/archive.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// A file that was read and tried, before anything is stored.
struct TriedFile {
  DropFile file;
  FileOutcome outcome;
  FileNote note;  ///< Digest and what there is to say so far.
  std::uintmax_t bytes = 0;
  bool known = false;              ///< The same bytes are in the archive, or stand before it in the list.
  std::string format;              ///< The reader that took it.
  std::string defect;              ///< Why it cannot be taken in; empty = it can.
  std::optional<Reading> reading;  ///< In the site frame; large files are not kept, but read again.
  std::string hold;                ///< Why it must wait for another night, though it is complete; empty = it need not.
  std::vector<double> origin_m;    ///< The origin that a source with a frame of its own already had; else empty.
};

/// Reads every file that the archive (nullptr = there is none yet) does not know, and stores nothing.
/// @throws Error(config) for what site.toml leaves open of a file (sign, unit, time zone, CRS).
std::vector<TriedFile> try_files(const Site& site, const NightOptions& options, const Archive* archive, const Run& run);

/// Files with the same bytes that lie in the drop folder under two sources, each pair a sentence. One file that two
/// kinds of source read is none.
std::vector<std::string> copies_between_sources(const std::vector<TriedFile>& files);

/// The reading of a file that has no defect, taken out of `tried` or read again; nullopt when the file has
/// changed since.
std::optional<Reading> reading_of(const Site& site, TriedFile& tried, const Run& run);

/// Does something with a file. @return why the file cannot be used, "" when it can; errors that are not the
/// file's own go on
std::string defect_of(const DropFile& file, const std::function<void()>& body);
/// The error's words without the file's name, which stands before them anyway.
std::string reason_of(const Error& e, const std::filesystem::path& path);

/// Why the new files of a source wait: our own epochs are the source's trouble, not the night's.
std::string unreadable_epochs(const std::string& source, const Error& e);

/// One map of a stack, as a stack of its own: each is an epoch.
Stack one_epoch(const Stack& stack, std::size_t e);

/// Where the values of a map or scan lie: raster of a map, axes of a radar's own scan.
struct MapGrid {
  GridGeometry raster;
  std::vector<double> range_m;
  std::vector<double> azimuth_rad;
  bool increments = false;
  double wavelength_m = 0.0;
  explicit MapGrid(const Stack& stack);
  bool operator==(const MapGrid&) const = default;
};

/// Grid of the first map of a source in the archive; nullopt when there is none.
std::optional<MapGrid> grid_of_source(const Archive& archive, const std::string& source);
/// @throws Error(frame) when the two differ.
void require_grid(const MapGrid& first, const MapGrid& other);

/// Digest of all that decides how a file of the source is read.
std::string options_digest(const Site& site, const SourceConfig& source);

/// Options for the source's reader, strict: what a format leaves open is an error.
ReadOptions read_options_of(const Site& site, const SourceConfig& source);

}  // namespace highwall
