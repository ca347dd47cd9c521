#include "algorithms/vectors/patch_fit.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/statistics.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;

constexpr int kIterations = 12;
constexpr std::size_t kCoarse = 4;      // Every so many planes until the steps are small.
constexpr double kSmallStep = 0.05;     // Of the spacing.
constexpr double kSettled = 5e-4;       // Of the spacing.
constexpr double kLeastNoise_m = 1e-7;  // Residuals of copies are zero.
constexpr double kLeastInformation = 1e-9;
constexpr double kSame = 0.3;  // Below, the part that both epochs agree on is too little to step by.

/// The normal equations of a patch, rotations as shifts at its rim: of the mean normals, and the part of it that both
/// epochs agree on. Noise of normals, independent in the two, is in the first only.
struct Equations {
  Matrix6 all = Matrix6::Zero();
  Matrix6 agreed = Matrix6::Zero();
  Vector6 right = Vector6::Zero();
};

template <int N>
Eigen::Matrix<double, N, 1> solved(const Equations& e, bool by_agreed) {
  using Matrix = Eigen::Matrix<double, N, N>;
  const Matrix matrix = by_agreed ? Matrix(e.agreed.topLeftCorner<N, N>()) : Matrix(e.all.topLeftCorner<N, N>());
  const Eigen::SelfAdjointEigenSolver<Matrix> spectrum(matrix);
  const double least = std::max(kLeastInformation * e.all.trace(), 1e-4 * spectrum.eigenvalues()[N - 1]);
  Eigen::Matrix<double, N, 1> out = Eigen::Matrix<double, N, 1>::Zero();
  for (int k = 0; k < N; ++k) {
    if (!(spectrum.eigenvalues()[k] > least)) continue;
    const auto axis = spectrum.eigenvectors().col(k);
    out += axis * (axis.dot(e.right.head<N>()) / spectrum.eigenvalues()[k]);
  }
  return out;
}

/// Covariance of the shift in units of the residuals' variance; false when a direction is open.
template <int N>
bool covariance_of(const Equations& e, Eigen::Matrix3d& out) {
  using Matrix = Eigen::Matrix<double, N, N>;
  const Matrix agreed = e.agreed.topLeftCorner<N, N>();
  const Eigen::SelfAdjointEigenSolver<Matrix> spectrum(agreed);
  if (!(spectrum.eigenvalues()[0] > kLeastInformation * e.all.trace())) return false;
  const Matrix inverse =
      spectrum.eigenvectors() * spectrum.eigenvalues().cwiseInverse().asDiagonal() * spectrum.eigenvectors().transpose();
  const Matrix full = inverse * e.all.topLeftCorner<N, N>() * inverse;
  out = full.template topLeftCorner<3, 3>();
  return true;
}

double least_alike(const Equations& e) {
  const Eigen::Matrix3d all = e.all.topLeftCorner<3, 3>();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> spectrum(all);
  if (!(spectrum.eigenvalues()[0] > kLeastInformation * all.trace())) return 0.0;
  const Eigen::Matrix3d root = spectrum.operatorInverseSqrt();
  const Eigen::Matrix3d ratio = root * e.agreed.topLeftCorner<3, 3>() * root;
  return Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(ratio, Eigen::EigenvaluesOnly).eigenvalues()[0];
}

}  // namespace

std::size_t PatchFitter::take(const Eigen::Vector3d& place, double radius) {
  place_ = place;
  radius_ = radius;
  taken_.clear();
  before_.within(place, radius, [&](std::size_t k) {
    if (std::isfinite(before_.rms[k])) taken_.push_back(k);
  });
  const std::size_t there = taken_.size();
  if (there > rules_.most) {
    for (std::size_t k = 0; k < rules_.most; ++k) taken_[k] = taken_[k * there / rules_.most];
    taken_.resize(rules_.most);
  }
  share_ = there > 0 ? static_cast<double>(taken_.size()) / static_cast<double>(there) : 1.0;
  return there;
}

void PatchFitter::find_pairs(const PatchFit& at, std::size_t step) {
  pairs_.clear();
  for (std::size_t k = 0; k < taken_.size(); k += step) {
    const auto row = static_cast<Eigen::Index>(taken_[k]);
    const Eigen::Vector3d arm = at.turn * (Eigen::Vector3d(before_.centre.row(row).transpose()) - place_);
    const Eigen::Vector3d p = place_ + arm + at.shift;
    std::size_t t = after_.nearest(p, rules_.spacing_m);
    if (t == after_.size()) t = after_.nearest(p, rules_.gate_m);
    if (t == after_.size() || !std::isfinite(after_.rms[t])) continue;
    const auto other = static_cast<Eigen::Index>(t);
    const Eigen::Vector3d n1 = at.turn * Eigen::Vector3d(before_.normal.row(row).transpose());
    Eigen::Vector3d n2 = after_.normal.row(other).transpose();
    const double cosine = n1.dot(n2);
    if (std::abs(cosine) < rules_.least_cosine) continue;
    if (cosine < 0.0) n2 = -n2;
    const Eigen::Vector3d mean = 0.5 * (n1 + n2);
    const double to_unit = 1.0 / mean.norm();
    const Eigen::Vector3d n = to_unit * mean;
    const double r = n.dot(Eigen::Vector3d(after_.centre.row(other).transpose()) - p);
    const double a = before_.rms[taken_[k]];
    const double b = after_.rms[t];
    pairs_.push_back({arm, to_unit * n1, to_unit * n2, r, a * a + b * b});
  }
}

PatchFit PatchFitter::fit(const Eigen::Vector3d& start, bool turning) {
  PatchFit out;
  out.shift = start;
  std::size_t step = kCoarse;
  for (int pass = 0; pass < kIterations; ++pass) {
    find_pairs(out, step);
    out.matched = static_cast<double>(pairs_.size() * step) / static_cast<double>(std::max<std::size_t>(1, taken_.size()));
    if (pairs_.size() * step < rules_.fewest) return out;
    sizes_.clear();
    for (const Pair& pair : pairs_) sizes_.push_back(std::abs(pair.residual));
    const auto middle = sizes_.begin() + static_cast<std::ptrdiff_t>(sizes_.size() / 2);
    std::nth_element(sizes_.begin(), middle, sizes_.end());
    const double sigma = std::max(kMadToSigma * *middle, kLeastNoise_m);
    Equations e;
    double square = 0.0;
    double expected = 0.0;
    for (const Pair& pair : pairs_) {
      square += pair.residual * pair.residual;
      expected += pair.expected;
      const double weight = tukey_weight(pair.residual / sigma);
      if (!(weight > 0.0)) continue;
      Vector6 row1 = Vector6::Zero();
      Vector6 row2 = Vector6::Zero();
      row1.head<3>() = pair.n1;
      row2.head<3>() = pair.n2;
      if (turning) {
        row1.tail<3>() = pair.arm.cross(pair.n1) / radius_;
        row2.tail<3>() = pair.arm.cross(pair.n2) / radius_;
      }
      const Vector6 row = 0.5 * (row1 + row2);
      e.all += weight * row * row.transpose();
      e.agreed += (0.5 * weight) * (row1 * row2.transpose() + row2 * row1.transpose());
      e.right += (weight * pair.residual) * row;
    }
    out.alike = least_alike(e);
    out.misfit = std::sqrt(square / std::max(expected, kLeastNoise_m * kLeastNoise_m));
    out.found = turning ? covariance_of<6>(e, out.covariance) : covariance_of<3>(e, out.covariance);
    out.covariance *= share_ * sigma * sigma;
    Vector6 motion = Vector6::Zero();
    if (turning) {
      motion = solved<6>(e, out.alike > kSame);
    } else {
      motion.head<3>() = solved<3>(e, out.alike > kSame);
    }
    const double length = motion.norm();
    if (!(length < 1e9)) return PatchFit{};
    if (length > rules_.gate_m) motion *= rules_.gate_m / length;
    out.shift += motion.head<3>();
    const double angle = motion.tail<3>().norm() / radius_;
    if (angle > 0.0) {
      out.turn = Eigen::AngleAxisd(angle, Eigen::Vector3d(motion.tail<3>() / (radius_ * angle))).toRotationMatrix() * out.turn;
    }
    if (step > 1) {
      if (length < kSmallStep * rules_.spacing_m || pass + 4 >= kIterations) step = 1;
    } else if (length < kSettled * rules_.spacing_m) {
      break;
    }
  }
  return out;
}

}  // namespace highwall
