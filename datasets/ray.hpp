#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <optional>

#include "datasets/scene.hpp"

namespace highwall {

/// Range at which a ray first comes below a surface: coarse steps to the first crossing, then bisection on the rough one.
/// @param above  above(range, rough): height of the ray over the rough surface, or over the smooth one, which is cheaper
/// @return nothing when it does not before `last`
template <class Above>
std::optional<double> first_below(const Above& above, double first, double last) {
  constexpr double kStep = 0.5;
  constexpr double kRough = 1.0;  // The roughness never reaches so far.
  double before = first;
  for (double r = first; r < last; r += kStep) {
    if (above(r, false) > kRough || above(r, true) > 0.0) {
      before = r;
      continue;
    }
    double low = before;
    double high = r;
    for (int i = 0; i < 24; ++i) {
      const double middle = 0.5 * (low + high);
      (above(middle, true) > 0.0 ? low : high) = middle;
    }
    return high;
  }
  return std::nullopt;
}

/// Range at which the ray enters a box; infinite when it does not.
inline double enter(const MovingObject& box, const Eigen::Vector3d& from, const Eigen::Vector3d& ray) {
  double first = 0.0;
  double last = std::numeric_limits<double>::infinity();
  for (int c = 0; c < 3; ++c) {
    const double a = (box.low[c] - from[c]) / ray[c];
    const double b = (box.high[c] - from[c]) / ray[c];
    first = std::max(first, std::min(a, b));
    last = std::min(last, std::max(a, b));
  }
  return first <= last ? first : std::numeric_limits<double>::infinity();
}

}  // namespace highwall
