#include "core/geodesy.hpp"

#include <cmath>

namespace highwall {
namespace {

constexpr double kSemiMajor = 6378137.0;
constexpr double kFlattening = 1.0 / 298.257223563;
constexpr double kE2 = kFlattening * (2.0 - kFlattening);

}  // namespace

Eigen::Vector3d ecef_of(double latitude, double longitude, double height_m) {
  const double s = std::sin(latitude);
  const double n = kSemiMajor / std::sqrt(1.0 - kE2 * s * s);
  return {(n + height_m) * std::cos(latitude) * std::cos(longitude), (n + height_m) * std::cos(latitude) * std::sin(longitude),
          (n * (1.0 - kE2) + height_m) * s};
}

Eigen::Vector3d llh_of(const Eigen::Vector3d& p) {
  const double r = std::hypot(p.x(), p.y());
  const double longitude = std::atan2(p.y(), p.x());
  // Fixed point in the latitude; near the Earth it gains a factor of 150 a step.
  double latitude = std::atan2(p.z(), r * (1.0 - kE2));
  for (int i = 0; i < 8; ++i) {
    const double s = std::sin(latitude);
    const double n = kSemiMajor / std::sqrt(1.0 - kE2 * s * s);
    latitude = std::atan2(p.z() + kE2 * n * s, r);
  }
  const double s = std::sin(latitude);
  const double c = std::cos(latitude);
  const double height = r * c + p.z() * s - kSemiMajor * std::sqrt(1.0 - kE2 * s * s);
  return {latitude, longitude, height};
}

Eigen::Matrix3d enu_axes(double latitude, double longitude) {
  const double sp = std::sin(latitude);
  const double cp = std::cos(latitude);
  const double sl = std::sin(longitude);
  const double cl = std::cos(longitude);
  Eigen::Matrix3d axes;
  axes << -sl, cl, 0.0, -sp * cl, -sp * sl, cp, cp * cl, cp * sl, sp;
  return axes;
}

}  // namespace highwall
