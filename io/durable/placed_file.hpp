#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace highwall {

/// As write_whole(), for a file that is larger than the memory and whose size is known: its bytes come in any order, each part
/// once; what is never written is zero. commit() makes it visible; without it nothing is left.
class PlacedFile {
 public:
  /// @throws Error(storage)
  PlacedFile(std::filesystem::path path, std::uint64_t size);
  ~PlacedFile();
  PlacedFile(const PlacedFile&) = delete;
  PlacedFile& operator=(const PlacedFile&) = delete;

  /// @throws Error(storage), Error(internal) for a part beyond the file's size
  void write(std::uint64_t at, std::string_view bytes);
  /// Forces all to the disk, reads it back, and renames. @throws Error(storage)
  void commit();

 private:
  struct Part {
    std::uint64_t at, size, digest;
  };
  [[noreturn]] void fail(const char* what, int code) const;
  void require_reads_back() const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::uint64_t size_;
  int descriptor_ = -1;
  std::vector<Part> parts_;
};

}  // namespace highwall
