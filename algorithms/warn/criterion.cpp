#include "algorithms/warn/criterion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/units.hpp"

namespace highwall {

const Criterion& criterion_of(std::string_view family) {
  for (const Criterion* criterion : all_criterions()) {
    if (criterion->family == family) return *criterion;
  }
  throw Error(ErrorKind::config, fmt::format("no criterion judges the family \"{}\"", family));
}

void check_rules(const Policy& policy) {
  for (const PolicyRule& rule : policy.rules) {
    std::vector<std::string> families;
    const Criterion* judge = nullptr;
    for (const Criterion* criterion : all_criterions()) {
      families.emplace_back(criterion->family);
      if (criterion->family == rule.family) judge = criterion;
    }
    const std::string where = fmt::format("policy {}, rule \"{}\"", policy.id, rule.name);
    if (judge == nullptr) {
      const std::string near = nearest_word(rule.family, families);
      throw Error(ErrorKind::config, fmt::format("no criterion judges the family \"{}\"", rule.family), where,
                  near.empty() ? fmt::format("known: {}", fmt::join(families, ", ")) : fmt::format("did you mean \"{}\"?", near));
    }
    const std::string padded = fmt::format(" {} ", judge->units);
    if (padded.find(" " + rule.unit + " ") == std::string::npos) {
      throw Error(ErrorKind::config, fmt::format("{} has no threshold in {}", rule.family, rule.unit), where,
                  fmt::format("its threshold is given in: {}", judge->units));
    }
  }
}

double sigmas_asked(const PolicyRule& rule, const PolicyTiming& timing, double sigma, double limit) {
  if (rule.level < Level::orange || limit <= 0.0 || !(sigma > limit)) return 0.0;
  return std::min(timing.significance_sigma, rule.k_sigma * sigma / limit);
}

bool is_significant(const PolicyRule& rule, const PolicyTiming& timing, double value, double sigma) {
  return rule.level < Level::orange || value >= timing.significance_sigma * sigma;
}

std::string window_text(double hours) { return fmt::format("{}h", hours); }

std::string gap_text(double days) { return fmt::format("gap of {:.3g}h", 24.0 * days); }

double in_unit_of(const PolicyRule& rule, double m_per_day) {
  // An angle's rule reports degrees itself; velocities go in the unit that the policy wrote.
  return rule.unit == "mm_per_h" ? to_mm_per_h(MetresPerDay(m_per_day)) : to_mm_per_day(MetresPerDay(m_per_day));
}

}  // namespace highwall
