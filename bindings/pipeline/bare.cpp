#include "bindings/pipeline/bare.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "algorithms/series/clean.hpp"
#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/text.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/las.hpp"

namespace highwall {

std::vector<TimeSeries> read_series(const std::filesystem::path& path, const ReadOptions& options, Report& report, const Run& run) {
  Reading reading = read_file(path, options, run);
  report = reading.report;
  auto* series = std::get_if<std::vector<TimeSeries>>(&reading.data);
  if (series == nullptr) {
    throw Error(ErrorKind::input, fmt::format("the file holds no series (read as {})", report.format), path.string());
  }
  for (TimeSeries& s : *series) s = select(s, time_order(s));
  return std::move(*series);
}

PointCloud read_cloud(const std::filesystem::path& path, const ReadOptions& options, Report& report, const Run& run) {
  Reading reading = read_file(path, options, run);
  report = reading.report;
  auto* cloud = std::get_if<PointCloud>(&reading.data);
  if (cloud == nullptr) {
    throw Error(ErrorKind::input, fmt::format("the file holds no point cloud (read as {})", report.format), path.string());
  }
  return std::move(*cloud);
}

std::array<Instant, 2> parse_period(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots != std::string::npos) {
    const auto from = parse_iso8601(text.substr(0, dots));
    const auto to = parse_iso8601(text.substr(dots + 2));
    if (from && to && *from < *to) return {*from, *to};
  }
  throw Error(ErrorKind::config, fmt::format("\"{}\" is not a period", text), "--quiet", "write FROM..TO, e.g. 2025-08-13..2025-08-17");
}

std::vector<double> parse_windows(const std::string& text) {
  std::vector<double> hours;
  for (std::string word : split(text, ',')) {
    double factor = 1.0;
    if (word.ends_with("min")) {
      factor = 1.0 / 60.0;
      word.resize(word.size() - 3);
    } else if (word.ends_with("h")) {
      word.pop_back();
    } else if (word.ends_with("d")) {
      factor = 24.0;
      word.pop_back();
    }
    const auto v = to_number(word);
    if (!v || !(*v > 0.0)) {
      throw Error(ErrorKind::config, fmt::format("\"{}\" is not a window", word), "--window", "e.g. 30min,1h,6h,2d");
    }
    hours.push_back(*v * factor);
  }
  return hours;
}

std::vector<History> judge_files(const std::vector<TimeSeries>& series, const Policy& policy,
                                 const std::vector<std::array<Instant, 2>>& quiet, const Run& run) {
  std::vector<TargetInput> targets;
  Instant now = kNoInstant;
  for (const TimeSeries& s : series) {
    TargetInput target;
    target.series = s;
    clean(target.series, CleanOptions{});
    target.quiet = quiet;
    // Without a site nobody says how often a sensor should speak: three of its own usual steps.
    std::vector<double> steps;
    for (std::size_t i = 1; i < s.size(); ++i) steps.push_back(to_hours(s.time[i] - s.time[i - 1]));
    if (!steps.empty()) {
      std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
      target.max_silence_h = std::max(1.0, 3.0 * steps[steps.size() / 2]);
    }
    if (!s.empty()) now = std::max(now, s.time.back());
    targets.push_back(std::move(target));
  }
  return judge_targets(targets, policy, {}, now, run);
}

std::vector<LevelRow> rows_of(const std::vector<History>& histories) {
  std::vector<LevelRow> rows;
  for (const History& h : histories) {
    for (const LampEntry& e : h.entries) {
      rows.push_back({e.at, h.target, std::string(name_of(e.level)), std::string(name_of(e.health)), e.evidence.rule,
                      e.evidence.value, e.evidence.sigma, e.evidence.threshold, e.evidence.unit, e.evidence.window});
    }
  }
  return rows;
}

void write_field(const std::filesystem::path& path, const DisplacementField& field, const std::string& unit) {
  const std::string suffix = lower(path.extension().string());
  if (suffix == ".csv") {
    write_whole(path, field_csv(field, unit));
  } else if (suffix == ".las") {
    write_whole(path, field_las(field));
  } else if (suffix == ".gpkg") {
    write_whole(path, points_gpkg(field));
  } else {
    throw Error(ErrorKind::config, fmt::format("\"{}\" is not a format for results", suffix), path.string(), "use .csv, .las or .gpkg");
  }
}

}  // namespace highwall
