// Readings farther apart than every window of the policy: weekly prisms, a LiDAR scan every ten days.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "algorithms/warn/judge.hpp"
#include "io/config/policy.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

constexpr double kWeek_h = 7.0 * 24.0;

struct Outcome {
  std::vector<Level> level;  ///< After each reading.
  History history;
};

/// Readings of a prism every `step_h`, judged by the shipped policy as they come.
template <class F>
Outcome judged(F&& mm, double step_h, std::size_t n, unsigned seed, double noise_mm = 3.0) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (std::size_t k = 0; k < n; ++k) values.push_back((mm(k) + noise_mm * normal(generator)) / 1000.0);
  TargetInput target;
  target.series = series_of(values, step_h, SensorKind::prism);
  target.max_silence_h = 2.0 * step_h;
  Outcome out;
  out.history = judge_targets({target}, load_policy({}), {}, target.series.time.back(), highwall::Run(1)).at(0);
  for (const Instant t : target.series.time) {
    Level level = Level::none;
    for (const LampEntry& e : out.history.entries) {
      if (e.at <= t) level = e.level;
    }
    out.level.push_back(level);
  }
  return out;
}

TEST(SparseReadings, AWallThatMovesMetresBetweenWeeklyReadingsIsSeen) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    // 300 mm in the tenth week, 600 mm in the eleventh, and so on.
    const auto accelerates = [](std::size_t k) { return k < 10 ? 0.0 : 150.0 * static_cast<double>((k - 9) * (k - 8)); };
    const Outcome o = judged(accelerates, kWeek_h, 16, seed);
    EXPECT_GE(o.level[10], Level::yellow) << "seed " << seed << ": the first reading that shows it";
    EXPECT_GE(o.level[11], Level::orange) << "seed " << seed << ": the one that confirms it";
    EXPECT_EQ(*std::max_element(o.level.begin(), o.level.begin() + 10), Level::none) << seed;
    EXPECT_TRUE(o.history.doubts.empty() || o.history.doubts[0].find("cannot be judged") == std::string::npos);
  }
}

TEST(SparseReadings, SteadyFastCreepIsOrangeThoughItNeverJumps) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const Outcome o = judged([](std::size_t k) { return 16.0 * 7.0 * static_cast<double>(k); }, kWeek_h, 12, seed);
    EXPECT_GE(o.level.back(), Level::orange) << seed;
  }
}

TEST(SparseReadings, AStepThatStaysIsConfirmedByTheNextReading) {
  for (const double step_h : {37.0, 3.0 * 24.0, kWeek_h}) {
    const Outcome o = judged([](std::size_t k) { return k < 12 ? 0.0 : 1000.0; }, step_h, 16, 5);
    EXPECT_GE(o.level[12], Level::yellow) << step_h;
    EXPECT_GE(o.level[13], Level::orange) << step_h;
    EXPECT_GE(o.level.back(), Level::orange) << step_h << ": it stays until somebody has looked";
  }
}

TEST(SparseReadings, AWallThatSticksAndSlipsIsRed) {
  const Outcome o =
      judged([](std::size_t k) { return k < 10 ? 0.0 : 1000.0 * static_cast<double>((k - 8) / 2); }, kWeek_h, 18, 6);
  EXPECT_EQ(o.level.back(), Level::red);
}

TEST(SparseReadings, OneBlunderIsYellowAndNoMore) {
  const Outcome o = judged([](std::size_t k) { return k == 12 ? 800.0 : 0.0; }, kWeek_h, 20, 4);
  EXPECT_EQ(o.level[12], Level::yellow) << "nobody could confirm it for a week";
  EXPECT_LE(*std::max_element(o.level.begin(), o.level.end()), Level::yellow);
}

TEST(SparseReadings, AtRestNothingRises) {
  for (const double step_h : {80.0, kWeek_h, 10.0 * 24.0}) {
    std::size_t blue = 0;
    std::size_t more = 0;
    for (unsigned seed = 1; seed <= 40; ++seed) {
      const Outcome o = judged([](std::size_t) { return 0.0; }, step_h, 40, seed);
      const Level highest = *std::max_element(o.level.begin(), o.level.end());
      blue += highest == Level::blue ? 1 : 0;
      more += highest > Level::blue ? 1 : 0;
    }
    EXPECT_LE(blue, 4U) << "step " << step_h << " h";
    EXPECT_EQ(more, 0U) << "step " << step_h << " h";
  }
}

TEST(SparseReadings, TheEvidenceSaysOverWhichTime) {
  const Outcome o = judged([](std::size_t k) { return k < 10 ? 0.0 : 700.0 * static_cast<double>(k - 9); }, kWeek_h, 14, 3);
  const auto raised = std::find_if(o.history.entries.begin(), o.history.entries.end(),
                                   [](const LampEntry& e) { return e.level >= Level::orange; });
  ASSERT_NE(raised, o.history.entries.end());
  EXPECT_TRUE(raised->evidence.window.starts_with("gap of ")) << raised->evidence.window;
}

}  // namespace
}  // namespace highwall
