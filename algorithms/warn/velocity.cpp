#include <cmath>

#include "algorithms/warn/criterion.hpp"

namespace highwall {
namespace {

double slowest_velocity(const PolicyRule& rule) { return std::max(rule.threshold, rule.min_velocity_m_per_day); }

/// Trailing speed minus k sigma against the threshold. Without a sigma nothing can be said.
std::optional<Verdict> judge(const PolicyRule& rule, const PolicyTiming& timing, const TargetRates& rates, std::size_t sample) {
  const SpeedWindow* window = rates.window(rule.window_h);
  if (window == nullptr) return std::nullopt;
  // For orange and red the smaller of two opinions counts: the velocity of a step is no velocity.
  const double v = window->speed_for(rule.level, sample);
  const double sigma = window->sigma_m_per_day[sample];
  if (std::isnan(v) || std::isnan(sigma)) return std::nullopt;
  const double tested = v - rule.k_sigma * sigma;
  double threshold = slowest_velocity(rule);
  if (rule.equal_speed_factor > 0.0 && std::isfinite(rates.equal_speed_m_per_day[sample])) {
    threshold = std::max(threshold, rule.equal_speed_factor * rates.equal_speed_m_per_day[sample]);
  }
  Verdict verdict;
  verdict.raise = tested >= threshold && v >= sigmas_asked(rule, timing, sigma, threshold) * sigma;
  verdict.significant = is_significant(rule, timing, v, sigma);
  verdict.hold = tested >= timing.release_factor * threshold;
  verdict.ratio = v / threshold;
  verdict.limit_m_per_day = threshold;
  const double gap = window->gap(sample);
  verdict.across_gap = !std::isnan(gap);
  verdict.evidence.rule = rule.name;
  verdict.evidence.value = in_unit_of(rule, v);
  verdict.evidence.sigma = in_unit_of(rule, sigma);
  verdict.evidence.threshold = in_unit_of(rule, threshold);
  verdict.evidence.unit = rule.unit;
  verdict.evidence.window = verdict.across_gap ? gap_text(gap) : window_text(rule.window_h);
  return verdict;
}

}  // namespace

extern const Criterion velocity_criterion;
const Criterion velocity_criterion{"velocity",
                                   "Trailing velocity minus k sigma against a threshold",
                                   "mm_per_day mm_per_h",
                                   "window_h k_sigma min_velocity_mm_per_day equal_speed_factor",
                                   judge,
                                   slowest_velocity};

}  // namespace highwall
