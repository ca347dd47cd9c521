#include "algorithms/compare/planes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "algorithms/compare/m3c2_kernel.hpp"
#include "algorithms/compare/plane_normal.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kFewest = 6.0;
constexpr double kFarthest_m = 1e9;

}  // namespace

LocalPlane plane_about(const CellIndex& index, const Eigen::Vector3d& place, double radius_m) {
  LocalPlane out;
  out.centre_m = place;
  if (!index.holds(place)) return out;
  const Cells& cells = index.cells();
  Moments moments;
  // A point on the sphere's border may be in or out: either plane is as good.
  static_cast<void>(m3c2_kernel().sphere(cells, {index.on_lattice(place), place - cells.origin_m}, radius_m, moments));
  if (moments.n < kFewest) return out;
  const PlaneNormal plane = plane_normal(moments);
  if (!plane.found) return out;
  out.centre_m = place + cells.unit_m / moments.n * moments.sum;
  out.normal = plane.normal;
  out.rms_m = cells.unit_m * std::sqrt(std::max(0.0, plane.variance[0]));
  out.width_m = cells.unit_m * std::sqrt(plane.variance[1]);
  return out;
}

Planes::Planes(const Points& points, const PlaneShape& shape, const Run& run) {
  const std::vector<std::uint32_t> order = CellIndex(PointsView(points), shape.cell_m, shape.radius_m, run).order();
  const auto n = static_cast<Eigen::Index>(order.size());
  points_.resize(n, 3);
  for (std::size_t k = 0; k < order.size(); ++k) points_.row(static_cast<Eigen::Index>(k)) = points.row(order[k]);
  index_ = std::make_unique<CellIndex>(PointsView(points_), shape.cell_m, shape.radius_m, run);
  centre = points_;
  normal = Points::Zero(n, 3);
  rms.assign(order.size(), std::numeric_limits<double>::infinity());
  if (shape.sigma_m > 0.0) {
    gaussian_weights(shape.radius_m, shape.sigma_m, run);
  } else {
    equal_weights(shape.radius_m, run);
  }
}

void Planes::equal_weights(double radius_m, const Run& run) {
  for_blocks(
      size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const auto row = static_cast<Eigen::Index>(k);
          const LocalPlane plane = plane_about(*index_, point(k), radius_m);
          centre.row(row) = plane.centre_m.transpose();
          normal.row(row) = plane.normal.transpose();
          rms[k] = plane.rms_m;
        }
      },
      run, {}, 256);
}

void Planes::gaussian_weights(double radius_m, double sigma_m, const Run& run) {
  const double to_exponent = -0.5 / (sigma_m * sigma_m);
  for_blocks(
      size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const auto row = static_cast<Eigen::Index>(k);
          const Eigen::Vector3d p = point(k);
          Moments moments;
          double count = 0.0;
          within(p, radius_m, [&](std::size_t j) {
            const Eigen::Vector3d d = point(j) - p;
            const double weight = std::exp(to_exponent * d.squaredNorm());
            count += 1.0;
            moments.n += weight;
            moments.sum += weight * d;
            moments.square += weight * d * d.transpose();
          });
          if (count < kFewest) continue;
          // plane_normal() asks for a count of three.
          const double to_count = count / moments.n;
          moments.sum *= to_count;
          moments.square *= to_count;
          moments.n = count;
          const PlaneNormal plane = plane_normal(moments);
          if (!plane.found) continue;
          centre.row(row) = (p + moments.sum / moments.n).transpose();
          normal.row(row) = plane.normal.transpose();
          rms[k] = std::sqrt(std::max(0.0, plane.variance[0]));
        }
      },
      run, {}, 256);
}

std::size_t Planes::nearest(const Eigen::Vector3d& p, double gate) const {
  std::size_t best = size();
  double least = gate * gate;
  index_->for_runs(p, p, gate, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const double d2 = (points_.row(static_cast<Eigen::Index>(k)).transpose() - p).squaredNorm();
      if (d2 > least || (d2 == least && k > best)) continue;
      least = d2;
      best = k;
    }
  });
  return best;
}

Points finite_points(const PointsView& cloud) {
  Points out(static_cast<Eigen::Index>(cloud.size()), 3);
  Eigen::Index n = 0;
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    if (!cloud[i].allFinite()) continue;
    if (cloud[i].cwiseAbs().maxCoeff() > kFarthest_m) {
      throw Error(ErrorKind::input, fmt::format("point {} has a coordinate beyond {:g} m", i, kFarthest_m), {},
                  "remove the points with senseless coordinates");
    }
    out.row(n++) = cloud[i].transpose();
  }
  out.conservativeResize(n, 3);
  return out;
}

double point_spacing(const Points& points, std::size_t nth, const Run& run) {
  if (points.rows() <= static_cast<Eigen::Index>(nth)) return 0.0;
  // A first guess from the extent.
  const Eigen::RowVector3d size = points.colwise().maxCoeff() - points.colwise().minCoeff();
  const double area = std::max({size[0] * size[1], size[0] * size[2], size[1] * size[2], 1e-12});
  const double guess = std::sqrt(area / static_cast<double>(points.rows()));
  const CellIndex index(PointsView(points), 2.0 * guess, 4.0 * guess, run);
  const Eigen::Index every = std::max<Eigen::Index>(1, points.rows() / 4000);
  std::vector<double> found;
  std::vector<double> squares;
  for (Eigen::Index i = 0; i < points.rows(); i += every) {
    const Eigen::Vector3d p = points.row(i).transpose();
    squares.clear();
    index.near_segment(p, p, 2.0 * guess, [&](const Eigen::Vector3d& q) {
      const double d2 = (q - p).squaredNorm();
      if (d2 > 0.0) squares.push_back(d2);
    });
    if (squares.size() < nth) continue;
    const auto at = squares.begin() + static_cast<std::ptrdiff_t>(nth - 1);
    std::nth_element(squares.begin(), at, squares.end());
    found.push_back(std::sqrt(*at));
  }
  if (found.empty()) return 0.0;
  // n points within d: a median of pi d^2 / side^2 that is a third less than n.
  const double side = nth == 1 ? 2.0 : std::sqrt(std::numbers::pi / (static_cast<double>(nth) - 1.0 / 3.0));
  return side * median(std::move(found));
}

}  // namespace highwall
