#include "algorithms/compare/roughness.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace highwall {
namespace {

struct Part {
  Eigen::Vector3d coefficients = Eigen::Vector3d::Zero();
  double misfit = std::numeric_limits<double>::infinity();
};

/// Least squares without negative coefficients, of three columns: the best of all subsets that has none.
Part fit_positive(const Eigen::MatrixXd& columns, const Eigen::VectorXd& values) {
  Part best;
  for (unsigned subset = 1; subset < 8; ++subset) {
    std::vector<Eigen::Index> chosen;
    for (Eigen::Index c = 0; c < 3; ++c) {
      if ((subset >> c & 1U) != 0) chosen.push_back(c);
    }
    Eigen::MatrixXd some(columns.rows(), static_cast<Eigen::Index>(chosen.size()));
    for (std::size_t k = 0; k < chosen.size(); ++k) some.col(static_cast<Eigen::Index>(k)) = columns.col(chosen[k]);
    const Eigen::VectorXd solved = some.colPivHouseholderQr().solve(values);
    if (!(solved.minCoeff() >= 0.0)) continue;
    const double misfit = (some * solved - values).squaredNorm();
    if (!(misfit < best.misfit)) continue;
    best.misfit = misfit;
    best.coefficients.setZero();
    for (std::size_t k = 0; k < chosen.size(); ++k) best.coefficients[chosen[k]] = solved[static_cast<Eigen::Index>(k)];
  }
  return best;
}

}  // namespace

void Variogram::add(const Variogram& other) {
  for (std::size_t k = 0; k < sum.size(); ++k) {
    sum[k] += other.sum[k];
    pairs[k] += other.pairs[k];
    distance[k] += other.distance[k];
  }
}

double Roughness::covariance(double squared_distance_m2) const {
  double out = 0.0;
  for (std::size_t k = 0; k < 2; ++k) {
    if (variance_m2[k] > 0.0) out += variance_m2[k] * std::exp(-0.5 * squared_distance_m2 / (length_m[k] * length_m[k]));
  }
  return out;
}

Roughness fit_roughness(const Variogram& variogram, double longest_lag_m) {
  std::vector<std::size_t> used;
  for (std::size_t k = 0; k < variogram.pairs.size(); ++k) {
    if (variogram.pairs[k] > 0.0) used.push_back(k);
  }
  Roughness out;
  if (used.empty()) return out;
  const auto n = static_cast<Eigen::Index>(used.size());
  Eigen::VectorXd lag(n);
  Eigen::VectorXd weight(n);
  Eigen::VectorXd value(n);
  for (Eigen::Index k = 0; k < n; ++k) {
    const std::size_t c = used[static_cast<std::size_t>(k)];
    lag[k] = variogram.distance[c] / variogram.pairs[c];
    value[k] = variogram.sum[c] / variogram.pairs[c];
    // The scatter of a class's mean grows with the mean itself (Cressie 1985, doi:10.1007/BF01032109).
    weight[k] = std::sqrt(variogram.pairs[c]) / std::max(value[k], 1e-12);
  }
  constexpr int kSteps = 16;
  constexpr double kShortest = 0.05;  // Of the longest lag.
  const auto length = [&](int step) {
    return longest_lag_m * kShortest * std::pow(1.0 / kShortest, static_cast<double>(step) / (kSteps - 1));
  };
  Part best;
  for (int i = 0; i < kSteps; ++i) {
    for (int j = i + 1; j < kSteps; ++j) {
      Eigen::MatrixXd columns(n, 3);
      columns.col(0).setOnes();
      const double a = length(i);
      const double b = length(j);
      columns.col(1) = 1.0 - (-0.5 * lag.array().square() / (a * a)).exp();
      columns.col(2) = 1.0 - (-0.5 * lag.array().square() / (b * b)).exp();
      const Part part = fit_positive(weight.asDiagonal() * columns, weight.asDiagonal() * value);
      if (!(part.misfit < best.misfit)) continue;
      best = part;
      out.length_m = {a, b};
    }
  }
  out.noise_m2 = best.coefficients[0];
  out.variance_m2 = {best.coefficients[1], best.coefficients[2]};
  return out;
}

}  // namespace highwall
