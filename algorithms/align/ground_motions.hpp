#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/align/normal_equations.hpp"
#include "core/run.hpp"

namespace highwall {

/// Patches of ground, each with what a motion does to it: residual = row . motion.
struct PatchResiduals {
  std::vector<Vector6> row;  ///< Normals of neighbours on one side, or what they share would cancel.
  std::vector<double> residual;
  std::vector<double> sigma;                         ///< Of each residual.
  std::vector<std::vector<std::uint32_t>> touching;  ///< The patches that touch each.

  std::size_t size() const noexcept { return residual.size(); }
  /// What a residual has for itself, in units of each one's own, told by its difference to those of the next but one, with
  /// which it shares nothing, wherever parts of the ground moved; 0 without any.
  double scatter_alone(const std::vector<double>& unit) const;
};

enum class FollowedMotion : std::uint8_t { rest, other, none };

/// Which patches follow which of two motions.
struct GroundMotions {
  std::vector<FollowedMotion> of;
  Vector6 rest = Vector6::Zero();
  Vector6 other = Vector6::Zero();
  bool two = false;  ///< There is another motion.
  double energy = 0.0;

  std::size_t count(FollowedMotion which) const;
};

/// Ground of which a part has moved is two pieces, each with a motion of its own and with a short border. A single motion that
/// goes between the two leaves no patch far off: no limit on single patches tells it, but all of them together do. The pieces
/// minimise
///   sum over patches of residual^2 / 2 sigma^2 about their piece's motion, or kOfNone for a patch of neither
///   + kBorder for each two patches that touch and differ + kSecond when there is another motion
/// (Isack and Boykov 2012, doi:10.1007/s11263-011-0474-7). The energy has many minima: motions that a few patches give are
/// tried, as in Fischler and Bolles (1981, doi:10.1145/358669.358692).
class GroundSplit {
 public:
  /// @param directions  that motions have a part in
  GroundSplit(const PatchResiduals& patches, Motions directions);

  /// The pieces when the rest stays where it is; from those of `before`, if it has some for these patches.
  GroundMotions at_rest(const GroundMotions& before) const;
  /// The least of all that were tried; the larger piece rests.
  GroundMotions best(const Run& run) const;

  /// The motion of a third of so many patches along a side of the ground, in their sigmas, that is found: a smaller one may be
  /// taken for a tilt of the whole.
  static double least_told_sigmas(std::size_t patches);

 private:
  using Rows = std::vector<std::uint32_t>;
  struct Start {
    double score = 0.0;
    Vector6 motion = Vector6::Zero();
  };

  Eigen::Matrix3d told_by(const Rows& some) const;
  bool tells_as_all(const Rows& resting) const;
  double off(std::size_t i, const Vector6& motion) const;
  Vector6 fit(const PatchResiduals& to, const Rows& some) const;
  Vector6 polished(Vector6 motion, std::size_t every) const;
  double score(const Vector6& motion, std::size_t every) const;
  std::vector<Start> drawn(std::size_t every, const Run& run) const;
  std::vector<Start> unlike(const std::vector<Start>& starts, std::size_t every) const;
  GroundMotions first_pieces(const Vector6& rest) const;
  GroundMotions settled(GroundMotions now, bool hold_rest) const;
  bool relabel(GroundMotions& motions) const;
  double energy(const GroundMotions& motions) const;

  const PatchResiduals& patches_;
  PatchResiduals regions_;  ///< Means with the patches that touch.
  Motions directions_;
  Eigen::Matrix3d all_;  ///< told_by() all.
};

}  // namespace highwall
