#include "bindings/pipeline/ingest.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "bindings/pipeline/trial.hpp"
#include "core/error.hpp"
#include "io/readers/cloud_builder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class Taker {
 public:
  Taker(const Site& site, Archive& archive, NightSummary& summary, Instant now, const Run& run)
      : site_(site), archive_(archive), summary_(summary), now_(now), run_(run) {}

  void take(TriedFile& tried) {
    const DropFile& file = tried.file;
    FileOutcome outcome = tried.outcome;
    if (!tried.hold.empty()) wait(file, tried.hold, outcome);
    if (file.waiting || !tried.hold.empty()) {
      summary_.files.push_back(outcome);
      return;
    }
    const std::string& sha = tried.note.file_sha256;  // "": the file could not even be loaded
    if (const FileNote* known =
            sha.empty() ? nullptr : archive_.known_file(file.source->id, sha, file.name, tried.note.options)) {
      tell(*known, outcome);
      if (known->file != file.name && known->outcome != "quarantined") duplicate(file, *known, outcome);
      summary_.files.push_back(std::move(outcome));
      return;
    }
    FileNote note = tried.note;
    note.at = now_;
    bool kept = true;
    std::string defect = tried.defect;
    if (defect.empty()) defect = defect_of(file, [&] { kept = keep(tried, sha, outcome); });
    if (!kept) {
      summary_.files.push_back(std::move(outcome));
      return;
    }
    if (!defect.empty()) set_aside(file, note.file_sha256, defect, outcome);
    note.outcome = outcome.outcome;
    note.detail = outcome.detail;
    note.warnings = outcome.warnings;
    note.rejected_rows = outcome.rejected_rows;
    archive_.note_file(note);
    tell(note, outcome);
    summary_.files.push_back(std::move(outcome));
  }

 private:
  /// The same words for a file of this night and for one that an earlier attempt at this night has dealt
  /// with; of a file from another night only that it is known, or still stands in quarantine.
  void tell(const FileNote& note, FileOutcome& outcome) {
    outcome.outcome = note.outcome;
    outcome.detail = note.detail;
    outcome.warnings = note.warnings;
    outcome.rejected_rows = note.rejected_rows;
    const bool tonight = note.at == now_;
    if (note.outcome == "quarantined") {
      if (!tonight) outcome.detail = "still in the drop folder: " + note.detail;
      summary_.findings.push_back(fmt::format("{}: {}", outcome.file, outcome.detail));
    } else if (!tonight) {
      outcome = {outcome.source, outcome.file, "known", {}, {}, 0};
    } else if (note.rejected_rows > 0) {
      summary_.findings.push_back(
          fmt::format("{}: {} rows were refused; {}", outcome.file, note.rejected_rows, note.first_rejected));
    }
  }

  void wait(const DropFile& file, const std::string& reason, FileOutcome& outcome) {
    outcome.outcome = "waiting";
    outcome.detail = reason;
    summary_.findings.push_back(fmt::format("{}: {}", file.name, reason));
  }

  void duplicate(const DropFile& file, const FileNote& known, FileOutcome& outcome) {
    outcome.outcome = "duplicate";
    outcome.detail = "the same bytes as " + known.file;
    const std::string target = fs::path(known.file).stem().string();
    const std::string other = fs::path(file.name).stem().string();
    if (target != other && names_its_target(*file.source, target)) {
      outcome.detail += fmt::format(", but its name tells target {} instead of {}", other, target);
      summary_.findings.push_back(fmt::format("{}: {}: one of the two is wrong", outcome.file, outcome.detail));
      return;
    }
    const auto here = named_instant(*file.source, file.name);
    const auto there = named_instant(*file.source, known.file);
    if (!here || !there || *here == *there) return;
    outcome.detail += fmt::format(", but its name tells {} instead of {}", to_iso8601(*here), to_iso8601(*there));
    summary_.findings.push_back(fmt::format("{}: {}: one of the two is wrong", outcome.file, outcome.detail));
  }

  /// Whether a file of this name gave it to a target.
  bool names_its_target(const SourceConfig& source, const std::string& stem) const {
    if (source.kind == "lidar" || !(source.target.empty() || source.target == "stem")) return false;
    try {
      return archive_.known_rows(source.id).find(stem) != nullptr;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::storage) throw;
      return false;  // Told by its new files.
    }
  }

  /// What a rule "filename:PATTERN" makes of a name.
  static std::optional<Instant> named_instant(const SourceConfig& source, const std::string& name) {
    for (const std::string& rule : source.instant) {
      if (rule.rfind("filename:", 0) != 0) continue;
      const auto civil = find_civil(fs::path(name).filename().string(), std::string_view(rule).substr(9));
      if (civil) return from_civil_utc(*civil);
    }
    return std::nullopt;
  }

  void set_aside(const DropFile& file, const std::string& sha, const std::string& reason, FileOutcome& outcome,
                 const std::vector<ChangedRow>& changed = {}) {
    outcome.outcome = "quarantined";
    outcome.detail = reason;
    archive_.quarantine({file.source->id, file.name, sha, reason, now_, {}, 0}, changed);
  }

  /// @return false when it waits for another night
  bool keep(TriedFile& tried, const std::string& sha, FileOutcome& outcome) {
    const DropFile& file = tried.file;
    std::optional<Reading> taken = reading_of(site_, tried, run_);
    if (!taken) {
      outcome.outcome = "waiting";
      outcome.detail = "it changed while it was read";
      return false;
    }
    Reading& reading = *taken;
    if (!archive_speaks(file, outcome, reading.data)) return false;
    const std::vector<std::pair<std::string, std::string>> provenance{
        {"file", file.name}, {"file_sha256", sha}, {"reader", reading.report.format}};
    if (auto* cloud = std::get_if<PointCloud>(&reading.data)) {
      keep_cloud(file, *cloud, provenance, sha, outcome);
    } else if (auto* stack = std::get_if<Stack>(&reading.data)) {
      keep_stack(file, *stack, provenance, sha, outcome);
    } else {
      keep_series(file, std::get<std::vector<TimeSeries>>(reading.data), provenance, sha, outcome);
    }
    return true;
  }

  void keep_cloud(const DropFile& file, PointCloud& cloud, const std::vector<std::pair<std::string, std::string>>& provenance,
                  const std::string& sha, FileOutcome& outcome) {
    const Instant instant = cloud.instant;
    const AppendResult result = archive_.append({file.source->id, instant, std::move(cloud), provenance}, now_);
    outcome.detail = result.id;
    if (result.what == Appended::duplicate) outcome.outcome = "duplicate";
    if (result.what == Appended::conflict) {
      set_aside(file, sha, "another cloud of the same source and instant is in the archive", outcome);
    }
  }

  void keep_stack(const DropFile& file, Stack& stack, const std::vector<std::pair<std::string, std::string>>& provenance,
                  const std::string& sha, FileOutcome& outcome) {
    require_same_grid(file, MapGrid(stack));
    std::size_t stored = 0;
    std::size_t conflicts = 0;
    for (std::size_t e = 0; e < stack.epochs(); ++e) {
      run_.check_stop();
      const AppendResult result = archive_.append({file.source->id, stack.instants()[e], one_epoch(stack, e), provenance}, now_);
      stored += result.what == Appended::stored ? 1 : 0;
      conflicts += result.what == Appended::conflict ? 1 : 0;
    }
    outcome.detail = fmt::format("{} of {} maps are new", stored, stack.epochs());
    if (stored == 0 && conflicts == 0) outcome.outcome = "duplicate";
    if (conflicts > 0) {
      set_aside(file, sha, fmt::format("{} maps differ from those of the same instants in the archive", conflicts), outcome);
    }
  }

  /// All maps of a source share the grid of its first one: a map of another grid could never be joined
  /// to them, and epochs are for ever.
  void require_same_grid(const DropFile& file, const MapGrid& grid) {
    const auto known = grids_.find(file.source->id);
    const auto first = known != grids_.end() ? known->second : grid_of_source(archive_, file.source->id);
    grids_[file.source->id] = first ? first : grid;
    if (first) require_grid(*first, grid);
  }

  /// Our own epochs that cannot be read are the trouble of their source, not of the night: its new files wait
  /// in the drop folder until that is mended.
  bool archive_speaks(const DropFile& file, FileOutcome& outcome, const Payload& data) {
    try {
      if (std::holds_alternative<std::vector<TimeSeries>>(data)) archive_.require_rows(file.source->id);
      if (std::holds_alternative<Stack>(data) && grids_.count(file.source->id) == 0) grid_of_source(archive_, file.source->id);
      return true;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::storage) throw;
      wait(file, unreadable_epochs(file.source->id, e), outcome);
      return false;
    }
  }

  void keep_series(const DropFile& file, std::vector<TimeSeries>& series,
                   const std::vector<std::pair<std::string, std::string>>& provenance, const std::string& sha,
                   FileOutcome& outcome) {
    const SeriesResult result = archive_.append_series(file.source->id, series, provenance, now_);
    outcome.detail = fmt::format("{} new rows, {} known", result.new_rows, result.equal_rows);
    if (result.new_rows == 0 && result.changed.empty()) outcome.outcome = "duplicate";
    if (!result.changed.empty())
      set_aside(file, sha, result.held_back + changed_rows_text(result.changed), outcome, result.changed);
  }

  const Site& site_;
  Archive& archive_;
  NightSummary& summary_;
  Instant now_;
  const Run& run_;
  std::map<std::string, std::optional<MapGrid>> grids_;
};

}  // namespace

void ingest(const Site& site, const NightOptions& options, Archive& archive, NightSummary& summary, const Run& run) {
  archive.notice_losses(options.now);
  // All is read and tried before anything is stored: what site.toml leaves open ends the night here.
  std::vector<TriedFile> files = try_files(site, options, &archive, run);
  Taker taker(site, archive, summary, options.now, run);
  std::set<std::string> waiting;
  for (std::size_t i = 0; i < files.size(); ++i) {
    run.check_stop();
    taker.take(files[i]);
    if (summary.files.back().outcome == "waiting") waiting.insert(files[i].file.name);
    run.progress("ingest", i + 1, files.size());
    run.log(LogLevel::info, "ingest",
            {{"file", files[i].file.name}, {"outcome", summary.files.back().outcome}, {"detail", summary.files.back().detail}});
  }
  for (std::string& copy : copies_between_sources(files)) summary.findings.push_back(std::move(copy));
  archive.settle_leftover(waiting);
  for (std::string& loss : archive.losses(options.now)) summary.findings.push_back(std::move(loss));
  std::vector<DropFile> listed;
  for (const TriedFile& tried : files) listed.push_back(tried.file);
  for (FileOutcome& stray : unmatched_files(site, listed)) {
    run.log(LogLevel::warning, "ingest", {{"file", stray.file}, {"outcome", stray.outcome}, {"detail", stray.detail}});
    summary.findings.push_back(fmt::format("{}: {}", stray.file, stray.detail));
    summary.files.push_back(std::move(stray));
  }
  for (std::string& finding : drop_findings(site, options, listed, &archive)) summary.findings.push_back(std::move(finding));
}

}  // namespace highwall
