#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/error.hpp"

namespace highwall {

/// Reads numbers out of a file in memory; every access is checked against the file's size.
class Bytes {
 public:
  Bytes(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  std::size_t size() const noexcept { return bytes_.size(); }
  bool has(std::size_t offset, std::size_t length) const noexcept {
    return offset <= bytes_.size() && length <= bytes_.size() - offset;
  }
  /// @throws Error(input) naming the byte when the file ends before.
  std::string_view at(std::size_t offset, std::size_t length) const {
    if (!has(offset, length)) {
      throw Error(ErrorKind::input,
                  "the file ends at byte " + std::to_string(bytes_.size()) + ", but " + std::to_string(length) +
                      " bytes are wanted from byte " + std::to_string(offset),
                  name_, "the file is cut off or damaged");
    }
    return bytes_.substr(offset, length);
  }
  template <class T>
  T get(std::size_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, at(offset, sizeof(T)).data(), sizeof(T));
    return value;
  }
  /// Text up to the first zero byte.
  std::string text(std::size_t offset, std::size_t length) const {
    const std::string_view raw = at(offset, length);
    return std::string(raw.substr(0, raw.find('\0')));
  }

 private:
  std::string_view bytes_;
  std::string name_;
};

static_assert(std::endian::native == std::endian::little, "readers assume a little-endian machine");

/// A number at a pointer that the caller has checked.
template <class T>
T load_as(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

}  // namespace highwall
