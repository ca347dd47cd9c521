#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "core/time.hpp"

namespace highwall {

/// The wall of a simulated pit: 20 benches of 12 m with faces of 70 degrees and berms of 8 m, and a haul
/// road 20 m wide that falls by 10 % towards +y, from 135 m through the benches to 105 m; 240 m high and
/// 300 m long. Local metres: x points out of the wall, y along it, z up; the toe is at x = 0, z = 0 and
/// the slope rises towards -x. Rough rock by three octaves.
class PitWall {
 public:
  explicit PitWall(std::uint64_t seed) : seed_(seed) {}
  static constexpr double kLength_m = 300.0;
  static constexpr double kHeight_m = 240.0;
  /// Horizontal extent from the toe to the crest.
  static double depth_m();
  /// Height of the smooth surface (0 in front of the toe, kHeight_m behind the crest).
  static double profile(double x, double y);
  static constexpr double kRoadWidth_m = 20.0;
  static constexpr double kRoadGradient = 0.10;
  /// Height of the haul road at y, and x of its outer edge there.
  static double road_height(double y);
  static double road_edge(double y);
  /// Height of the rough surface.
  double height(double x, double y) const;

 private:
  std::uint64_t seed_;
};

/// How one block of the wall moves: a unit direction and a magnitude s(t).
class Motion {
 public:
  /// @param scenario stable, creep, accelerating, regressive or blast-step
  Motion(std::string scenario, Instant start, Instant failure);

  /// Displacement of the moving block's core since the start, m.
  double magnitude_m(Instant t) const;
  /// Share of the motion that a place takes: 1 inside, falling to 0 at the edge of the wedge.
  static double weight(double x, double y);
  static Eigen::Vector3d direction();
  Eigen::Vector3d at(double x, double y, Instant t) const;

  /// Outline of the wedge's zone (x, y), and of the two zones at rest.
  static std::vector<std::pair<std::string, std::vector<Eigen::Vector2d>>> zones();
  Instant failure() const noexcept { return failure_; }
  bool fails() const noexcept { return scenario_ == "accelerating"; }
  /// True when the wedge has come down: stations on it are gone and radar cells decorrelate.
  bool has_failed(Instant t) const noexcept { return fails() && t >= failure_; }
  Instant blast() const noexcept { return start_ + days(15); }

 private:
  std::string scenario_;
  Instant start_;
  Instant failure_;
};

}  // namespace highwall
