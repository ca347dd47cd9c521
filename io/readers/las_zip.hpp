#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/readers/las_header.hpp"

namespace highwall {

/// A run of points that is compressed by itself.
struct LazChunk {
  std::size_t offset = 0;   ///< Of its first byte in the file.
  std::size_t bytes = 0;    ///< To the end of the file where the chunk's own end is not known.
  std::uint64_t first = 0;  ///< Index of its first point.
  std::uint64_t count = 0;
  bool whole = true;  ///< Exactly so many bytes, which the end of decompression proves.
};

/// Which layers of a point are wanted; only point formats 6 to 10 have layers, the others come whole.
struct LazLayers {
  bool attributes = true;  ///< Everything.
  bool gps_time = true;    ///< Beside the coordinates, where attributes are not wanted.
};

/// The compressed points of a LAZ file (LASzip 3.5, Apache-2.0; compressors 1, 2 and 3). What LASzip would believe without
/// a look is checked here first: the record of items, the chunk table, the sizes of layers. Each chunk is handed to a
/// decompressor of its own, which sees nothing else of the file.
class LazPoints {
 public:
  /// @throws Error(input) naming the byte for a record, a table or sizes that cannot be right.
  LazPoints(const Bytes& bytes, const LasHeader& header, const std::string& name, Report& report);

  /// In the order of the points; what they claim to hold is what the header claims.
  const std::vector<LazChunk>& chunks() const noexcept { return chunks_; }
  /// A chunk that a COPC hierarchy names. @throws Error(input) when it cannot be one
  void check(const LazChunk& chunk) const;
  /// Calls sink(records, n, index of the first of them) for runs of LAS point records in order.
  /// @throws Error(input) naming the byte of the chunk when it is damaged.
  void decompress(const LazChunk& chunk, LazLayers layers,
                  const std::function<void(const char*, std::size_t, std::size_t)>& sink) const;

 private:
  struct Item {
    std::uint16_t type = 0;
    std::uint16_t size = 0;
    std::uint16_t version = 0;
  };
  void read_items();
  void find_chunks(Report& report);
  void read_table(std::size_t position, std::size_t start, Report& report);
  void walk_layers(std::size_t start);
  /// Length of the chunk at `at`, by the sizes of its layers. @throws Error(input) when it does not end before `end`
  std::size_t layered_bytes(std::size_t at, std::size_t end) const;
  /// The same for the chunk's own bytes; 0 = they are too short to tell.
  std::size_t layered_bytes(std::string_view chunk) const;
  [[noreturn]] void damaged(std::size_t byte, const std::string& what) const;

  const Bytes& bytes_;
  const LasHeader& header_;
  std::string name_;
  int compressor_ = 0;
  std::uint32_t chunk_size_ = 0;
  std::vector<Item> items_;
  std::vector<LazChunk> chunks_;
};

}  // namespace highwall
