// Registration on stable patches: known motions, moving blocks, honest covariance.
#include "algorithms/align/piecewise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <numbers>
#include <vector>

#include "core/error.hpp"
#include "datasets/random.hpp"
#include "tests/support/new_slope.hpp"
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

struct PairCase {
  double spacing_m;
  double side_m;
  double noise_m;
  int pairs;
};

// Ground, sampling, noise and motion are new in each pair. The share of 200 pairs has a standard deviation of 1.5 %.
TEST(Piecewise, TheEllipsoidCoversTheErrorOf200IndependentPairs) {
  int covered = 0;
  int pairs = 0;
  for (const PairCase& c : {PairCase{0.05, 12.0, 0.003, 40}, PairCase{0.1, 12.0, 0.003, 55}, PairCase{0.1, 10.0, 0.008, 55},
                            PairCase{0.2, 20.0, 0.005, 50}}) {
    int here = 0;
    for (int k = 0; k < c.pairs; ++k, ++pairs) {
      const auto seed = static_cast<std::uint64_t>(1000 + 2 * pairs);
      const NewSlope ground(seed);
      const Random random(seed, 7);
      Vector6 m;
      for (std::uint64_t i = 0; i < 3; ++i) {
        m[static_cast<Eigen::Index>(i)] = c.spacing_m * (1.0 + 0.3 * random.normal(i));
        m[static_cast<Eigen::Index>(i + 3)] = 0.5 * c.spacing_m / c.side_m * random.normal(i + 3);
      }
      const Eigen::Isometry3d truth = motion_of(m, Eigen::Vector3d::Constant(0.5 * c.side_m));
      const Registration r =
          register_piecewise(moved(ground.scan(seed + 1, c.side_m, c.spacing_m, c.noise_m), truth.inverse()),
                             ground.scan(seed, c.side_m, c.spacing_m, c.noise_m), PiecewiseOptions{}, highwall::Run(2));
      const Eigen::Isometry3d left = r.transform * truth.inverse();
      const Eigen::AngleAxisd turn(left.rotation());
      Vector6 error;
      error << left * r.centre_m - r.centre_m, turn.angle() * turn.axis();
      here += error.dot(r.covariance.ldlt().solve(error)) < 12.59 ? 1 : 0;  // 95 % of chi squared with 6.
    }
    std::printf("spacing %.2f m, side %.0f m: %d of %d covered\n", c.spacing_m, c.side_m, here, c.pairs);
    EXPECT_GE(here, c.pairs * 84 / 100) << c.spacing_m;  // 90 % less chance: of 50 pairs 1.5 times 4 %.
    covered += here;
  }
  EXPECT_GE(covered, pairs * 90 / 100) << covered << " of " << pairs;
  EXPECT_LE(covered, pairs * 98 / 100) << covered << " of " << pairs;
}

/// A pair of scans of new ground, a part of which moved along the normal of the slope.
struct MovedPair {
  Points reference;
  Points epoch;
  Eigen::Isometry3d truth = Eigen::Isometry3d::Identity();
};

MovedPair moved_pair(int k, double side_m, double share, double by_m) {
  const auto seed = static_cast<std::uint64_t>(5000 + 2 * k);
  const NewSlope ground(seed);
  const Random random(seed, 7);
  Vector6 m;
  for (std::uint64_t i = 0; i < 3; ++i) {
    m[static_cast<Eigen::Index>(i)] = 0.1 * (1.0 + 0.3 * random.normal(i));
    m[static_cast<Eigen::Index>(i + 3)] = 0.05 / side_m * random.normal(i + 3);
  }
  MovedPair out;
  out.truth = motion_of(m, Eigen::Vector3d::Constant(0.5 * side_m));
  out.reference = ground.scan(seed, side_m, 0.1, 0.003);
  const Eigen::Vector3d normal(-std::sqrt(0.5), 0.0, std::sqrt(0.5));
  out.epoch = moved(ground.scan(seed + 1, side_m, 0.1, 0.003, part_of_slope(k % 3, share), by_m * normal), out.truth.inverse());
  return out;
}

// No patch of a fifth or a quarter that moved by four to seven sigmas (1.2 mm) is far from a motion that tilts between the two.
TEST(Piecewise, APartThatMovedByMillimetresIsNoPartOfTheRest) {
  int covered = 0;
  int issued = 0;
  int asked = 0;
  double worst_m = 0.0;
  for (const double share : {0.2, 0.28}) {
    for (const double by_m : {0.0055, 0.0075}) {
      for (int k = 0; k < 9; ++k, ++asked) {
        const MovedPair pair = moved_pair(k, 24.0, share, by_m);
        try {
          const Registration r = register_piecewise(pair.epoch, pair.reference, PiecewiseOptions{}, highwall::Run(2));
          const Eigen::Isometry3d left = r.transform * pair.truth.inverse();
          const Eigen::AngleAxisd turn(left.rotation());
          Vector6 error;
          error << left * r.centre_m - r.centre_m, turn.angle() * turn.axis();
          covered += error.dot(r.covariance.ldlt().solve(error)) < 12.59 ? 1 : 0;
          worst_m = std::max(worst_m, error.head<3>().cwiseAbs().dot(Eigen::Vector3d(std::sqrt(0.5), 0.0, std::sqrt(0.5))));
          ++issued;
        } catch (const Error& e) {
          EXPECT_NE(std::string(e.what()).find("two motions"), std::string::npos) << e.what();
        }
      }
    }
  }
  std::printf("%d of %d issued, %d covered, at most %.2f mm off along the normal\n", issued, asked, covered, 1000.0 * worst_m);
  EXPECT_GE(issued, asked * 3 / 4);
  EXPECT_GE(covered, issued * 90 / 100);
}

// The half that creeps, more and more to its end, is as good a rigid piece as the one at rest.
TEST(Piecewise, AHalfThatCreepsIsNotTakenForRest) {
  for (int k = 0; k < 4; ++k) {
    for (const double by_m : {0.02, 0.06}) {
      MovedPair pair = moved_pair(k, 20.0, 0.0, 0.0);
      pair.epoch = moved(pair.epoch, pair.truth);
      for (Eigen::Index i = 0; i < pair.epoch.rows(); ++i) {
        const double along = std::max(0.0, 2.0 * pair.epoch(i, 1) / 20.0 - 1.0);
        pair.epoch.row(i) += along * by_m * Eigen::RowVector3d(-std::sqrt(0.5), 0.0, std::sqrt(0.5));
      }
      pair.epoch = moved(pair.epoch, pair.truth.inverse());
      try {
        const Registration r = register_piecewise(pair.epoch, pair.reference, PiecewiseOptions{}, highwall::Run(2));
        const Eigen::Isometry3d left = r.transform * pair.truth.inverse();
        const Eigen::Vector3d resting(7.0, 4.0, 7.0);
        EXPECT_LT((left * resting - resting).norm(), 0.003) << by_m << ", " << r.verdict;
      } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("two motions"), std::string::npos) << e.what();
      }
    }
  }
}

// Random points leave many patches without a match as a whole: they are no rivals, for they follow the same motion.
TEST(Piecewise, GroundAtRestIsNotRefusedForRandomSampling) {
  for (int k = 0; k < 4; ++k) {
    const NewSlope ground(static_cast<std::uint64_t>(800 + k), 5.0, 5.0);
    const Random random(static_cast<std::uint64_t>(900 + k), 3);
    const auto drawn = [&](std::uint64_t first, const Points& all) {
      std::vector<Eigen::Index> rows;
      for (Eigen::Index i = 0; i < all.rows(); ++i) {
        if (random.uniform(first + static_cast<std::uint64_t>(i)) < 0.25) rows.push_back(i);
      }
      return Points(all(rows, Eigen::all));
    };
    const Points before = drawn(0, ground.scan(1, 120.0, 0.25, 0.005));
    const Points after = drawn(1U << 24U, ground.scan(2, 120.0, 0.25, 0.005));
    EXPECT_NO_THROW(static_cast<void>(register_piecewise(after, before, PiecewiseOptions{}, highwall::Run(2)))) << k;
  }
}

TEST(Piecewise, WhichOfTwoHalvesRestsIsNotGuessed) {
  for (int k = 0; k < 3; ++k) {
    for (const double by_m : {0.009, 0.07, 1.0}) {
      const MovedPair pair = moved_pair(k, 20.0, 0.5, by_m);
      try {
        const Registration r = register_piecewise(pair.epoch, pair.reference, PiecewiseOptions{}, highwall::Run(2));
        ADD_FAILURE() << by_m << " m, shape " << k << ": " << r.verdict;
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::input) << e.what();
      }
    }
  }
}

TEST(Piecewise, GroundFarFromWhereItWasCountsAmongWhatBothShow) {
  const MovedPair pair = moved_pair(0, 20.0, 0.3, 0.3);
  const Registration r = register_piecewise(pair.epoch, pair.reference, PiecewiseOptions{}, highwall::Run(2));
  const auto shown = static_cast<double>(r.stable.size());
  EXPECT_GT(static_cast<double>(r.core_m.rows()), 0.9 * 20.0 * 20.0 / (1.2 * 1.2)) << r.verdict;
  EXPECT_LT(static_cast<double>(r.stable_count), 0.75 * shown) << r.verdict;
  EXPECT_GT(r.least_told_m, 0.002);
  EXPECT_LT(r.least_told_m, 0.012);
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
