#include "io/writers/las.hpp"

#include <algorithm>
#include <laszip/bytestreamout_array.hpp>
#include <laszip/integercompressor.hpp>
#include <laszip/laswritepoint.hpp>
#include <vector>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/writers/las_file.hpp"
#include "io/writers/vector_columns.hpp"

namespace highwall {
namespace {

constexpr double kFieldScale = 1e-4;
constexpr std::size_t kVlrHeader = 54;

template <class T>
T number_at(const std::string& bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}
template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

/// The field's columns, then the normal, counts and reasons: the order of the bytes of a record.
std::vector<LasExtra> field_extras(const std::vector<LengthColumn>& columns, bool calibrated, bool vectors,
                                   const std::string& unit) {
  std::vector<LasExtra> extras;
  for (const LengthColumn& c : columns) extras.push_back({std::string(c.name) + "_" + unit, 10});
  for (const char* name : {"nx", "ny", "nz"}) extras.push_back({name, 10});
  for (const char* name : {"n1", "n2"}) extras.push_back({name, 5});
  extras.push_back({"reason", 1});
  if (calibrated) extras.push_back({"reason_calibrated", 1});
  if (vectors) {
    for (const std::string& name : vector_names(unit)) extras.push_back({name, 10});
    extras.push_back({"reason_vector", 1});
  }
  return extras;
}

std::string bytes_of(const ByteStreamOutArrayLE& stream, std::size_t from, std::size_t to) {
  return {reinterpret_cast<const char*>(stream.getData()) + from, to - from};
}

/// A record of point formats 6 to 8 as LASzip has it in memory; its twin is in the reader.
void unpack_extended(const char* from, U8* to) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(from[i]); };
  const auto legacy = [](unsigned n) { return std::min(n, 7U); };
  std::memcpy(to, from, 14);
  const unsigned number = byte(14) & 15U;
  const unsigned flags = byte(15) & 15U;
  to[14] = static_cast<U8>(legacy(number) | (legacy(byte(14) >> 4U) << 3U) | (byte(15) & 0xC0U));
  to[15] = static_cast<U8>(((flags & 7U) << 5U) | (byte(16) < 32 ? byte(16) : 0U));
  to[16] = 0;
  to[17] = byte(17);
  std::memcpy(to + 18, from + 20, 2);
  std::memcpy(to + 20, from + 18, 2);
  to[22] = static_cast<U8>(1U | ((byte(15) & 0x30U) >> 2U) | (flags << 4U));
  to[23] = byte(16);
  to[24] = byte(14);
  std::memcpy(to + 32, from + 22, 8);
}

[[noreturn]] void no_laszip() { throw Error(ErrorKind::internal, "LASzip cannot compress the points"); }

/// One chunk, as it stands between the place of the table and the table.
std::string compress_chunk(const char* records, std::size_t n, std::size_t record_length, LASzip& scheme) {
  LASwritePoint writer;
  ByteStreamOutArrayLE stream;
  if (!writer.setup(scheme.num_items, scheme.items, &scheme) || !writer.init(&stream)) no_laszip();
  std::vector<std::vector<std::uint64_t>> room;
  std::vector<const U8*> items;
  for (unsigned i = 0; i < scheme.num_items; ++i) {
    room.emplace_back(std::max<std::size_t>(8, scheme.items[i].size / 8 + 1));
    items.push_back(reinterpret_cast<const U8*>(room.back().data()));
  }
  for (std::size_t k = 0; k < n; ++k) {
    const char* record = records + k * record_length;
    unpack_extended(record, reinterpret_cast<U8*>(room[0].data()));
    std::size_t at = scheme.items[0].size;
    for (unsigned i = 1; i < scheme.num_items; ++i) {
      std::memcpy(room[i].data(), record + at, scheme.items[i].size);
      at += scheme.items[i].size;
    }
    if (!writer.write(items.data())) no_laszip();
  }
  if (!writer.done()) no_laszip();
  const std::string all = bytes_of(stream, 0, static_cast<std::size_t>(stream.getCurr()));
  return all.substr(8, static_cast<std::size_t>(number_at<std::int64_t>(all, 0)) - 8);
}

LASzip scheme_of(int format, std::size_t record_length) {
  LASzip scheme;
  if (!scheme.setup(static_cast<U8>(format), static_cast<U16>(record_length), LASZIP_COMPRESSOR_LAYERED_CHUNKED)) no_laszip();
  scheme.set_chunk_size(kLazChunkPoints);
  return scheme;
}

}  // namespace

std::string field_las(const DisplacementField& f, const std::string& unit) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f.position_m.row(static_cast<Eigen::Index>(i)).allFinite()) places.push_back(i);
  }
  const std::vector<LengthColumn> columns = columns_of(f);
  const bool calibrated = !f.reason_calibrated.empty();
  const bool vectors = has_vectors(f);
  LasFile file(f.frame, 6, field_extras(columns, calibrated, vectors, unit), places.size(), kFieldScale);
  for (std::size_t k = 0; k < places.size(); ++k) {
    const std::size_t i = places[k];
    const auto row = static_cast<Eigen::Index>(i);
    file.set_place(k, f.position_m.data() + 3 * i);
    char* record = file.record(k);
    record[14] = 0x11;
    char* to = record + file.extra_offset();
    const auto add = [&](auto value) {
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    };
    for (const LengthColumn& c : columns) add((f.*c.values)[i]);
    for (Eigen::Index c = 0; c < 3; ++c) add(f.direction(row, c));
    add(f.n_before[i]);
    add(f.n_after[i]);
    add(static_cast<std::uint8_t>(f.reason[i]));
    if (calibrated) add(static_cast<std::uint8_t>(f.reason_calibrated[i]));
    if (vectors) {
      for (const double v : vector_numbers(f, i)) add(v);
      add(static_cast<std::uint8_t>(f.reason_vector[i]));
    }
  }
  return std::move(file).finish();
}

std::string laz_chunk_table(const std::vector<std::size_t>& chunk_bytes) {
  ByteStreamOutArrayLE stream;
  const U32 version = 0;
  const auto count = static_cast<U32>(chunk_bytes.size());
  stream.put32bitsLE(reinterpret_cast<const U8*>(&version));
  stream.put32bitsLE(reinterpret_cast<const U8*>(&count));
  if (count > 0) {
    ArithmeticEncoder encoder;
    encoder.init(&stream);
    IntegerCompressor sizes(&encoder, 32, 2);
    sizes.initCompressor();
    I32 last = 0;
    for (const std::size_t bytes : chunk_bytes) {
      sizes.compress(last, static_cast<I32>(bytes), 1);
      last = static_cast<I32>(bytes);
    }
    encoder.done();
  }
  return bytes_of(stream, 0, static_cast<std::size_t>(stream.getCurr()));
}

std::string compress_las(const std::string& las, const Run& run) {
  const auto data_offset = number_at<std::uint32_t>(las, 96);
  const auto record_length = number_at<std::uint16_t>(las, 105);
  const int format = number_at<std::uint8_t>(las, 104);
  const auto points = static_cast<std::size_t>(number_at<std::uint64_t>(las, 247));
  constexpr std::size_t kChunk = kLazChunkPoints;
  std::vector<std::string> chunks((points + kChunk - 1) / kChunk);
  for_blocks(
      chunks.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          LASzip scheme = scheme_of(format, record_length);
          const std::size_t n = std::min(kChunk, points - k * kChunk);
          chunks[k] = compress_chunk(las.data() + data_offset + k * kChunk * record_length, n, record_length, scheme);
        }
      },
      run, "compress", 1);
  LASzip scheme = scheme_of(format, record_length);
  U8* packed = nullptr;
  int length = 0;
  if (!scheme.pack(packed, length)) no_laszip();
  std::string record(kVlrHeader, '\0');
  std::memcpy(record.data() + 2, "laszip encoded", 14);
  put(record, 18, std::uint16_t{22204});
  put(record, 20, static_cast<std::uint16_t>(length));
  record.append(reinterpret_cast<const char*>(packed), static_cast<std::size_t>(length));
  std::string laz = las.substr(0, data_offset) + record;
  put(laz, 96, static_cast<std::uint32_t>(laz.size()));
  put(laz, 100, number_at<std::uint32_t>(las, 100) + 1);
  put(laz, 104, static_cast<std::uint8_t>(format | 0x80));
  std::size_t table_at = laz.size() + 8;
  for (const std::string& chunk : chunks) table_at += chunk.size();
  laz.append(8, '\0');
  put(laz, laz.size() - 8, static_cast<std::int64_t>(table_at));
  for (const std::string& chunk : chunks) laz += chunk;
  std::vector<std::size_t> sizes;
  for (const std::string& chunk : chunks) sizes.push_back(chunk.size());
  return laz + laz_chunk_table(sizes);
}

}  // namespace highwall
