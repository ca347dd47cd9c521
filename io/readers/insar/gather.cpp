#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/insar/layers.hpp"
#include "io/readers/insar/raw_pixels.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 4;
constexpr std::size_t kMostFiles = 1'000'000;
constexpr std::uintmax_t kLargestList = 64U << 20U;

class Gatherer {
 public:
  explicit Gatherer(const Run& run) : run_(run) {}

  void add(const fs::path& path) {
    std::error_code failed;
    const fs::file_status status = fs::status(path, failed);
    if (!fs::exists(status)) throw Error(ErrorKind::input, "there is no such file or folder", path.string());
    if (fs::is_directory(status)) {
      add_folder(path, path);
    } else if (is_list(path)) {
      add_list(path);
    } else {
      add_file(path, path.string(), false, path.parent_path());
    }
  }
  Gathered take() { return std::move(gathered_); }

 private:
  void add_file(const fs::path& path, const std::string& named_by, bool in_folder, const fs::path& base) {
    if (!seen_.insert(path.lexically_normal().string()).second) return;
    if (gathered_.files.size() >= kMostFiles) {
      throw Error(ErrorKind::input, fmt::format("there are more than {} files", kMostFiles), path.string(),
                  "name the folder that holds the interferograms");
    }
    const fs::path below = path.lexically_normal().lexically_relative(base.lexically_normal());
    const bool is_below = !below.empty() && *below.begin() != "..";
    gathered_.files.push_back(
        {path, in_folder ? "" : named_by, in_folder, (is_below ? below : path.filename()).generic_string()});
  }

  void add_folder(const fs::path& folder, const fs::path& base, int depth = 0) {
    run_.check_stop();
    std::error_code failed;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
      entries.push_back(it->path());
    if (failed) throw Error(ErrorKind::input, "the folder cannot be read: " + failed.message(), folder.string());
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (entry.filename().string().front() == '.') continue;
      const fs::file_status status = fs::status(entry, failed);
      if (fs::is_regular_file(status)) {
        add_file(entry, {}, true, base);
      } else if (fs::is_directory(status) && depth < kDeepest && !fs::is_symlink(fs::symlink_status(entry, failed))) {
        add_folder(entry, base, depth + 1);
      }
    }
  }

  /// A text whose first line that says something names a file, and is no "key value".
  static bool is_list(const fs::path& path) {
    const std::string head = RawFile(path).head(4096);
    if (looks_binary(head) || head.front() == '<') return false;
    std::string_view line;
    for (Lines lines(head); lines.next(line);) {
      line = trim(line);
      if (line.empty() || line.front() == '#') continue;
      return line.find_first_of(" \t:=<{") == std::string_view::npos && line.find('.') != std::string_view::npos;
    }
    return false;
  }

  /// The entry itself, or what is left of it when folders are taken off in front: lists are often written elsewhere.
  static fs::path find_beside(const fs::path& folder, const fs::path& entry) {
    std::error_code failed;
    if (entry.is_absolute() && fs::is_regular_file(entry, failed)) return entry;
    fs::path rest = entry.relative_path();
    while (!rest.empty()) {
      if (fs::is_regular_file(folder / rest, failed)) return folder / rest;
      fs::path shorter;
      for (auto part = std::next(rest.begin()); part != rest.end(); ++part) shorter /= *part;
      rest = shorter;
    }
    return {};
  }

  void add_list(const fs::path& list) {
    const std::string text = read_whole(list, ErrorKind::input, kLargestList);
    std::string_view line;
    for (Lines lines(text); lines.next(line);) {
      line = trim(line);
      if (line.empty() || line.front() == '#') continue;
      const std::string where = fmt::format("{}:{}", list.string(), lines.number());
      const fs::path found = find_beside(list.parent_path(), fs::path(std::string(line)));
      if (found.empty()) {
        throw Error(ErrorKind::input, fmt::format("there is no file \"{}\" beside the list", printable(std::string(line))), where,
                    "put the list beside its files, or correct the name");
      }
      add_file(found, where, false, list.parent_path());
    }
  }

  const Run& run_;
  Gathered gathered_;
  std::set<std::string> seen_;
};

}  // namespace

Gathered gather(std::span<const std::filesystem::path> paths, const Run& run) {
  if (paths.empty()) throw Error(ErrorKind::config, "no file of a stack is named");
  Gatherer gatherer(run);
  for (const fs::path& path : paths) gatherer.add(path);
  return gatherer.take();
}

}  // namespace highwall::insar
