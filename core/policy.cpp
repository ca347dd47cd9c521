#include "core/policy.hpp"

#include <algorithm>

#include "core/units.hpp"

namespace highwall {

bool PolicyRule::applies_to(SensorKind kind) const noexcept {
  // What is no displacement is judged by rules that name it only.
  if (kinds.empty()) return measures_displacement(kind);
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

double Policy::floor_sigma(SensorKind kind) const {
  const auto found = floor_sigma_m.find(kind);
  if (found != floor_sigma_m.end()) return found->second;
  static const std::map<SensorKind, double> standard = standard_floor_sigma_m();
  const auto other = standard.find(kind);
  return other == standard.end() ? standard.at(SensorKind::unknown) : other->second;
}

bool Policy::judges(SensorKind kind) const noexcept {
  return std::any_of(rules.begin(), rules.end(), [&](const PolicyRule& r) { return r.applies_to(kind); });
}

std::map<SensorKind, double> standard_floor_sigma_m() {
  return {{SensorKind::gnss, 0.005},         {SensorKind::radar, 0.0005}, {SensorKind::lidar, 0.010},  {SensorKind::prism, 0.003},
          {SensorKind::extensometer, 0.001}, {SensorKind::crack, 0.001},  {SensorKind::unknown, 0.005}};
}

double on_delay_of(const PolicyTiming& timing, double window_h) noexcept {
  return timing.on_delay_h * std::min(1.0, window_h / 24.0);
}

const std::vector<std::string>& threshold_units() {
  static const std::vector<std::string> kUnits{"mm_per_day", "mm_per_h", "degrees", "mm"};
  return kUnits;
}

bool is_velocity_unit(const std::string& unit) { return unit == "mm_per_day" || unit == "mm_per_h"; }

double threshold_from(const std::string& unit, double number) {
  if (unit == "mm_per_day") return from_mm_per_day(number).value;
  if (unit == "mm_per_h") return from_mm_per_h(number).value;
  if (unit == "mm") return number / 1000.0;
  return number;
}

}  // namespace highwall
