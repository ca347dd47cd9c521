#include "bindings/pipeline/ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sys/stat.h>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') return matches(name, pattern.substr(1)) || (!name.empty() && matches(name.substr(1), pattern));
  if (name.empty() || (pattern[0] != '?' && pattern[0] != name[0])) return false;
  return matches(name.substr(1), pattern.substr(1));
}

bool is_unfinished(const fs::path& path) {
  const std::string name = path.filename().string();
  return name[0] == '.' || path.extension() == ".part" || path.extension() == ".tmp";
}

/// Seconds between the file's last change and `now`; files keep UTC seconds.
double age_s(const fs::path& path, Instant now) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0.0;
  return to_seconds(now - Instant{status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec});
}

/// The plausibility box of site.toml: most points of a cloud in the wrong zone or unit lie outside.
void check_box(const Site& site, const PointCloud& cloud) {
  std::size_t outside = 0;
  for (Eigen::Index i = 0; i < cloud.xyz.rows(); ++i) {
    for (Eigen::Index c = 0; c < 3; ++c) {
      const double v = cloud.xyz(i, c);
      if (!(v >= site.box_min_m[static_cast<std::size_t>(c)] && v <= site.box_max_m[static_cast<std::size_t>(c)])) {
        ++outside;
        break;
      }
    }
  }
  if (outside * 2 > cloud.size()) {
    throw Error(ErrorKind::frame,
                fmt::format("{} of {} points lie outside of the site's box_m", outside, cloud.size()), {},
                "wrong CRS, axis order, unit or UTM zone?");
  }
}

/// Brings a cloud into the site frame (or leaves a "local" source in its own).
void to_site_frame(const Site& site, const SourceConfig& source, PointCloud& cloud, FileOutcome& outcome) {
  if (source.crs == "local") return;
  if (cloud.frame.is_local() && !site.frame.is_local()) {
    throw Error(ErrorKind::frame, "the cloud has no CRS", {}, "set crs for its source, or crs = \"local\"");
  }
  if (!site.frame.is_local() && !same_crs(cloud.frame.crs, site.frame.crs)) {
    const Transformer transformer(cloud.frame.crs, site.frame.crs);
    for (Eigen::Index c = 0; c < 3; ++c) cloud.xyz.col(c).array() += cloud.frame.origin_m[static_cast<std::size_t>(c)];
    const std::size_t failed = transformer.apply(cloud.xyz.data(), cloud.size());
    for (Eigen::Index c = 0; c < 3; ++c) cloud.xyz.col(c).array() -= site.frame.origin_m[static_cast<std::size_t>(c)];
    if (failed > 0) outcome.warnings.push_back(fmt::format("{} points could not be projected", failed));
  }
  // The file may leave the vertical open, or name it in other words; the site's word counts.
  cloud.frame = site.frame;
  check_box(site, cloud);
}

/// A stack comes as a file with many epochs: each is kept by itself.
Stack one_epoch(const Stack& stack, std::size_t e) {
  Stack one(stack.geometry(), {stack.instants()[e]});
  std::copy(stack.at(e).begin(), stack.at(e).end(), one.at(0).begin());
  one.line_of_sight = stack.line_of_sight;
  one.line_of_sight_per_cell = stack.line_of_sight_per_cell;
  one.cell_position_m = stack.cell_position_m;
  return one;
}

class Taker {
 public:
  Taker(const Site& site, Archive& archive, NightSummary& summary, Instant now, const Run& run)
      : site_(site), archive_(archive), summary_(summary), now_(now), run_(run) {}

  void take(const DropFile& file) {
    FileOutcome outcome{file.source->id, file.name, "stored", {}, {}, 0};
    if (file.waiting) {
      outcome.outcome = "waiting";
      outcome.detail = "still being uploaded, or too young";
      summary_.files.push_back(outcome);
      return;
    }
    std::string bytes;
    FileNote note{file.source->id, file.name, "unreadable", {}, {}, 0, {}, {}, now_};
    try {
      bytes = load_file(file.path);
      note.file_sha256 = sha256_hex(bytes);
      if (const FileNote* known = archive_.known_file(file.source->id, note.file_sha256)) {
        tell(*known, outcome);
        if (known->file != file.name && known->outcome != "quarantined") {
          outcome.outcome = "duplicate";
          outcome.detail = "the same bytes as " + known->file;
        }
        summary_.files.push_back(std::move(outcome));
        return;
      }
      read(file, std::move(bytes), note, outcome);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
      set_aside(file, note.file_sha256, e.what(), outcome);
    }
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

  void set_aside(const DropFile& file, const std::string& sha, const std::string& reason, FileOutcome& outcome) {
    outcome.outcome = "quarantined";
    // The message names the whole path; the record speaks of the file as the site sees it.
    std::string plain = reason;
    if (const std::size_t at = plain.find(file.path.string()); at != std::string::npos) {
      plain.replace(at, file.path.string().size(), file.name);
    }
    outcome.detail = plain;
    archive_.quarantine({file.source->id, file.name, sha, plain, now_});
  }

  void read(const DropFile& file, std::string bytes, FileNote& note, FileOutcome& outcome) {
    const std::string& sha = note.file_sha256;
    Reading reading = read_input({file.path.string(), bytes}, read_options_of(site_, *file.source), run_);
    std::string().swap(bytes);  // A large cloud is not kept twice from here on.
    outcome.warnings = reading.report.warnings;
    outcome.rejected_rows = reading.report.rejected;
    if (!reading.report.rows.empty()) {
      note.first_rejected = fmt::format("line {}: {}", reading.report.rows[0].line, reading.report.rows[0].reason);
    }
    const std::vector<std::pair<std::string, std::string>> provenance{
        {"file", file.name}, {"file_sha256", sha}, {"reader", reading.report.format}};
    if (auto* cloud = std::get_if<PointCloud>(&reading.data)) {
      keep_cloud(file, *cloud, provenance, sha, outcome);
    } else if (auto* stack = std::get_if<Stack>(&reading.data)) {
      keep_stack(file, *stack, provenance, sha, outcome);
    } else {
      keep_series(file, std::get<std::vector<TimeSeries>>(reading.data), provenance, sha, outcome);
    }
  }

  void keep_cloud(const DropFile& file, PointCloud& cloud, const std::vector<std::pair<std::string, std::string>>& provenance,
                  const std::string& sha, FileOutcome& outcome) {
    if (cloud.size() == 0) throw Error(ErrorKind::input, "the cloud has no points", file.path.string());
    if (cloud.instant == kNoInstant) {
      throw Error(ErrorKind::input, "the time of acquisition is not known", file.path.string(),
                  "give the source instant rules, e.g. instant = [\"filename:%Y%m%d\"]");
    }
    to_site_frame(site_, *file.source, cloud, outcome);
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
    const std::string& crs = stack.geometry().frame.crs;
    if (file.source->crs != "local" && !site_.frame.is_local() && !same_crs(crs, site_.frame.crs)) {
      throw Error(ErrorKind::frame, fmt::format("the map's CRS ({}) is not that of the site", crs.substr(0, 60)), {},
                  "export it in the site's CRS");
    }
    std::size_t stored = 0;
    std::size_t conflicts = 0;
    for (std::size_t e = 0; e < stack.epochs(); ++e) {
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

  void keep_series(const DropFile& file, std::vector<TimeSeries>& series,
                   const std::vector<std::pair<std::string, std::string>>& provenance, const std::string& sha,
                   FileOutcome& outcome) {
    std::size_t rows = 0;
    for (const TimeSeries& s : series) rows += s.size();
    if (rows == 0) throw Error(ErrorKind::input, "the file has no usable row", file.path.string());
    const SeriesResult result = archive_.append_series(file.source->id, series, provenance, now_);
    outcome.detail = fmt::format("{} new rows, {} known", result.new_rows, result.equal_rows);
    if (result.new_rows == 0 && result.changed.empty()) outcome.outcome = "duplicate";
    if (!result.changed.empty()) {
      const ChangedRow& first = result.changed[0];
      set_aside(file, sha,
                fmt::format("{} rows differ from what the archive holds; first {} at {}: {:.6f} m stored, {:.6f} m told",
                            result.changed.size(), first.target, to_iso8601(first.at), first.stored_m, first.told_m),
                outcome);
    }
  }

  const Site& site_;
  Archive& archive_;
  NightSummary& summary_;
  Instant now_;
  const Run& run_;
};

}  // namespace

std::vector<DropFile> list_drop(const Site& site, const NightOptions& options) {
  std::vector<DropFile> files;
  for (const SourceConfig& source : site.sources) {
    const fs::path pattern = site.resolve(source.files);
    const fs::path folder = pattern.parent_path();
    if (folder.string().find_first_of("*?") != std::string::npos) {
      throw Error(ErrorKind::config, "wildcards stand in the last part of \"files\" only", source.where);
    }
    std::vector<DropFile> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      const std::string name = entry.path().filename().string();
      // A half-uploaded file "a.csv.part" belongs to the pattern "*.csv" all the same.
      const bool unfinished = is_unfinished(entry.path());
      const std::string final_name = unfinished && name[0] != '.' ? entry.path().stem().string() : name;
      if (!entry.is_regular_file() || !matches(final_name, pattern.filename().string())) continue;
      const bool young = options.settle && age_s(entry.path(), options.now) < site.paths.settle_s;
      found.push_back({&source, entry.path(), entry.path().lexically_relative(site.root).generic_string(), unfinished || young});
    }
    std::sort(found.begin(), found.end(), [](const DropFile& a, const DropFile& b) { return a.name < b.name; });
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

ReadOptions read_options_of(const Site& site, const SourceConfig& source) {
  ReadOptions o;
  o.strict = true;
  o.format = source.format;
  o.kind = source.kind;
  o.sign = source.sign;
  o.unit = source.unit;
  o.time_zone = source.time_zone.empty() ? site.mine.time_zone : source.time_zone;
  o.crs = source.crs;
  o.instant = source.instant;
  o.target = source.target;
  o.time_column = source.columns.time;
  o.displacement_column = source.columns.displacement;
  o.sigma_column = source.columns.sigma;
  o.target_column = source.columns.target;
  o.east_column = source.columns.east;
  o.north_column = source.columns.north;
  o.up_column = source.columns.up;
  if (source.crs != "local") o.origin_m.assign(site.frame.origin_m.begin(), site.frame.origin_m.end());
  return o;
}

void ingest(const Site& site, const NightOptions& options, Archive& archive, NightSummary& summary, const Run& run) {
  const std::vector<DropFile> files = list_drop(site, options);
  Taker taker(site, archive, summary, options.now, run);
  for (std::size_t i = 0; i < files.size(); ++i) {
    run.check_stop();
    taker.take(files[i]);
    run.progress("ingest", i + 1, files.size());
    run.log(LogLevel::info, "ingest",
            {{"file", files[i].name}, {"outcome", summary.files.back().outcome}, {"detail", summary.files.back().detail}});
  }
}

}  // namespace highwall
