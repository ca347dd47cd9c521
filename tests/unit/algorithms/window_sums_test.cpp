#include "algorithms/radar/window_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace highwall {
namespace {

struct Sample {
  Instant at;
  std::int32_t level;
};

void push(WindowSums& sums, Instant at, std::int32_t level, bool has_value = true) {
  sums.begin_step(at);
  sums.advance(0, 1);
  if (has_value) sums.add(0, level);
  sums.end_step();
}

/// Slope and curvature by the textbook's normal equations, hours from the first sample.
std::array<double, 2> brute(const std::vector<Sample>& samples) {
  double n = 0, t1 = 0, d1 = 0;
  const auto hour = [&](const Sample& s) { return to_hours(s.at - samples.front().at); };
  for (const Sample& s : samples) n += 1, t1 += hour(s), d1 += s.level;
  double s2 = 0, s3 = 0, s4 = 0, c1 = 0, c2 = 0;
  for (const Sample& s : samples) {
    const double x = hour(s) - t1 / n;
    const double y = s.level - d1 / n;
    s2 += x * x, s3 += x * x * x, s4 += x * x * x * x, c1 += x * y, c2 += x * x * y;
  }
  const double q = s4 - s3 * s3 / s2 - s2 * s2 / n;
  return {c1 / s2, 2.0 * (c2 - s3 / s2 * c1) / q};
}

TEST(WindowSums, OneValueABinIsOrdinaryLeastSquares) {
  // A window of 24 h has bins of 1 h; the part of 1/64 h in which a value lies is its time.
  WindowSums sums(1, 24.0);
  std::mt19937 random(7);
  std::vector<Sample> all;
  for (int k = 0; k < 100; ++k) {
    const std::int64_t part = static_cast<std::int64_t>(random() % 64);
    const Instant at{k * kNsPerHour + part * (kNsPerHour / 64)};
    const auto level = static_cast<std::int32_t>(random() % 2000) + 30 * k * k - 1'000'000'000;
    const bool missing = random() % 5 == 0;
    push(sums, at, level, !missing);
    if (!missing) all.push_back({at, level});
    std::vector<Sample> window;
    for (const Sample& s : all) {
      if (s.at.ns / kNsPerHour >= k - 24) window.push_back(s);
    }
    if (window.size() < 5) continue;
    const auto fit = sums.fit(0, all.back().level);
    const auto [v, a] = brute(window);
    EXPECT_EQ(fit.count, static_cast<std::int64_t>(window.size()));
    EXPECT_NEAR(fit.velocity, v, 1e-9 * std::abs(v) + 1e-9);
    EXPECT_NEAR(fit.acceleration, a, 1e-7 * std::abs(a) + 1e-7);
  }
}

TEST(WindowSums, LongAfterTheSumsAreThoseOfTheWindowAlone) {
  // Irregular stamps, gaps, missing values, levels of a kilometre: a window that has seen it all is, to the last bit, one that
  // has seen its own scans only.
  std::mt19937 random(11);
  std::vector<Sample> all;
  WindowSums old(1, 1.0);
  std::int64_t at = 1'700'000'000'123'456'789;
  double level = 1.9e9;
  std::size_t compared = 0;
  for (int k = 0; k < 6000; ++k) {
    at += static_cast<std::int64_t>(1e9 * (20.0 + static_cast<double>(random() % 200))) +
          (random() % 200 == 0 ? 3 * kNsPerHour : 0);
    level -= static_cast<double>(random() % 700'000);
    const bool missing = random() % 4 == 0;
    push(old, {at}, static_cast<std::int32_t>(level), !missing);
    all.push_back({{at}, missing ? 0 : static_cast<std::int32_t>(level)});
    if (k % 50 != 49) continue;
    const std::int64_t bin = old.bin().ns;
    WindowSums fresh(1, 1.0);
    for (const Sample& s : all) {
      if (s.at.ns / bin >= at / bin - WindowSums::kBins) push(fresh, s.at, s.level, s.level != 0);
    }
    const auto about = static_cast<std::int32_t>(level);
    const auto a = old.fit(0, about);
    const auto b = fresh.fit(0, about);
    EXPECT_EQ(a.count, b.count);
    EXPECT_EQ(a.velocity, b.velocity);
    EXPECT_EQ(a.acceleration, b.acceleration);
    EXPECT_EQ(a.fill_squared, b.fill_squared);
    if (a.count > 5) ++compared;
  }
  EXPECT_GT(compared, 80u);
}

TEST(WindowSums, ManyValuesABinLoseNothingThatMatters) {
  WindowSums sums(1, 48.0);
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0.0, 300.0);
  std::vector<Sample> all;
  for (int k = 0; k < 30 * 60; ++k) {
    const Instant at{k * 2 * 60 * kNsPerSecond};
    const auto level = static_cast<std::int32_t>(std::lround(500.0 * k / 30.0 + noise(random)));
    push(sums, at, level);
    if (k / 60 >= 30 - 1 - 24) all.push_back({at, level});
  }
  const auto fit = sums.fit(0, 0);
  const auto [v, a] = brute(all);
  // Binning loses 1/576 of the spread of times: the two differ by a small part of the sigma of either.
  const double sigma = 300.0 / (49.0 / std::sqrt(12.0) * std::sqrt(static_cast<double>(all.size())));
  EXPECT_NEAR(fit.velocity, v, 0.2 * sigma);
  EXPECT_NEAR(fit.velocity, 500.0, 4.0 * sigma);
  EXPECT_NEAR(std::sqrt(fit.fill_squared), 49.0 / 48.0, 0.02);
}

TEST(WindowSums, RobustFitDropsABadScanAndKeepsWhatSpeedsUp) {
  WindowSums steady(1, 24.0);
  WindowSums speeding(1, 24.0);
  for (int k = 0; k < 25; ++k) {
    const Instant at{k * kNsPerHour};
    push(steady, at, 100 * k + (k == 18 ? 20000 : 0));
    push(speeding, at, static_cast<std::int32_t>(std::lround(10.0 * k * k)));
  }
  EXPECT_GT(std::abs(steady.fit(0, 0).velocity - 100.0), 50.0);
  EXPECT_NEAR(steady.robust_fit(0, 0).velocity, 100.0, 5.0);
  EXPECT_NEAR(speeding.robust_fit(0, 0).velocity, speeding.fit(0, 0).velocity, 1e-6);
  EXPECT_NEAR(speeding.robust_fit(0, 0).acceleration, 20.0, 1e-6);
}

TEST(WindowSums, StateGoesOnWhereItWasSaved) {
  WindowSums a(1, 3.0);
  for (int k = 0; k < 60; ++k) push(a, {k * 200 * kNsPerSecond}, 17 * k * k);
  StateWriter writer;
  a.save(writer);
  const std::string bytes = writer.take();
  WindowSums b(1, 3.0);
  StateReader reader(bytes);
  b.restore(reader);
  reader.end();
  for (int k = 60; k < 120; ++k) {
    push(a, {k * 200 * kNsPerSecond}, 17 * k * k);
    push(b, {k * 200 * kNsPerSecond}, 17 * k * k);
  }
  StateWriter of_a;
  StateWriter of_b;
  a.save(of_a);
  b.save(of_b);
  EXPECT_EQ(of_a.take(), of_b.take());
  StateReader cut(std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_THROW(b.restore(cut), Error);
}

}  // namespace
}  // namespace highwall
