#include "algorithms/compare/m3c2_tiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr double kMostSquaresASide = 1024.0;
constexpr double kBytesACell = 12.0;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

/// Counts of rectangles of squares, each from four sums.
class Sums {
 public:
  Sums(const TileGrid& grid, const std::vector<std::uint32_t>& counts)
      : cols_(static_cast<std::size_t>(grid.cols()) + 1), sums_((static_cast<std::size_t>(grid.rows()) + 1) * cols_, 0) {
    for (std::size_t r = 0; r + 1 < sums_.size() / cols_; ++r) {
      std::uint64_t row = 0;
      for (std::size_t c = 0; c + 1 < cols_; ++c) {
        row += counts[r * (cols_ - 1) + c];
        sums_[(r + 1) * cols_ + c + 1] = sums_[r * cols_ + c + 1] + row;
      }
    }
  }
  std::uint64_t operator()(const CellWindow& w) const {
    return at(w.row1, w.col1) + at(w.row0, w.col0) - at(w.row0, w.col1) - at(w.row1, w.col0);
  }

 private:
  std::uint64_t at(std::ptrdiff_t row, std::ptrdiff_t col) const {
    return sums_[static_cast<std::size_t>(row) * cols_ + static_cast<std::size_t>(col)];
  }
  std::size_t cols_;
  std::vector<std::uint64_t> sums_;
};

/// Squares that a window of a layout's cells touches.
CellWindow squares_of(const TileGrid& grid, const CellLayout& layout, const CellWindow& cells) {
  if (cells.empty()) return {};
  const double slack = 1e-3 * layout.cell_m;  // More than any rounding.
  const auto x = [&](std::ptrdiff_t col) { return layout.low_m[0] + layout.cell_m * static_cast<double>(col); };
  const auto y = [&](std::ptrdiff_t row) { return layout.low_m[1] + layout.cell_m * static_cast<double>(row); };
  return {grid.row_of(y(cells.row0) - slack), grid.row_of(y(cells.row1) + slack) + 1, grid.col_of(x(cells.col0) - slack),
          grid.col_of(x(cells.col1) + slack) + 1};
}

class Cutter {
 public:
  Cutter(const TileGrid& grid, const TileCounts& counts, const CellLayout& before, const CellLayout& after,
         const M3c2Search& search, const TileCost& cost)
      : grid_(grid),
        before_(before),
        after_(after),
        search_(search),
        cost_(cost),
        before_sums_(grid, counts.before),
        after_sums_(grid, counts.after),
        core_sums_(grid, counts.cores) {}

  void cut(const CellWindow& squares, std::vector<Tile>& tiles) const {
    const Tile tile = tile_of(squares);
    if (tile.cores == 0) return;
    const std::ptrdiff_t rows = squares.row1 - squares.row0;
    const std::ptrdiff_t cols = squares.col1 - squares.col0;
    if (tile.bytes <= cost_.most_bytes) {
      tiles.push_back(tile);
      return;
    }
    if (rows * cols == 1) refuse(tile);
    CellWindow first = squares;
    CellWindow second = squares;
    if (rows >= cols) {
      first.row1 = second.row0 = middle(squares, squares.row0, squares.row1, &CellWindow::row1);
    } else {
      first.col1 = second.col0 = middle(squares, squares.col0, squares.col1, &CellWindow::col1);
    }
    cut(first, tiles);
    cut(second, tiles);
  }

 private:
  Tile tile_of(const CellWindow& squares) const {
    Tile tile;
    tile.squares = squares;
    tile.cores = core_sums_(squares);
    if (tile.cores == 0) return tile;
    tile.before = window(before_, squares);
    tile.after = window(after_, squares);
    tile.points = before_sums_(squares_of(grid_, before_, tile.before)) + after_sums_(squares_of(grid_, after_, tile.after));
    const auto cells = [](const CellWindow& w) {
      return w.empty() ? 0.0 : static_cast<double>(w.row1 - w.row0) * static_cast<double>(w.col1 - w.col0);
    };
    tile.bytes = cost_.bytes_a_point * static_cast<double>(tile.points) + cost_.bytes_a_core * static_cast<double>(tile.cores) +
                 kBytesACell * (cells(tile.before) + cells(tile.after));
    return tile;
  }

  CellWindow window(const CellLayout& layout, const CellWindow& squares) const {
    std::array<double, 4> r = grid_.rectangle(squares);
    const double more = search_.cells_within_m + layout.cell_m;
    return layout.touching({r[0] - more, r[1] - more, r[2] + more, r[3] + more});
  }

  /// Where the points of a window are halved, never at its ends.
  std::ptrdiff_t middle(CellWindow w, std::ptrdiff_t first, std::ptrdiff_t end, std::ptrdiff_t CellWindow::*edge) const {
    const auto points = [&] { return before_sums_(w) + after_sums_(w) + core_sums_(w); };
    const std::uint64_t all = points();
    std::ptrdiff_t low = first + 1;
    std::ptrdiff_t high = end - 1;
    while (low < high) {
      const std::ptrdiff_t at = low + (high - low) / 2;
      w.*edge = at;
      if (2 * points() < all) {
        low = at + 1;
      } else {
        high = at;
      }
    }
    return low;
  }

  [[noreturn]] void refuse(const Tile& tile) const {
    const std::array<double, 4> r = grid_.rectangle(tile.squares);
    throw Error(ErrorKind::config,
                fmt::format("{} points and {} core points lie within reach of one square of {:.3g} m (local {:.1f}, {:.1f}): "
                            "together they take {:.3g} MB",
                            tile.points, tile.cores, grid_.side_m(), r[0], r[1], tile.bytes / 1e6),
                "--memory",
                fmt::format("allow at least {:.0f}MB: a tile takes {:.0f} % of the memory at most",
                            std::ceil(tile.bytes / cost_.of_memory / 1e6), 100.0 * cost_.of_memory));
  }

  const TileGrid& grid_;
  const CellLayout& before_;
  const CellLayout& after_;
  const M3c2Search& search_;
  const TileCost& cost_;
  Sums before_sums_, after_sums_, core_sums_;
};

}  // namespace

TileGrid::TileGrid(const CellLayout& before, const CellLayout& after, double least_m) {
  double x1 = -kInfinite;
  double y1 = -kInfinite;
  x_ = y_ = kInfinite;
  for (const CellLayout* layout : {&before, &after}) {
    if (layout->rows == 0) continue;
    x_ = std::min(x_, layout->low_m[0]);
    y_ = std::min(y_, layout->low_m[1]);
    x1 = std::max(x1, layout->high_m[0]);
    y1 = std::max(y1, layout->high_m[1]);
  }
  if (!(x_ <= x1)) {  // No cloud: one square for all core points.
    x_ = y_ = 0.0;
    return;
  }
  side_m_ = std::max({least_m, (x1 - x_) / kMostSquaresASide, (y1 - y_) / kMostSquaresASide});
  per_metre_ = 1.0 / side_m_;
  cols_ = static_cast<std::ptrdiff_t>((x1 - x_) * per_metre_) + 1;
  rows_ = static_cast<std::ptrdiff_t>((y1 - y_) * per_metre_) + 1;
}

std::ptrdiff_t TileGrid::nearest(double at, std::ptrdiff_t count) noexcept {
  return static_cast<std::ptrdiff_t>(std::clamp(at, 0.0, static_cast<double>(count - 1)));
}

std::array<double, 4> TileGrid::rectangle(const CellWindow& squares) const noexcept {
  const auto edge = [&](double origin, std::ptrdiff_t k) { return origin + side_m_ * static_cast<double>(k); };
  return {squares.col0 == 0 ? -kInfinite : edge(x_, squares.col0), squares.row0 == 0 ? -kInfinite : edge(y_, squares.row0),
          squares.col1 == cols_ ? kInfinite : edge(x_, squares.col1), squares.row1 == rows_ ? kInfinite : edge(y_, squares.row1)};
}

std::vector<Tile> cut_tiles(const TileGrid& grid, const TileCounts& counts, const CellLayout& before, const CellLayout& after,
                            const M3c2Search& search, const TileCost& cost) {
  std::vector<Tile> tiles;
  Cutter(grid, counts, before, after, search, cost).cut({0, grid.rows(), 0, grid.cols()}, tiles);
  return tiles;
}

TileRouter::TileRouter(const TileGrid& grid, const CellLayout& layout, std::vector<CellWindow> windows)
    : grid_(grid), layout_(layout), windows_(std::move(windows)), first_(grid.size() + 1, 0) {
  const auto cols = static_cast<std::size_t>(grid.cols());
  const auto each = [&](const auto& visit) {
    for (std::size_t t = 0; t < windows_.size(); ++t) {
      const CellWindow w = squares_of(grid, layout, windows_[t]);
      for (std::ptrdiff_t r = w.row0; r < w.row1; ++r) {
        for (std::ptrdiff_t c = w.col0; c < w.col1; ++c)
          visit(static_cast<std::size_t>(r) * cols + static_cast<std::size_t>(c), t);
      }
    }
  };
  each([&](std::size_t square, std::size_t) { ++first_[square + 1]; });
  for (std::size_t s = 0; s < grid.size(); ++s) first_[s + 1] += first_[s];
  std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
  tiles_.resize(first_.back());
  each([&](std::size_t square, std::size_t t) { tiles_[next[square]++] = static_cast<std::uint32_t>(t); });
}

}  // namespace highwall
