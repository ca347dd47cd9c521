// A radar that sends the same map again and again is not a quiet slope.
#include "algorithms/radar/frozen_maps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "algorithms/radar/patch_line_of_sight.hpp"
#include "algorithms/warn/judge.hpp"
#include "io/config/policy.hpp"

namespace highwall {
namespace {

const Instant kStart = *parse_iso8601("2026-03-01T00:00:00Z");

/// `alive` hourly maps with noise of 0.3 mm, then the last of them again until there are `all`.
Stack hourly_maps(std::size_t side, std::size_t alive, std::size_t all) {
  GridGeometry grid;
  grid.rows = grid.cols = side;
  std::mt19937 generator(1);
  std::normal_distribution<double> noise(0.0, 3e-4);
  Stack stack(grid, {});
  std::vector<double> map(grid.cells());
  for (std::size_t e = 0; e < all; ++e) {
    if (e < alive) {
      for (double& v : map) v = noise(generator);
    }
    stack.push(kStart + hours(static_cast<int>(e)), map);
  }
  return stack;
}

TEST(FrozenMaps, AMapSentAgainIsNoSampleFromTheFirstTimeOn) {
  Stack stack = hourly_maps(20, 100, 160);
  const auto frozen = blank_frozen(stack, {});
  ASSERT_EQ(frozen.size(), 60U);
  EXPECT_EQ(frozen.front().epoch, 100U);
  EXPECT_EQ(frozen.back().repeats, 99U);
  EXPECT_TRUE(std::isfinite(stack.at(99)[0]));
  EXPECT_TRUE(std::isnan(stack.at(100)[0]));
}

TEST(FrozenMaps, CellsThatComeAndGoHideNoFreeze) {
  Stack stack = hourly_maps(20, 50, 60);
  for (std::size_t e = 50; e < 60; e += 2) stack.at(e)[7] = kNaN;
  EXPECT_EQ(blank_frozen(stack, {}).size(), 10U);
}

TEST(FrozenMaps, OneCellWithNewsIsASignOfLife) {
  Stack stack = hourly_maps(20, 50, 60);
  for (std::size_t e = 50; e < 60; ++e) stack.at(e)[7] = 1e-5 * static_cast<double>(e);
  EXPECT_TRUE(blank_frozen(stack, {}).empty());
}

TEST(FrozenMaps, AMapOfFewCellsGoesByTheRuleOfSeries) {
  Stack stack = hourly_maps(5, 50, 80);
  const auto frozen = blank_frozen(stack, {});
  ASSERT_EQ(frozen.size(), 30U - 11U);
  EXPECT_EQ(frozen.front().epoch, 61U);
  EXPECT_EQ(frozen.front().repeats, 49U);
}

TEST(FrozenMaps, AReplayedDayIsNoSample) {
  Stack stack = hourly_maps(20, 48, 48);
  for (std::size_t e = 24; e < 48; ++e) {
    const Stack before = stack;
    const auto earlier = before.at(e - 24);
    std::copy(earlier.begin(), earlier.end(), stack.at(e).begin());
  }
  const auto frozen = blank_frozen(stack, {});
  ASSERT_EQ(frozen.size(), 24U);
  for (std::size_t k = 0; k < frozen.size(); ++k) {
    EXPECT_EQ(frozen[k].epoch, 24U + k);
    EXPECT_EQ(frozen[k].repeats, k);
  }
  EXPECT_TRUE(std::isfinite(stack.at(23)[0]));
  EXPECT_TRUE(std::isnan(stack.at(24)[0]));
}

TEST(FrozenMaps, AMapOfOneOtherCellIsAnother) {
  Stack stack = hourly_maps(20, 48, 48);
  const std::vector<double> first(stack.at(0).begin(), stack.at(0).end());
  std::copy(first.begin(), first.end(), stack.at(30).begin());
  stack.at(30)[7] += 1e-5;
  EXPECT_TRUE(blank_frozen(stack, {}).empty());
}

TEST(FrozenMaps, TheirPatchesFallSilent) {
  Stack stack = hourly_maps(20, 240, 300);
  blank_frozen(stack, {});
  Polygon everywhere;
  everywhere.rings.push_back({{-1e6, -1e6}, {1e6, -1e6}, {1e6, 1e6}, {-1e6, 1e6}});
  const auto patches = patch_line_of_sight(stack, everywhere, {}, highwall::Run(1));
  ASSERT_FALSE(patches.empty());
  TargetInput target;
  target.series = patches[0].series;
  target.max_silence_h = 12.0;
  const History h = judge_targets({target}, load_policy({}), {}, stack.instants().back(), highwall::Run(1)).at(0);
  EXPECT_EQ(h.entries.back().health, Health::silent);
}

}  // namespace
}  // namespace highwall
