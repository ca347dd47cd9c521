#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace highwall {

/// Ending of files that are being written; start-up deletes what a crash left of them. Nobody else uses it.
inline constexpr std::string_view kTemporarySuffix = ".highwall-tmp";

enum class IfExists { replace, fail };

/// Writes a file whole or not at all: temporary file in the same folder, write, fsync, read back,
/// rename, fsync of the folder. When it returns, the bytes survive a crash.
/// @throws Error(storage) on any failure (disk full, permissions); the old file, if any, is untouched
///         and no temporary file is left. With IfExists::fail also when the file exists.
void write_whole(const std::filesystem::path& path, std::string_view bytes, IfExists if_exists = IfExists::replace);

/// Largest file that is taken from outside. 50 million points of LAS format 3 are 1.7 GB; a file beyond this
/// is a mistake or malice, and would fill the memory before its reader could refuse it.
inline constexpr std::uintmax_t kLargestInputBytes = std::uintmax_t{2} << 30U;
/// Largest file of our own: coordinates that came as 4-byte numbers are kept as 8-byte ones, with channels beside them.
inline constexpr std::uintmax_t kLargestOwnBytes = 4 * kLargestInputBytes;

/// The whole file; its size is checked before anything is allocated.
/// @throws Error(kind) when it is missing, not a file, larger than `most_bytes`, or cannot be read whole.
std::string read_whole(const std::filesystem::path& path, ErrorKind kind = ErrorKind::storage,
                       std::uintmax_t most_bytes = kLargestOwnBytes);

/// Makes the folder and its parents, durably.
void make_folders(const std::filesystem::path& folder);
/// Removes a file, durably. Nothing happens when there is none.
void remove_file(const std::filesystem::path& path);
/// Renames within one file system, durably.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Deletes stale temporary files below the folder. @return how many
std::size_t sweep_temporary_files(const std::filesystem::path& folder);

/// CRC-32C (Castagnoli) of the bytes.
std::uint32_t crc32c(std::string_view bytes);

/// An append-only text of lines, each ending with its CRC-32C: `text|xxxxxxxx\n`.
class LineLog {
 public:
  /// Of a line before the last one.
  enum class Damage { refused, stays };
  /// Looks at the log; a torn last line, left by a crash, is cut off. The first append makes it.
  /// @throws Error(storage) when a line before the last one is damaged, unless it may stay where it is.
  explicit LineLog(std::filesystem::path path, Damage damage = Damage::refused);
  ~LineLog();
  LineLog(LineLog&& other) noexcept;
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;
  LineLog& operator=(LineLog&&) = delete;
  /// Appends one line and forces it to the disk; the log stays open for the next one.
  /// @throws Error(storage); the log is then as before. Error(internal) for a text with a line end.
  void append(const std::string& text);

  /// Lines of a log, without their sums. A torn last line is left out; a damaged one before it throws.
  static std::vector<std::string> read(const std::filesystem::path& path);
  /// The same, but damaged lines are passed over; their numbers, from 1, go into `damaged`.
  static std::vector<std::string> read(const std::filesystem::path& path, std::vector<std::size_t>& damaged);

 private:
  void cut_torn_line() const;
  void open();
  void close() noexcept;

  std::filesystem::path path_;
  Damage damage_;
  int descriptor_ = -1;
};

/// Holds a folder for one writer while it lives.
class FolderLock {
 public:
  /// @throws BusyError at once when somebody else holds it.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace highwall
