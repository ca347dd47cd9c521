// The night's registration on M3C2 distances where a part of the wall moved as a block.
#include "algorithms/align/stable_ground.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "tests/support/new_slope.hpp"

namespace highwall {
namespace {

struct Outcome {
  double off_m = 0.0;    ///< Of the middle, along the normal of the slope.
  double known_m = 0.0;  ///< Standard deviation that is told of that.
  Registration fit;
};

/// Scans of a slope of 100 m at 0.5 m, each with 5 mm of noise; distances of places at rest scatter by 12 mm.
Outcome registered(int k, double share, double by_m, int threads = 2) {
  const auto seed = static_cast<std::uint64_t>(5000 + 2 * k);
  const NewSlope ground(seed, 5.0, 2.0);
  const Eigen::Vector3d normal(-std::sqrt(0.5), 0.0, std::sqrt(0.5));
  const Points reference = ground.scan(seed, 100.0, 0.5, 0.005);
  const Points epoch = ground.scan(seed + 1, 100.0, 0.5, 0.005, part_of_slope(k % 3, share), by_m * normal);
  Outcome out;
  out.fit = register_on_stable_ground(epoch, reference, RegisterOptions{}, highwall::Run(threads));
  out.off_m = normal.dot(out.fit.transform * out.fit.centre_m - out.fit.centre_m);
  out.known_m = out.fit.sigma_m(out.fit.centre_m, normal);
  return out;
}

TEST(StableGround, ABlockThatMovedDoesNotDrawTheRestAlong) {
  for (const double share : {0.2, 0.35}) {
    for (int k = 0; k < 6; ++k) {
      const Outcome o = registered(k, share, 0.045);
      EXPECT_LT(std::abs(o.off_m), 3.0 * o.known_m) << o.fit.verdict;
      EXPECT_LT(std::abs(o.off_m), 0.004) << o.fit.verdict;
      EXPECT_NE(o.fit.verdict.find("another motion"), std::string::npos) << o.fit.verdict;
      EXPECT_EQ(o.fit.finding.empty(), share < 0.3) << o.fit.finding;
    }
  }
}

TEST(StableGround, WhatRestsAsAWholeIsOnePiece) {
  for (int k = 0; k < 6; ++k) {
    const Outcome o = registered(k, 0.0, 0.0);
    EXPECT_LT(std::abs(o.off_m), 3.0 * o.known_m);
    EXPECT_GT(static_cast<double>(o.fit.stable_count), 0.95 * static_cast<double>(o.fit.stable.size())) << o.fit.verdict;
  }
}

// The night goes on, for a wall of which half moves must not be lost; but it says what it does not know.
TEST(StableGround, WhichOfTwoHalvesRestsIsAFinding) {
  for (int k = 0; k < 3; ++k) {
    const Outcome o = registered(k, 0.5, 0.045);
    EXPECT_NE(o.fit.finding.find("two motions"), std::string::npos) << o.fit.verdict;
  }
}

TEST(StableGround, SameBitsOnAnyNumberOfThreads) {
  const Outcome one = registered(1, 0.35, 0.045, 1);
  for (const int threads : {2, 3}) {
    const Outcome many = registered(1, 0.35, 0.045, threads);
    EXPECT_TRUE(one.fit.transform.matrix() == many.fit.transform.matrix()) << threads;
    EXPECT_TRUE(one.fit.covariance == many.fit.covariance) << threads;
  }
}

}  // namespace
}  // namespace highwall
