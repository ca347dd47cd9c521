#include "io/durable/placed_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/durable/fault.hpp"
#include "io/durable/fold.hpp"

namespace highwall {

PlacedFile::PlacedFile(std::filesystem::path path, std::uint64_t size)
    : path_(std::move(path)), temporary_(path_.string() + std::string(kTemporarySuffix)), size_(size) {
  descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("the file cannot be made", errno);
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    const int code = errno;
    ::close(std::exchange(descriptor_, -1));
    ::unlink(temporary_.c_str());
    fail("the file cannot be made so large", code);
  }
}

PlacedFile::~PlacedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void PlacedFile::fail(const char* what, int code) const {
  throw Error(ErrorKind::storage, fmt::format("{}: {}", what, std::strerror(code)), path_.string(),
              code == ENOSPC ? fmt::format("free some disk space: {:.2f} GB are needed", static_cast<double>(size_) / 1e9) : "");
}

void PlacedFile::write(std::uint64_t at, std::string_view bytes) {
  if (at > size_ || bytes.size() > size_ - at) {
    throw Error(ErrorKind::internal, "a part of a file lies beyond its end", path_.string());
  }
  parts_.push_back({at, bytes.size(), fold_bytes(0, bytes)});
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("the file cannot be written", n < 0 ? errno : EIO);
    at += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void PlacedFile::commit() {
  if (const int code = fault("after_write")) fail("the file cannot be written", code);
  // After a failed fsync the kernel takes the pages for clean: never try again on the same file.
  if (::fsync(descriptor_) != 0) fail("the file cannot be forced to disk", errno);
  require_reads_back();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("the file cannot be closed", errno);
  if (const int code = fault("before_rename")) fail("the file cannot be renamed", code);
  move_file(temporary_, path_);
  temporary_.clear();
}

void PlacedFile::require_reads_back() const {
  std::string bytes;
  for (const Part& part : parts_) {
    bytes.resize(part.size);
    for (std::size_t got = 0; got < bytes.size();) {
      const ssize_t n = ::pread(descriptor_, bytes.data() + got, bytes.size() - got, static_cast<off_t>(part.at + got));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("the file cannot be read back", n < 0 ? errno : EIO);
      got += static_cast<std::size_t>(n);
    }
    if (fold_bytes(0, bytes) != part.digest) {
      throw Error(ErrorKind::storage, "what was written does not read back the same", path_.string(), "check the disk");
    }
  }
}

}  // namespace highwall
