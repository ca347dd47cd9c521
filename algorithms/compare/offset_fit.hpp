#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "algorithms/compare/cylinder_points.hpp"
#include "algorithms/compare/lod.hpp"
#include "algorithms/compare/roughness.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {

inline constexpr Eigen::Index kTrend = 6;        // A quadratic in two directions.
inline constexpr std::size_t kFewest = 5;        // Points of an epoch.
inline constexpr double kLeastNoise_m2 = 1e-12;  // A micrometre.

inline Eigen::Matrix<double, 1, kTrend> trend_at(const Spot& s, double scale) {
  const double a = s.a / scale;
  const double b = s.b / scale;
  return {1.0, a, b, a * a, a * b, b * b};
}

/// Roughness::covariance() from a table: 300 points have 45,000 pairs.
class CovarianceTable {
 public:
  CovarianceTable(const Roughness& roughness, double farthest_m) : step_(farthest_m * farthest_m / kSteps) {
    values_.resize(static_cast<std::size_t>(kSteps) + 2);
    for (std::size_t k = 0; k < values_.size(); ++k) values_[k] = roughness.covariance(step_ * static_cast<double>(k));
  }
  double operator()(double squared_distance) const {
    const double at = std::min(squared_distance / step_, kSteps);
    const auto k = static_cast<std::size_t>(at);
    return values_[k] + (at - static_cast<double>(k)) * (values_[k + 1] - values_[k]);
  }

 private:
  static constexpr double kSteps = 16384.0;
  double step_;
  std::vector<double> values_;
};

struct Offset {
  double value = kNaN;
  double sigma = kNaN;
  double student = kNormal95;  ///< 95 % quantile for what is left of the points.
};

/// How much higher the second epoch's points lie on the surface that both share.
class OffsetFit {
 public:
  OffsetFit(const Roughness& roughness, double radius_m)
      : noise_m2_(roughness.noise_m2), scale_(radius_m), covariance_(roughness, 2.0 * radius_m) {}

  Offset operator()(const std::vector<Spot>& before, const std::vector<Spot>& after) {
    Offset out;
    const std::size_t n1 = before.size();
    const std::size_t count = n1 + after.size();
    const auto n = static_cast<Eigen::Index>(count);
    constexpr Eigen::Index kUnknowns = kTrend + 1;
    if (n1 < kFewest || after.size() < kFewest || n < kUnknowns + 4) return out;
    matrix_.resize(n, n);
    sides_.resize(n, kUnknowns + 1);
    const auto spot = [&](std::size_t k) -> const Spot& { return k < n1 ? before[k] : after[k - n1]; };
    for (std::size_t j = 0; j < count; ++j) {
      const Spot& q = spot(j);
      const auto col = static_cast<Eigen::Index>(j);
      for (std::size_t i = j; i < count; ++i) {
        const double da = spot(i).a - q.a;
        const double db = spot(i).b - q.b;
        matrix_(static_cast<Eigen::Index>(i), col) = covariance_(da * da + db * db);
      }
      matrix_(col, col) += noise_m2_;
      sides_.row(col).head<kTrend>() = trend_at(q, scale_);
      sides_(col, kTrend) = j < n1 ? 0.0 : 1.0;
      sides_(col, kUnknowns) = q.h;
    }
    factor_.compute(matrix_);
    if (factor_.info() != Eigen::Success) return out;
    factor_.matrixL().solveInPlace(sides_);
    const auto design = sides_.leftCols<kUnknowns>();
    const Eigen::Matrix<double, kUnknowns, kUnknowns> normal = design.transpose() * design;
    const Eigen::Matrix<double, kUnknowns, 1> right = design.transpose() * sides_.col(kUnknowns);
    const Eigen::LDLT<Eigen::Matrix<double, kUnknowns, kUnknowns>> solver(normal);
    if (!(solver.vectorD().minCoeff() > 1e-12 * solver.vectorD().maxCoeff())) return out;
    const Eigen::Matrix<double, kUnknowns, 1> solved = solver.solve(right);
    const double left = static_cast<double>(n - kUnknowns);
    const double scatter = (sides_.col(kUnknowns) - design * solved).squaredNorm() / left;
    const Eigen::Matrix<double, kUnknowns, 1> unit = Eigen::Matrix<double, kUnknowns, 1>::Unit(kTrend);
    out.value = solved[kTrend];
    out.sigma = std::sqrt(std::max(scatter * solver.solve(unit)[kTrend], kLeastNoise_m2));
    out.student = student95(left);
    return out;
  }

 private:
  double noise_m2_;
  double scale_;
  CovarianceTable covariance_;
  Eigen::MatrixXd matrix_;
  Eigen::MatrixXd sides_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

}  // namespace highwall
