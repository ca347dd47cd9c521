#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cloud.hpp"

namespace highwall {

/// A small rigid motion of a whole epoch: what its registration left.
struct SharedShift {
  using Vector6 = Eigen::Matrix<double, 6, 1>;
  Eigen::Vector3d centre_m = Eigen::Vector3d::Zero();
  Vector6 motion = Vector6::Zero();  ///< Shift at the centre, m, and rotation about it, radians.
  Eigen::Matrix<double, 6, 6> covariance = Eigen::Matrix<double, 6, 6>::Zero();
  bool found = false;  ///< false: too little ground to tell it; then it is zero.

  /// What it does to the distance along a normal at a place.
  double along(const Eigen::Vector3d& place, const Eigen::Vector3d& normal) const { return row(place, normal).dot(motion); }
  /// One standard deviation of that.
  double sigma_m(const Eigen::Vector3d& place, const Eigen::Vector3d& normal) const;

 private:
  Vector6 row(const Eigen::Vector3d& place, const Eigen::Vector3d& normal) const;
};

/// The motion that fits the distances along the normals of the places listed, robustly (Tukey's biweight): what moves by itself
/// does not pull at it. Errors of places in one cube of `block_m` hang together; the covariance is that of sums over cubes (the
/// sandwich of clustered errors: Liang and Zeger 1986, doi:10.1093/biomet/73.1.13). Directions that the normals do not show
/// keep a shift of zero with a standard deviation of `prior_m`.
/// @param sigma_m  of each distance, by place
SharedShift fit_shared_shift(const Points& places, const Points& normals, std::span<const double> distance_m,
                             std::span<const double> sigma_m, std::span<const std::size_t> list, double prior_m, double block_m);

}  // namespace highwall
