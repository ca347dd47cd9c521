// RTKLIB .pos in every form: llh, degrees-minutes-seconds, ECEF xyz, enu baseline; calendar time or
// week and seconds; GPST, UTC or JST; blanks or any separator (RTKLIB manual 2.4.2, appendix B.1).
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "core/geodesy.hpp"
#include "io/readers/gnss_series.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;
constexpr Instant kFirstGpsWeek{315964800 * kNsPerSecond};  // 1980-01-06
constexpr double kLargestSecondsOfWeek = 604800.0;          // itself too: a receiver may round up to it

enum class Form { llh, dms, xyz, enu };

struct Header {
  std::optional<Form> form;
  std::string clock;  // "GPST", "UTC", "JST"
  char separator = ' ';
  std::string reference;  // text after "ref pos :"
  std::size_t bytes = 0;  // up to the first data line
};

/// The last comment line names the columns: form, clock and separator follow from it.
void read_columns(std::string_view line, Header& header) {
  const std::string text = lower(line);
  const auto has = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (has("latitude(deg)")) header.form = Form::llh;
  if (has("latitude(d'")) header.form = Form::dms;
  if (has("x-ecef")) header.form = Form::xyz;
  if (has("e-baseline")) header.form = Form::enu;
  if (!header.form) return;
  for (const std::string_view clock : {"gpst", "utc", "jst"}) {
    if (has(clock)) header.clock = clock;
  }
  // With -s the separator stands right before the second column's name as well.
  const std::size_t name = text.find_first_of("lxe", text.find(header.clock) + header.clock.size());
  if (name != std::string::npos) {
    const std::string between =
        text.substr(text.find(header.clock) + header.clock.size(), name - text.find(header.clock) - header.clock.size());
    const std::size_t mark = between.find_first_not_of(" ");
    if (mark != std::string::npos) header.separator = between[mark];
  }
}

Header read_header(std::string_view bytes) {
  Header header;
  Lines lines(bytes);
  std::string_view line;
  while (lines.offset() < bytes.size()) {
    header.bytes = lines.offset();
    if (!lines.next(line)) break;
    if (line.empty()) continue;
    if (line[0] != '%') return header;
    if (line.find("ref pos") != std::string_view::npos && line.find(':') != std::string_view::npos) {
      header.reference = std::string(trim(line.substr(line.find(':') + 1)));
    }
    const std::string small = lower(line);
    if (small.find("age") != std::string::npos && small.find("ratio") != std::string::npos) read_columns(line, header);
  }
  header.bytes = bytes.size();
  return header;
}

std::vector<double> numbers_in(std::string_view text) {
  std::string blanks(text);
  for (char& c : blanks) {
    if (c == ',' || c == ';' || c == '\t') c = ' ';
  }
  std::vector<std::string_view> fields;
  split_blanks(blanks, fields);
  std::vector<double> numbers;
  for (const auto f : fields) {
    const auto v = to_number(f);
    if (!v) return {};
    numbers.push_back(*v);
  }
  return numbers;
}

double from_dms(double d, double m, double s) {
  const double magnitude = std::abs(d) + m / 60.0 + s / 3600.0;
  return std::signbit(d) ? -magnitude : magnitude;
}

/// The header prints the reference position in the form of the file (or as llh).
std::optional<Eigen::Vector3d> reference_of(const Header& header) {
  const std::vector<double> v = numbers_in(header.reference);
  if (v.size() == 7) {
    return ecef_of(from_dms(v[0], v[1], v[2]) * kRadians, from_dms(v[3], v[4], v[5]) * kRadians, v[6]);
  }
  if (v.size() != 3) return std::nullopt;
  if (header.form == Form::xyz) return Eigen::Vector3d(v[0], v[1], v[2]);
  return ecef_of(v[0] * kRadians, v[1] * kRadians, v[2]);
}

double covariance_of(double signed_root) { return signed_root * std::abs(signed_root); }

/// A standard deviation of zero means "not known", never infinite weight.
double variance_of(double sd) { return sd > 0.0 && std::isfinite(sd) ? sd * sd : kNaN; }

std::optional<Instant> calendar_reading(std::string_view day, std::string_view clock) {
  const auto civil = parse_civil(fmt::format("{} {}", day, clock), "%Y/%m/%d %H:%M:%S");
  return civil ? from_civil_utc(*civil) : std::nullopt;
}

/// Week and seconds as a reading of whatever clock wrote them: RTKLIB's outsols() turns GPS time into UTC or JST
/// first, and then counts weeks and seconds of that reading as well.
std::optional<Instant> week_reading(std::string_view week_field, std::string_view seconds_field) {
  const auto week = to_integer(week_field);
  const auto seconds_of_week = to_number(seconds_field);
  if (!week || !seconds_of_week || *week < 0 || *week > 9999) return std::nullopt;
  if (!(*seconds_of_week >= 0.0 && *seconds_of_week <= kLargestSecondsOfWeek)) return std::nullopt;
  const Instant start = kFirstGpsWeek + days(7 * static_cast<std::int64_t>(*week));
  return start + duration_from_seconds(*seconds_of_week);
}

/// Both forms of time are readings of the clock that the header names.
std::optional<Instant> time_of(const std::vector<std::string_view>& f, const Header& header) {
  const bool calendar = f[0].find('/') != std::string_view::npos;
  const auto reading = calendar ? calendar_reading(f[0], f[1]) : week_reading(f[0], f[1]);
  if (!reading) return std::nullopt;
  if (header.clock == "jst") return *reading - hours(9);
  return header.clock == "utc" ? *reading : gpst_to_utc(*reading);
}

std::uint32_t flag_of(int q) {
  if (q == 1) return kFlagNone;
  return q == 2 ? kFlagFloat : kFlagLowQuality;
}

/// One data line. @return an empty text, or why it is bad.
std::string read_row(std::string_view line, const Header& header, GnssSeries& series, std::vector<std::string_view>& f,
                     std::string& scratch) {
  if (header.separator != ' ') {
    scratch.assign(line);
    for (char& c : scratch) {
      if (c == header.separator) c = ' ';
    }
    line = scratch;
  }
  split_blanks(line, f);
  const Form form = *header.form;
  const std::size_t coordinates = form == Form::dms ? 7 : 3;
  if (f.size() < 2 + coordinates + 2) return fmt::format("{} fields are too few", f.size());
  const auto t = time_of(f, header);
  if (!t) return "the time cannot be read";
  std::size_t at = 2;  // after the time
  std::array<double, 7> v{};
  for (std::size_t i = 0; i < coordinates; ++i) {
    const auto number = to_number(f[at + i]);
    if (!number || !std::isfinite(*number)) return fmt::format("\"{}\" is not a coordinate", f[at + i]);
    v[i] = *number;
  }
  at += coordinates;
  const auto quality = to_integer(f[at]);
  if (!quality || *quality < 0 || *quality > 9) return fmt::format("\"{}\" is not a quality", f[at]);
  at += 2;  // quality, satellites
  std::array<double, 6> sd{kNaN, kNaN, kNaN, 0.0, 0.0, 0.0};
  for (std::size_t i = 0; i < 6 && at + i < f.size(); ++i) {
    const auto number = to_number(f[at + i]);
    if (!number) return fmt::format("\"{}\" is not a standard deviation", f[at + i]);
    sd[i] = *number;
  }
  // Cross terms: first-second, second-third, third-first, signed roots.
  Eigen::Matrix3d c;
  c << variance_of(sd[0]), covariance_of(sd[3]), covariance_of(sd[5]), covariance_of(sd[3]), variance_of(sd[1]),
      covariance_of(sd[4]), covariance_of(sd[5]), covariance_of(sd[4]), variance_of(sd[2]);
  const std::uint32_t flag = flag_of(static_cast<int>(*quality));
  if (form == Form::enu) {
    series.add_baseline(*t, {v[0], v[1], v[2]}, c, flag);
    return {};
  }
  Eigen::Vector3d ecef(v[0], v[1], v[2]);
  if (form == Form::xyz) {
    if (ecef.norm() < 6.2e6 || ecef.norm() > 6.5e6) return "the position is not on the Earth";
    if (!series.has_zero()) series.set_zero_near(ecef);
    const Eigen::Matrix3d enu = series.axes() * c * series.axes().transpose();
    series.add_ecef(*t, ecef, enu, flag);
    return {};
  }
  if (form == Form::dms &&
      (v[1] < 0.0 || v[1] >= 60.0 || v[2] < 0.0 || v[2] > 60.0 || v[4] < 0.0 || v[4] >= 60.0 || v[5] < 0.0 || v[5] > 60.0)) {
    return "minutes or seconds of an angle are out of range";
  }
  const double latitude = form == Form::llh ? v[0] : from_dms(v[0], v[1], v[2]);
  const double longitude = form == Form::llh ? v[1] : from_dms(v[3], v[4], v[5]);
  const double height = form == Form::llh ? v[2] : v[6];
  if (std::abs(latitude) > 90.0 || std::abs(longitude) > 360.0) return "latitude or longitude is out of range";
  if (std::abs(height) > 1e5) return "the height is not on the Earth";
  // Columns are north, east, up here: swap to east, north, up.
  Eigen::Matrix3d swap;
  swap << 0, 1, 0, 1, 0, 0, 0, 0, 1;
  series.add_ecef(*t, ecef_of(latitude * kRadians, longitude * kRadians, height), swap * c * swap.transpose(), flag);
  return {};
}

int sniff(std::string_view head, std::string_view) {
  if (head.empty() || head[0] != '%') return 0;
  const std::string text = lower(head);
  const bool columns = text.find("latitude(d") != std::string::npos || text.find("x-ecef") != std::string::npos ||
                       text.find("e-baseline") != std::string::npos;
  return columns ? 98 : text.find("rtk") != std::string::npos ? 60 : 0;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  reading.report.source = input.name;
  const Header header = read_header(input.bytes);
  if (!header.form || header.clock.empty()) {
    throw Error(ErrorKind::input, "no '%' line names the columns of an RTKLIB solution", input.name,
                "write the file with its header (RTKLIB: out-outhead = on)");
  }
  GnssSeries series(input, options, reference_of(header), reading.report);
  if (header.form == Form::enu && !series.has_zero()) {
    reading.report.warn("the baseline's base is not in the file: its place on the Earth is not known");
  }
  Lines lines(input.bytes);
  std::string_view line;
  std::vector<std::string_view> fields;
  std::string scratch;
  while (lines.next(line)) {
    pulse(lines, run);
    if (trim(line).empty() || line[0] == '%') continue;
    const std::string wrong = read_row(line, header, series, fields, scratch);
    if (wrong.empty()) {
      ++reading.report.accepted;
    } else {
      reading.report.reject(lines.number(), wrong);
    }
  }
  reading.data = std::vector<TimeSeries>{std::move(series).take()};
  return reading;
}

}  // namespace

extern const Reader rtklib_pos_reader;
const Reader rtklib_pos_reader{"rtklib_pos", "RTKLIB solution, every form of position and time", ".pos .csv", sniff, read};

}  // namespace highwall
