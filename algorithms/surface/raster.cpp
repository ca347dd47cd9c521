#include "algorithms/surface/raster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kTail = 0.002;
constexpr double kBeyond = 0.5;               // Of the bulk's extent.
constexpr std::size_t kMostSampled = 200000;  // Of each cloud: quantiles need no more.
constexpr double kMostCells = 67108864.0;     // 2^26

/// Where the bulk of the values ends, on both sides.
std::array<double, 2> bulk(const std::vector<double>& values) {
  const double low = quantile(values, kTail);
  const double high = quantile(values, 1.0 - kTail);
  const double more = kBeyond * (high - low);
  return {low - more, high + more};
}

}  // namespace

GridGeometry raster_over(std::span<const PointsView> clouds, double cell_m) {
  GridGeometry g;
  if (clouds.empty()) return g;
  g.frame = clouds[0].frame();
  g.affine = {0.0, cell_m, 0.0, 0.0, 0.0, -cell_m};
  std::array<std::vector<double>, 2> sampled;
  for (const PointsView& cloud : clouds) {
    require_same(g.frame, cloud.frame(), "raster");
    const std::size_t step = cloud.size() / kMostSampled + 1;
    for (std::size_t i = 0; i < cloud.size(); i += step) {
      if (!cloud[i].allFinite()) continue;
      for (std::size_t c = 0; c < 2; ++c) sampled[c].push_back(cloud[i][static_cast<Eigen::Index>(c)]);
    }
  }
  if (sampled[0].empty()) return g;
  const std::array<std::array<double, 2>, 2> reach{bulk(sampled[0]), bulk(sampled[1])};
  std::array<double, 2> low{reach[0][1], reach[1][1]};
  std::array<double, 2> high{reach[0][0], reach[1][0]};
  for (const PointsView& cloud : clouds) {
    for (std::size_t i = 0; i < cloud.size(); ++i) {
      const Eigen::Vector3d p = cloud[i];
      if (!p.allFinite()) continue;
      for (std::size_t c = 0; c < 2; ++c) {
        const double v = std::clamp(p[static_cast<Eigen::Index>(c)], reach[c][0], reach[c][1]);
        low[c] = std::min(low[c], v);
        high[c] = std::max(high[c], v);
      }
    }
  }
  std::array<double, 2> first{};
  std::array<double, 2> cells{};
  for (std::size_t c = 0; c < 2; ++c) {
    first[c] = std::floor((low[c] + g.frame.origin_m[c]) / cell_m);
    cells[c] = std::floor((high[c] + g.frame.origin_m[c]) / cell_m) - first[c] + 1.0;
  }
  if (!(cells[0] * cells[1] <= kMostCells)) {
    throw Error(ErrorKind::input,
                fmt::format("a raster of {:g} m cells over {:.0f} x {:.0f} m would have {:.3g} cells", cell_m, high[0] - low[0],
                            high[1] - low[1], cells[0] * cells[1]),
                {}, "take larger cells, or cut the clouds to the place that is meant (box)");
  }
  g.cols = static_cast<std::size_t>(cells[0]);
  g.rows = static_cast<std::size_t>(cells[1]);
  g.affine[0] = first[0] * cell_m - g.frame.origin_m[0];
  g.affine[3] = (first[1] + cells[1]) * cell_m - g.frame.origin_m[1];
  return g;
}

}  // namespace highwall
