#pragma once

#include <cmath>
#include <functional>
#include <numbers>

#include "core/cloud.hpp"
#include "datasets/random.hpp"

namespace highwall {

/// A rough slope over a square of the xy plane, 45 degrees steep: one random point a lattice cell, heights
/// of a fixed sum of waves (0.15, 0.05 and 0.015 m at 5, 1 and 0.2 m), white noise on each coordinate.
struct RoughSlope {
  double side_m = 40.0;
  double spacing_m = 0.2;
  double noise_m = 0.005;
  double steepness = 1.0;

  double height(double x, double y) const {
    double z = steepness * x;
    const double wavelength[] = {5.0, 1.0, 0.2};
    const double size[] = {0.15, 0.05, 0.015};
    for (int k = 0; k < 3; ++k) {
      const double w = 2.0 * std::numbers::pi / wavelength[k];
      z += size[k] * std::sin(w * (0.8 * x + 0.6 * y) + 1.3 * std::sin(0.37 * w * (0.6 * x - 0.8 * y)));
      z += size[k] * std::cos(w * (0.3 * x - 0.95 * y) + 0.9 * std::sin(0.41 * w * (0.9 * x + 0.4 * y)));
    }
    return z;
  }

  /// One scan of the slope; `motion` moves a point of the surface.
  Points scan(std::uint64_t seed, const std::function<Eigen::Vector3d(const Eigen::Vector3d&)>& motion = {}) const {
    const Random place(seed, 1);
    const Random noise(seed, 2);
    const auto cells = static_cast<Eigen::Index>(std::lround(side_m / spacing_m));
    Points out(cells * cells, 3);
    for (Eigen::Index i = 0; i < cells * cells; ++i) {
      const auto k = static_cast<std::uint64_t>(i);
      const double x = (static_cast<double>(i % cells) + place.uniform(2 * k)) * spacing_m;
      const double y = (static_cast<double>(i / cells) + place.uniform(2 * k + 1)) * spacing_m;
      Eigen::Vector3d p(x, y, height(x, y));
      if (motion) p = motion(p);
      for (std::uint64_t c = 0; c < 3; ++c) p[static_cast<Eigen::Index>(c)] += noise_m * noise.normal(3 * k + c);
      out.row(i) = p.transpose();
    }
    return out;
  }
};

}  // namespace highwall
