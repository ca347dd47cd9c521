#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/layout.hpp"

namespace highwall {

namespace fs = std::filesystem;

Archive::Index Archive::list_epochs(const std::string& source) const {
  std::map<std::string, EpochInfo> found;
  bool looked_again = false;
  const auto take = [&](const std::string& id, const fs::path& path, bool sealed) {
    auto info = info_of(id, path, sealed);
    if (!info || (!source.empty() && info->source != source)) return;
    auto noted = state_.epochs.find(id);
    if (noted == state_.epochs.end() && !lock_ && !std::exchange(looked_again, true)) {
      state_ = replay_journal(root_ / "journal");
      noted = state_.epochs.find(id);
    }
    if (noted == state_.epochs.end()) return;  // Never acknowledged.
    info->kind = noted->second.kind;
    found.try_emplace(id, std::move(*info));
  };
  for (const fs::path& path : files_below(root_ / "segments", ".h5")) {
    const std::string name = path.stem().string();
    if (!source.empty() && name.find("-" + source + "-") == std::string::npos) continue;
    const auto sealed = state_.segments.find(name);
    // Only a segment whose line is missing, or of an older archive, is opened to learn what is in it.
    const bool told = sealed != state_.segments.end() && !sealed->second.ids.empty();
    for (const std::string& id : told ? sealed->second.ids : SegmentReader(read_whole(path), path.string()).ids())
      take(id, path, true);
  }
  for (const fs::path& path : files_below(root_ / "epochs", ".h5")) take(path.stem().string(), path, false);
  Index index;
  for (auto& [id, info] : found) index[info.source].push_back(std::move(info));
  for (auto& [name, list] : index) std::sort(list.begin(), list.end(), comes_before);
  return index;
}

const Archive::Index& Archive::index() const {
  if (!index_ || !lock_) index_ = list_epochs({});
  return *index_;
}

std::vector<EpochInfo> Archive::epochs(const std::string& source) const {
  Index looked;
  if (!lock_) looked = list_epochs(source);
  const Index& index = lock_ ? this->index() : looked;
  if (!source.empty()) {
    const auto found = index.find(source);
    return found == index.end() ? std::vector<EpochInfo>() : found->second;
  }
  std::vector<EpochInfo> all;
  for (const auto& [name, list] : index) all.insert(all.end(), list.begin(), list.end());
  std::sort(all.begin(), all.end(), comes_before);
  return all;
}

EpochInfo Archive::present(const EpochInfo& info) const {
  if (fs::exists(info.path)) return info;
  const Index fresh = list_epochs(info.source);
  if (const auto found = fresh.find(info.source); found != fresh.end()) {
    for (const EpochInfo& e : found->second) {
      if (e.id == info.id) return e;
    }
  }
  throw Error(ErrorKind::storage, "the archive no longer holds " + info.id, info.path.string());
}

void Archive::visit(const std::vector<EpochInfo>& infos, const std::function<void(const EpochInfo&, Epoch&&)>& take) const {
  std::map<fs::path, SegmentReader> open;  // A crash may have left two of one day.
  for (const EpochInfo& listed : infos) {
    const EpochInfo info = present(listed);
    if (!info.sealed) {
      take(info, decode_epoch(read_whole(info.path), info.path.string(), info.id));
      continue;
    }
    auto segment = open.find(info.path);
    if (segment == open.end()) {
      if (open.size() >= 2) open.clear();
      segment = open.try_emplace(info.path, read_whole(info.path), info.path.string()).first;
    }
    take(info, segment->second.read(info.id));
  }
}

Epoch Archive::load(const EpochInfo& info) const {
  Epoch found;
  visit({info}, [&](const EpochInfo&, Epoch&& epoch) { found = std::move(epoch); });
  return found;
}

std::vector<TimeSeries> Archive::load_series(const std::string& source) const {
  if (!lock_) return merge_blocks(source, false).all();
  const std::vector<EpochInfo> all = epochs(source);
  const bool acknowledged = std::all_of(all.begin(), all.end(), [&](const EpochInfo& e) { return is_noted(e.id); });
  return acknowledged ? merged(source).all() : merge_blocks(source, false).all();
}

std::vector<EpochInfo> Archive::scans_of(const std::string& source, Instant from, Instant until) const {
  std::vector<EpochInfo> scans = epochs(source);
  std::erase_if(
      scans, [&](const EpochInfo& e) { return e.instant < from || e.instant > until || (!e.kind.empty() && e.kind != "scan"); });
  return scans;
}

void Archive::for_each_scan(const std::string& source, const std::function<void(Stack&&)>& take, Instant from,
                            Instant until) const {
  std::optional<GridGeometry> grid;
  visit(scans_of(source, from, until), [&](const EpochInfo&, Epoch&& epoch) {
    auto* scan = std::get_if<Stack>(&epoch.data);
    if (scan == nullptr) return;
    if (!grid) grid = scan->geometry();
    if (!(scan->geometry() == *grid)) {
      throw Error(ErrorKind::frame, "the scans of source \"" + source + "\" do not share one grid", root_.string(),
                  "give a re-installed radar a source of its own");
    }
    take(std::move(*scan));
  });
}

std::optional<Stack> Archive::load_stack(const std::string& source, Instant from, Instant until) const {
  std::optional<Stack> all;
  for_each_scan(
      source,
      [&](Stack&& scan) {
        if (all) {
          all->push(scan.instants().at(0), scan.at(0));
          return;
        }
        all = std::move(scan);
        all->source = source;
        all->reserve(scans_of(source, from, until).size());
      },
      from, until);
  return all;
}

}  // namespace highwall
