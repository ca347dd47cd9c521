#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/error.hpp"
#include "io/durable/mapped_file.hpp"

namespace highwall {

/// Reads numbers out of a file in memory; every access is checked against the file's size.
class Bytes {
 public:
  /// @param file  where the bytes are looked at on the disk; nullptr = they are in memory
  Bytes(std::string_view bytes, std::string name, const MappedFile* file = nullptr)
      : bytes_(bytes), name_(std::move(name)), file_(file) {}

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
  /// False: at() looks at the disk, and much is better taken with copy().
  bool in_memory() const noexcept { return file_ == nullptr; }
  /// @throws Error(input) as at(), or when the disk cannot give them
  void copy(std::size_t offset, std::size_t length, char* to) const {
    const std::string_view from = at(offset, length);
    if (file_ != nullptr) {
      file_->read(offset, to, length);
    } else {
      std::memcpy(to, from.data(), length);
    }
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
  const MappedFile* file_;
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
