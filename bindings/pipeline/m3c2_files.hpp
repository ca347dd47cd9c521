#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "algorithms/compare/m3c2.hpp"
#include "core/cloud.hpp"
#include "core/report.hpp"
#include "core/run.hpp"

namespace highwall {

/// What is compared, and where the result goes.
struct M3c2Files {
  std::filesystem::path before;
  std::filesystem::path after;
  std::filesystem::path cores;  ///< Cloud of the places to measure at; empty: the first cloud.
  std::filesystem::path output;
  std::string units = "metres";    ///< Of ReadOptions.
  std::uint64_t memory_bytes = 0;  ///< What clouds and results may take beside the program itself; 0: half_of_memory().
  std::filesystem::path scratch;   ///< Folder for what does not fit; empty: that of the output.
  bool core_attributes = false;    ///< load_clouds() reads those of the core points, too.
};

/// What was measured.
struct M3c2Outcome {
  std::size_t core_points = 0;
  std::size_t measured = 0;
  std::map<Reason, std::size_t> reasons;  ///< How many have each of the reasons, `ok` left out.
  std::size_t tiles = 0;                  ///< 0: the clouds were held whole.
};
M3c2Outcome outcome_of(const DisplacementField& field);

/// The clouds of the files, in one frame: plain text, which carries no CRS, takes that of the first.
struct M3c2Clouds {
  PointCloud before, after, places;
};
/// @param tell  is handed what the reader of each file has to say @throws Error of the readers
M3c2Clouds load_clouds(const M3c2Files& files, const Run& run, const std::function<void(const Report&)>& tell);
/// Suffix of the result's length columns.
std::string unit_of(const M3c2Files& files, const Frame& frame);

/// Half of the memory of the machine, or of what its control group allows.
std::uint64_t half_of_memory();
/// "4GB", "512 MB", "2GiB" -> bytes. @throws Error(config)
std::uint64_t parse_memory(const std::string& text, const std::string& where);

/// Whether the clouds and the result fit into the memory at once; LAS files by the points that they claim, others by their
/// size. @throws Error(input) for a file that cannot be opened
bool fits_memory(const M3c2Files& files);

/// m3c2() of files by tiles: the result's bytes are those of the whole, whatever the memory. LAS, LAZ and COPC files may
/// have any size; others are read whole once. Both clouds are looked through twice and then sorted, each point with the
/// tiles that look at it, into a nameless file in the scratch folder; tile by tile is measured, and the rows brought
/// back into the order of the core points.
/// @param tell  is handed what the reader of each file has to say
/// @throws Error of the readers and m3c2(); Error(storage) when the scratch folder is too full; Error(config) when one place
///         takes more than the memory, and for a format of results that is written whole (.gpkg)
M3c2Outcome m3c2_by_tiles(const M3c2Files& files, const M3c2Options& options, const Run& run,
                          const std::function<void(const Report&)>& tell);

/// m3c2() of files: whole where they fit the memory, else by tiles. @throws Error as m3c2_by_tiles()
M3c2Outcome m3c2_files(const M3c2Files& files, const M3c2Options& options, const Run& run,
                       const std::function<void(const Report&)>& tell);

}  // namespace highwall
