#include "algorithms/compare/shared_shift.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>

#include "core/statistics.hpp"

namespace highwall {
namespace {

using Vector6 = SharedShift::Vector6;
using Matrix6 = Eigen::Matrix<double, 6, 6>;

constexpr int kPasses = 12;
constexpr std::size_t kFewestBlocks = 18;  // Three for each unknown.

Eigen::Vector3d row_of(const Points& points, std::size_t i) { return points.row(static_cast<Eigen::Index>(i)).transpose(); }

/// Number of the cube that each listed place is in, from 0.
std::vector<std::size_t> blocks_of(const Points& places, std::span<const std::size_t> list, double side, std::size_t& count) {
  using Key = std::array<double, 3>;
  std::vector<Key> keys(list.size());
  for (std::size_t k = 0; k < list.size(); ++k) {
    const Eigen::Vector3d p = row_of(places, list[k]);
    for (Eigen::Index c = 0; c < 3; ++c) keys[k][static_cast<std::size_t>(c)] = std::floor(p[c] / side);
  }
  std::vector<Key> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  count = sorted.size();
  std::vector<std::size_t> out(list.size());
  for (std::size_t k = 0; k < list.size(); ++k) {
    out[k] = static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), keys[k]) - sorted.begin());
  }
  return out;
}

}  // namespace

Vector6 SharedShift::row(const Eigen::Vector3d& place, const Eigen::Vector3d& normal) const {
  Vector6 out;
  out << normal, (place - centre_m).cross(normal);
  return out;
}

double SharedShift::sigma_m(const Eigen::Vector3d& place, const Eigen::Vector3d& normal) const {
  const Vector6 r = row(place, normal);
  return std::sqrt(std::max(0.0, r.dot(covariance * r)));
}

SharedShift fit_shared_shift(const Points& places, const Points& normals, std::span<const double> distance_m,
                             std::span<const double> sigma_m, std::span<const std::size_t> list, double prior_m, double block_m) {
  SharedShift out;
  std::size_t block_count = 0;
  const std::vector<std::size_t> block = blocks_of(places, list, block_m, block_count);
  if (block_count < kFewestBlocks) return out;
  const double n = static_cast<double>(list.size());
  for (const std::size_t i : list) out.centre_m += row_of(places, i) / n;
  double square = 0.0;
  for (const std::size_t i : list) square += (row_of(places, i) - out.centre_m).squaredNorm() / n;
  std::vector<Vector6> rows(list.size());
  for (std::size_t k = 0; k < list.size(); ++k) {
    const Eigen::Vector3d normal = row_of(normals, list[k]);
    rows[k] << normal, (row_of(places, list[k]) - out.centre_m).cross(normal);
  }
  Matrix6 prior = Matrix6::Zero();
  for (Eigen::Index c = 0; c < 6; ++c) prior(c, c) = (c < 3 ? 1.0 : square) / (prior_m * prior_m);
  Matrix6 normal_matrix;
  std::vector<double> residual(list.size());
  std::vector<double> weight(list.size());
  for (int pass = 0; pass < kPasses; ++pass) {
    std::vector<double> sizes(list.size());
    for (std::size_t k = 0; k < list.size(); ++k) {
      residual[k] = distance_m[list[k]] - rows[k].dot(out.motion);
      sizes[k] = std::abs(residual[k]) / sigma_m[list[k]];
    }
    const double scale = std::max(1e-9, kMadToSigma * median(std::move(sizes)));
    normal_matrix = prior;
    Vector6 right = Vector6::Zero();
    for (std::size_t k = 0; k < list.size(); ++k) {
      const double s = scale * sigma_m[list[k]];
      weight[k] = tukey_weight(residual[k] / s) / (s * s);
      normal_matrix += weight[k] * rows[k] * rows[k].transpose();
      right += weight[k] * distance_m[list[k]] * rows[k];
    }
    out.motion = Eigen::LDLT<Matrix6>(normal_matrix).solve(right);
  }
  std::vector<Vector6> score(block_count, Vector6::Zero());
  for (std::size_t k = 0; k < list.size(); ++k) {
    score[block[k]] += weight[k] * (distance_m[list[k]] - rows[k].dot(out.motion)) * rows[k];
  }
  const double few = static_cast<double>(block_count) / static_cast<double>(block_count - 6);
  Matrix6 middle = prior;
  for (const Vector6& g : score) middle += few * g * g.transpose();
  const Matrix6 inverse = Eigen::LDLT<Matrix6>(normal_matrix).solve(Matrix6::Identity());
  out.covariance = inverse * middle * inverse;
  out.found = true;
  return out;
}

}  // namespace highwall
