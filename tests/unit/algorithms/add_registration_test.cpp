#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>

#include "algorithms/align/stable_ground.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

/// A registration that knows its translation to 1 mm and its rotation to 0.1 mrad about each axis, correlated.
Registration uncertain() {
  Registration fit;
  Eigen::Matrix<double, 6, 6> root = Eigen::Matrix<double, 6, 6>::Zero();
  root.diagonal() << 1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-4;
  root(0, 3) = 2e-4;
  root(2, 4) = -3e-4;
  fit.covariance = root * root.transpose();
  fit.centre_m = {10.0, 20.0, 5.0};
  return fit;
}

DisplacementField one_place(const Eigen::Vector3d& place, const Eigen::Vector3d& normal) {
  DisplacementField f = DisplacementField::of_size(1, Reason::ok);
  f.position_m.row(0) = place.transpose();
  f.direction.row(0) = normal.transpose();
  f.value_m[0] = 0.01;
  f.sigma_m[0] = 0.002;
  f.lod95_m[0] = 0.005;
  f.calibrated_m = {0.01};
  f.lod95_calibrated_m = {0.003};
  f.vector_m = Points::Constant(1, 3, 0.01);
  f.vector_covariance_m2.setZero(1, 6);
  return f;
}

TEST(AddRegistration, TheShareIsThatOfDrawnRegistrations) {
  // Against the spread of places that are moved by registrations drawn from the covariance.
  const Registration fit = uncertain();
  const Eigen::Vector3d place(40.0, -15.0, 30.0);
  const Eigen::Vector3d normal = Eigen::Vector3d(0.6, 0.3, 0.74).normalized();
  const Eigen::Matrix<double, 6, 6> root = fit.covariance.llt().matrixL();
  Eigen::Matrix3d drawn = Eigen::Matrix3d::Zero();
  for (int k = 0; k < 6; ++k) {  // Both signs of each column make the second moments exactly.
    const Eigen::Matrix<double, 6, 1> motion = root.col(k);
    const Eigen::Vector3d moved = motion.head<3>() + Eigen::Vector3d(motion.tail<3>()).cross(place - fit.centre_m);
    drawn += moved * moved.transpose();
  }
  EXPECT_LT((fit.covariance_m2(place) - drawn).norm(), 1e-12);
  EXPECT_NEAR(fit.sigma_m(place, normal), std::sqrt(normal.dot(drawn * normal)), 1e-12);

  DisplacementField f = one_place(place, normal);
  add_registration(fit, f);
  const double share = std::sqrt(normal.dot(drawn * normal));
  EXPECT_NEAR(f.registration_m[0], share, 1e-12);
  EXPECT_NEAR(f.sigma_m[0], std::hypot(0.002, share), 1e-12);
  EXPECT_NEAR(f.lod95_m[0], std::hypot(0.005, kNormal95 * share), 1e-12);
  EXPECT_NEAR(f.lod95_calibrated_m[0], std::hypot(0.003, kNormal95 * share), 1e-12);
  EXPECT_NEAR(f.vector_covariance_m2(0, 1), drawn(0, 1), 1e-12);
  EXPECT_NEAR(f.vector_covariance_m2(0, 5), drawn(2, 2), 1e-12);
  EXPECT_EQ(median_registration_sigma(f), f.registration_m[0]);
}

TEST(AddRegistration, ItGrowsAwayFromTheGroundThatItRestsOn) {
  const Registration fit = uncertain();
  const Eigen::Vector3d up = Eigen::Vector3d::UnitZ();
  EXPECT_GT(fit.sigma_m(fit.centre_m + Eigen::Vector3d(300.0, 0.0, 0.0), up), 10.0 * fit.sigma_m(fit.centre_m, up));
}

TEST(AddRegistration, WhatHasNoValueGetsNone) {
  DisplacementField f = one_place({0.0, 0.0, 0.0}, {0.0, 0.0, 1.0});
  f.value_m[0] = f.sigma_m[0] = f.lod95_m[0] = kNaN;
  f.reason[0] = Reason::empty_after;
  add_registration(uncertain(), f);
  EXPECT_TRUE(std::isnan(f.registration_m[0]));
  EXPECT_TRUE(std::isnan(f.sigma_m[0]));
  EXPECT_EQ(median_registration_sigma(f), 1e-3);
}

}  // namespace
}  // namespace highwall
