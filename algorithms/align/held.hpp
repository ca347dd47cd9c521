#pragma once

#include <Eigen/Geometry>
#include <string>

#include "algorithms/align/normal_equations.hpp"

namespace highwall {

/// Directions that a registration leaves as the epoch came: those that the ground leaves open, and those that it tells badly
/// and that nothing significant moves it along.
class Held {
 public:
  /// @param length_m    from the centre to the cloud's rim: turns count as shifts there
  /// @param expected_m  standard deviation of what the epoch may be off as it came
  Held(const Eigen::Vector3d& centre_m, double length_m, double expected_m);

  /// As all_motions(): those that are not held.
  const Motions& free() const noexcept { return free_; }
  /// Takes the motion so far along directions back. @param covariance  of the motion; what is taken leaves it
  /// @param weak_m  directions known to less may be not significant @return false when there are no new ones
  bool take(const Motions& open, Matrix6& covariance, double weak_m, Eigen::Isometry3d& transform);
  /// The variances of what is held.
  void add_to(Matrix6& covariance) const;

  const Motions& open() const noexcept { return open_; }
  const Motions& weak() const noexcept { return weak_; }
  /// "; not observable: ..., left as it came, to 1000 mm".
  std::string in_words() const;

 private:
  Eigen::Vector3d centre_m_;
  double length_m_;
  double expected_m_;
  Motions free_;
  Motions open_;
  Motions weak_;
  Eigen::VectorXd weak_variance_m2_;  ///< At the rim.
};

}  // namespace highwall
