// What a level may never depend on, for any series.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "algorithms/series/clean.hpp"
#include "algorithms/series/freeze.hpp"
#include "algorithms/warn/judge.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

/// Motion, rest, noise, gaps, changes of the sampling and quiet periods at random.
TargetInput random_target(std::uint64_t seed) {
  Dice dice(seed);
  TargetInput target;
  TimeSeries& s = target.series;
  s.target = "T";
  s.kind = dice.uniform() < 0.5 ? SensorKind::radar : SensorKind::gnss;
  s.components = dice.uniform() < 0.3 ? std::vector<std::string>{"east", "north", "up"} : std::vector<std::string>{"los"};
  const double noise = 1e-3 * dice.uniform();
  double velocity = 0.0;
  double x = 0.0;
  double step_h = dice.uniform() < 0.3 ? 24.0 : 0.5 + 3.0 * dice.uniform();
  Instant t = kSeriesStart;
  const std::size_t samples = 60 + static_cast<std::size_t>(200.0 * dice.uniform());
  for (std::size_t i = 0; i < samples; ++i) {
    if (dice.uniform() < 0.02) velocity = 0.04 * dice.uniform() * dice.uniform();
    if (dice.uniform() < 0.02) step_h = 0.2 + 6.0 * dice.uniform();
    const double gap_h = dice.uniform() < 0.02 ? 100.0 * dice.uniform() : 0.0;
    t = t + duration_from_seconds(3600.0 * (step_h + gap_h));
    x += velocity * (step_h + gap_h) / 24.0;
    std::vector<double> values;
    for (std::size_t c = 0; c < s.width(); ++c) values.push_back(dice.uniform() < 0.01 ? kNaN : x + noise * dice.normal());
    s.push(t, values, dice.uniform() < 0.5 ? std::vector<double>(s.width(), noise) : std::vector<double>{},
           dice.uniform() < 0.03 ? kFlagLowQuality : kFlagNone);
  }
  const double length_h = to_hours(s.time.back() - kSeriesStart);
  for (int k = 0; k < 2; ++k) {
    if (dice.uniform() < 0.4) continue;
    const double from = length_h * dice.uniform();
    target.quiet.push_back({kSeriesStart + duration_from_seconds(3600 * from),
                            kSeriesStart + duration_from_seconds(3600 * (from + 1.0 + 0.5 * length_h * dice.uniform()))});
  }
  target.max_silence_h = 30.0;
  return target;
}

TargetInput prefix(const TargetInput& whole, std::size_t samples) {
  TargetInput part = whole;
  std::vector<std::size_t> keep(samples);
  for (std::size_t i = 0; i < samples; ++i) keep[i] = i;
  part.series = select(whole.series, keep);
  return part;
}

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

void no_row_depends_on_what_came_after(std::uint64_t seed, const std::function<std::size_t(std::size_t)>& cut) {
  const std::vector<TargetInput> whole{random_target(seed), random_target(seed + 1'000'000)};
  Policy policy = simple_policy();
  policy.rules.push_back(velocity_rule("fast", Level::orange, 3, 30));
  PolicyRule angle = velocity_rule("angle", Level::yellow, 24, 0);
  angle.family = "tangent";
  angle.unit = "degrees";
  angle.threshold = 80.0;
  policy.rules.push_back(angle);
  const auto all = judge_targets(whole, policy, {}, whole[0].series.time.back(), highwall::Run(1));
  const std::size_t n = cut(whole[0].series.size());
  std::size_t other = 0;
  while (other < whole[1].series.size() && whole[1].series.time[other] <= whole[0].series.time[n - 1]) ++other;
  const std::vector<TargetInput> part{prefix(whole[0], n), prefix(whole[1], other)};
  const auto then = judge_targets(part, policy, {}, whole[0].series.time[n - 1], highwall::Run(1));
  RC_ASSERT(then[0].entries.size() <= all[0].entries.size());
  for (std::size_t i = 0; i < then[0].entries.size(); ++i) {
    const LampEntry& a = then[0].entries[i];
    const LampEntry& b = all[0].entries[i];
    RC_ASSERT(a.at == b.at);
    RC_ASSERT(a.level == b.level);
    RC_ASSERT(a.health == b.health);
    RC_ASSERT(a.evidence.rule == b.evidence.rule);
    RC_ASSERT(same_bits(a.evidence.value, b.evidence.value));
    RC_ASSERT(same_bits(a.evidence.sigma, b.evidence.sigma));
    RC_ASSERT(same_bits(a.evidence.threshold, b.evidence.threshold));
  }
}

RC_GTEST_PROP(WarnProperty, NoRowDependsOnWhatCameAfterIt, ()) {
  no_row_depends_on_what_came_after(*rc::gen::inRange<std::uint64_t>(0, 1'000'000),
                                    [](std::size_t samples) { return *rc::gen::inRange<std::size_t>(1, samples + 1); });
}

/// Found once: a second quiet period, in which the series moved, took the slopes of the first one out of the past.
RC_GTEST_PROP(WarnProperty, ALaterQuietPeriodThatMovesChangesNoEarlierSigma, ()) {
  no_row_depends_on_what_came_after(823859, [](std::size_t) { return std::size_t{84}; });
}

/// The target as the night judges it, after `early` rows of 1980 an hour apart.
TargetInput vetted(TargetInput target, std::size_t early) {
  const Instant epoch = *parse_iso8601("1980-01-06");
  for (std::size_t k = 0; k < early; ++k) {
    target.series.push(epoch + hours(static_cast<std::int64_t>(k)),
                       std::vector<double>(target.series.width(), 0.1 * static_cast<double>(k)));
  }
  vet(target.series, {}, {});
  return target;
}

/// Entries from the first real value on: before it there was no sign of life since 1980, or none yet.
std::vector<LampEntry> entries_of(const TargetInput& target, const Policy& policy) {
  std::vector<LampEntry> entries = judge_targets({target}, policy, {}, target.series.time.back(), highwall::Run(1))[0].entries;
  const auto is_real = [](const LampEntry& e) {
    return e.at >= kSeriesStart && e.cause == LampEntry::Cause::sample && e.measured;
  };
  return {std::find_if(entries.begin(), entries.end(), is_real), entries.end()};
}

RC_GTEST_PROP(WarnProperty, RowsOfAWrongClockChangeNoOther, ()) {
  const TargetInput real = random_target(*rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  const std::size_t early = *rc::gen::inRange<std::size_t>(1, 25);
  const auto without = entries_of(vetted(real, 0), simple_policy());
  const auto with = entries_of(vetted(real, early), simple_policy());
  RC_ASSERT(with.size() == without.size());
  for (std::size_t i = 0; i < with.size(); ++i) {
    RC_ASSERT(with[i].at == without[i].at);
    RC_ASSERT(with[i].level == without[i].level);
    RC_ASSERT(with[i].evidence.rule == without[i].evidence.rule);
    RC_ASSERT(with[i].health == without[i].health);
  }
}

RC_GTEST_PROP(WarnProperty, AfterRowsOfAWrongClockNothingDependsOnWhatCameAfterIt, ()) {
  const TargetInput real = random_target(*rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  const std::size_t early = *rc::gen::inRange<std::size_t>(1, 25);
  const std::size_t n = *rc::gen::inRange<std::size_t>(1, real.series.size() + 1);
  const TargetInput whole = vetted(real, early);
  // The rows of 1980 are told as such by the first real one.
  const TargetInput part = vetted(prefix(real, n), early);
  for (std::size_t i = 0; i < early + n; ++i)
    RC_ASSERT((part.series.flags[i] & kFlagClock) == (whole.series.flags[i] & kFlagClock));
  const auto all = entries_of(whole, simple_policy());
  const auto then = entries_of(prefix(whole, early + n), simple_policy());
  RC_ASSERT(then.size() <= all.size());
  for (std::size_t i = 0; i < then.size(); ++i) {
    RC_ASSERT(then[i].level == all[i].level);
    RC_ASSERT(then[i].health == all[i].health);
    RC_ASSERT(same_bits(then[i].evidence.value, all[i].evidence.value));
    RC_ASSERT(same_bits(then[i].evidence.sigma, all[i].evidence.sigma));
  }
}

std::size_t flags_of(const std::vector<double>& x, std::size_t from) {
  TimeSeries s = series_of(x, 1.0);
  clean(s, CleanOptions{});
  std::size_t flagged = 0;
  for (std::size_t i = from; i < s.size(); ++i) flagged += s.flags[i] != kFlagNone ? 1 : 0;
  return flagged;
}

RC_GTEST_PROP(WarnProperty, AnAccelerationIsNeverAnOutlier, ()) {
  // Voight towards a failure, with noise and rounding to a tenth of a millimetre, of any speed.
  Dice dice(*rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  const double noise = 2e-3 * dice.uniform() * dice.uniform();
  const double scale = 1e-3 * std::pow(10.0, 2.0 * dice.uniform());
  const bool rounded = dice.uniform() < 0.3;
  std::vector<double> x;
  for (int i = 0; i < 100; ++i) {
    const double motion = i < 40 ? 0.0 : -scale * std::log((101.0 - i) / 61.0);
    const double v = motion + noise * dice.normal();
    x.push_back(rounded ? 1e-4 * std::round(1e4 * v) : v);
  }
  // Where the motion of a step is beyond the noise nothing of it may be lost.
  std::size_t first = 40;
  while (first < 99 && scale / (101.0 - static_cast<double>(first)) < 6.0 * noise + 1e-4) ++first;
  RC_ASSERT(flags_of(x, first) == 0);
}

RC_GTEST_PROP(WarnProperty, AStepThatStaysIsNeverAnOutlier, ()) {
  Dice dice(*rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  const double noise = 1e-3 * dice.uniform();
  const double step = (dice.uniform() < 0.5 ? -1.0 : 1.0) * (10.0 * noise + 1.0 * dice.uniform());
  const std::size_t at = 20 + static_cast<std::size_t>(60.0 * dice.uniform());
  std::vector<double> x;
  for (std::size_t i = 0; i < 100; ++i) x.push_back(noise * dice.normal() + (i >= at ? step : 0.0));
  TimeSeries s = series_of(x, 1.0);
  clean(s, CleanOptions{});
  RC_ASSERT(s.flags[at] == kFlagNone);
  RC_ASSERT(s.flags.back() == kFlagNone);
}

RC_GTEST_PROP(WarnProperty, AFlaggedSampleLeavesTheLampAsItIs, ()) {
  TargetInput target = random_target(*rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  const auto history = judge_targets({target}, simple_policy(), {}, target.series.time.back(), highwall::Run(1))[0];
  Level before = Level::none;
  std::size_t i = 0;
  for (const LampEntry& e : history.entries) {
    if (e.cause == LampEntry::Cause::sample && target.series.flags[i++] != kFlagNone) RC_ASSERT(e.level == before);
    before = e.level;
  }
}

}  // namespace
}  // namespace highwall
