// Registration on stable patches: known motions, moving blocks, honest covariance.
#include "algorithms/align/piecewise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;

RoughSlope slope() {
  RoughSlope s;
  s.side_m = 16.0;
  s.spacing_m = 0.1;
  s.noise_m = 0.003;
  return s;
}

Eigen::Isometry3d motion_of(const Vector6& m, const Eigen::Vector3d& centre) {
  const Eigen::Vector3d turn = m.tail<3>();
  Eigen::Isometry3d out = Eigen::Isometry3d::Identity();
  out.translate(centre + m.head<3>());
  if (turn.norm() > 0.0) out.rotate(Eigen::AngleAxisd(turn.norm(), turn.normalized()));
  out.translate(-centre);
  return out;
}

Points moved(const Points& points, const Eigen::Isometry3d& t) {
  return (points * t.linear().transpose()).rowwise() + t.translation().transpose();
}

PiecewiseOptions options() {
  PiecewiseOptions o;
  o.spacing_m = 0.1;
  return o;
}

TEST(Piecewise, FindsAKnownMotionAlthoughAThirdOfTheWallHasMoved) {
  const RoughSlope s = slope();
  const Points reference = s.scan(1);
  const Points epoch =
      s.scan(2, [](const Eigen::Vector3d& p) { return p.x() > 11.0 ? Eigen::Vector3d(p.x() - 0.05, p.y(), p.z() + 0.03) : p; });
  Vector6 m;
  m << 0.12, -0.08, 0.1, 0.004, -0.006, 0.01;
  const Eigen::Isometry3d truth = motion_of(m, Eigen::Vector3d(8, 8, 8));
  const Registration r = register_piecewise(moved(epoch, truth.inverse()), reference, options(), highwall::Run(2));
  const Eigen::Isometry3d left = r.transform * truth.inverse();
  for (const Eigen::Vector3d& place : {Eigen::Vector3d(2, 2, 2), Eigen::Vector3d(2, 14, 2), Eigen::Vector3d(9, 8, 9)}) {
    EXPECT_LT((left * place - place).norm(), 0.004) << r.verdict;  // Of roughness of 50 mm, with an uneven border.
  }
  std::size_t wrong = 0;
  for (std::size_t k = 0; k < r.stable.size(); ++k) {
    wrong += r.stable[k] != 0 && r.core_m(static_cast<Eigen::Index>(k), 0) > 12.5 ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0U) << "patches of the moved third were taken for stable";
}

TEST(Piecewise, TheEllipsoidCoversTheErrorOfIndependentPairs) {
  RoughSlope s = slope();
  s.side_m = 8.0;
  int covered = 0;
  const int trials = 40;
  for (int trial = 0; trial < trials; ++trial) {
    const auto seed = static_cast<std::uint64_t>(100 + 2 * trial);
    const Registration r = register_piecewise(s.scan(seed + 1), s.scan(seed), options(), highwall::Run(2));
    Vector6 error;
    const Eigen::AngleAxisd turn(r.transform.rotation());
    error << r.transform * r.centre_m - r.centre_m, turn.angle() * turn.axis();
    covered += error.dot(r.covariance.ldlt().solve(error)) < 12.59 ? 1 : 0;  // 95 % of chi squared with 6.
  }
  EXPECT_GE(covered, trials * 85 / 100) << covered << " of " << trials;
}

TEST(Piecewise, SameBitsOnAnyNumberOfThreads) {
  const RoughSlope s = slope();
  const Points a = s.scan(3);
  const Points b = s.scan(4);
  const Registration one = register_piecewise(b, a, options(), highwall::Run(1));
  for (const int threads : {2, 3}) {
    const Registration many = register_piecewise(b, a, options(), highwall::Run(threads));
    EXPECT_EQ(0, std::memcmp(one.transform.matrix().data(), many.transform.matrix().data(), 16 * sizeof(double))) << threads;
    EXPECT_EQ(0, std::memcmp(one.covariance.data(), many.covariance.data(), 36 * sizeof(double))) << threads;
  }
}

TEST(Piecewise, WhatCannotBeRegisteredIsRefused) {
  const RoughSlope s = slope();
  const Points reference = s.scan(5);
  const Points nothing(0, 3);
  const Points one = Points::Zero(1, 3);
  const Points nan = Points::Constant(500, 3, std::nan(""));
  for (const Points& bad : {nothing, one, nan}) {
    EXPECT_THROW(static_cast<void>(register_piecewise(bad, reference, options(), highwall::Run(1))), Error);
    EXPECT_THROW(static_cast<void>(register_piecewise(reference, bad, options(), highwall::Run(1))), Error);
  }
  Points senseless = reference;
  senseless(7, 1) = 1e300;
  EXPECT_THROW(static_cast<void>(register_piecewise(senseless, reference, options(), highwall::Run(1))), Error);
  EXPECT_THROW(static_cast<void>(register_piecewise(reference, senseless, options(), highwall::Run(1))), Error);
  // Everything elsewhere: no guess.
  const Points far = reference.rowwise() + Eigen::RowVector3d(0.0, 0.0, 400.0);
  EXPECT_THROW(static_cast<void>(register_piecewise(far, reference, options(), highwall::Run(2))), Error);
}

}  // namespace
}  // namespace highwall
