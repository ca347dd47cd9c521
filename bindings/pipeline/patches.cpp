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
constexpr double kTukey = 4.685;
constexpr double kMadToSigma = 1.4826;
/// Neighbouring cores share points and roughness; the formal covariance counts them as independent.
constexpr double kShared = 2.0;

using Key = std::pair<std::int64_t, std::int64_t>;

Key patch_of(double x, double y) {
  return {static_cast<std::int64_t>(std::floor(x / kPatch_m)), static_cast<std::int64_t>(std::floor(y / kPatch_m))};
}

std::string patch_name(const std::string& source, const Key& key) {
  return fmt::format("{}/{:+05d}{:+05d}", source, static_cast<int>(key.first), static_cast<int>(key.second));
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

/// Motion across the wall (horizontal direction h) and vertical from distances along normals.
BlockMotion fit_block(const DisplacementField& f, const std::vector<std::size_t>& cores, double registration_sigma_m) {
  BlockMotion out;
  Eigen::Vector3d mean_normal = Eigen::Vector3d::Zero();
  std::vector<std::size_t> used;
  for (const std::size_t i : cores) {
    if (f.reason[i] != Reason::ok) continue;
    used.push_back(i);
    mean_normal += f.direction.row(static_cast<Eigen::Index>(i)).transpose();
  }
  if (used.size() < kFewestCores) return out;
  const Eigen::Vector3d h = Eigen::Vector3d(mean_normal.x(), mean_normal.y(), 0.0).normalized();
  std::vector<double> weight(used.size(), 1.0);
  std::vector<double> residual(used.size());
  Eigen::Vector2d motion = Eigen::Vector2d::Zero();
  Eigen::Matrix2d inverse = Eigen::Matrix2d::Zero();
  double sigma = 0.0;
  for (int pass = 0; pass < 15; ++pass) {
    Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
    Eigen::Vector2d right = Eigen::Vector2d::Zero();
    for (std::size_t k = 0; k < used.size(); ++k) {
      const Eigen::Vector3d n = f.direction.row(static_cast<Eigen::Index>(used[k])).transpose();
      const Eigen::Vector2d row(n.dot(h), n.z());
      normal += weight[k] * row * row.transpose();
      right += weight[k] * row * f.value_m[used[k]];
    }
    // Face and berm must both be seen: one of them alone leaves a direction open.
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(normal);
    if (!(solver.eigenvalues()[0] > 0.02 * solver.eigenvalues()[1])) return out;
    inverse = normal.inverse();
    motion = inverse * right;
    std::vector<double> magnitude(used.size());
    for (std::size_t k = 0; k < used.size(); ++k) {
      const Eigen::Vector3d n = f.direction.row(static_cast<Eigen::Index>(used[k])).transpose();
      residual[k] = f.value_m[used[k]] - n.dot(h) * motion[0] - n.z() * motion[1];
      magnitude[k] = std::abs(residual[k]);
    }
    sigma = std::max(kMadToSigma * median_of(magnitude), 1e-5);
    for (std::size_t k = 0; k < used.size(); ++k) {
      const double u = residual[k] / (kTukey * sigma);
      weight[k] = std::abs(u) < 1.0 ? (1.0 - u * u) * (1.0 - u * u) : 0.0;
    }
  }
  const Eigen::Matrix2d covariance = kShared * kShared * sigma * sigma * inverse;
  const double across = std::hypot(std::sqrt(covariance(0, 0)), registration_sigma_m);
  const double up = std::hypot(std::sqrt(covariance(1, 1)), registration_sigma_m);
  out.value = {motion[0] * h.x(), motion[0] * h.y(), motion[1]};
  out.sigma = {std::max(across * std::abs(h.x()), registration_sigma_m), std::max(across * std::abs(h.y()), registration_sigma_m), up};
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
    target.area_m2 = kPatch_m * kPatch_m;
    target.series.push(reference, {0.0, 0.0, 0.0}, std::vector<double>(3, registration_sigma_m.empty() ? 1e-3 : registration_sigma_m[0]));
    for (std::size_t e = 0; e < fields.size(); ++e) {
      const BlockMotion motion = fit_block(fields[e], cores, registration_sigma_m[e]);
      target.series.push(fields[e].to, {motion.value.x(), motion.value.y(), motion.value.z()},
                         {motion.sigma.x(), motion.sigma.y(), motion.sigma.z()});
    }
    targets.push_back(std::move(target));
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
