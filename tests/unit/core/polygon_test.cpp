#include "core/polygon.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace highwall {
namespace {

TEST(Polygon, HolesAndPartsComeOutByTheEvenOddRule) {
  Polygon p;
  p.rings = {{{0, 0}, {10, 0}, {10, 10}, {0, 10}},      // outline
             {{4, 4}, {6, 4}, {6, 6}, {4, 6}, {4, 4}},  // hole, closed
             {{20, 0}, {30, 0}, {25, 10}}};             // second part
  EXPECT_TRUE(p.contains(1, 1));
  EXPECT_FALSE(p.contains(5, 5));
  EXPECT_TRUE(p.contains(25, 5));
  EXPECT_FALSE(p.contains(15, 5));
  EXPECT_FALSE(p.contains(-1, 10));
  EXPECT_FALSE(p.contains(21, 9));
}

TEST(Polygon, NeighboursShareNoPlaceAndLeaveNone) {
  Polygon left, right;
  left.rings = {{{0, 0}, {5, 0}, {5, 10}, {0, 10}}};
  right.rings = {{{5, 0}, {10, 0}, {10, 10}, {5, 10}}};
  for (double y = 0.5; y < 10.0; y += 1.0) {
    for (double x = 0.5; x < 10.0; x += 0.5) EXPECT_EQ(left.contains(x, y) + right.contains(x, y), 1) << x << " " << y;
  }
}

TEST(Polygon, PartsHaveTheirOwnHolesAndIslands) {
  Polygon p;
  p.rings = {{{4, 4}, {6, 4}, {6, 6}, {4, 6}},        // hole of the large part, told first
             {{0, 0}, {10, 0}, {10, 10}, {0, 10}},    // large part
             {{20, 0}, {30, 0}, {30, 10}, {20, 10}},  // second part, beside it
             {{4.5, 4.5}, {5.5, 4.5}, {5, 5.5}},      // island in the hole
             {}};
  const auto parts = parts_of(p);
  ASSERT_EQ(parts.size(), 3u);
  ASSERT_EQ(parts[0].size(), 2u);
  EXPECT_EQ(parts[0][0].front(), Eigen::Vector2d(0, 0));
  EXPECT_EQ(parts[0][1].front(), Eigen::Vector2d(4, 4));
  EXPECT_EQ(parts[1].size(), 1u);
  EXPECT_EQ(parts[1][0].front(), Eigen::Vector2d(20, 0));
  EXPECT_EQ(parts[2].size(), 1u);
  for (const ZonePart& part : parts) {
    for (const Ring& ring : part) EXPECT_EQ(ring.front(), ring.back());
  }
}

TEST(Polygon, EmptyAndNotANumberAreOutside) {
  Polygon p;
  EXPECT_FALSE(p.contains(0, 0));
  p.rings = {{}, {{0, 0}, {1, 0}, {1, 1}}};
  EXPECT_FALSE(p.contains(std::numeric_limits<double>::quiet_NaN(), 0.5));
  EXPECT_TRUE(p.contains(0.9, 0.5));
}

TEST(Polygon, EverywhereHoldsEveryPlace) {
  const Polygon all = everywhere("pit");
  EXPECT_EQ(all.name, "pit");
  EXPECT_TRUE(all.contains(0, 0));
  EXPECT_TRUE(all.contains(-4.5e6, 5.1e6));
}

}  // namespace
}  // namespace highwall
