#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/scan.hpp"

namespace highwall {

/// How the cells of a raster touch.
struct CellShape {
  std::size_t rows = 0;
  std::size_t cols = 0;
  bool wraps = false;  ///< The last column touches the first: a radar that turns all the way round.

  /// Wraps when the azimuth axis closes the circle.
  static CellShape of(const ScanGrid& grid);
  std::size_t cells() const noexcept { return rows * cols; }
};

/// Connected components of the cells that are marked, each a list of cells in ascending order, in order of their first cell.
/// Cells touch at sides and corners. Union-find with path halving (Tarjan 1975, doi:10.1145/321879.321884).
/// @param marked  one a cell, not 0 = belongs to some component
/// @throws Error(internal) when the sizes differ
std::vector<std::vector<std::uint32_t>> components_of(std::span<const std::uint8_t> marked, const CellShape& shape);

}  // namespace highwall
