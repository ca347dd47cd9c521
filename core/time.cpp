#include "core/time.hpp"

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "core/error.hpp"
#include "core/options.hpp"

namespace highwall {
namespace {

using LocalNs = date::local_time<std::chrono::nanoseconds>;
using SysNs = date::sys_time<std::chrono::nanoseconds>;

/// UTC instants from which GPS was ahead of UTC by 1, 2, ... seconds (IERS Bulletin C).
constexpr std::array<std::array<int, 3>, 18> kLeapDays{{{1981, 7, 1},
                                                        {1982, 7, 1},
                                                        {1983, 7, 1},
                                                        {1985, 7, 1},
                                                        {1988, 1, 1},
                                                        {1990, 1, 1},
                                                        {1991, 1, 1},
                                                        {1992, 7, 1},
                                                        {1993, 7, 1},
                                                        {1994, 7, 1},
                                                        {1996, 1, 1},
                                                        {1997, 7, 1},
                                                        {1999, 1, 1},
                                                        {2006, 1, 1},
                                                        {2009, 1, 1},
                                                        {2012, 7, 1},
                                                        {2015, 7, 1},
                                                        {2017, 1, 1}}};
constexpr double kLargestSeconds = 8e9;  // About 250 years: beyond it an Instant would overflow.
constexpr double kMjdOfUnixEpoch = 40587.0;
constexpr std::int64_t kGpsEpochUnixSeconds = 315964800;  // 1980-01-06T00:00:00Z

std::int64_t day_number(int year, int month, int day) {
  const date::year_month_day ymd{date::year{year}, date::month{static_cast<unsigned>(month)},
                                 date::day{static_cast<unsigned>(day)}};
  return date::sys_days{ymd}.time_since_epoch().count();
}

/// Nanoseconds since 1970 of the reading taken as if UTC; nullopt for impossible fields.
std::optional<std::int64_t> nanoseconds_of(const Civil& c) {
  if (c.year < 1678 || c.year > 2261 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31) {
    return std::nullopt;
  }
  const date::year_month_day ymd{date::year{c.year}, date::month{static_cast<unsigned>(c.month)},
                                 date::day{static_cast<unsigned>(c.day)}};
  if (!ymd.ok() || c.hour < 0 || c.hour > 24 || c.minute < 0 || c.minute > 59) return std::nullopt;
  if (!(c.second >= 0.0 && c.second < 61.0)) return std::nullopt;
  if (c.hour == 24 && (c.minute != 0 || c.second != 0.0)) return std::nullopt;
  const double whole = std::floor(c.second);
  const auto fraction_ns = static_cast<std::int64_t>(std::llround((c.second - whole) * 1e9));
  // The library counts days in an int: their seconds would overflow from 2038 on.
  const std::int64_t days = date::sys_days{ymd}.time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + c.hour * 3600 + c.minute * 60 + static_cast<std::int64_t>(whole);
  return seconds * kNsPerSecond + fraction_ns;
}

Civil civil_of(std::int64_t ns) {
  const LocalNs t{std::chrono::nanoseconds{ns}};
  const auto day = date::floor<date::days>(t);
  const date::year_month_day ymd{day};
  const std::int64_t in_day = (t - day).count();
  Civil c;
  c.year = static_cast<int>(ymd.year());
  c.month = static_cast<int>(static_cast<unsigned>(ymd.month()));
  c.day = static_cast<int>(static_cast<unsigned>(ymd.day()));
  c.hour = static_cast<int>(in_day / kNsPerHour);
  c.minute = static_cast<int>(in_day / (60 * kNsPerSecond) % 60);
  c.second = static_cast<double>(in_day % (60 * kNsPerSecond)) / 1e9;
  return c;
}

std::string fraction_text(std::int64_t ns) {
  const std::int64_t part = ((ns % kNsPerSecond) + kNsPerSecond) % kNsPerSecond;
  if (part == 0) return {};
  std::string digits = fmt::format("{:09}", part);
  digits.erase(digits.find_last_not_of('0') + 1);
  return "." + digits;
}

bool take_int(std::string_view& text, std::size_t min_digits, std::size_t max_digits, int& out) {
  std::size_t n = 0;
  while (n < text.size() && n < max_digits && std::isdigit(static_cast<unsigned char>(text[n]))) ++n;
  if (n < min_digits) return false;
  std::from_chars(text.data(), text.data() + n, out);
  text.remove_prefix(n);
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// Seconds with an optional fraction after '.' or ','.
bool take_seconds(std::string_view& text, double& out) {
  int whole = 0;
  if (!take_int(text, 1, 2, whole)) return false;
  std::int64_t nanos = 0;
  if (text.size() > 1 && (text[0] == '.' || text[0] == ',') && std::isdigit(static_cast<unsigned char>(text[1]))) {
    text.remove_prefix(1);
    std::int64_t scale = kNsPerSecond / 10;
    while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front()))) {
      nanos += scale * (text.front() - '0');
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  out = whole + static_cast<double>(nanos) / 1e9;
  return true;
}

bool take_month_name(std::string_view& text, int& month) {
  static constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                            "jul", "aug", "sep", "oct", "nov", "dec"};
  if (text.size() < 3) return false;
  for (std::size_t m = 0; m < kMonths.size(); ++m) {
    bool same = true;
    for (std::size_t i = 0; i < 3; ++i) {
      same = same && std::tolower(static_cast<unsigned char>(text[i])) == kMonths[m][i];
    }
    if (!same) continue;
    month = static_cast<int>(m) + 1;
    text.remove_prefix(3);
    return true;
  }
  return false;
}

/// What follows the clock: nothing, Z, +hh, +hh:mm or +hhmm. nullopt when it is something else.
std::optional<int> zone_offset_minutes(std::string_view text, bool& named) {
  named = !text.empty();
  if (text.empty()) return 0;
  if (text == "Z" || text == "z") return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  if (text.front() != '+' && text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  int h = 0;
  int m = 0;
  if (!take_int(text, 2, 2, h)) return std::nullopt;
  if (!text.empty()) {
    take_char(text, ':');
    if (!take_int(text, 2, 2, m) || !text.empty()) return std::nullopt;
  }
  if (h > 23 || m > 59) return std::nullopt;
  return sign * (h * 60 + m);
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
  return names;
}

}  // namespace

Duration duration_from_seconds(double s) {
  constexpr double kLongest_s = 250.0 * 365.25 * 86400.0;
  if (!(std::abs(s) <= kLongest_s)) {
    throw Error(ErrorKind::config, "a length of time must lie within 250 years, not " + std::to_string(s) + " s");
  }
  return {static_cast<std::int64_t>(std::llround(s * 1e9))};
}

std::optional<Instant> from_civil_utc(const Civil& civil) {
  const auto ns = nanoseconds_of(civil);
  if (!ns) return std::nullopt;
  return Instant{*ns};
}

Civil to_civil_utc(Instant t) { return civil_of(t.ns); }

bool has_zone(std::string_view text) noexcept {
  if (text.size() < 12) return false;
  const std::string_view clock = text.substr(11);
  return clock.find_first_of("Zz+-") != std::string_view::npos;
}

std::optional<Instant> parse_iso8601(std::string_view text, bool assume_utc) {
  Civil c;
  if (!take_int(text, 4, 4, c.year) || !take_char(text, '-') || !take_int(text, 2, 2, c.month) || !take_char(text, '-') ||
      !take_int(text, 2, 2, c.day)) {
    return std::nullopt;
  }
  bool named = false;
  std::optional<int> offset = 0;
  if (!text.empty()) {
    if (!take_char(text, 'T') && !take_char(text, 't') && !take_char(text, ' ')) return std::nullopt;
    if (!take_int(text, 2, 2, c.hour)) return std::nullopt;
    const bool has_minute = take_char(text, ':');  // "2026-01-01T00Z" is ISO 8601 too
    if (has_minute && !take_int(text, 2, 2, c.minute)) return std::nullopt;
    if (has_minute && take_char(text, ':') && !take_seconds(text, c.second)) return std::nullopt;
    offset = zone_offset_minutes(text, named);
    if (!offset) return std::nullopt;
  }
  if (!named && !assume_utc) return std::nullopt;
  const auto t = from_civil_utc(c);
  if (!t) return std::nullopt;
  return *t - seconds(60LL * *offset);
}

std::string to_iso8601(Instant t) {
  if (t == kNoInstant) return "NaT";
  const Civil c = civil_of(t.ns);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", c.year, c.month, c.day, c.hour, c.minute,
                     static_cast<int>(std::floor(c.second)), fraction_text(t.ns));
}

std::string to_compact_iso8601(Instant t) {
  if (t == kNoInstant) return "NaT";
  const Civil c = civil_of(t.ns);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}{}Z", c.year, c.month, c.day, c.hour, c.minute,
                     static_cast<int>(std::floor(c.second)), fraction_text(t.ns));
}

std::optional<Civil> parse_civil(std::string_view text, std::string_view pattern) {
  Civil c;
  int day_of_year = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == ' ') {
      while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
      continue;
    }
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      if (!take_char(text, pattern[i])) return std::nullopt;
      continue;
    }
    // Fields that stand against one another ("%Y%m%d") must have their full width.
    const bool tight = (i + 2 < pattern.size() && pattern[i + 2] == '%') || (i >= 2 && pattern[i - 2] == '%');
    const std::size_t two = tight ? 2 : 1;
    bool ok = false;
    switch (pattern[++i]) {
      case 'Y':
        ok = take_int(text, 4, 4, c.year);
        break;
      case 'y':
        ok = take_int(text, 2, 2, c.year);
        c.year += c.year < 70 ? 2000 : 1900;
        break;
      case 'm':
        ok = take_int(text, two, 2, c.month);
        break;
      case 'd':
        ok = take_int(text, two, 2, c.day);
        break;
      case 'H':
        ok = take_int(text, two, 2, c.hour);
        break;
      case 'M':
        ok = take_int(text, two, 2, c.minute);
        break;
      case 'S':
        ok = take_seconds(text, c.second);
        break;
      case 'j':
        ok = take_int(text, 1, 3, day_of_year) && day_of_year > 0;
        break;
      case 'b':
        ok = take_month_name(text, c.month);
        break;
      case '%':
        ok = take_char(text, '%');
        break;
      default:
        ok = false;
    }
    if (!ok) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  if (day_of_year > 0) {
    if (day_of_year > 366 || !nanoseconds_of({c.year, 1, 1})) return std::nullopt;
    const Civil day = civil_of((day_number(c.year, 1, 1) + day_of_year - 1) * kNsPerDay);
    if (day.year != c.year) return std::nullopt;
    c.month = day.month;
    c.day = day.day;
  }
  return nanoseconds_of(c) ? std::optional(c) : std::nullopt;
}

TimeZone TimeZone::of(std::string_view iana_name) {
  if (iana_name == "UTC" || iana_name == "Z") return utc();
  try {
    return TimeZone(date::locate_zone(std::string(iana_name)));
  } catch (const std::exception&) {
    std::string near;
    try {
      near = nearest_word(iana_name, zone_names());
    } catch (const std::exception&) {
      throw Error(ErrorKind::config, "the time zone data base is missing on this machine", std::string(iana_name),
                  "install the package tzdata");
    }
    throw Error(ErrorKind::config, fmt::format("unknown time zone \"{}\"", iana_name), {},
                near.empty() ? "an IANA name such as Asia/Shanghai is wanted" : fmt::format("did you mean \"{}\"?", near));
  }
}

TimeZone::Instants TimeZone::instants_of(const Civil& local) const {
  const auto ns = nanoseconds_of(local);
  if (!ns) return {};
  if (zone_ == nullptr) return {1, {Instant{*ns}}};
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  const LocalNs t{std::chrono::nanoseconds{*ns}};
  const date::local_info info = zone->get_info(t);
  const auto with = [&](const date::sys_info& part) { return Instant{*ns - std::chrono::nanoseconds(part.offset).count()}; };
  if (info.result == date::local_info::unique) return {1, {with(info.first)}};
  if (info.result == date::local_info::nonexistent) return {};
  return {2, {with(info.first), with(info.second)}};
}

std::optional<Instant> TimeZone::to_instant(const Civil& local) const {
  const Instants found = instants_of(local);
  return found.count == 1 ? std::optional(found.at[0]) : std::nullopt;
}

Civil TimeZone::to_local(Instant t) const {
  if (zone_ == nullptr) return civil_of(t.ns);
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  return civil_of(zone->to_local(SysNs{std::chrono::nanoseconds{t.ns}}).time_since_epoch().count());
}

std::string TimeZone::to_rfc3339(Instant t) const {
  if (zone_ == nullptr || t == kNoInstant) return to_iso8601(t);
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  const auto offset = zone->get_info(SysNs{std::chrono::nanoseconds{t.ns}}).offset.count() / 60;
  const Civil c = to_local(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute,
                     static_cast<int>(std::floor(c.second)), fraction_text(t.ns), offset < 0 ? '-' : '+', std::abs(offset) / 60,
                     std::abs(offset) % 60);
}

int gps_minus_utc_seconds(Instant utc) {
  int n = 0;
  for (const auto& d : kLeapDays) {
    if (utc.ns >= day_number(d[0], d[1], d[2]) * kNsPerDay) ++n;
  }
  return n;
}

Instant gpst_to_utc(Instant gpst) {
  // The leap count is a function of UTC; one correction step suffices, as it changes by 1 s.
  const int first = gps_minus_utc_seconds(gpst);
  return gpst - seconds(gps_minus_utc_seconds(gpst - seconds(first)));
}

Instant from_gps_seconds(double gps_seconds) {
  if (!(std::abs(gps_seconds) < kLargestSeconds)) return kNoInstant;
  const double whole = std::floor(gps_seconds);
  const Instant gpst{(static_cast<std::int64_t>(whole) + kGpsEpochUnixSeconds) * kNsPerSecond +
                     static_cast<std::int64_t>(std::llround((gps_seconds - whole) * 1e9))};
  return gpst_to_utc(gpst);
}

Instant from_gps_week(int week, double seconds_of_week) {
  if (std::abs(week) > 10000 || !(std::abs(seconds_of_week) < kLargestSeconds)) return kNoInstant;
  const double whole = std::floor(seconds_of_week);
  const std::int64_t s = kGpsEpochUnixSeconds + 604800LL * week + static_cast<std::int64_t>(whole);
  const Instant gpst{s * kNsPerSecond + static_cast<std::int64_t>(std::llround((seconds_of_week - whole) * 1e9))};
  return gpst_to_utc(gpst);
}

Instant from_mjd(double mjd) {
  if (!(mjd > -60000.0 && mjd < 140000.0)) return kNoInstant;
  const double day = std::floor(mjd);
  const double us = std::round((mjd - day) * 86400.0 * 1e6);
  return Instant{static_cast<std::int64_t>(day - kMjdOfUnixEpoch) * kNsPerDay + static_cast<std::int64_t>(us) * 1000};
}

double to_mjd(Instant t) { return kMjdOfUnixEpoch + static_cast<double>(t.ns) / 8.64e13; }

}  // namespace highwall
