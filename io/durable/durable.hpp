#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace highwall {

/// Ending of files that are being written; start-up deletes what a crash left of them. Nobody else uses it.
inline constexpr std::string_view kTemporarySuffix = ".highwall-tmp";

enum class IfExists { replace, fail };

/// Writes a file whole or not at all: temporary file in the same folder, write, fsync, read back,
/// rename, fsync of the folder. When it returns, the bytes survive a crash.
/// @throws Error(storage) on any failure (disk full, permissions); the old file, if any, is untouched
///         and no temporary file is left. With IfExists::fail also when the file exists.
void write_whole(const std::filesystem::path& path, std::string_view bytes, IfExists if_exists = IfExists::replace);

/// The whole file. @throws Error(storage) when it cannot be read.
std::string read_whole(const std::filesystem::path& path);

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
  /// Opens (and makes) the log; a torn last line, left by a crash, is cut off.
  /// @throws Error(storage) when a line before the last one is damaged.
  explicit LineLog(std::filesystem::path path);
  /// Appends one line and forces it to the disk. @throws Error(storage); the log is then as before.
  void append(const std::string& text);

  /// Lines of a log, without their sums. A torn last line is left out; a damaged one before it throws.
  static std::vector<std::string> read(const std::filesystem::path& path);

 private:
  std::filesystem::path path_;
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
