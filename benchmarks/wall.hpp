#pragma once

#include <cmath>

#include "core/cloud.hpp"
#include "datasets/random.hpp"

namespace highwall {

/// n points, one in each cell of a 0.1 m lattice, on a wall of 45 degrees with 0.1 m of roughness.
inline Points wall(std::size_t n, std::uint64_t seed) {
  const Random random(seed, 1);
  const auto side = static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
  Points out(static_cast<Eigen::Index>(side * side), 3);
  for (std::size_t i = 0; i < side * side; ++i) {
    const double along = 0.1 * (static_cast<double>(i / side) + random.uniform(3 * i));
    const double up = 0.1 * (static_cast<double>(i % side) + random.uniform(3 * i + 1));
    const double rough = 0.1 * std::sin(1.3 * along) * std::cos(1.7 * up) + 0.005 * random.normal(3 * i + 2);
    constexpr double kHalf = 0.70710678118654752;
    out.row(static_cast<Eigen::Index>(i)) << kHalf * (rough - up), along, kHalf * (rough + up);
  }
  return out;
}

}  // namespace highwall
