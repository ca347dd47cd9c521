#include "algorithms/align/normal_equations.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <vector>

namespace highwall {
namespace {

/// From shifts at the rim to (translation m, rotation rad).
Vector6 to_motion(double length_m) {
  Vector6 scale = Vector6::Ones();
  scale.tail<3>() /= length_m;
  return scale;
}

Eigen::MatrixXd orthonormal(const Eigen::MatrixXd& columns) {
  if (columns.cols() == 0) return columns;
  const Eigen::HouseholderQR<Eigen::MatrixXd> basis(columns);
  return basis.householderQ() * Eigen::MatrixXd::Identity(columns.rows(), columns.cols());
}

std::string axis_of(const Eigen::Vector3d& v) {
  const Eigen::Vector3d n = v.normalized();
  const auto rounded = [](double x) { return std::abs(x) < 0.005 ? 0.0 : x; };
  return fmt::format("({:.2f}, {:.2f}, {:.2f})", rounded(n.x()), rounded(n.y()), rounded(n.z()));
}

}  // namespace

Motions all_motions(double length_m) { return Matrix6(to_motion(length_m).asDiagonal()); }

Motions without(const Motions& some, double length_m) {
  const Eigen::MatrixXd columns = to_motion(length_m).cwiseInverse().asDiagonal() * some;
  const Eigen::HouseholderQR<Eigen::MatrixXd> basis(columns);
  const Eigen::MatrixXd q = basis.householderQ() * Eigen::MatrixXd::Identity(6, 6);
  return to_motion(length_m).asDiagonal() * q.rightCols(6 - some.cols());
}

void NormalEquations::add(const PlanePair& pair, double w) {
  matrix.noalias() += (w * pair.row) * pair.row.transpose();
  right += w * (pair.residual * pair.row - pair.unlike_residual * pair.unlike);
  if (!pair.inner) return;
  inner.noalias() += (w * pair.row) * pair.row.transpose();
  noise.noalias() += (w * pair.unlike) * pair.unlike.transpose();
  weight += w;
}

void NormalEquations::add(const NormalEquations& other) {
  matrix += other.matrix;
  inner += other.inner;
  noise += other.noise;
  right += other.right;
  weight += other.weight;
}

Told NormalEquations::told(const Motions& free, double length_m, double independent, double least_share) const {
  constexpr double kChance = 2.0;  // Standard deviations of what normals agree on that have nothing in common.
  constexpr double kMost = 0.9;
  constexpr double kNothing = 1e-10;
  Told out;
  const Eigen::Index n = free.cols();
  if (!(weight > 0.0) || !matrix.allFinite() || !inner.allFinite() || !noise.allFinite()) {
    out.open = free;
    out.told.resize(6, 0);
    return out;
  }
  const Eigen::MatrixXd all = free.transpose() * inner * free;
  const Eigen::MatrixXd agreed = all - free.transpose() * noise * free;
  const Eigen::MatrixXd positive = all + kNothing * all.trace() * Eigen::MatrixXd::Identity(n, n);
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> spectrum(agreed, positive);
  const double chance = kChance / std::sqrt(std::max(1.0, independent * weight));
  const double limit = std::min(least_share + chance, kMost);
  Eigen::Index open = 0;
  while (open < n && !(spectrum.eigenvalues()[open] > limit)) ++open;
  const Eigen::MatrixXd along = free * spectrum.eigenvectors().rightCols(n - open);
  // Normalized by all pairs: L with L L' = along' matrix along.
  const Eigen::MatrixXd root = Eigen::MatrixXd(along.transpose() * matrix * along).llt().matrixL();
  out.told = root.triangularView<Eigen::Lower>().solve(Eigen::MatrixXd(along.transpose())).transpose();
  out.share = spectrum.eigenvalues().tail(n - open);
  const Eigen::MatrixXd rest = to_motion(length_m).cwiseInverse().asDiagonal() * free * spectrum.eigenvectors().leftCols(open);
  out.open = to_motion(length_m).asDiagonal() * orthonormal(rest);
  return out;
}

Vector6 NormalEquations::solved(const Motions& free, double length_m, double independent) const {
  const Told directions = told(free, length_m, independent, 0.0);
  return directions.told * (directions.told.transpose() * right);
}

std::string in_words(const Motions& motions, double length_m) {
  if (motions.cols() == 0) return {};
  constexpr double kTurning = 0.3;
  const Eigen::MatrixXd turns = length_m * motions.bottomRows<3>();
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(turns, Eigen::ComputeFullV);
  std::string text;
  for (Eigen::Index k = motions.cols() - 1; k >= 0; --k) {
    const Vector6 motion = motions * svd.matrixV().col(k);
    const bool turning = k < svd.singularValues().size() && svd.singularValues()[k] > kTurning;
    text += (text.empty() ? "" : ", ") +
            (turning ? "a turn about " + axis_of(motion.tail<3>()) : "a shift along " + axis_of(motion.head<3>()));
  }
  return text;
}

}  // namespace highwall
