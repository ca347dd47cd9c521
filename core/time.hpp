#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/units.hpp"

namespace highwall {

/// Length of time in nanoseconds; negative lengths are allowed.
struct Duration {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
};

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNsPerHour = 3600 * kNsPerSecond;
inline constexpr std::int64_t kNsPerDay = 24 * kNsPerHour;

constexpr Duration seconds(std::int64_t s) { return {s * kNsPerSecond}; }
constexpr Duration hours(std::int64_t h) { return {h * kNsPerHour}; }
constexpr Duration days(std::int64_t d) { return {d * kNsPerDay}; }
/// Rounds to the nearest nanosecond. @throws Error(config) beyond 250 years and for what is no number
Duration duration_from_seconds(double s);
constexpr double to_seconds(Duration d) { return static_cast<double>(d.ns) / 1e9; }
constexpr double to_hours(Duration d) { return static_cast<double>(d.ns) / 3.6e12; }
constexpr Days to_days(Duration d) { return Days(static_cast<double>(d.ns) / 8.64e13); }

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, UTC without leap seconds. Years 1678 to 2261.
struct Instant {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
};

/// "No instant", as NumPy's NaT.
inline constexpr Instant kNoInstant{std::numeric_limits<std::int64_t>::min()};
/// After every instant.
inline constexpr Instant kNever{std::numeric_limits<std::int64_t>::max()};

/// A wall-clock reading without a zone. `second` may hold a fraction and 60 (leap second).
struct Civil {
  int year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  double second = 0.0;
};

/// UTC instant of a civil UTC reading; nullopt when a field is out of range (month 13, 30 February).
std::optional<Instant> from_civil_utc(const Civil& civil);
Civil to_civil_utc(Instant t);

/// Reads ISO 8601: `2025-08-13`, `2025-08-13T01:02:03.5Z`, `2025-08-13 01:02+08:00`. Without a zone
/// the text is UTC when `assume_utc`, else nullopt. nullopt for anything else.
std::optional<Instant> parse_iso8601(std::string_view text, bool assume_utc = true);
/// True when the ISO 8601 text names its zone (`Z` or an offset).
bool has_zone(std::string_view iso8601) noexcept;
/// `2025-08-13T01:02:03Z`; a fraction is printed only when there is one, without trailing zeros.
std::string to_iso8601(Instant t);
/// `20250813T010203Z`, fit for file names; the fraction, if any, follows as `.123456789`.
std::string to_compact_iso8601(Instant t);

/// Parses a civil reading by a strptime-like pattern: %Y %y %m %d %H %M %S (S may have a fraction),
/// %j (day of year), %b (Jan), %% and literal characters; a blank matches any blanks. nullopt when
/// the text does not match whole.
std::optional<Civil> parse_civil(std::string_view text, std::string_view pattern);

/// A time zone of the IANA data base. Looking one up twice is cheap.
class TimeZone {
 public:
  /// @throws Error(config) for an unknown name; the hint names the nearest known zone.
  static TimeZone of(std::string_view iana_name);
  static TimeZone utc() { return TimeZone(nullptr); }

  /// Instants of a local reading: none in an hour that a clock change skips and for impossible fields, two (the earlier
  /// first) in one that it repeats.
  struct Instants {
    int count = 0;
    std::array<Instant, 2> at{};
  };
  Instants instants_of(const Civil& local) const;
  /// The instant of a local reading where there is exactly one.
  std::optional<Instant> to_instant(const Civil& local) const;
  Civil to_local(Instant t) const;
  /// `2025-08-13T09:02:03+08:00`, RFC 3339 with the zone's offset at that moment.
  std::string to_rfc3339(Instant t) const;

 private:
  explicit TimeZone(const void* zone) : zone_(zone) {}
  const void* zone_;
};

/// GPS time of week to UTC (leap seconds of the time taken off). `week` counts without roll-over.
/// kNoInstant for what is not finite or out of range; so do the next two and from_mjd.
Instant from_gps_week(int week, double seconds_of_week);
/// GPS seconds since 1980-01-06 to UTC. LAS "adjusted standard" time is this minus 1e9.
Instant from_gps_seconds(double gps_seconds);
/// A reading of a GPS-time clock (RTKLIB "GPST") to UTC.
Instant gpst_to_utc(Instant gpst);
/// GPS minus UTC in whole seconds at a UTC instant: 0 in 1980, 18 since 2017-01-01.
int gps_minus_utc_seconds(Instant utc);
/// Modified Julian Date (UTC) to an instant, rounded to the microsecond.
Instant from_mjd(double mjd);
double to_mjd(Instant t);

}  // namespace highwall
