#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/durable/mapped_file.hpp"
#include "io/readers/insar/layers.hpp"
#include "io/readers/insar/pool.hpp"

namespace highwall::insar {

/// A file that is read by place; several threads may.
class RawFile {
 public:
  /// @throws Error(input): missing, no file, empty, not to be read
  explicit RawFile(const std::filesystem::path& path) : file_(path) {}

  std::uint64_t size() const noexcept { return file_.bytes().size(); }
  /// @throws Error(input) when the file ends before
  void read(std::uint64_t offset, std::size_t bytes, void* to) const {
    file_.read(static_cast<std::size_t>(offset), static_cast<char*>(to), bytes);
  }
  /// The first bytes, at most `most` of them.
  std::string head(std::size_t most) const;

 private:
  MappedFile file_;
};

using FilePool = Pool<const RawFile>;

enum class Number { u1, i2, f4, f8 };
std::size_t bytes_of(Number number) noexcept;

/// Numbers in stretches of a file, one after another, to float.
void convert(const char* from, Number number, bool big_endian, std::size_t stride, std::size_t count, float* to) noexcept;

/// Room of this thread for a stretch of a file. It is kept: a new one each time would cost more than the reading.
char* scratch(std::size_t bytes);

/// How the numbers of a raster without a wrapping lie in its file.
struct RawLayout {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::uint64_t offset = 0;      ///< Of the first number.
  std::uint64_t row_stride = 0;  ///< Bytes from row to row.
  std::size_t pixel_stride = 0;  ///< Bytes from number to number.
  Number number = Number::f4;
  bool big_endian = false;
};

/// @throws Error(input) when the file is shorter than the raster, or its numbers make sense in the other byte order only
void require_sane(const RawFile& file, const RawLayout& layout, const std::filesystem::path& path);

class RawPixels final : public Pixels {
 public:
  RawPixels(std::filesystem::path path, RawLayout layout, std::shared_ptr<FilePool> pool);
  void read(const Window& window, float* to) const override;
  const RawLayout& layout() const noexcept { return layout_; }

 private:
  std::filesystem::path path_;
  RawLayout layout_;
  std::shared_ptr<FilePool> pool_;
};

/// The numbers of one raster where another of the same file is not 0: amplitude and phase of ISCE2.
class PixelsWhere final : public Pixels {
 public:
  PixelsWhere(std::shared_ptr<const Pixels> values, std::shared_ptr<const Pixels> where);
  void read(const Window& window, float* to) const override;

 private:
  std::shared_ptr<const Pixels> values_;
  std::shared_ptr<const Pixels> where_;
};

}  // namespace highwall::insar
