// .neu daily series. SIO: decimal year, N, E, U, three sigmas, header and "# offset" lines optional.
// IOS: one header line, decimal year, YYYY, DOY, N, E, U, three sigmas. All in metres.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

/// Two meanings of a decimal year are in use: 2000 + (MJD - 51544) / 365.25, and
/// year + (day of year - 0.5) / days of the year.
enum class YearRule { julian, calendar };

/// Day as a Modified Julian Date; a whole number but for the rounding of the file.
double mjd_of(double decimal_year, YearRule rule) {
  if (rule == YearRule::julian) return 51544.0 + (decimal_year - 2000.0) * 365.25;
  const double year = std::floor(decimal_year);
  const auto start = from_civil_utc({static_cast<int>(year), 1, 1, 0, 0, 0.0});
  const auto end = from_civil_utc({static_cast<int>(year) + 1, 1, 1, 0, 0, 0.0});
  if (!start || !end) return kNaN;
  return to_mjd(*start) + (decimal_year - year) * (to_mjd(*end) - to_mjd(*start)) - 0.5;
}

/// The rule by which the years of the file fall on days, and how far they miss them on average.
std::pair<YearRule, double> year_rule(const std::vector<double>& years) {
  double miss[2] = {0.0, 0.0};
  for (const double year : years) {
    for (const YearRule rule : {YearRule::julian, YearRule::calendar}) {
      const double mjd = mjd_of(year, rule);
      miss[static_cast<int>(rule)] += std::abs(mjd - std::round(mjd)) / static_cast<double>(years.size());
    }
  }
  const YearRule best = miss[0] < miss[1] ? YearRule::julian : YearRule::calendar;
  return {best, miss[static_cast<int>(best)]};
}

bool all_numbers(const std::vector<std::string_view>& f) {
  for (const auto field : f) {
    if (!to_number(field)) return false;
  }
  return !f.empty();
}

int sniff(std::string_view head, std::string_view name) {
  if (looks_binary(head)) return 0;
  Lines lines(head);
  std::string_view line;
  std::vector<std::string_view> f;
  while (lines.next(line) && lines.number() < 40) {
    if (lines.offset() >= head.size()) break;  // the last line may be cut
    split_blanks(line, f);
    if (line.empty() || line[0] == '#' || !all_numbers(f)) continue;
    const double year = to_number(f[0]).value_or(0.0);
    const bool plausible = year > 1980.0 && year < 2200.0 && year != std::floor(year);
    if (!plausible || (f.size() != 7 && f.size() != 9)) return 0;
    return name.size() > 4 && lower(name.substr(name.size() - 4)) == ".neu" ? 90 : 50;
  }
  return 0;
}

/// @param width  fields of the first row, 0 before it
/// @param years  gets the decimal year of a row that has no calendar day
std::string read_row(const std::vector<std::string_view>& f, std::size_t width, std::vector<double>& years, TimeSeries& series) {
  if (f.size() != 7 && f.size() != 9) return fmt::format("{} fields, 7 or 9 are wanted", f.size());
  if (width != 0 && f.size() != width) return fmt::format("{} fields, but {} in the first row", f.size(), width);
  std::array<double, 9> v{};
  for (std::size_t i = 0; i < f.size(); ++i) {
    const auto number = to_number(f[i]);
    if (!number || !std::isfinite(*number)) return fmt::format("\"{}\" is not a number", f[i]);
    v[i] = *number;
  }
  const std::size_t at = f.size() == 9 ? 3 : 1;
  if (!(v[0] > 1980.0 && v[0] < 2200.0)) return fmt::format("\"{}\" is not a year", f[0]);
  Instant t = kNoInstant;
  if (f.size() == 7) {
    years.push_back(v[0]);
  } else {
    const auto civil = parse_civil(fmt::format("{} {}", f[1], f[2]), "%Y %j");
    if (!civil) return "year and day of year cannot be read";
    const auto midnight = from_civil_utc(*civil);
    if (!midnight) return "year and day of year cannot be read";
    t = *midnight + hours(12);
  }
  const auto sigma = [](double s) { return s > 0.0 ? s : kNaN; };
  series.push(t, {v[at + 1], v[at], v[at + 2]}, {sigma(v[at + 4]), sigma(v[at + 3]), sigma(v[at + 5])});
  return {};
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  TimeSeries series;
  series.kind = kind_or(options, SensorKind::gnss);
  series.meaning = SeriesMeaning::position;
  series.components = {"east", "north", "up"};
  series.target = target_name(options, input);
  Lines lines(input.bytes);
  std::string_view line;
  std::vector<std::string_view> f;
  bool before_data = true;
  std::vector<double> years;
  std::size_t width = 0;
  std::uint64_t noted_steps = 0;
  while (lines.next(line)) {
    pulse(lines, run);
    if (trim(line).empty() || line[0] == '#') {
      if (line.find("offset") != std::string_view::npos && ++noted_steps <= Report::kMaxListed) {
        report.warn(fmt::format("line {}: the file notes a step: {}", lines.number(), line.substr(1, 80)));
      }
      continue;
    }
    split_blanks(line, f);
    if (before_data && !all_numbers(f)) continue;
    before_data = false;
    std::string wrong = read_row(f, width, years, series);
    if (wrong.empty()) {
      width = f.size();
      ++report.accepted;
    } else {
      report.reject(lines.number(), std::move(wrong));
    }
  }
  if (!years.empty()) {
    const auto [rule, miss] = year_rule(years);
    if (miss > 0.1) report.warn("the decimal years do not fall on days: the days may be wrong by one");
    for (std::size_t i = 0; i < years.size(); ++i) {
      series.time[i] = from_mjd(std::round(mjd_of(years[i], rule))) + hours(12);
    }
  }
  report.warn("daily positions are dated 12:00 of their day");
  reading.data = std::vector<TimeSeries>{std::move(series)};
  return reading;
}

}  // namespace

extern const Reader neu_reader;
const Reader neu_reader{"neu", "SIO and IOS daily north, east, up", ".neu", sniff, read};

}  // namespace highwall
