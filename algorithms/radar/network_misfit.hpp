#pragma once

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>
#include <cstdint>
#include <span>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall {

/// Inverse phase variance of a distributed scatterer of this coherence, up to a factor that is the same everywhere: 2 L g^2 / (1
/// - g^2) (Rodriguez and Martin 1992, doi:10.1049/ip-f-2.1992.0018). A coherence that is not known counts as the lowest.
double phase_weight(double coherence, double looks) noexcept;

/// Weighted misfit of one pixel's phases to any motion of its acquisitions, as a function of whole cycles u added to some of
/// them: E(u) = E(0) + 2 pi g u + 2 pi^2 u Q u with Q = W - W A (A^T W A)^-1 A^T W and g = Q phase, in units of the weights.
class NetworkMisfit {
 public:
  explicit NetworkMisfit(const InterferogramNetwork& network);

  /// Takes a pixel: the phase of pair p is phase[p * stride], less offset_rad[p]; NaN = absent. Without coherence (empty) all
  /// weigh 1.
  /// @return interferograms that are there
  std::size_t set(std::span<const float> phase, std::span<const float> coherence, std::size_t stride,
                  std::span<const double> offset_rad);

  std::span<const double> gradient() const noexcept { return gradient_; }  ///< g, one a pair.
  std::span<const double> weight() const noexcept { return weight_; }      ///< One a pair, 0 = absent.
  /// Q of the given pairs, row by row.
  void curvature(std::span<const std::uint32_t> pairs, std::vector<double>& out);

 private:
  struct Ends {
    Eigen::Index first;
    Eigen::Index second;
  };
  void solve_normal();

  double looks_;
  std::vector<Ends> ends_;
  Eigen::SparseMatrix<double> normal_;  ///< Lower triangle.
  std::vector<std::ptrdiff_t> place_;   ///< Per pair: where its off-diagonal element lies in normal_.
  std::vector<std::ptrdiff_t> diagonal_;
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>, Eigen::Lower> factor_;
  std::vector<double> phase_;
  std::vector<double> weight_;
  std::vector<double> gradient_;
  Eigen::VectorXd right_;
  Eigen::VectorXd solution_;
};

}  // namespace highwall
