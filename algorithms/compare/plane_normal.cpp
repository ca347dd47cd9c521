#include "algorithms/compare/plane_normal.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>

namespace highwall {

PlaneNormal plane_normal(const Moments& moments) {
  PlaneNormal out;
  if (moments.n < 3.0) return out;
  const Eigen::Vector3d mean = moments.sum / moments.n;
  const Eigen::Matrix3d c = moments.square / moments.n - mean * mean.transpose();
  const double trace = c.trace();
  const double minors =
      c(0, 0) * c(1, 1) - c(0, 1) * c(0, 1) + (c(0, 0) * c(2, 2) - c(0, 2) * c(0, 2)) + (c(1, 1) * c(2, 2) - c(1, 2) * c(1, 2));
  const double determinant = c(0, 0) * (c(1, 1) * c(2, 2) - c(1, 2) * c(1, 2)) -
                             c(0, 1) * (c(0, 1) * c(2, 2) - c(1, 2) * c(0, 2)) +
                             c(0, 2) * (c(0, 1) * c(1, 2) - c(1, 1) * c(0, 2));
  // Smallest root, from below.
  constexpr int kMostSteps = 60;
  double root = 0.0;
  for (int step = 0; step < kMostSteps; ++step) {
    const double value = ((root - trace) * root + minors) * root - determinant;
    const double slope = (3.0 * root - 2.0 * trace) * root + minors;
    if (!(value < 0.0) || !(slope > 0.0)) break;
    const double next = root - value / slope;
    if (!(next > root)) break;
    const bool settled = next - root <= 1e-10 * trace;  // What is left is the square of it.
    root = next;
    if (settled) break;
  }
  const double rest = trace - root;
  const double product = std::max(0.0, minors - root * rest);
  const double largest = 0.5 * (rest + std::sqrt(std::max(0.0, rest * rest - 4.0 * product)));
  out.variance = {root, largest > 0.0 ? product / largest : 0.0, largest};
  const Eigen::Matrix3d a = c - root * Eigen::Matrix3d::Identity();
  const Eigen::Vector3d crosses[] = {a.row(0).cross(a.row(1)), a.row(0).cross(a.row(2)), a.row(1).cross(a.row(2))};
  const Eigen::Vector3d* best = &crosses[0];
  for (const Eigen::Vector3d& candidate : crosses) {
    if (candidate.squaredNorm() > best->squaredNorm()) best = &candidate;
  }
  out.normal = *best / best->norm();
  // Narrow, or as thick as it is narrow: the polynomial's coefficients no longer tell the roots apart.
  constexpr double kIllConditioned = 1e-3;
  if (!(out.variance[1] - root > kIllConditioned * largest)) {
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(c);
    out.variance = solver.eigenvalues();
    out.normal = solver.eigenvectors().col(0);
  }
  // Two vanishing variances: a line or a point, whose normal is anybody's guess. The moments are rounded at the size of
  // the neighbourhood, so nothing below that is a width.
  const double size = moments.square.trace() / moments.n;
  out.found = out.variance[1] > std::max(1e-12 * out.variance[2], 1e-14 * size);
  const double gap = out.variance[1] - out.variance[0];
  if (gap > 0.0) out.sensitivity = size / gap;
  return out;
}

}  // namespace highwall
