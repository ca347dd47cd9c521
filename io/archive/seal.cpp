#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/layout.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

/// A day that is larger stays in single epochs: to read one scan of a segment, all of it is read.
constexpr std::uintmax_t kLargestSegmentBytes = std::uintmax_t{1} << 30U;

}  // namespace

std::map<std::pair<std::string, std::string>, Archive::Day> Archive::days_before(Instant before) const {
  const std::string first_open_day = compact_day(before);
  std::map<std::pair<std::string, std::string>, Day> days;
  for (const EpochInfo& info : epochs()) {
    const std::string day = compact_day(info.instant);
    if (day < first_open_day) days[{day, info.source}].epochs.push_back(info);
  }
  // A crash may have left an epoch in its file and in a segment, so the files are looked at by themselves.
  for (const fs::path& path : files_below(root_ / "epochs", ".h5")) {
    const auto info = info_of(path.stem().string(), path, false);
    if (!info || !is_noted(info->id)) continue;
    if (const auto day = days.find({compact_day(info->instant), info->source}); day != days.end())
      day->second.loose.push_back(path);
  }
  for (auto& [key, day] : days) {
    std::set<fs::path> segments;
    for (const EpochInfo& info : day.epochs) {
      if (info.sealed) segments.insert(info.path);
    }
    day.segments.assign(segments.begin(), segments.end());
  }
  return days;
}

bool Archive::worth_sealing(const Day& day) const {
  if (day.segments.size() == 1 && day.loose.empty()) {
    // Sealed already; an archive of an older program learns here what its segments hold.
    const auto noted = state_.segments.find(day.segments[0].stem().string());
    return noted == state_.segments.end() || noted->second.ids.empty();
  }
  if (day.segments.empty() && day.epochs.size() < 2) return false;
  std::uintmax_t bytes = 0;
  for (const auto& files : {day.loose, day.segments}) {
    for (const fs::path& path : files) bytes += fs::file_size(path);
  }
  if (bytes > kLargestSegmentBytes) return false;
  const EpochInfo& first = day.epochs[0];
  return (first.kind.empty() ? kind_of(load(first).data) : first.kind) != "cloud";
}

bool Archive::seal_day(const std::string& source, const std::string& day_text, const Day& day, Instant now,
                       std::vector<std::string>* unreadable) {
  std::vector<EpochInfo> by_id = day.epochs;
  std::sort(by_id.begin(), by_id.end(), [](const EpochInfo& a, const EpochInfo& b) { return a.id < b.id; });
  SealNote line{{}, source, {}, {}};
  for (const EpochInfo& info : by_id) line.ids.push_back(info.id);
  std::string joined;
  for (const std::string& id : line.ids) joined += id + "\n";
  line.segment = fmt::format("{}-{}-{}", day_text, source, sha256_hex(joined).substr(0, 8));
  const fs::path path = root_ / "segments" / day_text.substr(0, 4) / day_text.substr(4, 2) / (line.segment + ".h5");
  const bool is_there = std::find(day.segments.begin(), day.segments.end(), path) != day.segments.end();
  std::string bytes;
  if (is_there && day.loose.empty() && day.segments.size() == 1) {
    bytes = read_whole(path);
  } else {
    SegmentWriter writer;
    try {
      visit(by_id, [&](const EpochInfo& info, Epoch&& epoch) { writer.add(info.id, epoch); });
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::storage || unreadable == nullptr) throw;
      unreadable->push_back(fmt::format("the epochs of {} of {} are left unsealed: {}", source, day_text, e.what()));
      return false;
    }
    bytes = writer.bytes();
    make_folders(path.parent_path());
    if (!is_there || read_whole(path) != bytes) write_whole(path, bytes);
  }
  line.sha256 = sha256_hex(bytes);
  // Every epoch of it verifies before its own file goes.
  const SegmentReader reader(std::move(bytes), path.string());
  for (const std::string& id : line.ids) reader.read(id);
  const auto noted = state_.segments.find(line.segment);
  if (noted == state_.segments.end() || noted->second.ids != line.ids || noted->second.sha256 != line.sha256) {
    journal_->write(now, line);
    state_.take(line);
  }
  for (const fs::path& file : day.loose) remove_file(file);
  for (const fs::path& old : day.segments) {
    if (old != path) remove_file(old);
  }
  return !is_there || !day.loose.empty();
}

std::size_t Archive::seal(Instant before, Instant now, std::vector<std::string>* unreadable) {
  std::size_t written = 0;
  for (const auto& [key, day] : days_before(before)) {
    if (worth_sealing(day) && seal_day(key.second, key.first, day, now, unreadable)) ++written;
  }
  index_.reset();
  return written;
}

}  // namespace highwall
