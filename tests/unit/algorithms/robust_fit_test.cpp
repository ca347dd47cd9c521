#include "algorithms/robust_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace highwall {
namespace {

Eigen::MatrixXd line_rows(Eigen::Index n) {
  Eigen::MatrixXd rows(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) rows.row(i) << 1.0, static_cast<double>(i);
  return rows;
}

TEST(RobustFit, ALineWithAThirdOfOutliersIsFound) {
  const Eigen::MatrixXd rows = line_rows(30);
  Eigen::VectorXd values = rows * Eigen::Vector2d(2.0, -0.5);
  for (Eigen::Index i = 0; i < 30; ++i) values[i] += 1e-3 * std::sin(7.0 * static_cast<double>(i));
  for (Eigen::Index i = 0; i < 30; i += 3) values[i] += 40.0;
  const RobustFit fit = robust_fit(rows, values, {20, 20, 1e-9, 0.0});
  ASSERT_TRUE(fit.solved);
  EXPECT_NEAR(fit.unknowns[0], 2.0, 2e-3);
  EXPECT_NEAR(fit.unknowns[1], -0.5, 1e-4);
  EXPECT_LT(fit.sigma, 0.01);
  EXPECT_GT(fit.residual[0], 39.0);
}

TEST(RobustFit, WhatCannotBeToldApartIsNotSolved) {
  Eigen::MatrixXd rows = Eigen::MatrixXd::Ones(10, 2);
  EXPECT_FALSE(robust_fit(rows, Eigen::VectorXd::Zero(10), {0, 15, 1e-5, 0.1}).solved);
  EXPECT_FALSE(robust_fit(line_rows(1), Eigen::VectorXd::Zero(1), {}).solved);
  EXPECT_FALSE(robust_fit(Eigen::MatrixXd::Zero(5, 1), Eigen::VectorXd::Zero(5), {}).solved);
  Eigen::VectorXd bad = Eigen::VectorXd::Zero(10);
  bad[3] = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(robust_fit(line_rows(10), bad, {}).solved);
}

}  // namespace
}  // namespace highwall
