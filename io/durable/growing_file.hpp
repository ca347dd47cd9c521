#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace highwall {

/// As write_whole(), for a file that is larger than the memory: its bytes come one after the other, its head last, and
/// commit() makes it visible. Without commit() nothing is left.
class GrowingFile {
 public:
  /// @param head_bytes  room at the beginning, for commit() @throws Error(storage)
  explicit GrowingFile(std::filesystem::path path, std::size_t head_bytes = 0);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  void append(std::string_view bytes);
  std::uint64_t size() const noexcept { return size_; }
  /// Writes the head, forces all to the disk, reads it back, and renames. @throws Error(storage), Error(internal) for a head of
  /// another size
  void commit(std::string_view head = {});

 private:
  [[noreturn]] void fail(const char* what, int code) const;
  void require_reads_back(std::string_view head) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::size_t head_bytes_;
  std::uint64_t size_;
  int descriptor_ = -1;
  std::uint64_t digest_ = 0;
  std::string odd_;  ///< Bytes that do not fill a word of the digest yet.
};

}  // namespace highwall
