#include "algorithms/align/held.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include "algorithms/align/rigid_motion.hpp"

namespace highwall {
namespace {

void append(Motions& to, const Motions& more) {
  const Eigen::Index n = to.cols();
  to.conservativeResize(6, n + more.cols());
  to.rightCols(more.cols()) = more;
}

}  // namespace

Held::Held(const Eigen::Vector3d& centre_m, double length_m, double expected_m)
    : centre_m_(centre_m), length_m_(length_m), expected_m_(expected_m), free_(all_motions(length_m)), open_(6, 0), weak_(6, 0) {}

bool Held::take(const Motions& open, Matrix6& covariance, double weak_m, Eigen::Isometry3d& transform) {
  constexpr double kSignificant = 2.0;  // Standard deviations.
  constexpr int kPasses = 3;            // Turns are not linear.
  Vector6 at_rim = Vector6::Ones();
  at_rim.tail<3>() *= length_m_;
  const auto motion = [&]() -> Vector6 { return motion_of(transform, centre_m_).cwiseProduct(at_rim); };
  Matrix6 rim = at_rim.asDiagonal() * covariance * at_rim.asDiagonal();
  Motions taken = open;
  const Eigen::SelfAdjointEigenSolver<Matrix6> known(rim);
  for (Eigen::Index k = 0; k < 6; ++k) {
    const double variance = known.eigenvalues()[k];
    if (!(variance > weak_m * weak_m)) continue;
    const Vector6 axis = known.eigenvectors().col(k);
    const double moved = axis.dot(motion());
    if (!(moved * moved < kSignificant * kSignificant * variance)) continue;
    const Motions direction = axis.cwiseQuotient(at_rim);
    append(taken, direction);
    append(weak_, direction);
    weak_variance_m2_.conservativeResize(weak_.cols());
    // What it may be off: as far as the ground tells, and no farther than expected.
    weak_variance_m2_[weak_.cols() - 1] = 1.0 / (1.0 / (variance + moved * moved) + 1.0 / (expected_m_ * expected_m_));
    rim -= variance * axis * axis.transpose();
  }
  append(open_, open);
  if (taken.cols() == 0) return false;
  covariance = at_rim.cwiseInverse().asDiagonal() * rim * at_rim.cwiseInverse().asDiagonal();
  Motions held = open_;
  append(held, weak_);
  free_ = without(held, length_m_);
  for (int pass = 0; pass < kPasses; ++pass) {
    Vector6 back = motion();
    const Motions left = at_rim.asDiagonal() * free_;
    back -= left * (left.transpose() * back);
    transform = rigid_motion(Vector6(-back.cwiseQuotient(at_rim)), centre_m_) * transform;
  }
  return true;
}

void Held::add_to(Matrix6& covariance) const {
  covariance += expected_m_ * expected_m_ * open_ * open_.transpose();
  covariance += weak_ * weak_variance_m2_.asDiagonal() * weak_.transpose();
}

std::string Held::in_words() const {
  std::string text;
  if (open_.cols() > 0) {
    text += fmt::format("; not observable, left as it came, to {:g} m: {}", expected_m_, highwall::in_words(open_, length_m_));
  }
  if (weak_.cols() > 0) {
    text += fmt::format("; told too badly to move, left as it came, to {:.0f} mm: {}",
                        1000.0 * std::sqrt(weak_variance_m2_.maxCoeff()), highwall::in_words(weak_, length_m_));
  }
  return text;
}

}  // namespace highwall
