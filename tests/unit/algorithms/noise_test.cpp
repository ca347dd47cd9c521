#include "algorithms/series/noise.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "algorithms/series/pieces.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

/// Standard deviation of the least-squares slope of n regular samples, from the covariance matrix itself.
double exact_slope_sigma(double white, double walk, double window_days, int n) {
  Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(n, 0.0, window_days);
  const Eigen::VectorXd c = (t.array() - t.mean()).matrix() / (t.array() - t.mean()).square().sum();
  double variance = 0.0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) variance += c[i] * c[j] * ((i == j ? white * white : 0.0) + walk * walk * std::min(t[i], t[j]));
  }
  return std::sqrt(variance);
}

TEST(Noise, SlopeSigmaIsThatOfTheCovarianceMatrix) {
  for (const int n : {10, 30, 200}) {
    for (const double days : {0.125, 1.0, 2.0}) {
      EXPECT_NEAR(slope_sigma({2e-3, 0.0, 8}, days, n) / exact_slope_sigma(2e-3, 0.0, days, n), 1.0, 1e-12) << n << " " << days;
    }
  }
  // The random walk's part is the limit of many samples; with few it is a little on the safe side.
  const auto ratio = [](double white, double walk, double days, int n) {
    return slope_sigma({white, walk, 8}, days, n) / exact_slope_sigma(white, walk, days, n);
  };
  EXPECT_NEAR(ratio(0.0, 3e-3, 1.0, 200), 1.0, 3e-3);
  for (const double r : {ratio(0.0, 3e-3, 1.0, 10), ratio(1e-3, 3e-3, 0.5, 30)}) {
    EXPECT_GT(r, 1.0);
    EXPECT_LT(r, 1.05);
  }
}

TEST(Noise, ADifferenceHasTheNoiseOfBothSamplesAndTheWalkBetween) {
  EXPECT_DOUBLE_EQ(difference_sigma({3e-3, 0.0, 8}, 2.0), 3e-3 * std::sqrt(2.0) / 2.0);
  EXPECT_DOUBLE_EQ(difference_sigma({0.0, 4e-3, 8}, 4.0), 4e-3 * 2.0 / 4.0);
}

TEST(Noise, WhiteAndWalkAreFoundBesideEachOther) {
  // Mean of the squares over many series, so that the estimate's own scatter is small.
  double white = 0.0;
  double walk = 0.0;
  constexpr int kSeries = 40;
  for (int k = 0; k < kSeries; ++k) {
    Dice dice(100 + static_cast<std::uint64_t>(k));
    std::vector<double> x;
    double sum = 0.0;
    for (int i = 0; i < 10 * 240; ++i) {
      sum += 2e-3 * std::sqrt(1.0 / 240.0) * dice.normal();
      x.push_back(sum + 3e-4 * dice.normal());
    }
    const TimeSeries s = series_of(x, 0.1);
    const NoiseModel noise = estimate_noise(s, s.time.front(), s.time.back());
    white += noise.white_m * noise.white_m / kSeries;
    walk += noise.random_walk_m_per_sqrt_day * noise.random_walk_m_per_sqrt_day / kSeries;
  }
  EXPECT_NEAR(std::sqrt(white), 3e-4, 0.05 * 3e-4);
  EXPECT_NEAR(std::sqrt(walk), 2e-3, 0.08 * 2e-3);
}

TEST(Noise, AFewSamplesTellNothing) {
  const TimeSeries s = series_of(std::vector<double>(7, 0.0), 1.0);
  EXPECT_FALSE(estimate_noise(s, s.time.front(), s.time.back()).known());
}

std::vector<double> white(std::size_t n, double sigma, std::uint64_t seed) {
  Dice dice(seed);
  std::vector<double> x(n);
  for (double& v : x) v = sigma * dice.normal();
  return x;
}

TEST(CalibrateOnStart, UsesTheFirstDaysAndNothingLater) {
  std::vector<double> x = white(20 * 24, 1e-3, 3);
  for (std::size_t i = 5 * 24; i < x.size(); ++i) x[i] *= 50.0;  // What follows is wild.
  const TimeSeries s = series_of(x, 1.0);
  RateOptions options;
  options.windows_h = {12.0, 24.0};
  auto rates = rate(s, options, highwall::Run(1));
  NoiseModel noise;
  const auto calibration = calibrate_on_start(rates, s, noise);
  EXPECT_NEAR(noise.white_m, 1e-3, 2e-4);
  ASSERT_EQ(calibration.size(), 2U);
  EXPECT_EQ(calibration[1].method, "noise_model");
  EXPECT_EQ(calibration[1].independent_windows, 4.0);
  EXPECT_DOUBLE_EQ(rates[1].sigma_m_per_day.back(), slope_sigma(noise, 1.0, 25));
}

TEST(CalibrateOnStart, BeginsAtTheFirstUnflaggedSample) {
  const TimeSeries plain = series_of(white(20 * 24, 1e-3, 3), 1.0);
  TimeSeries odd = plain;
  odd.flags.clear();
  odd.push(*parse_iso8601("1970-01-01"), {5.0});
  odd.flags.assign(odd.size(), kFlagNone);
  odd.flags.back() = kFlagClock;
  odd = select(odd, time_order(odd));
  EXPECT_EQ(start_period_end(odd), kSeriesStart + days(4));
  RateOptions options;
  options.windows_h = {24.0};
  auto rates = rate(odd, options, highwall::Run(1));
  auto plain_rates = rate(plain, options, highwall::Run(1));
  NoiseModel noise;
  NoiseModel plain_noise;
  const auto calibration = calibrate_on_start(rates, odd, noise);
  EXPECT_EQ(calibration[0].independent_windows, 4.0);
  EXPECT_EQ(calibration[0].sigma_m_per_day, calibrate_on_start(plain_rates, plain, plain_noise)[0].sigma_m_per_day);
  EXPECT_EQ(noise.white_m, plain_noise.white_m);
  EXPECT_EQ(calibration_stages(rates, odd, {})[0].from, kSeriesStart + days(4));
  std::fill(odd.flags.begin(), odd.flags.end(), kFlagLowQuality);
  EXPECT_EQ(start_period_end(odd), kNoInstant);
}

TEST(CalibrateOnStart, CountsTheDaysThatDataFill) {
  // Ten rows, three days of nothing, then hourly: the hole is no time that was looked at.
  TimeSeries s = series_of(white(10, 1e-3, 3), 1.0);
  for (int h = 82; h < 400; ++h) s.push(kSeriesStart + hours(h), {0.0});
  EXPECT_EQ(start_period_end(s), kSeriesStart + hours(82 + 96 - 9 - 3));
  // A hole as long as the start period itself begins it again, also behind one row or two that lie far apart.
  for (const std::vector<int>& early : {std::vector<int>{-2400}, {-2400, -1200}, {-2400, -2399, -2398}}) {
    TimeSeries late;
    for (const int h : early) late.push(kSeriesStart + hours(h), {0.0});
    for (int h = 0; h < 400; ++h) late.push(kSeriesStart + hours(h), {0.0});
    EXPECT_EQ(start_period_end(late), kSeriesStart + days(4)) << early.size();
  }
  // Weekly readings have no holes.
  EXPECT_EQ(start_period_end(series_of(white(20, 1e-3, 3), 168.0)), kSeriesStart + days(49));
}

TEST(Noise, PairsAcrossAJumpAreNoNoise) {
  std::vector<double> x = white(10 * 24, 1e-3, 8);
  const TimeSeries plain = series_of(x, 1.0);
  for (std::size_t i = 100; i < 103; ++i) x[i] += 0.3;
  for (std::size_t i = 150; i < x.size(); ++i) x[i] -= 0.5;
  x[0] += 9.0;
  const TimeSeries odd = series_of(x, 1.0);
  const NoiseModel a = estimate_noise(plain, plain.time.front(), plain.time.back());
  const NoiseModel b = estimate_noise(odd, odd.time.front(), odd.time.back());
  EXPECT_NEAR(b.white_m, a.white_m, 0.1 * a.white_m);
  EXPECT_LT(b.random_walk_m_per_sqrt_day, 1e-3);
}

TEST(Noise, ACoarseScaleIsWhole) {
  // Creep that is read to a tenth of a millimetre: most increments are equal, and the others are its noise.
  for (const double mm_per_hour : {0.0, 0.03, 0.1, 0.11}) {
    Dice dice(5);
    std::vector<double> x;
    for (int i = 0; i < 200; ++i) x.push_back(1e-4 * std::round(10.0 * mm_per_hour * i + 0.15 * dice.normal()));
    const TimeSeries s = series_of(x, 1.0);
    EXPECT_EQ(pieces_of(s, s.time.front(), s.time.back()).cuts, 0U) << mm_per_hour;
  }
}

TEST(CalibrateOnStart, IsUnknownForAShortSeries) {
  const TimeSeries s = series_of(white(3 * 24, 1e-3, 4), 1.0);
  auto rates = rate(s, RateOptions{}, highwall::Run(1));
  NoiseModel noise;
  EXPECT_EQ(calibrate_on_start(rates, s, noise)[0].method, "none");
  EXPECT_FALSE(noise.known());
  EXPECT_EQ(start_period_end(s), kNoInstant);
  EXPECT_EQ(start_period_end(series_of(std::vector<double>(10, 0.0), 24.0)), kSeriesStart + days(7));  // eight samples
}

TEST(Calibrate, ARadarThatScansMoreOftenLaterChangesNoOlderSigma) {
  Dice dice(9);
  TimeSeries s;
  s.target = "R";
  Instant t = kSeriesStart;
  for (; t < kSeriesStart + days(10); t = t + seconds(1800)) s.push(t, {1e-3 * dice.normal()});
  TimeSeries longer = s;
  for (; t < kSeriesStart + days(60); t = t + seconds(300)) longer.push(t, {1e-3 * dice.normal()});
  RateOptions options;
  options.windows_h = {6.0};
  auto short_rates = rate(s, options, highwall::Run(1));
  auto long_rates = rate(longer, options, highwall::Run(1));
  calibrate_as_known(short_rates, s, {});
  calibrate_as_known(long_rates, longer, {});
  for (std::size_t i = 5 * 48; i < s.size(); ++i) {
    ASSERT_EQ(short_rates[0].sigma_m_per_day[i], long_rates[0].sigma_m_per_day[i]) << i;
  }
  // Six times the samples, so the white part of sigma is smaller where there are more of them.
  EXPECT_GT(long_rates[0].sigma_m_per_day[s.size() - 1] / long_rates[0].sigma_m_per_day.back(), 1.5);
}

TEST(CalibrationStages, GrowWithEachQuietPeriodThatHasEnded) {
  const TimeSeries s = series_of(white(40 * 24, 1e-3, 6), 1.0);
  RateOptions options;
  options.windows_h = {1.0 * 24};
  const auto rates = rate(s, options, highwall::Run(1));
  const auto at = [](int day) { return kSeriesStart + days(day); };
  // Declared in any order; one has not ended, one lies before the series.
  const std::vector<std::array<Instant, 2>> quiet{{at(25), at(35)}, {at(10), at(20)}, {at(38), at(60)}, {at(-20), at(-10)}};
  const auto stages = calibration_stages(rates, s, quiet);
  ASSERT_EQ(stages.size(), 3U);
  EXPECT_EQ(stages[0].from, at(4));
  EXPECT_EQ(stages[1].from, at(20));
  EXPECT_EQ(stages[2].from, at(35));
  EXPECT_EQ(stages[1].windows[0].independent_windows, 10.0);  // The one before the series holds no window.
  EXPECT_EQ(stage_at(stages, at(3)), nullptr);
  EXPECT_EQ(stage_at(stages, at(4)), &stages[0]);
  EXPECT_EQ(stage_at(stages, at(20)), &stages[1]);
  EXPECT_EQ(stage_at(stages, at(39)), &stages[2]);
}

TEST(CalibrationStages, APeriodThatMovesSaysNothingOnceThereIsAnother) {
  std::vector<double> values = white(80 * 24, 1e-3, 6);
  for (std::size_t i = 0; i < 30 * 24; ++i) values[i] += 0.01 * static_cast<double>(i) / 24.0;  // 10 mm/day for 30 days
  const TimeSeries s = series_of(values, 1.0);
  RateOptions options;
  options.windows_h = {24.0};
  const auto rates = rate(s, options, highwall::Run(1));
  const auto at = [](int day) { return kSeriesStart + days(day); };
  const std::array<Instant, 2> moves{at(5), at(25)};
  const std::array<Instant, 2> rests{at(50), at(70)};
  const auto alone = calibration_stages(rates, s, {moves}, 0, {}, {moves});
  ASSERT_EQ(alone.size(), 2U);
  EXPECT_EQ(alone[1].windows[0].method, "noise_model") << "its own slopes are its motion";
  const auto both = calibration_stages(rates, s, {moves, rests}, 0, {}, {moves});
  const auto honest = calibration_stages(rates, s, {rests});
  ASSERT_EQ(both.size(), 3U);
  EXPECT_EQ(both[2].from, at(70));
  EXPECT_EQ(both[2].windows[0].method, "quiet_slopes");
  EXPECT_EQ(both[2].windows[0].sigma_m_per_day, honest.back().windows[0].sigma_m_per_day);
  // One that moves after a good one changes nothing.
  EXPECT_EQ(calibration_stages(rates, s, {moves, rests}, 0, {}, {rests}).size(), 2U);
}

TEST(TwoPointRate, TakesTheSampleNearestToOneWindowBefore) {
  TimeSeries s = series_of({0.0, 0.001, 0.004, 0.009, 0.016}, 12.0);
  s.sigma_m = {1e-4, 1e-4, 1e-4, kNaN, 2e-4};
  const TwoPointRate r = two_point_rate(s, 4, 1.0);
  EXPECT_EQ(r.reason, Reason::ok);
  EXPECT_DOUBLE_EQ(r.span_days, 1.0);
  EXPECT_DOUBLE_EQ(r.velocity_m_per_day, 0.012);
  EXPECT_DOUBLE_EQ(r.sigma_m_per_day, std::hypot(1e-4, 2e-4));
  EXPECT_TRUE(std::isnan(two_point_rate(s, 3, 1.0).sigma_m_per_day));
  EXPECT_EQ(two_point_rate(s, 0, 1.0).reason, Reason::too_few_samples);
  // Nothing lies between half and one and a half windows before.
  EXPECT_EQ(two_point_rate(s, 4, 10.0).reason, Reason::too_few_samples);
  // Readings farther apart than the window: the faster of their mean velocities over one and two intervals.
  EXPECT_DOUBLE_EQ(two_point_rate(s, 4, 0.2).span_days, 0.5);
  EXPECT_DOUBLE_EQ(two_point_rate(s, 4, 0.2).velocity_m_per_day, 0.014);
  EXPECT_DOUBLE_EQ(two_point_rate(s, 1, 0.2).velocity_m_per_day, 0.002);
}

TEST(TwoPointRate, LeavesFlaggedSamplesOut) {
  TimeSeries s = series_of({0.0, 0.5, 0.002, 0.003}, 12.0);
  s.flags.assign(4, kFlagNone);
  s.flags[1] = kFlagOutlier;
  EXPECT_DOUBLE_EQ(two_point_rate(s, 3, 0.9).span_days, 0.5);
  EXPECT_EQ(two_point_rate(s, 1, 1.0).reason, Reason::too_few_samples);
}

}  // namespace
}  // namespace highwall
