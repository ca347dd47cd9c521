#include "io/readers/las_zip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <laszip/bytestreamin_array.hpp>
#include <laszip/integercompressor.hpp>
#include <laszip/lasreadpoint.hpp>
#include <limits>

namespace highwall {
namespace {

constexpr std::uint16_t kPoint10 = 6, kGpsTime11 = 7, kRgb12 = 8, kWave13 = 9, kByte = 0;
constexpr std::uint16_t kPoint14 = 10, kRgb14 = 11, kRgbNir14 = 12, kWave14 = 13, kByte14 = 14;
constexpr int kPointwise = 1;
constexpr int kLayered = 3;
constexpr std::uint32_t kVaries = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kRun = 512;  // Records that are handed on at once: they stay in the nearest cache.
constexpr const char* kHint = "the file is damaged; write it again from its source, e.g. with laszip";

struct Kind {
  std::uint16_t type;
  std::uint16_t size;
};

/// Items of a point format, without extra bytes, in the order of its record.
std::vector<Kind> items_of(int format) {
  switch (format) {
    case 0:
      return {{kPoint10, 20}};
    case 1:
      return {{kPoint10, 20}, {kGpsTime11, 8}};
    case 2:
      return {{kPoint10, 20}, {kRgb12, 6}};
    case 3:
      return {{kPoint10, 20}, {kGpsTime11, 8}, {kRgb12, 6}};
    case 4:
      return {{kPoint10, 20}, {kGpsTime11, 8}, {kWave13, 29}};
    case 5:
      return {{kPoint10, 20}, {kGpsTime11, 8}, {kRgb12, 6}, {kWave13, 29}};
    case 6:
      return {{kPoint14, 30}};
    case 7:
      return {{kPoint14, 30}, {kRgb14, 6}};
    case 8:
      return {{kPoint14, 30}, {kRgbNir14, 8}};
    case 9:
      return {{kPoint14, 30}, {kWave14, 29}};
    default:
      return {{kPoint14, 30}, {kRgbNir14, 8}, {kWave14, 29}};
  }
}

/// The decompressors exist in these versions; with another one LASzip ends half built.
bool known_version(std::uint16_t type, std::uint16_t version) {
  if (type == kWave13) return version == 1;
  if (type == kWave14) return version == 3 || version == 4;
  if (type >= kPoint14) return version >= 2 && version <= 4;
  return version == 1 || version == 2;
}

/// Sizes of layers that the item has in the header of a chunk.
std::size_t layers_of(std::uint16_t type, std::uint16_t size) {
  if (type == kPoint14) return 9;
  if (type == kRgbNir14) return 2;
  return type == kByte14 ? size : 1;
}

/// Where LASzip puts one point: an aligned place for each item.
class Place {
 public:
  explicit Place(std::size_t items) : room_(items * kStride), at_(items) {
    for (std::size_t i = 0; i < items; ++i) at_[i] = reinterpret_cast<U8*>(room_.data() + i * kStride);
    if (items > 0) at_[0][22] = 1;  // The mark of an extended point.
  }
  U8* const* pointers() const { return at_.data(); }
  const char* item(std::size_t i) const { return reinterpret_cast<const char*>(at_[i]); }

  static constexpr std::size_t kStride = (65536 + 64) / 8;

 private:
  std::vector<std::uint64_t> room_;
  std::vector<U8*> at_;
};

/// LASzip's point of formats 6 to 10 as its record.
void pack_extended(const char* from, char* to) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(from[i]); };
  std::memcpy(to, from, 14);
  to[14] = from[24];  // Returns.
  to[15] = static_cast<char>((byte(22) >> 4U) | ((byte(22) & 12U) << 2U) | (byte(14) & 0xC0U));
  to[16] = from[23];  // Class.
  to[17] = from[17];  // User data.
  std::memcpy(to + 18, from + 20, 2);
  std::memcpy(to + 20, from + 18, 2);
  std::memcpy(to + 22, from + 32, 8);
}

}  // namespace

void LazPoints::damaged(std::size_t byte, const std::string& what) const {
  throw Error(ErrorKind::input, fmt::format("the compressed points are damaged at byte {}: {}", byte, what), name_, kHint);
}

LazPoints::LazPoints(const Bytes& bytes, const LasHeader& header, const std::string& name, Report& report)
    : bytes_(bytes), header_(header), name_(name) {
  read_items();
  if (header.point_count > 0) find_chunks(report);
}

void LazPoints::read_items() {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::input, "the record \"laszip encoded\" cannot be used: " + what, name_, kHint);
  };
  const Bytes record(header_.laszip, name_);
  if (record.size() == 0) refuse("the file has none, though its points are compressed");
  if (!record.has(0, 34)) refuse(fmt::format("it has {} bytes instead of 34 and more", record.size()));
  compressor_ = record.get<std::uint16_t>(0);
  const int coder = record.get<std::uint16_t>(2);
  chunk_size_ = record.get<std::uint32_t>(12);
  const std::size_t count = record.get<std::uint16_t>(32);
  const bool extended = header_.point_format >= 6;
  if (compressor_ < kPointwise || compressor_ > kLayered) refuse(fmt::format("compressor {} is not known", compressor_));
  if (coder != 0) refuse(fmt::format("coder {} is not known", coder));
  if (extended != (compressor_ == kLayered)) {
    refuse(fmt::format("compressor {} does not belong to point format {}", compressor_, header_.point_format));
  }
  if (chunk_size_ == 0 && compressor_ != kPointwise) refuse("its chunks have no points");
  std::vector<Kind> wanted = items_of(header_.point_format);
  const std::size_t extra = header_.record_length - las_record_bytes(header_.point_format);
  if (extra > 0) wanted.push_back({extended ? kByte14 : kByte, static_cast<std::uint16_t>(extra)});
  if (count != wanted.size() || !record.has(34, 6 * count)) {
    refuse(fmt::format("it describes {} parts of a point instead of {}", count, wanted.size()));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Item item{record.get<std::uint16_t>(34 + 6 * i), record.get<std::uint16_t>(36 + 6 * i),
                    record.get<std::uint16_t>(38 + 6 * i)};
    if (item.type != wanted[i].type || item.size != wanted[i].size) {
      refuse(fmt::format("part {} has type {} and {} bytes, not those of point format {} with records of {} bytes", i + 1,
                         item.type, item.size, header_.point_format, header_.record_length));
    }
    if (!known_version(item.type, item.version)) {
      refuse(fmt::format("part {} is of version {}, which is not known", i + 1, item.version));
    }
    items_.push_back(item);
  }
}

std::size_t LazPoints::layered_bytes(std::string_view chunk) const {
  std::size_t layers = 0;
  for (const Item& item : items_) layers += layers_of(item.type, item.size);
  const std::size_t sizes = header_.record_length + 4;
  std::size_t length = sizes + 4 * layers;
  if (chunk.size() < length) return 0;
  for (std::size_t i = 0; i < layers; ++i) length += load_as<std::uint32_t>(chunk.data() + sizes + 4 * i);
  return length;
}

std::size_t LazPoints::layered_bytes(std::size_t at, std::size_t end) const {
  const std::size_t length = end < at ? 0 : layered_bytes(bytes_.at(at, end - at));
  if (length == 0) damaged(at, "the chunk that should begin there is cut off");
  if (length > end - at) damaged(at, fmt::format("a chunk of {} bytes has {} bytes of room", length, end - at));
  return length;
}

void LazPoints::check(const LazChunk& chunk) const {
  if (!bytes_.has(chunk.offset, chunk.bytes) || chunk.count > header_.point_count) {
    damaged(chunk.offset, fmt::format("no chunk of {} bytes and {} points can be there", chunk.bytes, chunk.count));
  }
  if (chunk.bytes < header_.record_length) damaged(chunk.offset, "the chunk is shorter than its first point");
  if (compressor_ == kLayered && layered_bytes(chunk.offset, chunk.offset + chunk.bytes) != chunk.bytes) {
    damaged(chunk.offset, "the layers of the chunk do not fill it");
  }
}

void LazPoints::find_chunks(Report& report) {
  const std::size_t data = header_.data_offset;
  if (compressor_ == kPointwise) {
    chunks_ = {{data, bytes_.size() - data, 0, header_.point_count, false}};
    check(chunks_[0]);
    return;
  }
  const std::size_t start = data + 8;
  auto position = bytes_.get<std::int64_t>(data);
  // Writers that cannot go back put it at the end; those that were stopped leave the place as it was.
  if (position == -1) position = bytes_.get<std::int64_t>(bytes_.size() - 8);
  if (position == static_cast<std::int64_t>(data)) {
    report.warn("the writer did not finish the file: it has no table of chunks");
    if (compressor_ == kLayered) {
      walk_layers(start);
    } else if (chunk_size_ == kVaries) {
      damaged(data, "the table of chunks, whose sizes vary, is missing");
    } else {
      chunks_ = {{start, bytes_.size() - start, 0, header_.point_count, false}};
      check(chunks_[0]);
    }
    return;
  }
  if (position < static_cast<std::int64_t>(start) || !bytes_.has(static_cast<std::size_t>(position), 8)) {
    damaged(data, fmt::format("the table of chunks should be at byte {} of {}: the file is cut off or still uploading", position,
                              bytes_.size()));
  }
  read_table(static_cast<std::size_t>(position), start, report);
}

void LazPoints::walk_layers(std::size_t start) {
  std::size_t at = start;
  std::uint64_t first = 0;
  while (first < header_.point_count) {
    const std::size_t length = layered_bytes(at, bytes_.size());
    const std::uint64_t count =
        std::min<std::uint64_t>(bytes_.get<std::uint32_t>(at + header_.record_length), header_.point_count - first);
    if (count == 0) damaged(at, "a chunk without points");
    chunks_.push_back({at, length, first, count});
    at += length;
    first += count;
  }
}

void LazPoints::read_table(std::size_t position, std::size_t start, Report& report) {
  if (bytes_.get<std::uint32_t>(position) != 0) damaged(position, "the table of chunks has an unknown version");
  const std::size_t count = bytes_.get<std::uint32_t>(position + 4);
  const std::size_t most = (position - start) / header_.record_length;
  if (count > most) damaged(position, fmt::format("the table claims {} chunks, there is room for {}", count, most));
  const std::string_view table = bytes_.at(position + 8, bytes_.size() - position - 8);
  const bool varies = chunk_size_ == kVaries;
  std::uint64_t first = 0;
  std::size_t at = start;
  try {
    ByteStreamInArrayLE stream(reinterpret_cast<const U8*>(table.data()), static_cast<I64>(table.size()));
    ArithmeticDecoder decoder;
    if (count > 0) decoder.init(&stream);
    IntegerCompressor numbers(&decoder, 32, 2);
    numbers.initDecompressor();
    I32 points = 0;
    I32 length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (varies) points = numbers.decompress(points, 0);
      length = numbers.decompress(length, 1);
      if (length <= 0 || points < 0 || static_cast<std::size_t>(length) > position - at) {
        damaged(position, fmt::format("chunk {} of the table does not fit before it", i + 1));
      }
      const std::uint64_t claimed = varies ? static_cast<std::uint64_t>(points) : chunk_size_;
      const std::uint64_t used = std::min(claimed, header_.point_count - first);
      if (used > 0) {
        chunks_.push_back({at, static_cast<std::size_t>(length), first, used});
        check(chunks_.back());
      }
      first += used;
      at += static_cast<std::size_t>(length);
      if (used < claimed && varies) report.warn("the table of chunks tells of more points than the header");
    }
  } catch (int) {  // What LASzip throws.
    damaged(position, "the table of chunks ends early or is not one");
  }
  if (first < header_.point_count) {
    damaged(position, fmt::format("the header claims {} points, the table of chunks {}", header_.point_count, first));
  }
}

void LazPoints::decompress(const LazChunk& chunk, LazLayers layers,
                           const std::function<void(const char*, std::size_t, std::size_t)>& sink) const {
  LASzip scheme;
  const auto format = static_cast<unsigned char>(header_.point_format);
  const auto compressor = static_cast<unsigned short>(compressor_);
  if (!scheme.setup(format, static_cast<unsigned short>(header_.record_length), compressor) ||
      scheme.num_items != items_.size()) {
    throw Error(ErrorKind::internal, "LASzip does not know a point format", name_);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) scheme.items[i].version = items_[i].version;
  // A whole chunk is all that its decompressor sees, so it never looks for a table.
  scheme.chunk_size = chunk.whole ? static_cast<unsigned>(chunk.count) : chunk_size_;
  const std::size_t head = compressor_ != kPointwise ? 8 : 0;
  std::string input(head + chunk.bytes, '\0');
  bytes_.copy(chunk.offset, chunk.bytes, input.data() + head);
  if (compressor_ == kLayered && layered_bytes(std::string_view(input).substr(head)) != chunk.bytes) {
    damaged(chunk.offset, "the file was changed while it was read");
  }
  ByteStreamInArrayLE stream(reinterpret_cast<const U8*>(input.data()), static_cast<I64>(input.size()));
  constexpr U32 kCoordinates = LASZIP_DECOMPRESS_SELECTIVE_CHANNEL_RETURNS_XY | LASZIP_DECOMPRESS_SELECTIVE_Z;
  const U32 selection = layers.attributes ? LASZIP_DECOMPRESS_SELECTIVE_ALL
                        : layers.gps_time ? kCoordinates | LASZIP_DECOMPRESS_SELECTIVE_GPS_TIME
                                          : kCoordinates;
  LASreadPoint reader(selection);
  if (!reader.setup(scheme.num_items, scheme.items, &scheme) || !reader.init(&stream)) {
    throw Error(ErrorKind::internal, "LASzip cannot be set up", name_);
  }
  const Place place(items_.size());
  const bool extended = header_.point_format >= 6;
  std::vector<char> run(kRun * header_.record_length);
  std::uint64_t done = 0;
  while (done < chunk.count) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kRun, chunk.count - done));
    char* record = run.data();
    for (std::size_t k = 0; k < n; ++k) {
      if (!reader.read(place.pointers())) {
        damaged(chunk.offset, fmt::format("point {} of {} cannot be decompressed", chunk.first + done + k, header_.point_count));
      }
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i == 0 && extended) {
          pack_extended(place.item(0), record);
        } else {
          std::memcpy(record, place.item(i), items_[i].size);
        }
        record += items_[i].size;
      }
    }
    sink(run.data(), n, static_cast<std::size_t>(chunk.first + done));
    done += n;
  }
  if (chunk.whole && stream.tell() != static_cast<I64>(input.size())) {
    damaged(chunk.offset, "the chunk ends at another byte than its table says");
  }
}

}  // namespace highwall
