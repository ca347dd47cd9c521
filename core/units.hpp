#pragma once

#include <compare>

namespace highwall {

/// A number that knows its unit. Only like units add; the units below say what divides into what.
template <class Tag>
struct Quantity {
  double value = 0.0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double v) : value(v) {}
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value + b.value); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value - b.value); }
  friend constexpr Quantity operator-(Quantity a) { return Quantity(-a.value); }
  friend constexpr Quantity operator*(double s, Quantity a) { return Quantity(s * a.value); }
  friend constexpr Quantity operator*(Quantity a, double s) { return Quantity(s * a.value); }
  friend constexpr Quantity operator/(Quantity a, double s) { return Quantity(a.value / s); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;
};

using Metres = Quantity<struct MetresTag>;
using Days = Quantity<struct DaysTag>;
using MetresPerDay = Quantity<struct MetresPerDayTag>;

constexpr MetresPerDay operator/(Metres d, Days t) { return MetresPerDay(d.value / t.value); }
constexpr Metres operator*(MetresPerDay v, Days t) { return Metres(v.value * t.value); }
constexpr Metres operator*(Days t, MetresPerDay v) { return v * t; }

inline constexpr double kMillimetresPerMetre = 1000.0;
inline constexpr double kHoursPerDay = 24.0;
/// International foot and US survey foot, in metres.
inline constexpr double kMetresPerFoot = 0.3048;
inline constexpr double kMetresPerUsSurveyFoot = 1200.0 / 3937.0;

constexpr double to_millimetres(Metres d) { return d.value * kMillimetresPerMetre; }
constexpr MetresPerDay from_mm_per_day(double v) { return MetresPerDay(v / kMillimetresPerMetre); }
constexpr MetresPerDay from_mm_per_h(double v) { return MetresPerDay(v * kHoursPerDay / kMillimetresPerMetre); }
constexpr double to_mm_per_day(MetresPerDay v) { return v.value * kMillimetresPerMetre; }
constexpr double to_mm_per_h(MetresPerDay v) { return v.value * kMillimetresPerMetre / kHoursPerDay; }

}  // namespace highwall
