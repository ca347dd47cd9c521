#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include "algorithms/compare/cell_index.hpp"
#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// A plane through the neighbours of a place.
struct LocalPlane {
  Eigen::Vector3d centre_m;                                ///< Mean of the neighbours; the place itself without a plane.
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();        ///< Of either sign; zero without a plane.
  double rms_m = std::numeric_limits<double>::infinity();  ///< Of the neighbours about it.
  double width_m = 1.0;                                    ///< Their smaller standard deviation along it.
};

/// The plane through the indexed points within the radius, six at least; no plane where the index does not hold the place.
LocalPlane plane_about(const CellIndex& index, const Eigen::Vector3d& place, double radius_m);

/// How planes are laid through the neighbours of points.
struct PlaneShape {
  double cell_m = 0.0;    ///< Of the index that neighbours and nearest points are asked of.
  double radius_m = 0.0;  ///< Neighbours within this count ...
  double sigma_m = 0.0;   ///< ... with weights exp(-d^2 / (2 sigma^2)); 0: all alike.
};

/// Points in the order of their cells, with the planes through their neighbours. The points must be finite.
class Planes {
 public:
  Planes(const Points& points, const PlaneShape& shape, const Run& run);

  std::size_t size() const noexcept { return rms.size(); }
  Eigen::Vector3d point(std::size_t k) const { return points_.row(static_cast<Eigen::Index>(k)).transpose(); }

  /// The nearest point within `gate`; size() when there is none.
  std::size_t nearest(const Eigen::Vector3d& p, double gate) const;

  /// Calls visit(k) for every point within `radius` of the place, in index order.
  template <class Visit>
  void within(const Eigen::Vector3d& place, double radius, Visit&& visit) const {
    const double most = radius * radius;
    index_->for_runs(place, place, radius, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        if ((points_.row(static_cast<Eigen::Index>(k)).transpose() - place).squaredNorm() <= most) visit(k);
      }
    });
  }

  Points centre;            ///< Mean of the neighbours.
  Points normal;            ///< Zero where there is no plane.
  std::vector<double> rms;  ///< Of the neighbours about their plane, m; infinite where there is none.

 private:
  void equal_weights(double radius_m, const Run& run);
  void gaussian_weights(double radius_m, double sigma_m, const Run& run);
  Points points_;
  std::unique_ptr<CellIndex> index_;
};

/// Distance of neighbouring points, m, from the median distance to the nth nearest of some thousand of them; 0 when there are
/// too few. With the nearest it is twice that distance, which is right for random points and too large for an even scan;
/// with the eighth it is the side of the square that a point has for itself, however they are spread.
double point_spacing(const Points& points, std::size_t nth, const Run& run);

/// The finite points of a cloud. @throws Error(input) naming a point whose coordinates are senseless
Points finite_points(const PointsView& cloud);

}  // namespace highwall
