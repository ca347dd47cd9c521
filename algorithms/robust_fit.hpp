#pragma once

#include <Eigen/Core>

namespace highwall {

/// How robust_fit() weighs.
struct RobustRules {
  int absolute_passes = 0;    ///< Passes of least absolute values first: they do not keep what a large outlier did.
  int tukey_passes = 15;      ///< Passes with Tukey's biweight after them.
  double least_sigma = 1e-5;  ///< The robust standard deviation is not taken smaller, in the unit of the values.
  double least_ratio = 0.0;   ///< Smallest over largest eigenvalue of the normal matrix; below it nothing is solved.
};

/// Result of robust_fit(); `solved` is false when the rows cannot tell the unknowns apart.
struct RobustFit {
  bool solved = false;
  Eigen::VectorXd unknowns;
  Eigen::MatrixXd inverse;   ///< Of the weighted normal matrix; times sigma^2 it is the formal covariance.
  Eigen::VectorXd residual;  ///< values - rows x unknowns.
  double sigma = 0.0;        ///< 1.4826 times the median absolute residual.
};

/// Weighted least squares, reweighted until outliers have dropped out (Holland and Welsch 1977,
/// doi:10.1080/03610927708827533): values = rows x unknowns.
/// @param rows  n x k, finite, n >= k
RobustFit robust_fit(const Eigen::MatrixXd& rows, const Eigen::VectorXd& values, const RobustRules& rules);

}  // namespace highwall
