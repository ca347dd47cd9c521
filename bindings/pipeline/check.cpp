#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bindings/pipeline/calculate.hpp"
#include "bindings/pipeline/ingest.hpp"
#include "bindings/pipeline/measure.hpp"
#include "bindings/pipeline/warn.hpp"
#include "core/error.hpp"
#include "io/archive/merge.hpp"
#include "io/archive/zero.hpp"

namespace highwall {
namespace {

/// Rows that an export tells otherwise than they are stored. @throws Error(input) for another zero.
std::vector<ChangedRow> changed_rows(const std::vector<TimeSeries>& stored, const std::vector<TimeSeries>& told) {
  std::vector<ChangedRow> changed;
  for (const TimeSeries& as_told : told) {
    const auto known =
        std::find_if(stored.begin(), stored.end(), [&](const TimeSeries& s) { return s.target == as_told.target; });
    if (known == stored.end()) continue;
    require_same_zero(*known, as_told);
    const TimeSeries here = about_zero_of(*known, as_told);
    for (const auto& [row, row_known] : match_rows(&*known, here).changed) {
      changed.push_back({here.target, here.time[row], known->value(row_known), here.value(row)});
    }
  }
  return changed;
}

/// What the archive, or a file that stands before it in the list, holds against a new file.
class Comparer {
 public:
  Comparer(const Archive* archive, const Site& site, const Run& run) : archive_(archive), site_(site), run_(run) {}

  /// Why the file would be set aside; "" when it would be taken in.
  std::string conflict(TriedFile& tried) {
    const std::string& source = tried.file.source->id;
    const auto reading = reading_of(site_, tried, run_);
    if (!reading) return "it changed while it was read";
    if (const auto* cloud = std::get_if<PointCloud>(&reading->data)) {
      return epoch_conflict({source, cloud->instant, *cloud, {}}) ? "another cloud of the same source and instant is known" : "";
    }
    if (const auto* stack = std::get_if<Stack>(&reading->data)) return stack_conflict(source, *stack);
    return series_conflict(source, std::get<std::vector<TimeSeries>>(reading->data));
  }

 private:
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
      if (const auto first = grid_of_source(*archive_, source)) grids_[source] = *first;
    }
    try {
      require_grid(grids_.try_emplace(source, stack.geometry()).first->second, stack.geometry());
    } catch (const Error& e) {
      return e.what();
    }
    std::size_t conflicts = 0;
    for (std::size_t e = 0; e < stack.epochs(); ++e) {
      run_.check_stop();
      conflicts += epoch_conflict({source, stack.instants()[e], one_epoch(stack, e), {}}) ? 1 : 0;
    }
    return conflicts == 0 ? "" : fmt::format("{} maps differ from those of the same instants in the archive", conflicts);
  }

  std::string series_conflict(const std::string& source, const std::vector<TimeSeries>& told) {
    if (archive_ == nullptr) return {};
    if (series_.count(source) == 0) series_[source] = archive_->load_series(source);
    try {
      const std::vector<ChangedRow> changed = changed_rows(series_[source], told);
      return changed.empty() ? "" : changed_rows_text(changed);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input) throw;
      return e.what();
    }
  }

  const Archive* archive_;
  const Site& site_;
  const Run& run_;
  std::map<std::pair<std::string, Instant>, std::string> seen_;
  std::map<std::string, GridGeometry> grids_;
  std::map<std::string, std::vector<TimeSeries>> series_;
};

}  // namespace

CheckReport check_site(const Site& site, const NightOptions& options, const Run& run) {
  CheckReport report;
  calculation_of(site);
  const Policy policy = site_policy(site);
  report.lines.push_back(fmt::format("mine {} \"{}\" ({}), frame {}", site.mine.no, site.mine.name, site.mine.state, site.frame.to_string()));
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
  std::vector<DropFile> listed;
  for (TriedFile& tried : files) {
    run.check_stop();
    const std::string& name = tried.file.name;
    listed.push_back(tried.file);
    if (tried.file.waiting) report.lines.push_back(fmt::format("{}: waits (unfinished, or younger than settle_s)", name));
    if (tried.file.waiting || tried.known) continue;
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
  // Archive files are about as large as what they come from; products and segments as much again.
  report.lines.push_back(fmt::format("{} new files, {:.1f} MB; allow {:.1f} MB of disk", fresh,
                                     static_cast<double>(report.bytes_to_ingest) / 1e6,
                                     static_cast<double>(report.bytes_to_ingest) * 4.0 / 1e6));
  return report;
}

}  // namespace highwall
