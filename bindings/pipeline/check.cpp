#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bindings/pipeline/calculate.hpp"
#include "bindings/pipeline/measure.hpp"
#include "bindings/pipeline/trial.hpp"
#include "bindings/pipeline/warn.hpp"
#include "core/error.hpp"
#include "io/archive/match.hpp"

namespace highwall {
namespace {

/// What the archive, or a file that stands before it in the list, holds against a new file.
class Comparer {
 public:
  Comparer(const Archive* archive, const Site& site, const Run& run) : archive_(archive), site_(site), run_(run) {}

  /// Why the file would be set aside; "" when it would be taken in.
  std::string conflict(TriedFile& tried) {
    try {
      return conflict_of(tried);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled || e.kind() == ErrorKind::config) throw;
      return reason_of(e, tried.file.path);
    }
  }

 private:
  std::string conflict_of(TriedFile& tried) {
    const std::string& source = tried.file.source->id;
    const auto reading = reading_of(site_, tried, run_);
    if (!reading) return "it changed while it was read";
    if (const auto* cloud = std::get_if<PointCloud>(&reading->data)) {
      return epoch_conflict({source, cloud->instant, *cloud, {}}) ? "another cloud of the same source and instant is known" : "";
    }
    if (const auto* stack = std::get_if<Stack>(&reading->data)) return stack_conflict(source, *stack);
    return series_conflict(source, std::get<std::vector<TimeSeries>>(reading->data));
  }

  bool epoch_conflict(const Epoch& epoch) {
    const std::string digest = content_digest(epoch);
    bool other = false;
    if (archive_ != nullptr) {
      for (const EpochInfo& known : archive_->epochs(epoch.source)) {
        if (known.instant == epoch.instant) other = other || !known.id.ends_with("-" + digest.substr(0, 8));
      }
    }
    const auto [seen, added] = seen_.try_emplace({epoch.source, epoch.instant}, digest);
    return other || seen->second != digest;
  }

  std::string stack_conflict(const std::string& source, const Stack& stack) {
    if (grids_.count(source) == 0 && archive_ != nullptr) {
      if (const auto first = grid_of_source(*archive_, source)) grids_.emplace(source, *first);
    }
    const MapGrid grid(stack);
    require_grid(grids_.try_emplace(source, grid).first->second, grid);
    std::size_t conflicts = 0;
    for (std::size_t e = 0; e < stack.epochs(); ++e) {
      run_.check_stop();
      conflicts += epoch_conflict({source, stack.instants()[e], one_epoch(stack, e), {}}) ? 1 : 0;
    }
    return conflicts == 0 ? "" : fmt::format("{} maps differ from those of the same instants in the archive", conflicts);
  }

  std::string series_conflict(const std::string& source, const std::vector<TimeSeries>& told) {
    const auto [known, is_new] = series_.try_emplace(source);
    if (is_new && archive_ != nullptr) known->second = archive_->known_rows(source);
    const SeriesMatch match = match_series(known->second, told);
    known->second.add(kNever, {}, match.fresh);
    return match.changed.empty() ? "" : match.held_back + changed_rows_text(match.changed);
  }

  const Archive* archive_;
  const Site& site_;
  const Run& run_;
  std::map<std::pair<std::string, Instant>, std::string> seen_;
  std::map<std::string, MapGrid> grids_;
  std::map<std::string, SeriesMerge> series_;
};

}  // namespace

CheckReport check_site(const Site& site, const NightOptions& options, const Run& run) {
  CheckReport report;
  calculation_of(site);
  const Policy policy = site_policy(site);
  report.lines.push_back(
      fmt::format("mine {} \"{}\" ({}), frame {}", site.mine.no, site.mine.name, site.mine.state, site.frame.to_string()));
  report.lines.push_back(fmt::format("drop folder {} (read only)", site.resolve(site.paths.drop).string()));
  report.lines.push_back(fmt::format("policy {} {}: {} rules", policy.id, policy.version, policy.rules.size()));
  for (const Polygon& zone : configured_zones(site)) {
    report.lines.push_back(fmt::format("zone {}: {}", zone.name, zone.empty() ? "no outline (series only)" : "outline read"));
  }
  std::optional<Archive> archive;
  const auto root = site.resolve(site.paths.archive);
  if (std::filesystem::exists(root / "format.toml")) archive.emplace(Archive::open_for_reading(root));
  std::vector<TriedFile> files = try_files(site, options, archive ? &*archive : nullptr, run);
  Comparer comparer(archive ? &*archive : nullptr, site, run);
  std::size_t fresh = 0;
  for (std::string& copy : copies_between_sources(files)) report.problems.push_back(std::move(copy));
  std::vector<DropFile> listed;
  for (TriedFile& tried : files) {
    run.check_stop();
    const std::string& name = tried.file.name;
    listed.push_back(tried.file);
    if (tried.file.waiting) report.lines.push_back(fmt::format("{}: waits (unfinished, or younger than settle_s)", name));
    if (tried.file.waiting || tried.known) continue;
    if (tried.defect.empty()) tried.defect = tried.hold;
    if (tried.defect.empty()) tried.defect = comparer.conflict(tried);
    if (!tried.defect.empty()) {
      report.problems.push_back(fmt::format("{}: {}", name, tried.defect));
      continue;
    }
    report.lines.push_back(fmt::format("{}: {} bytes, read as {}", name, tried.bytes, tried.format));
    for (const std::string& warning : tried.outcome.warnings) report.lines.push_back("  " + warning);
    if (tried.outcome.rejected_rows > 0) {
      report.problems.push_back(
          fmt::format("{}: {} rows would be refused; {}", name, tried.outcome.rejected_rows, tried.note.first_rejected));
    }
    report.bytes_to_ingest += tried.bytes;
    ++fresh;
  }
  for (const FileOutcome& stray : unmatched_files(site, listed))
    report.problems.push_back(fmt::format("{}: {}", stray.file, stray.detail));
  for (std::string& finding : drop_findings(site, options, listed, archive ? &*archive : nullptr))
    report.problems.push_back(std::move(finding));
  // Archive files are about as large as what they come from; products and segments as much again.
  report.lines.push_back(fmt::format("{} new files, {:.1f} MB; allow {:.1f} MB of disk", fresh,
                                     static_cast<double>(report.bytes_to_ingest) / 1e6,
                                     static_cast<double>(report.bytes_to_ingest) * 4.0 / 1e6));
  return report;
}

}  // namespace highwall
