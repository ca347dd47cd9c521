#include "bindings/pipeline/patches.hpp"

#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace highwall {
namespace {

constexpr std::size_t kFewestCores = 8;
constexpr std::size_t kFewestCells = 2;
/// Least share of the weaker direction (smaller over larger eigenvalue) for two directions to be told
/// apart; a patch of faces with a handful of berm points would give wild values that cancel each other.
constexpr double kTwoDirections = 0.25;
constexpr double kTwoDirectionsLater = 0.15;
constexpr double kTukey = 4.685;
constexpr double kMadToSigma = 1.4826;
/// Neighbouring cores share points and roughness; the formal covariance counts them as independent.
constexpr double kShared = 3.0;

using Key = std::pair<std::int64_t, std::int64_t>;

Key patch_of(double x, double y) {
  return {static_cast<std::int64_t>(std::floor(x / kPatch_m)), static_cast<std::int64_t>(std::floor(y / kPatch_m))};
}

std::string patch_name(const std::string& source, const Key& key) {
  return fmt::format("{}/{:+05d}{:+05d}", source, static_cast<int>(key.first), static_cast<int>(key.second));
}

/// Middle of a patch in world metres; its height is not told.
std::array<double, 3> place_of(const Key& key, const Frame& frame) {
  return {(static_cast<double>(key.first) + 0.5) * kPatch_m + frame.origin_m[0],
          (static_cast<double>(key.second) + 0.5) * kPatch_m + frame.origin_m[1], kNaN};
}

double median_of(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

struct BlockMotion {
  Eigen::Vector3d value = Eigen::Vector3d::Constant(kNaN);
  Eigen::Vector3d sigma = Eigen::Vector3d::Constant(kNaN);
};

/// Directions in which a patch's motion can be told: across the wall and up where face and berm are both
/// seen, else only along the mean normal. Columns are unit vectors.
Eigen::Matrix<double, 3, Eigen::Dynamic> observable_directions(const DisplacementField& f,
                                                               const std::vector<std::size_t>& cores) {
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  for (const std::size_t i : cores) {
    if (f.reason[i] == Reason::ok) mean += f.direction.row(static_cast<Eigen::Index>(i)).transpose();
  }
  if (mean.norm() == 0.0) return {};
  const Eigen::Vector3d level(mean.x(), mean.y(), 0.0);
  if (level.norm() < 0.05 * mean.norm()) return Eigen::Vector3d(mean.normalized());
  Eigen::Matrix<double, 3, Eigen::Dynamic> both(3, 2);
  both.col(0) = level.normalized();
  both.col(1) = Eigen::Vector3d::UnitZ();
  Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
  for (const std::size_t i : cores) {
    if (f.reason[i] != Reason::ok) continue;
    const Eigen::Vector2d row = both.transpose() * f.direction.row(static_cast<Eigen::Index>(i)).transpose();
    normal += row * row.transpose();
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(normal);
  if (solver.eigenvalues()[0] > kTwoDirections * solver.eigenvalues()[1]) return both;
  return Eigen::Vector3d(mean.normalized());
}

/// Motion of a patch in its observable directions, from its distances along normals.
BlockMotion fit_block(const DisplacementField& f, const std::vector<std::size_t>& cores,
                      const Eigen::Matrix<double, 3, Eigen::Dynamic>& directions, double registration_sigma_m) {
  BlockMotion out;
  std::vector<std::size_t> used;
  std::copy_if(cores.begin(), cores.end(), std::back_inserter(used), [&](std::size_t i) { return f.reason[i] == Reason::ok; });
  if (used.size() < kFewestCores || directions.cols() == 0) return out;
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(used.size()), directions.cols());
  Eigen::VectorXd distance(rows.rows());
  for (Eigen::Index k = 0; k < rows.rows(); ++k) {
    const std::size_t i = used[static_cast<std::size_t>(k)];
    rows.row(k) = f.direction.row(static_cast<Eigen::Index>(i)) * directions;
    distance[k] = f.value_m[i];
  }
  Eigen::VectorXd weight = Eigen::VectorXd::Ones(rows.rows());
  Eigen::VectorXd motion;
  Eigen::MatrixXd inverse;
  double sigma = 0.0;
  for (int pass = 0; pass < 15; ++pass) {
    const Eigen::MatrixXd normal = rows.transpose() * weight.asDiagonal() * rows;
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(normal);
    // Too little of it is left to tell all directions: no value rather than a wild one.
    if (!(solver.eigenvalues()[0] > kTwoDirectionsLater * solver.eigenvalues()[directions.cols() - 1])) return out;
    inverse = normal.inverse();
    motion = inverse * (rows.transpose() * weight.asDiagonal() * distance);
    const Eigen::VectorXd residual = distance - rows * motion;
    std::vector<double> magnitude(residual.data(), residual.data() + residual.size());
    for (double& r : magnitude) r = std::abs(r);
    sigma = std::max(kMadToSigma * median_of(magnitude), 1e-5);
    for (Eigen::Index k = 0; k < weight.size(); ++k) {
      const double u = residual[k] / (kTukey * sigma);
      weight[k] = std::abs(u) < 1.0 ? (1.0 - u * u) * (1.0 - u * u) : 0.0;
    }
  }
  const Eigen::MatrixXd covariance = kShared * kShared * sigma * sigma * inverse;
  out.value = directions * motion;
  const Eigen::Matrix3d spread = directions * covariance * directions.transpose();
  for (Eigen::Index c = 0; c < 3; ++c) {
    out.sigma[c] = std::hypot(std::sqrt(std::max(0.0, spread(c, c))), registration_sigma_m);
  }
  return out;
}

}  // namespace

std::vector<TargetInput> lidar_patches(const std::string& source, const std::vector<DisplacementField>& fields,
                                       Instant reference, const std::vector<double>& registration_sigma_m,
                                       const Polygon& zone) {
  std::map<Key, std::vector<std::size_t>> patches;
  if (fields.empty()) return {};
  for (std::size_t i = 0; i < fields[0].size(); ++i) {
    const double x = fields[0].position_m(static_cast<Eigen::Index>(i), 0);
    const double y = fields[0].position_m(static_cast<Eigen::Index>(i), 1);
    if (zone.contains(x, y)) patches[patch_of(x, y)].push_back(i);
  }
  std::vector<TargetInput> targets;
  for (const auto& [key, cores] : patches) {
    if (cores.size() < kFewestCores) continue;
    TargetInput target;
    target.series.target = patch_name(source, key);
    target.series.kind = SensorKind::lidar;
    target.series.components = {"east", "north", "up"};
    if (!fields[0].frame.is_local()) target.series.position_m = place_of(key, fields[0].frame);
    target.area_m2 = kPatch_m * kPatch_m;
    target.series.push(reference, {0.0, 0.0, 0.0}, std::vector<double>(3, registration_sigma_m.empty() ? 1e-3 : registration_sigma_m[0]));
    // Decided once a patch: directions that came and went would look like jumps.
    const auto directions = observable_directions(fields[0], cores);
    std::size_t measured = 0;
    for (std::size_t e = 0; e < fields.size(); ++e) {
      const BlockMotion motion = fit_block(fields[e], cores, directions, registration_sigma_m[e]);
      measured += motion.value.allFinite() ? 1 : 0;
      target.series.push(fields[e].to, {motion.value.x(), motion.value.y(), motion.value.z()},
                         {motion.sigma.x(), motion.sigma.y(), motion.sigma.z()});
    }
    if (measured > 0) targets.push_back(std::move(target));  // Never measured: the scanner does not see it.
  }
  return targets;
}

std::vector<TargetInput> radar_patches(const std::string& source, const Stack& stack, const Polygon& zone) {
  std::map<Key, std::vector<std::size_t>> patches;
  const GridGeometry& g = stack.geometry();
  for (std::size_t r = 0; r < g.rows; ++r) {
    for (std::size_t c = 0; c < g.cols; ++c) {
      const auto [x, y] = g.centre(r, c);
      if (zone.contains(x, y)) patches[patch_of(x, y)].push_back(r * g.cols + c);
    }
  }
  const double cell_area = std::abs(g.affine[1] * g.affine[5] - g.affine[2] * g.affine[4]);
  std::vector<TargetInput> targets;
  for (const auto& [key, cells] : patches) {
    if (cells.size() < kFewestCells) continue;
    TargetInput target;
    target.series.target = patch_name(source, key);
    target.series.kind = SensorKind::radar;
    if (!g.frame.is_local()) target.series.position_m = place_of(key, g.frame);
    target.area_m2 = cell_area * static_cast<double>(cells.size());
    bool seen = false;
    for (std::size_t e = 0; e < stack.epochs(); ++e) {
      double sum = 0.0;
      double n = 0.0;
      for (const std::size_t cell : cells) {
        const double v = stack.at(e)[cell];
        if (!std::isfinite(v)) continue;
        sum += v;
        n += 1.0;
      }
      // A patch that loses most of its cells is no longer the same average.
      const bool enough = n >= 0.5 * static_cast<double>(cells.size());
      seen = seen || enough;
      target.series.push(stack.instants()[e], {enough ? sum / n : kNaN});
    }
    if (seen) targets.push_back(std::move(target));  // Never coherent: the radar does not see this patch.
  }
  return targets;
}

}  // namespace highwall
