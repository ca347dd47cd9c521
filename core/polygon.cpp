#include "core/polygon.hpp"

namespace highwall {

bool Polygon::contains(double x, double y) const noexcept {
  bool inside = false;
  for (const auto& ring : rings) {
    for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
      const Eigen::Vector2d& a = ring[i];
      const Eigen::Vector2d& b = ring[j];
      if ((a.y() > y) == (b.y() > y)) continue;
      if (x < (b.x() - a.x()) * (y - a.y()) / (b.y() - a.y()) + a.x()) inside = !inside;
    }
  }
  return inside;
}

}  // namespace highwall
