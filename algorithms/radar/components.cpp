#include "algorithms/radar/components.hpp"

#include <cmath>
#include <numbers>
#include <utility>

#include "core/error.hpp"

namespace highwall {
namespace {

/// Trees of cells; the root of each is its smallest cell.
class Trees {
 public:
  explicit Trees(std::size_t cells) : parent_(cells) {
    for (std::size_t i = 0; i < cells; ++i) parent_[i] = static_cast<std::uint32_t>(i);
  }
  std::uint32_t root(std::uint32_t cell) {
    while (parent_[cell] != cell) cell = parent_[cell] = parent_[parent_[cell]];
    return cell;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = root(a);
    b = root(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace

CellShape CellShape::of(const ScanGrid& grid) {
  CellShape shape{grid.rows, grid.cols, false};
  if (grid.azimuth_rad.size() < 3) return shape;
  const double extent = std::abs(grid.azimuth_rad.back() - grid.azimuth_rad.front());
  const double step = extent / static_cast<double>(grid.azimuth_rad.size() - 1);
  shape.wraps = 2.0 * std::numbers::pi - extent < 1.5 * step;
  return shape;
}

std::vector<std::vector<std::uint32_t>> components_of(std::span<const std::uint8_t> marked, const CellShape& shape) {
  if (marked.size() != shape.cells()) throw Error(ErrorKind::internal, "marks and cells differ in number");
  const auto rows = static_cast<std::ptrdiff_t>(shape.rows);
  const auto cols = static_cast<std::ptrdiff_t>(shape.cols);
  Trees trees(marked.size());
  constexpr std::pair<int, int> kBefore[] = {{0, -1}, {-1, -1}, {-1, 0}, {-1, 1}};
  std::size_t found = 0;
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    for (std::ptrdiff_t c = 0; c < cols; ++c) {
      const auto cell = static_cast<std::size_t>(r * cols + c);
      if (marked[cell] == 0) continue;
      ++found;
      for (const auto& [dr, dc] : kBefore) {
        std::ptrdiff_t col = c + dc;
        if (shape.wraps) col = (col + cols) % cols;
        if (r + dr < 0 || col < 0 || col >= cols) continue;
        const auto other = static_cast<std::size_t>((r + dr) * cols + col);
        if (marked[other] != 0) trees.join(static_cast<std::uint32_t>(cell), static_cast<std::uint32_t>(other));
      }
    }
  }
  std::vector<std::vector<std::uint32_t>> out;
  if (found == 0) return out;
  std::vector<std::uint32_t> number(marked.size(), 0);
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] == 0) continue;
    const auto cell = static_cast<std::uint32_t>(i);
    const std::uint32_t root = trees.root(cell);
    if (root == cell) {
      number[cell] = static_cast<std::uint32_t>(out.size());
      out.emplace_back();
    }
    out[number[root]].push_back(cell);
  }
  return out;
}

}  // namespace highwall
