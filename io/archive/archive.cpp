#include "io/archive/archive.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "io/archive/layout.hpp"
#include "io/config/toml.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "highwall.archive/1";
constexpr std::size_t kMostTabledRows = 100000;

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
  const bool in_other_words =
      frame.origin_m == wanted.origin_m && same_crs(frame.crs, wanted.crs) && same_vertical(frame.vertical, wanted.vertical);
  if (!(frame == wanted) && in_other_words) {
    // Epochs carry these words: two ways to say the same would not go together later.
    throw Error(ErrorKind::frame, "site.toml says the archive's frame in other words", root.string(),
                fmt::format("keep the archive's: crs = \"{}\", vertical = \"{}\"", frame.crs, frame.vertical));
  }
  require_same(frame, wanted, "the archive " + root.string() + " and site.toml");
}

/// Whether anything was ever taken in. Acts may come before the first night.
bool is_begun(const fs::path& root) {
  return !files_below(root / "epochs", ".h5").empty() || !files_below(root / "segments", ".h5").empty() ||
         !files_below(root / "journal", ".log").empty();
}

/// A frame made up anew might not be that of the epochs.
[[noreturn]] void refuse_without_format(const fs::path& root) {
  throw Error(
      ErrorKind::storage, "format.toml is gone, though the archive holds files", root.string(),
      "restore format.toml from a copy; when there is none, move the folder away and let a night take the drop folder in anew");
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
  } else if (is_begun(root)) {
    refuse_without_format(root);
  } else {
    write_whole(root / "format.toml", format_text(site_frame));
  }
  archive.journal_.emplace(root / "journal");
  archive.state_ = replay_journal(root / "journal");
  archive.sweep_unacknowledged();
  return archive;
}

Archive Archive::open_for_reading(const fs::path& root) {
  if (!fs::exists(root / "format.toml")) {
    if (is_begun(root)) refuse_without_format(root);
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
    const auto at = std::lower_bound(list.begin(), list.end(), info, comes_before);
    if (at == list.end() || at->id != id) list.insert(at, std::move(info));
  }
  return sha256_hex(bytes);
}

void Archive::note(Instant now, IngestNote note) {
  note.at = now;
  journal_->write(now, note);
  state_.take(note);
}

AppendResult Archive::append(Epoch epoch, Instant now) {
  if (epoch.instant == kNoInstant) throw Error(ErrorKind::input, "an epoch without an instant cannot be kept", epoch.source);
  const std::string id = epoch_id_of(epoch);
  const std::string sha = provenance_of(epoch.provenance, "file_sha256");
  const auto same_source = index().find(epoch.source);
  if (same_source != index().end()) {
    const auto& list = same_source->second;
    auto at =
        std::lower_bound(list.begin(), list.end(), epoch.instant, [](const EpochInfo& e, Instant t) { return e.instant < t; });
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
  std::erase_if(blocks,
                [&](const EpochInfo& e) { return (noted_only && !is_noted(e.id)) || (!e.kind.empty() && e.kind != "series"); });
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
  const std::string sha = provenance_of(provenance, "file_sha256");
  SeriesMerge& stored = merged(source);
  SeriesMatch match = match_series(stored, series);
  SeriesResult result{match.new_rows, match.equal_rows, std::move(match.changed), {}, std::move(match.held_back)};
  const std::vector<TimeSeries>& fresh = match.fresh;
  // The same file again, after a crash between its block and the end of its ingestion: its rows are there.
  const auto same = state_.block_of_file.find({source, sha});
  if (fresh.empty() && same != state_.block_of_file.end()) {
    const IngestNote& ingest = state_.epochs.at(same->second);
    return {ingest.new_rows.value_or(0), ingest.equal_rows, std::move(result.changed), ingest.id, std::move(result.held_back)};
  }
  if (fresh.empty()) return result;
  Epoch block{source, kNoInstant, fresh, provenance};
  for (const TimeSeries& s : fresh) block.instant = std::max(block.instant, *std::max_element(s.time.begin(), s.time.end()));
  const Instant instant = block.instant;
  result.id = epoch_id_of(block);
  const std::string digest = store(std::move(block), result.id);
  note(now, {result.id, source, "series", sha, digest, result.new_rows, result.equal_rows});
  if (!stored.add(instant, result.id, fresh)) merges_.erase(source);
  return result;
}

const FileNote* Archive::known_file(const std::string& source, const std::string& file_sha256, const std::string& file,
                                    const std::string& options) const {
  if (const auto taken = state_.files.find({source, file_sha256}); taken != state_.files.end()) return &taken->second;
  const auto aside = state_.quarantined.find({source, file_sha256, file});
  if (aside == state_.quarantined.end()) return nullptr;
  return aside->second.options.empty() || aside->second.options == options ? &aside->second : nullptr;
}

void Archive::note_file(const FileNote& note) {
  if (known_file(note.source, note.file_sha256, note.file, note.options) != nullptr) return;
  journal_->write(note.at, note);
  state_.take(note);
}

void Archive::quarantine(QuarantineRecord record, const std::vector<ChangedRow>& changed) {
  const std::string key = sha256_hex(record.source + "|" + record.file_sha256 + "|" + record.reason).substr(0, 16);
  const std::string name = record.source + "-" + key;
  const fs::path path = root_ / "quarantine" / (name + ".json");
  if (fs::exists(path)) return;
  if (!changed.empty()) {
    record.rows = name + ".csv";
    record.changed_rows = changed.size();
    write_whole(root_ / "quarantine" / record.rows, table_of(changed, kMostTabledRows));
  }
  write_whole(path, text_of(record));
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

void Archive::keep_product(ProductNote note, const std::string& bytes, Instant now) {
  note.sha256 = sha256_hex(bytes);
  const auto known = state_.products.find(note.name);
  const bool noted = known != state_.products.end() && known->second.sha256 == note.sha256;
  if (noted && has_product(note.name) && sha256_hex(get_product(note.name)) == note.sha256) return;
  put_product(note.name, bytes);
  if (noted) return;
  journal_->write(now, note);
  state_.take(note);
}

std::vector<ProductNote> Archive::products() const {
  std::vector<ProductNote> out;
  for (const auto& [name, note] : state_.products) out.push_back(note);
  return out;
}

std::string Archive::get_product(const std::string& name) const { return read_whole(root_ / "products" / (name + ".h5")); }

}  // namespace highwall
