#include "algorithms/warn/area_levels.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/warn/criterion.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr float kAlive = 0.5F;     ///< Fewer cells with a value are no sign of life.
constexpr float kComplete = 0.8F;  ///< Fewer are doubtful.
constexpr double kPauses = 3.0;    ///< A pause of so many usual intervals is one.

Evidence evidence_of(const AreaSample& sample, const Policy& policy) {
  Evidence e;
  if (sample.rule < 0) {
    e.rule = sample.known < kAlive ? "no_value" : "no_velocity";
    return e;
  }
  const AreaRule& rule = policy.area_rules[static_cast<std::size_t>(sample.rule)];
  e.rule = rule.name;
  e.value = sample.value;
  e.sigma = sample.sigma;
  e.threshold = area_threshold(rule);
  e.unit = area_unit(rule);
  if (rule.quantity == "velocity") e.window = window_text(rule.window_h);
  return e;
}

Level level_of(const AreaSample& sample, const AreaTarget& target, const PolicyTiming& timing) {
  const bool blasted = std::any_of(target.blasts.begin(), target.blasts.end(), [&](Instant blast) {
    return sample.at >= blast && to_hours(sample.at - blast) <= timing.blast_h;
  });
  return blasted ? std::max(sample.moving, std::min(sample.level, Level::orange)) : sample.level;
}

double usual_interval_h(const AreaTarget& target) {
  if (target.interval_h > 0.0) return target.interval_h;
  std::vector<double> intervals;
  for (std::size_t i = 1; i < target.samples.size(); ++i) {
    intervals.push_back(to_hours(target.samples[i].at - target.samples[i - 1].at));
  }
  return median(std::move(intervals));
}

LampSample lamp_sample(const AreaSample& sample, Level level, bool after_pause, const Policy& policy) {
  LampSample out;
  out.at = sample.at;
  out.raise = out.hold = out.significant = out.at_once = level;
  out.measured = sample.known >= kAlive;
  // What raises is usable whatever else is unknown.
  out.usable = level != Level::none || (out.measured && sample.judged > 0.0F);
  const bool doubtful = sample.known < kComplete || sample.judged < 1.0F || sample.lost || after_pause;
  out.quality = doubtful ? Health::degraded : Health::live;
  out.evidence = evidence_of(sample, policy);
  for (std::size_t l = 1; l <= static_cast<std::size_t>(level); ++l) out.rule[l] = sample.rule;
  return out;
}

}  // namespace

std::string area_unit(const AreaRule& rule) {
  return rule.quantity != "velocity" ? "cells" : rule.threshold_mm_per_h > 0.0 ? "mm_per_h" : "sigma";
}

double area_threshold(const AreaRule& rule) {
  if (rule.quantity != "velocity") return static_cast<double>(rule.least_cells);
  return rule.threshold_mm_per_h > 0.0 ? rule.threshold_mm_per_h : rule.k_sigma;
}

History judge_areas(const AreaTarget& target, const Policy& policy, const std::vector<Act>& acts, Instant now) {
  History history;
  history.target = target.target;
  history.kind = SensorKind::radar;
  history.is_quorum = true;
  history.epochs = target.epochs;
  history.doubts = target.doubts;
  const double usual_h = usual_interval_h(target);
  std::vector<LampSample> samples;
  samples.reserve(target.samples.size());
  Instant before = kNoInstant;
  for (const AreaSample& sample : target.samples) {
    const bool pause = before != kNoInstant && to_hours(sample.at - before) > kPauses * usual_h;
    samples.push_back(lamp_sample(sample, level_of(sample, target, policy.timing), pause, policy));
    before = sample.at;
    if (sample.at > now) continue;
    history.area_m2 = sample.level != Level::none && std::isfinite(sample.area_m2) ? sample.area_m2 : 0.0;
    if (sample.judged >= 1.0F && history.judged_from == kNoInstant) history.judged_from = sample.at;
  }
  std::vector<Act> own;
  std::copy_if(acts.begin(), acts.end(), std::back_inserter(own), [&](const Act& a) { return a.target == target.target; });
  history.entries = run_lamp(samples, policy.timing, {target.max_silence_h, policy.timing.stale_share}, std::move(own), now);
  const LampEntry* last = nullptr;
  for (LampEntry& entry : history.entries) {
    if (last != nullptr && last->raise == entry.raise) {
      entry.raised = last->raised;
    } else if (entry.raise.rule >= 0) {
      entry.raised = std::make_shared<const Evidence>(evidence_of(target.samples[entry.raise.sample], policy));
    }
    last = &entry;
  }
  return history;
}

}  // namespace highwall
