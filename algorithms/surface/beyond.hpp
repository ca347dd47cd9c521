#pragma once

#include <vector>

#include "algorithms/surface/change_class.hpp"

namespace highwall {

/// What is found along the normal of a core point whose cylinder has no point of the second epoch.
struct Beyond {
  ChangeEvidence evidence = ChangeEvidence::no_return;
  double change_m = 0.0;  ///< Nearest new ground along the normal; NaN = seen through, but not along the normal.
  double sigma_m = 0.0;   ///< Of it.
  double spread_m = 0.0;  ///< Of all new points in the cylinder, along the normal.
  std::uint32_t points = 0;
};

/// Looks along the normals of the core points marked.
/// @param wanted  one a core point
std::vector<Beyond> look_beyond(const DisplacementField& field, const std::vector<std::uint8_t>& wanted, PointsView before,
                                PointsView after, const Eigen::Vector3d* scanner_m, const ClassOptions& options, const Run& run);

}  // namespace highwall
