#include "io/readers/field_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace highwall {
namespace {

Channel empty_channel(FieldType type) {
  switch (type) {
    case FieldType::i1:
      return std::vector<std::int8_t>();
    case FieldType::u1:
      return std::vector<std::uint8_t>();
    case FieldType::i2:
      return std::vector<std::int16_t>();
    case FieldType::u2:
      return std::vector<std::uint16_t>();
    case FieldType::i4:
      return std::vector<std::int32_t>();
    case FieldType::u4:
      return std::vector<std::uint32_t>();
    case FieldType::i8:
      return std::vector<std::int64_t>();
    case FieldType::u8:
      return std::vector<std::uint64_t>();
    case FieldType::f4:
      return std::vector<float>();
    case FieldType::f8:
      return std::vector<double>();
  }
  return std::vector<double>();
}

}  // namespace

std::size_t size_of(FieldType type) {
  switch (type) {
    case FieldType::i1:
    case FieldType::u1:
      return 1;
    case FieldType::i2:
    case FieldType::u2:
      return 2;
    case FieldType::i4:
    case FieldType::u4:
    case FieldType::f4:
      return 4;
    case FieldType::i8:
    case FieldType::u8:
    case FieldType::f8:
      return 8;
  }
  return 8;
}

FieldColumn::FieldColumn(std::string name, FieldType type) : name_(std::move(name)), type_(type), values_(empty_channel(type)) {}

void FieldColumn::reserve(std::size_t n) {
  std::visit([n](auto& values) { values.reserve(n); }, values_);
}

void FieldColumn::push_raw(const char* bytes, bool swap) {
  std::visit(
      [&](auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        std::array<char, sizeof(T)> raw{};
        std::memcpy(raw.data(), bytes, sizeof(T));
        if (swap) std::reverse(raw.begin(), raw.end());
        T value;
        std::memcpy(&value, raw.data(), sizeof(T));
        values.push_back(value);
      },
      values_);
}

void FieldColumn::push(double value) {
  std::visit(
      [&](auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_floating_point_v<T>) {
          values.push_back(static_cast<T>(value));
        } else {
          const double low = static_cast<double>(std::numeric_limits<T>::min());
          const double high = static_cast<double>(std::numeric_limits<T>::max());
          const bool fits = value > low - 1.0 && value < high;
          values.push_back(std::isnan(value) ? T{0}
                           : fits            ? static_cast<T>(value)
                           : value < 0.0     ? std::numeric_limits<T>::min()
                                             : std::numeric_limits<T>::max());
        }
      },
      values_);
}

double FieldColumn::at(std::size_t i) const { return value_at(values_, i); }
std::size_t FieldColumn::size() const { return highwall::size_of(values_); }

}  // namespace highwall
