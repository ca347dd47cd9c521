#include <cmath>
#include <numbers>

#include "algorithms/warn/criterion.hpp"

namespace highwall {
namespace {

constexpr double kDegrees = 180.0 / std::numbers::pi;

/// Improved tangent angle (Xu et al. 2009; doi:10.1186/s13638-021-02033-y): arctan of the velocity over
/// the equal-speed rate, with k sigma taken off the velocity first.
std::optional<Verdict> judge(const PolicyRule& rule, const PolicyTiming& timing, const TargetRates& rates,
                             std::size_t sample) {
  const SpeedWindow* window = rates.window(rule.window_h);
  const double equal_speed = rates.equal_speed_m_per_day[sample];
  if (window == nullptr || !(equal_speed > 0.0)) return std::nullopt;
  const double v = window->speed_m_per_day[sample];
  const double sigma = window->sigma_m_per_day[sample];
  if (std::isnan(v) || std::isnan(sigma)) return std::nullopt;
  const double tested = v - rule.k_sigma * sigma;
  // The angle's threshold as a velocity: both conditions are then one comparison.
  const double limit = std::max(std::tan(rule.threshold / kDegrees) * equal_speed, rule.min_velocity_m_per_day);
  Verdict verdict;
  verdict.raise = tested >= limit;
  verdict.hold = tested >= timing.release_factor * limit;
  verdict.ratio = v / limit;
  const double slope = v / equal_speed;
  verdict.evidence = {rule.name,
                      std::atan(slope) * kDegrees,
                      kDegrees * (sigma / equal_speed) / (1.0 + slope * slope),
                      std::atan(limit / equal_speed) * kDegrees,
                      rule.unit,
                      window_text(rule.window_h),
                      {},
                      {},
                      {}};
  return verdict;
}

}  // namespace

extern const Criterion tangent_criterion;
const Criterion tangent_criterion{"tangent", "Improved tangent angle against a threshold in degrees",
                                  "degrees", judge};

}  // namespace highwall
