#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "algorithms/align/piecewise.hpp"

namespace highwall {

/// Options of register_series().
struct SeriesOptions {
  std::int64_t links = 2;
  double misclosure_chi2 = 22.46;

  static void describe(auto& d) {
    using O = SeriesOptions;
    d.field(&O::links, "links", "", between(0, 100), "Epochs before it that each one is tied to, beside the first");
    d.field(&O::misclosure_chi2, "misclosure_chi2", "", above(0),
            "Ties that contradict each other by more are tested one by one; 22.46 is 99.9 % of chi squared with 6 degrees of "
            "freedom");
  }
};

/// A registration of an epoch of a series against an earlier one.
struct EpochEdge {
  std::size_t reference = 0;  ///< 0 = the first epoch.
  Registration fit;           ///< In the coordinates of the two clouds as they came.
  bool used = false;
  std::string trouble;  ///< Why it is not used; empty when it is.
};

/// Where an epoch of a series lies.
struct EpochPose {
  Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();  ///< Maps it onto the first.
  /// Of (translation m, rotation rad) about the series' centre; zero for the first, which defines it.
  Eigen::Matrix<double, 6, 6> covariance = Eigen::Matrix<double, 6, 6>::Zero();
  std::vector<EpochEdge> edges;
  std::string verdict;
};

/// Poses of a series, with what their errors have in common.
struct EpochGraph {
  Eigen::Vector3d centre_m = Eigen::Vector3d::Zero();  ///< Motions turn about it: the first epoch's middle.
  std::vector<EpochPose> poses;                        ///< The first is the identity.
  Eigen::MatrixXd joint;                               ///< Covariance of all poses, 6 rows each.
};

/// Adjusts a new epoch to the poses before it, which stay as they are: weighted least squares of what its edges say, with
/// the covariances of the edges and of the poses that they end at. Edges share half of their variance, the new epoch's own
/// noise. Contradictions beyond misclosure_chi2 drop the edge without which the others agree best; two edges that contradict
/// each other leave the one to the first epoch, and the verdict says that it stands alone.
/// @throws Error(input) when no edge is left
void append_epoch(EpochGraph& graph, std::vector<EpochEdge> edges, const SeriesOptions& options);

/// Registers a series of epochs on the first: each directly where both have stable ground, and over the epochs before it,
/// which strengthens it and carries it on where the first has too little ground in common. Errors do not add up along the
/// series as long as the first epoch is seen. Adding an epoch costs its own edges and changes no earlier pose.
/// @param epochs  of one frame; the first is the reference
/// @throws Error(input) naming an epoch that no earlier one shares enough stable ground with
/// @throws Error(frame), Error(config), Error(cancelled)
EpochGraph register_series(const std::vector<PointsView>& epochs, const SeriesOptions& options, const PiecewiseOptions& piecewise,
                           const Run& run);

}  // namespace highwall
