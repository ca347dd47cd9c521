#pragma once

#include <Eigen/SVD>
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
  double flatness = 0.0;  ///< Second over third singular value: near 1 the normal is not defined well.
  std::size_t n1 = 0;
  std::size_t n2 = 0;
  double distance = std::numeric_limits<double>::quiet_NaN();
  double lod95 = std::numeric_limits<double>::quiet_NaN();
};

inline std::vector<double> heights(const PointsView& cloud, const Eigen::Vector3d& core, const Eigen::Vector3d& n,
                                   const M3c2Options& o) {
  std::vector<double> h;
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    const Eigen::Vector3d d = cloud[i] - core;
    if (!d.allFinite()) continue;
    const double along = d.dot(n);
    if (std::abs(along) <= o.half_length_m && (d - along * n).norm() <= o.cylinder_radius_m) h.push_back(along);
  }
  return h;
}

inline Core measure(const PointsView& before, const PointsView& after, const Eigen::Vector3d& core, const M3c2Options& o) {
  Core out;
  std::vector<Eigen::Vector3d> near;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].allFinite() && (before[i] - core).norm() <= o.normal_radius_m) near.push_back(before[i]);
  }
  if (near.size() < 3) return out;
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  for (const auto& p : near) mean += p / static_cast<double>(near.size());
  Eigen::MatrixXd centred(static_cast<Eigen::Index>(near.size()), 3);
  for (std::size_t i = 0; i < near.size(); ++i) centred.row(static_cast<Eigen::Index>(i)) = (near[i] - mean).transpose();
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(centred, Eigen::ComputeThinV);
  out.has_normal = svd.singularValues()[1] > 1e-5 * o.normal_radius_m;
  out.flatness = svd.singularValues()[1] > 0.0 ? svd.singularValues()[2] / svd.singularValues()[1] : 1.0;
  out.normal = svd.matrixV().col(2);
  const Eigen::Vector3d up = Eigen::Map<const Eigen::Vector3d>(o.up.data());
  if (out.normal.dot(up) < 0.0) out.normal = -out.normal;

  const auto moments = [](const std::vector<double>& h) {
    double mu = 0.0;
    for (const double v : h) mu += v / static_cast<double>(h.size());
    double ss = 0.0;
    for (const double v : h) ss += (v - mu) * (v - mu);
    return std::pair(mu, ss / (static_cast<double>(h.size()) - 1.0));
  };
  const auto h1 = heights(before, core, out.normal, o);
  const auto h2 = heights(after, core, out.normal, o);
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
