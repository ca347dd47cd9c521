#include "core/polygon.hpp"

namespace highwall {

Polygon everywhere(std::string name) {
  Polygon all;
  all.name = std::move(name);
  all.rings.push_back({{-1e9, -1e9}, {1e9, -1e9}, {1e9, 1e9}, {-1e9, 1e9}});
  return all;
}

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

namespace {

bool holds(const Ring& ring, const Eigen::Vector2d& p) {
  Polygon one;
  one.rings.push_back(ring);
  return one.contains(p.x(), p.y());
}

Ring closed(Ring ring) {
  if (ring.front() != ring.back()) ring.push_back(ring.front());
  return ring;
}

}  // namespace

std::vector<ZonePart> parts_of(const Polygon& polygon) {
  std::vector<Ring> rings;
  for (const Ring& ring : polygon.rings) {
    if (!ring.empty()) rings.push_back(ring);
  }
  std::vector<std::size_t> depth(rings.size(), 0);
  for (std::size_t i = 0; i < rings.size(); ++i) {
    for (std::size_t j = 0; j < rings.size(); ++j) {
      if (i != j && holds(rings[j], rings[i][0])) ++depth[i];
    }
  }
  std::vector<ZonePart> parts;
  for (std::size_t i = 0; i < rings.size(); ++i) {
    if (depth[i] % 2 != 0) continue;
    ZonePart part{closed(rings[i])};
    for (std::size_t j = 0; j < rings.size(); ++j) {
      if (depth[j] == depth[i] + 1 && holds(rings[i], rings[j][0])) part.push_back(closed(rings[j]));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace highwall
