#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "core/cloud.hpp"
#include "core/run.hpp"
#include "datasets/pit.hpp"

namespace highwall {

/// What happened at a place of a ChangedPit.
enum class TrueChange : std::uint8_t { none, deformation, rockfall_source, deposit, mined, truck, dust };

/// One change of a ChangedPit and its volume.
struct TrueVolume {
  TrueChange kind = TrueChange::none;
  double volume_m3 = 0.0;  ///< Signed; integral of the height's change on a lattice of 5 cm.
};

/// A small pit that is scanned twice, with everything in between that a change detection must tell apart: a rockfall from a face
/// with its deposit on the berm below, a working bench cut back to its floor, a wedge that moves, a truck that comes and one that
/// goes, dust, and a machine near the scanner that hides a part of the wall.
///
/// Four benches of 10 m with faces of 70 degrees; the lowest berm is 24 m wide, the others 8 m; floor in front; 120 m long. Local
/// metres as in PitWall: x out of the wall, y along it, z up, toe at the origin. Rays from one place, so that occlusion is real.
class ChangedPit {
 public:
  struct Settings {
    double beam_step_deg = 0.1;
    double range_noise_m = 0.005;
    double motion_m = 0.15;  ///< Of the wedge, down the slope at 45 degrees.
    bool anything = true;    ///< false: the second scan sees the same pit, with the same noise of other numbers.
  };
  explicit ChangedPit(std::uint64_t seed) : ChangedPit(seed, Settings{}) {}
  ChangedPit(std::uint64_t seed, const Settings& settings) : wall_(seed), seed_(seed), settings_(settings) {}

  static Eigen::Vector3d scanner() { return {100.0, 60.0, 75.0}; }
  /// Height of the smooth pit, and of the rough one before or after.
  double height(double x, double y, bool after, bool rough = true) const;
  /// One scan, in order of the beams.
  Points scan(bool after, const Run& run) const;

  TrueChange change_at(double x, double y) const;
  /// Whether something near the scanner, or the truck, hides the place from the second scan.
  bool hidden(const Eigen::Vector3d& place) const;
  /// Motion of the ground, where it moves.
  Eigen::Vector3d motion_at(double x, double y) const;
  std::vector<TrueVolume> volumes() const;

 private:
  PitWall wall_;
  std::uint64_t seed_;
  Settings settings_;
};

}  // namespace highwall
