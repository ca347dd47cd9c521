#pragma once

#include <array>

#include "core/cloud.hpp"

namespace highwall {

/// Moves the cloud's local origin to other world coordinates (metres): the points stay where they are in the world.
void move_origin(PointCloud& cloud, const std::array<double, 3>& origin_m);

}  // namespace highwall
