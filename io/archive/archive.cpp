#include "io/archive/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"
#include "io/archive/zero.hpp"
#include "io/config/toml.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kFormat = "highwall.archive/1";
/// Two exports of one row may be rounded apart by their text; a tenth of a micrometre is no change.
constexpr double kEqualRow_m = 1e-7;

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
  return EpochInfo{id, id.substr(first + 1, last - first - 1), *instant, path, sealed};
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

void check_format(const fs::path& root, const Frame* site) {
  const fs::path path = root / "format.toml";
  const TomlValue document = load_toml(path);
  TableReader reader(document, "format.toml");
  const auto text = [&](std::string_view key) { return std::get<std::string>(reader.require(key).value); };
  if (text("format") != kFormat) {
    throw Error(ErrorKind::storage, fmt::format("this program reads archives of format {}", kFormat), path.string());
  }
  if (site == nullptr) return;
  Frame frame;
  frame.crs = text("crs");
  frame.vertical = text("vertical");
  const auto origin = numbers_of(reader.require("origin_m"), 3, "origin_m");
  frame.origin_m = {origin[0], origin[1], origin[2]};
  Frame wanted = *site;
  wanted.epoch_year = 0.0;
  require_same(frame, wanted, "the archive " + root.string() + " and site.toml");
}

/// Key of a row within a target: its instant and, for stamps that stand twice, which of them.
using RowKey = std::pair<std::int64_t, int>;

std::map<RowKey, std::size_t> rows_of(const TimeSeries& s) {
  std::map<RowKey, std::size_t> rows;
  for (std::size_t i = 0; i < s.size(); ++i) {
    int occurrence = 0;
    while (rows.count({s.time[i].ns, occurrence}) > 0) ++occurrence;
    rows[{s.time[i].ns, occurrence}] = i;
  }
  return rows;
}

bool same_row(const TimeSeries& a, std::size_t i, const TimeSeries& b, std::size_t j) {
  if (a.width() != b.width()) return false;
  for (std::size_t c = 0; c < a.width(); ++c) {
    const double x = a.value(i, c);
    const double y = b.value(j, c);
    if (std::isnan(x) != std::isnan(y)) return false;
    if (!std::isnan(x) && std::abs(x - y) > kEqualRow_m) return false;
  }
  return true;
}

void append_rows(TimeSeries& to, const TimeSeries& from) {
  to.time.insert(to.time.end(), from.time.begin(), from.time.end());
  to.value_m.insert(to.value_m.end(), from.value_m.begin(), from.value_m.end());
  to.sigma_m.insert(to.sigma_m.end(), from.sigma_m.begin(), from.sigma_m.end());
  to.flags.insert(to.flags.end(), from.flags.begin(), from.flags.end());
  // Optional columns survive only while every block has them.
  const bool clock = to.time_dejittered.size() + from.time.size() == to.time.size() && !from.time_dejittered.empty();
  if (clock) {
    to.time_dejittered.insert(to.time_dejittered.end(), from.time_dejittered.begin(), from.time_dejittered.end());
  } else {
    to.time_dejittered.clear();
  }
  const bool covariance =
      to.covariance_m2.size() + 3 * from.time.size() == 3 * to.time.size() && !from.covariance_m2.empty();
  if (covariance) {
    to.covariance_m2.insert(to.covariance_m2.end(), from.covariance_m2.begin(), from.covariance_m2.end());
  } else {
    to.covariance_m2.clear();
  }
}

std::vector<TimeSeries> merge_blocks(std::vector<Epoch> blocks) {
  std::vector<TimeSeries> merged;
  for (Epoch& block : blocks) {
    for (TimeSeries& s : std::get<std::vector<TimeSeries>>(block.data)) {
      const auto known = std::find_if(merged.begin(), merged.end(), [&](const TimeSeries& m) { return m.target == s.target; });
      if (known == merged.end()) {
        merged.push_back(std::move(s));
      } else {
        append_rows(*known, about_zero_of(*known, std::move(s)));
      }
    }
  }
  for (TimeSeries& s : merged) s = select(s, time_order(s));
  return merged;
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& provenance, std::string_view key) {
  for (const auto& [name, value] : provenance) {
    if (name == key) return value;
  }
  return {};
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
  for (const fs::path& log : files_below(root / "journal", ".log")) LineLog cut(log);
  archive.load_journal();
  return archive;
}

Archive Archive::open_for_reading(const fs::path& root) {
  if (!fs::exists(root / "format.toml")) {
    throw Error(ErrorKind::storage, "this is not an archive: format.toml is missing", root.string());
  }
  check_format(root, nullptr);
  Archive archive(root);
  archive.load_journal();
  return archive;
}

void Archive::load_journal() {
  for (const std::string& line : journal()) {
    const json j = json::parse(line);
    const std::string act = j.value("act", "");
    if (act == "file") {
      FileNote note{j.at("source"), j.at("file"), j.at("file_sha256"), j.at("outcome"), j.value("detail", ""),
                    j.value("rejected_rows", std::uint64_t{0}), j.value("first_rejected", ""),
                    j.value("warnings", std::vector<std::string>{}),
                    parse_iso8601(j.at("at").get<std::string>()).value_or(kNoInstant)};
      known_files_[{note.source, note.file_sha256}] = std::move(note);
    }
    if (act == "ingest") {
      noted_[j.at("id")] = {j.value("file_sha256", ""), j.value("new_rows", std::size_t{0}),
                            j.value("equal_rows", std::size_t{0})};
    }
  }
}

std::vector<std::string> Archive::journal() const {
  std::vector<std::string> lines;
  for (const fs::path& log : files_below(root_ / "journal", ".log")) {
    const auto some = LineLog::read(log);
    lines.insert(lines.end(), some.begin(), some.end());
  }
  return lines;
}

void Archive::note(Instant now, const std::string& act, const std::vector<std::pair<std::string, std::string>>& fields) {
  json line{{"act", act}, {"at", to_iso8601(now)}};
  for (const auto& [name, value] : fields) {
    if (name == "new_rows" || name == "equal_rows") {
      line[name] = std::stoull(value);
    } else {
      line[name] = value;
    }
  }
  write_line(now, line.dump());
}

void Archive::write_line(Instant now, const std::string& text) {
  LineLog(root_ / "journal" / (day_text(now).substr(0, 7) + ".log")).append(text);
}

void Archive::store(const Epoch& epoch, const std::string& id) {
  const fs::path folder = epoch_folder(root_, epoch.instant);
  make_folders(folder);
  const std::string bytes = encode_epoch(epoch);
  decode_epoch(bytes, id);  // What goes to disk can be read back.
  const fs::path path = folder / (id + ".h5");
  write_whole(path, bytes);
  if (!index_) return;
  const bool known = std::any_of(index_->begin(), index_->end(), [&](const EpochInfo& e) { return e.id == id; });
  if (!known) index_->push_back({id, epoch.source, epoch.instant, path, false});
}

AppendResult Archive::append(const Epoch& epoch, Instant now) {
  if (epoch.instant == kNoInstant) throw Error(ErrorKind::input, "an epoch without an instant cannot be kept", epoch.source);
  const std::string id = id_of(epoch);
  const std::string sha = value_of(epoch.provenance, "file_sha256");
  for (const EpochInfo& known : epochs(epoch.source)) {
    if (known.instant != epoch.instant) continue;
    const auto found = noted_.find(known.id);
    if (known.id == id) {
      // Without its journal line it was never acknowledged: a crash came between. Say it now.
      if (found == noted_.end()) break;
      return {found->second.file_sha256 == sha && !sha.empty() ? Appended::stored : Appended::duplicate, id};
    }
    if (found == noted_.end()) continue;
    make_folders(root_ / "quarantine");
    write_whole(root_ / "quarantine" / (id + ".h5"), encode_epoch(epoch));
    return {Appended::conflict, id};
  }
  store(epoch, id);
  note(now, "ingest", {{"source", epoch.source}, {"id", id}, {"file_sha256", sha}});
  noted_[id] = {sha, 0, 0};
  return {Appended::stored, id};
}

SeriesResult Archive::append_series(const std::string& source, const std::vector<TimeSeries>& series,
                                    const std::vector<std::pair<std::string, std::string>>& provenance, Instant now) {
  const std::string sha = value_of(provenance, "file_sha256");
  SeriesResult result;
  for (const auto& [id, ingest] : noted_) {
    // The same file again, after a crash between its block and the end of its ingestion.
    const auto info = info_of(id, {}, false);
    if (!sha.empty() && ingest.file_sha256 == sha && info && info->source == source) {
      return {ingest.new_rows, ingest.equal_rows, {}, id};
    }
  }
  // Blocks without a journal line were never acknowledged; they are written again below.
  const std::vector<TimeSeries> stored = merge_blocks(load_all(source, true));
  std::vector<TimeSeries> fresh;
  for (const TimeSeries& as_told : series) {
    const auto known = std::find_if(stored.begin(), stored.end(), [&](const TimeSeries& s) { return s.target == as_told.target; });
    if (known != stored.end()) require_same_zero(*known, as_told);
    const TimeSeries told = known == stored.end() ? as_told : about_zero_of(*known, as_told);
    const auto rows = known == stored.end() ? std::map<RowKey, std::size_t>{} : rows_of(*known);
    std::vector<std::size_t> added;
    for (const auto& [key, i] : rows_of(told)) {
      const auto row = rows.find(key);
      if (row == rows.end()) {
        added.push_back(i);
      } else if (same_row(told, i, *known, row->second)) {
        ++result.equal_rows;
      } else {
        result.changed.push_back({told.target, told.time[i], known->value(row->second), told.value(i)});
      }
    }
    if (added.empty()) continue;
    result.new_rows += added.size();
    fresh.push_back(select(told, added));
  }
  if (fresh.empty()) return result;
  Epoch block{source, kNoInstant, {}, provenance};
  for (const TimeSeries& s : fresh) block.instant = std::max(block.instant, *std::max_element(s.time.begin(), s.time.end()));
  block.data = std::move(fresh);
  result.id = id_of(block);
  store(block, result.id);
  note(now, "ingest",
       {{"source", source}, {"id", result.id}, {"file_sha256", sha}, {"new_rows", fmt::format("{}", result.new_rows)},
        {"equal_rows", fmt::format("{}", result.equal_rows)}});
  noted_[result.id] = {sha, result.new_rows, result.equal_rows};
  return result;
}

std::vector<EpochInfo> Archive::list_epochs(const std::string& source) const {
  std::map<std::string, EpochInfo> found;
  for (const fs::path& path : files_below(root_ / "segments", ".h5")) {
    const std::string name = path.stem().string();
    if (!source.empty() && name.find("-" + source + "-") == std::string::npos) continue;
    for (const std::string& id : segment_ids(read_whole(path), path.string())) {
      if (auto info = info_of(id, path, true)) found[id] = *info;
    }
  }
  for (const fs::path& path : files_below(root_ / "epochs", ".h5")) {
    const auto info = info_of(path.stem().string(), path, false);
    if (info && found.count(info->id) == 0) found[info->id] = *info;
  }
  std::vector<EpochInfo> all;
  for (auto& [id, info] : found) all.push_back(std::move(info));
  return all;
}

std::vector<EpochInfo> Archive::epochs(const std::string& source) const {
  if (lock_ && !index_) index_ = list_epochs({});
  std::vector<EpochInfo> all = index_ ? *index_ : list_epochs(source);
  std::erase_if(all, [&](const EpochInfo& e) { return !source.empty() && e.source != source; });
  std::stable_sort(all.begin(), all.end(), [](const EpochInfo& a, const EpochInfo& b) {
    return a.instant != b.instant ? a.instant < b.instant : a.id < b.id;
  });
  return all;
}

std::vector<Epoch> Archive::load_all(const std::string& source, bool noted_only) const {
  std::vector<Epoch> all;
  std::map<fs::path, std::map<std::string, Epoch>> segments;
  for (const EpochInfo& info : epochs(source)) {
    if (noted_only && noted_.count(info.id) == 0) continue;
    const std::string bytes = info.sealed && segments.count(info.path) > 0 ? "" : read_whole(info.path);
    if (!info.sealed) {
      all.push_back(decode_epoch(bytes, info.path.string()));
      continue;
    }
    auto& segment = segments[info.path];
    if (!bytes.empty()) {
      for (auto& [id, epoch] : decode_segment(bytes, info.path.string())) segment.emplace(id, std::move(epoch));
    }
    all.push_back(std::move(segment.at(info.id)));
  }
  return all;
}

Epoch Archive::load(const EpochInfo& info) const {
  const std::string bytes = read_whole(info.path);
  if (!info.sealed) return decode_epoch(bytes, info.path.string());
  for (auto& [id, epoch] : decode_segment(bytes, info.path.string())) {
    if (id == info.id) return std::move(epoch);
  }
  throw Error(ErrorKind::storage, "the segment no longer holds " + info.id, info.path.string());
}

std::vector<TimeSeries> Archive::load_series(const std::string& source) const {
  std::vector<Epoch> blocks = load_all(source, false);
  std::erase_if(blocks, [](const Epoch& e) { return !std::holds_alternative<std::vector<TimeSeries>>(e.data); });
  return merge_blocks(std::move(blocks));
}

std::optional<Stack> Archive::load_stack(const std::string& source) const {
  std::vector<Stack> scans;
  for (Epoch& epoch : load_all(source, false)) {
    if (auto* stack = std::get_if<Stack>(&epoch.data)) scans.push_back(std::move(*stack));
  }
  if (scans.empty()) return std::nullopt;
  std::vector<Instant> instants;
  for (const Stack& scan : scans) {
    if (!(scan.geometry() == scans[0].geometry())) {
      throw Error(ErrorKind::frame, "the scans of source \"" + source + "\" do not share one grid", root_.string(),
                  "give a re-installed radar a source of its own");
    }
    instants.push_back(scan.instants().at(0));
  }
  Stack all(scans[0].geometry(), instants);
  for (std::size_t e = 0; e < scans.size(); ++e) std::copy(scans[e].at(0).begin(), scans[e].at(0).end(), all.at(e).begin());
  all.line_of_sight = scans[0].line_of_sight;
  all.line_of_sight_per_cell = scans[0].line_of_sight_per_cell;
  all.cell_position_m = scans[0].cell_position_m;
  all.source = source;
  return all;
}

const FileNote* Archive::known_file(const std::string& source, const std::string& file_sha256) const {
  const auto found = known_files_.find({source, file_sha256});
  return found == known_files_.end() ? nullptr : &found->second;
}

void Archive::note_file(const FileNote& n) {
  if (known_file(n.source, n.file_sha256) != nullptr) return;
  const json line{{"act", "file"},           {"at", to_iso8601(n.at)},
                  {"source", n.source},      {"file", n.file},
                  {"file_sha256", n.file_sha256}, {"outcome", n.outcome},
                  {"detail", n.detail},      {"rejected_rows", n.rejected_rows},
                  {"first_rejected", n.first_rejected}, {"warnings", n.warnings}};
  write_line(n.at, line.dump(-1, ' ', false, json::error_handler_t::replace));
  known_files_[{n.source, n.file_sha256}] = n;
}

void Archive::quarantine(const QuarantineRecord& record) {
  const json j{{"source", record.source}, {"file", record.file},           {"file_sha256", record.file_sha256},
               {"reason", record.reason}, {"at", to_iso8601(record.at)}};
  const std::string key = sha256_hex(record.source + "|" + record.file_sha256 + "|" + record.reason).substr(0, 16);
  const fs::path path = root_ / "quarantine" / (record.source + "-" + key + ".json");
  if (!fs::exists(path)) write_whole(path, j.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::vector<QuarantineRecord> Archive::quarantined() const {
  std::vector<QuarantineRecord> records;
  for (const fs::path& path : files_below(root_ / "quarantine", ".json")) {
    const json j = json::parse(read_whole(path));
    records.push_back({j.at("source"), j.at("file"), j.at("file_sha256"), j.at("reason"),
                       parse_iso8601(j.at("at").get<std::string>()).value_or(kNoInstant)});
  }
  return records;
}

bool Archive::has_product(const std::string& name) const { return fs::exists(root_ / "products" / (name + ".h5")); }

void Archive::put_product(const std::string& name, const std::string& bytes) {
  write_whole(root_ / "products" / (name + ".h5"), bytes);
}

std::string Archive::get_product(const std::string& name) const {
  return read_whole(root_ / "products" / (name + ".h5"));
}

std::size_t Archive::seal(Instant before, Instant now) {
  const std::string first_open_day = compact_day(before);
  std::map<std::pair<std::string, std::string>, std::vector<EpochInfo>> days;  // (day, source)
  for (const EpochInfo& info : epochs()) {
    if (compact_day(info.instant) < first_open_day) days[{compact_day(info.instant), info.source}].push_back(info);
  }
  std::set<std::string> noted;
  for (const std::string& line : journal()) {
    const json j = json::parse(line);
    if (j.value("act", "") == "seal") noted.insert(j.at("segment"));
  }
  std::size_t written = 0;
  for (const auto& [key, infos] : days) {
    const auto& [day, source] = key;
    std::set<fs::path> loose;
    std::set<fs::path> segments;
    std::vector<std::pair<std::string, Epoch>> all;
    for (const EpochInfo& info : infos) {
      (info.sealed ? segments : loose).insert(info.path);
      // A crash may have left an epoch in its file and in a segment: both are removed in the end.
      if (info.sealed) {
        const fs::path file = epoch_folder(root_, info.instant) / (info.id + ".h5");
        if (fs::exists(file)) loose.insert(file);
      }
    }
    if (loose.empty() && segments.size() <= 1) continue;
    for (const EpochInfo& info : infos) all.emplace_back(info.id, load(info));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string ids;
    for (const auto& [id, epoch] : all) ids += id + "\n";
    const std::string name = fmt::format("{}-{}-{}", day, source, sha256_hex(ids).substr(0, 8));
    const fs::path folder = root_ / "segments" / day.substr(0, 4) / day.substr(4, 2);
    make_folders(folder);
    const fs::path path = folder / (name + ".h5");
    const std::string bytes = encode_segment(all);
    decode_segment(bytes, name);  // Every epoch of it verifies before its own file goes.
    if (segments.count(path) == 0 || read_whole(path) != bytes) write_whole(path, bytes);
    if (noted.count(name) == 0) note(now, "seal", {{"source", source}, {"segment", name}});
    for (const fs::path& file : loose) remove_file(file);
    for (const fs::path& old : segments) {
      if (old != path) remove_file(old);
    }
    ++written;
  }
  index_.reset();
  return written;
}

VerifyReport Archive::verify(const Run& run) const {
  VerifyReport report;
  std::set<std::string> present;
  const auto each = [&](const fs::path& path, bool segment) {
    run.check_stop();
    try {
      const std::string bytes = read_whole(path);
      report.bytes += bytes.size();
      if (segment) {
        for (const auto& [id, epoch] : decode_segment(bytes, path.string())) {
          if (id_of(epoch) != id) report.problems.push_back(fmt::format("{}: {} is not what its name says", path.string(), id));
          present.insert(id);
        }
      } else {
        const Epoch epoch = decode_epoch(bytes, path.string());
        if (id_of(epoch) != path.stem().string()) {
          report.problems.push_back(fmt::format("{}: the content is not what the name says", path.string()));
        }
        present.insert(path.stem().string());
      }
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      report.problems.emplace_back(e.what());
    }
  };
  const auto files = files_below(root_ / "epochs", ".h5");
  const auto segments = files_below(root_ / "segments", ".h5");
  std::size_t done = 0;
  for (const fs::path& path : files) {
    each(path, false);
    run.progress("verify", ++done, files.size() + segments.size());
  }
  for (const fs::path& path : segments) {
    each(path, true);
    run.progress("verify", ++done, files.size() + segments.size());
  }
  report.epochs = present.size();
  std::set<std::string> noted;
  try {
    for (const std::string& line : journal()) {
      const json j = json::parse(line);
      if (j.value("act", "") == "ingest") noted.insert(j.at("id"));
    }
  } catch (const Error& e) {
    report.problems.emplace_back(e.what());
    return report;
  }
  for (const std::string& id : noted) {
    if (present.count(id) == 0) report.problems.push_back(fmt::format("lost: the journal has {}, the archive has not", id));
  }
  for (const std::string& id : present) {
    if (noted.count(id) == 0) report.problems.push_back(fmt::format("unexpected: {} is in no journal", id));
  }
  return report;
}

fs::path record_act(const fs::path& archive_root, const Act& act) {
  const bool release = act.kind == Act::Kind::release;
  if (act.target.empty() || act.by.empty()) {
    throw Error(ErrorKind::input, "an act needs the target and the name of the person");
  }
  if (release && act.reason.empty()) throw Error(ErrorKind::input, "a release needs a reason");
  const json j{{"kind", release ? "release" : "acknowledge"}, {"target", act.target}, {"by", act.by},
               {"reason", act.reason}, {"at", to_iso8601(act.at)}};
  const std::string text = j.dump() + "\n";
  make_folders(archive_root / "acts");
  const fs::path path = archive_root / "acts" / fmt::format("{}-{}.json", to_compact_iso8601(act.at), sha256_hex(text).substr(0, 12));
  if (!fs::exists(path)) write_whole(path, text);
  return path;
}

std::vector<Act> read_acts(const fs::path& archive_root) {
  std::vector<Act> acts;
  for (const fs::path& path : files_below(archive_root / "acts", ".json")) {
    json j;
    try {
      j = json::parse(read_whole(path));
      acts.push_back({j.at("kind") == "release" ? Act::Kind::release : Act::Kind::acknowledge, j.at("target"), j.at("by"),
                      j.at("reason"), parse_iso8601(j.at("at").get<std::string>()).value_or(kNoInstant)});
    } catch (const json::exception& e) {
      throw Error(ErrorKind::storage, fmt::format("the act cannot be read: {}", e.what()), path.string());
    }
  }
  std::stable_sort(acts.begin(), acts.end(), [](const Act& a, const Act& b) {
    return a.at != b.at ? a.at < b.at : a.target < b.target;
  });
  return acts;
}

}  // namespace highwall
