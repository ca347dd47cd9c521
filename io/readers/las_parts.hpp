#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "io/readers/las_zip.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// The points of a LAS or LAZ file in parts, each of which can be read by itself.
struct LasParts {
  std::size_t count = 0;
  std::size_t points = 0;
  bool believable = true;          ///< Room for so many points may be made before they are seen.
  std::vector<std::size_t> first;  ///< First point of each part, and one past the last; of `count` + 1.
  /// Calls sink(records, n, index of the first) for the runs of a part.
  std::function<void(std::size_t part, const std::function<void(const char*, std::size_t, std::size_t)>& sink)> read;
};

/// The option that tells the unit of the numbers, whatever the file says; "" = none. "local" is a frame, not a unit.
std::string_view option_of_unit(const ReadOptions& options);

/// Header and file must outlive the parts.
LasParts parts_of_records(const LasHeader& header, const Bytes& file);
LasParts parts_of_chunks(const LazPoints& laz, std::vector<LazChunk> chunks, LazLayers layers);

}  // namespace highwall
