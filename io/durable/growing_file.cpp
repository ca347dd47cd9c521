#include "io/durable/growing_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/durable/fault.hpp"
#include "io/durable/fold.hpp"

namespace highwall {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

}  // namespace

GrowingFile::GrowingFile(std::filesystem::path path, std::size_t head_bytes)
    : path_(std::move(path)),
      temporary_(path_.string() + std::string(kTemporarySuffix)),
      head_bytes_(head_bytes),
      size_(head_bytes) {
  descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("the file cannot be made", errno);
}

GrowingFile::~GrowingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void GrowingFile::fail(const char* what, int code) const {
  throw Error(ErrorKind::storage, fmt::format("{}: {}", what, std::strerror(code)), path_.string(),
              code == ENOSPC
                  ? fmt::format("free some disk space: {:.2f} GB of the result were written", static_cast<double>(size_) / 1e9)
                  : "");
}

void GrowingFile::append(std::string_view bytes) {
  for (std::string_view left = bytes; !left.empty();) {
    const ssize_t n = ::pwrite(descriptor_, left.data(), left.size(), static_cast<off_t>(size_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("the file cannot be written", n < 0 ? errno : EIO);
    size_ += static_cast<std::uint64_t>(n);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  if (!odd_.empty()) {
    const std::size_t more = std::min(kWord - odd_.size(), bytes.size());
    odd_.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    if (odd_.size() < kWord) return;
    digest_ = fold_words(digest_, odd_);
    odd_.clear();
  }
  digest_ = fold_words(digest_, bytes);
  odd_ = bytes.substr(bytes.size() / kWord * kWord);
}

void GrowingFile::commit(std::string_view head) {
  if (head.size() != head_bytes_)
    throw Error(ErrorKind::internal, "the head of a file has another size than its room", path_.string());
  for (std::size_t done = 0; done < head.size();) {
    const ssize_t n = ::pwrite(descriptor_, head.data() + done, head.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("the file cannot be written", n < 0 ? errno : EIO);
    done += static_cast<std::size_t>(n);
  }
  if (const int code = fault("after_write")) fail("the file cannot be written", code);
  // After a failed fsync the kernel takes the pages for clean: never try again on the same file.
  if (::fsync(descriptor_) != 0) fail("the file cannot be forced to disk", errno);
  require_reads_back(head);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("the file cannot be closed", errno);
  if (const int code = fault("before_rename")) fail("the file cannot be renamed", code);
  move_file(temporary_, path_);
  temporary_.clear();
}

void GrowingFile::require_reads_back(std::string_view head) const {
  std::string step(std::size_t{1} << 20U, '\0');
  const auto read = [&](std::uint64_t at, std::size_t wanted) {
    for (std::size_t got = 0; got < wanted;) {
      const ssize_t n = ::pread(descriptor_, step.data() + got, wanted - got, static_cast<off_t>(at + got));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("the file cannot be read back", n < 0 ? errno : EIO);
      got += static_cast<std::size_t>(n);
    }
    return std::string_view(step).substr(0, wanted);
  };
  bool same = true;
  for (std::size_t at = 0; at < head.size() && same; at += step.size()) {
    const std::size_t wanted = std::min(step.size(), head.size() - at);
    same = read(at, wanted) == head.substr(at, wanted);
  }
  std::uint64_t digest = 0;
  std::string_view rest;
  for (std::uint64_t at = head_bytes_; at < size_ && same;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step.size(), size_ - at));
    const std::string_view got = read(at, wanted);
    digest = fold_words(digest, got);
    rest = got.substr(got.size() / kWord * kWord);
    at += wanted;
  }
  if (!same || digest != digest_ || rest != odd_) {
    throw Error(ErrorKind::storage, "what was written does not read back the same", path_.string(), "check the disk");
  }
}

}  // namespace highwall
