#include "io/durable/durable.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "io/durable/fault.hpp"
#include "io/durable/large_pages.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what, int code) {
  throw Error(ErrorKind::storage, fmt::format("{}: {}", what, std::strerror(code)), path.string(),
              code == ENOSPC ? "free some disk space; nothing that was acknowledged is lost" : "");
}

/// Closes a file descriptor when a scope is left.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return value_; }
  int close_now() { return ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

/// Removes the temporary file unless the rename has happened.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

/// Fills `bytes` from the file; fewer when the file ends before. @return 0 or errno
int read_some(int descriptor, char* bytes, std::size_t size, std::size_t& got) {
  got = 0;
  while (got < size) {
    const ssize_t n = ::read(descriptor, bytes + got, size - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return 0;
}

/// Compares a file with what it should hold, step by step: no second copy in memory.
bool reads_back(const fs::path& path, std::string_view bytes) {
  constexpr std::size_t kStep = 1U << 20U;
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) fail(path, "the file cannot be read back", errno);
  std::vector<char> step(kStep);
  std::size_t got = 0;
  do {
    if (const int code = read_some(descriptor.get(), step.data(), step.size(), got))
      fail(path, "the file cannot be read back", code);
    if (std::string_view(step.data(), got) != bytes.substr(0, got)) return false;
    bytes.remove_prefix(got);
  } while (got == step.size());
  return bytes.empty();
}

void sync_folder(const fs::path& folder) {
  if (const int code = fault("before_dirsync")) fail(folder, "the folder cannot be forced to disk", code);
  const fs::path named = folder.empty() ? fs::path(".") : folder;
  const Descriptor descriptor(::open(named.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) fail(named, "the folder cannot be opened", errno);
  if (::fsync(descriptor.get()) != 0) fail(named, "the folder cannot be forced to disk", errno);
}

int rename_to(const fs::path& from, const fs::path& to, IfExists if_exists) {
  const unsigned flags = if_exists == IfExists::fail ? RENAME_NOREPLACE : 0U;
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return 0;
  if (errno != EINVAL) return errno;
  // A file system without RENAME_NOREPLACE: link refuses to replace just as well.
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1U) != 0 ? (c >> 1U) ^ 0x82f63b78U : c >> 1U;
    table[i] = c;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

/// Splits a log into lines that hold; `good` is the number of bytes up to the end of the last one. The numbers of damaged ones
/// go into `damaged`; without it they throw.
std::vector<std::string> parse_log(const fs::path& path, const std::string& bytes, std::size_t& good,
                                   std::vector<std::size_t>* damaged) {
  std::vector<std::string> lines;
  std::size_t number = 0;
  good = 0;
  while (good < bytes.size()) {
    const std::size_t end = bytes.find('\n', good);
    if (end == std::string::npos) break;  // torn: no line end
    const std::string_view line = std::string_view(bytes).substr(good, end - good);
    const std::size_t bar = line.rfind('|');
    const bool holds =
        bar != std::string_view::npos && line.substr(bar + 1) == fmt::format("{:08x}", crc32c(line.substr(0, bar)));
    ++number;
    if (holds) {
      lines.emplace_back(line.substr(0, bar));
    } else {
      if (end + 1 == bytes.size()) break;  // torn: the last line does not hold
      if (damaged == nullptr) {
        throw Error(ErrorKind::storage, fmt::format("line {} does not match its checksum", number), path.string(),
                    "the log was damaged or edited; restore it from a copy");
      }
      damaged->push_back(number);
    }
    good = end + 1;
  }
  return lines;
}

}  // namespace

void write_whole(const fs::path& path, std::string_view bytes, IfExists if_exists) {
  const fs::path temporary = path.string() + std::string(kTemporarySuffix);
  Descriptor descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (descriptor.get() < 0) fail(path, "the file cannot be made", errno);
  Temporary guard(temporary);
  if (const int code = write_all(descriptor.get(), bytes)) fail(path, "the file cannot be written", code);
  if (const int code = fault("after_write")) fail(path, "the file cannot be written", code);
  if (const int code = fault("before_fsync")) fail(path, "the file cannot be forced to disk", code);
  // After a failed fsync the kernel takes the pages for clean: never try again on the same file.
  if (::fsync(descriptor.get()) != 0) fail(path, "the file cannot be forced to disk", errno);
  if (const int code = fault("fsync_fails")) fail(path, "the file cannot be forced to disk", code);
  if (descriptor.close_now() != 0) fail(path, "the file cannot be closed", errno);
  if (!reads_back(temporary, bytes)) {
    throw Error(ErrorKind::storage, "what was written does not read back the same", path.string(), "check the disk");
  }
  if (const int code = fault("before_rename")) fail(path, "the file cannot be renamed", code);
  if (const int code = rename_to(temporary, path, if_exists)) fail(path, "the file cannot be renamed", code);
  guard.keep();
  if (const int code = fault("after_rename")) fail(path, "the folder cannot be forced to disk", code);
  sync_folder(path.parent_path());
}

std::string read_whole(const fs::path& path, ErrorKind kind, std::uintmax_t most_bytes) {
  // Without O_NONBLOCK a pipe of that name would hold the program for ever.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) {
    const int code = errno;
    if (code == ENOENT) throw Error(kind, "the file does not exist", path.string());
    throw Error(kind, fmt::format("the file cannot be opened: {}", std::strerror(code)), path.string(),
                code == EACCES ? "check its permissions" : "");
  }
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) throw Error(kind, "the file cannot be looked at", path.string());
  if (!S_ISREG(status.st_mode)) throw Error(kind, "this is not a file", path.string());
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size > most_bytes) {
    throw Error(kind, fmt::format("the file has {} MB; more than {} MB are not read", size >> 20U, most_bytes >> 20U),
                path.string(), "is it the right file?");
  }
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(size));
  wish_large_pages(bytes.data(), bytes.capacity());
  bytes.resize(static_cast<std::size_t>(size));
  std::size_t got = 0;
  if (const int code = read_some(descriptor.get(), bytes.data(), bytes.size(), got)) {
    throw Error(kind, fmt::format("the file cannot be read: {}", std::strerror(code)), path.string());
  }
  if (got != bytes.size()) {
    throw Error(kind, fmt::format("only {} of {} bytes could be read", got, bytes.size()), path.string(),
                "the file may still be uploading");
  }
  return bytes;
}

void make_folders(const fs::path& folder) {
  if (folder.empty() || fs::is_directory(folder)) return;
  make_folders(folder.parent_path());
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) fail(folder, "the folder cannot be made", errno);
  sync_folder(folder.parent_path());
}

void remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return;
    fail(path, "the file cannot be removed", errno);
  }
  sync_folder(path.parent_path());
}

void move_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail(to, "the file cannot be moved", errno);
  sync_folder(to.parent_path());
  if (from.parent_path() != to.parent_path()) sync_folder(from.parent_path());
}

std::size_t sweep_temporary_files(const fs::path& folder) {
  std::vector<fs::path> stale;
  std::error_code failed;
  for (auto it = fs::recursive_directory_iterator(folder, failed); !failed && it != fs::recursive_directory_iterator();
       it.increment(failed)) {
    if (it->path().extension() == kTemporarySuffix) stale.push_back(it->path());
  }
  for (const fs::path& path : stale) remove_file(path);
  return stale.size();
}

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  return crc ^ 0xffffffffU;
}

LineLog::LineLog(fs::path path, Damage damage) : path_(std::move(path)), damage_(damage) { cut_torn_line(); }

LineLog::~LineLog() { close(); }

LineLog::LineLog(LineLog&& other) noexcept
    : path_(std::move(other.path_)), damage_(other.damage_), descriptor_(std::exchange(other.descriptor_, -1)) {}

void LineLog::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void LineLog::cut_torn_line() const {
  if (!fs::exists(path_)) return;
  const std::string bytes = read_whole(path_);
  std::size_t good = 0;
  std::vector<std::size_t> damaged;
  parse_log(path_, bytes, good, damage_ == Damage::stays ? &damaged : nullptr);
  if (good == bytes.size()) return;
  const Descriptor descriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  if (descriptor.get() < 0 || ::ftruncate(descriptor.get(), static_cast<off_t>(good)) != 0 || ::fsync(descriptor.get()) != 0) {
    fail(path_, "the torn last line cannot be cut off", errno);
  }
}

void LineLog::open() {
  cut_torn_line();
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path_, "the log cannot be opened", errno);
}

void LineLog::append(const std::string& text) {
  if (text.find('\n') != std::string::npos)
    throw Error(ErrorKind::internal, "a line of a log has a line end in it", path_.string());
  const bool first = descriptor_ < 0;
  if (first) open();
  struct stat before {};
  if (::fstat(descriptor_, &before) != 0) fail(path_, "the log cannot be looked at", errno);
  const std::string line = fmt::format("{}|{:08x}\n", text, crc32c(text));
  int code = write_all(descriptor_, line);
  if (code == 0) code = fault("log_after_write");
  if (code == 0 && ::fsync(descriptor_) != 0) code = errno;
  if (code != 0) {
    // Take the half line back; if that fails too, the next opening cuts it.
    if (::ftruncate(descriptor_, before.st_size) == 0) ::fsync(descriptor_);
    close();
    fail(path_, "the log cannot be written", code);
  }
  // A log that a killed run has made may not be in its folder on the disk: once for each opening.
  if (first) sync_folder(path_.parent_path());
}

std::vector<std::string> LineLog::read(const fs::path& path) {
  std::size_t good = 0;
  return parse_log(path, read_whole(path), good, nullptr);
}

std::vector<std::string> LineLog::read(const fs::path& path, std::vector<std::size_t>& damaged) {
  std::size_t good = 0;
  return parse_log(path, read_whole(path), good, &damaged);
}

FolderLock::FolderLock(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path, "the lock file cannot be made", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int code = errno;
  ::close(std::exchange(descriptor_, -1));
  if (code != EWOULDBLOCK) fail(path, "the folder cannot be locked", code);
  throw BusyError(ErrorKind::storage, "another run is at work on this archive", folder.string(),
                  "wait until it has ended; nothing was changed");
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace highwall
