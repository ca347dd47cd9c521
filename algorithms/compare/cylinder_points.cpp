#include "algorithms/compare/cylinder_points.hpp"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <tuple>

namespace highwall {

void CylinderPoints::operator()(const CellIndex& cloud, std::size_t place, std::vector<Spot>& spots) const {
  const auto row = static_cast<Eigen::Index>(place);
  const Eigen::Vector3d middle = field_.position_m.row(row).transpose();
  const Eigen::Vector3d normal = field_.direction.row(row).transpose();
  Eigen::Vector3d u = std::abs(normal.z()) < 0.9 ? Eigen::Vector3d::UnitZ() : Eigen::Vector3d::UnitX();
  u = (u - u.dot(normal) * normal).normalized();
  const Eigen::Vector3d v = normal.cross(u);
  const double most = radius_m_ * radius_m_;
  const Eigen::Vector3d reach = half_length_m_ * normal;
  spots.clear();
  cloud.near_segment(middle - reach, middle + reach, radius_m_, [&](const Eigen::Vector3d& point) {
    const Eigen::Vector3d d = point - middle;
    const double a = d.dot(u);
    const double b = d.dot(v);
    const double h = d.dot(normal);
    const double r2 = a * a + b * b;
    if (r2 <= most && std::abs(h) <= half_length_m_) spots.push_back({r2, a, b, h});
  });
  if (spots.size() <= most_) return;
  const auto nearer = [](const Spot& p, const Spot& q) { return std::tie(p.r2, p.a, p.b, p.h) < std::tie(q.r2, q.a, q.b, q.h); };
  std::nth_element(spots.begin(), spots.begin() + static_cast<std::ptrdiff_t>(most_), spots.end(), nearer);
  spots.resize(most_);
  std::sort(spots.begin(), spots.end(), nearer);
}

}  // namespace highwall
