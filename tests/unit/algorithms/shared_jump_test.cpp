#include "algorithms/series/shared_jump.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "algorithms/warn/judge.hpp"
#include "io/config/policy.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

using Motion = std::function<double(double)>;  // mm by hours

/// Hourly series of five targets of one instrument with 1 mm of noise.
std::vector<TimeSeries> five(double hours_long, double step_h, const std::function<double(int, double)>& mm) {
  std::vector<TimeSeries> out;
  for (int k = 0; k < 5; ++k) {
    Dice dice(static_cast<std::uint64_t>(k) + 1);
    std::vector<double> x;
    for (double h = 0.0; h < hours_long; h += step_h) x.push_back((mm(k, h) + dice.normal()) / 1000.0);
    out.push_back(series_of(x, step_h, SensorKind::gnss));
    out.back().target = "G" + std::to_string(k);
  }
  return out;
}

std::vector<const TimeSeries*> views(const std::vector<TimeSeries>& all) {
  std::vector<const TimeSeries*> out;
  for (const TimeSeries& s : all) out.push_back(&s);
  return out;
}

/// As the night does it.
std::vector<TargetInput> held(std::vector<TimeSeries> all, const SharedOptions& options = {}) {
  std::vector<TargetInput> targets(all.size());
  const auto jumps = shared_jumps(views(all), options);
  for (std::size_t k = 0; k < all.size(); ++k) {
    targets[k].series = std::move(all[k]);
    targets[k].max_silence_h = 12.0;
    for (const SharedJump& jump : jumps) {
      flag_returned(targets[k].series, jump);
      if (!jump.returned) targets[k].jumps.push_back(jump);
    }
  }
  return targets;
}

/// Highest level of all targets, as each night would have told it from data until then.
Level highest_live(double hours_long, const std::function<double(int, double)>& mm, double from_h,
                   const SharedOptions& options = {}) {
  Level level = Level::none;
  for (double h = from_h; h <= hours_long; h += 1.0) {
    const auto targets = held(five(h, 1.0, mm), options);
    for (const History& one : judge_targets(targets, load_policy({}), {}, targets[0].series.time.back(), highwall::Run(1)))
      level = std::max(level, one.entries.back().unlatched);
  }
  return level;
}

Instant first_red(const std::vector<TargetInput>& targets, std::size_t which) {
  const auto all = judge_targets(targets, load_policy({}), {}, targets[0].series.time.back(), highwall::Run(1));
  for (const LampEntry& e : all[which].entries) {
    if (e.level == Level::red) return e.at;
  }
  return kNoInstant;
}

TEST(SharedJump, APairOfBadSamplesThatAllShareIsNoRedInAnyNight) {
  const auto pair = [](int, double h) { return h == 200 || h == 201 ? 300.0 : 0.0; };
  EXPECT_LE(highest_live(230, pair, 199), Level::yellow);
  SharedOptions never;
  never.hold_h = 0.0;
  EXPECT_EQ(highest_live(204, pair, 199, never), Level::red);
}

TEST(SharedJump, OneThatStaysIsRedWhenItIsHeldNoLonger) {
  const auto targets = held(five(230, 1.0, [](int, double h) { return h >= 200 ? 300.0 : 0.0; }));
  ASSERT_EQ(targets[0].jumps.size(), 1U);
  EXPECT_EQ(targets[0].jumps[0].at, kSeriesStart + hours(200));
  EXPECT_EQ(targets[0].jumps[0].targets, 5U);
  const Instant red = first_red(targets, 0);
  ASSERT_NE(red, kNoInstant);
  EXPECT_LE(to_hours(red - (kSeriesStart + hours(200))), 3.0);
}

TEST(SharedJump, MotionThatGoesOnIsNotHeld) {
  // All slip by 300 mm at once and go on at 60 mm/h: the jump waits, the motion does not.
  const auto moves = [](int, double h) { return h >= 200 ? 300.0 + 60.0 * (h - 200) : 0.0; };
  SharedOptions never;
  never.hold_h = 0.0;
  const Instant red = first_red(held(five(230, 1.0, moves)), 0);
  const Instant at_once = first_red(held(five(230, 1.0, moves), never), 0);
  ASSERT_NE(red, kNoInstant);
  EXPECT_LE(to_hours(red - at_once), 1.0);
  // A failure that all see, faster and faster: nothing of it is an error.
  const auto fails = [](int, double h) { return h < 200 ? 0.0 : -40.0 * std::log(std::max(1e-3, 1.0 - (h - 200) / 30.0)); };
  EXPECT_EQ(first_red(held(five(230, 1.0, fails)), 2), first_red(held(five(230, 1.0, fails), never), 2));
}

TEST(SharedJump, ASlipOfSomeIsNobodysError) {
  for (const int failing : {1, 2, 3}) {
    const auto all = five(230, 1.0, [&](int k, double h) { return k < failing && h >= 200 ? 300.0 : 0.0; });
    EXPECT_TRUE(shared_jumps(views(all), {}).empty()) << failing;
  }
  // Nor is one of all that goes as far as each place goes.
  const auto uneven = five(230, 1.0, [&](int k, double h) { return h >= 200 ? 100.0 * (k + 1) * (k + 1) : 0.0; });
  EXPECT_TRUE(shared_jumps(views(uneven), {}).empty());
}

TEST(SharedJump, WhatCameBackIsFlaggedWithinTheTimeItIsHeld) {
  // Four-minute scans of an hour that is wrong, and of three hours that are.
  const auto wrong_for = [](double wrong_h) {
    return [wrong_h](int, double h) { return h >= 100 && h < 100 + wrong_h ? 300.0 : 0.0; };
  };
  for (const auto& [wrong_h, returned] : {std::pair{0.1, true}, {1.0, true}, {3.0, false}}) {
    auto all = five(120, 1.0 / 15.0, wrong_for(wrong_h));
    const auto jumps = shared_jumps(views(all), {});
    ASSERT_GE(jumps.size(), 1U) << wrong_h;
    EXPECT_EQ(jumps[0].returned, returned) << wrong_h;
    std::size_t flagged = 0;
    for (const SharedJump& jump : jumps) flagged += flag_returned(all[0], jump);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < all[0].size(); ++i) wrong += all[0].value(i) > 0.1 ? 1 : 0;
    EXPECT_EQ(flagged, returned ? wrong : 0U) << wrong_h;
  }
}

TEST(SharedJump, ABaseIsHeldByItself) {
  auto all = five(230, 1.0, [](int, double h) { return h == 200 || h == 201 ? 300.0 : 0.0; });
  const auto jumps = jumps_of(all[0], {});
  ASSERT_EQ(jumps.size(), 1U);
  EXPECT_TRUE(jumps[0].returned);
  EXPECT_EQ(flag_returned(all[0], jumps[0]), 2U);
  EXPECT_EQ(all[0].flags[200], kFlagOutlier);
  EXPECT_EQ(all[0].flags[202], kFlagNone);
}

TEST(SharedJump, NoiseSharesNothing) {
  EXPECT_TRUE(shared_jumps(views(five(2000, 1.0, [](int, double) { return 0.0; })), {}).empty());
}

}  // namespace
}  // namespace highwall
