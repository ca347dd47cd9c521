#include "bindings/pipeline/ingest.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <new>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/digest.hpp"
#include "io/readers/cloud_builder.hpp"

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
  return name[0] == '.' || path.extension() == ".part" || path.extension() == ".tmp" || path.extension() == kTemporarySuffix;
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

/// What PROJ makes of a file's own words is the file's matter, not that of the configuration.
template <class Body>
void as_file_matter(const Body& body) {
  try {
    body();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::frame, e.message(), e.where(), e.hint());
  }
}

/// Brings a cloud into the site frame (or leaves a "local" source in its own).
void to_site_frame(const Site& site, const SourceConfig& source, PointCloud& cloud, FileOutcome& outcome) {
  if (source.crs == "local") return;
  if (cloud.frame.is_local() && !site.frame.is_local()) {
    throw Error(ErrorKind::frame, "the cloud has no CRS", {}, "set crs for its source, or crs = \"local\"");
  }
  as_file_matter([&] {
    if (site.frame.is_local() || same_crs(cloud.frame.crs, site.frame.crs)) return;
    const Transformer transformer(cloud.frame.crs, site.frame.crs);
    for (Eigen::Index c = 0; c < 3; ++c) cloud.xyz.col(c).array() += cloud.frame.origin_m[static_cast<std::size_t>(c)];
    const std::size_t failed = transformer.apply(cloud.xyz.data(), cloud.size());
    for (Eigen::Index c = 0; c < 3; ++c) cloud.xyz.col(c).array() -= site.frame.origin_m[static_cast<std::size_t>(c)];
    if (failed > 0) outcome.warnings.push_back(fmt::format("{} points could not be projected", failed));
  });
  // The file may leave the vertical open, or name it in other words; the site's word counts.
  cloud.frame = site.frame;
  check_box(site, cloud);
}

/// The error's words without the file's name, which stands before them anyway.
std::string reason_of(const Error& e, const fs::path& path) {
  std::string place = e.where();
  if (place.rfind(path.string(), 0) == 0) {
    place.erase(0, path.string().size());
    const bool line = place.size() > 1 && place[0] == ':' && std::isdigit(static_cast<unsigned char>(place[1])) != 0;
    place = line ? "line " + place.substr(1) : place.substr(std::min(place.size(), place.find_first_not_of(": ")));
  }
  std::string text = place.empty() ? e.message() : place + ": " + e.message();
  // Readers may quote the path within their sentence too.
  if (const std::size_t at = text.find(path.string()); at != std::string::npos) text.replace(at, path.string().size(), "the file");
  return e.hint().empty() ? text : fmt::format("{} ({})", text, e.hint());
}

/// Reads files and tries them, without storing anything.
class Trier {
 public:
  Trier(const Site& site, const Run& run) : site_(site), run_(run) {}

  /// The file's data in the site frame, with its report in `outcome` and `note`.
  /// @throws Error(input or frame) for the file's own defects, Error(config) for what site.toml leaves open.
  Reading read(const DropFile& file, const std::string& bytes, FileNote& note, FileOutcome& outcome) const {
    Reading reading = read_any(file, bytes);
    outcome.warnings = reading.report.warnings;
    outcome.rejected_rows = reading.report.rejected;
    if (!reading.report.rows.empty()) {
      note.first_rejected = fmt::format("line {}: {}", reading.report.rows[0].line, reading.report.rows[0].reason);
    }
    if (auto* cloud = std::get_if<PointCloud>(&reading.data)) {
      try_cloud(file, *cloud, outcome);
    } else if (const auto* stack = std::get_if<Stack>(&reading.data)) {
      try_stack(file, *stack);
    } else {
      std::size_t rows = 0;
      for (const TimeSeries& s : std::get<std::vector<TimeSeries>>(reading.data)) rows += s.size();
      if (rows == 0) throw Error(ErrorKind::input, "the file has no usable row", file.path.string());
    }
    return reading;
  }

 private:
  Reading read_any(const DropFile& file, const std::string& bytes) const {
    try {
      return read_input({file.path.string(), bytes}, read_options_of(site_, *file.source), run_);
    } catch (const std::bad_alloc&) {
      throw Error(ErrorKind::input, "the file asks for more memory than there is", file.path.string());
    } catch (const std::length_error&) {
      throw Error(ErrorKind::input, "the file asks for more memory than there is", file.path.string());
    }
  }

  void try_cloud(const DropFile& file, PointCloud& cloud, FileOutcome& outcome) const {
    if (cloud.size() == 0) throw Error(ErrorKind::input, "the cloud has no points", file.path.string());
    if (cloud.instant == kNoInstant) {
      throw Error(ErrorKind::input, "the time of acquisition is not known", file.path.string(),
                  "give the source instant rules, e.g. instant = [\"filename:%Y%m%d\"]");
    }
    to_site_frame(site_, *file.source, cloud, outcome);
  }

  void try_stack(const DropFile& file, const Stack& stack) const {
    const std::string& crs = stack.geometry().frame.crs;
    if (stack.epochs() == 0) throw Error(ErrorKind::input, "the file has no map with an instant", file.path.string());
    if (file.source->crs == "local" || site_.frame.is_local()) return;
    as_file_matter([&] {
      if (same_crs(crs, site_.frame.crs)) return;
      throw Error(ErrorKind::frame, fmt::format("the map's CRS ({}) is not that of the site", crs.substr(0, 60)), {},
                  "export it in the site's CRS");
    });
  }

  const Site& site_;
  const Run& run_;
};

/// Readings that are kept from the trial to the storing; beyond that a file is read a second time.
constexpr std::uintmax_t kKeptBytes = 64U << 20U;

class Taker {
 public:
  Taker(const Site& site, Archive& archive, NightSummary& summary, Instant now, const Run& run)
      : site_(site), archive_(archive), summary_(summary), now_(now), run_(run) {}

  void take(TriedFile& tried) {
    const DropFile& file = tried.file;
    FileOutcome outcome = tried.outcome;
    if (file.waiting) {
      summary_.files.push_back(outcome);
      return;
    }
    const std::string& sha = tried.note.file_sha256;  // "": the file could not even be loaded
    if (const FileNote* known = sha.empty() ? nullptr : archive_.known_file(file.source->id, sha)) {
      tell(*known, outcome);
      if (known->file != file.name && known->outcome != "quarantined") duplicate(file, *known, outcome);
      summary_.files.push_back(std::move(outcome));
      return;
    }
    FileNote note = tried.note;
    note.at = now_;
    try {
      if (!tried.defect.empty()) {
        set_aside(file, note.file_sha256, tried.defect, outcome);
      } else if (!keep(tried, sha, outcome)) {
        summary_.files.push_back(std::move(outcome));
        return;
      }
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
      set_aside(file, note.file_sha256, reason_of(e, file.path), outcome);
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

  void duplicate(const DropFile& file, const FileNote& known, FileOutcome& outcome) {
    outcome.outcome = "duplicate";
    outcome.detail = "the same bytes as " + known.file;
    const auto here = named_instant(*file.source, file.name);
    const auto there = named_instant(*file.source, known.file);
    if (!here || !there || *here == *there) return;
    outcome.detail += fmt::format(", but its name tells {} instead of {}", to_iso8601(*here), to_iso8601(*there));
    summary_.findings.push_back(fmt::format("{}: {}: one of the two is wrong", outcome.file, outcome.detail));
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

  void set_aside(const DropFile& file, const std::string& sha, const std::string& reason, FileOutcome& outcome) {
    outcome.outcome = "quarantined";
    outcome.detail = reason;
    archive_.quarantine({file.source->id, file.name, sha, reason, now_});
  }

  /// @return false when the file has changed since it was tried
  bool keep(TriedFile& tried, const std::string& sha, FileOutcome& outcome) {
    const DropFile& file = tried.file;
    std::optional<Reading> taken = reading_of(site_, tried, run_);
    if (!taken) {
      outcome.outcome = "waiting";
      outcome.detail = "it changed while it was read";
      return false;
    }
    Reading& reading = *taken;
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
    require_same_grid(file, stack.geometry());
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
  void require_same_grid(const DropFile& file, const GridGeometry& geometry) {
    const auto known = grids_.find(file.source->id);
    const auto first = known != grids_.end() ? known->second : grid_of_source(archive_, file.source->id);
    grids_[file.source->id] = first ? first : geometry;
    if (first) require_grid(*first, geometry);
  }

  void keep_series(const DropFile& file, std::vector<TimeSeries>& series,
                   const std::vector<std::pair<std::string, std::string>>& provenance, const std::string& sha,
                   FileOutcome& outcome) {
    const SeriesResult result = archive_.append_series(file.source->id, series, provenance, now_);
    outcome.detail = fmt::format("{} new rows, {} known", result.new_rows, result.equal_rows);
    if (result.new_rows == 0 && result.changed.empty()) outcome.outcome = "duplicate";
    if (!result.changed.empty()) set_aside(file, sha, changed_rows_text(result.changed), outcome);
  }

  const Site& site_;
  Archive& archive_;
  NightSummary& summary_;
  Instant now_;
  const Run& run_;
  std::map<std::string, std::optional<GridGeometry>> grids_;
};

/// Folders and files below the drop folder that are the program's own.
std::vector<fs::path> own_places(const Site& site) {
  std::vector<fs::path> places{site.resolve(site.paths.archive), site.resolve(site.paths.output), site.file};
  for (const PublisherConfig& to : site.publish.to) {
    if (!to.dir.empty()) places.push_back(site.resolve(to.dir));
    if (!to.password_file.empty()) places.push_back(site.resolve(to.password_file));
  }
  if (site.policy_file) places.push_back(*site.policy_file);
  for (const ZoneConfig& zone : site.zones) {
    if (!zone.polygon.empty()) places.push_back(site.resolve(zone.polygon.substr(0, zone.polygon.rfind(':'))));
  }
  for (const SourceConfig& source : site.sources) {
    if (source.stable != "auto") places.push_back(site.resolve(source.stable.substr(0, source.stable.rfind(':'))));
  }
  for (fs::path& place : places) place = place.lexically_normal();
  return places;
}

std::string pattern_that_differs_in_case(const Site& site, const fs::path& path) {
  const auto small = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  for (const SourceConfig& source : site.sources) {
    const fs::path pattern = site.resolve(source.files).lexically_normal();
    if (pattern.parent_path() == path.parent_path() && matches(small(path.filename().string()), small(pattern.filename().string()))) {
      return source.files;
    }
  }
  return {};
}

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
      if (!entry.is_regular_file(failed) || !matches(final_name, pattern.filename().string())) continue;
      const bool young = options.settle && age_s(entry.path(), options.now) < site.paths.settle_s;
      found.push_back({&source, entry.path(), entry.path().lexically_relative(site.root).generic_string(), unfinished || young});
    }
    std::sort(found.begin(), found.end(), [](const DropFile& a, const DropFile& b) { return a.name < b.name; });
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::vector<FileOutcome> unmatched_files(const Site& site, const std::vector<DropFile>& files) {
  std::set<fs::path> matched;
  for (const DropFile& file : files) matched.insert(file.path.lexically_normal());
  const std::vector<fs::path> own = own_places(site);
  std::vector<FileOutcome> unmatched;
  std::error_code failed;
  const fs::path drop = site.resolve(site.paths.drop).lexically_normal();
  for (auto it = fs::recursive_directory_iterator(drop, failed); !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    const fs::path path = it->path().lexically_normal();
    const bool hidden = path.filename().string()[0] == '.';
    if (hidden || std::find(own.begin(), own.end(), path) != own.end()) {
      it.disable_recursion_pending();
      continue;
    }
    std::error_code unreadable;
    if (!it->is_regular_file(unreadable) || matched.count(path) > 0) continue;
    const std::string near = pattern_that_differs_in_case(site, path);
    unmatched.push_back({"", path.lexically_relative(site.root).generic_string(), "unmatched",
                         near.empty() ? "no source takes it" : fmt::format("no source takes it; \"{}\" would but for upper and lower case", near),
                         {}, 0});
  }
  std::sort(unmatched.begin(), unmatched.end(), [](const FileOutcome& a, const FileOutcome& b) { return a.file < b.file; });
  return unmatched;
}

ReadOptions read_options_of(const Site& site, const SourceConfig& source) {
  ReadOptions o = source;
  o.strict = true;
  if (source.crs != "local") o.origin_m.assign(site.frame.origin_m.begin(), site.frame.origin_m.end());
  return o;
}

std::vector<TriedFile> try_files(const Site& site, const NightOptions& options, const Archive* archive, const Run& run) {
  std::vector<TriedFile> tried;
  const std::vector<DropFile> files = list_drop(site, options);
  const Trier trier(site, run);
  std::set<std::pair<std::string, std::string>> seen;  // a renamed copy is read once
  std::uintmax_t kept = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    run.check_stop();
    const DropFile& file = files[i];
    TriedFile one{file, {file.source->id, file.name, "stored", {}, {}, 0}, {file.source->id, file.name, {}, {}, {}, 0, {}, {}, {}}, 0, false, {}, {}, {}};
    if (file.waiting) {
      one.outcome.outcome = "waiting";
      one.outcome.detail = "still being uploaded, or too young";
      tried.push_back(std::move(one));
      continue;
    }
    try {
      const std::string bytes = load_file(file.path);
      one.bytes = bytes.size();
      one.note.file_sha256 = sha256_hex(bytes);
      one.known = (archive != nullptr && archive->known_file(file.source->id, one.note.file_sha256) != nullptr) ||
                  !seen.insert({file.source->id, one.note.file_sha256}).second;
      if (!one.known) {
        Reading reading = trier.read(file, bytes, one.note, one.outcome);
        one.format = reading.report.format;
        if (kept + one.bytes <= kKeptBytes) {
          kept += one.bytes;
          one.reading = std::move(reading);
        }
      }
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
      one.defect = reason_of(e, file.path);
    }
    tried.push_back(std::move(one));
    run.progress("read", i + 1, files.size());
  }
  return tried;
}

std::optional<Reading> reading_of(const Site& site, TriedFile& tried, const Run& run) {
  if (tried.reading) return std::exchange(tried.reading, std::nullopt);
  const std::string bytes = load_file(tried.file.path);
  if (sha256_hex(bytes) != tried.note.file_sha256) return std::nullopt;
  return Trier(site, run).read(tried.file, bytes, tried.note, tried.outcome);
}

Stack one_epoch(const Stack& stack, std::size_t e) {
  Stack one(stack.geometry(), {stack.instants()[e]});
  std::copy(stack.at(e).begin(), stack.at(e).end(), one.at(0).begin());
  one.line_of_sight = stack.line_of_sight;
  one.line_of_sight_per_cell = stack.line_of_sight_per_cell;
  one.cell_position_m = stack.cell_position_m;
  return one;
}

std::optional<GridGeometry> grid_of_source(const Archive& archive, const std::string& source) {
  for (const EpochInfo& info : archive.epochs(source)) {
    if (!info.kind.empty() && info.kind != "scan") continue;  // Known without opening it.
    const Epoch epoch = archive.load(info);
    if (const auto* stack = std::get_if<Stack>(&epoch.data)) return stack->geometry();
  }
  return std::nullopt;
}

void require_grid(const GridGeometry& first, const GridGeometry& other) {
  if (first == other) return;
  throw Error(ErrorKind::frame,
              fmt::format("the map has another grid ({} x {} cells from {:.3f}, {:.3f}) than the source's first map ({} x {} from {:.3f}, {:.3f})",
                          other.rows, other.cols, other.affine[0], other.affine[3], first.rows, first.cols, first.affine[0], first.affine[3]),
              {}, "give a re-installed radar a source of its own");
}

std::string changed_rows_text(const std::vector<ChangedRow>& changed) {
  const ChangedRow& first = changed.at(0);
  return fmt::format("{} rows differ from what the archive holds; first {} at {}: {:.6f} m stored, {:.6f} m told",
                     changed.size(), first.target, to_iso8601(first.at), first.stored_m, first.told_m);
}

void ingest(const Site& site, const NightOptions& options, Archive& archive, NightSummary& summary, const Run& run) {
  // All is read and tried before anything is stored: what site.toml leaves open ends the night here.
  std::vector<TriedFile> files = try_files(site, options, &archive, run);
  Taker taker(site, archive, summary, options.now, run);
  for (std::size_t i = 0; i < files.size(); ++i) {
    run.check_stop();
    taker.take(files[i]);
    run.progress("ingest", i + 1, files.size());
    run.log(LogLevel::info, "ingest",
            {{"file", files[i].file.name}, {"outcome", summary.files.back().outcome}, {"detail", summary.files.back().detail}});
  }
  std::vector<DropFile> listed;
  for (const TriedFile& tried : files) listed.push_back(tried.file);
  for (FileOutcome& stray : unmatched_files(site, listed)) {
    run.log(LogLevel::warning, "ingest", {{"file", stray.file}, {"outcome", stray.outcome}, {"detail", stray.detail}});
    summary.findings.push_back(fmt::format("{}: {}", stray.file, stray.detail));
    summary.files.push_back(std::move(stray));
  }
  if (std::error_code failed; !std::filesystem::is_directory(site.resolve(site.paths.drop), failed)) {
    summary.findings.push_back(fmt::format("the drop folder {} is not there", site.paths.drop));
  }
}

}  // namespace highwall
