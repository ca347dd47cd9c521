// M3C2 where the answer is known by hand.
#include "algorithms/compare/m3c2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr double kSingle_m = 2e-7;  // Heights are single precision about the core point.

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Points rows(std::initializer_list<Eigen::RowVector3d> list) {
  Points out(static_cast<Eigen::Index>(list.size()), 3);
  Eigen::Index i = 0;
  for (const auto& row : list) out.row(i++) = row;
  return out;
}

/// 21 x 21 points 0.1 m apart at the height z, about the origin.
Points plane(double z) {
  Points out(441, 3);
  for (Eigen::Index i = 0; i < 441; ++i) {
    out.row(i) << 0.1 * static_cast<double>(i % 21 - 10), 0.1 * static_cast<double>(i / 21 - 10), z;
  }
  return out;
}

const Points kOrigin = Points::Zero(1, 3);
const Points kUp = rows({{0, 0, 1}});

DisplacementField along_z(const Points& before, const Points& after, const M3c2Options& o = {}) {
  return m3c2_along(before, after, kOrigin, kUp, o, highwall::Run(1));
}

TEST(M3c2ByHand, PlaneSinksByTenCentimetres) {
  M3c2Options o;
  o.registration_error_m = 0.004;
  const DisplacementField f = m3c2(plane(3.5), plane(3.4), rows({{0, 0, 3.5}}), o, highwall::Run(1));
  ASSERT_EQ(f.reason[0], Reason::ok);
  EXPECT_NEAR(f.value_m[0], -0.1, 1e-12);
  EXPECT_NEAR(f.direction(0, 2), 1.0, 1e-12);
  EXPECT_NEAR(f.lod95_m[0], 1.96 * 0.004, 1e-12);
  EXPECT_NEAR(f.sigma_m[0], 0.004, 1e-12);
  EXPECT_EQ(f.n_before[0], 81U);  // Lattice points with i^2 + j^2 <= 25: Gauss's circle.
  EXPECT_EQ(f.n_after[0], 81U);
}

TEST(M3c2ByHand, TheCylinderIsClosed) {
  // Exactly on the mantle, on both ends, on the edge; and just outside of each.
  const Points border = rows({{0.5, 0, 0}, {0, -0.5, 1}, {0, 0, 3}, {0, 0, -3}, {0.3, 0.4, -3}});
  const Points outside = rows({{0.5001, 0, 0}, {0.3, 0.4001, 1}, {0, 0, 3.0001}, {0, 0, -3.0001}, {0.36, 0.36, 0}});
  const DisplacementField in = along_z(border, border);
  EXPECT_EQ(in.n_before[0], 5U);
  const DisplacementField out = along_z(outside, border);
  EXPECT_EQ(out.n_before[0], 0U);
  EXPECT_EQ(out.reason[0], Reason::empty_before);
}

TEST(M3c2ByHand, TheCorePointCountsOnce) {
  for (const double half_length : {0.25, 0.5, 1.0, 2.0, 2.5, 3.0}) {
    M3c2Options o;
    o.half_length_m = half_length;
    EXPECT_EQ(along_z(kOrigin, kOrigin, o).n_before[0], 1U) << half_length;
  }
}

TEST(M3c2ByHand, SpreadIsThatOfTheSample) {
  const Points before = rows({{0, 0, 0.0}, {0.1, 0, 0.2}, {0.2, 0, 0.4}});
  const Points after = rows({{0, 0, 1.0}, {0.1, 0, 1.1}});
  const DisplacementField f = along_z(before, after);
  EXPECT_NEAR(f.value_m[0], 1.05 - 0.2, kSingle_m);
  EXPECT_NEAR(f.spread_before_m[0], 0.2, kSingle_m);
  EXPECT_NEAR(f.spread_after_m[0], std::sqrt(0.005), kSingle_m);
  EXPECT_NEAR(f.lod95_m[0], 1.96 * std::sqrt(0.04 / 3.0 + 0.005 / 2.0), kSingle_m);
}

TEST(M3c2ByHand, NothingThereIsNeverZero) {
  const Points here = plane(0.0);
  const Points nothing(0, 3);
  const Points far = rows({{100, 100, 0}, {100, 100, 1}, {101, 100, 0}});
  EXPECT_EQ(along_z(here, nothing).reason[0], Reason::empty_after);
  EXPECT_EQ(along_z(nothing, here).reason[0], Reason::empty_before);
  EXPECT_EQ(along_z(nothing, nothing).reason[0], Reason::empty_both);
  EXPECT_EQ(along_z(far, far).reason[0], Reason::empty_both);
  EXPECT_EQ(along_z(here, far).reason[0], Reason::empty_after);
  for (const Points* after : {&nothing, &far}) {
    const DisplacementField f = along_z(here, *after);
    EXPECT_TRUE(std::isnan(f.value_m[0]));
    EXPECT_TRUE(std::isnan(f.lod95_m[0]));
    EXPECT_TRUE(std::isnan(f.sigma_m[0]));
  }
  EXPECT_EQ(m3c2(nothing, here, kOrigin, M3c2Options{}, highwall::Run(1)).reason[0], Reason::no_normal);
  EXPECT_EQ(m3c2(here, here, nothing, M3c2Options{}, highwall::Run(1)).size(), 0U);
}

TEST(M3c2ByHand, FewPointsGiveAValueWithoutALimit) {
  const DisplacementField one = along_z(plane(0.0), rows({{0, 0, 0.3}}));
  EXPECT_EQ(one.reason[0], Reason::few_points);
  EXPECT_NEAR(one.value_m[0], 0.3, 1e-12);
  EXPECT_TRUE(std::isnan(one.lod95_m[0]));
  M3c2Options five;
  five.min_points = 5;
  const Points four = rows({{0, 0, 0.1}, {0.1, 0, 0.2}, {0, 0.1, 0.3}, {0.1, 0.1, 0.2}});
  EXPECT_EQ(along_z(plane(0.0), four, five).reason[0], Reason::few_points);
  five.min_points = 4;
  EXPECT_EQ(along_z(plane(0.0), four, five).reason[0], Reason::ok);
}

TEST(M3c2ByHand, NoNormalFromAPointALineOrTwoPoints) {
  for (const double off : {0.0, 0.3, 0.57735}) {
    Points same(20, 3);
    Points line(20, 3);
    Points short_line(20, 3);
    for (Eigen::Index i = 0; i < 20; ++i) {
      const double t = 0.01 * static_cast<double>(i);
      same.row(i) << off, 0.2, -0.1;
      line.row(i) << off + t, 0.3 * t, -0.7 * t;
      short_line.row(i) << off + 1e-3 * t, 0.3 + 0.3e-3 * t, 0.7e-3 * t;
    }
    for (const Points& cloud : {same, line, short_line, Points(same.topRows(2)), Points(line.topRows(1))}) {
      const DisplacementField f = m3c2(cloud, plane(0.0), kOrigin, M3c2Options{}, highwall::Run(1));
      EXPECT_EQ(f.reason[0], Reason::no_normal) << cloud.rows() << " points, " << off << ": " << f.direction;
      EXPECT_TRUE(std::isnan(f.value_m[0]));
    }
  }
}

TEST(M3c2ByHand, PointsAndCoresThatAreNotFiniteAreLeftOut) {
  Points dirty(445, 3);
  dirty << plane(0.0), rows({{kNan, 0, 0}, {0, kInf, 0}, {0, 0, -kInf}, {kNan, kNan, kNan}});
  const Points cores = rows({{0, 0, 0}, {kNan, 0, 0}, {0, 0, kInf}});
  const DisplacementField f = m3c2(dirty, dirty, cores, M3c2Options{}, highwall::Run(2));
  EXPECT_EQ(f.reason[0], Reason::ok);
  EXPECT_EQ(f.n_before[0], 81U);
  EXPECT_EQ(f.value_m[0], 0.0);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(f.reason[i], Reason::not_finite);
    EXPECT_TRUE(std::isnan(f.value_m[i]));
  }
  const Points all_bad = Points::Constant(50, 3, kNan);
  EXPECT_EQ(m3c2(all_bad, dirty, kOrigin, M3c2Options{}, highwall::Run(1)).reason[0], Reason::no_normal);
}

TEST(M3c2ByHand, SenselessExtentsAreRefusedOrSurvived) {
  Points half(400, 3);
  for (Eigen::Index i = 0; i < 400; ++i) half.row(i) << (i % 2 == 0 ? 1.7e308 : -1.7e308), 0.0, 0.0;
  EXPECT_THROW(m3c2(half, half, kOrigin, M3c2Options{}, highwall::Run(1)), Error);
  Points spread(10, 3);
  for (Eigen::Index i = 0; i < 10; ++i) spread.row(i) << 1e8 * static_cast<double>(i), -1e8 * static_cast<double>(i), 0.0;
  EXPECT_EQ(m3c2(spread, spread, spread, M3c2Options{}, highwall::Run(1)).reason[3], Reason::no_normal);
}

TEST(M3c2ByHand, NormalsPointToTheGivenSide) {
  M3c2Options o;
  o.up = {0.0, 0.0, -1.0};
  EXPECT_NEAR(m3c2(plane(0.0), plane(0.1), kOrigin, o, highwall::Run(1)).value_m[0], -0.1, 1e-12);
  o.scanner_m = {5.0, 5.0, 30.0};
  EXPECT_NEAR(m3c2(plane(0.0), plane(0.1), kOrigin, o, highwall::Run(1)).value_m[0], 0.1, 1e-12);
  const DisplacementField bad = m3c2_along(plane(0), plane(0), kOrigin, rows({{0, 0, 0}}), M3c2Options{}, highwall::Run(1));
  EXPECT_EQ(bad.reason[0], Reason::no_normal);
}

TEST(M3c2ByHand, TheScannerStandsInWorldCoordinates) {
  // A wall across y of a UTM site; the scanner stands before it, south of it: y smaller.
  Frame utm{"EPSG:32650", "", {500000.0, 4190000.0, 0.0}, 0.0};
  const auto wall = [](double y) {
    Points out = plane(0.0);
    out.col(2) = out.col(1);
    out.col(1).setConstant(y);
    return out;
  };
  const Points before = wall(100.0);
  const Points after = wall(99.9);  // has come towards the scanner
  const Points core = rows({{0, 100, 0}});
  M3c2Options o;
  o.scanner_m = {500000.0, 4190050.0, 0.0};
  const auto distance = [&] {
    return m3c2(PointsView(before, utm), PointsView(after, utm), PointsView(core, utm), o, highwall::Run(1)).value_m[0];
  };
  EXPECT_NEAR(distance(), 0.1, 1e-9);
  o.scanner_m = {500000.0, 4190150.0, 0.0};
  EXPECT_NEAR(distance(), -0.1, 1e-9);
}

TEST(M3c2ByHand, WhatCannotBeMeantIsAnError) {
  Frame other;
  other.crs = "EPSG:32719";
  const Points cloud = plane(0.0);
  const auto kind_of = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      return std::string(name_of(e.kind()));
    }
    return std::string("none");
  };
  const M3c2Options o;
  EXPECT_EQ(kind_of([&] { m3c2(cloud, PointsView(cloud, other), cloud, o, highwall::Run(1)); }), "frame");
  EXPECT_EQ(kind_of([&] { m3c2(cloud, cloud, PointsView(cloud, other), o, highwall::Run(1)); }), "frame");
  EXPECT_EQ(kind_of([&] { m3c2_along(cloud, cloud, cloud, kUp, o, highwall::Run(1)); }), "input");
  for (const double bad : {0.0, -1.0, kNan, kInf}) {
    M3c2Options wrong;
    wrong.cylinder_radius_m = bad;
    EXPECT_EQ(kind_of([&] { m3c2(cloud, cloud, cloud, wrong, highwall::Run(1)); }), "config") << bad;
  }
  M3c2Options wrong;
  wrong.up = {1.0, 0.0};
  EXPECT_EQ(kind_of([&] { m3c2(cloud, cloud, cloud, wrong, highwall::Run(1)); }), "config");
}

TEST(M3c2ByHand, StopsWhenAsked) {
  const Points cloud = plane(0.0);
  std::stop_source stop;
  stop.request_stop();
  highwall::Run run(2);
  run.set_stop(stop.get_token());
  try {
    m3c2(cloud, cloud, cloud, M3c2Options{}, run);
    FAIL() << "was not stopped";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace highwall
