// One S-SAR scan ("DiffImage") as a stack of one epoch. Format and traps: io/readers/scans/diffimage.hpp.
#include "io/readers/scans/diffimage.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.hpp"
#include "io/readers/bytes.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/no_data.hpp"
#include "io/readers/scans/scan_names.hpp"
#include "io/readers/scans/scan_source.hpp"

namespace highwall {
namespace {

constexpr std::size_t kHeader = 8;

/// The header has no magic number: two counts, then a range axis that ascends.
int sniff(std::string_view head, std::string_view) {
  constexpr std::int32_t kMost = 1 << 20;
  constexpr std::size_t kLooked = 16;
  if (head.size() < kHeader + 16) return 0;
  const auto rows = load_as<std::int32_t>(head.data());
  const auto cols = load_as<std::int32_t>(head.data() + 4);
  if (rows < 2 || cols < 1 || rows > kMost || cols > kMost) return 0;
  double before = -1.0;
  for (std::size_t i = 0; i < std::min<std::size_t>(kLooked, static_cast<std::size_t>(rows)); ++i) {
    if (kHeader + 8 * (i + 1) > head.size()) break;
    const auto range = load_as<double>(head.data() + kHeader + 8 * i);
    // Ranges of a slope radar in any unit: denormal numbers are other formats' small integers.
    if (!(range > before) || !(range < 1e6) || (range > 0.0 && range < 1e-6)) return 0;
    before = range;
  }
  return 70;
}

Instant instant_of(const Input& input, const ReadOptions& options, Report& report) {
  if (options.start.empty()) return find_instant(options, input, kNoInstant, kNoInstant, report);
  const auto start = parse_iso8601(options.start, false);
  if (!start) {
    throw Error(ErrorKind::config, fmt::format("start = \"{}\" is no ISO 8601 time with its zone", options.start), "start",
                "write it as 2025-08-13T00:00:00+08:00");
  }
  const auto counter = counter_of(input.name);
  if (!counter) {
    throw Error(ErrorKind::input, "its name holds no number that counts the scans", input.name,
                "tell the time by an instant rule filename:PATTERN instead of start");
  }
  const double seconds = static_cast<double>(*counter) * options.interval_s;
  constexpr double kHundredYears_s = 3.2e9;
  if (seconds > kHundredYears_s) {
    throw Error(ErrorKind::input, fmt::format("the number {} in its name counts no scans", *counter), input.name,
                "if it is a time, give an instant rule filename:PATTERN instead of start");
  }
  return *start + duration_from_seconds(seconds);
}

double metres_per_value(const ReadOptions& options, Report& report) {
  if (options.sign == "auto") assume(options, report, "sign", "motion towards the radar is taken as positive");
  if (options.unit == "auto") assume(options, report, "unit", "values are taken as metres");
  const double unit = options.unit == "mm" ? 1e-3 : options.unit == "cm" ? 1e-2 : 1.0;
  return options.sign == "toward_negative" ? -unit : unit;
}

std::vector<double> radians(std::vector<double> azimuth, const ReadOptions& options, const std::string& name) {
  for (double& a : azimuth) {
    if (options.angle == "deg") a *= std::numbers::pi / 180.0;
    if (std::abs(a) > 2.0 * std::numbers::pi) {
      throw Error(ErrorKind::config, fmt::format("an azimuth of {} rad in {} is more than a turn", a, name), "angle",
                  "are they degrees? angle = \"deg\"");
    }
  }
  return azimuth;
}

Reading read(const Input& input, const ReadOptions& options, const Run&) {
  Reading reading;
  reading.report.source = input.name;
  reading.report.format = "diffimage";
  DiffImage image = parse_diffimage(input);
  const double factor = metres_per_value(options, reading.report);
  GridGeometry geometry;
  geometry.rows = image.rows;
  geometry.cols = image.cols;
  Stack stack(geometry, {instant_of(input, options, reading.report)});
  stack.increments = options.value != "cumulative";
  stack.wavelength_m = 1e-3 * options.wavelength_mm;
  stack.azimuth_rad = radians(std::move(image.azimuth), options, input.name);
  stack.range_m = std::move(image.range);
  std::vector<double> told(image.values.begin(), image.values.end());
  drop_no_data(told, options, reading.report);
  RadarScan scan;
  scan.name = input.name;
  for (const double v : told) scan.displacement_m.push_back(static_cast<float>(factor * v));
  settle_values(scan, options.zero);
  for (std::size_t i = 0; i < stack.cells(); ++i) {
    const float v = scan.displacement_m[i];
    stack.at(0)[i] = std::isnan(v) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(v);
  }
  reading.report.accepted = stack.cells();
  reading.data = std::move(stack);
  return reading;
}

}  // namespace

extern const Reader diffimage_reader;
const Reader diffimage_reader{"diffimage", "S-SAR scans (DiffImage): ranges, azimuths, motion of each cell", ".bin .dat", sniff,
                              read};

}  // namespace highwall
