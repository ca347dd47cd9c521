#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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
  std::ptrdiff_t rows;         ///< Of the cells that are here, from first_row and first_col of the cloud's grid on.
  std::ptrdiff_t cols;
  std::ptrdiff_t first_row;
  std::ptrdiff_t first_col;
  double cell_m;
  double unit_m;  ///< A power of two.
  Eigen::Vector3d origin_m;

  /// Where a cell of the cloud's grid stands in `start`, `low` and `high`.
  std::ptrdiff_t at(std::ptrdiff_t row, std::ptrdiff_t col) const noexcept {
    return (row - first_row) * cols + (col - first_col);
  }
  /// The cell that is here and nearest to a place in cells from the origin.
  std::ptrdiff_t row_near(double place) const noexcept { return nearest(place, first_row, rows); }
  std::ptrdiff_t col_near(double place) const noexcept { return nearest(place, first_col, cols); }

 private:
  static std::ptrdiff_t nearest(double place, std::ptrdiff_t first, std::ptrdiff_t count) noexcept {
    return static_cast<std::ptrdiff_t>(std::clamp(place, static_cast<double>(first), static_cast<double>(first + count - 1)));
  }
};

/// What a CellLayout is made from: all of a cloud that it depends on.
struct CloudSummary {
  std::size_t size = 0;
  Eigen::Array3d low = Eigen::Array3d::Constant(std::numeric_limits<double>::infinity());
  Eigen::Array3d high = Eigen::Array3d::Constant(-std::numeric_limits<double>::infinity());
  bool all_finite = true;
  std::vector<Eigen::Vector3d> sample;  ///< Every sample_step(size)-th point, those that are finite.

  static std::size_t sample_step(std::size_t size) noexcept;
  bool empty() const { return !(low <= high).all(); }
};
CloudSummary summary_of(PointsView points, const Run& run);

/// Rows and columns of a grid of cells, half-open.
struct CellWindow {
  std::ptrdiff_t row0 = 0, row1 = 0, col0 = 0, col1 = 0;
  bool empty() const noexcept { return row0 >= row1 || col0 >= col1; }
  bool holds(std::ptrdiff_t row, std::ptrdiff_t col) const noexcept {
    return row >= row0 && row < row1 && col >= col0 && col < col1;
  }
};

/// How an index lays its cells and its lattice over a cloud. Whatever in an index depends on more than the neighbourhood
/// of a place is in here: indexes of parts of a cloud that share its layout answer with the same bits as that of the whole.
struct CellLayout {
  Eigen::Vector3d low_m = Eigen::Vector3d::Zero();  ///< Corners of the near points' box; the lattice's origin.
  Eigen::Vector3d high_m = Eigen::Vector3d::Constant(-1.0);
  Eigen::Array3d inset_m = Eigen::Array3d::Zero();  ///< How far inside of the box a place must lie.
  double cell_m = 1.0;
  double cells_a_metre = 1.0;
  double unit_m = 1.0;
  std::ptrdiff_t rows = 0;  ///< 0: no finite point.
  std::ptrdiff_t cols = 0;
  bool all_near = true;

  bool is_near(const double* p) const noexcept {
    return p[0] >= low_m[0] && p[1] >= low_m[1] && p[2] >= low_m[2] && p[0] <= high_m[0] && p[1] <= high_m[1] &&
           p[2] <= high_m[2];
  }
  /// Row and column of a near point. Not negative, so that truncation rounds down.
  std::ptrdiff_t row_of(double y) const noexcept { return at((y - low_m[1]) * cells_a_metre, rows); }
  std::ptrdiff_t col_of(double x) const noexcept { return at((x - low_m[0]) * cells_a_metre, cols); }
  CellWindow whole() const noexcept { return {0, rows, 0, cols}; }
  /// The cells that touch a rectangle x0, y0, x1, y1, which may be infinite; none where it lies outside.
  CellWindow touching(const std::array<double, 4>& rectangle_m) const noexcept;

 private:
  static std::ptrdiff_t at(double cells, std::ptrdiff_t count) noexcept {
    return std::min(static_cast<std::ptrdiff_t>(cells), count - 1);
  }
};

/// @param cell_m   side of a cell; enlarged when the bulk of the points would need more than 16 a point or 2^26
/// @param reach_m  farthest that a query looks from its centre: makes the lattice as fine as floats allow
/// @throws Error(input) when there are more than 4 billion points or their extent is beyond the range of numbers
CellLayout cell_layout(const CloudSummary& cloud, double cell_m, double reach_m);

/// Points bucketed into square cells of the xy plane, cells row-major: the points of neighbouring cells of a row are
/// one contiguous run. The order is that of a stable sort, whatever the threads. Points that are not finite are left
/// out; those far from the bulk of the others (invalid returns at 0, 0, 0) have an index of their own, so that a few of
/// them cannot make the cells of all the others large.
class CellIndex {
 public:
  /// @param points  must outlive the index, which keeps no doubles of its own
  /// @throws Error of cell_layout()
  CellIndex(PointsView points, double cell_m, double reach_m, const Run& run);
  /// Of a part: the near points in the window's cells, all that the cloud has there and in its order; others are left out.
  /// @param far  the index of the whole cloud's far points, or null when it has none
  CellIndex(PointsView part, const CellLayout& layout, const CellWindow& window, double reach_m,
            std::shared_ptr<const CellIndex> far, const Run& run);

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
    const std::ptrdiff_t last_row = cells_.row_near(std::max(ay, by) + reach);
    for (std::ptrdiff_t row = cells_.row_near(std::min(ay, by) - reach); row <= last_row; ++row) {
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
      const std::size_t begin = cells_.start[cells_.at(row, cells_.col_near(std::min(xa, xb) - reach))];
      const std::size_t end = cells_.start[cells_.at(row, cells_.col_near(std::max(xa, xb) + reach)) + 1];
      if (begin < end) visit(begin, end);
    }
  }

 private:
  static constexpr std::size_t kPadding = 8;
  static constexpr double kSlack = 1e-6;
  bool misses(const Eigen::Vector3d& a, const Eigen::Vector3d& b, double radius) const noexcept {
    const double more = radius + kSlack * cells_.cell_m;
    for (Eigen::Index c = 0; c < 2; ++c) {
      if (std::max(a[c], b[c]) + more < cells_.origin_m[c] || std::min(a[c], b[c]) - more > layout_.high_m[c]) return true;
    }
    return false;
  }
  void place_cells(const CellWindow& window);
  /// @return the points that are finite and not near, where the layout has any
  std::vector<std::uint32_t> sort_into_cells(const CellWindow& window, const Run& run);
  void index_far(std::vector<std::uint32_t> far, const Run& run);

  PointsView points_;
  double reach_m_;
  CellLayout layout_;
  Slab<std::int32_t> x_, y_, z_;
  Slab<std::uint32_t> original_;
  Slab<std::uint32_t> start_;
  Slab<float> low_, high_;
  Cells cells_{};
  std::vector<std::uint32_t> far_original_;
  Points far_points_;
  std::shared_ptr<const CellIndex> far_;
};

}  // namespace highwall
