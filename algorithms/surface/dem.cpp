#include "algorithms/surface/dem.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "algorithms/surface/raster.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kPlanePoints = 6.0;     // Fewer own points give no plane of their own.
constexpr double kLeastSpread = 0.12;    // Of a cell: standard deviation of the points across their narrow direction.
constexpr double kMedianPrice = 1.2533;  // Standard error of a median over that of a mean.
constexpr std::size_t kSmallBlock = 512;

/// Points sorted by cell, each cell's in the order of the cloud.
struct Binned {
  std::vector<std::uint32_t> start;
  std::vector<std::uint32_t> point;
  std::size_t outside = 0;
};

Binned bin(PointsView cloud, const GridGeometry& g, const Run& run) {
  const std::size_t cells = g.cells();
  std::vector<std::uint32_t> cell(cloud.size());
  for_blocks(
      cloud.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d p = cloud[i];
          cell[i] = static_cast<std::uint32_t>(p.allFinite() ? cell_at(g, p.x(), p.y()) : cells);
        }
      },
      run, {}, 8192);
  Binned out;
  out.start.assign(cells + 2, 0);
  for (const std::uint32_t c : cell) ++out.start[c + 1];
  out.outside = out.start[cells + 1];
  for (std::size_t c = 1; c < out.start.size(); ++c) out.start[c] += out.start[c - 1];
  out.point.resize(cloud.size());
  std::vector<std::uint32_t> next(out.start.begin(), out.start.end() - 1);
  for (std::size_t i = 0; i < cell.size(); ++i) out.point[next[cell[i]]++] = static_cast<std::uint32_t>(i);
  return out;
}

/// A plane z = mean_z + slope . (xy - mean_xy) through n points.
struct Plane {
  double n = 0.0;
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  Eigen::Vector2d slope = Eigen::Vector2d::Constant(kNaN);
  Eigen::Matrix2d inverse = Eigen::Matrix2d::Zero();  ///< Of the sums of squares about the mean.
  double scatter_m = kNaN;                            ///< Standard deviation about the plane, n - 3 degrees of freedom.
  bool found = false;
};

class Cells {
 public:
  Cells(PointsView cloud, const Binned& binned, const GridGeometry& g) : cloud_(cloud), binned_(binned), g_(g) {}

  template <class Visit>
  void each(std::size_t cell, Visit&& visit) const {
    for (std::uint32_t k = binned_.start[cell]; k < binned_.start[cell + 1]; ++k) visit(cloud_[binned_.point[k]]);
  }
  std::size_t count(std::size_t cell) const { return binned_.start[cell + 1] - binned_.start[cell]; }

  /// Through the points of the cells within `ring` cells.
  Plane plane(std::size_t cell, std::ptrdiff_t ring) const {
    const auto row = static_cast<std::ptrdiff_t>(cell / g_.cols);
    const auto col = static_cast<std::ptrdiff_t>(cell % g_.cols);
    const auto around = [&](auto&& visit) {
      for (std::ptrdiff_t r = std::max<std::ptrdiff_t>(0, row - ring); r <= std::min<std::ptrdiff_t>(last(g_.rows), row + ring);
           ++r) {
        for (std::ptrdiff_t c = std::max<std::ptrdiff_t>(0, col - ring); c <= std::min<std::ptrdiff_t>(last(g_.cols), col + ring);
             ++c) {
          each(static_cast<std::size_t>(r) * g_.cols + static_cast<std::size_t>(c), visit);
        }
      }
    };
    Plane out;
    around([&](const Eigen::Vector3d& p) {
      out.n += 1.0;
      out.mean += p;
    });
    if (out.n == 0.0) return out;
    out.mean /= out.n;
    Eigen::Matrix2d square = Eigen::Matrix2d::Zero();
    Eigen::Vector2d product = Eigen::Vector2d::Zero();
    around([&](const Eigen::Vector3d& p) {
      const Eigen::Vector3d d = p - out.mean;
      square += d.head<2>() * d.head<2>().transpose();
      product += d.head<2>() * d.z();
    });
    const double half = 0.5 * square.trace();
    const double narrow = half - std::sqrt(std::max(0.0, half * half - square.determinant()));
    const double least = kLeastSpread * g_.affine[1];
    if (out.n < 4.0 || !(narrow / out.n >= least * least)) return out;
    out.inverse = square.inverse();
    out.slope = out.inverse * product;
    double rest = 0.0;
    around([&](const Eigen::Vector3d& p) {
      const Eigen::Vector3d d = p - out.mean;
      const double r = d.z() - out.slope.dot(d.head<2>());
      rest += r * r;
    });
    out.scatter_m = std::sqrt(rest / (out.n - 3.0));
    out.found = std::isfinite(out.scatter_m);
    return out;
  }

 private:
  static std::ptrdiff_t last(std::size_t n) { return static_cast<std::ptrdiff_t>(n) - 1; }
  PointsView cloud_;
  const Binned& binned_;
  const GridGeometry& g_;
};

class Heights {
 public:
  Heights(const Cells& cells, const DemOptions& options, Dem& out) : cells_(cells), options_(options), out_(out) {
    steepest_ = std::tan(options.steepest_deg * std::numbers::pi / 180.0);
  }

  void operator()(std::size_t cell, std::vector<double>& residuals) const {
    const auto n = static_cast<double>(cells_.count(cell));
    out_.count[cell] = static_cast<std::uint32_t>(cells_.count(cell));
    if (n == 0.0) return;
    const Plane own = cells_.plane(cell, 0);
    const bool by_itself = own.found && n >= std::max(kPlanePoints, static_cast<double>(options_.fewest_points));
    const Plane wide = by_itself ? own : cells_.plane(cell, 1);
    const Eigen::Vector2d away = centre_of(out_.geometry, cell) - own.mean.head<2>();
    if (!wide.found || wide.n < static_cast<double>(options_.fewest_points)) {
      out_.height_m[cell] = own.mean.z();
      out_.reason[cell] = Reason::few_points;
      return;
    }
    out_.slope_x[cell] = wide.slope.x();
    out_.slope_y[cell] = wide.slope.y();
    if (!(wide.slope.norm() <= steepest_)) {
      out_.reason[cell] = Reason::not_observable;
      return;
    }
    // Scatter of the cell's own points about the plane; of a handful, not less than what the cells around say.
    double square = 0.0;
    residuals.clear();
    cells_.each(cell, [&](const Eigen::Vector3d& p) {
      const Eigen::Vector3d d = p - own.mean;
      residuals.push_back(d.z() - wide.slope.dot(d.head<2>()));
      square += residuals.back() * residuals.back();
    });
    double scatter = wide.scatter_m;
    double freedom = wide.n - 3.0;
    if (!by_itself && n >= static_cast<double>(options_.fewest_points)) {
      const double here = std::sqrt(square / (n - 1.0));
      if (here > scatter) {
        scatter = here;
        freedom = n - 1.0;
      }
    }
    const double carried = away.dot(wide.inverse * away) * wide.scatter_m * wide.scatter_m;
    double height = own.mean.z() + wide.slope.dot(away);
    double variance = scatter * scatter / n + carried;
    if (options_.statistic == "median") {
      height += median(residuals);
      variance = kMedianPrice * kMedianPrice * scatter * scatter / n + carried;
    } else if (options_.statistic == "mean") {
      height = own.mean.z();
      const double shift = wide.slope.dot(away);
      variance = scatter * scatter / n + shift * shift;
    }
    out_.height_m[cell] = height;
    out_.sigma_m[cell] = std::sqrt(variance);
    out_.freedom[cell] = freedom;
    out_.reason[cell] = Reason::ok;
  }

 private:
  const Cells& cells_;
  const DemOptions& options_;
  Dem& out_;
  double steepest_;
};

}  // namespace

double Dem::slope_deg(std::size_t cell) const {
  return std::atan(std::hypot(slope_x[cell], slope_y[cell])) * 180.0 / std::numbers::pi;
}

Dem dem(PointsView cloud, const GridGeometry& geometry, const DemOptions& options, const Run& run) {
  validate(options, "surface");
  require_same(cloud.frame(), geometry.frame, "DEM, cloud and raster");
  const std::size_t cells = geometry.cells();
  Dem out;
  out.geometry = geometry;
  out.height_m.assign(cells, kNaN);
  out.sigma_m.assign(cells, kNaN);
  out.freedom.assign(cells, kNaN);
  out.slope_x.assign(cells, kNaN);
  out.slope_y.assign(cells, kNaN);
  out.count.assign(cells, 0);
  out.reason.assign(cells, Reason::empty_both);
  const Binned binned = bin(cloud, geometry, run);
  out.outside = binned.outside;
  const Cells points(cloud, binned, out.geometry);
  const Heights heights(points, options, out);
  for_blocks(
      cells,
      [&](const Block& block) {
        std::vector<double> residuals;
        for (std::size_t cell = block.begin; cell < block.end; ++cell) heights(cell, residuals);
      },
      run, "dem", kSmallBlock);
  return out;
}

Dem dem(PointsView cloud, const DemOptions& options, const Run& run) {
  validate(options, "surface");
  return dem(cloud, raster_over(std::array{cloud}, options.cell_m), options, run);
}

}  // namespace highwall
