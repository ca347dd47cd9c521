// .neu daily series. SIO: decimal year, N, E, U, three sigmas, header and "# offset" lines optional.
// IOS: one header line, decimal year, YYYY, DOY, N, E, U, three sigmas. All in metres.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

/// Year and day of year count; a decimal year (NGL's and SIO's rule: 2000 + (MJD - 51544) / 365.25)
/// is rounded to the middle of its day.
Instant day_of_decimal_year(double year) {
  const double mjd = 51544.0 + (year - 2000.0) * 365.25;
  return from_mjd(std::floor(mjd + 1e-3)) + hours(12);
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

std::string read_row(const std::vector<std::string_view>& f, TimeSeries& series) {
  if (f.size() != 7 && f.size() != 9) return fmt::format("{} fields, 7 or 9 are wanted", f.size());
  std::array<double, 9> v{};
  for (std::size_t i = 0; i < f.size(); ++i) {
    const auto number = to_number(f[i]);
    if (!number || !std::isfinite(*number)) return fmt::format("\"{}\" is not a number", f[i]);
    v[i] = *number;
  }
  const std::size_t at = f.size() == 9 ? 3 : 1;
  Instant t = day_of_decimal_year(v[0]);
  if (f.size() == 9) {
    const auto civil = parse_civil(fmt::format("{} {}", f[1], f[2]), "%Y %j");
    if (!civil) return "year and day of year cannot be read";
    t = from_civil_utc(*civil).value_or(kNoInstant) + hours(12);
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
  while (lines.next(line)) {
    if (lines.number() % 65536 == 0) run.check_stop();
    if (trim(line).empty() || line[0] == '#') {
      if (line.find("offset") != std::string_view::npos) {
        report.warn(fmt::format("line {}: the file notes an{}", lines.number(), line.substr(1)));
      }
      continue;
    }
    split_blanks(line, f);
    if (before_data && !all_numbers(f)) continue;
    before_data = false;
    std::string wrong = read_row(f, series);
    if (wrong.empty()) {
      ++report.accepted;
    } else {
      report.reject(lines.number(), std::move(wrong));
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
