#include "algorithms/compare/column_index.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kMostColumns = 67108864.0;  // 2^26: 256 MB of starts at the most.
constexpr double kSparse = 16.0;             // More columns a point than this: some lie far off.
constexpr double kFewColumns = 65536.0;
constexpr double kMargin = 16.0;

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

/// Where the bulk of the points lies along one axis, with as much again to both sides. From an even
/// sample, which takes less than a quantile of all.
void clip_to_bulk(const PointsView& points, Eigen::Index axis, double margin, double& low, double& high) {
  constexpr std::size_t kSample = 4096;
  constexpr double kOutside = 0.1;
  std::vector<double> sample;
  const std::size_t step = std::max<std::size_t>(1, points.size() / kSample);
  for (std::size_t i = 0; i < points.size(); i += step) {
    const Eigen::Vector3d p = points[i];
    if (p.allFinite()) sample.push_back(p[axis]);
  }
  if (sample.empty()) return;
  std::sort(sample.begin(), sample.end());
  const auto cut = static_cast<std::size_t>(kOutside * static_cast<double>(sample.size()));
  const double first = sample[cut];
  const double last = sample[sample.size() - 1 - cut];
  low = std::max(low, first - (last - first) - margin);
  high = std::min(high, last + (last - first) + margin);
}

}  // namespace

ColumnIndex::ColumnIndex(PointsView points, double cell_m, const Run& run) : cell_(cell_m) {
  if (points.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::input, "more than 4 billion points in one cloud", {}, "cut the cloud into tiles");
  }
  Extent e = extent_of(points, run);
  if (!(e.x0 <= e.x1)) {
    start_.assign(1, 0);
    return;
  }
  const auto columns = [&] { return (std::floor((e.x1 - e.x0) / cell_) + 1.0) * (std::floor((e.y1 - e.y0) / cell_) + 1.0); };
  const double enough = std::min(kMostColumns, kSparse * static_cast<double>(points.size()) + kFewColumns);
  if (!(columns() <= enough)) {
    clip_to_bulk(points, 0, kMargin * cell_, e.x0, e.x1);
    clip_to_bulk(points, 1, kMargin * cell_, e.y0, e.y1);
  }
  if (!std::isfinite(columns())) {
    throw Error(ErrorKind::input, "the cloud's extent is beyond the range of numbers", {},
                "remove the points with senseless coordinates");
  }
  x0_ = e.x0;
  y0_ = e.y0;
  while (columns() > enough) cell_ *= 2.0;
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
          const std::ptrdiff_t col = column_of(p.x(), x0_, cols_, 0.0);
          const std::ptrdiff_t row = column_of(p.y(), y0_, rows_, 0.0);
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
