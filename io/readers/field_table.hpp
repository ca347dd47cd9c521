#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cloud.hpp"

namespace highwall {

/// Type of a column in a PCD or PLY file.
enum class FieldType { i1, u1, i2, u2, i4, u4, i8, u8, f4, f8 };
std::size_t size_of(FieldType type);

/// More columns than this are no point cloud: a header of a few bytes could ask for any number of them.
inline constexpr std::size_t kMostColumns = 4096;

/// One column: its name, type and values, filled row by row.
class FieldColumn {
 public:
  FieldColumn(std::string name, FieldType type);
  const std::string& name() const noexcept { return name_; }
  FieldType type() const noexcept { return type_; }
  void reserve(std::size_t n);
  /// Appends a value from raw bytes (size_of(type) of them), byte-swapped when asked to.
  void push_raw(const char* bytes, bool swap);
  /// Appends a number; it is cut to the column's type.
  void push(double value);
  double at(std::size_t i) const;
  std::size_t size() const;
  Channel take() && { return std::move(values_); }

 private:
  std::string name_;
  FieldType type_;
  Channel values_;
};

}  // namespace highwall
