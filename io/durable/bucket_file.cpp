#include "io/durable/bucket_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

constexpr std::size_t kLargestExtent = std::size_t{8} << 20U;

/// A file without a name; on a file system that has none, one whose name is gone at once.
int open_nameless(const std::filesystem::path& folder) {
  const std::filesystem::path named = folder.empty() ? std::filesystem::path(".") : folder;
  int descriptor = ::open(named.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
  std::string pattern = (named / "XXXXXX").string() + std::string(kTemporarySuffix);
  descriptor = ::mkostemps(pattern.data(), static_cast<int>(kTemporarySuffix.size()), O_CLOEXEC);
  if (descriptor >= 0) ::unlink(pattern.c_str());
  return descriptor;
}

}  // namespace

BucketFile::BucketFile(std::filesystem::path folder, std::size_t buckets, std::size_t buffer_bytes)
    : folder_(std::move(folder)), buffer_bytes_(buffer_bytes), buckets_(buckets) {
  descriptor_ = open_nameless(folder_);
  if (descriptor_ < 0) fail("no scratch file can be made there", errno);
}

BucketFile::~BucketFile() { ::close(descriptor_); }

void BucketFile::fail(const char* what, int code) const {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  throw Error(ErrorKind::storage, fmt::format("{}: {}", what, std::strerror(code)), folder_.string(),
              full ? fmt::format("the scratch file had {:.2f} GB: free some disk space there, or name another folder as scratch",
                                 static_cast<double>(end_.load()) / 1e9)
                   : "name another folder as scratch");
}

void BucketFile::append(std::size_t bucket, std::string_view bytes) {
  Bucket& b = buckets_[bucket];
  b.size += bytes.size();
  if (b.waiting.size() + bytes.size() > buffer_bytes_) {
    write(b, b.waiting);
    b.waiting.clear();
  }
  if (bytes.size() > buffer_bytes_) {
    write(b, bytes);
  } else {
    if (b.waiting.capacity() == 0) b.waiting.reserve(buffer_bytes_);
    b.waiting.append(bytes);
  }
}

void BucketFile::write(Bucket& bucket, std::string_view bytes) {
  while (!bytes.empty()) {
    const Extent extent{end_.fetch_add(std::min(bytes.size(), kLargestExtent)), std::min(bytes.size(), kLargestExtent)};
    for (std::size_t done = 0; done < extent.length;) {
      const ssize_t n = ::pwrite(descriptor_, bytes.data() + done, extent.length - done, static_cast<off_t>(extent.at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("the scratch file cannot be written", n < 0 ? errno : EIO);
      done += static_cast<std::size_t>(n);
    }
    bucket.extents.push_back(extent);
    bytes.remove_prefix(extent.length);
  }
}

void BucketFile::read(std::size_t bucket, char* to, const Run& run) const {
  const Bucket& b = buckets_[bucket];
  std::vector<std::size_t> place(b.extents.size() + 1, 0);
  for (std::size_t k = 0; k < b.extents.size(); ++k) place[k + 1] = place[k] + b.extents[k].length;
  for_blocks(
      b.extents.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          std::size_t got = 0;
          while (got < b.extents[k].length) {
            const ssize_t n =
                ::pread(descriptor_, to + place[k] + got, b.extents[k].length - got, static_cast<off_t>(b.extents[k].at + got));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) fail("the scratch file cannot be read", n < 0 ? errno : EIO);
            got += static_cast<std::size_t>(n);
          }
        }
      },
      run, {}, 1);
  std::memcpy(to + place.back(), b.waiting.data(), b.waiting.size());
}

void BucketFile::drop(std::size_t bucket) {
  Bucket& b = buckets_[bucket];
  for (const Extent& e : b.extents) {
    // Only a courtesy: a file system that cannot do it gives all back at the end.
    static_cast<void>(::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(e.at),
                                  static_cast<off_t>(e.length)));
  }
  b = {};
}

std::uint64_t free_bytes(const std::filesystem::path& folder) {
  struct statvfs status {};
  const std::filesystem::path named = folder.empty() ? std::filesystem::path(".") : folder;
  if (::statvfs(named.c_str(), &status) != 0) {
    throw Error(ErrorKind::storage, fmt::format("the folder cannot be looked at: {}", std::strerror(errno)), named.string(),
                "name another folder as scratch");
  }
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace highwall
