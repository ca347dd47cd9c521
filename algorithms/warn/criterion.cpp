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

namespace {

bool names(std::string_view words, std::string_view word) {
  return fmt::format(" {} ", words).find(fmt::format(" {} ", word)) != std::string::npos;
}

/// "tangent", "velocity or tangent": the families that take a key.
std::string families_with(std::string_view key) {
  std::vector<std::string_view> families;
  for (const Criterion* criterion : all_criterions()) {
    if (names(criterion->parameters, key)) families.push_back(criterion->family);
  }
  return fmt::format("{}", fmt::join(families, " or "));
}

/// @throws Error(config)
const Criterion& known_criterion(const PolicyRule& rule, const std::string& where) {
  std::vector<std::string> families;
  for (const Criterion* criterion : all_criterions()) {
    if (criterion->family == rule.family) return *criterion;
    families.emplace_back(criterion->family);
  }
  const std::string near = nearest_word(rule.family, families);
  throw Error(ErrorKind::config, fmt::format("rule \"{}\": no criterion judges the family \"{}\"", rule.name, rule.family), where,
              near.empty() ? fmt::format("known: {}", fmt::join(families, ", ")) : fmt::format("did you mean \"{}\"?", near));
}

}  // namespace

void require_rules(const Policy& policy) {
  if (policy.rules.empty()) {
    throw Error(ErrorKind::config, fmt::format("policy {} has no [[rule]] and would never warn", policy.id), {},
                "add rules for series; an [[area_rule]] judges the cells of a radar only");
  }
}

void check_rules(const Policy& policy) {
  for (const PolicyRule& rule : policy.rules) {
    const std::string where = rule.where.empty() ? fmt::format("policy {}", policy.id) : rule.where;
    const Criterion& judge = known_criterion(rule, where);
    if (!names(judge.units, rule.unit)) {
      throw Error(ErrorKind::config, fmt::format("rule \"{}\": {} has no threshold in {}", rule.name, rule.family, rule.unit),
                  where, fmt::format("its threshold is given in: {}", judge.units));
    }
    for (const WrittenKey& key : rule.parameters) {
      if (names(judge.parameters, key.name)) continue;
      throw Error(ErrorKind::config,
                  fmt::format("rule \"{}\": {} would have no effect on a {} rule", rule.name, key.name, rule.family), key.where,
                  fmt::format("take it out, or write a rule of the family {}; {} takes {}", families_with(key.name), rule.family,
                              judge.parameters));
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
