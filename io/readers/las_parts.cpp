#include "io/readers/las_parts.hpp"

#include <algorithm>

namespace highwall {
namespace {

constexpr std::size_t kBlock = 16384;  // Records of a part.
/// More compressed points to a byte than any scan has: room for them is made as they come, not as the header claims.
constexpr std::size_t kMostPointsPerByte = 4;

}  // namespace

std::string_view option_of_unit(const ReadOptions& options) {
  if (options.crs == "file") return {};
  if (options.crs != "local") return "crs";
  return options.units == "source" ? "units" : std::string_view();
}

LasParts parts_of_records(const LasHeader& header, std::string_view file) {
  LasParts parts;
  parts.points = static_cast<std::size_t>(header.point_count);
  parts.count = (parts.points + kBlock - 1) / kBlock;
  for (std::size_t k = 0; k <= parts.count; ++k) {
    parts.first.push_back(std::min(k * kBlock, parts.points));
    parts.bytes.push_back(header.data_offset + parts.first.back() * header.record_length);
  }
  parts.read = [&header, file, n = parts.points](std::size_t part, const auto& sink) {
    const std::size_t first = part * kBlock;
    sink(file.data() + header.data_offset + first * header.record_length, std::min(kBlock, n - first), first);
  };
  return parts;
}

LasParts parts_of_chunks(const LazPoints& laz, std::vector<LazChunk> chunks, LazLayers layers) {
  LasParts parts;
  std::size_t bytes = 0;
  for (const LazChunk& chunk : chunks) {
    parts.first.push_back(parts.points);
    parts.bytes.push_back(chunk.offset);
    parts.points += static_cast<std::size_t>(chunk.count);
    bytes += chunk.bytes;
  }
  parts.first.push_back(parts.points);
  parts.bytes.push_back(chunks.empty() ? 0 : chunks.back().offset + chunks.back().bytes);
  parts.count = chunks.size();
  parts.believable = parts.points / kMostPointsPerByte <= bytes;
  parts.read = [&laz, layers, chunks = std::move(chunks)](std::size_t part, const auto& sink) {
    laz.decompress(chunks[part], layers, sink);
  };
  return parts;
}

}  // namespace highwall
