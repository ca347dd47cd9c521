#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numbers>

#include "algorithms/surface/benches.hpp"
#include "algorithms/surface/raster.hpp"
#include "algorithms/surface/volumes.hpp"
#include "core/error.hpp"
#include "core/series.hpp"
#include "datasets/random.hpp"

namespace highwall {
namespace {

const highwall::Run kRun(2);

/// Points of a surface on a lattice off the cells' borders.
Points lattice(double width, double depth, double step, const std::function<double(double, double)>& height) {
  const auto nx = static_cast<Eigen::Index>(std::lround(width / step));
  const auto ny = static_cast<Eigen::Index>(std::lround(depth / step));
  Points out(nx * ny, 3);
  for (Eigen::Index i = 0; i < out.rows(); ++i) {
    const double x = (static_cast<double>(i % nx) + 0.5) * step;
    const double y = (static_cast<double>(i / nx) + 0.5) * step;
    out.row(i) << x, y, height(x, y);
  }
  return out;
}

DemDifference difference_of(const Points& before, const Points& after, double cell_m,
                            const Registration* registration = nullptr) {
  DemOptions options;
  options.cell_m = cell_m;
  const std::array<PointsView, 2> both{before, after};
  const GridGeometry g = raster_over(both, cell_m);
  return dem_of_difference(dem(before, g, options, kRun), dem(after, g, options, kRun), {}, registration, {}, kRun);
}

Polygon square(const char* name, double x0, double y0, double x1, double y1) {
  return {name, {{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}, {}};
}

TEST(Dem, ATiltedPlaneIsExactAndItsSlopeIsNoNoise) {
  const auto plane = [](double x, double y) { return 5.0 + 1.2 * x - 0.7 * y; };
  DemOptions options;
  options.cell_m = 1.0;
  const Dem d = dem(lattice(20.0, 10.0, 0.23, plane), options, kRun);
  ASSERT_EQ(d.geometry.cols, 20U);
  ASSERT_EQ(d.geometry.rows, 10U);
  for (std::size_t i = 0; i < d.size(); ++i) {
    const Eigen::Vector2d xy = centre_of(d.geometry, i);
    ASSERT_EQ(d.reason[i], Reason::ok);
    EXPECT_NEAR(d.height_m[i], plane(xy.x(), xy.y()), 1e-9);
    EXPECT_LT(d.sigma_m[i], 1e-9);
    EXPECT_NEAR(d.slope_x[i], 1.2, 1e-9);
  }
}

TEST(Dem, SigmaIsTheErrorThatIsMade) {
  const Random noise(3, 3);
  std::uint64_t k = 0;
  double square_sum = 0.0;
  double n = 0.0;
  const auto rough = [&](double x, double y) { return 0.8 * x + 0.1 * y + 0.05 * noise.normal(k++); };
  DemOptions options;
  for (const char* statistic : {"plane", "median"}) {
    options.statistic = statistic;
    const Dem d = dem(lattice(60.0, 40.0, 0.3, rough), options, kRun);
    square_sum = n = 0.0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      if (d.reason[i] != Reason::ok) continue;
      const Eigen::Vector2d xy = centre_of(d.geometry, i);
      const double z = (d.height_m[i] - 0.8 * xy.x() - 0.1 * xy.y()) / d.sigma_m[i];
      square_sum += z * z;
      n += 1.0;
    }
    ASSERT_GT(n, 2000.0);
    EXPECT_NEAR(std::sqrt(square_sum / n), 1.0, 0.2) << statistic;
  }
}

TEST(Dem, SparseCellsBorrowFromTheirNeighboursAndLonelyOnesHaveNoSigma) {
  Points p = lattice(6.0, 6.0, 0.75, [](double x, double) { return 2.0 * x; });
  p.conservativeResize(p.rows() + 1, 3);
  p.bottomRows(1) << 8.1, 0.5, 1.0;
  const Dem d = dem(p, DemOptions{}, kRun);
  const std::size_t sparse = cell_at(d.geometry, 3.2, 3.2);
  EXPECT_LT(d.count[sparse], 4U);
  EXPECT_EQ(d.reason[sparse], Reason::ok);
  EXPECT_NEAR(d.height_m[sparse], 2.0 * centre_of(d.geometry, sparse).x(), 1e-9);
  const std::size_t lonely = cell_at(d.geometry, 8.1, 0.5);
  EXPECT_EQ(d.reason[lonely], Reason::few_points);
  EXPECT_EQ(d.height_m[lonely], 1.0);
  EXPECT_TRUE(std::isnan(d.sigma_m[lonely]));
  const std::size_t empty = cell_at(d.geometry, 7.5, 3.5);
  EXPECT_EQ(d.reason[empty], Reason::empty_both);
  EXPECT_TRUE(std::isnan(d.height_m[empty]));
}

TEST(Dem, AWallHasNoHeightInPlan) {
  const Points wall = lattice(4.0, 4.0, 0.2, [](double x, double) { return 12.0 * x; });
  const Dem d = dem(wall, DemOptions{}, kRun);
  for (const Reason r : d.reason) EXPECT_EQ(r, Reason::not_observable);
  for (const double z : d.height_m) EXPECT_TRUE(std::isnan(z));
}

TEST(Raster, StrayPointsDoNotMakeItLargeAndBordersAreMultiplesInTheWorld) {
  Points p = lattice(30.0, 20.0, 0.5, [](double, double) { return 0.0; });
  p.conservativeResize(p.rows() + 2, 3);
  p.bottomRows(2) << -512345.0, -3880000.0, 0.0, std::numeric_limits<double>::infinity(), 0.0, 0.0;
  Frame frame;
  frame.origin_m = {512000.3, 3880000.7, 80.0};
  const std::array<PointsView, 1> one{PointsView(p, frame)};
  const GridGeometry g = raster_over(one, 2.0);
  EXPECT_LT(g.cells(), 1000U);
  EXPECT_NEAR(std::remainder(g.affine[0] + 512000.3, 2.0), 0.0, 1e-6);
  EXPECT_NEAR(std::remainder(g.affine[3] + 3880000.7, 2.0), 0.0, 1e-6);
  EXPECT_THROW(raster_over(one, 1e-4), Error);
  const Dem d = dem(one[0], g, DemOptions{}, kRun);
  EXPECT_EQ(d.outside, 2U);
  EXPECT_EQ(dem(Points(0, 3), DemOptions{}, kRun).size(), 0U);
  Points lost = Points::Constant(3, 3, kNaN);
  EXPECT_EQ(dem(lost, DemOptions{}, kRun).size(), 0U);
  Points single(1, 3);
  single << 1.0, 2.0, 3.0;
  const Dem s = dem(single, DemOptions{}, kRun);
  ASSERT_EQ(s.size(), 1U);
  EXPECT_EQ(s.reason[0], Reason::few_points);
}

TEST(Volumes, AShiftedTiltedPlaneIsExact) {
  const auto plane = [](double x, double y) { return 0.9 * x - 0.3 * y; };
  const Points before = lattice(20.0, 12.0, 0.25, plane);
  const Points after = lattice(20.0, 12.0, 0.25, [&](double x, double y) { return plane(x, y) - 0.37; });
  const DemDifference d = difference_of(before, after, 1.0);
  for (const double v : d.difference_m) EXPECT_NEAR(v, -0.37, 1e-9);
  const VolumeTable t = volumes(d, {square("west", 0.0, 0.0, 10.0, 12.0)}, nullptr, {}, kRun);
  ASSERT_EQ(t.clusters.size(), 1U);
  EXPECT_NEAR(t.clusters[0].volume.value_m3, -0.37 * 240.0, 1e-6);
  EXPECT_NEAR(t.zones[0].loss.value_m3, -0.37 * 120.0, 1e-6);
  EXPECT_NEAR(t.total.net.value_m3, -0.37 * 240.0, 1e-6);
  EXPECT_EQ(t.total.gain.value_m3, 0.0);
  EXPECT_NE(t.sentence.find("no stable ground"), std::string::npos);
  EXPECT_FALSE(d.calibration.done);
}

TEST(Volumes, ABoxThatIsRemovedAndOneThatIsAddedAreExact) {
  const Random noise(5, 5);
  std::uint64_t k = 0;
  const auto ground = [&](double, double) { return 0.003 * noise.normal(k++); };
  const auto boxes = [&](double x, double y) {
    if (x > 6.0 && x < 12.0 && y > 5.0 && y < 9.0) return ground(x, y) - 3.0;
    if (x > 20.0 && x < 23.0 && y > 20.0 && y < 22.0) return ground(x, y) + 1.5;
    return ground(x, y);
  };
  const DemDifference d = difference_of(lattice(40.0, 40.0, 0.2, ground), lattice(40.0, 40.0, 0.2, boxes), 1.0);
  EXPECT_TRUE(d.calibration.done) << d.calibration.sentence;
  EXPECT_NEAR(d.calibration.false_alarms, 0.05, 0.03);
  const VolumeTable t = volumes(d, {}, nullptr, {}, kRun);
  ASSERT_EQ(t.clusters.size(), 2U);
  const ChangeCluster& loss = t.clusters[0];
  EXPECT_FALSE(loss.gain);
  EXPECT_NEAR(loss.volume.value_m3, -72.0, loss.volume.half95_m3);
  EXPECT_LT(loss.volume.half95_m3, 0.5);
  EXPECT_NEAR(loss.area_m2, 26.0, 2.01);  // One cell in twenty beside it is a false alarm and joins.
  EXPECT_NEAR(loss.place_m.x(), 9.0, 0.4);
  EXPECT_NEAR(t.clusters[1].volume.value_m3, 9.0, t.clusters[1].volume.half95_m3);
  EXPECT_NEAR(t.total.loss.value_m3 + t.total.gain.value_m3, -63.0, 0.5);
}

TEST(Volumes, ASphereCapIsWithinAPercent) {
  constexpr double kRadius = 20.0, kHigh = 2.0;
  const auto cap = [&](double x, double y) {
    const double r2 = (x - 20.0) * (x - 20.0) + (y - 20.0) * (y - 20.0);
    return std::max(0.0, std::sqrt(std::max(0.0, kRadius * kRadius - r2)) - (kRadius - kHigh));
  };
  const DemDifference d =
      difference_of(lattice(40.0, 40.0, 0.1, [](double, double) { return 0.0; }), lattice(40.0, 40.0, 0.1, cap), 0.5);
  const VolumeTable t = volumes(d, {}, nullptr, {}, kRun);
  const double truth = std::numbers::pi * kHigh * kHigh * (3.0 * kRadius - kHigh) / 3.0;
  ASSERT_FALSE(t.clusters.empty());
  EXPECT_NEAR(t.clusters[0].volume.value_m3, truth, 0.01 * truth);
}

TEST(Volumes, MissingCellsHaveAReasonAndAreToldBesideTheVolume) {
  const auto flat = [](double, double) { return 0.0; };
  const auto dug = [](double x, double y) { return x > 5.0 && x < 11.0 && y > 5.0 && y < 11.0 ? -2.0 : 0.0; };
  Points before = lattice(20.0, 20.0, 0.25, flat);
  Points after = lattice(20.0, 20.0, 0.25, dug);
  Points kept(after.rows(), 3);
  Eigen::Index n = 0;
  for (Eigen::Index i = 0; i < after.rows(); ++i) {
    const bool hidden = after(i, 0) > 7.0 && after(i, 0) < 9.0 && after(i, 1) > 7.0 && after(i, 1) < 8.0;
    if (!hidden) kept.row(n++) = after.row(i);
  }
  const DemDifference d = difference_of(before, kept.topRows(n), 1.0);
  const std::size_t hole = cell_at(d.geometry, 7.5, 7.5);
  EXPECT_EQ(d.reason[hole], Reason::empty_after);
  EXPECT_TRUE(std::isnan(d.difference_m[hole]));
  const VolumeTable t = volumes(d, {}, nullptr, {}, kRun);
  ASSERT_EQ(t.clusters.size(), 1U);
  EXPECT_NEAR(t.clusters[0].volume.value_m3, -68.0, 1e-6);
  EXPECT_NEAR(t.clusters[0].unmeasured_m2, 2.0, 1e-9);
  EXPECT_NEAR(t.total.unmeasured_m2, 2.0, 1e-9);
}

TEST(Volumes, TheRegistrationIsCarriedToCellAndSum) {
  // On a slope of 45 degrees a shift along x raises or lowers the ground by as much as one along z.
  const auto slope = [](double x, double) { return x; };
  Registration r;
  r.covariance(0, 0) = 0.01 * 0.01;
  r.covariance(2, 2) = 0.02 * 0.02;
  const Points p = lattice(20.0, 20.0, 0.25, slope);
  const DemDifference d = difference_of(p, p, 1.0, &r);
  for (const double s : d.registration_m) EXPECT_NEAR(s, std::hypot(0.01, 0.02), 1e-9);
  for (const double limit : d.lod95_m) EXPECT_GT(limit, 1.96 * std::hypot(0.01, 0.02) - 1e-9);
  const VolumeTable t = volumes(d, {}, &r, {}, kRun);
  // All cells share it: it does not average out.
  EXPECT_NEAR(t.total.net.registration95_m3 / 400.0, 1.96 * std::hypot(0.01, 0.02), 0.2 * 1.96 * std::hypot(0.01, 0.02));
  EXPECT_GE(t.total.net.half95_m3, 400.0 * 1.95 * std::hypot(0.01, 0.02));
}

/// Three benches of 10 m with berms of 12 m.
double stairs(double x, double) {
  const double on = std::fmod(x, 16.0);
  return 100.0 + 10.0 * std::floor(x / 16.0) + (on < 4.0 ? 2.5 * on : 10.0);
}

TEST(Benches, FloorsAreFoundAndColumnsAreSharedOut) {
  const Dem d = dem(lattice(48.0, 40.0, 0.2, stairs), DemOptions{}, kRun);
  const std::vector<double> floors = find_bench_floors(d, 5.0);
  ASSERT_EQ(floors.size(), 3U);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(floors[k], 110.0 + 10.0 * static_cast<double>(k), 0.05);
  const Benches benches({0.0, 10.0, 20.0});
  std::vector<std::pair<std::size_t, double>> shares;
  const auto one = [&](double a, double b) {
    benches.split(a, b, shares);
    return shares;
  };
  EXPECT_EQ(one(0.1, 9.9), (std::vector<std::pair<std::size_t, double>>{{0, 1.0}}));
  EXPECT_EQ(one(10.2, -0.2), (std::vector<std::pair<std::size_t, double>>{{0, 1.0}}));  // Rough floors are one bench's.
  EXPECT_EQ(one(10.0, 10.0), (std::vector<std::pair<std::size_t, double>>{{1, 1.0}}));
  EXPECT_EQ(one(-5.0, -4.0), (std::vector<std::pair<std::size_t, double>>{{0, 1.0}}));
  const auto high = one(5.0, 25.0);
  ASSERT_EQ(high.size(), 3U);
  EXPECT_NEAR(high[0].second, 0.25, 1e-12);
  EXPECT_NEAR(high[1].second, 0.5, 1e-12);
  EXPECT_NEAR(high[2].second, 0.25, 1e-12);
  EXPECT_TRUE(one(kNaN, 1.0).empty());
}

TEST(Benches, VolumesOfBenchesAddUpToTheWhole) {
  const Points before = lattice(48.0, 40.0, 0.2, stairs);
  const Points after = lattice(48.0, 40.0, 0.2, [](double x, double y) {
    return x > 16.0 && x < 28.0 && y > 10.0 && y < 20.0 ? std::min(stairs(x, y), 110.0) : stairs(x, y);
  });
  const DemDifference d = difference_of(before, after, 1.0);
  VolumeOptions options;
  options.bench_floors_m = {100.0, 110.0, 120.0, 130.0};
  const VolumeTable t = volumes(d, {}, nullptr, options, kRun);
  ASSERT_EQ(t.benches.size(), 4U);
  double net = 0.0;
  for (const VolumeRow& r : t.benches) net += r.net.value_m3;
  EXPECT_NEAR(net, t.total.net.value_m3, 1e-6);
  // 4 m of face of half height, 8 m of berm; all of it between 110 and 120 m.
  EXPECT_NEAR(t.benches[1].loss.value_m3, -(4.0 * 5.0 + 8.0 * 10.0) * 10.0, 10.0);
  EXPECT_NEAR(t.benches[2].loss.value_m3, 0.0, 1e-6);
  EXPECT_EQ(t.clusters[0].bench, "110.0-120.0 m");
}

TEST(FaceVolumes, AreasOfCorePointsAddUpToTheSurfaceAlsoRoundAnEdge) {
  // A vertical wall and a floor that meet at x = 0.
  const Random random(11, 1);
  Points p(1600, 3);
  Points normal(1600, 3);
  for (Eigen::Index i = 0; i < 1600; ++i) {
    const auto k = static_cast<std::uint64_t>(i);
    const double a = (static_cast<double>(i % 20) + random.uniform(2 * k)) * 0.5;
    const double y = (static_cast<double>(i / 20 % 40) + random.uniform(2 * k + 1)) * 0.5;
    if (i < 800) {
      p.row(i) << a, y, 0.0;
      normal.row(i) << 0.0, 0.0, 1.0;
    } else {
      p.row(i) << 0.0, y, a;
      normal.row(i) << 1.0, 0.0, 0.0;
    }
  }
  const std::vector<double> area = core_areas(p, normal, 0.5, kRun);
  // Away from the outer borders, which reach half a metre beyond.
  double sum = 0.0;
  for (Eigen::Index i = 0; i < 1600; ++i) {
    if (p(i, 0) + p(i, 2) < 6.0 && p(i, 1) > 2.0 && p(i, 1) < 18.0) sum += area[static_cast<std::size_t>(i)];
  }
  EXPECT_NEAR(sum, 192.0, 4.0);
}

TEST(FaceVolumes, ASlabOffAVerticalWallIsMeasuredAlongTheNormal) {
  const Random random(12, 1);
  DisplacementField f = DisplacementField::of_size(3200, Reason::ok);
  f.position_m.resize(3200, 3);
  f.direction.resize(3200, 3);
  for (Eigen::Index i = 0; i < 3200; ++i) {
    const auto k = static_cast<std::uint64_t>(i);
    const double y = (static_cast<double>(i % 80) + random.uniform(3 * k)) * 0.5;
    const double z = (static_cast<double>(i / 80) + random.uniform(3 * k + 1)) * 0.5;
    f.position_m.row(i) << 0.0, y, z;
    f.direction.row(i) << 1.0, 0.0, 0.0;
    const bool gone = y > 10.0 && y < 20.0 && z > 5.0 && z < 11.0;
    const auto n = static_cast<std::size_t>(i);
    f.value_m[n] = (gone ? -0.5 : 0.0) + 0.01 * random.normal(3 * k + 2);
    f.sigma_m[n] = 0.01;
    f.lod95_m[n] = 0.0196;
    f.n_before[n] = f.n_after[n] = 10;
  }
  VolumeOptions options;
  options.spacing_m = 0.5;
  options.least_area_m2 = 3.0;
  const VolumeTable t = face_volumes(f, {}, {}, nullptr, options, kRun);
  ASSERT_FALSE(t.clusters.empty());
  EXPECT_NEAR(t.clusters[0].volume.value_m3, -30.0, 1.0);
  EXPECT_NEAR(t.clusters[0].steep_share, 1.0, 1e-9);
  EXPECT_GT(t.growth.side_m.size(), 2U);
}

TEST(Surface, TheSameBitsOnAnyNumberOfThreads) {
  const Random noise(5, 5);
  std::uint64_t k = 0;
  const auto ground = [&](double x, double y) { return 0.4 * x + 0.1 * std::sin(y) + 0.02 * noise.normal(k++); };
  const Points before = lattice(30.0, 30.0, 0.2, ground);
  const Points after =
      lattice(30.0, 30.0, 0.2, [&](double x, double y) { return ground(x, y) - (x > 10 && x < 15 && y > 9 && y < 14 ? 1 : 0); });
  const auto numbers = [&](int threads) {
    const highwall::Run run(threads);
    const std::array<PointsView, 2> both{before, after};
    const GridGeometry g = raster_over(both, 1.0);
    const DemDifference d = dem_of_difference(dem(before, g, {}, run), dem(after, g, {}, run), {}, nullptr, {}, run);
    const VolumeTable t = volumes(d, {}, nullptr, {}, run);
    std::vector<double> out = d.difference_m;
    out.insert(out.end(), d.lod95_m.begin(), d.lod95_m.end());
    for (const ChangeCluster& c : t.clusters) out.insert(out.end(), {c.volume.value_m3, c.volume.half95_m3});
    return out;
  };
  const std::vector<double> one = numbers(1);
  for (const int threads : {2, 3}) {
    const std::vector<double> many = numbers(threads);
    ASSERT_EQ(many.size(), one.size());
    EXPECT_EQ(std::memcmp(many.data(), one.data(), one.size() * sizeof(double)), 0) << threads;
  }
}

TEST(Surface, WhatDoesNotFitIsRefused) {
  const Points p = lattice(5.0, 5.0, 0.25, [](double, double) { return 0.0; });
  DemOptions options;
  const Dem a = dem(p, options, kRun);
  options.cell_m = 2.0;
  const Dem b = dem(p, options, kRun);
  EXPECT_THROW(dem_of_difference(a, b, {}, nullptr, {}, kRun), Error);
  EXPECT_THROW(dem_of_difference(a, a, {1, 1}, nullptr, {}, kRun), Error);
  Frame other;
  other.origin_m = {1.0, 0.0, 0.0};
  EXPECT_THROW(dem(PointsView(p, other), a.geometry, {}, kRun), Error);
  const DemDifference d = dem_of_difference(a, a, {}, nullptr, {}, kRun);
  Polygon zone = square("z", 0.0, 0.0, 1.0, 1.0);
  zone.frame = other;
  EXPECT_THROW(volumes(d, {zone}, nullptr, {}, kRun), Error);
  options.statistic = "best";
  EXPECT_THROW(dem(p, options, kRun), Error);
}

}  // namespace
}  // namespace highwall
