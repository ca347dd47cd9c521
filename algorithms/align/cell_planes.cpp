#include "algorithms/align/cell_planes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "algorithms/compare/planes.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kInner = 0.2;  // Of its radius a neighbourhood's middle may be off, where no border cuts it.

/// The index's cells are as wide as the cubes; its columns are cut into them here.
CellMeans means_of_columns(const Points& points, const std::vector<double>& weight, const CellIndex& index, double cell_m,
                           bool drawn, const Run& run) {
  const Cells& cells = index.cells();
  const auto total = static_cast<std::size_t>(cells.rows * cells.cols);
  struct Part {
    std::vector<double> xyz;
    std::vector<double> weight;
  };
  constexpr std::size_t kSmallest = 512;
  const std::size_t size = block_size(total, kSmallest);
  std::vector<Part> parts((total + size - 1) / size);
  for_blocks(
      total,
      [&](const Block& block) {
        Part& part = parts[block.index];
        std::vector<std::pair<std::int64_t, std::size_t>> order;
        for (std::size_t c = block.begin; c < block.end; ++c) {
          const std::size_t begin = cells.start[c];
          const std::size_t end = cells.start[c + 1];
          if (begin == end) continue;
          order.clear();
          for (std::size_t k = begin; k < end; ++k) {
            const double z = points(static_cast<Eigen::Index>(k), 2) - cells.origin_m.z();
            order.emplace_back(static_cast<std::int64_t>(std::floor(z / cell_m)), k);
          }
          if (!std::is_sorted(order.begin(), order.end())) std::sort(order.begin(), order.end());  // Of flat ground they are.
          for (std::size_t first = 0; first < order.size();) {
            Eigen::Vector3d sum = Eigen::Vector3d::Zero();
            double count = 0.0;
            std::size_t next = first;
            for (; next < order.size() && order[next].first == order[first].first; ++next) {
              const std::size_t k = order[next].second;
              const double w = weight.empty() ? 1.0 : weight[k];
              sum += w * points.row(static_cast<Eigen::Index>(k)).transpose();
              count += w;
            }
            sum /= count;
            if (drawn) {
              const std::uint64_t turn = (order[first].second + 1) * 6364136223846793005ULL >> 33U;
              sum = points.row(static_cast<Eigen::Index>(order[first + turn % (next - first)].second)).transpose();
            }
            part.xyz.insert(part.xyz.end(), sum.data(), sum.data() + 3);
            part.weight.push_back(count);
            first = next;
          }
        }
      },
      run, {}, kSmallest);
  std::vector<std::size_t> at(parts.size() + 1, 0);
  for (std::size_t b = 0; b < parts.size(); ++b) at[b + 1] = at[b] + parts[b].weight.size();
  CellMeans out{Points(static_cast<Eigen::Index>(at.back()), 3), std::vector<double>(at.back())};
  for (std::size_t b = 0; b < parts.size(); ++b) {
    std::copy(parts[b].xyz.begin(), parts[b].xyz.end(), out.xyz.data() + 3 * at[b]);
    std::copy(parts[b].weight.begin(), parts[b].weight.end(), out.weight.begin() + static_cast<std::ptrdiff_t>(at[b]));
  }
  return out;
}

/// The points in the order of the index, the near ones only.
Points in_order(PointsView points, const std::vector<std::uint32_t>& order, std::size_t near, const Run& run) {
  Points out(static_cast<Eigen::Index>(near), 3);
  for_blocks(
      near,
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          out.row(static_cast<Eigen::Index>(k)) = points.matrix().row(static_cast<Eigen::Index>(order[k]));
        }
      },
      run, {}, 4096);
  return out;
}

std::size_t near_count(const CellIndex& index) {
  const Cells& cells = index.cells();
  return cells.start[cells.rows * cells.cols];
}

}  // namespace

CellMeans means_of(PointsView cloud, const CellIndex& index, double cell_m, bool drawn, const Run& run) {
  return means_of_columns(in_order(cloud, index.order(), near_count(index), run), {}, index, cell_m, drawn, run);
}

CellPlanes::CellPlanes(const CellMeans& means, double cell_m, double radius_m, const CellIndex* cloud, const Run& run)
    : cell_m_(cell_m),
      given_(means.xyz),
      index_(std::make_unique<CellIndex>(PointsView(given_), 2.0 * cell_m, std::max(3.0 * cell_m, radius_m), run)) {
  const std::vector<std::uint32_t> order = index_->order();
  points_ = in_order(PointsView(given_), order, near_count(*index_), run);
  weight_.resize(static_cast<std::size_t>(points_.rows()));
  for (std::size_t k = 0; k < weight_.size(); ++k) weight_[k] = means.weight[order[k]];
  find_planes(radius_m, cloud != nullptr ? *cloud : *index_, run);
}

void CellPlanes::find_planes(double radius_m, const CellIndex& neighbours, const Run& run) {
  const std::size_t n = size();
  centre.resize(static_cast<Eigen::Index>(n), 3);
  normal = Points::Zero(static_cast<Eigen::Index>(n), 3);
  thickness.assign(n, 1.0F);
  inner.assign(n, 0);
  rms_m.assign(n, std::numeric_limits<double>::infinity());
  for_blocks(
      n,
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const auto row = static_cast<Eigen::Index>(k);
          const LocalPlane plane = plane_about(neighbours, point(k), radius_m);
          centre.row(row) = plane.centre_m.transpose();
          normal.row(row) = plane.normal.transpose();
          rms_m[k] = plane.rms_m;
          thickness[k] = static_cast<float>(plane.rms_m / plane.width_m);
          const Eigen::Vector3d off = plane.centre_m - point(k);
          inner[k] = (off - plane.normal.dot(off) * plane.normal).norm() < kInner * radius_m ? 1 : 0;
        }
      },
      run, {}, 256);
}

double CellPlanes::rms_quantile(double share) const {
  std::vector<double> finite;
  for (const double v : rms_m) {
    if (std::isfinite(v)) finite.push_back(v);
  }
  return finite.empty() ? 0.0 : quantile(std::move(finite), share);
}

std::vector<std::size_t> CellPlanes::smooth(double roughest_m, double thickest) const {
  std::vector<std::size_t> out;
  for (std::size_t k = 0; k < size(); ++k) {
    if (rms_m[k] <= roughest_m && thickness[k] <= thickest) out.push_back(k);
  }
  return out;
}

std::size_t CellPlanes::nearest(const Eigen::Vector3d& p, double gate_m) const {
  std::size_t best = size();
  double least = gate_m * gate_m;
  index_->for_runs(p, p, gate_m, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const double* q = points_.data() + 3 * k;
      const double dx = q[0] - p[0];
      const double dy = q[1] - p[1];
      const double dz = q[2] - p[2];
      const double d2 = dx * dx + dy * dy + dz * dz;
      if (d2 > least || (d2 == least && k > best)) continue;
      least = d2;
      best = k;
    }
  });
  return best;
}

CellMeans CellPlanes::coarser(const Run& run) const {
  return means_of_columns(points_, weight_, *index_, 2.0 * cell_m_, false, run);
}

double spacing_of(PointsView cloud, double guess_m, std::size_t sample, const Run& run) {
  constexpr std::size_t kNeighbours = 12;
  const CellIndex index(cloud, guess_m, 8.0 * guess_m, run);
  const std::size_t every = std::max<std::size_t>(1, cloud.size() / sample);
  const std::size_t count = cloud.size() / every;
  std::vector<double> reach(count, 0.0);
  for_blocks(
      count,
      [&](const Block& block) {
        std::vector<double> squares;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          // Not evenly: a scanner's beams come in turn.
          const std::uint64_t turn = (i + 1) * 6364136223846793005ULL >> 33U;
          const Eigen::Vector3d p = cloud[i * every + static_cast<std::size_t>(turn % every)];
          if (!p.allFinite()) continue;
          for (double radius = 0.5 * guess_m; radius <= 8.0 * guess_m; radius *= 2.0) {
            squares.clear();
            index.near_segment(p, p, radius, [&](const Eigen::Vector3d& q) {
              const double d2 = (q - p).squaredNorm();
              if (d2 <= radius * radius) squares.push_back(d2);
            });
            if (squares.size() <= kNeighbours) continue;
            std::nth_element(squares.begin(), squares.begin() + kNeighbours, squares.end());
            reach[i] = std::sqrt(squares[kNeighbours]);
            break;
          }
        }
      },
      run, {}, 16);
  std::erase_if(reach, [](double r) { return !(r > 0.0); });
  if (reach.empty()) throw Error(ErrorKind::input, "the reference has too few points to register on");
  // Where points thin out with distance, most of them lie near and most of the ground does not: each counts by its reach.
  std::sort(reach.begin(), reach.end());
  const double half = 0.5 * std::accumulate(reach.begin(), reach.end(), 0.0);
  double sum = 0.0;
  for (const double r : reach) {
    sum += r;
    if (sum >= half) return r * std::sqrt(std::numbers::pi / static_cast<double>(kNeighbours));
  }
  return reach.back();
}

}  // namespace highwall
