#include <fmt/format.h>

#include <cmath>

#include "algorithms/warn/criterion.hpp"

namespace highwall {
namespace {

double slowest_velocity(const PolicyRule&) { return kNaN; }

/// Displacement across a gap, less what the speed before it explains, minus k sigma, against a threshold. Says
/// nothing of samples that do not follow a gap.
std::optional<Verdict> judge(const PolicyRule& rule, const PolicyTiming& timing, const TargetRates& rates, std::size_t sample) {
  if (rates.jump_m.empty()) return std::nullopt;
  const double jump = rates.jump_m[sample];
  const double sigma = rates.jump_sigma_m[sample];
  if (std::isnan(jump) || std::isnan(sigma)) return std::nullopt;
  const double tested = jump - rule.k_sigma * sigma;
  Verdict verdict;
  verdict.raise = tested >= rule.threshold && jump >= sigmas_asked(rule, timing, sigma, rule.threshold) * sigma;
  verdict.significant = is_significant(rule, timing, jump, sigma);
  verdict.hold = tested >= timing.release_factor * rule.threshold;
  verdict.across_gap = true;
  verdict.ratio = jump / rule.threshold;
  verdict.evidence.rule = rule.name;
  verdict.evidence.value = 1000.0 * jump;
  verdict.evidence.sigma = 1000.0 * sigma;
  verdict.evidence.threshold = 1000.0 * rule.threshold;
  verdict.evidence.unit = rule.unit;
  verdict.evidence.window = gap_text(rates.gap_days[sample]);
  return verdict;
}

}  // namespace

extern const Criterion jump_criterion;
const Criterion jump_criterion{
    "jump", "Displacement across a gap in the data against a threshold", "mm", "k_sigma", judge, slowest_velocity};

}  // namespace highwall
