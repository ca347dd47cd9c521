#pragma once

#include <vector>

#include "algorithms/compare/calibrated.hpp"

namespace highwall {

/// Half mean squared differences of residuals by distance class.
struct Variogram {
  std::vector<double> sum;  ///< Of half squared differences.
  std::vector<double> pairs;
  std::vector<double> distance;  ///< Sum of the pairs' distances.
  explicit Variogram(std::size_t classes) : sum(classes, 0.0), pairs(classes, 0.0), distance(classes, 0.0) {}
  void add(const Variogram& other);
};

/// Nugget and two Gaussians through the classes' means, by least squares with the pairs as weights over a grid of
/// lengths; no part is negative. All zero when no class has pairs.
Roughness fit_roughness(const Variogram& variogram, double longest_lag_m);

}  // namespace highwall
