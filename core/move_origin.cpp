#include "core/move_origin.hpp"

namespace highwall {

void move_origin(PointCloud& cloud, const std::array<double, 3>& origin_m) {
  if (cloud.frame.origin_m == origin_m) return;
  for (std::size_t c = 0; c < 3; ++c) {
    cloud.xyz.col(static_cast<Eigen::Index>(c)).array() += cloud.frame.origin_m[c] - origin_m[c];
  }
  cloud.frame.origin_m = origin_m;
}

}  // namespace highwall
