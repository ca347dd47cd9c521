// The calibrated distance and its limit: what holds for any pair of clouds, and what was promised of the limit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "algorithms/compare/calibrated.hpp"
#include "core/error.hpp"
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
