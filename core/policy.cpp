#include "core/policy.hpp"

#include <algorithm>

#include "core/units.hpp"

namespace highwall {

bool PolicyRule::applies_to(SensorKind kind) const noexcept {
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

const std::vector<std::string>& threshold_units() {
  static const std::vector<std::string> kUnits{"mm_per_day", "mm_per_h", "degrees"};
  return kUnits;
}

double threshold_from(const std::string& unit, double number) {
  if (unit == "mm_per_day") return from_mm_per_day(number).value;
  if (unit == "mm_per_h") return from_mm_per_h(number).value;
  return number;
}

}  // namespace highwall
