#include "bindings/pipeline/bare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "algorithms/series/freeze.hpp"
#include "algorithms/warn/criterion.hpp"
#include "bindings/pipeline/calculate.hpp"
#include "core/error.hpp"
#include "core/statistics.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/text.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/las.hpp"

namespace highwall {

std::vector<TimeSeries> read_series(const std::filesystem::path& path, const ReadOptions& options, Report& report,
                                    const Run& run) {
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

std::vector<TimeSeries> series_of_source(const Archive& archive, const std::string& source, CoreValue value, const Run& run) {
  const auto epochs = archive.epochs(source);
  if (epochs.empty()) {
    std::set<std::string> names;
    for (const EpochInfo& e : archive.epochs()) names.insert(e.source);
    throw Error(ErrorKind::input, fmt::format("the archive has nothing of a source \"{}\"", source), {},
                names.empty() ? "it is empty" : fmt::format("it has: {}", fmt::join(names, ", ")));
  }
  std::vector<TimeSeries> series = archive.load_series(source);
  if (!series.empty()) return series;
  if (std::holds_alternative<PointCloud>(archive.load(epochs[0]).data)) return core_series_of(archive, source, value, run);
  throw Error(ErrorKind::input, fmt::format("source \"{}\" keeps maps, not series", source), {},
              "the maps of each night lie in the output folder");
}

std::array<Instant, 2> parse_period(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots != std::string::npos) {
    const auto from = parse_iso8601(text.substr(0, dots));
    const auto to = parse_iso8601(text.substr(dots + 2));
    if (from && to && *from < *to) return {*from, *to};
  }
  throw Error(ErrorKind::config, fmt::format("\"{}\" is not a period", text), "--quiet",
              "write FROM..TO, e.g. 2025-08-13..2025-08-17");
}

Instant parse_now(const std::string& text, const std::string& where) {
  const auto t = parse_iso8601(text, false);
  if (!t && parse_iso8601(text)) {
    throw Error(ErrorKind::config, "\"" + text + "\" names no zone: it would be another moment here and there", where,
                "write it with Z or an offset, e.g. 2026-03-01T00:00:00Z or 2026-03-01T08:00:00+08:00");
  }
  if (!t) throw Error(ErrorKind::config, "\"" + text + "\" is no ISO 8601 instant", where, "e.g. 2026-03-01T00:00:00Z");
  return *t;
}

void require_different_windows(std::vector<double> windows_h, const std::string& where) {
  std::sort(windows_h.begin(), windows_h.end());
  // 20 min and 1/3 h are one window, and one name of a column.
  const auto same = [](double a, double b) { return b - a <= 1e-9 * b; };
  if (std::adjacent_find(windows_h.begin(), windows_h.end(), same) == windows_h.end()) return;
  throw Error(ErrorKind::config, "a window is named twice", where, "name each once");
}

std::vector<double> parse_windows(const std::string& text) {
  std::vector<double> hours;
  for (std::string word : split_commas(text)) {
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
    try {
      static_cast<void>(duration_from_seconds(*v * factor * 3600.0));
    } catch (const Error& e) {
      throw Error(ErrorKind::config, e.message(), "--window", e.hint());
    }
    hours.push_back(*v * factor);
  }
  require_different_windows(hours, "--window");
  return hours;
}

namespace {

std::size_t first_finite(const TimeSeries& s) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    bool finite = true;
    for (std::size_t c = 0; c < s.width(); ++c) finite = finite && std::isfinite(s.value(i, c));
    if (finite) return i;
  }
  return s.size();
}

/// Distance from the first sample over the first `axes` of east, north, up; sigma along the way, covariances included.
TimeSeries distance_from_start(const TimeSeries& s, std::size_t axes, const std::string& name) {
  TimeSeries out = s.component(0);
  out.components = {name};
  out.covariance_m2.clear();
  const std::size_t start = first_finite(s);
  for (std::size_t i = 0; i < s.size(); ++i) {
    double way[3] = {0, 0, 0};
    double square = 0.0;
    for (std::size_t c = 0; c < axes && start < s.size(); ++c) {
      way[c] = s.value(i, c) - s.value(start, c);
      square += way[c] * way[c];
    }
    const double length = std::sqrt(square);
    out.value_m[i] = start < s.size() ? length : kNaN;
    double variance = 0.0;
    for (std::size_t c = 0; c < axes; ++c) {
      const double share = length > 0.0 ? way[c] / length : 1.0 / std::sqrt(static_cast<double>(axes));
      variance += share * share * s.sigma(i, c) * s.sigma(i, c);
      const std::size_t next = (c + 1) % 3;
      if (s.covariance_m2.empty() || next >= axes || length == 0.0) continue;
      variance += 2.0 * share * way[next] / length * s.covariance_m2[3 * i + c];
    }
    out.sigma_m[i] = variance > 0.0 ? std::sqrt(variance) : kNaN;
  }
  return out;
}

}  // namespace

TimeSeries one_component(const TimeSeries& s, const std::string& component) {
  if (component == "auto" && s.width() == 1) return s;
  for (std::size_t c = 0; c < s.width(); ++c) {
    if (s.components[c] == component) return s.component(c);
  }
  if (s.width() == 3 && component == "horizontal") return distance_from_start(s, 2, component);
  if (s.width() == 3 && (component == "length" || component == "auto")) return distance_from_start(s, 3, "length");
  throw Error(ErrorKind::config, fmt::format("the series has no component \"{}\"", component), s.target,
              fmt::format("it has {}{}", fmt::join(s.components, ", "), s.width() == 3 ? ", horizontal, length" : ""));
}

std::vector<TrendRow> trends_of(const TimeSeries& s, const MidasOptions& options) {
  std::vector<TrendRow> rows;
  for (std::size_t c = 0; c < s.width(); ++c) {
    TrendRow row{s.target, s.components[c], midas(s, options, c), kNoInstant, kNoInstant};
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (!std::isfinite(s.value(i, c))) continue;
      if (row.from == kNoInstant) row.from = s.time[i];
      row.to = s.time[i];
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string trend_csv(const std::vector<TrendRow>& rows) {
  constexpr double kMmPerYear = 1000.0 * 365.25;
  const auto number = [](double v) { return std::isnan(v) ? std::string("nan") : fmt::format("{:.9g}", v); };
  const auto instant = [](Instant t) { return t == kNoInstant ? std::string() : to_iso8601(t); };
  std::string text = "target,component,velocity_mm_per_year,sigma_mm_per_year,pairs,from,to,reason\n";
  for (const TrendRow& r : rows) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", r.target, r.component, number(r.trend.velocity_m_per_day * kMmPerYear),
                        number(r.trend.sigma_m_per_day * kMmPerYear), r.trend.pairs, instant(r.from), instant(r.to),
                        std::isnan(r.trend.velocity_m_per_day) ? "too_few_pairs" : "ok");
  }
  return text;
}

std::vector<std::string> assumptions_of(const std::vector<TimeSeries>& series) {
  std::vector<std::string> out;
  for (const TimeSeries& s : series) {
    if (s.width() != 1) continue;
    out.emplace_back("assumed: movement in both directions is judged, for nobody says which one is the dangerous one");
    break;
  }
  return out;
}

std::vector<History> judge_files(const std::vector<TimeSeries>& series, const Policy& policy,
                                 const std::vector<std::array<Instant, 2>>& quiet, const Run& run) {
  require_rules(policy);
  std::vector<TargetInput> targets;
  Instant now = kNoInstant;
  for (const TimeSeries& s : series) {
    TargetInput target;
    target.series = s;
    target.doubts = vet(target.series, CleanOptions{}, before_levels_fall({}, policy.timing));
    target.quiet = quiet;
    // Without a site nobody says how often a sensor should speak: three of its own usual steps.
    std::vector<double> steps;
    for (std::size_t i = 1; i < s.size(); ++i) steps.push_back(to_hours(s.time[i] - s.time[i - 1]));
    if (!steps.empty()) {
      target.max_silence_h = std::max(1.0, 3.0 * median(std::move(steps)));
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

std::string field_format(const std::filesystem::path& path) {
  const std::string suffix = lower(path.extension().string());
  if (suffix == ".csv" || suffix == ".las" || suffix == ".laz" || suffix == ".gpkg") return suffix;
  // A device or a pipe has no suffix to go by.
  if (is_stream(path)) return ".csv";
  throw Error(ErrorKind::config, fmt::format("\"{}\" is not a format for results", suffix), path.string(),
              "use .csv, .las, .laz or .gpkg");
}

void write_field(const std::filesystem::path& path, const DisplacementField& field, const std::string& unit, const Run& run) {
  const std::string format = field_format(path);
  write_result(path, format == ".csv"   ? field_csv(field, unit)
                     : format == ".las" ? field_las(field, unit)
                     : format == ".laz" ? compress_las(field_las(field, unit), run)
                                        : points_gpkg(field, unit));
}

std::string cloud_format(const std::filesystem::path& path) {
  const std::string suffix = lower(path.extension().string());
  if (suffix == ".las" || suffix == ".laz") return suffix;
  throw Error(ErrorKind::config, fmt::format("\"{}\" is not a format for clouds", suffix), path.string(), "use .las or .laz");
}

void write_cloud(const std::filesystem::path& path, const PointCloud& cloud, const Run& run) {
  const bool compressed = cloud_format(path) == ".laz";
  std::string bytes = cloud_las(cloud, run);
  write_result(path, compressed ? compress_las(bytes, run) : bytes);
}

bool is_stream(const std::filesystem::path& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  return !failed && std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
         !std::filesystem::is_directory(status);
}

std::filesystem::path result_target(const std::filesystem::path& path) {
  std::error_code failed;
  const bool link = std::filesystem::is_symlink(path, failed) && std::filesystem::exists(path, failed);
  return link ? std::filesystem::canonical(path) : path;
}

void write_result(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) throw Error(ErrorKind::config, "this is a folder, not a file", path.string());
  if (!is_stream(path)) {
    write_whole(result_target(path), bytes);
    return;
  }
  std::ofstream stream(path, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.flush();
  if (!stream) throw Error(ErrorKind::storage, "the result cannot be written", path.string());
}

}  // namespace highwall
