#include "io/readers/insar/raw_pixels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "io/readers/bytes.hpp"

namespace highwall::insar {
namespace {

constexpr std::size_t kSampledNumbers = 4096;
constexpr std::size_t kStretchBytes = std::size_t{1} << 18U;  // read at a time, to be in the cache when it is converted

template <class T, class Bits>
T swapped(const char* from) noexcept {
  Bits bits = load_as<Bits>(from);
  if constexpr (sizeof(Bits) == 2) bits = static_cast<Bits>((bits << 8U) | (bits >> 8U));
  if constexpr (sizeof(Bits) == 4) bits = __builtin_bswap32(bits);
  if constexpr (sizeof(Bits) == 8) bits = __builtin_bswap64(bits);
  return std::bit_cast<T>(bits);
}

template <class T, class Bits>
void convert_as(const char* from, bool big_endian, std::size_t stride, std::size_t count, float* to) noexcept {
  if (big_endian) {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(swapped<T, Bits>(from + i * stride));
  } else {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(load_as<T>(from + i * stride));
  }
}

}  // namespace

std::string RawFile::head(std::size_t most) const {
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, size())), '\0');
  read(0, bytes.size(), bytes.data());
  return bytes;
}

std::size_t bytes_of(Number number) noexcept {
  switch (number) {
    case Number::u1:
      return 1;
    case Number::i2:
      return 2;
    case Number::f4:
      return 4;
    case Number::f8:
      return 8;
  }
  return 0;
}

void convert(const char* from, Number number, bool big_endian, std::size_t stride, std::size_t count, float* to) noexcept {
  if (number == Number::f4 && !big_endian && stride == sizeof(float)) {
    std::memcpy(to, from, count * sizeof(float));
    return;
  }
  switch (number) {
    case Number::u1:
      return convert_as<std::uint8_t, std::uint8_t>(from, false, stride, count, to);
    case Number::i2:
      return convert_as<std::int16_t, std::uint16_t>(from, big_endian, stride, count, to);
    case Number::f4:
      return convert_as<float, std::uint32_t>(from, big_endian, stride, count, to);
    case Number::f8:
      return convert_as<double, std::uint64_t>(from, big_endian, stride, count, to);
  }
}

void require_sane(const RawFile& file, const RawLayout& layout, const std::filesystem::path& path) {
  constexpr std::uint64_t kBeyond = std::uint64_t{1} << 62U;
  const std::uint64_t last_row = layout.offset + layout.pixel_stride * (layout.cols - 1) + bytes_of(layout.number);
  const bool possible = layout.row_stride == 0 || layout.rows - 1 <= (kBeyond - last_row) / layout.row_stride;
  if (!possible || last_row + layout.row_stride * (layout.rows - 1) > file.size()) {
    throw Error(ErrorKind::input,
                fmt::format("it has {} bytes, too few for {} rows of {} bytes from byte {}", file.size(), layout.rows,
                            layout.row_stride, layout.offset),
                path.string(), "the file is cut off, or its header is of another raster");
  }
  if (layout.number != Number::f4) return;
  // Phase, amplitude and coherence are neither huge nor next to nothing; with their bytes turned round most are.
  const std::size_t cols = std::min(layout.cols, kSampledNumbers);
  std::vector<char> bytes(layout.pixel_stride * (cols - 1) + sizeof(float));
  std::vector<float> values(cols);
  const auto insane = [&](bool big_endian) {
    convert(bytes.data(), Number::f4, big_endian, layout.pixel_stride, cols, values.data());
    return std::count_if(values.begin(), values.end(), [](float v) {
      const float size = std::abs(v);
      return !std::isnan(v) && v != 0.0F && !(size > 1e-15F && size < 1e15F);
    });
  };
  file.read(layout.offset + layout.row_stride * (layout.rows / 2), bytes.size(), bytes.data());
  if (insane(layout.big_endian) > static_cast<std::ptrdiff_t>(cols / 4) && insane(!layout.big_endian) == 0) {
    throw Error(ErrorKind::input,
                fmt::format("its numbers make sense as {}-endian floats only", layout.big_endian ? "little" : "big"),
                path.string(), "the file is of another processor than its header says");
  }
}

char* scratch(std::size_t bytes) {
  thread_local std::vector<char> room;
  if (room.size() < bytes) room.resize(bytes);
  return room.data();
}

RawPixels::RawPixels(std::filesystem::path path, RawLayout layout, std::shared_ptr<FilePool> pool)
    : path_(std::move(path)), layout_(layout), pool_(std::move(pool)) {}

void RawPixels::read(const Window& window, float* to) const {
  const RawLayout& l = layout_;
  const auto file = pool_->get(path_.string(), [this] { return std::make_shared<const RawFile>(path_); });
  const std::size_t wide = l.pixel_stride * (window.cols - 1) + bytes_of(l.number);
  const std::uint64_t start = l.offset + l.row_stride * window.row + l.pixel_stride * window.col;
  // Rows that lie close together come in one go; of bands that lie apart only the one that is wanted.
  const bool close = l.row_stride <= 3 * wide;
  const std::size_t together = close ? std::max<std::size_t>(1, kStretchBytes / l.row_stride) : 1;
  for (std::size_t r = 0; r < window.rows; r += together) {
    const std::size_t rows = std::min(together, window.rows - r);
    const std::size_t size = l.row_stride * (rows - 1) + wide;
    char* bytes = scratch(size);
    file->read(start + l.row_stride * r, size, bytes);
    for (std::size_t i = 0; i < rows; ++i) {
      convert(bytes + l.row_stride * i, l.number, l.big_endian, l.pixel_stride, window.cols, to + (r + i) * window.cols);
    }
  }
}

PixelsWhere::PixelsWhere(std::shared_ptr<const Pixels> values, std::shared_ptr<const Pixels> where)
    : values_(std::move(values)), where_(std::move(where)) {}

void PixelsWhere::read(const Window& window, float* to) const {
  values_->read(window, to);
  std::vector<float> where(window.rows * window.cols);
  where_->read(window, where.data());
  for (std::size_t i = 0; i < where.size(); ++i) {
    if (where[i] == 0.0F) to[i] = kMissing;
  }
}

}  // namespace highwall::insar
