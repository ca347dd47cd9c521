#include "algorithms/radar/decompose.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr double kDegree = std::numbers::pi / 180.0;

/// Upward normal of a plane that falls towards `aspect` (clockwise from north) by `slope` degrees.
Eigen::Vector3d normal_of(double aspect, double slope) {
  const double a = aspect * kDegree;
  const double b = slope * kDegree;
  return {std::sin(a) * std::sin(b), std::cos(a) * std::sin(b), std::cos(b)};
}

TEST(Downslope, TheDirectionIsThatOfAspectAndSlope) {
  for (const double aspect : {0.0, 37.0, 90.0, 200.0, 355.0}) {
    for (const double slope : {1.0, 30.0, 65.0, 89.0}) {
      const double a = aspect * kDegree;
      const double b = slope * kDegree;
      const Eigen::Vector3d expected(std::sin(a) * std::cos(b), std::cos(a) * std::cos(b), -std::sin(b));
      EXPECT_TRUE(downslope_direction(normal_of(aspect, slope)).isApprox(expected, 1e-9)) << aspect << " " << slope;
      EXPECT_TRUE(downslope_direction(-3.0 * normal_of(aspect, slope)).isApprox(expected, 1e-9));
    }
  }
  EXPECT_FALSE(downslope_direction(Eigen::Vector3d::UnitZ()).allFinite());
  EXPECT_FALSE(downslope_direction(Eigen::Vector3d::Constant(std::nan(""))).allFinite());
}

TEST(Downslope, AMotionDownTheSlopeComesBackFromItsLineOfSight) {
  const Eigen::Vector3d normal = normal_of(90.0, 45.0);
  const Eigen::Vector3d motion = 0.02 * downslope_direction(normal);
  Points places(1, 3);
  places << 10.0, 20.0, 30.0;
  const Points sight = lines_of_sight(places, {410.0, 120.0, 80.0});
  const double seen = sight.row(0).transpose().dot(motion);
  const DownslopeField f = downslope({seen}, {0.001}, sight, normal.transpose(), {}, highwall::Run(1));
  EXPECT_EQ(f.reason[0], Reason::ok);
  EXPECT_NEAR(f.value[0], 0.02, 1e-12);
  EXPECT_NEAR(f.sensitivity[0], seen / 0.02, 1e-12);
  EXPECT_NEAR(f.sigma[0], 0.001 / std::abs(f.sensitivity[0]), 1e-15);
  EXPECT_GT(f.sensitivity[0], 0.3);
}

TEST(Downslope, WhatTheRadarHardlySeesHasNoValueButAReason) {
  // Looking along the wall, at level ground, at nothing, at a place without coherence.
  const Eigen::Vector3d normal = normal_of(90.0, 45.0);
  Points sight(4, 3);
  sight << 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, std::nan(""), 0.0, 0.0, 1.0, 0.0, 0.0;
  Points normals(4, 3);
  normals << normal.transpose(), 0.0, 0.0, 1.0, normal.transpose(), normal.transpose();
  const DownslopeField f =
      downslope({0.01, 0.01, 0.01, std::nan("")}, {1e-3, 1e-3, 1e-3, 1e-3}, sight, normals, {}, highwall::Run(1));
  const Reason expected[] = {Reason::no_line_of_sight, Reason::no_normal, Reason::no_line_of_sight, Reason::decorrelated};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(std::isnan(f.value[i])) << i;
    EXPECT_EQ(f.reason[i], expected[i]) << i;
  }
  EXPECT_NEAR(f.sensitivity[3], std::cos(45.0 * kDegree), 1e-9);
  DownslopeOptions strict;
  strict.least_sensitivity = 0.9;
  Points one_sight(1, 3);
  one_sight << 1.0, 0.0, 0.0;
  EXPECT_EQ(downslope({0.01}, {1e-3}, one_sight, normal.transpose(), strict, highwall::Run(1)).reason[0],
            Reason::no_line_of_sight);
  EXPECT_THROW(downslope({0.01}, {}, one_sight, normal.transpose(), {}, highwall::Run(1)), Error);
}

TEST(Downslope, ATerracedWallGivesItsOverallSlope) {
  // Benches of 10 m: a face of 5 m in plan, a berm of 5 m; overall the wall falls 45 degrees to the west.
  Points cloud(200 * 200, 3);
  for (Eigen::Index i = 0; i < cloud.rows(); ++i) {
    const double x = 0.5 * static_cast<double>(i % 200);
    const double y = 0.5 * static_cast<double>(i / 200);
    const double bench = std::floor(x / 10.0);
    cloud.row(i) << x, y, 10.0 * bench + std::min(2.0 * (x - 10.0 * bench), 10.0);
  }
  Points places(2, 3);
  places << 50.0, 50.0, 0.0, 500.0, 50.0, 0.0;
  DownslopeOptions options;
  options.radius_m = 20.0;
  const Surface surface = surface_at(cloud, places, options, highwall::Run(1));
  EXPECT_NEAR(surface.height_m[0], 52.5, 2.0);
  EXPECT_TRUE(std::isnan(surface.height_m[1]));
  const Eigen::Vector3d s = downslope_direction(surface.normal.row(0).transpose());
  EXPECT_NEAR(s.x(), -std::sqrt(0.5), 0.05);
  EXPECT_NEAR(s.y(), 0.0, 0.01);
  EXPECT_NEAR(s.z(), -std::sqrt(0.5), 0.05);
}

}  // namespace
}  // namespace highwall
