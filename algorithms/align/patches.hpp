#pragma once

#include <Eigen/Geometry>
#include <array>
#include <cstdint>
#include <vector>

#include "algorithms/align/cell_planes.hpp"
#include "algorithms/align/ground_motions.hpp"
#include "algorithms/align/normal_equations.hpp"

namespace highwall {

/// What makes two planes a pair.
struct Pairing {
  double gate_m = 0.0;
  double least_cosine = 0.0;
  double roughest_m = 0.0;  ///< Of the reference's planes.
  double thickest = 1.0;
  Eigen::Vector3d centre_m = Eigen::Vector3d::Zero();  ///< Motions turn about it ...
  double length_m = 1.0;                               ///< ... and count as shifts at this distance.
};

/// The pair of one plane of the moved epoch.
PlanePair pair_of(const CellPlanes& epoch, std::size_t k, const CellPlanes& reference, const Eigen::Isometry3d& transform,
                  const Pairing& how);

struct PatchRules {
  double side_m = 0.0;
  double least_matched = 0.9;
  double moved_sigma = 4.0;
  std::int64_t least_patches = 30;
  double length_m = 1.0;  ///< Of the cloud: turns count as shifts at its rim.
};

/// A cube of the reference and the planes of the epoch in it.
struct GroundPatch {
  std::size_t begin = 0;  ///< Of its planes.
  std::size_t end = 0;
  double matched = 0.0;
  double share = 0.0;             ///< Of its planes that are matched.
  double residual = 0.0;          ///< Mean of the matched.
  double scatter = 0.0;           ///< Of the matched about it.
  double error = 0.0;             ///< Of that mean, were the planes independent.
  Vector6 row = Vector6::Zero();  ///< Mean.
  Eigen::Vector3d place_m = Eigen::Vector3d::Zero();
  bool matching = false;    ///< Some of its planes found one of the reference.
  bool comparable = false;  ///< Nearly all of its planes found one of the reference.
  bool rests = false;       ///< It follows the motion that most do.
  bool stable = false;      ///< So it does, and touches none that follows another.
  bool shown = false;       ///< By both clouds, wherever the epoch's lies now: find_shown().
};

/// Sums over the pairs of stable patches that touch, each pair twice.
struct PatchesShared {
  double count = 0.0;
  double products = 0.0;  ///< Of their residuals.
  double taken = 0.0;     ///< What a fit to patches of unit scatter takes from that sum.
  Matrix6 across = Matrix6::Zero();

  /// Of the means of two neighbours before the fit took from it.
  double correlation(double rms_m) const;
};

/// The planes of an epoch sorted into patches that rest or not as a whole.
class GroundPatches {
 public:
  /// @param smooth  which of the epoch's planes count
  GroundPatches(const CellPlanes& epoch, const std::vector<std::size_t>& smooth, const CellPlanes& reference,
                const Eigen::Isometry3d& transform, const PatchRules& rules);

  /// Pairs the planes anew and tells which patches rest.
  /// @param outlier_m  pairs farther apart belong to no patch's mean
  /// @param floor_m  a patch whose mean is below it rests; infinite: all do
  void judge(const Eigen::Isometry3d& transform, const Pairing& how, double outlier_m, double floor_m, const Run& run);
  /// The motion that most patches follow, where some may follow another one (GroundSplit); zero when there are too few.
  Vector6 consensus(const Motions& free, double floor_m, const Run& run);
  /// To be told of each motion that the transform took.
  void follow(const Vector6& motion);
  /// So far apart are the given share of the pairs on stable patches.
  double pair_quantile(double share) const;
  /// One step of least squares with Tukey's weights on the stable patches.
  Vector6 step(const Motions& free, double cut_off_m, const Run& run) const;
  /// Directions that the pairs on stable patches tell.
  Told told(const Motions& free, const Run& run) const;
  /// From the scatter of the stable patches' means about the motion, and what neighbours share of it; along directions that
  /// they tell.
  Matrix6 covariance(const Told& directions, double& rms_m) const;

  std::size_t stable_count() const;
  std::size_t resting_count() const;
  /// Patches that follow another motion than those at rest.
  std::size_t moved_count() const { return motions_.count(FollowedMotion::other); }
  /// Tells which patches have ground of the reference within `gate_m` of most of their planes, matching or not.
  void find_shown(const Eigen::Isometry3d& transform, double gate_m, const Run& run);
  std::size_t shown_count() const;
  /// Those of the planes of the epoch, of any level, that lie in patches that both show and that do not rest.
  std::vector<std::size_t> not_at_rest(const CellPlanes& epoch, const std::vector<std::size_t>& planes,
                                       const Eigen::Isometry3d& transform) const;
  /// The least motion of a third of the ground that would not be taken for rest.
  double least_told_m() const;
  const std::vector<GroundPatch>& patches() const noexcept { return patches_; }

 private:
  using Cube = std::array<std::int64_t, 3>;
  Cube cube_of(const Eigen::Vector3d& place) const;
  /// patches_.size() where there is none.
  std::size_t patch_in(const Cube& cube) const;
  void find_touching();
  void pair_up(GroundPatch& patch, const Eigen::Isometry3d& transform, const Pairing& how);
  void face_alike();
  void compare_shares();
  PatchResiduals residuals(double least_sigma_m) const;
  void split(double floor_m);
  PatchesShared shared(const Matrix6& fitted) const;
  NormalEquations equations(bool stable_only, double cut_off_m, const Run& run) const;

  const CellPlanes& epoch_;
  const CellPlanes& reference_;
  PatchRules rules_;
  std::vector<std::size_t> planes_;  ///< Rows of the epoch's planes, patch by patch.
  std::vector<PlanePair> pairs_;     ///< Of each of them.
  std::vector<GroundPatch> patches_;
  std::vector<Cube> cubes_;                           ///< In order.
  std::vector<std::vector<std::uint32_t>> touching_;  ///< Patches that touch each.
  GroundMotions motions_;                             ///< Of the comparable ones.
  double alone_m_ = 0.0;                              ///< What a patch's residual has for itself.
  double outlier_m_ = 0.0;
};

}  // namespace highwall
