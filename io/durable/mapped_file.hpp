#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace highwall {

/// A file that is looked at where it lies on the disk: only what is being looked at takes memory.
class MappedFile {
 public:
  /// @throws Error(input) naming the path: missing, a folder, empty, unreadable
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const noexcept { return {data_, size_}; }
  /// Copies [begin, begin + size) out of the file. What lasts is to be read so: whoever looks at bytes that a file no longer
  /// has, or that its disk cannot give, is ended by the system. Any number of threads may read.
  /// @throws Error(input) when the file ends before, or cannot be read
  void read(std::size_t begin, char* to, std::size_t size) const;
  /// Gives back the memory of what was looked at; what is read again comes from the disk.
  void release() const noexcept;
  /// @throws Error(input) when the file has another size or time of change than at the beginning
  void require_unchanged() const;

 private:
  struct State {
    std::size_t size = 0;
    long long changed_ns = 0;
  };
  State state() const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  State at_first_;
};

}  // namespace highwall
