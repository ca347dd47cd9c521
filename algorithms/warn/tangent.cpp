#include <algorithm>
#include <cmath>
#include <numbers>

#include "algorithms/warn/criterion.hpp"

namespace highwall {
namespace {

constexpr double kDegrees = 180.0 / std::numbers::pi;

double slowest_velocity(const PolicyRule& rule) { return rule.min_velocity_m_per_day; }

/// Improved tangent angle (Xu et al. 2009; doi:10.1186/s13638-021-02033-y): arctan of the velocity over the
/// equal-speed rate. k sigma of both are taken off, so that neither noise nor a rate known badly makes an angle; a
/// velocity below the rule's floor makes none either. A rule with within_sigma is that of uniform motion, met
/// from so many sigmas of the equal-speed rate below the angle on.
std::optional<Verdict> judge(const PolicyRule& rule, const PolicyTiming& timing, const TargetRates& rates, std::size_t sample) {
  const SpeedWindow* window = rates.window(rule.window_h);
  const double equal_speed = rates.equal_speed_m_per_day[sample];
  if (window == nullptr || !(equal_speed > 0.0)) return std::nullopt;
  const double v = window->speed_for(rule.level, sample);
  const double sigma = window->sigma_m_per_day[sample];
  if (std::isnan(v) || std::isnan(sigma)) return std::nullopt;
  const bool known = !rates.equal_speed_sigma_m_per_day.empty() && std::isfinite(rates.equal_speed_sigma_m_per_day[sample]);
  const double equal_sigma = known ? rates.equal_speed_sigma_m_per_day[sample] : 0.0;
  const double angle = rule.threshold + rule.margin_degrees;
  const double slope_limit = std::tan(angle / kDegrees);
  double limit = slope_limit * equal_speed;
  double tested = v - rule.k_sigma * std::hypot(sigma, slope_limit * equal_sigma);
  if (rule.within_sigma > 0.0) {
    limit = slope_limit * std::max(0.0, equal_speed - rule.within_sigma * equal_sigma);
    tested = v;
  }
  const double over_floor = v - rule.k_sigma * sigma;
  const double floor = rule.min_velocity_m_per_day;
  Verdict verdict;
  verdict.raise = tested >= limit && over_floor >= floor && v >= sigmas_asked(rule, timing, sigma, floor) * sigma;
  verdict.significant = is_significant(rule, timing, v, sigma);
  verdict.hold = tested >= timing.release_factor * limit && over_floor >= timing.release_factor * floor;
  verdict.ratio = v / std::max({limit, floor, 1e-12});
  verdict.limit_m_per_day = std::max(limit, floor);
  const double gap = window->gap(sample);
  verdict.across_gap = !std::isnan(gap);
  const double slope = v / equal_speed;
  verdict.evidence.rule = rule.name;
  verdict.evidence.value = std::atan(slope) * kDegrees;
  verdict.evidence.sigma = kDegrees * std::hypot(sigma, slope * equal_sigma) / equal_speed / (1.0 + slope * slope);
  verdict.evidence.threshold = angle;
  verdict.evidence.unit = rule.unit;
  verdict.evidence.window = verdict.across_gap ? gap_text(gap) : window_text(rule.window_h);
  verdict.evidence.floor_mm_per_day = 1000.0 * floor;
  return verdict;
}

}  // namespace

extern const Criterion tangent_criterion;
const Criterion tangent_criterion{"tangent", "Improved tangent angle against a threshold in degrees",
                                  "degrees", "window_h k_sigma min_velocity_mm_per_day margin_degrees within_sigma",
                                  judge,     slowest_velocity};

}  // namespace highwall
