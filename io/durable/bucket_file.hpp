#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/run.hpp"

namespace highwall {

/// Many lists of bytes that grow side by side, on the disk, in one file without a name: however the program ends, the
/// room is given back. Nothing in it is forced to the disk.
class BucketFile {
 public:
  /// @param folder        where the room is taken
  /// @param buffer_bytes  of each bucket that wait in memory to be written at once
  /// @throws Error(storage) when the folder cannot be written
  BucketFile(std::filesystem::path folder, std::size_t buckets, std::size_t buffer_bytes);
  ~BucketFile();
  BucketFile(const BucketFile&) = delete;
  BucketFile& operator=(const BucketFile&) = delete;

  std::size_t buckets() const noexcept { return buckets_.size(); }
  /// Bytes in a bucket.
  std::size_t size(std::size_t bucket) const noexcept { return buckets_[bucket].size; }
  /// Different buckets may be appended to at the same time.
  /// @throws Error(storage) when the disk is full, naming the folder and how much was written
  void append(std::size_t bucket, std::string_view bytes);
  /// All of a bucket, in the order it came, to where there is room for size(bucket).
  void read(std::size_t bucket, char* to, const Run& run) const;
  /// Gives the room of a bucket back.
  void drop(std::size_t bucket);

 private:
  struct Extent {
    std::uint64_t at = 0;
    std::size_t length = 0;
  };
  struct Bucket {
    std::vector<Extent> extents;
    std::string waiting;
    std::size_t size = 0;
  };
  void write(Bucket& bucket, std::string_view bytes);
  [[noreturn]] void fail(const char* what, int code) const;

  std::filesystem::path folder_;
  std::size_t buffer_bytes_;
  int descriptor_ = -1;
  std::atomic<std::uint64_t> end_{0};
  std::vector<Bucket> buckets_;
};

/// Bytes that a folder's disk has free for us. @throws Error(storage) when it cannot be told
std::uint64_t free_bytes(const std::filesystem::path& folder);

}  // namespace highwall
