#include "io/readers/ngl.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "io/readers/text.hpp"

namespace highwall {
namespace {

bool is_tenv3_header(std::string_view line) { return lower(line).find("yymmmdd") != std::string::npos; }

std::string read_row(const std::vector<std::string_view>& f, const NglColumns& columns, std::optional<double>& meridian,
                     TimeSeries& series) {
  if (f.size() < columns.least) return fmt::format("{} fields, {} are wanted", f.size(), columns.least);
  const auto number = [&](int column) { return to_number(f[static_cast<std::size_t>(column)]); };
  // The day counts by its MJD: decimal years are rounded and mean different things.
  const auto mjd = number(3);
  if (!mjd || *mjd < 15000.0 || *mjd > 120000.0) return "the modified Julian date cannot be read";
  if (columns.meridian >= 0) {
    const auto own = number(columns.meridian);
    if (!own) return "the reference longitude cannot be read";
    if (meridian && *own != *meridian) return "east is counted from another reference longitude than before";
    meridian = own;
  }
  std::vector<double> value(3);
  std::vector<double> sigma(3);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto part = number(columns.part[c]);
    const auto whole = columns.whole[c] < 0 ? std::optional<double>(0.0) : number(columns.whole[c]);
    const auto s = number(columns.sigma[c]);
    if (!part || !whole || !s || !std::isfinite(*part + *whole)) return "a coordinate cannot be read";
    value[c] = *whole + *part;
    sigma[c] = *s > 0.0 && std::isfinite(*s) ? *s : kNaN;
  }
  std::array<double, 3> r{};
  for (std::size_t c = 0; c < 3; ++c) r[c] = number(columns.correlation[c]).value_or(kNaN);
  // Daily solutions stand for the middle of their day.
  series.push(from_mjd(*mjd) + hours(12), value, sigma);
  series.covariance_m2.insert(series.covariance_m2.end(),
                              {r[0] * sigma[0] * sigma[1], r[2] * sigma[1] * sigma[2], r[1] * sigma[2] * sigma[0]});
  return {};
}

}  // namespace

int sniff_ngl(std::string_view head, bool tenv3) {
  Lines lines(head);
  std::string_view line;
  std::vector<std::string_view> f;
  while (lines.next(line) && lines.number() < 4) {
    if (is_tenv3_header(line)) return tenv3 ? 97 : 0;
    split_blanks(line, f);
    // Station, 07DEC31, decimal year, MJD: both share the start, the field count tells them apart.
    if (f.size() >= 16 && f[1].size() == 7 && parse_civil(f[1], "%y%b%d") && to_number(f[2])) {
      return (f.size() >= 20) == tenv3 ? 92 : 0;
    }
  }
  return 0;
}

Reading read_ngl(const Input& input, const ReadOptions& options, const Run& run, const NglColumns& columns) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  TimeSeries series;
  series.kind = kind_or(options, SensorKind::gnss);
  series.meaning = SeriesMeaning::position;
  series.components = {"east", "north", "up"};
  Lines lines(input.bytes);
  std::string_view line;
  std::vector<std::string_view> f;
  std::string station;
  std::optional<double> meridian;
  while (lines.next(line)) {
    pulse(lines, run);
    if (trim(line).empty() || is_tenv3_header(line)) continue;
    split_blanks(line, f);
    const bool stranger = !station.empty() && f[0] != station;
    std::string wrong = stranger ? "another station than in the first row" : read_row(f, columns, meridian, series);
    if (wrong.empty() && station.empty()) station = std::string(f[0]);
    if (wrong.empty()) {
      ++report.accepted;
    } else {
      report.reject(lines.number(), std::move(wrong));
    }
  }
  series.target = options.target == "stem" ? station : options.target;
  report.warn("daily positions are dated 12:00 of their day");
  reading.data = std::vector<TimeSeries>{std::move(series)};
  return reading;
}

}  // namespace highwall
