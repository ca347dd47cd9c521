#include "io/archive/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "io/archive/zero.hpp"
#include "io/config/toml.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "highwall.archive/1";
/// A day that is larger stays in single epochs: to read one scan of a segment, all of it is read.
constexpr std::uintmax_t kLargestSegmentBytes = std::uintmax_t{1} << 30U;

std::string id_of(const Epoch& epoch) {
  return fmt::format("{}-{}-{}", to_compact_iso8601(epoch.instant), epoch.source, content_digest(epoch).substr(0, 8));
}

std::optional<EpochInfo> info_of(const std::string& id, const fs::path& path, bool sealed) {
  const std::size_t first = id.find('-');
  const std::size_t last = id.rfind('-');
  if (first == std::string::npos || last == first) return std::nullopt;
  const auto civil = parse_civil(id.substr(0, first), "%Y%m%dT%H%M%SZ");
  const auto instant = civil ? from_civil_utc(*civil) : std::nullopt;
  if (!instant) return std::nullopt;
  return EpochInfo{id, id.substr(first + 1, last - first - 1), *instant, path, sealed, {}};
}

std::string day_text(Instant t) { return to_iso8601(t).substr(0, 10); }

std::string compact_day(Instant t) { return to_compact_iso8601(t).substr(0, 8); }

fs::path epoch_folder(const fs::path& root, Instant t) {
  const std::string day = day_text(t);
  return root / "epochs" / day.substr(0, 4) / day.substr(5, 2) / day.substr(8, 2);
}

std::vector<fs::path> files_below(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (auto it = fs::recursive_directory_iterator(folder, failed); !failed && it != fs::recursive_directory_iterator();
       it.increment(failed)) {
    if (it->path().extension() == suffix) files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string format_text(const Frame& frame) {
  return fmt::format(
      "# Which archive this is. Written once.\nformat = \"{}\"\ncrs = '''{}'''\nvertical = '''{}'''\n"
      "origin_m = [{}, {}, {}]\n",
      kFormat, frame.crs, frame.vertical, frame.origin_m[0], frame.origin_m[1], frame.origin_m[2]);
}

Frame read_format(const fs::path& path) {
  const TomlValue document = load_toml(path);
  TableReader reader(document, "format.toml");
  const auto text = [&](std::string_view key) {
    const TomlValue& value = reader.require(key);
    const auto* words = std::get_if<std::string>(&value.value);
    if (words == nullptr) throw Error(ErrorKind::storage, fmt::format("\"{}\" is no text", key), value.where);
    return *words;
  };
  if (text("format") != kFormat) {
    throw Error(ErrorKind::storage, fmt::format("this program reads archives of format {}", kFormat), path.string());
  }
  Frame frame;
  frame.crs = text("crs");
  frame.vertical = text("vertical");
  const auto origin = numbers_of(reader.require("origin_m"), 3, "origin_m");
  frame.origin_m = {origin[0], origin[1], origin[2]};
  return frame;
}

void check_format(const fs::path& root, const Frame* site) {
  Frame frame;
  try {
    frame = read_format(root / "format.toml");
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::config) throw;
    // Nobody configures this file: it was damaged.
    throw Error(ErrorKind::storage, e.message(), e.where(), "restore format.toml from a copy");
  }
  if (site == nullptr) return;
  Frame wanted = *site;
  wanted.epoch_year = 0.0;
  require_same(frame, wanted, "the archive " + root.string() + " and site.toml");
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& provenance, std::string_view key) {
  for (const auto& [name, value] : provenance) {
    if (name == key) return value;
  }
  return {};
}

bool before(const EpochInfo& a, const EpochInfo& b) { return a.instant != b.instant ? a.instant < b.instant : a.id < b.id; }

/// An export may tell a target in several pieces; they are one series.
std::vector<TimeSeries> one_per_target(const std::vector<TimeSeries>& series) {
  std::map<std::string, const TimeSeries*> first;
  for (const TimeSeries& s : series) require_same_zero(*first.try_emplace(s.target, &s).first->second, s);
  if (first.size() == series.size()) return series;
  SeriesMerge merge;
  merge.add(kNoInstant, {}, series);
  return merge.all();
}

}  // namespace

Archive Archive::open_for_writing(const fs::path& root, const Frame& site_frame) {
  make_folders(root);
  Archive archive(root);
  archive.lock_.emplace(root);
  for (const char* folder : {"epochs", "segments", "journal", "quarantine", "products", "acts", "outbox", "sent"}) {
    make_folders(root / folder);
  }
  sweep_temporary_files(root);
  if (fs::exists(root / "format.toml")) {
    check_format(root, &site_frame);
  } else {
    write_whole(root / "format.toml", format_text(site_frame));
  }
  archive.journal_.emplace(root / "journal");
  archive.state_ = replay_journal(root / "journal");
  return archive;
}

Archive Archive::open_for_reading(const fs::path& root) {
  if (!fs::exists(root / "format.toml")) {
    throw Error(ErrorKind::storage, "this is not an archive: format.toml is missing", root.string());
  }
  check_format(root, nullptr);
  Archive archive(root);
  archive.state_ = replay_journal(root / "journal");
  return archive;
}

std::vector<std::string> Archive::journal() const { return journal_lines(root_ / "journal"); }

fs::path Archive::loose_path(const EpochInfo& info) const { return epoch_folder(root_, info.instant) / (info.id + ".h5"); }

std::string Archive::store(Epoch&& epoch, const std::string& id) {
  EpochInfo info{id, epoch.source, epoch.instant, {}, false, kind_of(epoch.data)};
  info.path = loose_path(info);
  make_folders(info.path.parent_path());
  const std::string bytes = encode_epoch(std::move(epoch));
  decode_epoch(bytes, id);  // What goes to disk can be read back.
  write_whole(info.path, bytes);
  if (index_) {
    auto& list = (*index_)[info.source];
    const auto at = std::lower_bound(list.begin(), list.end(), info, before);
    if (at == list.end() || at->id != id) list.insert(at, std::move(info));
  }
  return sha256_hex(bytes);
}

void Archive::note(Instant now, const IngestNote& note) {
  journal_->write(now, note);
  state_.take(note);
}

AppendResult Archive::append(Epoch epoch, Instant now) {
  if (epoch.instant == kNoInstant) throw Error(ErrorKind::input, "an epoch without an instant cannot be kept", epoch.source);
  const std::string id = id_of(epoch);
  const std::string sha = value_of(epoch.provenance, "file_sha256");
  const auto same_source = index().find(epoch.source);
  if (same_source != index().end()) {
    const auto& list = same_source->second;
    auto at = std::lower_bound(list.begin(), list.end(), epoch.instant, [](const EpochInfo& e, Instant t) { return e.instant < t; });
    for (; at != list.end() && at->instant == epoch.instant; ++at) {
      const auto found = state_.epochs.find(at->id);
      // Without its journal line it was never acknowledged: a crash came between. Say it now.
      if (found == state_.epochs.end()) continue;
      if (at->id == id) return {found->second.file_sha256 == sha && !sha.empty() ? Appended::stored : Appended::duplicate, id};
      make_folders(root_ / "quarantine");
      write_whole(root_ / "quarantine" / (id + ".h5"), encode_epoch(std::move(epoch)));
      return {Appended::conflict, id};
    }
  }
  IngestNote line{id, epoch.source, kind_of(epoch.data), sha, {}, {}, 0};
  line.epoch_sha256 = store(std::move(epoch), id);
  note(now, line);
  return {Appended::stored, id};
}

SeriesMerge Archive::merge_blocks(const std::string& source, bool noted_only) const {
  std::vector<EpochInfo> blocks = epochs(source);
  std::erase_if(blocks, [&](const EpochInfo& e) { return (noted_only && !is_noted(e.id)) || (!e.kind.empty() && e.kind != "series"); });
  SeriesMerge merge;
  visit(blocks, [&](const EpochInfo& info, Epoch&& epoch) {
    if (const auto* series = std::get_if<std::vector<TimeSeries>>(&epoch.data)) merge.add(info.instant, info.id, *series);
  });
  return merge;
}

SeriesMerge& Archive::merged(const std::string& source) const {
  const auto found = merges_.find(source);
  // Blocks without a journal line were never acknowledged; they are written again.
  return found != merges_.end() ? found->second : merges_[source] = merge_blocks(source, true);
}

SeriesResult Archive::append_series(const std::string& source, const std::vector<TimeSeries>& series,
                                    const std::vector<std::pair<std::string, std::string>>& provenance, Instant now) {
  const std::string sha = value_of(provenance, "file_sha256");
  // The same file again, after a crash between its block and the end of its ingestion.
  if (const auto same = state_.block_of_file.find({source, sha}); same != state_.block_of_file.end()) {
    const IngestNote& ingest = state_.epochs.at(same->second);
    return {ingest.new_rows.value_or(0), ingest.equal_rows, {}, ingest.id};
  }
  SeriesMerge& stored = merged(source);
  SeriesResult result;
  std::vector<TimeSeries> fresh;
  for (const TimeSeries& as_told : one_per_target(series)) {
    const TimeSeries* known = stored.find(as_told.target);
    if (known != nullptr) require_same_zero(*known, as_told);
    const TimeSeries told = known == nullptr ? as_told : about_zero_of(*known, as_told);
    const RowMatch match = match_rows(known, told);
    result.equal_rows += match.equal;
    for (const auto& [i, k] : match.changed) result.changed.push_back({told.target, told.time[i], known->value(k), told.value(i)});
    if (match.added.empty()) continue;
    result.new_rows += match.added.size();
    fresh.push_back(select(told, match.added));
  }
  if (fresh.empty()) return result;
  Epoch block{source, kNoInstant, fresh, provenance};
  for (const TimeSeries& s : fresh) block.instant = std::max(block.instant, *std::max_element(s.time.begin(), s.time.end()));
  const Instant instant = block.instant;
  result.id = id_of(block);
  const std::string digest = store(std::move(block), result.id);
  note(now, {result.id, source, "series", sha, digest, result.new_rows, result.equal_rows});
  if (!stored.add(instant, result.id, fresh)) merges_.erase(source);
  return result;
}

Archive::Index Archive::list_epochs(const std::string& source) const {
  std::map<std::string, EpochInfo> found;
  const auto take = [&](const std::string& id, const fs::path& path, bool sealed) {
    auto info = info_of(id, path, sealed);
    if (!info || (!source.empty() && info->source != source)) return;
    if (const auto noted = state_.epochs.find(id); noted != state_.epochs.end()) info->kind = noted->second.kind;
    found.try_emplace(id, std::move(*info));
  };
  for (const fs::path& path : files_below(root_ / "segments", ".h5")) {
    const std::string name = path.stem().string();
    if (!source.empty() && name.find("-" + source + "-") == std::string::npos) continue;
    const auto sealed = state_.segments.find(name);
    // Only a segment whose line is missing, or of an older archive, is opened to learn what is in it.
    const bool told = sealed != state_.segments.end() && !sealed->second.ids.empty();
    for (const std::string& id : told ? sealed->second.ids : SegmentReader(read_whole(path), path.string()).ids()) take(id, path, true);
  }
  for (const fs::path& path : files_below(root_ / "epochs", ".h5")) take(path.stem().string(), path, false);
  Index index;
  for (auto& [id, info] : found) index[info.source].push_back(std::move(info));
  for (auto& [name, list] : index) std::sort(list.begin(), list.end(), before);
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
  std::sort(all.begin(), all.end(), before);
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
      take(info, decode_epoch(read_whole(info.path), info.path.string()));
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
  std::erase_if(scans, [&](const EpochInfo& e) {
    return e.instant < from || e.instant > until || (!e.kind.empty() && e.kind != "scan");
  });
  return scans;
}

void Archive::for_each_scan(const std::string& source, const std::function<void(Stack&&)>& take, Instant from, Instant until) const {
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

const FileNote* Archive::known_file(const std::string& source, const std::string& file_sha256) const {
  const auto found = state_.files.find({source, file_sha256});
  return found == state_.files.end() ? nullptr : &found->second;
}

void Archive::note_file(const FileNote& note) {
  if (known_file(note.source, note.file_sha256) != nullptr) return;
  journal_->write(note.at, note);
  state_.take(note);
}

void Archive::quarantine(const QuarantineRecord& record) {
  const std::string key = sha256_hex(record.source + "|" + record.file_sha256 + "|" + record.reason).substr(0, 16);
  const fs::path path = root_ / "quarantine" / (record.source + "-" + key + ".json");
  if (!fs::exists(path)) write_whole(path, text_of(record));
}

std::vector<QuarantineRecord> Archive::quarantined() const {
  std::vector<QuarantineRecord> records;
  for (const fs::path& path : files_below(root_ / "quarantine", ".json")) records.push_back(read_quarantine_record(path));
  return records;
}

bool Archive::has_product(const std::string& name) const { return fs::exists(root_ / "products" / (name + ".h5")); }

void Archive::put_product(const std::string& name, const std::string& bytes) {
  write_whole(root_ / "products" / (name + ".h5"), bytes);
}

std::string Archive::get_product(const std::string& name) const {
  return read_whole(root_ / "products" / (name + ".h5"));
}

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
    if (!info) continue;
    if (const auto day = days.find({compact_day(info->instant), info->source}); day != days.end()) day->second.loose.push_back(path);
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

bool Archive::seal_day(const std::string& source, const std::string& day_text, const Day& day, Instant now) {
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
    visit(by_id, [&](const EpochInfo& info, Epoch&& epoch) { writer.add(info.id, epoch); });
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

std::size_t Archive::seal(Instant before, Instant now) {
  std::size_t written = 0;
  for (const auto& [key, day] : days_before(before)) {
    if (worth_sealing(day) && seal_day(key.second, key.first, day, now)) ++written;
  }
  index_.reset();
  return written;
}

VerifyReport Archive::verify(const Run& run) const {
  VerifyReport report;
  JournalState journal;
  bool told = true;
  try {
    journal = replay_journal(root_ / "journal");
  } catch (const Error& e) {
    report.problems.emplace_back(e.what());
    told = false;
  }
  std::set<std::string> present;
  const auto check = [&](const std::string& id, const Epoch& epoch, const fs::path& path) {
    if (id_of(epoch) != id) report.problems.push_back(fmt::format("{}: {} is not what its name says", path.string(), id));
  };
  const auto each = [&](const fs::path& path, bool segment) {
    run.check_stop();
    const std::string name = path.stem().string();
    std::string wanted;
    if (!segment) {
      present.insert(name);
      if (const auto noted = journal.epochs.find(name); noted != journal.epochs.end()) wanted = noted->second.epoch_sha256;
    } else if (const auto noted = journal.segments.find(name); noted != journal.segments.end()) {
      wanted = noted->second.sha256;
      present.insert(noted->second.ids.begin(), noted->second.ids.end());
    }
    try {
      std::string bytes = read_whole(path);
      report.bytes += bytes.size();
      // The content's own digest leaves out what carries no data; this one covers every byte.
      if (!wanted.empty() && sha256_hex(bytes) != wanted) {
        report.problems.push_back(fmt::format("{}: the file is not what was written (SHA-256)", path.string()));
        return;
      }
      if (!segment) {
        check(name, decode_epoch(bytes, path.string()), path);
        return;
      }
      const SegmentReader reader(std::move(bytes), path.string());
      for (const std::string& id : reader.ids()) {
        present.insert(id);
        check(id, reader.read(id), path);
      }
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      report.problems.emplace_back(e.what());
    }
  };
  const auto files = files_below(root_ / "epochs", ".h5");
  const auto segments = files_below(root_ / "segments", ".h5");
  std::size_t done = 0;
  for (const auto* list : {&files, &segments}) {
    for (const fs::path& path : *list) {
      each(path, list == &segments);
      run.progress("verify", ++done, files.size() + segments.size());
    }
  }
  report.epochs = present.size();
  if (!told) return report;
  for (const auto& [id, note] : journal.epochs) {
    if (present.count(id) == 0) report.problems.push_back(fmt::format("lost: the journal has {}, the archive has not", id));
  }
  for (const std::string& id : present) {
    if (journal.epochs.count(id) == 0) report.problems.push_back(fmt::format("unexpected: {} is in no journal", id));
  }
  return report;
}

fs::path record_act(const fs::path& archive_root, const Act& act) {
  if (act.target.empty() || act.by.empty()) {
    throw Error(ErrorKind::input, "an act needs the target and the name of the person");
  }
  if (act.kind == Act::Kind::release && act.reason.empty()) throw Error(ErrorKind::input, "a release needs a reason");
  const std::string text = text_of(act);
  make_folders(archive_root / "acts");
  const fs::path path = archive_root / "acts" / fmt::format("{}-{}.json", to_compact_iso8601(act.at), sha256_hex(text).substr(0, 12));
  if (!fs::exists(path)) write_whole(path, text);
  return path;
}

std::vector<Act> read_acts(const fs::path& archive_root) {
  std::vector<Act> acts;
  for (const fs::path& path : files_below(archive_root / "acts", ".json")) acts.push_back(read_act(path));
  std::stable_sort(acts.begin(), acts.end(), [](const Act& a, const Act& b) {
    return a.at != b.at ? a.at < b.at : a.target < b.target;
  });
  return acts;
}

}  // namespace highwall
