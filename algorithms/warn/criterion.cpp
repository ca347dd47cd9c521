#include "algorithms/warn/criterion.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/units.hpp"

namespace highwall {

const Criterion& criterion_of(std::string_view family) {
  for (const Criterion* criterion : all_criterions()) {
    if (criterion->family == family) return *criterion;
  }
  throw Error(ErrorKind::config, fmt::format("no criterion judges the family \"{}\"", family));
}

std::string window_text(double hours) { return fmt::format("{}h", hours); }

double in_unit_of(const PolicyRule& rule, double m_per_day) {
  // An angle's rule reports degrees itself; velocities go in the unit that the policy wrote.
  return rule.unit == "mm_per_h" ? to_mm_per_h(MetresPerDay(m_per_day)) : to_mm_per_day(MetresPerDay(m_per_day));
}

}  // namespace highwall
