#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/layout.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

/// Losses that are named one by one; a whole segment may be gone.
constexpr std::size_t kMostNamed = 50;

template <class Ids>
void name_each(const Ids& ids, const std::string& before, const std::string& after, std::vector<std::string>& told) {
  std::size_t named = 0;
  for (const std::string& id : ids) {
    if (named++ == kMostNamed) {
      told.push_back(fmt::format("{} further epochs{}; `highwall verify` names all", ids.size() - kMostNamed, after));
      return;
    }
    told.push_back(before + id + after);
  }
}

/// An epoch without its line; nullopt when it cannot be read or is not what its name says.
std::optional<Epoch> told_by(const EpochInfo& info) {
  try {
    const std::string bytes = read_whole(info.path);
    return info.sealed ? SegmentReader(bytes, info.path.string()).read(info.id)
                       : decode_epoch(bytes, info.path.string(), info.id);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::storage) throw;
    return std::nullopt;
  }
}

}  // namespace

bool Archive::was_acknowledged(const Epoch& epoch) const {
  const std::string sha = provenance_of(epoch.provenance, "file_sha256");
  if (sha.empty()) return false;
  if (state_.files.count({epoch.source, sha}) > 0) return true;
  if (!was_set_aside(epoch.source, sha)) return false;
  // Of a file that was set aside for its changed rows those that were new are kept all the same.
  for (const QuarantineRecord& record : quarantined()) {
    if (record.source == epoch.source && record.file_sha256 == sha && record.changed_rows > 0) return true;
  }
  return false;
}

bool Archive::was_set_aside(const std::string& source, const std::string& file_sha256) const {
  const auto aside = state_.quarantined.lower_bound({source, file_sha256, {}});
  return aside != state_.quarantined.end() && aside->first[0] == source && aside->first[1] == file_sha256;
}

bool Archive::may_be_of_a_kill(const Epoch& epoch) const {
  if (was_set_aside(epoch.source, provenance_of(epoch.provenance, "file_sha256"))) return false;
  return std::none_of(state_.epochs.begin(), state_.epochs.end(), [&](const auto& entry) {
    if (entry.second.source != epoch.source) return false;
    const auto noted = info_of(entry.first, {}, false);
    return noted && noted->instant > epoch.instant;
  });
}

bool Archive::is_taken_in_otherwise(const EpochInfo& info) const {
  const std::optional<Epoch> epoch = info.sealed ? std::nullopt : told_by(info);
  const auto* series = epoch ? std::get_if<std::vector<TimeSeries>>(&epoch->data) : nullptr;
  if (series == nullptr) return false;
  try {
    const SeriesMatch match = match_series(merged(info.source), *series);
    return match.equal_rows > 0 && match.new_rows == 0 && match.changed.empty();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::cancelled) throw;
    return false;  // Told by the files of its source.
  }
}

void Archive::sweep_unacknowledged() {
  std::vector<std::pair<EpochInfo, std::optional<Epoch>>> others;
  for (const auto& path : files_below(root_ / "epochs", ".h5")) {
    const std::string id = path.stem().string();
    auto info = is_noted(id) ? std::nullopt : info_of(id, path, false);
    if (!info) continue;
    // Where lines are damaged nothing is taken for what a kill left.
    if (state_.damaged.empty() && is_taken_in_otherwise(*info)) {
      remove_file(path);
      continue;
    }
    unexplained_.emplace(id, *info);
    std::optional<Epoch> epoch = told_by(*info);
    if (epoch && was_acknowledged(*epoch)) {
      lineless_.push_back(std::move(*info));
    } else {
      others.emplace_back(std::move(*info), std::move(epoch));
    }
  }
  for (const auto& path : files_below(root_ / "segments", ".h5")) {
    const auto sealed = state_.segments.find(path.stem().string());
    if (sealed == state_.segments.end()) continue;
    for (const std::string& id : sealed->second.ids) {
      const auto info = is_noted(id) ? std::nullopt : info_of(id, path, true);
      if (info && unexplained_.emplace(id, *info).second) lineless_.push_back(*info);
    }
  }
  // Each file is followed by its line, so that a kill leaves one at most.
  if (!state_.damaged.empty()) return;
  if (others.size() != 1 || !others[0].second || !may_be_of_a_kill(*others[0].second)) return;
  leftover_ = std::move(others[0].first);
}

bool Archive::is_dealt_with(const std::string& source, const std::string& file_sha256) const {
  return !file_sha256.empty() && (state_.files.count({source, file_sha256}) > 0 || was_set_aside(source, file_sha256));
}

void Archive::settle_leftover(const std::set<std::string>& waiting) {
  if (!leftover_) return;
  const EpochInfo left = *std::exchange(leftover_, std::nullopt);
  const std::optional<Epoch> epoch = is_noted(left.id) ? std::nullopt : told_by(left);
  if (!epoch) return;
  if (is_dealt_with(epoch->source, provenance_of(epoch->provenance, "file_sha256")) || is_taken_in_otherwise(left)) {
    remove_file(left.path);
    unexplained_.erase(left.id);
  } else if (waiting.count(provenance_of(epoch->provenance, "file")) > 0) {
    unexplained_.erase(left.id);  // The night that takes the file in decides.
  }
}

void Archive::note_again(const EpochInfo& info, Instant now) {
  const std::optional<Epoch> epoch = told_by(info);
  if (!epoch) return;
  IngestNote line{info.id, info.source, kind_of(epoch->data), provenance_of(epoch->provenance, "file_sha256"), {}, {}, 0};
  line.again = true;
  if (const auto* series = std::get_if<std::vector<TimeSeries>>(&epoch->data)) {
    try {
      const SeriesMatch match = match_series(merged(info.source), *series);
      // What a later block holds already would be there twice.
      if (match.equal_rows > 0 || !match.changed.empty()) return;
      line.new_rows = match.new_rows;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      return;
    }
  } else {
    const std::vector<EpochInfo> known = epochs(info.source);
    if (std::any_of(known.begin(), known.end(), [&](const EpochInfo& e) { return e.instant == info.instant; })) return;
  }
  if (!info.sealed) line.epoch_sha256 = sha256_hex(read_whole(info.path));
  note(now, std::move(line));
  unexplained_.erase(info.id);
  merges_.erase(info.source);
  index_.reset();
}

void Archive::notice_losses(Instant now) {
  for (const EpochInfo& info : lineless_) note_again(info, now);
  lineless_.clear();
  std::set<std::string> there;
  for (const EpochInfo& info : epochs()) there.insert(info.id);
  std::set<std::string> noticed;
  for (const LossNote& loss : state_.losses) noticed.insert(loss.ids.begin(), loss.ids.end());
  std::map<std::string, LossNote> fresh;
  for (const auto& [id, note] : state_.epochs) {
    if (there.count(id) > 0 || noticed.count(id) > 0) continue;
    fresh.try_emplace(note.source, LossNote{note.source, {}, now}).first->second.ids.push_back(id);
  }
  for (const auto& [source, loss] : fresh) {
    journal_->write(loss);
    state_.take(loss);
    merges_.erase(source);
  }
}

std::vector<std::string> Archive::losses(Instant now) const {
  std::set<std::string> there;
  for (const EpochInfo& info : epochs()) there.insert(info.id);
  std::set<std::string> gone;
  std::set<std::string> back;
  for (const auto& [id, note] : state_.epochs) {
    if (there.count(id) == 0) gone.insert(id);
  }
  for (const LossNote& loss : state_.losses) {
    for (const std::string& id : loss.ids) {
      if (loss.at == now && there.count(id) > 0) back.insert(id);
    }
  }
  std::vector<std::string> told;
  for (const std::string& line : state_.damaged) {
    told.push_back(line +
                   ": this line of the journal does not match its checksum and is passed over; what it said is taken from the "
                   "archive's files as far as they tell it; restore the log from a copy and run `highwall verify`");
  }
  name_each(
      gone, "the archive has lost epoch ",
      ": the journal has it, the directory has not; restore it from a copy, or put the file it came in back into the drop folder",
      told);
  name_each(back, "epoch ", " was missing in the archive and has been taken in again", told);
  std::set<std::string> again;
  for (const auto& [id, note] : state_.epochs) {
    if (note.again && note.at == now) again.insert(id);
  }
  name_each(again, "epoch ", " had lost its line in the journal; it was taken in once, so it has been noted again", told);
  std::set<std::string> unexplained;
  for (const auto& [id, info] : unexplained_) {
    if (there.count(id) == 0 && !is_taken_in_otherwise(info)) unexplained.insert(id);
  }
  name_each(unexplained, "epoch ",
            " is in no journal, so it is not used: the journal was damaged or replaced, or a night was killed and the file it "
            "came in is gone since; restore "
            "the journal from a copy, or put the file back into the drop folder",
            told);
  return told;
}

}  // namespace highwall
