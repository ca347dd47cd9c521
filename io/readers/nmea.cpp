// NMEA 0183: positions of GGA, days of RMC or ZDA. Height = altitude above mean sea level + geoid
// separation; time is UTC.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "core/geodesy.hpp"
#include "io/readers/gnss_series.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

bool checksum_holds(std::string_view sentence) {
  const std::size_t star = sentence.rfind('*');
  if (star == std::string_view::npos || star + 3 > sentence.size()) return false;
  unsigned sum = 0;
  for (const char c : sentence.substr(1, star - 1)) sum ^= static_cast<unsigned char>(c);
  return lower(sentence.substr(star + 1, 2)) == fmt::format("{:02x}", sum & 0xffU);
}

/// ddmm.mmmm to degrees.
std::optional<double> angle_of(const std::string& text, const std::string& side) {
  const auto v = to_number(text);
  if (!v || *v < 0.0) return std::nullopt;
  const double degrees = std::floor(*v / 100.0);
  const double minutes = *v - 100.0 * degrees;
  const bool latitude = side == "N" || side == "S";
  if (!latitude && side != "E" && side != "W") return std::nullopt;
  if (!(minutes < 60.0) || degrees + minutes / 60.0 > (latitude ? 90.0 : 180.0)) return std::nullopt;
  const double angle = degrees + minutes / 60.0;
  return side == "S" || side == "W" ? -angle : angle;
}

/// What a GGA says besides its day.
struct Fix {
  double second_of_day = 0.0;
  Eigen::Vector3d ecef;
  std::uint32_t flag = kFlagNone;
};

std::optional<double> clock_of(const std::string& text) {
  const auto v = to_number(text);
  if (!v || !(*v >= 0.0 && *v < 240000.0)) return std::nullopt;
  const double h = std::floor(*v / 10000.0);
  const double m = std::floor((*v - h * 10000.0) / 100.0);
  const double s = *v - h * 10000.0 - m * 100.0;
  if (m >= 60.0 || s >= 61.0) return std::nullopt;
  return h * 3600.0 + m * 60.0 + s;
}

std::string read_gga(const std::vector<std::string>& f, std::optional<Fix>& fix) {
  if (f.size() < 12) return "a GGA sentence with too few fields";
  const auto clock = clock_of(f[1]);
  const auto latitude = angle_of(f[2], f[3]);
  const auto longitude = angle_of(f[4], f[5]);
  const auto quality = to_integer(f[6]);
  const auto altitude = to_number(f[9]);
  const auto separation = to_number(f[11]);
  if (!clock || !latitude || !longitude || !quality || !altitude) return "a GGA field cannot be read";
  if (!(std::abs(*altitude) < 1e5)) return "the altitude is not on the Earth";
  if (!separation || !(std::abs(*separation) < 200.0)) return "no geoid separation: the ellipsoidal height is not known";
  Fix out;
  out.second_of_day = *clock;
  out.ecef = ecef_of(*latitude * kRadians, *longitude * kRadians, *altitude + *separation);
  out.flag = *quality == 4 ? kFlagNone : *quality == 5 ? kFlagFloat : kFlagLowQuality;
  fix = out;
  return {};
}

/// Midnight of the day an RMC or ZDA names.
std::optional<Instant> day_of(const std::vector<std::string>& f, bool zda) {
  std::optional<Civil> civil;
  if (zda && f.size() >= 5) civil = parse_civil(f[4] + " " + f[3] + " " + f[2], "%Y %m %d");
  if (!zda && f.size() >= 10 && f[9].size() == 6) {
    civil = parse_civil(f[9].substr(4, 2) + " " + f[9].substr(2, 2) + " " + f[9].substr(0, 2), "%y %m %d");
  }
  return civil ? from_civil_utc(*civil) : std::nullopt;
}

struct Day {
  Instant midnight;
  double clock = 0.0;  // second of the day of the sentence that named it
};

std::optional<Day> named_day(const std::vector<std::string>& fields, bool zda) {
  const auto found = day_of(fields, zda);
  const auto clock = fields.size() > 1 ? clock_of(fields[1]) : std::nullopt;
  if (!found || !clock) return std::nullopt;
  return Day{*found, *clock};
}

/// The first day that the file names: some receivers send a GGA before the RMC of its epoch.
std::optional<Day> first_day(std::string_view bytes) {
  Lines lines(bytes);
  std::string_view line;
  while (lines.next(line)) {
    line = trim(line);
    if (line.size() < 7 || line[0] != '$') continue;
    const bool zda = line.substr(3, 3) == "ZDA";
    if ((!zda && line.substr(3, 3) != "RMC") || !checksum_holds(line)) continue;
    if (auto day = named_day(split(line.substr(0, line.rfind('*')), ','), zda)) return day;
  }
  return std::nullopt;
}

int sniff(std::string_view head, std::string_view) {
  Lines lines(head);
  std::string_view line;
  while (lines.next(line)) {
    if (line.size() > 6 && line[0] == '$' && line[1] == 'G' && line.substr(3, 3).find_first_of("GRZ") == 0) return 90;
    if (lines.number() > 5) break;
  }
  return 0;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  GnssSeries series(input, options, std::nullopt, report);
  std::optional<Day> day = first_day(input.bytes);
  std::uint64_t without_fix = 0;
  std::uint64_t deviations = 0;
  Lines lines(input.bytes);
  std::string_view line;
  while (lines.next(line)) {
    pulse(lines, run);
    line = trim(line);
    if (line.size() < 7 || line[0] != '$') continue;
    const std::string_view kind = line.substr(3, 3);
    const bool zda = kind == "ZDA";
    if (kind == "GST") ++deviations;
    if (kind != "GGA" && kind != "RMC" && !zda) continue;
    if (!checksum_holds(line)) {
      report.reject(lines.number(), "the checksum does not hold");
      continue;
    }
    const auto fields = split(line.substr(0, line.rfind('*')), ',');
    if (kind != "GGA") {
      if (const auto found = named_day(fields, zda)) day = found;
      continue;
    }
    if (fields.size() > 6 && fields[6] == "0") {
      ++without_fix;
      continue;
    }
    std::optional<Fix> fix;
    const std::string wrong = read_gga(fields, fix);
    if (!wrong.empty() || !day) {
      report.reject(lines.number(), wrong.empty() ? "no RMC or ZDA of the file tells the day" : wrong);
      continue;
    }
    // A GGA just after midnight belongs to the day after the last RMC, and the other way round.
    const double ahead = fix->second_of_day - day->clock;
    const Duration shift = ahead < -43200.0 ? days(1) : ahead > 43200.0 ? days(-1) : days(0);
    series.add_ecef(day->midnight + shift + duration_from_seconds(fix->second_of_day), fix->ecef, Eigen::Matrix3d::Constant(kNaN),
                    fix->flag);
    ++report.accepted;
  }
  if (report.accepted == 0 && report.rejected == 0) {
    throw Error(ErrorKind::input, without_fix > 0 ? "no GGA sentence of the file has a fix" : "no GGA sentence is in the file",
                input.name);
  }
  if (without_fix > 0) report.warn(fmt::format("{} GGA sentences have no fix: they give no position", without_fix));
  if (deviations > 0) {
    report.warn(
        fmt::format("{} GST sentences (standard deviations of the receiver) are not used: sigma is not known", deviations));
  }
  reading.data = std::vector<TimeSeries>{std::move(series).take()};
  return reading;
}

}  // namespace

extern const Reader nmea_reader;
const Reader nmea_reader{"nmea", "NMEA 0183 sentences GGA with RMC or ZDA", ".nmea .nme .txt", sniff, read};

}  // namespace highwall
