#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/error.hpp"

namespace highwall {

/// Numbers one after the other as bytes: the state of a stream.
class StateWriter {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  template <class T>
  void put(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    put<std::uint64_t>(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  void put_text(std::string_view text) {
    put<std::uint64_t>(text.size());
    bytes_.append(text);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// A sum over bytes by which damage is seen: words multiplied and mixed.
inline std::uint64_t checksum_of(std::string_view bytes) {
  std::uint64_t sum = 0x9e3779b97f4a7c15ULL + bytes.size();
  const auto mix = [&](std::uint64_t word) {
    sum = (sum ^ word) * 0xff51afd7ed558ccdULL;
    sum ^= sum >> 32U;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    mix(word);
  }
  std::uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  mix(rest);
  return sum;
}

/// Takes them out again. @throws Error(storage) where the bytes end, or a vector has not the size that is wanted
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  /// A vector of as many values as `values` has.
  template <class T>
  void get(std::vector<T>& values) {
    if (get<std::uint64_t>() != values.size()) damaged();
    const std::string_view raw = take(values.size() * sizeof(T));
    if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
  }
  /// A vector of any length.
  template <class T>
  std::vector<T> get_all() {
    const auto n = get<std::uint64_t>();
    if (n > bytes_.size() / sizeof(T)) damaged();
    std::vector<T> values(n);
    const std::string_view raw = take(n * sizeof(T));
    if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
  std::string get_text() {
    const auto n = get<std::uint64_t>();
    if (n > bytes_.size()) damaged();
    return std::string(take(n));
  }
  void end() const {
    if (!bytes_.empty()) damaged();
  }
  [[noreturn]] static void damaged() {
    throw Error(ErrorKind::storage, "the state of the stream is damaged, or of another grid", "", "begin the stream anew");
  }

 private:
  std::string_view take(std::size_t n) {
    if (n > bytes_.size()) damaged();
    const std::string_view part = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return part;
  }
  std::string_view bytes_;
};

}  // namespace highwall
