// The calibrated distance and its limit: what holds for any pair of clouds, and what was promised of the limit.
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <cstring>

#include "algorithms/compare/calibrated.hpp"
#include "core/error.hpp"
#include "core/statistics.hpp"
#include "datasets/random.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

Points every(const Points& cloud, Eigen::Index step) {
  Points out(cloud.rows() / step, 3);
  for (Eigen::Index i = 0; i < out.rows(); ++i) out.row(i) = cloud.row(step * i);
  return out;
}

struct Pair {
  Points before;
  Points after;
  Points cores;
};

/// Two scans of a slope of which a square of 12 m about its middle has come out by `step_m`, straight up.
Pair scans(std::uint64_t seed, double side_m, double step_m) {
  RoughSlope slope;
  slope.side_m = side_m;
  slope.spacing_m = 0.1;
  const auto motion = [=](const Eigen::Vector3d& p) {
    const bool moves = std::abs(p.x() - side_m / 2.0) < 6.0 && std::abs(p.y() - side_m / 2.0) < 6.0;
    return Eigen::Vector3d(p.x(), p.y(), p.z() + (moves ? step_m : 0.0));
  };
  Pair out{slope.scan(2 * seed), slope.scan(2 * seed + 1, motion), {}};
  out.cores = every(out.before, 61);
  return out;
}

bool rests(const Points& cores, std::size_t i, double side_m) {
  const auto row = static_cast<Eigen::Index>(i);
  const double x = cores(row, 0);
  const double y = cores(row, 1);
  const bool near_edge = std::min({x, y, side_m - x, side_m - y}) < 1.0;
  return !near_edge && (std::abs(x - side_m / 2.0) > 8.0 || std::abs(y - side_m / 2.0) > 8.0);
}

TEST(Calibrated, FalseAlarmsAreFivePercentAndTheLimitIsSharperThanTheClassicOne) {
  const double side_m = 60.0;
  double alarms = 0.0;
  double count = 0.0;
  double sharper = 0.0;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Pair pair = scans(seed, side_m, 0.05);
    const M3c2Options options;
    DisplacementField field = m3c2(pair.before, pair.after, pair.cores, options, highwall::Run(2));
    const LimitCalibration found =
        measure_calibrated(pair.before, pair.after, field, {}, options, CalibrateOptions{}, highwall::Run(2));
    ASSERT_TRUE(found.done) << found.sentence;
    std::size_t wrong = 0;
    std::size_t moving = 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field.reason_calibrated[i] != Reason::ok) continue;
      if (rests(pair.cores, i, side_m)) {
        alarms += std::abs(field.calibrated_m[i]) > field.lod95_calibrated_m[i] ? 1.0 : 0.0;
        sharper += field.lod95_calibrated_m[i] < field.lod95_m[i] ? 1.0 : 0.0;
        count += 1.0;
      }
      const auto row = static_cast<Eigen::Index>(i);
      const double off = std::max(std::abs(pair.cores(row, 0) - side_m / 2.0), std::abs(pair.cores(row, 1) - side_m / 2.0));
      if (off > 5.0) continue;
      ++moving;
      wrong += found.stable[i];
      EXPECT_NEAR(field.calibrated_m[i], 0.05 * field.direction(row, 2), 0.012);
    }
    EXPECT_GT(moving, 100U);
    EXPECT_EQ(wrong, 0U) << "moving ground was taken for ground at rest";
    EXPECT_NEAR(found.false_alarms, 0.05, 0.015) << found.sentence;
  }
  EXPECT_GT(count, 10000.0);
  EXPECT_GT(alarms / count, 0.04);
  EXPECT_LT(alarms / count, 0.06);
  EXPECT_GT(sharper / count, 0.99);
}

/// A small rigid motion of the whole second scan, as a registration leaves it.
Points misregistered(Points cloud, const Eigen::Vector3d& shift, const Eigen::Vector3d& turn, const Eigen::Vector3d& centre) {
  for (Eigen::Index i = 0; i < cloud.rows(); ++i) {
    const Eigen::Vector3d p = cloud.row(i).transpose();
    cloud.row(i) = (p + shift + turn.cross(p - centre)).transpose();
  }
  return cloud;
}

TEST(Calibrated, AShiftThatStableGroundSharesIsTakenOutAndTold) {
  const double side_m = 60.0;
  for (const std::uint64_t seed : {11, 12}) {
    Pair pair = scans(seed, side_m, 0.05);
    const M3c2Options options;
    DisplacementField straight = m3c2(pair.before, pair.after, pair.cores, options, highwall::Run(2));
    ASSERT_TRUE(measure_calibrated(pair.before, pair.after, straight, {}, options, CalibrateOptions{}, highwall::Run(2)).done);
    // 5 mm along the mean normal of the slope, and a turn that makes 3 mm of it at the edges.
    const Eigen::Vector3d along = Eigen::Vector3d(-1.0, 0.0, 1.0).normalized();
    pair.after = misregistered(pair.after, 0.005 * along, {1e-4, 5e-5, 0.0}, {30.0, 30.0, 30.0});
    DisplacementField field = m3c2(pair.before, pair.after, pair.cores, options, highwall::Run(2));
    const LimitCalibration found =
        measure_calibrated(pair.before, pair.after, field, {}, options, CalibrateOptions{}, highwall::Run(2));
    ASSERT_TRUE(found.done) << found.sentence;
    EXPECT_NEAR(found.shift_rms_m, 0.0053, 0.0006) << found.sentence;
    EXPECT_NE(found.sentence.find("taken out"), std::string::npos);
    double alarms = 0.0, count = 0.0, wider = 0.0, both = 0.0;
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field.reason_calibrated[i] != Reason::ok) continue;
      if (rests(pair.cores, i, side_m)) {
        alarms += std::abs(field.calibrated_m[i]) > field.lod95_calibrated_m[i] ? 1.0 : 0.0;
        count += 1.0;
      }
      if (straight.reason_calibrated[i] != Reason::ok) continue;
      wider += field.lod95_calibrated_m[i] / straight.lod95_calibrated_m[i];
      both += 1.0;
    }
    EXPECT_GT(alarms / count, 0.035) << found.sentence;
    EXPECT_LT(alarms / count, 0.065) << found.sentence;
    EXPECT_LT(wider / both, 1.1) << "the shift's uncertainty is small where much ground rests";
  }
}

TEST(Calibrated, AShiftTooLargeForARegistrationIsNotTakenOut) {
  Pair pair = scans(13, 40.0, 0.0);
  const Eigen::Vector3d along = Eigen::Vector3d(-1.0, 0.0, 1.0).normalized();
  pair.after = misregistered(pair.after, 0.03 * along, Eigen::Vector3d::Zero(), Eigen::Vector3d::Zero());
  DisplacementField field = m3c2(pair.before, pair.after, pair.cores, M3c2Options{}, highwall::Run(2));
  const LimitCalibration found =
      measure_calibrated(pair.before, pair.after, field, {}, M3c2Options{}, CalibrateOptions{}, highwall::Run(2));
  EXPECT_FALSE(found.done);
  EXPECT_NE(found.sentence.find("mm together"), std::string::npos) << found.sentence;
  EXPECT_NE(found.sentence.find("most_shift_m"), std::string::npos) << found.sentence;
  for (std::size_t i = 0; i < field.size(); ++i) {
    EXPECT_TRUE(std::isnan(field.calibrated_m[i]));
    EXPECT_EQ(found.stable[i], 0);
  }
  // Stated ground is the user's word: its shift is taken out, whatever its size.
  const LimitCalibration stated = measure_calibrated(pair.before, pair.after, field, std::vector<std::uint8_t>(field.size(), 1),
                                                     M3c2Options{}, CalibrateOptions{}, highwall::Run(2));
  ASSERT_TRUE(stated.done);
  EXPECT_NEAR(stated.shift_rms_m, 0.03, 0.002);
}

TEST(SharedShift, IsThatOfPlanesAtAnyAngleAndItsIntervalCovers) {
  // Against a known motion: 400 planes at random, noise that hangs together in cubes, a fifth of them moving by themselves.
  std::size_t covered = 0;
  constexpr std::size_t kTrials = 200;
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    const Random random(trial, 5);
    constexpr Eigen::Index n = 1200;
    Points places(n, 3), normals(n, 3);
    std::vector<double> value(n), sigma(n, 0.001);
    std::vector<std::size_t> list;
    Eigen::Matrix<double, 6, 1> motion;
    motion << 0.004, -0.003, 0.005, 4e-5, -5e-5, 3e-5;
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto k = static_cast<std::uint64_t>(i);
      for (std::uint64_t c = 0; c < 3; ++c) {
        places(i, static_cast<Eigen::Index>(c)) = 100.0 * random.uniform(10 * k + c);
        normals(i, static_cast<Eigen::Index>(c)) = random.normal(10 * k + 3 + c);
      }
      normals.row(i).normalize();
      Eigen::Matrix<double, 6, 1> row;
      row << normals.row(i).transpose(),
          (places.row(i).transpose() - Eigen::Vector3d::Constant(50.0)).cross(Eigen::Vector3d(normals.row(i).transpose()));
      const Eigen::Vector3d cube = (places.row(i).transpose() / 10.0).array().floor();
      const auto shared = static_cast<std::uint64_t>(cube.x() + 10.0 * cube.y() + 100.0 * cube.z());
      value[k] = row.dot(motion) + 0.001 * random.normal(10 * k + 6) + 0.001 * random.normal(1000000 + shared) +
                 (i % 5 == 0 ? 0.05 : 0.0);
      list.push_back(k);
    }
    const SharedShift found = fit_shared_shift(places, normals, value, sigma, list, 0.1, 10.0);
    ASSERT_TRUE(found.found);
    const Eigen::Vector3d place(80.0, 20.0, 50.0);
    const Eigen::Vector3d normal = Eigen::Vector3d(1.0, 2.0, 2.0) / 3.0;
    Eigen::Matrix<double, 6, 1> row;
    row << normal, (place - Eigen::Vector3d::Constant(50.0)).cross(normal);
    const double error = found.along(place, normal) - row.dot(motion);
    EXPECT_LT(std::abs(error), 0.001);
    covered += std::abs(error) <= kNormal95 * found.sigma_m(place, normal) ? 1 : 0;
  }
  // 95 % of 200 is 190; binomial, one in a thousand on either side.
  EXPECT_GE(covered, 180U);
  EXPECT_LE(covered, 199U);
}

TEST(Calibrated, SameBitsOnAnyNumberOfThreads) {
  const Pair pair = scans(4, 16.0, 0.0);
  const auto bytes = [&](int threads) {
    DisplacementField field = m3c2(pair.before, pair.after, pair.cores, M3c2Options{}, highwall::Run(threads));
    static_cast<void>(
        measure_calibrated(pair.before, pair.after, field, {}, M3c2Options{}, CalibrateOptions{}, highwall::Run(threads)));
    std::string out(reinterpret_cast<const char*>(field.calibrated_m.data()), field.size() * sizeof(double));
    out.append(reinterpret_cast<const char*>(field.lod95_calibrated_m.data()), field.size() * sizeof(double));
    return out;
  };
  const std::string one = bytes(1);
  EXPECT_TRUE(one == bytes(2));
  EXPECT_TRUE(one == bytes(3));
}

TEST(Calibrated, WithoutGroundAtRestThereIsNoValueButAReason) {
  const Pair pair = scans(5, 16.0, 0.0);
  DisplacementField field = m3c2(pair.before, pair.after, pair.cores, M3c2Options{}, highwall::Run(2));
  const std::vector<std::uint8_t> nowhere(field.size(), 0);
  const LimitCalibration found =
      measure_calibrated(pair.before, pair.after, field, nowhere, M3c2Options{}, CalibrateOptions{}, highwall::Run(2));
  EXPECT_FALSE(found.done);
  EXPECT_NE(found.sentence.find("not calibrated"), std::string::npos);
  for (std::size_t i = 0; i < field.size(); ++i) {
    EXPECT_TRUE(std::isnan(field.calibrated_m[i]));
    EXPECT_TRUE(std::isnan(field.lod95_calibrated_m[i]));
    if (std::isfinite(field.value_m[i])) {
      EXPECT_EQ(field.reason_calibrated[i], Reason::no_stable_ground);
    } else {
      EXPECT_EQ(field.reason_calibrated[i], field.reason[i]);
    }
  }
}

TEST(Calibrated, WhereMostOfTheWallMovesItIsNoMeasureOfItself) {
  RoughSlope slope;
  slope.side_m = 24.0;
  slope.spacing_m = 0.1;
  const Points before = slope.scan(21);
  const Points after = slope.scan(22, [](const Eigen::Vector3d& p) {
    return Eigen::Vector3d(p.x(), p.y(), p.z() + 0.1 * std::min(1.0, std::max(0.0, (p.x() - 5.0) / 4.0)));
  });
  const Points cores = every(before, 61);
  DisplacementField field = m3c2(before, after, cores, M3c2Options{}, highwall::Run(2));
  const LimitCalibration found =
      measure_calibrated(before, after, field, {}, M3c2Options{}, CalibrateOptions{}, highwall::Run(2));
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.reason_calibrated[i] == Reason::ok) {
      EXPECT_LT(field.lod95_calibrated_m[i], 0.03) << found.sentence;
    }
    if (cores(static_cast<Eigen::Index>(i), 0) > 8.0) {
      EXPECT_EQ(found.stable[i], 0) << i;
    }
  }
}

TEST(Calibrated, NothingOnePointAndMarksOfAnotherSizeAreHandled) {
  const Points nothing(0, 3);
  const Points one = Points::Zero(1, 3);
  for (const Points& cloud : {nothing, one}) {
    DisplacementField field = m3c2(cloud, cloud, one, M3c2Options{}, highwall::Run(1));
    EXPECT_FALSE(measure_calibrated(cloud, cloud, field, {}, M3c2Options{}, CalibrateOptions{}, highwall::Run(1)).done);
    EXPECT_TRUE(std::isnan(field.calibrated_m.at(0)));
    EXPECT_THROW(measure_calibrated(cloud, cloud, field, {1, 1}, M3c2Options{}, CalibrateOptions{}, highwall::Run(1)), Error);
  }
}

TEST(Calibrated, ACloudAgainstItselfHasNotChanged) {
  const Pair pair = scans(6, 16.0, 0.0);
  DisplacementField field = m3c2(pair.before, pair.before, pair.cores, M3c2Options{}, highwall::Run(2));
  static_cast<void>(measure_calibrated(pair.before, pair.before, field, {}, M3c2Options{}, CalibrateOptions{}, highwall::Run(2)));
  for (const double d : field.calibrated_m) {
    if (std::isnan(d)) continue;
    EXPECT_NEAR(d, 0.0, 1e-7);
  }
}

}  // namespace
}  // namespace highwall
