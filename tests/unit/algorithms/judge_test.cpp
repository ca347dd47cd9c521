#include "algorithms/warn/judge.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "algorithms/warn/criterion.hpp"
#include "core/error.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

const Instant kStart = kSeriesStart;

History history(double area_m2, std::vector<std::pair<Level, Health>> daily) {
  History h;
  h.area_m2 = area_m2;
  for (std::size_t i = 0; i < daily.size(); ++i) {
    LampEntry e;
    e.at = kStart + days(static_cast<std::int64_t>(i));
    e.level = e.unlatched = daily[i].first;
    e.health = daily[i].second;
    h.entries.push_back(e);
  }
  return h;
}

History at(Level level, double area_m2 = 0.0, Health health = Health::live) { return history(area_m2, {{level, health}}); }

Level zone_level(const std::vector<History>& targets, std::int64_t quorum, double area_m2) {
  return judge_zone("z", targets, quorum, area_m2).entries.back().level;
}

TEST(JudgeZone, EnoughTargetsMakeTheLevel) {
  EXPECT_EQ(zone_level({at(Level::orange), at(Level::none), at(Level::none)}, 2, 200), Level::none);
  EXPECT_EQ(zone_level({at(Level::orange), at(Level::yellow), at(Level::none)}, 2, 200), Level::yellow);
  EXPECT_EQ(zone_level({at(Level::orange), at(Level::red), at(Level::none)}, 2, 200), Level::orange);
}

TEST(JudgeZone, OrEnoughArea) {
  EXPECT_EQ(zone_level({at(Level::orange, 400), at(Level::none, 400), at(Level::none, 400)}, 2, 400), Level::orange);
  EXPECT_EQ(zone_level({at(Level::orange, 399), at(Level::none, 400), at(Level::none, 400)}, 2, 400), Level::none);
  EXPECT_EQ(zone_level({at(Level::orange, 100), at(Level::yellow, 300), at(Level::none)}, 3, 400), Level::yellow);
  // A point has no area: even an area of zero is not reached by it.
  EXPECT_EQ(zone_level({at(Level::orange), at(Level::none)}, 2, 0), Level::none);
}

TEST(JudgeZone, AZoneWithFewerTargetsThanItsQuorumNeedsAllOfThem) {
  EXPECT_EQ(zone_level({at(Level::orange)}, 3, 1e9), Level::orange);
  EXPECT_EQ(zone_level({at(Level::orange), at(Level::none)}, 3, 1e9), Level::none);
  EXPECT_EQ(zone_level({at(Level::orange), at(Level::orange)}, 3, 1e9), Level::orange);
  EXPECT_TRUE(judge_zone("z", {}, 2, 200).entries.empty());
}

TEST(JudgeZone, ASilentTargetKeepsItsVote) {
  EXPECT_EQ(zone_level({at(Level::red, 0, Health::silent), at(Level::red)}, 2, 1e9), Level::red);
}

TEST(JudgeZone, HealthIsThatOfAllTargets) {
  const auto health = [](Health a, Health b) {
    return judge_zone("z", {at(Level::none, 0, a), at(Level::none, 0, b)}, 2, 200).entries.back().health;
  };
  EXPECT_EQ(health(Health::live, Health::live), Health::live);
  EXPECT_EQ(health(Health::silent, Health::silent), Health::silent);
  EXPECT_EQ(health(Health::live, Health::silent), Health::degraded);
  EXPECT_EQ(health(Health::live, Health::stale), Health::degraded);
  EXPECT_EQ(health(Health::degraded, Health::degraded), Health::degraded);
}

TEST(JudgeZone, ATargetThatHasNotSpokenYetIsMissing) {
  History late = at(Level::red);
  late.entries[0].at = kStart + days(3);
  const History zone = judge_zone("z", {at(Level::red), late}, 2, 1e9);
  ASSERT_EQ(zone.entries.size(), 2U);
  EXPECT_EQ(zone.entries[0].level, Level::none);
  EXPECT_EQ(zone.entries[0].health, Health::degraded);
  EXPECT_EQ(zone.entries[1].level, Level::red);
  EXPECT_EQ(zone.entries[1].health, Health::live);
}

TEST(Criterion, IsFoundByItsFamily) {
  EXPECT_EQ(criterion_of("velocity").family, "velocity");
  EXPECT_EQ(criterion_of("tangent").family, "tangent");
  try {
    criterion_of("no such");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    EXPECT_NE(std::string(e.what()).find("no such"), std::string::npos);
  }
}

TEST(Criterion, VelocityIsTestedWithSigmaTakenOff) {
  TargetRates rates;
  rates.windows = {{24.0, {0.012, 0.0119, 0.0091, 0.012}, {0.001, 0.001, 0.001, kNaN}}};
  rates.equal_speed_m_per_day = {kNaN, kNaN, kNaN, kNaN};
  const PolicyRule rule = velocity_rule("r", Level::orange, 24, 10);
  const PolicyTiming timing;
  const auto judge = criterion_of("velocity").judge;
  EXPECT_TRUE(judge(rule, timing, rates, 0)->raise);
  EXPECT_FALSE(judge(rule, timing, rates, 1)->raise);
  EXPECT_TRUE(judge(rule, timing, rates, 1)->hold);   // 9.9 is over 0.75 x 10
  EXPECT_FALSE(judge(rule, timing, rates, 2)->hold);  // 7.1 is not
  EXPECT_FALSE(judge(rule, timing, rates, 3).has_value());
  EXPECT_DOUBLE_EQ(judge(rule, timing, rates, 0)->evidence.value, 12.0);
}

TEST(Criterion, TheTangentAngleKnowsItsEqualSpeed) {
  TargetRates rates;
  rates.windows = {{24.0, {0.0115, 0.0115}, {0.0, 0.0}}};
  rates.equal_speed_m_per_day = {0.001, kNaN};
  PolicyRule rule = velocity_rule("a", Level::red, 24, 0);
  rule.family = "tangent";
  rule.unit = "degrees";
  rule.threshold = 85.0;
  const auto judge = criterion_of("tangent").judge;
  // Xu et al. 2009: 85 degrees are 11.43 times the equal speed.
  const auto verdict = judge(rule, PolicyTiming{}, rates, 0);
  EXPECT_TRUE(verdict->raise);
  EXPECT_NEAR(verdict->evidence.value, std::atan(11.5) * 180.0 / std::numbers::pi, 1e-9);
  EXPECT_FALSE(judge(rule, PolicyTiming{}, rates, 1).has_value());
  rates.windows[0].speed_m_per_day[0] = 0.0114;
  EXPECT_FALSE(judge(rule, PolicyTiming{}, rates, 0)->raise);
}

/// Daily readings in mm from increments; the first ten days rest.
TargetInput daily(const std::vector<double>& increments_mm) {
  std::vector<double> x(10, 0.0);
  for (const double d : increments_mm) x.push_back(x.back() + d / 1000.0);
  TargetInput target;
  target.series = series_of(x, 24.0);
  target.series.flags.assign(target.series.size(), kFlagNone);
  target.max_silence_h = 60.0;
  return target;
}

TEST(JudgeTargets, ALatchedLevelShowsTheRuleThatMadeItAndWhatItMeasuresNow) {
  const TargetInput target = daily({0, 15, 15, 0, 0, 0});
  const auto histories = judge_targets({target}, simple_policy(), {}, target.series.time.back(), highwall::Run(1));
  const LampEntry& last = histories[0].entries.back();
  EXPECT_EQ(last.level, Level::orange);
  EXPECT_EQ(last.evidence.rule, "orange");
  EXPECT_NEAR(last.evidence.value, 0.0, 1e-9);
  EXPECT_NEAR(last.evidence.threshold, 10.0, 1e-9);
  ASSERT_NE(last.raised, nullptr);
  EXPECT_EQ(last.raised->rule, "orange");
  EXPECT_NEAR(last.raised->value, 15.0, 1e-9);
  const LampEntry& before = histories[0].entries[5];
  EXPECT_EQ(before.level, Level::none);
  EXPECT_EQ(before.raised, nullptr);
}

TEST(JudgeTargets, RedAfterOrangeIsExplainedByTheRedRule) {
  const TargetInput target = daily({15, 15, 60, 60, 60});
  const auto histories = judge_targets({target}, simple_policy(), {}, target.series.time.back(), highwall::Run(1));
  EXPECT_EQ(histories[0].entries[11].raised->rule, "orange");
  EXPECT_EQ(histories[0].entries.back().level, Level::red);
  EXPECT_EQ(histories[0].entries.back().raised->rule, "red");
}

TEST(JudgeTargets, FlaggedSamplesNeitherRaiseNorLower) {
  TargetInput target = daily({15, 15, 15, 15});
  for (std::size_t i = 10; i < 14; ++i) target.series.flags[i] = kFlagLowQuality;
  auto entries = judge_targets({target}, simple_policy(), {}, target.series.time.back(), highwall::Run(1))[0].entries;
  EXPECT_EQ(entries.back().level, Level::none);
  EXPECT_EQ(entries.back().health, Health::silent);  // Flagged samples are no sign of life: the last good one is 96 h old.
  EXPECT_EQ(entries[11].health, Health::degraded);
  EXPECT_EQ(entries.back().evidence.rule, "flagged");
  target = daily({15, 15, 0, 0, 0, 0, 0, 0});
  for (std::size_t i = 12; i < target.series.size(); ++i) target.series.flags[i] = kFlagFloat;
  Policy yellow = simple_policy();
  yellow.timing.latch_from = Level::red;
  entries = judge_targets({target}, yellow, {}, target.series.time.back(), highwall::Run(1))[0].entries;
  EXPECT_EQ(entries.back().level, Level::orange);
}

TEST(JudgeTargets, WhatNoGroundAtRestHoldsIsJudgedAndDegraded) {
  TargetInput target = daily({0, 0, 15, 15, 0, 0});
  const auto judged = [&] {
    return judge_targets({target}, simple_policy(), {}, target.series.time.back(), highwall::Run(1))[0].entries;
  };
  const auto held = judged();
  ASSERT_EQ(held[11].health, Health::live);
  ASSERT_EQ(held.back().level, Level::orange);
  target.unheld = {target.series.time[11], target.series.time[13]};
  const auto entries = judged();
  for (std::size_t i = 10; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].level, held[i].level) << i;  // A wall that fails as a whole leaves nothing at rest.
    EXPECT_EQ(entries[i].health, i == 11 || i == 13 ? Health::degraded : held[i].health) << i;
  }
}

TEST(JudgeTargets, ASensorThatDiesAsTheSlopeAcceleratesKeepsItsLevelAndIsSilent) {
  const TargetInput target = daily({15, 20, 80, 200});
  for (const double later_h : {61.0, 1000.0}) {
    const auto entries = judge_targets({target}, simple_policy(), {},
                                       target.series.time.back() + duration_from_seconds(3600 * later_h), highwall::Run(1))[0]
                             .entries;
    EXPECT_EQ(entries.back().level, Level::red);
    EXPECT_EQ(entries.back().health, Health::silent);
    EXPECT_EQ(entries.back().raised->rule, "red");
  }
}

TEST(JudgeTargets, BeforeTheNoiseIsKnownOnlyOrangeAndRedAreJudged) {
  TargetInput target = daily({});
  target.series.kind = SensorKind::extensometer;
  for (std::size_t i = 0; i < 7; ++i) target.series.value_m[i] = 0.005 * static_cast<double>(i);
  auto entries = judge_targets({target}, simple_policy(), {}, target.series.time[6], highwall::Run(1))[0].entries;
  EXPECT_EQ(entries[0].evidence.rule, "start_period");
  for (const LampEntry& e : entries) {
    EXPECT_EQ(e.level, Level::none);
    EXPECT_EQ(e.health, Health::degraded);
  }
  for (std::size_t i = 0; i < 7; ++i) target.series.value_m[i] = 0.1 * static_cast<double>(i);
  entries = judge_targets({target}, simple_policy(), {}, target.series.time[6], highwall::Run(1))[0].entries;
  EXPECT_EQ(entries[2].level, Level::red);
  EXPECT_EQ(entries[2].health, Health::degraded);
}

/// Hours after the start at which a level was first reached; infinite when never.
double first_hour(const std::vector<LampEntry>& entries, Level level) {
  for (const LampEntry& e : entries) {
    if (e.level >= level) return to_hours(e.at - kStart);
  }
  return std::numeric_limits<double>::infinity();
}

TEST(JudgeTargets, WhatIsNotSignificantWaitsForOrangeButNotForBlueAndYellow) {
  Dice dice(3);
  std::vector<double> x;
  for (int h = 0; h < 13 * 24; ++h) x.push_back(0.012 * dice.normal() + std::max(0, h - 240) * 0.060 / 24.0);
  TargetInput target;
  target.series = series_of(x, 1.0, SensorKind::prism);
  Policy policy = simple_policy();
  std::erase_if(policy.rules, [](const PolicyRule& r) { return r.level != Level::orange; });
  const History h = judge_targets({target}, policy, {}, target.series.time.back(), highwall::Run(1))[0];
  const auto says = [&](std::size_t i) {
    return criterion_of("velocity").judge(policy.rules[0], policy.timing, *h.rates, i).value_or(Verdict{});
  };
  std::size_t first = 240;
  while (first + 1 < x.size() && !(says(first).raise && says(first + 1).raise)) ++first;
  ASSERT_FALSE(says(first).significant || says(first + 1).significant);
  EXPECT_DOUBLE_EQ(first_hour(h.entries, Level::blue), static_cast<double>(first + 1));
  EXPECT_DOUBLE_EQ(first_hour(h.entries, Level::yellow), static_cast<double>(first + 1));
  EXPECT_GE(first_hour(h.entries, Level::orange), static_cast<double>(first + 6));
  EXPECT_LE(first_hour(h.entries, Level::orange), static_cast<double>(first + 24));
  policy.timing.confirm_window_share = 0.0;
  const History at_once = judge_targets({target}, policy, {}, target.series.time.back(), highwall::Run(1))[0];
  EXPECT_DOUBLE_EQ(first_hour(at_once.entries, Level::orange), static_cast<double>(first + 1));
}

TEST(JudgeTargets, NeighboursConfirmYellowByWhatIsNotSignificantForOrange) {
  // Daily, one newest sample over the limit each: only the neighbour can confirm.
  Policy policy = simple_policy();
  std::erase_if(policy.rules, [](const PolicyRule& r) { return r.level != Level::orange; });
  std::vector<TargetInput> targets(2, daily({0, 0, 0, 0, 0, 20}));
  for (std::size_t k = 0; k < targets.size(); ++k) {
    targets[k].series.target = "P" + std::to_string(k);
    Dice dice(1);
    for (double& v : targets[k].series.value_m) v += 0.005 * dice.normal();
  }
  const auto histories = judge_targets(targets, policy, {}, targets[0].series.time.back(), highwall::Run(1));
  for (const History& h : histories) {
    const auto verdict =
        criterion_of("velocity").judge(policy.rules[0], policy.timing, *h.rates, targets[0].series.size() - 1).value();
    ASSERT_TRUE(verdict.raise && !verdict.significant) << verdict.evidence.value << " +- " << verdict.evidence.sigma;
    EXPECT_EQ(h.entries.back().level, Level::yellow);
  }
}

TEST(JudgeTargets, AVelocityAcrossAGapIsConfirmedByTheNextSample) {
  // Every ten minutes; within 26 h without data it moves by 30 mm, and rests again. No jump rule.
  Policy policy = simple_policy();
  Dice dice(1);
  for (const double noise_m : {0.0005, 0.0065}) {  // significant, and not
    TargetInput target;
    target.series = series_of({}, 1.0, SensorKind::prism);
    for (int k = 0; k < 6 * 340; ++k) {
      const double h = k / 6.0;
      if (h >= 240 && h < 266) continue;
      target.series.push(kStart + duration_from_seconds(3600.0 * h), {noise_m * dice.normal() + (h >= 240 ? 0.030 : 0.0)});
    }
    target.max_silence_h = 60.0;
    const History h = judge_targets({target}, policy, {}, target.series.time.back(), highwall::Run(1))[0];
    const auto after = static_cast<std::size_t>(6 * 240);
    const auto verdict = criterion_of("velocity").judge(policy.rules[1], policy.timing, *h.rates, after).value();
    ASSERT_TRUE(verdict.raise && verdict.across_gap) << verdict.evidence.value << " +- " << verdict.evidence.sigma;
    EXPECT_EQ(verdict.significant, noise_m < 0.001) << verdict.evidence.value << " +- " << verdict.evidence.sigma;
    EXPECT_EQ(verdict.evidence.window, "gap of 26.2h");
    EXPECT_LT(entry_at(h, target.series.time[after])->level, Level::orange) << "one sample is no confirmation";
    EXPECT_EQ(entry_at(h, target.series.time[after + 1])->level, Level::orange);
  }
}

TEST(Criterion, SaysTheSlowestVelocityThatCanRaiseARule) {
  PolicyRule rule = velocity_rule("r", Level::orange, 24, 10);
  rule.min_velocity_m_per_day = 0.012;
  EXPECT_DOUBLE_EQ(criterion_of("velocity").slowest_velocity(rule), 0.012);
  EXPECT_DOUBLE_EQ(criterion_of("tangent").slowest_velocity(rule), 0.012);
  EXPECT_TRUE(std::isnan(criterion_of("jump").slowest_velocity(rule)));
  for (const Criterion* criterion : all_criterions()) EXPECT_NE(criterion->slowest_velocity, nullptr) << criterion->family;
}

TEST(TargetRates, ADeclaredQuietPeriodIsUsedFromItsEndOn) {
  // Noisy at first, calm in the quiet period of days 20 to 30.
  Dice dice(5);
  std::vector<double> x;
  for (int i = 0; i < 40 * 24; ++i) x.push_back((i < 20 * 24 ? 3e-3 : 1e-4) * dice.normal());
  const TimeSeries s = series_of(x, 1.0, SensorKind::radar);
  const std::vector<std::array<Instant, 2>> quiet{{kStart + days(20), kStart + days(30)}};
  const TargetRates rates = target_rates(s, simple_policy(), quiet, {}, {}, highwall::Run(1));
  const SpeedWindow& day = *rates.window(24.0);
  EXPECT_EQ(rates.judged_from, kStart + days(4));
  // Before that by the floor of the kind and the scatter so far.
  EXPECT_GT(day.sigma_m_per_day[3 * 24], 5e-4);
  EXPECT_GT(day.sigma_m_per_day[29 * 24], 5e-4);
  EXPECT_LT(day.sigma_m_per_day[30 * 24], 2e-4);
  EXPECT_EQ(rates.calibration.size(), rates.windows.size());
}

}  // namespace
}  // namespace highwall
