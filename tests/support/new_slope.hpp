#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>

#include "core/cloud.hpp"
#include "datasets/random.hpp"

namespace highwall {

/// A rough slope of 45 degrees whose waves are other ones for each seed.
class NewSlope {
 public:
  /// @param scale   of its waves, 1: 5, 1 and 0.2 m long ...
  /// @param height  ... and of their heights, 1: 0.15, 0.05 and 0.015 m
  explicit NewSlope(std::uint64_t seed, double scale = 1.0, double height = 1.0) {
    const Random random(seed, 9);
    const double wavelength[] = {5.0, 1.0, 0.2};
    const double size[] = {0.15, 0.05, 0.015};
    for (std::uint64_t k = 0; k < kWaves; ++k) {
      const std::uint64_t octave = k % 3;
      const double turn = 2.0 * std::numbers::pi * random.uniform(3 * k);
      const double w = 2.0 * std::numbers::pi / (scale * wavelength[octave] * (0.6 + 0.8 * random.uniform(3 * k + 1)));
      waves_[k] = {w * std::cos(turn), w * std::sin(turn), 2.0 * std::numbers::pi * random.uniform(3 * k + 2),
                   height * size[octave] * std::sqrt(6.0 / static_cast<double>(kWaves))};
    }
  }

  /// @param moves  of (along the slope, across it), in sides: this part of the ground ...
  /// @param by_m   ... has moved by so much
  Points scan(std::uint64_t seed, double side_m, double spacing_m, double noise_m,
              const std::function<bool(double, double)>& moves = {},
              const Eigen::Vector3d& by_m = Eigen::Vector3d::Zero()) const {
    const Random place(seed, 1);
    const Random noise(seed, 2);
    const auto cells = static_cast<Eigen::Index>(std::lround(side_m / spacing_m));
    Points out(cells * cells, 3);
    for (Eigen::Index i = 0; i < cells * cells; ++i) {
      const auto k = static_cast<std::uint64_t>(i);
      const double u = (static_cast<double>(i % cells) + place.uniform(2 * k)) * spacing_m;
      const double y = (static_cast<double>(i / cells) + place.uniform(2 * k + 1)) * spacing_m;
      double h = 0.0;
      for (const auto& w : waves_) h += w[3] * std::cos(w[0] * u + w[1] * y + w[2]);
      Eigen::Vector3d p(std::sqrt(0.5) * (u - h), y, std::sqrt(0.5) * (u + h));
      if (moves && moves(u / side_m, y / side_m)) p += by_m;
      for (std::uint64_t c = 0; c < 3; ++c) p[static_cast<Eigen::Index>(c)] += noise_m * noise.normal(3 * k + c);
      out.row(i) = p.transpose();
    }
    return out;
  }

 private:
  static constexpr std::uint64_t kWaves = 36;
  std::array<std::array<double, 4>, kWaves> waves_{};
};

/// The part of a slope that moved: a strip at its end, a disc in the middle or a corner.
inline std::function<bool(double, double)> part_of_slope(int shape, double share) {
  if (shape == 0) return [=](double u, double) { return u > 1.0 - share; };
  if (shape == 1) return [=](double u, double y) { return std::hypot(u - 0.5, y - 0.5) < std::sqrt(share / std::numbers::pi); };
  return [=](double u, double y) { return u < std::sqrt(share) && y < std::sqrt(share); };
}

}  // namespace highwall
