#pragma once

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "algorithms/compare/m3c2.hpp"

namespace highwall::twin {

/// M3C2 at one core point as the paper's text says it: every point is looked at, nothing is shared with
/// the fast one but the options. Slow and plain: the oracle.
struct Core {
  bool has_normal = false;
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();
  double normal_radius = 0.0;
  double flatness = 0.0;  ///< Second over third singular value: near 1 the normal is not defined well.
  std::size_t n1 = 0;
  std::size_t n2 = 0;
  double distance = std::numeric_limits<double>::quiet_NaN();
  double lod95 = std::numeric_limits<double>::quiet_NaN();
};

/// Borders belong to it, however a coordinate in millimetres was rounded.
inline constexpr double kClosed = 1.0 + 1e-9;

inline std::vector<double> heights(const PointsView& cloud, const Eigen::Vector3d& core, const Eigen::Vector3d& n,
                                   const M3c2Options& o) {
  std::vector<double> h;
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    const Eigen::Vector3d d = cloud[i] - core;
    if (!d.allFinite()) continue;
    const double along = d.dot(n);
    if (std::abs(along) > kClosed * o.half_length_m) continue;
    if ((d - along * n).norm() <= kClosed * o.cylinder_radius_m) h.push_back(along);
  }
  return h;
}

/// Plane through the first cloud's points within a radius; flatness as in Core.
struct Plane {
  bool found = false;
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();
  double flatness = 0.0;
  double planarity = 0.0;
};

inline Plane plane_at(const PointsView& before, const Eigen::Vector3d& core, double radius) {
  Plane out;
  std::vector<Eigen::Vector3d> near;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].allFinite() && (before[i] - core).norm() <= kClosed * radius) near.push_back(before[i]);
  }
  if (near.size() < 3) return out;
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  for (const auto& p : near) mean += p / static_cast<double>(near.size());
  Eigen::MatrixXd centred(static_cast<Eigen::Index>(near.size()), 3);
  for (std::size_t i = 0; i < near.size(); ++i) centred.row(static_cast<Eigen::Index>(i)) = (near[i] - mean).transpose();
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(centred, Eigen::ComputeThinV);
  const Eigen::Vector3d s = svd.singularValues();
  out.found = s[1] > 1e-5 * radius;
  out.flatness = s[1] > 0.0 ? s[2] / s[1] : 1.0;
  out.planarity = (s[1] * s[1] - s[2] * s[2]) / s.squaredNorm();
  out.normal = svd.matrixV().col(2);
  return out;
}

/// The heights of the shortest of the cylinders of 1, 2, ... radii that holds |mean| + 2 standard deviations.
inline std::vector<double> shortened(const std::vector<double>& all, const M3c2Options& o) {
  for (int k = 1; k * o.cylinder_radius_m < o.half_length_m; ++k) {
    const double end = k * o.cylinder_radius_m;
    std::vector<double> h;
    for (const double v : all) {
      if (std::abs(v) <= end) h.push_back(v);
    }
    if (h.size() < 5) continue;
    double mean = 0.0;
    for (const double v : h) mean += v / static_cast<double>(h.size());
    double squares = 0.0;
    for (const double v : h) squares += (v - mean) * (v - mean);
    if (std::abs(mean) + 2.0 * std::sqrt(squares / static_cast<double>(h.size() - 1)) < end) return h;
  }
  return all;
}

inline Core measure(const PointsView& before, const PointsView& after, const Eigen::Vector3d& core, const M3c2Options& o) {
  Core out;
  Plane plane;
  std::vector<double> radii = o.normal_radii_m;
  if (radii.empty()) radii.push_back(o.normal_radius_m);
  for (const double radius : radii) {
    const Plane p = plane_at(before, core, radius);
    if (p.found && (!plane.found || p.planarity > plane.planarity)) {
      plane = p;
      out.normal_radius = radius;
    }
  }
  const Eigen::Vector3d up = Eigen::Map<const Eigen::Vector3d>(o.up.data());
  if (plane.normal.dot(up) < 0.0) plane.normal = -plane.normal;
  if (o.normals == "vertical") {
    plane = {true, Eigen::Vector3d::UnitZ(), 0.0, 0.0};
  } else if (o.normals == "horizontal") {
    plane.normal.z() = 0.0;
    plane.found = plane.found && plane.normal.norm() > 1e-3;
    plane.normal.normalize();
  }
  out.has_normal = plane.found;
  if (!plane.found) return out;
  out.flatness = plane.flatness;
  out.normal = plane.normal;

  const auto quantile = [](std::vector<double> h, double q) {
    std::sort(h.begin(), h.end());
    const double at = q * static_cast<double>(h.size() - 1);
    const auto k = static_cast<std::size_t>(at);
    return h[k] + (at - static_cast<double>(k)) * (h[std::min(k + 1, h.size() - 1)] - h[k]);
  };
  const auto moments = [&](const std::vector<double>& h) {
    if (o.statistic == "median") {
      const double range = quantile(h, 0.75) - quantile(h, 0.25);
      const double one = std::sqrt(std::acos(-1.0) / 2.0) * range / 1.3489795003921634;
      return std::pair(quantile(h, 0.5), one * one);
    }
    double mu = 0.0;
    for (const double v : h) mu += v / static_cast<double>(h.size());
    double ss = 0.0;
    for (const double v : h) ss += (v - mu) * (v - mu);
    return std::pair(mu, ss / (static_cast<double>(h.size()) - 1.0));
  };
  auto h1 = heights(before, core, out.normal, o);
  auto h2 = heights(after, core, out.normal, o);
  if (o.progressive) {
    h1 = shortened(h1, o);
    h2 = shortened(h2, o);
  }
  out.n1 = h1.size();
  out.n2 = h2.size();
  if (h1.empty() || h2.empty()) return out;
  const auto [m1, v1] = moments(h1);
  const auto [m2, v2] = moments(h2);
  out.distance = m2 - m1;
  if (h1.size() > 1 && h2.size() > 1) {
    out.lod95 =
        1.96 * (std::sqrt(v1 / static_cast<double>(h1.size()) + v2 / static_cast<double>(h2.size())) + o.registration_error_m);
  }
  return out;
}

}  // namespace highwall::twin
