#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <vector>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/vectors/vectors.hpp"

namespace highwall {

constexpr double kLeastSigma_m = 1e-6;  ///< No length is known better.

/// A vector before its covariance is scaled.
struct RawVector {
  bool good = false;
  Eigen::Vector3d shift = Eigen::Vector3d::Zero();
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
};

/// Vectors of neighbouring core points, and what they say of each other.
class Neighbourhood {
 public:
  Neighbourhood(const Points& places, double reach_m, const Run& run);

  /// Core points whose neighbours, and which themselves, are not significantly off zero with formal deviations times
  /// `factor`.
  std::vector<std::size_t> at_rest(const std::vector<RawVector>& vectors, double radius_m, double factor, double sigmas,
                                   const Run& run) const;
  /// 1 for vectors that differ too much from the median of those around (universal outlier detection).
  std::vector<std::uint8_t> outliers(const std::vector<RawVector>& vectors, double factor, double limit, const Run& run) const;
  /// What the neighbours within 0.75 patch radii say otherwise: second moments of their vectors about the core point's own,
  /// where that is more than the covariance lets expect; else zero.
  std::vector<Eigen::Matrix3d> disagreement(const std::vector<RawVector>& vectors, double radius_m, double factor,
                                            const Run& run) const;

 private:
  template <class Visit>
  void near(std::size_t core, double reach, Visit&& visit) const;

  const Points& places_;
  double reach_m_;
  CellIndex index_;
  std::vector<std::uint32_t> order_;
};

/// Median over the core points of the squared Mahalanobis distance of their vectors from zero, over that of a Gaussian.
double formal_scale(const std::vector<RawVector>& vectors, const std::vector<std::size_t>& cores);
/// The same, or that of their 95 % quantiles where it is more: some grounds' vectors scatter more than their forms say, and 95 %
/// intervals are to hold 95 % of them all.
double interval_scale(const std::vector<RawVector>& vectors, const std::vector<std::size_t>& cores);

constexpr double kThreeAtFive = 7.815;  ///< 95 % quantile of chi-squared with three degrees of freedom.

}  // namespace highwall
