#pragma once

#include <Eigen/Geometry>
#include <memory>
#include <vector>

#include "algorithms/compare/cell_index.hpp"
#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// Means of the points of each cubic cell.
struct CellMeans {
  Points xyz;
  std::vector<double> weight;  ///< How many points each stands for.
};

/// Means of a cloud's points; those far from the bulk of the others are left out.
/// @param index  of the cloud, with cells of that size
/// @param drawn  a point of each cell instead of its mean. Means lie on a lattice, and pairs of two lattices are apart by
///               the same all over the ground: it slides by a share of that, of which no scatter tells.
CellMeans means_of(PointsView cloud, const CellIndex& index, double cell_m, bool drawn, const Run& run);

/// Means of cells with the planes through their neighbours, for registration.
class CellPlanes {
 public:
  /// @param cloud  whose points are the neighbours; without it the means are. Where noise is cut by a cell's border both
  ///               means are off, and do not weigh what they stand for.
  CellPlanes(const CellMeans& means, double cell_m, double radius_m, const CellIndex* cloud, const Run& run);

  std::size_t size() const noexcept { return weight_.size(); }
  double cell_m() const noexcept { return cell_m_; }
  Eigen::Vector3d point(std::size_t k) const { return points_.row(static_cast<Eigen::Index>(k)).transpose(); }
  /// The nearest mean within `gate_m`, a plane or not; size() when there is none.
  std::size_t nearest(const Eigen::Vector3d& p, double gate_m) const;
  /// Means of cells that are twice as large.
  CellMeans coarser(const Run& run) const;

  Points centre;                 ///< Mean of the neighbours.
  Points normal;                 ///< Unit vector, of either sign; zero where there is no plane.
  std::vector<double> rms_m;     ///< Of the neighbours about their plane; infinite where there is none.
  std::vector<float> thickness;  ///< That over the neighbours' width along the plane: of lines it is large, too.
  /// No border of the scan cuts the neighbourhood. Planes that it cuts lean, alike in both epochs, though borders go with the
  /// scanner and not with the ground.
  std::vector<std::uint8_t> inner;
  /// So rough is the given share of the planes at most; 0 without any.
  double rms_quantile(double share) const;
  /// The planes that are no rougher, nor thicker: ascending.
  std::vector<std::size_t> smooth(double roughest_m, double thickest) const;

 private:
  void find_planes(double radius_m, const CellIndex& neighbours, const Run& run);
  double cell_m_;
  Points given_;  // The index looks at these.
  std::unique_ptr<CellIndex> index_;
  Points points_;  // In index order.
  std::vector<double> weight_;
};

/// The distance of neighbouring points: from the twelfth nearest of a sample, half of the ground lies denser.
/// @param guess_m  to look for neighbours with
/// @param sample   of about so many points, taken evenly
/// @throws Error(input) when there are too few points
double spacing_of(PointsView cloud, double guess_m, std::size_t sample, const Run& run);

}  // namespace highwall
