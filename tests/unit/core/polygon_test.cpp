#include "core/polygon.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace highwall {
namespace {

TEST(Polygon, HolesAndPartsComeOutByTheEvenOddRule) {
  Polygon p;
  p.rings = {{{0, 0}, {10, 0}, {10, 10}, {0, 10}},           // outline
             {{4, 4}, {6, 4}, {6, 6}, {4, 6}, {4, 4}},       // hole, closed
             {{20, 0}, {30, 0}, {25, 10}}};                  // second part
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

TEST(Polygon, EmptyAndNotANumberAreOutside) {
  Polygon p;
  EXPECT_FALSE(p.contains(0, 0));
  p.rings = {{}, {{0, 0}, {1, 0}, {1, 1}}};
  EXPECT_FALSE(p.contains(std::numeric_limits<double>::quiet_NaN(), 0.5));
  EXPECT_TRUE(p.contains(0.9, 0.5));
}

}  // namespace
}  // namespace highwall
