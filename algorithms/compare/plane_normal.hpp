#pragma once

#include <Eigen/Core>
#include <limits>

namespace highwall {

/// Count, sums and sums of products of points about a place, in any unit of length.
struct Moments {
  double n = 0.0;
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  Eigen::Matrix3d square = Eigen::Matrix3d::Zero();
};

/// The plane through a neighbourhood.
struct PlaneNormal {
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();    ///< Unit vector of least variance, of either sign.
  Eigen::Vector3d variance = Eigen::Vector3d::Zero();  ///< Ascending.
  bool found = false;                                  ///< false: fewer than three points, or all on a line.
  /// A relative error of the moments turns the normal by so much of it, rad.
  double sensitivity = std::numeric_limits<double>::infinity();
};

/// Direction of least variance, in closed form: the smallest root of the characteristic polynomial by Newton's method
/// from below, where it converges monotonically, and the cross product of two rows of the matrix less that root; by
/// Eigen's iterations where that is ill-conditioned. Arithmetic and square roots only, so that the bits are the same
/// everywhere.
PlaneNormal plane_normal(const Moments& moments);

}  // namespace highwall
