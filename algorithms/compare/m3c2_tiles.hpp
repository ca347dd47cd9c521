#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/compare/m3c2.hpp"

namespace highwall {

/// Squares that the ground is counted in. What lies outside counts in the nearest one.
class TileGrid {
 public:
  TileGrid() = default;
  /// Over the near points of both clouds; squares are not smaller than `least_m`, and a million at the most.
  TileGrid(const CellLayout& before, const CellLayout& after, double least_m);

  std::ptrdiff_t rows() const noexcept { return rows_; }
  std::ptrdiff_t cols() const noexcept { return cols_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(rows_ * cols_); }
  double side_m() const noexcept { return side_m_; }
  std::ptrdiff_t row_of(double y) const noexcept { return nearest((y - y_) * per_metre_, rows_); }
  std::ptrdiff_t col_of(double x) const noexcept { return nearest((x - x_) * per_metre_, cols_); }
  std::size_t square_of(const double* p) const noexcept { return static_cast<std::size_t>(row_of(p[1]) * cols_ + col_of(p[0])); }
  /// x0, y0, x1, y1 of a window of squares; infinite where it ends with the grid.
  std::array<double, 4> rectangle(const CellWindow& squares) const noexcept;

 private:
  static std::ptrdiff_t nearest(double at, std::ptrdiff_t count) noexcept;

  double x_ = 0.0, y_ = 0.0;
  double side_m_ = 1.0;
  double per_metre_ = 1.0;
  std::ptrdiff_t rows_ = 1, cols_ = 1;
};

/// How many points and core points lie in each square of a grid.
struct TileCounts {
  std::vector<std::uint32_t> before, after, cores;
};

/// A part of the ground whose core points are measured at once.
struct Tile {
  CellWindow squares;        ///< Of the grid: its core points.
  CellWindow before, after;  ///< Cells of the clouds' layouts that measuring them looks at.
  std::uint64_t points = 0;  ///< At most so many of both clouds.
  std::uint64_t cores = 0;
  double bytes = 0.0;  ///< Memory that measuring them takes, about.
};

/// What a tile may take.
struct TileCost {
  double bytes_a_point = 60.0;
  double bytes_a_core = 260.0;
  double most_bytes = 1e9;
  double of_memory = 1.0;  ///< Share of all memory that most_bytes is: for the message.
};

/// Cuts the ground into tiles, each cut in two until it is cheap enough; those without core points are left out. Together
/// they hold every core point once.
/// @throws Error(config) when even one square takes more than `cost.most_bytes`: it says how many would do
std::vector<Tile> cut_tiles(const TileGrid& grid, const TileCounts& counts, const CellLayout& before, const CellLayout& after,
                            const M3c2Search& search, const TileCost& cost);

/// Tells which of the tiles look at a point of a cloud.
class TileRouter {
 public:
  /// @param windows  of the cloud's layout, one a tile; grid and layout must outlive the router
  TileRouter(const TileGrid& grid, const CellLayout& layout, std::vector<CellWindow> windows);

  /// Calls visit(tile) for each tile that looks at the near point.
  template <class Visit>
  void of(const double* p, Visit&& visit) const {
    const std::size_t square = grid_.square_of(p);
    if (first_[square] == first_[square + 1]) return;
    const std::ptrdiff_t row = layout_.row_of(p[1]);
    const std::ptrdiff_t col = layout_.col_of(p[0]);
    for (std::size_t k = first_[square]; k < first_[square + 1]; ++k) {
      if (windows_[tiles_[k]].holds(row, col)) visit(std::size_t{tiles_[k]});
    }
  }

 private:
  const TileGrid& grid_;
  const CellLayout& layout_;
  std::vector<CellWindow> windows_;
  std::vector<std::size_t> first_;  ///< Of each square in `tiles_`, and one past the last.
  std::vector<std::uint32_t> tiles_;
};

}  // namespace highwall
