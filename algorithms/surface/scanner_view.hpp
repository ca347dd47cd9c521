#pragma once

#include <memory>

#include "algorithms/compare/cell_index.hpp"
#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// A cloud as its scanner sees it: what lies on the line of sight to a place.
class ScannerView {
 public:
  enum class Sight { nothing, blocked, through };

  /// @param ray_rad  points within this angle are on the line; 0: 1.5 times the median angle of neighbours
  ScannerView(PointsView cloud, const Eigen::Vector3d& scanner_m, double ray_rad, const Run& run);

  /// A point nearer than the place, and in front of its surface, blocks the line; one that is farther, and behind the surface,
  /// is seen through it. Ground that is looked along has its neighbours in its own plane: neither.
  /// @param behind_m  is set to how far behind the surface the nearest point that is seen through it lies
  Sight to(const Eigen::Vector3d& place, const Eigen::Vector3d& normal, double margin_m, double* behind_m = nullptr) const;

 private:
  Eigen::Vector3d angles_of(const Eigen::Vector3d& place) const;

  PointsView cloud_;
  Eigen::Vector3d scanner_m_;
  double middle_rad_ = 0.0;
  Points angles_;  ///< Azimuth about the middle and elevation, in thousandths of a radian; 0.
  double ray_ = 0.0;
  std::unique_ptr<CellIndex> index_;
  std::vector<std::uint32_t> order_;
};

}  // namespace highwall
