#include "algorithms/vectors/patch_search.hpp"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/compare/plane_normal.hpp"

namespace highwall {
namespace {

constexpr double kSteepest = 5.0;    // Gradients beyond are no surface that is seen from above the patch.
constexpr float kLeastShare = 0.6F;  // Of the patch's cells that the other epoch must have.
constexpr std::ptrdiff_t kFewestCells = 20;

}  // namespace

void PatchSearch::Image::clear(std::ptrdiff_t cells) {
  half = cells;
  const auto n = static_cast<std::size_t>(side() * side());
  height.assign(n, 0.0F);
  count.assign(n, 0.0F);
}

void PatchSearch::Image::finish() {
  for (std::size_t k = 0; k < height.size(); ++k) {
    if (count[k] > 0.0F) height[k] /= count[k];
  }
}

void PatchSearch::add(const Planes& planes, std::size_t k, Image& image) const {
  if (!std::isfinite(planes.rms[k])) return;
  const auto row = static_cast<Eigen::Index>(k);
  const Eigen::Vector3d d = axes_.transpose() * (Eigen::Vector3d(planes.centre.row(row).transpose()) - place_);
  const auto u = static_cast<std::ptrdiff_t>(std::lround(d.x() / rules_.cell_m));
  const auto v = static_cast<std::ptrdiff_t>(std::lround(d.y() / rules_.cell_m));
  if (std::max(std::abs(u), std::abs(v)) > image.half || std::abs(d.z()) > rules_.radius_m + rules_.reach_m) return;
  // The height of its plane in the middle of the cell: a slope through a cell is no noise.
  const Eigen::Vector3d n = axes_.transpose() * Eigen::Vector3d(planes.normal.row(row).transpose());
  double h = d.z();
  if (std::abs(n.x()) < kSteepest * std::abs(n.z()) && std::abs(n.y()) < kSteepest * std::abs(n.z())) {
    h -= (n.x() * (static_cast<double>(u) * rules_.cell_m - d.x()) + n.y() * (static_cast<double>(v) * rules_.cell_m - d.y())) /
         n.z();
  }
  const auto at = static_cast<std::size_t>((v + image.half) * image.side() + u + image.half);
  image.height[at] += static_cast<float>(h);
  image.count[at] += 1.0F;
}

std::vector<Eigen::Vector3d> PatchSearch::candidates(const Eigen::Vector3d& place, const std::vector<std::size_t>& patch) {
  Moments moments;
  for (const std::size_t k : patch) {
    const Eigen::Vector3d d = Eigen::Vector3d(before_.centre.row(static_cast<Eigen::Index>(k)).transpose()) - place;
    moments.n += 1.0;
    moments.sum += d;
    moments.square += d * d.transpose();
  }
  const PlaneNormal plane = plane_normal(moments);
  if (!plane.found) return {};
  place_ = place;
  axes_.col(2) = plane.normal;
  const Eigen::Vector3d other = std::abs(plane.normal.z()) < 0.9 ? Eigen::Vector3d::UnitZ() : Eigen::Vector3d::UnitX();
  axes_.col(0) = plane.normal.cross(other).normalized();
  axes_.col(1) = plane.normal.cross(axes_.col(0));

  const auto reach = static_cast<std::ptrdiff_t>(std::floor(rules_.reach_m / rules_.cell_m));
  small_.clear(static_cast<std::ptrdiff_t>(std::ceil(rules_.radius_m / rules_.cell_m)));
  large_.clear(small_.half + reach);
  for (const std::size_t k : patch) add(before_, k, small_);
  const double farthest =
      std::hypot(std::sqrt(2.0) * (rules_.radius_m + rules_.reach_m + rules_.cell_m), rules_.radius_m + rules_.reach_m);
  after_.within(place, farthest, [&](std::size_t k) {
    if (k % rules_.step == 0) add(after_, k, large_);
  });
  small_.finish();
  large_.finish();

  struct Cell {
    std::ptrdiff_t at;
    float height;
  };
  std::vector<Cell> cells;
  for (std::ptrdiff_t v = -small_.half; v <= small_.half; ++v) {
    for (std::ptrdiff_t u = -small_.half; u <= small_.half; ++u) {
      const auto at = static_cast<std::size_t>((v + small_.half) * small_.side() + u + small_.half);
      if (small_.count[at] > 0.0F) cells.push_back({v * large_.side() + u, small_.height[at]});
    }
  }
  if (static_cast<std::ptrdiff_t>(cells.size()) < kFewestCells) return {};
  const std::ptrdiff_t side = 2 * reach + 1;
  constexpr float kNone = std::numeric_limits<float>::infinity();
  std::vector<float> score(static_cast<std::size_t>(side * side), kNone);
  std::vector<float> offset(score.size(), 0.0F);
  const float fewest = kLeastShare * static_cast<float>(cells.size());
  for (std::ptrdiff_t v = -reach; v <= reach; ++v) {
    for (std::ptrdiff_t u = -reach; u <= reach; ++u) {
      const std::ptrdiff_t middle = (v + large_.half) * large_.side() + u + large_.half;
      float n = 0.0F;
      float sum = 0.0F;
      float square = 0.0F;
      for (const Cell& cell : cells) {
        const auto at = static_cast<std::size_t>(middle + cell.at);
        const float there = large_.count[at] > 0.0F ? 1.0F : 0.0F;
        const float difference = there * (large_.height[at] - cell.height);
        n += there;
        sum += difference;
        square += difference * difference;
      }
      if (n < fewest || !(std::abs(sum / n) <= static_cast<float>(rules_.reach_m))) continue;
      const auto k = static_cast<std::size_t>((v + reach) * side + u + reach);
      // Fewer cells fit better by chance.
      score[k] = (square / n - sum / n * (sum / n)) / n;
      offset[k] = sum / n;
    }
  }
  std::vector<std::size_t> least;
  for (std::ptrdiff_t v = 0; v < side; ++v) {
    for (std::ptrdiff_t u = 0; u < side; ++u) {
      const auto k = static_cast<std::size_t>(v * side + u);
      if (score[k] == kNone) continue;
      bool smallest = true;
      for (std::ptrdiff_t dv = -1; dv <= 1 && smallest; ++dv) {
        for (std::ptrdiff_t du = -1; du <= 1; ++du) {
          if (v + dv < 0 || v + dv >= side || u + du < 0 || u + du >= side) continue;
          smallest = smallest && score[static_cast<std::size_t>((v + dv) * side + u + du)] >= score[k];
        }
      }
      if (smallest) least.push_back(k);
    }
  }
  std::sort(least.begin(), least.end(),
            [&](std::size_t a, std::size_t b) { return score[a] != score[b] ? score[a] < score[b] : a < b; });
  if (least.size() > rules_.most) least.resize(rules_.most);
  std::vector<Eigen::Vector3d> out;
  for (const std::size_t k : least) {
    const double u = static_cast<double>(static_cast<std::ptrdiff_t>(k) % side - reach) * rules_.cell_m;
    const double v = static_cast<double>(static_cast<std::ptrdiff_t>(k) / side - reach) * rules_.cell_m;
    out.push_back(axes_ * Eigen::Vector3d(u, v, static_cast<double>(offset[k])));
  }
  return out;
}

}  // namespace highwall
