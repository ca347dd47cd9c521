#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "io/readers/reader.hpp"

namespace highwall {

/// One scan of a Chinese S-SAR ("DiffImage"), as it stands in the file but row-major: rows are range bins. Unit, sign, time and
/// whether it is motion since the scan before are not in the file.
struct DiffImage {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<double> range;    ///< One a row, ascending.
  std::vector<double> azimuth;  ///< One a column, ascending or descending.
  std::vector<float> values;    ///< rows x cols; what is not finite is NaN.
};

/// Rows and columns by the header of a file whose size goes with them; zeros when it does not.
/// @param head  at least the first 8 bytes
std::array<std::size_t, 2> diffimage_shape(std::string_view head, std::size_t file_bytes) noexcept;

/// Little-endian int32 rows, int32 columns, float64 range axis, float64 azimuth axis, float32 values column by column.
/// @throws Error(input) naming the byte and what is wrong: a header that the file's size does not go with, axes that are not
///         finite or do not go one way
DiffImage parse_diffimage(const Input& input);

}  // namespace highwall
