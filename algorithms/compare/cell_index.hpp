#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// Memory that is written before it is read: not filled with zeros first.
template <class T>
struct Slab {
  std::unique_ptr<T[]> data;
  std::size_t size = 0;
  explicit Slab(std::size_t n = 0) : data(n > 0 ? std::make_unique_for_overwrite<T[]>(n) : nullptr), size(n) {}
  T& operator[](std::size_t i) noexcept { return data[i]; }
  const T& operator[](std::size_t i) const noexcept { return data[i]; }
};

/// What a kernel sees of a CellIndex. Coordinates are whole numbers on a lattice of `unit` metres, modulo 2^32: the
/// difference of two near points is exact, and exact as a float too when it is below 2^24 units (4 m or more).
struct Cells {
  const std::int32_t* x;  ///< Of each point, in index order; eight more may be read than there are.
  const std::int32_t* y;
  const std::int32_t* z;
  const std::uint32_t* start;  ///< First point of each cell, row-major, and one past the last.
  const float* low;            ///< Of each cell: not above its lowest point, metres above `origin_m.z`.
  const float* high;           ///< Not below its highest point. Empty cells: low > high. Eight more may be read.
  std::ptrdiff_t rows;
  std::ptrdiff_t cols;
  double cell_m;
  double unit_m;  ///< A power of two.
  Eigen::Vector3d origin_m;
};

/// Points bucketed into square cells of the xy plane, cells row-major: the points of neighbouring cells of a row are
/// one contiguous run. The order is that of a stable sort, whatever the threads. Points that are not finite are left
/// out; those far from the bulk of the others (invalid returns at 0, 0, 0) have an index of their own, so that a few of
/// them cannot make the cells of all the others large.
class CellIndex {
 public:
  /// @param points   must outlive the index, which keeps no doubles of its own
  /// @param cell_m   side of a cell; enlarged when the bulk of the points would need more than 16 a point or 2^26
  /// @param reach_m  farthest that a query looks from its centre: makes the lattice as fine as floats allow
  /// @throws Error(input) when there are more than 4 billion points or their extent is beyond the range of numbers
  CellIndex(PointsView points, double cell_m, double reach_m, const Run& run);

  /// Number of the points that were indexed, far ones included.
  std::size_t size() const noexcept { return original_.size + far_original_.size(); }
  /// Rows of the points as they came, in index order, the far ones last.
  std::vector<std::uint32_t> order() const;
  const Cells& cells() const noexcept { return cells_; }

  /// Whether a query about this place, which looks no farther than the index's reach, can be answered by cells() alone:
  /// no far point can be within reach, and no difference can be ambiguous on the lattice.
  bool holds(const Eigen::Vector3d& place) const noexcept;
  /// A place on the lattice. Meaningful where holds().
  std::array<std::int32_t, 3> on_lattice(const Eigen::Vector3d& place) const noexcept;

  /// Calls visit(point) for every point within `radius` of the segment a-b in the xy plane, and others; for exact
  /// decisions in double.
  template <class Visit>
  void near_segment(const Eigen::Vector3d& a, const Eigen::Vector3d& b, double radius, Visit&& visit) const {
    for_runs(a, b, radius, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) visit(points_[original_[k]]);
    });
    if (far_) far_->near_segment(a, b, radius, visit);
  }

  /// Calls visit(begin, end) for runs of the near points: as near_segment(), without the far ones.
  template <class Visit>
  void for_runs(const Eigen::Vector3d& a, const Eigen::Vector3d& b, double radius, Visit&& visit) const {
    if (cells_.rows == 0 || misses(a, b, radius)) return;
    const double to_cells = 1.0 / cells_.cell_m;
    // In cells from the corner; a millionth of a cell more, so that rounding cannot lose a point on a border.
    const double ax = (a.x() - cells_.origin_m.x()) * to_cells;
    const double ay = (a.y() - cells_.origin_m.y()) * to_cells;
    const double bx = (b.x() - cells_.origin_m.x()) * to_cells;
    const double by = (b.y() - cells_.origin_m.y()) * to_cells;
    const double reach = radius * to_cells + kSlack;
    const std::ptrdiff_t last_row = clamped(std::max(ay, by) + reach, cells_.rows);
    for (std::ptrdiff_t row = clamped(std::min(ay, by) - reach, cells_.rows); row <= last_row; ++row) {
      // The part of the segment whose neighbourhood reaches this row.
      double t0 = 0.0;
      double t1 = 1.0;
      if (std::abs(by - ay) > 1e-12) {
        const double u = (static_cast<double>(row) - reach - ay) / (by - ay);
        const double v = (static_cast<double>(row) + 1.0 + reach - ay) / (by - ay);
        t0 = std::clamp(std::min(u, v), 0.0, 1.0);
        t1 = std::clamp(std::max(u, v), 0.0, 1.0);
      }
      const double xa = ax + t0 * (bx - ax);
      const double xb = ax + t1 * (bx - ax);
      const std::uint32_t* start = cells_.start + row * cells_.cols;
      const std::size_t begin = start[clamped(std::min(xa, xb) - reach, cells_.cols)];
      const std::size_t end = start[clamped(std::max(xa, xb) + reach, cells_.cols) + 1];
      if (begin < end) visit(begin, end);
    }
  }

 private:
  static constexpr std::size_t kPadding = 8;
  static constexpr double kSlack = 1e-6;
  static std::ptrdiff_t clamped(double cell, std::ptrdiff_t count) noexcept {
    return static_cast<std::ptrdiff_t>(std::clamp(cell, 0.0, static_cast<double>(count - 1)));
  }
  bool misses(const Eigen::Vector3d& a, const Eigen::Vector3d& b, double radius) const noexcept {
    const double more = radius + kSlack * cells_.cell_m;
    for (Eigen::Index c = 0; c < 2; ++c) {
      if (std::max(a[c], b[c]) + more < cells_.origin_m[c] || std::min(a[c], b[c]) - more > highest_m_[c]) return true;
    }
    return false;
  }
  bool is_near(const double* p) const noexcept {
    const Eigen::Vector3d& low = cells_.origin_m;
    return p[0] >= low[0] && p[1] >= low[1] && p[2] >= low[2] && p[0] <= highest_m_[0] && p[1] <= highest_m_[1] &&
           p[2] <= highest_m_[2];
  }
  void sort_into_cells(bool all_near, const Run& run);
  void index_far(std::vector<std::uint32_t> far, const Run& run);

  PointsView points_;
  double reach_m_;
  Eigen::Vector3d highest_m_ = Eigen::Vector3d::Constant(-1.0);  ///< Upper corner of the near points' box.
  Eigen::Array3d inset_m_ = Eigen::Array3d::Zero();              ///< How far inside of the box a place must lie.
  Slab<std::int32_t> x_, y_, z_;
  Slab<std::uint32_t> original_;
  Slab<std::uint32_t> start_;
  Slab<float> low_, high_;
  Cells cells_{};
  std::vector<std::uint32_t> far_original_;
  Points far_points_;
  std::unique_ptr<CellIndex> far_;
};

}  // namespace highwall
