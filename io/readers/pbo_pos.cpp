// PBO / SOPAC station position series (.pos, versions 1.0.2 and 1.1.0): columns are North, East, Up.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr std::size_t kFields = 24;

/// "XYZ Reference position :  x y z (frame)".
std::optional<std::array<double, 3>> reference_of(std::string_view line) {
  std::vector<std::string_view> f;
  split_blanks(line.substr(line.find(':') + 1), f);
  if (f.size() < 3) return std::nullopt;
  std::array<double, 3> xyz{};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto v = to_number(f[c]);
    if (!v || !(std::abs(*v) < 1e7)) return std::nullopt;
    xyz[c] = *v;
  }
  return xyz;
}

int sniff(std::string_view head, std::string_view) {
  return head.substr(0, 64).find("Station Position Time Series") != std::string_view::npos ? 99 : 0;
}

bool starts_data(const std::vector<std::string_view>& f) {
  return f.size() >= kFields && f[0].size() == 8 && f[1].size() == 6 && to_integer(f[0]) && to_integer(f[1]);
}

std::string read_row(const std::vector<std::string_view>& f, TimeSeries& series) {
  if (f.size() < kFields) return fmt::format("{} fields, {} are wanted", f.size(), kFields);
  const auto civil = parse_civil(fmt::format("{} {}", f[0], f[1]), "%Y%m%d %H%M%S");
  const auto t = civil ? from_civil_utc(*civil) : std::nullopt;
  if (!t) return fmt::format("\"{} {}\" is not a time", f[0], f[1]);
  std::array<double, 9> v{};  // dN dE dU Sn Se Su Rne Rnu Reu
  for (std::size_t i = 0; i < 9; ++i) {
    const auto number = to_number(f[15 + i]);
    if (!number) return fmt::format("\"{}\" is not a number", f[15 + i]);
    v[i] = *number;
  }
  if (!std::isfinite(v[0] + v[1] + v[2])) return "a coordinate is not finite";
  const auto sigma = [](double s) { return s > 0.0 && std::isfinite(s) ? s : kNaN; };
  const double sn = sigma(v[3]);
  const double se = sigma(v[4]);
  const double su = sigma(v[5]);
  series.push(*t, {v[1], v[0], v[2]}, {se, sn, su});
  series.covariance_m2.insert(series.covariance_m2.end(), {v[6] * sn * se, v[7] * sn * su, v[8] * se * su});
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
  bool in_header = true;
  while (lines.next(line)) {
    pulse(lines, run);
    const std::size_t colon = line.find(':');
    split_blanks(line, f);
    if (in_header && line.rfind("*YYYYMMDD", 0) == 0) {
      in_header = false;
      continue;
    }
    // Version 1.0.2 has no line that names the columns: the first row of data ends its header.
    if (in_header && !starts_data(f)) {
      if (line.rfind("XYZ Reference position", 0) == 0 && colon != std::string_view::npos) {
        series.origin_ecef_m = reference_of(line);
      }
      if (line.rfind("4-character ID", 0) == 0 && options.target == "stem" && colon != std::string_view::npos) {
        series.target = std::string(trim(line.substr(colon + 1)));
      }
      if (line.rfind("PBO Station", 0) == 0) {
        const std::size_t frame = line.find("Reference Frame");
        if (frame != std::string_view::npos) {
          series.frame.crs = std::string(trim(line.substr(line.find(':', frame) + 1)));
        }
      }
      continue;
    }
    in_header = false;
    if (f.empty()) continue;
    std::string wrong = read_row(f, series);
    if (wrong.empty()) {
      ++report.accepted;
    } else {
      report.reject(lines.number(), std::move(wrong));
    }
  }
  if (report.accepted + report.rejected == 0) {
    throw Error(ErrorKind::input, "the header is not followed by any row of data", input.name);
  }
  reading.data = std::vector<TimeSeries>{std::move(series)};
  return reading;
}

}  // namespace

extern const Reader pbo_pos_reader;
const Reader pbo_pos_reader{"pbo_pos", "PBO and SOPAC station positions", ".pos", sniff, read};

}  // namespace highwall
