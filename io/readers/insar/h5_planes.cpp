#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "core/error.hpp"
#include "io/readers/insar/h5_product.hpp"

namespace highwall::insar {
namespace {

constexpr std::uint64_t kNotStored = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kMostChunks = std::size_t{1} << 24U;
constexpr std::size_t kFewRows = 32;
constexpr std::size_t kStretchBytes = std::size_t{1} << 18U;
constexpr std::size_t kLargestChunkCache = std::size_t{128} << 20U;

struct Shape {
  std::size_t planes = 1;
  std::size_t rows = 0;
  std::size_t cols = 0;
};

/// Where the chunks of a data set lie that is stored as it is in memory.
struct ChunkTable {
  Shape shape;
  std::size_t deep = 1;  ///< Planes, rows and columns of a chunk.
  std::size_t high = 1;
  std::size_t wide = 1;
  std::size_t across = 1;  ///< Chunks across and down.
  std::size_t down = 1;
  Number number = Number::f4;
  bool big_endian = false;
  std::vector<std::uint64_t> address;
};

class ChunkPixels final : public Pixels {
 public:
  ChunkPixels(std::shared_ptr<const ChunkTable> table, std::size_t plane, std::filesystem::path path,
              std::shared_ptr<FilePool> pool)
      : table_(std::move(table)), plane_(plane), path_(std::move(path)), pool_(std::move(pool)) {}

  /// Any rows are read at the same speed, if they are not too few.
  std::size_t row_block() const noexcept override { return std::min(table_->high, kFewRows); }

  void read(const Window& window, float* to) const override {
    const ChunkTable& t = *table_;
    const auto file = pool_->get(path_.string(), [this] { return std::make_shared<const RawFile>(path_); });
    for (std::size_t row = window.row; row < window.row + window.rows;) {
      const std::size_t high = std::min(t.high - row % t.high, window.row + window.rows - row);
      for (std::size_t col = window.col; col < window.col + window.cols;) {
        const std::size_t wide = std::min(t.wide - col % t.wide, window.col + window.cols - col);
        float* corner = to + (row - window.row) * window.cols + (col - window.col);
        read_part(*file, row, high, col, wide, corner, window.cols);
        col += wide;
      }
      row += high;
    }
  }

 private:
  /// Rows and columns of one chunk.
  void read_part(const RawFile& file, std::size_t row, std::size_t high, std::size_t col, std::size_t wide, float* to,
                 std::size_t to_stride) const {
    const ChunkTable& t = *table_;
    const std::uint64_t address = t.address[((plane_ / t.deep) * t.down + row / t.high) * t.across + col / t.wide];
    const std::size_t size = bytes_of(t.number);
    const std::size_t stride = t.wide * size;
    const std::uint64_t start = address + ((plane_ % t.deep) * t.high + row % t.high) * stride + (col % t.wide) * size;
    const std::size_t together = std::max<std::size_t>(1, kStretchBytes / stride);
    for (std::size_t r = 0; r < high; r += together) {
      const std::size_t rows = std::min(together, high - r);
      const std::size_t wanted = (rows - 1) * stride + wide * size;
      char* bytes = scratch(wanted);
      if (address != kNotStored) file.read(start + r * stride, wanted, bytes);
      for (std::size_t i = 0; i < rows; ++i) {
        float* line = to + (r + i) * to_stride;
        if (address == kNotStored) {
          std::fill_n(line, wide, kMissing);
        } else {
          convert(bytes + i * stride, t.number, t.big_endian, size, wide, line);
        }
      }
    }
  }

  std::shared_ptr<const ChunkTable> table_;
  std::size_t plane_;
  std::filesystem::path path_;
  std::shared_ptr<FilePool> pool_;
};

/// Data that only HDF5 can unpack. One reader at a time: it is one handle with one cache of chunks.
struct PackedData {
  std::shared_ptr<const H5Product> product;
  H5Product::Data data;
  std::string path;
  std::size_t row_block = 1;
  mutable std::mutex mutex;
};

class PackedPixels final : public Pixels {
 public:
  PackedPixels(std::shared_ptr<const PackedData> packed, std::size_t plane) : packed_(std::move(packed)), plane_(plane) {}

  std::size_t row_block() const noexcept override { return packed_->row_block; }

  void read(const Window& window, float* to) const override {
    const std::lock_guard lock(packed_->mutex);
    const hid_t id = packed_->data.id.get();
    std::vector<hsize_t> start{window.row, window.col};
    std::vector<hsize_t> count{window.rows, window.cols};
    if (packed_->data.shape.size() == 3) {
      start.insert(start.begin(), plane_);
      count.insert(count.begin(), 1);
    }
    const h5::Handle space(H5Dget_space(id), H5Sclose);
    const h5::Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
        H5Dread(id, H5T_NATIVE_FLOAT, memory.get(), space.get(), H5P_DEFAULT, to) < 0) {
      packed_->product->fail(
          fmt::format("rows {} to {} of {} cannot be read", window.row, window.row + window.rows, packed_->path),
          "the file is damaged, or packed by a filter that HDF5 has not (such as lzf): h5repack -f GZIP=1 "
          "where it was written");
    }
  }

 private:
  std::shared_ptr<const PackedData> packed_;
  std::size_t plane_;
};

std::optional<Number> number_of(hid_t type, bool& big_endian) {
  big_endian = H5Tget_order(type) == H5T_ORDER_BE;
  if (H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0) return Number::f4;
  if (H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F64BE) > 0) return Number::f8;
  if (H5Tequal(type, H5T_STD_U8LE) > 0) return Number::u1;
  if (H5Tequal(type, H5T_STD_I16LE) > 0 || H5Tequal(type, H5T_STD_I16BE) > 0) return Number::i2;
  return std::nullopt;
}

/// Chunks (planes, rows, columns); the whole plane where the data lie in one piece.
std::array<std::size_t, 3> chunk_of(hid_t creation, const Shape& shape, std::size_t rank) {
  if (H5Pget_layout(creation) != H5D_CHUNKED) return {1, shape.rows, shape.cols};
  std::array<hsize_t, 3> chunk{1, 1, 1};
  H5Pget_chunk(creation, static_cast<int>(rank), chunk.data() + (3 - rank));
  return {static_cast<std::size_t>(chunk[0]), static_cast<std::size_t>(chunk[1]), static_cast<std::size_t>(chunk[2])};
}

std::shared_ptr<const ChunkTable> chunk_table(const H5Product& product, const H5Product::Data& data, hid_t creation,
                                              const Shape& shape) {
  auto table = std::make_shared<ChunkTable>();
  const h5::Handle type(H5Dget_type(data.id.get()), H5Tclose);
  const auto number = number_of(type.get(), table->big_endian);
  const H5D_layout_t layout = H5Pget_layout(creation);
  if (!number || H5Pget_nfilters(creation) > 0 || layout == H5D_COMPACT) return nullptr;
  const std::size_t rank = data.shape.size();
  const auto chunk = chunk_of(creation, shape, rank);
  table->shape = shape;
  table->number = *number;
  table->deep = chunk[0];
  table->high = chunk[1];
  table->wide = chunk[2];
  table->down = (shape.rows + chunk[1] - 1) / chunk[1];
  table->across = (shape.cols + chunk[2] - 1) / chunk[2];
  const std::size_t layers = (shape.planes + chunk[0] - 1) / chunk[0];
  if (layers > kMostChunks / table->down / table->across) return nullptr;
  table->address.reserve(layers * table->down * table->across);
  if (layout != H5D_CHUNKED) {
    const haddr_t first = H5Dget_offset(data.id.get());
    if (first == HADDR_UNDEF) return nullptr;
    for (std::size_t p = 0; p < shape.planes; ++p) {
      table->address.push_back(first + static_cast<std::uint64_t>(p) * shape.rows * shape.cols * bytes_of(*number));
    }
    return table;
  }
  for (std::size_t p = 0; p < layers; ++p) {
    for (std::size_t y = 0; y < table->down; ++y) {
      for (std::size_t x = 0; x < table->across; ++x) {
        const std::array<hsize_t, 3> at{p * table->deep, y * table->high, x * table->wide};
        table->address.push_back(product.chunk_address(data.id.get(), at.data() + (3 - rank)));
      }
    }
  }
  return table;
}

}  // namespace

std::vector<std::shared_ptr<const Pixels>> planes_of(const std::shared_ptr<const H5Product>& product, const std::string& path,
                                                     const std::vector<std::size_t>& planes) {
  H5Product::Data data = product->open(path);
  const std::size_t rank = data.shape.size();
  if ((rank != 2 && rank != 3) || data.count == 0 || (data.kind != H5T_FLOAT && data.kind != H5T_INTEGER)) {
    product->fail("the data set " + path + " is no raster of numbers");
  }
  const Shape shape{rank == 3 ? data.shape[0] : 1, data.shape[rank - 2], data.shape[rank - 1]};
  for (const std::size_t plane : planes) {
    if (plane >= shape.planes) product->fail(fmt::format("the data set {} has no plane {}", path, plane));
  }
  const h5::Handle creation(H5Dget_create_plist(data.id.get()), H5Pclose);
  std::vector<std::shared_ptr<const Pixels>> all;
  const auto table = product->pool() ? chunk_table(*product, data, creation.get(), shape) : nullptr;
  if (table) {
    for (const std::size_t plane : planes) {
      all.push_back(std::make_shared<const ChunkPixels>(table, plane, product->path(), product->pool()));
    }
    return all;
  }
  const auto chunk = chunk_of(creation.get(), shape, rank);
  // Chunks that hold several planes stay unpacked until the last plane was read.
  const std::size_t band = chunk[0] * chunk[1] * (shape.cols + chunk[2]) * data.element;
  auto packed = std::make_shared<PackedData>();
  packed->product = product;
  packed->path = path;
  packed->row_block = H5Pget_layout(creation.get()) == H5D_CHUNKED ? chunk[1] : 1;
  data.id.reset();
  packed->data = product->open(path, std::clamp<std::size_t>(band, std::size_t{1} << 20U, kLargestChunkCache));
  for (const std::size_t plane : planes) all.push_back(std::make_shared<const PackedPixels>(packed, plane));
  return all;
}

}  // namespace highwall::insar
