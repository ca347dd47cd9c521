#include "bindings/pipeline/drop_folder.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/durable/durable.hpp"

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

/// What lies in a folder; nothing when it cannot be listed, which is told by drop_findings().
std::vector<fs::path> entries_of(const fs::path& folder, std::error_code* why = nullptr) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (auto it = fs::directory_iterator(folder, failed); !failed && it != fs::directory_iterator(); it.increment(failed)) {
    paths.push_back(it->path());
  }
  if (why != nullptr) *why = failed;
  return paths;
}

/// A file's name as records and messages have it: relative to the site, printable.
std::string name_of(const Site& site, const fs::path& path) {
  return printable(path.lexically_relative(site.root).generic_string());
}

/// A file stamped further ahead than clocks differ would wait for ever.
constexpr double kFuture_s = 3600.0;

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
    if (!source.mask.empty()) places.push_back(site.resolve(source.mask.substr(0, source.mask.rfind(':'))));
    if (source.stable != "auto") places.push_back(site.resolve(source.stable.substr(0, source.stable.rfind(':'))));
  }
  for (fs::path& place : places) place = place.lexically_normal();
  return places;
}

/// What a file would be confirmed by: any other instrument that measures displacement, or one of its own kind.
std::string confirmed_as(const SourceConfig& source) {
  const auto kind = parse_sensor_kind(source.kind);
  return kind && measures_displacement(*kind) ? "displacement" : source.kind;
}

/// One instrument must not confirm itself as two sources, through a link neither: the file waits until site.toml says
/// whose it is.
void mark_files_of_two_sources(std::vector<DropFile>& files) {
  std::map<std::pair<fs::path, std::string>, DropFile*> taker;
  for (DropFile& file : files) {
    std::error_code failed;
    const fs::path real = fs::canonical(file.path, failed);
    DropFile* first =
        taker.try_emplace({failed ? file.path.lexically_normal() : real, confirmed_as(*file.source)}, &file).first->second;
    if (first->source == file.source) continue;
    file.other = first->source;
    first->other = file.source;
  }
}

std::string pattern_that_differs_in_case(const Site& site, const fs::path& path) {
  const auto small = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  for (const SourceConfig& source : site.sources) {
    const fs::path pattern = site.resolve(source.files).lexically_normal();
    if (pattern.parent_path() == path.parent_path() &&
        matches(small(path.filename().string()), small(pattern.filename().string()))) {
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
    for (const fs::path& path : entries_of(folder)) {
      const std::string name = path.filename().string();
      // A half-uploaded file "a.csv.part" belongs to the pattern "*.csv" all the same.
      const bool unfinished = is_unfinished(path);
      const std::string final_name = unfinished && name[0] != '.' ? path.stem().string() : name;
      std::error_code failed;
      if (!fs::is_regular_file(path, failed) || !matches(final_name, pattern.filename().string())) continue;
      const bool young = options.settle && age_s(path, options.now) < site.paths.settle_s;
      found.push_back({&source, path, name_of(site, path), unfinished || young});
    }
    std::sort(found.begin(), found.end(), [](const DropFile& a, const DropFile& b) { return a.name < b.name; });
    files.insert(files.end(), found.begin(), found.end());
  }
  mark_files_of_two_sources(files);
  return files;
}

std::vector<std::string> drop_findings(const Site& site, const NightOptions& options, const std::vector<DropFile>& files,
                                       const Archive* archive) {
  std::vector<std::string> findings;
  std::error_code why;
  entries_of(site.resolve(site.paths.drop), &why);
  if (why) findings.push_back(fmt::format("the drop folder {} cannot be read: {}", site.paths.drop, why.message()));
  std::set<const SourceConfig*> with_files;
  for (const DropFile& file : files) {
    with_files.insert(file.source);
    if (options.settle && age_s(file.path, options.now) < -kFuture_s) {
      findings.push_back(fmt::format(
          "{}: its time of change lies in the future, so that it waits: a clock is wrong; touch the file", file.name));
    }
  }
  for (const SourceConfig& source : site.sources) {
    const fs::path pattern = site.resolve(source.files);
    const std::vector<fs::path> entries = entries_of(pattern.parent_path(), &why);
    if (why)
      findings.push_back(fmt::format("source {}: its folder {} cannot be read: {}", source.id,
                                     name_of(site, pattern.parent_path()), why.message()));
    for (const fs::path& path : entries) {
      std::error_code failed;
      if (!matches(path.filename().string(), pattern.filename().string()) || fs::is_regular_file(path, failed)) continue;
      findings.push_back(
          fmt::format("{}: it is no file that can be read{}", name_of(site, path), failed ? ": " + failed.message() : ""));
    }
    if (!why && with_files.count(&source) == 0 && (archive == nullptr || archive->epochs(source.id).empty())) {
      findings.push_back(fmt::format("source {}: no file matches {}, and it never had one", source.id, printable(source.files)));
    }
  }
  if (files.empty() && !site.sources.empty())
    findings.push_back("no file in the drop folder matches any source: nothing has come");
  std::sort(findings.begin(), findings.end());
  findings.erase(std::unique(findings.begin(), findings.end()), findings.end());
  return findings;
}

std::vector<FileOutcome> unmatched_files(const Site& site, const std::vector<DropFile>& files) {
  std::set<fs::path> matched;
  for (const DropFile& file : files) matched.insert(file.path.lexically_normal());
  const std::vector<fs::path> own = own_places(site);
  std::vector<FileOutcome> unmatched;
  std::error_code failed;
  const fs::path drop = site.resolve(site.paths.drop).lexically_normal();
  for (auto it = fs::recursive_directory_iterator(drop, fs::directory_options::skip_permission_denied, failed);
       !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    const fs::path path = it->path().lexically_normal();
    const bool hidden = path.filename().string()[0] == '.';
    if (hidden || std::find(own.begin(), own.end(), path) != own.end()) {
      it.disable_recursion_pending();
      continue;
    }
    std::error_code unreadable;
    if (it->is_directory(unreadable) && ::access(path.c_str(), R_OK | X_OK) != 0) {
      unmatched.push_back({"", name_of(site, path), "unmatched", "the folder cannot be read", {}, 0});
    }
    if (!it->is_regular_file(unreadable) || matched.count(path) > 0) continue;
    const std::string near = pattern_that_differs_in_case(site, path);
    unmatched.push_back(
        {"",
         name_of(site, path),
         "unmatched",
         near.empty() ? "no source takes it" : fmt::format("no source takes it; \"{}\" would but for upper and lower case", near),
         {},
         0});
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    unmatched.push_back(
        {"", name_of(site, drop), "unmatched", "not all of the folder can be listed: " + failed.message(), {}, 0});
  }
  std::sort(unmatched.begin(), unmatched.end(), [](const FileOutcome& a, const FileOutcome& b) { return a.file < b.file; });
  return unmatched;
}

}  // namespace highwall
