#include "algorithms/robust_fit.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/statistics.hpp"

namespace highwall {

RobustFit robust_fit(const Eigen::MatrixXd& rows, const Eigen::VectorXd& values, const RobustRules& rules) {
  RobustFit fit;
  if (rows.rows() < rows.cols() || rows.cols() == 0) return fit;
  Eigen::VectorXd weight = Eigen::VectorXd::Ones(rows.rows());
  for (int pass = 0; pass < rules.absolute_passes + rules.tukey_passes; ++pass) {
    const Eigen::MatrixXd normal = rows.transpose() * weight.asDiagonal() * rows;
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> spectrum(normal, Eigen::EigenvaluesOnly);
    const double largest = spectrum.eigenvalues()[rows.cols() - 1];
    if (!(largest > 0.0) || spectrum.eigenvalues()[0] < rules.least_ratio * largest) return fit;
    const Eigen::LDLT<Eigen::MatrixXd> solver(normal);
    fit.unknowns = solver.solve(rows.transpose() * weight.asDiagonal() * values);
    fit.inverse = solver.solve(Eigen::MatrixXd::Identity(rows.cols(), rows.cols()));
    fit.residual = values - rows * fit.unknowns;
    std::vector<double> magnitude(fit.residual.data(), fit.residual.data() + fit.residual.size());
    for (double& r : magnitude) r = std::abs(r);
    if (!fit.residual.allFinite()) return fit;
    fit.sigma = std::max(kMadToSigma * median(std::move(magnitude)), rules.least_sigma);
    for (Eigen::Index k = 0; k < weight.size(); ++k) {
      const double r = fit.residual[k] / fit.sigma;
      weight[k] = pass < rules.absolute_passes ? 1.0 / std::max(std::abs(r), 0.1) : tukey_weight(r);
    }
  }
  fit.solved = fit.unknowns.allFinite() && fit.inverse.allFinite();
  return fit;
}

}  // namespace highwall
