#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame.hpp"

namespace highwall {

/// An attribute beyond those of the point format (LAS 1.4 R15, table 24).
struct LasExtra {
  std::string name;       ///< Up to 32 bytes.
  std::uint8_t type = 0;  ///< 1 to 10: uint8, int8, uint16, ..., float, double.
};
std::size_t las_type_bytes(std::uint8_t type);

/// The bytes of a LAS 1.4 file in the making: header, records of extra attributes and of the CRS (WKT with its vertical
/// part), room for the points. The file carries no creation date.
class LasFile {
 public:
  /// @param origin  the offset of the coordinates
  /// @throws Error(input) for more extra attributes than a record can describe
  LasFile(const Frame& frame, int point_format, const std::vector<LasExtra>& extras, std::size_t points, double scale);

  std::size_t record_length() const noexcept { return record_length_; }
  std::size_t extra_offset() const noexcept { return extra_offset_; }  ///< Of the extra attributes in a record.
  char* record(std::size_t i) { return bytes_.data() + data_offset_ + i * record_length_; }
  template <class T>
  void set(std::size_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  /// Local coordinates as counts of the scale. @throws Error(frame) where they do not fit into 32 bits
  void set_place(std::size_t i, const double* local);
  /// Fills in the bounds and the numbers of returns, and gives the bytes away.
  std::string finish() &&;

 private:
  std::string bytes_;
  std::size_t data_offset_ = 0;
  std::size_t record_length_ = 0;
  std::size_t extra_offset_ = 0;
  std::size_t points_ = 0;
  double scale_ = 0.0;
  std::array<double, 3> offset_{};
};

}  // namespace highwall
