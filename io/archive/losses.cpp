#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "io/archive/archive.hpp"
#include "io/archive/layout.hpp"

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

}  // namespace

void Archive::sweep_unacknowledged() {
  std::vector<std::filesystem::path> without_line;
  for (const auto& path : files_below(root_ / "epochs", ".h5")) {
    if (!is_noted(path.stem().string())) without_line.push_back(path);
  }
  // Each file is followed by its line, so that a kill leaves one at most.
  if (without_line.size() == 1) {
    remove_file(without_line[0]);
    return;
  }
  for (const auto& path : without_line) unexplained_.insert(path.stem().string());
}

void Archive::notice_losses(Instant now) {
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
  name_each(gone, "the archive has lost epoch ",
            ": the journal has it, the directory has not; restore it from a copy, or put the file it came in back into the drop folder", told);
  name_each(back, "epoch ", " was missing in the archive and has been taken in again", told);
  for (const std::string& id : there) unexplained_.erase(id);
  name_each(unexplained_, "epoch ", " is in no journal, so it is not used: the journal was damaged or replaced; restore it from a copy", told);
  return told;
}

}  // namespace highwall
