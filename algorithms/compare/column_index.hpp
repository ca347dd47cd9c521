#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// Points bucketed into square columns of the xy plane, columns row-major: the points of
/// neighbouring columns of a row are one contiguous run of x, y, z. Coordinates are doubles about
/// the index's own origin, so that all decisions are made in double. Points that are not finite are
/// left out; the few that lie far from all others (invalid returns at 0, 0, 0) share the border
/// columns, so that one of them cannot make the columns of all the others wide.
class ColumnIndex {
 public:
  /// @param cell_m  side of a column; enlarged when the bulk of the points would need more than 16 a point or
  ///                2^26.
  ColumnIndex(PointsView points, double cell_m, const Run& run);

  std::size_t size() const noexcept { return x_.size(); }
  const double* x() const noexcept { return x_.data(); }
  const double* y() const noexcept { return y_.data(); }
  const double* z() const noexcept { return z_.data(); }
  /// Row of the point as it came.
  const std::vector<std::uint32_t>& original() const noexcept { return original_; }

  /// Calls visit(begin, end) for runs that hold every point within `radius` of the segment a-b in the
  /// xy plane, and others.
  template <class Visit>
  void near_segment(double ax, double ay, double bx, double by, double radius, Visit&& visit) const {
    const auto [row0, row1] = rows_between(std::min(ay, by) - radius, std::max(ay, by) + radius);
    for (std::ptrdiff_t row = row0; row <= row1; ++row) {
      // The part of the segment whose neighbourhood reaches this row of columns.
      constexpr double kEverything = std::numeric_limits<double>::infinity();
      const double edge = y0_ + static_cast<double>(row) * cell_;
      const double low = row == 0 ? -kEverything : edge - radius;
      const double high = row == rows_ - 1 ? kEverything : edge + cell_ + radius;
      double t0 = 0.0;
      double t1 = 1.0;
      const double dy = by - ay;
      if (std::abs(dy) > 1e-12) {
        const double u = (low - ay) / dy;
        const double v = (high - ay) / dy;
        t0 = std::clamp(std::min(u, v), 0.0, 1.0);
        t1 = std::clamp(std::max(u, v), 0.0, 1.0);
      }
      const double xa = ax + t0 * (bx - ax);
      const double xb = ax + t1 * (bx - ax);
      visit_row(row, std::min(xa, xb) - radius, std::max(xa, xb) + radius, visit);
    }
  }

 private:
  struct Rows {
    std::ptrdiff_t first;
    std::ptrdiff_t last;
  };
  // Monotone, with everything beyond the border in the border column: a point between two places is
  // in a column between theirs. Queries widen their borders by a millionth of a column (slack), so
  // that rounding cannot lose a point on a border.
  std::ptrdiff_t column_of(double value, double origin, std::ptrdiff_t count, double slack) const {
    const double cell = std::floor((value - origin) / cell_ + slack);
    return static_cast<std::ptrdiff_t>(std::clamp(cell, 0.0, static_cast<double>(count - 1)));
  }
  Rows rows_between(double y0, double y1) const {
    if (rows_ == 0) return {0, -1};
    return {column_of(y0, y0_, rows_, -1e-6), column_of(y1, y0_, rows_, 1e-6)};
  }
  template <class Visit>
  void visit_row(std::ptrdiff_t row, double x0, double x1, Visit&& visit) const {
    const std::ptrdiff_t first = column_of(x0, x0_, cols_, -1e-6);
    const std::ptrdiff_t last = column_of(x1, x0_, cols_, 1e-6);
    const std::size_t base = static_cast<std::size_t>(row * cols_);
    const std::uint32_t begin = start_[base + static_cast<std::size_t>(first)];
    const std::uint32_t end = start_[base + static_cast<std::size_t>(last) + 1];
    if (begin < end) visit(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
  }

  double cell_ = 1.0;
  double x0_ = 0.0;
  double y0_ = 0.0;
  std::ptrdiff_t rows_ = 0;
  std::ptrdiff_t cols_ = 0;
  std::vector<std::uint32_t> start_;  ///< First point of each column, and one past the last.
  std::vector<double> x_, y_, z_;
  std::vector<std::uint32_t> original_;
};

}  // namespace highwall
