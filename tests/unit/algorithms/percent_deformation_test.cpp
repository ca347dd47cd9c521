#include "algorithms/radar/percent_deformation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"

namespace highwall {
namespace {

/// 10 cells in a row; cell i moves by i mm a scan.
Stack fan_of_speeds(int scans) {
  GridGeometry geometry;
  geometry.rows = 1;
  geometry.cols = 10;
  Stack stack(geometry, {});
  for (int k = 0; k < scans; ++k) {
    std::vector<double> map;
    for (int i = 0; i < 10; ++i) map.push_back(1e-3 * i * k);
    stack.push(Instant{0} + hours(k), map);
  }
  return stack;
}

std::vector<std::uint32_t> all_cells() { return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; }

PercentOptions shares(std::vector<double> p) {
  PercentOptions options;
  options.shares = std::move(p);
  options.reference_quantile = 1.0;
  options.fewest_cells = 1;
  return options;
}

TEST(PercentDeformation, SelectsTheCellsThatMovedMost) {
  const Stack stack = fan_of_speeds(5);
  const auto found = percent_deformation(stack, all_cells(), Instant{0}, shares({0.5, 0.9}));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NEAR(found[0].reference_m, 0.036, 1e-12);
  EXPECT_EQ(found[0].cells, (std::vector<std::uint32_t>{5, 6, 7, 8, 9}));
  EXPECT_EQ(found[1].cells, (std::vector<std::uint32_t>{9}));
  ASSERT_EQ(found[0].series.size(), 5U);
  EXPECT_NEAR(found[0].series.value(4), 0.028, 1e-12);
  EXPECT_NEAR(found[1].series.value(4), 0.036, 1e-12);
}

TEST(PercentDeformation, MotionAwayIsSelectedByItsSize) {
  Stack stack = fan_of_speeds(5);
  for (std::size_t e = 0; e < 5; ++e) {
    for (double& d : stack.at(e)) d = -d;
  }
  const auto found = percent_deformation(stack, all_cells(), Instant{0}, shares({0.5}));
  EXPECT_NEAR(found[0].reference_m, -0.036, 1e-12);
  EXPECT_EQ(found[0].cells.size(), 5U);
  EXPECT_NEAR(found[0].series.value(4), -0.028, 1e-12);
}

TEST(PercentDeformation, CellsThatComeAndGoMakeNoJump) {
  Stack stack = fan_of_speeds(9);
  // All move alike; one has an offset and is away twice.
  for (std::size_t e = 0; e < 9; ++e) {
    for (double& d : stack.at(e)) d = 1e-3 * static_cast<double>(e);
    stack.at(e)[3] += 5.0;
  }
  stack.at(4)[3] = stack.at(5)[3] = stack.at(0)[3] = kNaN;
  for (double& d : stack.at(6)) d = kNaN;
  const auto found = percent_deformation(stack, all_cells(), Instant{0}, shares({0.1}));
  ASSERT_EQ(found[0].cells.size(), 10U);
  for (std::size_t e = 0; e < 9; ++e) {
    if (e == 6) {
      EXPECT_TRUE(std::isnan(found[0].series.value(e))) << "no data is no value";
    } else {
      EXPECT_NEAR(found[0].series.value(e), 1e-3 * static_cast<double>(e), 1e-12) << e;
    }
  }
}

TEST(PercentDeformation, OneBadCellDoesNotDecideTheReference) {
  Stack stack = fan_of_speeds(5);
  GridGeometry geometry;
  geometry.rows = 1;
  geometry.cols = 400;
  Stack wide(geometry, {});
  for (std::size_t e = 0; e < 5; ++e) {
    std::vector<double> map(400, 1e-3 * static_cast<double>(e));
    map[7] *= 1000.0;
    wide.push(stack.instants()[e], map);
  }
  std::vector<std::uint32_t> cells(400);
  for (std::uint32_t i = 0; i < 400; ++i) cells[i] = i;
  const auto found = percent_deformation(wide, cells, Instant{0}, {});
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[4].cells.size(), 400U);
}

TEST(PercentDeformation, NothingThatMovesIsNothing) {
  Stack stack = fan_of_speeds(3);
  EXPECT_TRUE(percent_deformation(stack, {}, Instant{0}, {}).empty());
  EXPECT_TRUE(percent_deformation(stack, all_cells(), Instant{0} + hours(50), {}).empty());
  for (std::size_t e = 0; e < 3; ++e) {
    for (double& d : stack.at(e)) d = kNaN;
  }
  EXPECT_TRUE(percent_deformation(stack, all_cells(), Instant{0}, {}).empty());
  const std::vector<std::uint32_t> outside{10};
  EXPECT_THROW(percent_deformation(stack, outside, Instant{0}, {}), Error);
  EXPECT_THROW(percent_deformation(stack, all_cells(), Instant{0}, shares({1.5})), Error);
}

}  // namespace
}  // namespace highwall
