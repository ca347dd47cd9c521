// The geometry of a radar's cells against answers that are computed otherwise: planes by hand, and a pit wall by marching along
// each line of sight over its exact surface.
#include "algorithms/radar/scan_geometry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "core/error.hpp"
#include "datasets/pit.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

/// A test has a Run() of its own.
Run threads_of(int threads) { return Run(threads); }

ScanGrid fan(double first_m, double last_m, double step_m, double half_deg, double step_deg) {
  ScanGrid grid;
  for (double r = first_m; r <= last_m; r += step_m) grid.range_m.push_back(r);
  for (double a = -half_deg; a <= half_deg + 1e-9; a += step_deg) grid.azimuth_rad.push_back(a * kRadians);
  grid.rows = grid.range_m.size();
  grid.cols = grid.azimuth_rad.size();
  return grid;
}

/// Points of a parallelogram, one in each square of `spacing`, anywhere in it.
void add_patch(std::vector<Eigen::Vector3d>& out, const Eigen::Vector3d& corner, const Eigen::Vector3d& a,
               const Eigen::Vector3d& b, double spacing, std::mt19937_64& random) {
  std::uniform_real_distribution<double> within(0.0, 1.0);
  const auto na = static_cast<int>(a.norm() / spacing);
  const auto nb = static_cast<int>(b.norm() / spacing);
  for (int i = 0; i < na; ++i) {
    for (int j = 0; j < nb; ++j) out.emplace_back(corner + a * ((i + within(random)) / na) + b * ((j + within(random)) / nb));
  }
}

Points points_of(const std::vector<Eigen::Vector3d>& list) {
  Points out(static_cast<Eigen::Index>(list.size()), 3);
  for (std::size_t i = 0; i < list.size(); ++i) out.row(static_cast<Eigen::Index>(i)) = list[i].transpose();
  return out;
}

TEST(ScanGeometry, AVerticalWallHasItsAreaPlaceAndSight) {
  std::mt19937_64 random(1);
  std::vector<Eigen::Vector3d> wall;
  add_patch(wall, {500, -140, 40}, {0, 280, 0}, {0, 0, 120}, 0.5, random);
  RadarStation station;
  station.position_m = {0, 0, 10};
  station.heading_deg = 90.0;
  const ScanGrid grid = fan(480, 560, 4.0, 12.0, 0.5);
  const ScanGeometry g = scan_geometry(grid, points_of(wall), station, {}, threads_of(2));
  double area = 0.0;
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    if (g.sight[i] == CellSight::no_ground) continue;
    ASSERT_EQ(g.sight[i], CellSight::seen) << i;
    area += g.area_m2[i];
    EXPECT_NEAR(g.position_m[i].x(), 500.0, 1e-6);
    EXPECT_NEAR(g.normal[i].x(), -1.0, 1e-6) << "outwards: towards the radar";
    EXPECT_NEAR((g.line_of_sight[i] - (station.position_m - g.position_m[i]).normalized()).norm(), 0.0, 1e-12);
    EXPECT_NEAR(g.range_m[i], grid.range_m[i / grid.cols], 2.1);
    // Clockwise: south (y < 0) of a radar that looks east is the positive side.
    EXPECT_NEAR(std::atan2(-g.position_m[i].y(), 500.0), grid.azimuth_rad[i % grid.cols], 0.26 * kRadians);
  }
  // The fan's borders cut the wall at +-12.25 degrees.
  const double truth = 2.0 * 500.0 * std::tan(12.25 * kRadians) * 120.0;
  EXPECT_NEAR(area, truth, 0.03 * truth);
}

TEST(ScanGeometry, WhatStandsBehindOrTurnsAwayIsShadow) {
  std::mt19937_64 random(2);
  std::vector<Eigen::Vector3d> scene;
  add_patch(scene, {500, -50, 0}, {0, 100, 0}, {0, 0, 20}, 0.4, random);   // face
  add_patch(scene, {500, -50, 20}, {0, 100, 0}, {30, 0, 0}, 0.4, random);  // berm behind its crest
  add_patch(scene, {530, -50, 20}, {0, 100, 0}, {0, 0, 30}, 0.4, random);  // next face
  const ScanGrid grid = fan(480, 560, 1.0, 4.0, 1.0);
  RadarStation station;
  station.heading_deg = 90.0;
  const auto sees = [&](double height, const Eigen::Vector3d& place) {
    station.position_m = {0, 0, height};
    const ScanGeometry g = scan_geometry(grid, points_of(scene), station, {}, threads_of(2));
    for (Eigen::Index k = 0; k < g.point_m.rows(); ++k) {
      if ((g.point_m.row(k).transpose() - place).norm() < 1.5) return true;
    }
    return false;
  };
  // From below the berm shows its lower side only; of the upper face the crest hides what lies under the line over it.
  EXPECT_TRUE(sees(10, {500, 0, 10}));
  EXPECT_FALSE(sees(10, {515, 0, 20})) << "the berm is turned away";
  const double hidden_to = 20.0 + 10.0 * 30.0 / 500.0;
  EXPECT_TRUE(sees(10, {530, 0, hidden_to + 2.5}));
  // From high above nothing is hidden.
  EXPECT_TRUE(sees(150, {515, 0, 20}));
  EXPECT_TRUE(sees(150, {530, 0, 22}));
  // A bank in front of the radar hides the lower part: line from (0, 0, 10) over (250, 0, 14) meets x = 500 at 18.
  add_patch(scene, {250, -50, 0}, {0, 100, 0}, {0, 0, 14}, 0.2, random);
  EXPECT_FALSE(sees(10, {500, 0, 8}));
  EXPECT_TRUE(sees(10, {530, 0, 40}));
}

TEST(ScanGeometry, TwoSurfacesAtOneRangeAreLayover) {
  std::mt19937_64 random(3);
  std::vector<Eigen::Vector3d> scene;
  // Both 500 m from the radar at the origin, 0 and 12 degrees above it, and facing it.
  const double up = 12.0 * kRadians;
  add_patch(scene, {500, -10, -5}, {0, 20, 0}, {0, 0, 10}, 0.3, random);
  const Eigen::Vector3d far(500 * std::cos(up), 0, 500 * std::sin(up));
  const Eigen::Vector3d slope(-std::sin(up), 0, std::cos(up));
  add_patch(scene, far - 5.0 * slope - Eigen::Vector3d(0, 10, 0), {0, 20, 0}, 10.0 * slope, 0.3, random);
  RadarStation station;
  station.heading_deg = 90.0;
  const ScanGrid grid = fan(490, 510, 5.0, 3.0, 1.0);
  const ScanGeometry g = scan_geometry(grid, points_of(scene), station, {}, threads_of(2));
  const std::size_t middle = 2 * grid.cols + 3;
  EXPECT_EQ(g.sight[middle], CellSight::layover);
  const double truth = 2.0 * 500.0 * 2.0 * std::tan(0.5 * kRadians) * 10.0;
  // Points at a cloud's border stand for some ground beyond it.
  EXPECT_NEAR(g.area_m2[middle], truth, 0.07 * truth) << "of both";
  const double height = g.position_m[middle].z();
  EXPECT_TRUE(std::abs(height) < 1.0 || std::abs(height - far.z()) < 1.0)
      << "on one of the two, not in the air between: " << height;
}

TEST(ScanGeometry, ARailMeasuresTheAngleFromItsNormalPlane) {
  // Any direction of the rail, the y axis too.
  for (const double turn_deg : {0.0, 37.0, 90.0, 180.0}) {
    const Eigen::Vector3d along(std::cos(turn_deg * kRadians), std::sin(turn_deg * kRadians), 0.0);
    const Eigen::Vector3d middle(20, 30, 40);
    const RadarStation station = RadarStation::on_rail(middle - along, middle + along);
    const ScanGrid grid = fan(400, 600, 1.0, 20.0, 0.5);
    const PolarCells cells(grid, station);
    const Eigen::Vector3d across(-along.y(), along.x(), 0.0);
    const Eigen::Vector3d place = middle + 480.0 * across + 120.0 * along + Eigen::Vector3d(0, 0, 60);
    const double range = std::sqrt(480.0 * 480.0 + 120.0 * 120.0 + 60.0 * 60.0);
    const std::size_t cell = cells.at(place);
    ASSERT_LT(cell, grid.cells());
    EXPECT_NEAR(grid.range_m[cell / grid.cols], range, 0.51);
    EXPECT_NEAR(grid.azimuth_rad[cell % grid.cols], std::asin(120.0 / range), 0.26 * kRadians);
  }
  EXPECT_THROW(RadarStation::on_rail({1, 2, 3}, {1, 2, 3}), Error);
}

TEST(ScanGeometry, AxesMayDescend) {
  ScanGrid grid = fan(400, 500, 10.0, 5.0, 1.0);
  RadarStation station;
  const PolarCells up(grid, station);
  std::reverse(grid.azimuth_rad.begin(), grid.azimuth_rad.end());
  const PolarCells down(grid, station);
  const Eigen::Vector3d place(10.0, 450.0, 5.0);
  const std::size_t a = up.at(place);
  const std::size_t b = down.at(place);
  EXPECT_EQ(a / grid.cols, b / grid.cols);
  EXPECT_EQ(a % grid.cols, grid.cols - 1 - b % grid.cols);
  std::swap(grid.range_m[3], grid.range_m[4]);
  EXPECT_THROW(PolarCells(grid, station), Error);
}

/// Seen along the exact surface: nothing stands above the line.
bool marches_to(const Eigen::Vector3d& place, const Eigen::Vector3d& radar) {
  const Eigen::Vector3d ray = (radar - place).normalized();
  for (double r = 1.0;; r += 0.5) {
    const Eigen::Vector3d p = place + r * ray;
    if (p.x() > 0.0) return true;
    if (p.z() < PitWall::profile(p.x(), p.y()) - 0.05) return false;
  }
}

TEST(ScanGeometry, APitWallIsSeenAsByMarchingOverItsSurface) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> within(0.0, 1.0);
  const Eigen::Vector3d radar(300.0, 150.0, 60.0);
  std::vector<Eigen::Vector3d> cloud;
  // Even along the surface: faces get their points in height, berms in plan.
  for (double y = 60.0; y < 240.0; y += 0.6) {
    double x = 0.0;
    while (x > -PitWall::depth_m()) {
      const double slope = (PitWall::profile(x - 0.01, y) - PitWall::profile(x, y)) / 0.01;
      x -= 0.6 / std::hypot(1.0, slope);
      const double yy = y + 0.6 * within(random);
      const double xx = x + 0.1 * within(random);
      cloud.emplace_back(xx, yy, PitWall::profile(xx, yy));
    }
  }
  RadarStation station;
  station.position_m = radar;
  station.heading_deg = 270.0;
  const ScanGrid grid = fan(250, 700, 3.0, 14.0, 0.4);
  const Points points = points_of(cloud);
  const ScanGeometry g = scan_geometry(grid, points, station, {}, threads_of(2));
  const PolarCells cells(grid, station);
  // By cell: the share of its ground that the march reaches.
  std::vector<int> all(grid.cells(), 0);
  std::vector<int> reached(grid.cells(), 0);
  std::vector<int> grazed(grid.cells(), 0);
  std::vector<Eigen::Vector3d> mean(grid.cells(), Eigen::Vector3d::Zero());
  for (const Eigen::Vector3d& p : cloud) {
    const std::size_t cell = cells.at(p);
    if (cell == grid.cells()) continue;
    ++all[cell];
    // Berms at less than 7 degrees are grazed: the one says seen, the other not, and both are right.
    const double slope = (PitWall::profile(p.x() - 0.3, p.y()) - PitWall::profile(p.x() + 0.3, p.y())) / 0.6;
    if (slope < 0.5 && std::abs(radar.z() - p.z()) < 0.12 * (radar - p).norm()) grazed[cell] = 1;
    if (!marches_to(p, radar)) continue;
    ++reached[cell];
    mean[cell] += p;
  }
  int judged = 0;
  int right = 0;
  int placed = 0;
  int near = 0;
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    if (all[i] < 6 || grazed[i] != 0) continue;
    const bool truth = reached[i] > 0;
    if (truth && reached[i] * 3 < all[i]) continue;  // A sliver at an edge.
    ++judged;
    const bool found = g.sight[i] == CellSight::seen || g.sight[i] == CellSight::layover;
    right += found == truth ? 1 : 0;
    if (!found || !truth) continue;
    ++placed;
    near += (g.position_m[i] - mean[i] / reached[i]).norm() < 3.0 ? 1 : 0;
  }
  ASSERT_GT(judged, 2000);
  EXPECT_GT(right, 0.97 * judged) << right << " of " << judged;
  EXPECT_GT(near, 0.95 * placed) << near << " of " << placed;
}

TEST(ScanGeometry, SameBitsOnAnyNumberOfThreadsAndNoGroundIsNoNumber) {
  std::mt19937_64 random(5);
  std::vector<Eigen::Vector3d> wall;
  add_patch(wall, {500, -60, -20}, {0, 120, 0}, {40, 0, 60}, 0.8, random);
  wall.emplace_back(std::nan(""), 0.0, 0.0);
  RadarStation station;
  station.heading_deg = 90.0;
  const ScanGrid grid = fan(490, 560, 2.0, 10.0, 0.5);
  const ScanGeometry one = scan_geometry(grid, points_of(wall), station, {}, threads_of(1));
  for (const int threads : {2, 3}) {
    const ScanGeometry many = scan_geometry(grid, points_of(wall), station, {}, threads_of(threads));
    EXPECT_EQ(one.sight, many.sight);
    EXPECT_EQ(one.point_cell, many.point_cell);
    for (std::size_t i = 0; i < grid.cells(); ++i) {
      if (one.sight[i] != CellSight::seen) continue;
      EXPECT_EQ(one.position_m[i], many.position_m[i]);
    }
  }
  EXPECT_GT(one.count(CellSight::no_ground), 0U);
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    if (one.sight[i] != CellSight::no_ground) continue;
    EXPECT_TRUE(std::isnan(one.area_m2[i]));
    EXPECT_FALSE(one.position_m[i].allFinite());
  }
  const ScanGrid told = with_geometry(grid, one, Frame{});
  EXPECT_EQ(told.area_m2.size(), grid.cells());
}

TEST(ScanGeometry, GroundThatCannotBeIsAnError) {
  const ScanGrid grid = fan(490, 560, 2.0, 10.0, 0.5);
  EXPECT_THROW(scan_geometry(grid, Points(0, 3), {}, {}, threads_of(1)), Error);
  EXPECT_THROW(scan_geometry(grid, Points(Points::Zero(1, 3)), {}, {}, threads_of(1)), Error);
  EXPECT_THROW(scan_geometry(ScanGrid{}, Points(Points::Random(100, 3)), {}, {}, threads_of(1)), Error);
  GeometryOptions options;
  options.grazing_deg = 10.0;
  EXPECT_THROW(scan_geometry(grid, Points(Points::Random(100, 3)), {}, options, threads_of(1)), Error);
  EXPECT_THROW(scan_geometry(grid, Points(Points::Zero(100, 3)), {}, {}, threads_of(1)), Error) << "all in one place";
  // Where the fan does not look.
  EXPECT_EQ(scan_geometry(grid, Points(100.0 * Points::Random(100, 3)), {}, {}, threads_of(1)).count(CellSight::no_ground),
            grid.cells());
}

}  // namespace
}  // namespace highwall
