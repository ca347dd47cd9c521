#pragma once

#include <Eigen/Geometry>

namespace highwall {

/// The rigid motion that a small one stands for: translation (m), then a rotation vector (rad), about a centre.
inline Eigen::Isometry3d rigid_motion(const Eigen::Matrix<double, 6, 1>& motion, const Eigen::Vector3d& centre) {
  const Eigen::Vector3d turn = motion.tail<3>();
  const double angle = turn.norm();
  Eigen::Isometry3d out = Eigen::Isometry3d::Identity();
  out.translate(centre + motion.head<3>());
  if (angle > 0.0) out.rotate(Eigen::AngleAxisd(angle, turn / angle));
  out.translate(-centre);
  return out;
}

/// The small motion about a centre that a transform is: translation (m), then a rotation vector (rad).
inline Eigen::Matrix<double, 6, 1> motion_of(const Eigen::Isometry3d& transform, const Eigen::Vector3d& centre) {
  const Eigen::AngleAxisd turn(transform.rotation());
  Eigen::Matrix<double, 6, 1> motion;
  motion << transform * centre - centre, turn.angle() * turn.axis();
  return motion;
}

}  // namespace highwall
