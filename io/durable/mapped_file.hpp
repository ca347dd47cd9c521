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
  /// The bytes [begin, end) are not needed for now: their memory is given back.
  void release(std::size_t begin, std::size_t end) const noexcept;
  /// To be called before each stretch: what a file that shrinks no longer has cannot be looked at.
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
