#pragma once

#include <Eigen/Core>
#include <string>

namespace highwall {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;
/// Motions (translation m, rotation rad) in columns, six at most.
using Motions = Eigen::Matrix<double, 6, Eigen::Dynamic, 0, 6, 6>;

/// Motions that each move the rim of a cloud by about one metre, at right angles to each other with turns as shifts there.
/// @param length_m  from the centre that they turn about to the rim
Motions all_motions(double length_m);
/// Those at right angles to some.
Motions without(const Motions& some, double length_m);

/// What of a space of motions the ground tells, and what it leaves open.
struct Told {
  Motions told;           ///< told' matrix told = 1, so that the motion is told (told' right).
  Eigen::VectorXd share;  ///< Of the matrix along each that is no noise.
  Motions open;           ///< As all_motions().
};

/// A plane of the epoch and the one of the reference that it lies on: residual = row . motion.
struct PlanePair {
  bool found = false;
  Vector6 row = Vector6::Zero();
  Vector6 unlike = Vector6::Zero();  ///< Half of what the rows of the two planes' own normals differ by.
  double residual = 0.0;
  double unlike_residual = 0.0;  ///< What half the difference of the normals makes of the planes' distance.
  bool inner = false;            ///< Both planes.
};

/// The least squares motion that pairs of planes ask for. The noise of normals makes any ground tell all directions, and tell
/// them wrongly; but it is another in each epoch: what the normals of both do not agree on is open.
struct NormalEquations {
  Matrix6 matrix = Matrix6::Zero();
  Vector6 right = Vector6::Zero();
  Matrix6 inner = Matrix6::Zero();  ///< The matrix of those that no border of a scan cuts.
  Matrix6 noise = Matrix6::Zero();  ///< The part of that which the two epochs do not share.
  double weight = 0.0;              ///< Of those.

  /// Noise of normals times how the cells of the two epochs happen to lie is left out of the right hand side: it is the same all
  /// over the ground, so that no scatter would tell of it.
  void add(const PlanePair& pair, double weight);
  void add(const NormalEquations& other);
  /// @param free         as all_motions(): the motion is one of these
  /// @param independent  this share of the pairs: what few agree on may be chance
  /// @param least_share  of the matrix along a direction that is told
  Told told(const Motions& free, double length_m, double independent, double least_share) const;
  /// Zero along directions that are told by chance only.
  Vector6 solved(const Motions& free, double length_m, double independent) const;
};

/// "a shift along (0.00, -1.00, 0.00), a turn about (0.00, 0.00, 1.00)": what motions are, in words.
std::string in_words(const Motions& motions, double length_m);

}  // namespace highwall
