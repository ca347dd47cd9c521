#include "algorithms/vectors/patch_fit.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/statistics.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;

constexpr int kIterations = 16;
constexpr std::size_t kCoarse = 4;      // Every so many planes until the steps are small.
constexpr double kSmallStep = 0.05;     // Of the spacing.
constexpr double kSettled = 5e-4;       // Of the spacing.
constexpr double kLeastNoise_m = 1e-7;  // Residuals of copies are zero.
constexpr double kLeastInformation = 1e-9;
constexpr double kShared = 3.0;            // Standard deviations of the mean: offsets of nearest planes have one in common.
constexpr double kAside = 0.05;            // Spacings: less in common does no harm.
constexpr double kBetween = 1.6;           // Spacings: planes that a plane is laid between ...
constexpr double kBetweenSigma = 0.6;      // ... with Gaussian weights.
constexpr double kLeastWidth = 0.25;       // Spacings: standard deviation of their places, or they lie on a line.
constexpr double kMostExtrapolated = 2.0;  // Sum of the weights' sizes: beyond, the place is not among them.
constexpr double kSame = 0.3;              // Below, the part that both epochs agree on is too little to step by.

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
  const double least = kLeastInformation * e.all.trace();
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

/// Of a pair's residual over that of a usual one: half of it is every plane's own.
double variance_of(double expected, double usual) { return 0.5 * (1.0 + expected / usual); }

double middle_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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

/// The second epoch's plane at a place: that of the nearest point, or, `between`, laid through all around so that their mean
/// lies at the place. @return false when there is none
bool PatchFitter::opposite(const Eigen::Vector3d& p, const Eigen::Vector3d& n1, bool between, Opposite& out) {
  std::size_t t = after_.nearest(p, rules_.spacing_m);
  if (t == after_.size()) t = after_.nearest(p, rules_.gate_m);
  if (t == after_.size() || !std::isfinite(after_.rms[t])) return false;
  const auto nearest = static_cast<Eigen::Index>(t);
  out.normal = after_.normal.row(nearest).transpose();
  const double cosine = n1.dot(out.normal);
  if (std::abs(cosine) < rules_.least_cosine) return false;
  if (cosine < 0.0) out.normal = -out.normal;
  out.to_centre = Eigen::Vector3d(after_.centre.row(nearest).transpose()) - p;
  out.aside = out.to_centre - n1.dot(out.to_centre) * n1;
  out.rms = after_.rms[t];
  out.between = !between || lay_between(p, n1, out);
  return true;
}

/// Weights of a local linear fit at the place: the mean of the planes' centres lies there, whatever the pattern of the points.
bool PatchFitter::lay_between(const Eigen::Vector3d& p, const Eigen::Vector3d& n1, Opposite& out) {
  const Eigen::Vector3d e1 =
      (std::abs(n1.z()) < 0.9 ? Eigen::Vector3d::UnitZ() : Eigen::Vector3d::UnitX()).cross(n1).normalized();
  const Eigen::Vector3d e2 = n1.cross(e1);
  const double to_exponent = -0.5 / (kBetweenSigma * kBetweenSigma * rules_.spacing_m * rules_.spacing_m);
  around_.clear();
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  after_.within(p, kBetween * rules_.spacing_m, [&](std::size_t k) {
    if (!std::isfinite(after_.rms[k])) return;
    const auto row = static_cast<Eigen::Index>(k);
    Eigen::Vector3d n2 = after_.normal.row(row).transpose();
    const double cosine = n1.dot(n2);
    if (std::abs(cosine) < rules_.least_cosine) return;
    if (cosine < 0.0) n2 = -n2;
    const Eigen::Vector3d d = Eigen::Vector3d(after_.centre.row(row).transpose()) - p;
    const Eigen::Vector3d at(1.0, d.dot(e1), d.dot(e2));
    const double weight = std::exp(to_exponent * at.tail<2>().squaredNorm());
    normal += weight * at * at.transpose();
    around_.push_back({weight, at, n2, 0.5 * d.dot(n1 + n2)});
  });
  const double inside = normal(0, 0) * kLeastWidth * kLeastWidth * rules_.spacing_m * rules_.spacing_m;
  if (around_.size() < 3 || !(normal.bottomRightCorner<2, 2>().determinant() > inside * inside)) return false;
  const Eigen::Vector3d linear = normal.ldlt().solve(Eigen::Vector3d::UnitX());
  double sizes = 0.0;
  double height = 0.0;
  Eigen::Vector3d n = Eigen::Vector3d::Zero();
  for (const Around& a : around_) {
    const double weight = a.weight * linear.dot(a.at);
    sizes += std::abs(weight);
    height += weight * a.height;
    n += weight * a.normal;
  }
  if (!(sizes < kMostExtrapolated) || !(n.norm() > 0.5)) return false;
  out.normal = n.normalized();
  const Eigen::Vector3d mean = (n1 + out.normal).normalized();
  out.to_centre = height * mean;
  return true;
}

void PatchFitter::find_pairs(const PatchFit& at, std::size_t step, bool between) {
  pairs_.clear();
  found_ = 0;
  Eigen::Vector3d aside = Eigen::Vector3d::Zero();
  double square = 0.0;
  for (std::size_t k = 0; k < taken_.size(); k += step) {
    const auto row = static_cast<Eigen::Index>(taken_[k]);
    const Eigen::Vector3d arm = at.turn * (Eigen::Vector3d(before_.centre.row(row).transpose()) - place_);
    const Eigen::Vector3d n1 = at.turn * Eigen::Vector3d(before_.normal.row(row).transpose());
    Opposite other;
    if (!opposite(place_ + arm + at.shift, n1, between, other)) continue;
    ++found_;
    aside += other.aside;
    square += other.aside.squaredNorm();
    if (!other.between) continue;
    const Eigen::Vector3d mean = 0.5 * (n1 + other.normal);
    const double to_unit = 1.0 / mean.norm();
    const double a = before_.rms[taken_[k]];
    pairs_.push_back(
        {arm, to_unit * n1, to_unit * other.normal, to_unit * mean.dot(other.to_centre), a * a + other.rms * other.rms});
  }
  // Planes of rows of beams lie all to one side of their nearest ones: their noise times that would be taken for motion.
  const double most = std::max(kShared * std::sqrt(square), kAside * rules_.spacing_m * static_cast<double>(found_));
  in_rows_ = aside.norm() > most;
}

PatchFit PatchFitter::fit(const Eigen::Vector3d& start, bool turning) {
  PatchFit out;
  out.shift = start;
  std::size_t step = kCoarse;
  bool between = false;
  for (int pass = 0; pass < kIterations; ++pass) {
    find_pairs(out, step, between);
    out.matched = static_cast<double>(found_ * step) / static_cast<double>(std::max<std::size_t>(1, taken_.size()));
    if (pairs_.size() * step < rules_.fewest) return out;
    // Planes about an edge are where its rows of points put them: what their points scatter about them counts as their noise.
    sizes_.clear();
    for (const Pair& pair : pairs_) sizes_.push_back(pair.expected);
    const double usual = std::max(middle_of(sizes_), kLeastNoise_m * kLeastNoise_m);
    sizes_.clear();
    for (const Pair& pair : pairs_) sizes_.push_back(std::abs(pair.residual) / std::sqrt(variance_of(pair.expected, usual)));
    const double sigma = std::max(kMadToSigma * middle_of(sizes_), kLeastNoise_m);
    Equations e;
    double square = 0.0;
    double expected = 0.0;
    for (const Pair& pair : pairs_) {
      square += pair.residual * pair.residual;
      expected += pair.expected;
      const double variance = variance_of(pair.expected, usual);
      const double weight = tukey_weight(pair.residual / (sigma * std::sqrt(variance))) / variance;
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
      if (length < kSmallStep * rules_.spacing_m || pass + 8 >= kIterations) step = 1;
    } else if (in_rows_ && !between && sigma > kLeastNoise_m &&
               (length < kSettled * rules_.spacing_m || pass + 4 >= kIterations)) {
      between = true;
    } else if (length < kSettled * rules_.spacing_m) {
      break;
    }
  }
  return out;
}

}  // namespace highwall
