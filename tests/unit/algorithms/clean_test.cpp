#include "algorithms/series/clean.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

std::vector<double> rest(std::size_t n, double sigma, std::uint64_t seed) {
  Dice dice(seed);
  std::vector<double> x(n);
  for (double& v : x) v = sigma * dice.normal();
  return x;
}

TEST(Clean, AJumpThatReturnsIsFlaggedAndOneThatStaysIsNot) {
  std::vector<double> x = rest(60, 1e-4, 1);
  x[30] += 0.05;
  for (std::size_t i = 45; i < 60; ++i) x[i] += 0.05;
  TimeSeries s = series_of(x, 1.0);
  EXPECT_EQ(clean(s, CleanOptions{}), 1U);
  EXPECT_EQ(s.flags[30], kFlagOutlier);
  EXPECT_EQ(s.value(30), x[30]);
}

TEST(Clean, TheNewestSampleIsLeftAlone) {
  std::vector<double> x = rest(60, 1e-4, 2);
  x.back() += 1.0;
  TimeSeries s = series_of(x, 1.0);
  EXPECT_EQ(clean(s, CleanOptions{}), 0U);
}

TEST(Clean, TheNewestSampleBeforeAGapOfValuesIsLeftAlone) {
  std::vector<double> x = rest(60, 1e-4, 2);
  x[58] += 1.0;
  x[59] = kNaN;
  TimeSeries s = series_of(x, 1.0);
  EXPECT_EQ(clean(s, CleanOptions{}), 0U);
}

/// Hourly rest from kSeriesStart on, after `early` rows.
TimeSeries rest_after(const std::vector<std::string>& early) {
  TimeSeries s = series_of(rest(200, 1e-4, 4), 1.0);
  for (const std::string& at : early) s.push(*parse_iso8601(at), {0.0});
  return select(s, time_order(s));
}

std::size_t of_wrong_clock(TimeSeries s, const CleanOptions& options = {}) {
  clean(s, options);
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.size(); ++i) n += s.flags[i] == kFlagClock ? 1 : 0;
  EXPECT_TRUE(n == 0 || s.flags[n - 1] == kFlagClock);  // The first ones, all together.
  return n;
}

TEST(CleanClock, RowsYearsBeforeTheOthersAreFlagged) {
  EXPECT_EQ(of_wrong_clock(rest_after({})), 0U);
  EXPECT_EQ(of_wrong_clock(rest_after({"1970-01-01"})), 1U);
  EXPECT_EQ(of_wrong_clock(rest_after({"1980-01-06", "1980-01-06T01:00:00Z", "1980-01-16"})), 3U);
  EXPECT_EQ(of_wrong_clock(rest_after({"1970-01-01", "1970-01-01", "1980-01-06", "2006-08-22", "2006-08-23"})), 5U);
  CleanOptions never;
  never.clock_gap_days = 100000;
  EXPECT_EQ(of_wrong_clock(rest_after({"1970-01-01"}), never), 0U);
}

TEST(CleanClock, ASeriesThatPausedIsNotFlagged) {
  EXPECT_EQ(of_wrong_clock(rest_after({"2024-03-01"})), 0U);                // Two years.
  EXPECT_EQ(of_wrong_clock(rest_after({"2022-12-01", "2023-01-01"})), 0U);  // Three years, after a month.
  std::vector<std::string> day;
  for (int h = 0; h < 24; ++h) day.push_back("2020-01-01T" + std::to_string(100 + h).substr(1) + ":00:00Z");
  EXPECT_EQ(of_wrong_clock(rest_after(day)), 24U);
  day.push_back("2020-01-02");
  EXPECT_EQ(of_wrong_clock(rest_after(day)), 0U);
}

TEST(CleanClock, ARowOfTheFutureFlagsNothingBeforeIt) { EXPECT_EQ(of_wrong_clock(rest_after({"2080-01-06"})), 0U); }

TEST(AbsorbStep, TakesOutTheStepAndFlagsItsFirstSample) {
  std::vector<double> x = rest(80, 1e-4, 3);
  for (std::size_t i = 40; i < 80; ++i) x[i] += 0.03;
  TimeSeries s = series_of(x, 24.0);
  s.flags.assign(s.size(), kFlagNone);
  const auto step = absorb_step(s, kSeriesStart + days(40), {}).step_m;
  ASSERT_EQ(step.size(), 1U);
  EXPECT_NEAR(step[0], 0.03, 2e-4);
  EXPECT_EQ(s.flags[40], kFlagStep);
  EXPECT_NEAR(s.value(60), x[60] - step[0], 1e-15);
  EXPECT_EQ(s.value(20), x[20]);
}

TEST(AbsorbStep, LeavesTheMotionAroundTheStep) {
  // A slope that creeps at 5 mm a day while its antenna is exchanged: only the 30 mm of the antenna go.
  for (const double step_m : {0.03, 0.0}) {
    std::vector<double> x = rest(80, 1e-4, 4);
    for (std::size_t i = 0; i < 80; ++i) x[i] += 0.005 * static_cast<double>(i) + (i >= 40 ? step_m : 0.0);
    TimeSeries s = series_of(x, 24.0);
    s.flags.assign(s.size(), kFlagNone);
    const auto step = absorb_step(s, kSeriesStart + days(40), {}).step_m;
    ASSERT_EQ(step.size(), 1U);
    EXPECT_NEAR(step[0], step_m, 5e-4);
  }
}

TEST(AbsorbStep, NeedsThreeSamplesOnBothSides) {
  TimeSeries s = series_of(rest(10, 1e-4, 5), 24.0);
  s.flags.assign(s.size(), kFlagNone);
  const TimeSeries before = s;
  EXPECT_TRUE(absorb_step(s, kSeriesStart + days(8), {}).step_m.empty());
  EXPECT_TRUE(absorb_step(s, kSeriesStart + days(2), {}).step_m.empty());
  EXPECT_EQ(s.value_m, before.value_m);
  // After a step that cannot be told yet nothing is judged.
  for (std::size_t i = 0; i < s.size(); ++i) EXPECT_EQ(s.flags[i], i < 8 ? kFlagNone : kFlagStep);
}

TimeSeries enu(double e, double n, double u, std::size_t samples, double sigma, double shift_s = 0.0) {
  TimeSeries s;
  s.components = {"east", "north", "up"};
  for (std::size_t i = 0; i < samples; ++i) {
    const double k = static_cast<double>(i);
    s.push(kSeriesStart + duration_from_seconds(3600.0 * k + shift_s), {e * k, n * k, u * k}, std::vector<double>(3, sigma));
  }
  return s;
}

TEST(CommonMode, OneBaseIsSubtractedAndItsVarianceAdded) {
  const TimeSeries rover = enu(0.003, 0.002, -0.001, 5, 3e-3);
  const TimeSeries base = enu(0.001, 0.001, 0.001, 5, 4e-3, 600.0);
  const TimeSeries out = without_common_mode(rover, {&base}, {});
  EXPECT_NEAR(out.value(4, 0), 0.008, 1e-12);
  EXPECT_NEAR(out.value(4, 2), -0.008, 1e-12);
  EXPECT_NEAR(out.sigma(4, 1), 5e-3, 1e-12);
}

TEST(CommonMode, TheMedianOfAGroupIsNotMovedByOne) {
  const TimeSeries rover = enu(0.0, 0.0, 0.0, 5, 1e-3);
  const TimeSeries a = enu(0.001, 0, 0, 5, 1e-3);
  const TimeSeries b = enu(0.001, 0, 0, 5, 1e-3);
  const TimeSeries wild = enu(7.0, 0, 0, 5, 1e-3);
  EXPECT_NEAR(without_common_mode(rover, {&a, &b, &wild}, {}).value(4, 0), -0.004, 1e-12);
}

TEST(CommonMode, WithoutABaseNearInTimeThereIsNoValue) {
  const TimeSeries rover = enu(0.0, 0.0, 0.0, 5, 1e-3);
  const TimeSeries late = enu(0.0, 0.0, 0.0, 3, 1e-3, 1000.0);
  const TimeSeries out = without_common_mode(rover, {&late}, {});
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(std::isnan(out.value(i, 0)));
    EXPECT_TRUE(std::isnan(out.sigma(i, 0)));
  }
}

TEST(CommonMode, ComponentsMustBeTheSame) {
  const TimeSeries rover = enu(0.0, 0.0, 0.0, 5, 1e-3);
  const TimeSeries other = series_of({0, 0, 0}, 1.0);
  EXPECT_THROW(without_common_mode(rover, {&other}, {}), Error);
}

}  // namespace
}  // namespace highwall
