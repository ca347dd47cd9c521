#include "io/readers/scans/diffimage.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "io/readers/bytes.hpp"

namespace highwall {
namespace {

constexpr std::size_t kHeader = 8;

/// Bytes of a file of so many rows and columns; both are below 2^31, so that nothing overflows.
constexpr std::uint64_t bytes_of(std::uint64_t rows, std::uint64_t cols) { return kHeader + 8 * (rows + cols) + 4 * rows * cols; }

/// One of the two axes, which must go one way: cells at one place would be neighbours of themselves.
std::vector<double> read_axis(const Bytes& bytes, std::size_t offset, std::size_t n, const char* what, const std::string& name) {
  std::vector<double> axis(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = offset + 8 * i;
    axis[i] = bytes.get<double>(at);
    const bool turns = i > 1 && (axis[i] > axis[i - 1]) != (axis[1] > axis[0]);
    if (!std::isfinite(axis[i]) || turns || (i > 0 && axis[i] == axis[i - 1])) {
      throw Error(ErrorKind::input,
                  fmt::format("{} {} at byte {} is {}: the axis must be finite and go one way", what, i, at, axis[i]), name,
                  "the file is damaged, or no DiffImage");
    }
  }
  return axis;
}

}  // namespace

std::array<std::size_t, 2> diffimage_shape(std::string_view head, std::size_t file_bytes) noexcept {
  if (head.size() < kHeader) return {0, 0};
  const auto rows = load_as<std::int32_t>(head.data());
  const auto cols = load_as<std::int32_t>(head.data() + 4);
  if (rows < 1 || cols < 1) return {0, 0};
  const auto m = static_cast<std::size_t>(rows);
  const auto n = static_cast<std::size_t>(cols);
  return bytes_of(m, n) == file_bytes ? std::array{m, n} : std::array<std::size_t, 2>{0, 0};
}

DiffImage parse_diffimage(const Input& input) {
  const Bytes bytes(input.bytes, input.name);
  const auto [rows, cols] = diffimage_shape(input.bytes, input.bytes.size());
  if (rows == 0) {
    const auto m = bytes.get<std::int32_t>(0);
    const auto n = bytes.get<std::int32_t>(4);
    const std::string wanted =
        m > 0 && n > 0 ? fmt::format("{} bytes", bytes_of(static_cast<std::uint64_t>(m), static_cast<std::uint64_t>(n)))
                       : "no file";
    throw Error(ErrorKind::input,
                fmt::format("the header says {} x {} cells, which is {}, but the file has {} bytes", m, n, wanted, bytes.size()),
                input.name, "the file is cut off, damaged, or no DiffImage");
  }
  DiffImage image{rows, cols, {}, {}, {}};
  image.range = read_axis(bytes, kHeader, rows, "range", input.name);
  image.azimuth = read_axis(bytes, kHeader + 8 * rows, cols, "azimuth", input.name);
  if (image.range.front() < 0.0 || (rows > 1 && image.range[1] < image.range[0])) {
    throw Error(ErrorKind::input, fmt::format("the range axis begins at {} and must ascend from 0 or more", image.range.front()),
                input.name, "the file is damaged, or no DiffImage");
  }
  image.values.resize(rows * cols);
  const char* data = bytes.at(kHeader + 8 * (rows + cols), 4 * rows * cols).data();
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      const auto v = load_as<float>(data + 4 * (c * rows + r));
      image.values[r * cols + c] = std::isfinite(v) ? v : std::numeric_limits<float>::quiet_NaN();
    }
  }
  return image;
}

}  // namespace highwall
