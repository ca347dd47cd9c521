#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/cloud.hpp"
#include "datasets/random.hpp"

namespace highwall {

/// A wall of 70 degrees that a scanner sees in a lattice of beams, which is the same in every scan but for an offset. Waves of
/// random directions; the shortest are shorter than two beams, so that no epoch's planes show them as they are.
class BeamedWall {
 public:
  explicit BeamedWall(std::uint64_t seed, double relief) : seed_(seed) {
    const Random random(seed, 7);
    const double wavelength[] = {7.0, 2.5, 0.8};
    const double size[] = {0.05 * relief, 0.018 * relief, 0.005};
    for (std::uint64_t k = 0; k < 3 * kWaves; ++k) {
      const double turn = 2.0 * std::numbers::pi * random.uniform(3 * k);
      const double w = 2.0 * std::numbers::pi / (wavelength[k / kWaves] * (0.7 + 0.7 * random.uniform(3 * k + 1)));
      waves_.push_back({size[k / kWaves] * std::sqrt(2.0 / kWaves), w * std::cos(turn), w * std::sin(turn),
                        2.0 * std::numbers::pi * random.uniform(3 * k + 2)});
    }
  }
  /// Columns: along the wall, up it, out of it.
  static Eigen::Matrix3d axes() {
    const double face = 70.0 * std::numbers::pi / 180.0;
    Eigen::Matrix3d out;
    out << 0.0, -std::cos(face), std::sin(face), 1.0, 0.0, 0.0, 0.0, std::sin(face), std::cos(face);
    return out;
  }
  /// The half beyond the middle has moved.
  static constexpr double kLength_m = 100.0;
  static constexpr double kHeight_m = 36.0;
  Points scan(std::uint64_t epoch, const Eigen::Vector2d& offset, const Eigen::Vector3d& motion) const {
    const Random noise(seed_, 100 + epoch);
    const auto columns = static_cast<Eigen::Index>(kLength_m / kBeam_m);
    const auto rows = static_cast<Eigen::Index>(kHeight_m / kBeam_m);
    Points out(columns * rows, 3);
    for (Eigen::Index i = 0; i < columns * rows; ++i) {
      const double u = (static_cast<double>(i / rows) + offset.x()) * kBeam_m;
      const double v = (static_cast<double>(i % rows) + offset.y()) * kBeam_m;
      const Eigen::Vector3d moved = u > kLength_m / 2.0 ? motion : Eigen::Vector3d::Zero();
      double w = moved.z() + 0.004 * noise.normal(static_cast<std::uint64_t>(i));
      for (const Wave& wave : waves_) {
        w += wave.size * std::sin(wave.along * (u - moved.x()) + wave.up * (v - moved.y()) + wave.phase);
      }
      out.row(i) = (axes() * Eigen::Vector3d(u, v, w)).transpose();
    }
    return out;
  }

 private:
  static constexpr std::uint64_t kWaves = 24;
  static constexpr double kBeam_m = 0.5;
  struct Wave {
    double size, along, up, phase;
  };
  std::uint64_t seed_;
  std::vector<Wave> waves_;
};

}  // namespace highwall
