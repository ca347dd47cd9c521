// Area series of IDS ArcSAR radars: a title, the unit, a row "Time;NAME;...", rows X, Y, Z, then
// dd-mm-yyyy H:MM stamps that are local and truncated to the minute.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/statistics.hpp"
#include "io/readers/local_stamps.hpp"
#include "io/readers/no_data.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

struct Header {
  char separator = ';';
  std::string unit;
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> positions;  // "x" -> one field a series
  std::uint64_t first_row = 0;
};

std::optional<std::string> bracketed(std::string_view text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  return lower(trim(text.substr(open + 1, close - open - 1)));
}

int sniff(std::string_view head, std::string_view) {
  Lines lines(head);
  std::string_view line;
  bool title = false;
  while (lines.next(line) && lines.number() < 12) {
    const std::string text = lower(line);
    title = title || text.rfind("time series area", 0) == 0 || text.rfind("displacement [", 0) == 0;
    if (title && (text.rfind("time;", 0) == 0 || text.rfind("time,", 0) == 0)) return 95;
  }
  return 0;
}

Header read_header(const Input& input) {
  Header header;
  Lines lines(input.bytes);
  std::string_view line;
  while (lines.next(line) && lines.number() < 64) {
    const std::string text = lower(trim(line));
    if (text.rfind("displacement", 0) == 0) header.unit = bracketed(text).value_or("");
    if (text.rfind("time;", 0) == 0 || text.rfind("time,", 0) == 0) {
      header.separator = text[4];
      header.names = split(line, header.separator);
      header.names.erase(header.names.begin());
      while (!header.names.empty() && header.names.back().empty()) header.names.pop_back();
      header.first_row = lines.number() + 1;
    } else if (!header.names.empty() && text.size() > 1 && (text[0] == 'x' || text[0] == 'y' || text[0] == 'z') &&
               text.find('[') != std::string::npos) {
      auto fields = split(line, header.separator);
      fields.erase(fields.begin());
      header.positions[text.substr(0, 1)] = std::move(fields);
      header.first_row = lines.number() + 1;
    } else if (!header.names.empty()) {
      break;
    }
  }
  if (header.names.empty()) {
    throw Error(ErrorKind::input, "the row \"Time;NAME...\" is missing, or names no series", input.name);
  }
  return header;
}

/// X, Y, Z of a series; all zero means that an area has no position.
std::optional<std::array<double, 3>> position_of(const Header& header, std::size_t series) {
  std::array<double, 3> p{};
  const char* const axes[] = {"x", "y", "z"};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto found = header.positions.find(axes[c]);
    if (found == header.positions.end() || series >= found->second.size()) return std::nullopt;
    const auto v = to_number_with_comma(found->second[series]);
    if (!v) return std::nullopt;
    p[c] = *v;
  }
  if (p[0] == 0.0 && p[1] == 0.0 && p[2] == 0.0) return std::nullopt;
  return p;
}

/// Least squares of stamp + 30 s against the number of the scan; a scan that is missing counts.
void fit_clock(const std::vector<Instant>& stamps, std::size_t begin, std::size_t end, double period_s,
               std::vector<Instant>& clock) {
  std::vector<double> scan(end - begin, 0.0);
  double sk = 0.0, st = 0.0, skk = 0.0, skt = 0.0;
  double followed = 30.0;  // the scan's time as far as it is known; always within its stamp's minute
  for (std::size_t i = begin; i < end; ++i) {
    const double stamp = to_seconds(stamps[i] - stamps[begin]);
    const double t = stamp + 30.0;
    if (i > begin) {
      const double steps = std::max(1.0, std::round((t - followed) / period_s));
      scan[i - begin] = scan[i - begin - 1] + steps;
      followed = std::clamp(followed + steps * period_s, stamp, stamp + 60.0);
    }
    const double k = scan[i - begin];
    sk += k;
    st += t;
    skk += k * k;
    skt += k * t;
  }
  const double n = static_cast<double>(end - begin);
  const double determinant = n * skk - sk * sk;
  const double b = determinant > 0.0 ? (n * skt - sk * st) / determinant : 0.0;
  const double a = (st - b * sk) / n;
  for (std::size_t i = begin; i < end; ++i) {
    const double fitted = std::round((a + b * scan[i - begin]) * 1e3) / 1e3;
    // Hostile stamps may lie further apart than a length of time may be: those stay as written.
    if (std::abs(fitted) < 1e9) clock[i] = stamps[begin] + duration_from_seconds(fitted);
  }
}

/// In floating point: hostile stamps may lie further apart than a Duration holds.
double seconds_between(Instant a, Instant b) { return (static_cast<double>(b.ns) - static_cast<double>(a.ns)) / 1e9; }

/// Stamps cut to the minute, back to a regular clock, segment by segment between gaps.
std::vector<Instant> regular_clock(const std::vector<Instant>& stamps) {
  std::vector<Instant> clock(stamps);
  if (stamps.size() < 3) return clock;
  std::vector<double> steps;
  for (std::size_t i = 1; i < stamps.size(); ++i) steps.push_back(seconds_between(stamps[i - 1], stamps[i]));
  const double usual = std::max(median(steps), 1.0);
  const double gap = std::max(5.0 * usual, 300.0);
  // The median of cut stamps is a whole number of minutes, their mean is the period.
  double sum = 0.0;
  double count = 0.0;
  for (const double step : steps) {
    if (step < 0.0 || step > std::max(1.9 * usual, 90.0)) continue;
    sum += step;
    count += 1.0;
  }
  const double period = std::max(count > 0.0 ? sum / count : usual, 1.0);
  constexpr std::size_t kLongest = 720;  // A radar's clock wanders: refit about once a day.
  std::size_t begin = 0;
  while (begin < stamps.size()) {
    std::size_t end = begin + 1;
    while (end < stamps.size() && end - begin < kLongest && std::abs(seconds_between(stamps[end - 1], stamps[end])) <= gap) ++end;
    fit_clock(stamps, begin, end, period, clock);
    begin = end;
  }
  return clock;
}

std::optional<Civil> stamp_of(std::string_view text) {
  for (const char* pattern :
       {"%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"}) {
    if (auto civil = parse_civil(text, pattern)) return civil;
  }
  return std::nullopt;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const Header header = read_header(input);
  const double scale = metres_per_unit(options, header.unit, report) * sign_factor(options, report);
  const TimeZone zone = stamp_zone(options, report);
  std::vector<TimeSeries> series(header.names.size());
  for (std::size_t s = 0; s < series.size(); ++s) {
    series[s].target = header.names[s];
    series[s].kind = kind_or(options, SensorKind::radar);
    series[s].position_m = position_of(header, s);
  }
  Lines lines(input.bytes);
  std::string_view line;
  std::vector<Stamp> stamps;
  while (lines.next(line)) {
    pulse(lines, run);
    if (lines.number() < header.first_row || trim(line).empty()) continue;
    const auto fields = split(line, header.separator);
    const auto civil = stamp_of(fields[0]);
    const TimeZone::Instants found = civil ? zone.instants_of(*civil) : TimeZone::Instants{};
    if (found.count == 0) {
      report.reject(lines.number(),
                    fmt::format("\"{}\" is {}", fields[0], civil ? "in an hour that the clock change skips" : "not a time"));
      continue;
    }
    std::vector<double> values(series.size(), kNaN);
    bool bad = fields.size() <= series.size();
    for (std::size_t i = series.size() + 1; i < fields.size(); ++i) bad = bad || !fields[i].empty();
    if (bad) {
      report.reject(lines.number(), fmt::format("{} displacements, {} are wanted", fields.size() - 1, series.size()));
      continue;
    }
    for (std::size_t s = 0; s < series.size() && s + 1 < fields.size() && !bad; ++s) {
      if (fields[s + 1].empty()) continue;
      const auto v = header.separator == ';' ? to_number_with_comma(fields[s + 1]) : to_number(fields[s + 1]);
      bad = !v.has_value() || std::isinf(*v);
      if (!bad) values[s] = scaled(*v, scale);
    }
    if (bad) {
      report.reject(lines.number(), "a displacement cannot be read");
      continue;
    }
    stamps.push_back({found.at[0], found.at[static_cast<std::size_t>(found.count - 1)], lines.number()});
    for (std::size_t s = 0; s < series.size(); ++s) series[s].push(found.at[0], {values[s]});
    ++report.accepted;
  }
  Report told_once;  // all series have the same rows
  for (TimeSeries& one : series) {
    std::vector<Stamp> own = stamps;
    set_times(one, own, &one == &series[0] ? report : told_once);
  }
  report.accepted = series[0].size();
  for (TimeSeries& one : series) drop_no_data(one, 0, scale, options, report);
  std::uint64_t repeated = 0;
  for (std::size_t i = 1; i < series[0].size(); ++i) repeated += series[0].time[i] == series[0].time[i - 1] ? 1 : 0;
  if (repeated > 0) report.warn(fmt::format("{} stamps stand twice: they are cut to the minute", repeated));
  const std::vector<Instant> clock = regular_clock(series[0].time);
  for (TimeSeries& one : series) one.time_dejittered = clock;
  reading.data = std::move(series);
  return reading;
}

}  // namespace

extern const Reader arcsar_csv_reader;
const Reader arcsar_csv_reader{"arcsar_csv", "Area series of IDS ArcSAR slope radars", ".csv", sniff, read};

}  // namespace highwall
