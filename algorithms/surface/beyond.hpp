#pragma once

#include <limits>
#include <vector>

#include "algorithms/surface/change_class.hpp"

namespace highwall {

/// What is found along the normal of a core point whose cylinder has no point of the second epoch.
struct Beyond {
  ChangeEvidence evidence = ChangeEvidence::no_return;
  double change_m = 0.0;  ///< Nearest new ground along the normal; NaN = seen through, but not along the normal.
  double sigma_m = 0.0;   ///< Of it.
  double spread_m = 0.0;  ///< Of all new points in the cylinder, along the normal.
  double depth_m = std::numeric_limits<double>::quiet_NaN();  ///< How far behind the place what is seen there lies; NaN = not.
  std::uint32_t points = 0;
};

/// Looks along the normals of the core points marked.
/// @param wanted  one a core point
std::vector<Beyond> look_beyond(const DisplacementField& field, const std::vector<std::uint8_t>& wanted, PointsView before,
                                PointsView after, const Eigen::Vector3d* scanner_m, const ClassOptions& options, const Run& run);

/// @throws Error(input) when cloud and core points have no place in common: clouds that lie elsewhere would make everything
/// occluded
void require_common_ground(const DisplacementField& field, PointsView cloud, const char* which);

}  // namespace highwall
