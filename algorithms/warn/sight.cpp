#include "algorithms/warn/sight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "algorithms/series/pieces.hpp"
#include "algorithms/warn/criterion.hpp"
#include "core/units.hpp"

namespace highwall {
namespace {

bool is_of_orange(const PolicyRule& rule, SensorKind kind) {
  return rule.level == Level::orange && is_velocity_unit(rule.unit) && rule.applies_to(kind);
}

}  // namespace

Sight sight_at(const Policy& policy, SensorKind kind, const TargetRates& rates, std::size_t sample) {
  Sight sight;
  for (const PolicyRule& rule : policy.rules) {
    if (is_of_orange(rule, kind))
      sight.limit_m_per_day = std::fmin(sight.limit_m_per_day, criterion_of(rule.family).slowest_velocity(rule));
  }
  for (const PolicyRule& rule : policy.rules) {
    if (!is_of_orange(rule, kind) || criterion_of(rule.family).slowest_velocity(rule) > sight.limit_m_per_day) continue;
    const SpeedWindow* window = rates.window(rule.window_h);
    const double sigma = window == nullptr ? kNaN : window->sigma_m_per_day[sample];
    sight.sigma_m_per_day = std::fmin(sight.sigma_m_per_day, sigma);
  }
  sight.known = std::isfinite(sight.sigma_m_per_day);
  return sight;
}

std::string blind_doubt(const Policy& policy, const TimeSeries& series, const TargetRates& rates) {
  if (rates.judged_from == kNoInstant) return {};
  Sight now;
  Instant since = kNoInstant;
  for (std::size_t i = series.size(); i-- > 0 && series.time[i] >= rates.judged_from;) {
    const Sight sight = sight_at(policy, series.kind, rates, i);
    if (!sight.known) continue;
    if (sight.sees()) break;
    if (since == kNoInstant) now = sight;
    since = series.time[i];
  }
  if (since == kNoInstant) return {};
  return fmt::format(
      "cannot see orange: sigma {:.3g} against a limit of {:.3g} mm/day since {}; look at its data of the calibration time, "
      "declare "
      "a quiet period in which it is calibrated, or exchange it",
      to_mm_per_day(MetresPerDay(now.sigma_m_per_day)), to_mm_per_day(MetresPerDay(now.limit_m_per_day)), to_iso8601(since));
}

std::string calibration_doubt(const TimeSeries& series, const std::vector<std::array<Instant, 2>>& periods) {
  std::size_t cuts = 0;
  double largest_m = 0.0;
  double usual_m = 0.0;
  for (const auto& period : periods) {
    for (std::size_t c = 0; c < series.width(); ++c) {
      const Pieces pieces = pieces_of(series, period[0], period[1], c);
      cuts = std::max(cuts, pieces.cuts);
      if (pieces.cuts == 0 || pieces.largest_m <= largest_m) continue;
      largest_m = pieces.largest_m;
      usual_m = pieces.usual_m;
    }
  }
  if (cuts == 0) return {};
  return fmt::format(
      "jumps by up to {:.3g} mm between samples of its calibration time from {} to {}, where {:.2g} mm is usual ({}): blunders, "
      "work on the sensor or motion, left out of its noise; a quiet period without them ends this finding",
      1000.0 * largest_m, to_iso8601(periods.front()[0]), to_iso8601(periods.back()[1]), 1000.0 * usual_m,
      cuts == 1 ? "once" : fmt::format("{} times", cuts));
}

}  // namespace highwall
