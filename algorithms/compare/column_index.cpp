#include "algorithms/compare/column_index.hpp"

#include <limits>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kMostColumns = 67108864.0;  // 2^26: 256 MB of starts at the most.

struct Extent {
  double x0 = std::numeric_limits<double>::infinity();
  double x1 = -std::numeric_limits<double>::infinity();
  double y0 = std::numeric_limits<double>::infinity();
  double y1 = -std::numeric_limits<double>::infinity();
};

Extent extent_of(const PointsView& points, const Run& run) {
  return reduce_blocks(
      points.size(), Extent{},
      [&](const Block& block) {
        Extent e;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d p = points[i];
          if (!p.allFinite()) continue;
          e.x0 = std::min(e.x0, p.x());
          e.x1 = std::max(e.x1, p.x());
          e.y0 = std::min(e.y0, p.y());
          e.y1 = std::max(e.y1, p.y());
        }
        return e;
      },
      [](Extent& a, Extent&& b) {
        a = {std::min(a.x0, b.x0), std::max(a.x1, b.x1), std::min(a.y0, b.y0), std::max(a.y1, b.y1)};
      },
      run, {}, 4096);
}

}  // namespace

ColumnIndex::ColumnIndex(PointsView points, double cell_m, const Run& run) : cell_(cell_m) {
  if (points.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::input, "more than 4 billion points in one cloud", {},
                "cut the cloud into tiles");
  }
  const Extent e = extent_of(points, run);
  if (!(e.x0 <= e.x1)) {
    start_.assign(1, 0);
    return;
  }
  x0_ = e.x0;
  y0_ = e.y0;
  const auto columns = [&] {
    return (std::floor((e.x1 - e.x0) / cell_) + 1.0) * (std::floor((e.y1 - e.y0) / cell_) + 1.0);
  };
  while (columns() > kMostColumns) cell_ *= 2.0;
  cols_ = static_cast<std::ptrdiff_t>(std::floor((e.x1 - e.x0) / cell_)) + 1;
  rows_ = static_cast<std::ptrdiff_t>(std::floor((e.y1 - e.y0) / cell_)) + 1;

  constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> column(points.size(), kNowhere);
  for_blocks(
      points.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d p = points[i];
          if (!p.allFinite()) continue;
          const auto col = static_cast<std::ptrdiff_t>(std::floor((p.x() - x0_) / cell_));
          const auto row = static_cast<std::ptrdiff_t>(std::floor((p.y() - y0_) / cell_));
          column[i] = static_cast<std::uint32_t>(row * cols_ + col);
        }
      },
      run, {}, 4096);

  // Counting sort: stable, so that equal input gives an equal index.
  start_.assign(static_cast<std::size_t>(rows_ * cols_) + 1, 0);
  for (const std::uint32_t c : column) {
    if (c != kNowhere) ++start_[c + 1];
  }
  for (std::size_t c = 1; c < start_.size(); ++c) start_[c] += start_[c - 1];
  original_.resize(start_.back());
  std::vector<std::uint32_t> next(start_.begin(), start_.end() - 1);
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column[i] != kNowhere) original_[next[column[i]]++] = static_cast<std::uint32_t>(i);
  }
  x_.resize(original_.size());
  y_.resize(original_.size());
  z_.resize(original_.size());
  for_blocks(
      original_.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const Eigen::Vector3d p = points[original_[k]];
          x_[k] = p.x();
          y_[k] = p.y();
          z_[k] = p.z();
        }
      },
      run, {}, 4096);
}

}  // namespace highwall
