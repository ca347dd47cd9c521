#pragma once

#include <Eigen/Geometry>

#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// Result of a coarse registration.
struct CoarseFit {
  Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();  ///< Maps source onto target.
  bool converged = false;
  double rms_m = 0.0;
};

/// Generalized ICP (Segal et al. 2009, doi:10.15607/RSS.2009.V.021) by PCL on clouds thinned to one point
/// a voxel. Works in float about the target's centre: good to centimetres, to be refined in double.
/// @throws Error(input) with too few points, Error(frame) for frames that differ or local coordinates
///         beyond 8 km, where floats are too coarse.
CoarseFit gicp(PointsView source, PointsView target, double voxel_m, double reach_m, const Run& run);

}  // namespace highwall
