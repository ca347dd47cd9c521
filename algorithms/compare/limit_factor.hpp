#pragma once

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/statistics.hpp"

namespace highwall {

/// Below the tail, where moving ground would be.
inline constexpr std::array<double, 3> kBelowTail{0.6827, 0.8, 0.9};
inline constexpr std::array<double, 3> kBelowTailGaussian{1.0, 1.2816, 1.6449};

/// How much wider than a Gaussian of their stated standard errors values scatter: |value| over its standard error against a
/// Gaussian's at three quantiles below the tail, where moving ground would be. NaN of nothing.
inline double limit_factor(const std::vector<double>& ratios) {
  double product = 1.0;
  for (std::size_t k = 0; k < kBelowTail.size(); ++k) product *= quantile(ratios, kBelowTail[k]) / kBelowTailGaussian[k];
  return std::cbrt(product);
}

/// What limit_factor() lacks at the 95 % limit where tails are heavier (or lighter) than a Gaussian's: the straight line through
/// the logarithms of the same three quantiles, carried on to 1.96. 1 of nothing, and of ratios that are zero.
inline double tail_factor(const std::vector<double>& ratios) {
  double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
  constexpr auto n = static_cast<double>(kBelowTail.size());
  for (std::size_t k = 0; k < kBelowTail.size(); ++k) {
    const double z = std::log(kBelowTailGaussian[k]);
    const double v = std::log(quantile(ratios, kBelowTail[k])) - z;
    x += z / n;
    y += v / n;
    xx += z * z / n;
    xy += z * v / n;
  }
  const double found = std::exp((xy - x * y) / (xx - x * x) * (std::log(kNormal95) - x));
  return std::isfinite(found) ? found : 1.0;
}

}  // namespace highwall
