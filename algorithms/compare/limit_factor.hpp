#pragma once

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/statistics.hpp"

namespace highwall {

/// How much wider than a Gaussian of their stated standard errors values scatter: |value| over its standard error against a
/// Gaussian's at three quantiles below the tail, where moving ground would be. NaN of nothing.
inline double limit_factor(const std::vector<double>& ratios) {
  constexpr std::array<double, 3> kShare{0.6827, 0.8, 0.9};
  constexpr std::array<double, 3> kGaussian{1.0, 1.2816, 1.6449};
  double product = 1.0;
  for (std::size_t k = 0; k < kShare.size(); ++k) product *= quantile(ratios, kShare[k]) / kGaussian[k];
  return std::cbrt(product);
}

}  // namespace highwall
