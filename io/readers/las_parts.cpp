#include "io/readers/las_parts.hpp"

#include <algorithm>
#include <memory>

namespace highwall {
namespace {

constexpr std::size_t kBlock = 16384;                 // Records of a part.
constexpr std::size_t kNear = std::size_t{1} << 16U;  // Bytes that stay in a near cache between the disk and their use.
/// More compressed points to a byte than any scan has: room for them is made as they come, not as the header claims.
constexpr std::size_t kMostPointsPerByte = 4;

}  // namespace

std::string_view option_of_unit(const ReadOptions& options) {
  if (options.crs == "file") return {};
  if (options.crs != "local") return "crs";
  return options.units == "source" ? "units" : std::string_view();
}

LasParts parts_of_records(const LasHeader& header, const Bytes& file) {
  LasParts parts;
  parts.points = static_cast<std::size_t>(header.point_count);
  parts.count = (parts.points + kBlock - 1) / kBlock;
  for (std::size_t k = 0; k <= parts.count; ++k) {
    parts.first.push_back(std::min(k * kBlock, parts.points));
  }
  parts.read = [&header, &file, n = parts.points](std::size_t part, const auto& sink) {
    const std::size_t length = header.record_length;
    const std::size_t end = std::min(n, (part + 1) * kBlock);
    std::size_t first = part * kBlock;
    if (file.in_memory()) {
      sink(file.at(header.data_offset + first * length, (end - first) * length).data(), end - first, first);
      return;
    }
    const std::size_t most = std::max<std::size_t>(1, kNear / length);
    const auto room = std::make_unique_for_overwrite<char[]>(most * length);
    for (; first < end; first += most) {
      const std::size_t count = std::min(most, end - first);
      file.copy(header.data_offset + first * length, count * length, room.get());
      sink(room.get(), count, first);
    }
  };
  return parts;
}

LasParts parts_of_chunks(const LazPoints& laz, std::vector<LazChunk> chunks, LazLayers layers) {
  LasParts parts;
  std::size_t bytes = 0;
  for (const LazChunk& chunk : chunks) {
    parts.first.push_back(parts.points);
    parts.points += static_cast<std::size_t>(chunk.count);
    bytes += chunk.bytes;
  }
  parts.first.push_back(parts.points);
  parts.count = chunks.size();
  parts.believable = parts.points / kMostPointsPerByte <= bytes;
  parts.read = [&laz, layers, chunks = std::move(chunks)](std::size_t part, const auto& sink) {
    laz.decompress(chunks[part], layers, sink);
  };
  return parts;
}

}  // namespace highwall
