#include "io/durable/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.hpp"

namespace highwall {

MappedFile::MappedFile(std::filesystem::path path) : path_(std::move(path)) {
  // Without O_NONBLOCK a pipe of that name would hold the program for ever.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    const int code = errno;
    if (code == ENOENT) throw Error(ErrorKind::input, "the file does not exist", path_.string());
    throw Error(ErrorKind::input, fmt::format("the file cannot be opened: {}", std::strerror(code)), path_.string(),
                code == EACCES ? "check its permissions" : "");
  }
  const auto refuse = [&](const std::string& what) {
    ::close(descriptor_);
    throw Error(ErrorKind::input, what, path_.string());
  };
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) refuse("the file cannot be looked at");
  if (!S_ISREG(status.st_mode)) refuse("this is not a file");
  if (status.st_size == 0) refuse("the file is empty");
  at_first_ = state();
  size_ = at_first_.size;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (data == MAP_FAILED) refuse(fmt::format("the file cannot be mapped: {}", std::strerror(errno)));
  data_ = static_cast<const char*>(data);
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<char*>(data_), size_);
  ::close(descriptor_);
}

MappedFile::State MappedFile::state() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return {};
  return {static_cast<std::size_t>(status.st_size), 1000000000LL * status.st_mtim.tv_sec + status.st_mtim.tv_nsec};
}

void MappedFile::read(std::size_t begin, char* to, std::size_t size) const {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(descriptor_, to + got, size - got, static_cast<off_t>(begin + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(ErrorKind::input, fmt::format("the file cannot be read: {}", std::strerror(errno)), path_.string());
    if (n == 0) {
      throw Error(ErrorKind::input, fmt::format("the file ends at byte {} while {} are read", begin + got, begin + size),
                  path_.string(), "wait until it is complete");
    }
    got += static_cast<std::size_t>(n);
  }
}

void MappedFile::release() const noexcept { ::madvise(const_cast<char*>(data_), size_, MADV_DONTNEED); }

void MappedFile::require_unchanged() const {
  const State now = state();
  if (now.size == at_first_.size && now.changed_ns == at_first_.changed_ns) return;
  throw Error(ErrorKind::input, "the file was changed while it was read", path_.string(), "wait until it is complete");
}

}  // namespace highwall
