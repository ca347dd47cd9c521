#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "algorithms/align/normal_equations.hpp"
#include "core/displacement.hpp"
#include "core/run.hpp"

namespace highwall {

/// Distance along a normal is n.(t + w x p): a row of the design matrix.
inline Vector6 distance_row(const Eigen::Vector3d& p, const Eigen::Vector3d& n) {
  Vector6 row;
  row << n, p.cross(n);
  return row;
}

/// The rigid motion that most distances of a field agree on.
struct MotionFit {
  Vector6 motion = Vector6::Zero();
  Matrix6 inverse = Matrix6::Zero();  ///< Of the weighted normal matrix.
  double sigma = 0.0;                 ///< Robust, of one distance.
  std::vector<std::uint8_t> stable;
  std::size_t stable_count = 0;
  std::size_t comparable = 0;
  std::size_t moved_count = 0;  ///< Places that follow another motion together.
  double moved_by_m = 0.0;      ///< Along their normals, median of its absolute values.
};

/// Weighted least squares of the distances. Ground that follows another motion as a piece (GroundSplit) is left out first, for it
/// would draw the fit along; then it is reweighted until single places that moved have dropped out.
/// @param centre_m   motions turn about it
/// @param spacing_m  of the lattice in plan that the places were taken from
MotionFit fit_motion(const DisplacementField& field, const Eigen::Vector3d& centre_m, double spacing_m, const Run& run);

}  // namespace highwall
