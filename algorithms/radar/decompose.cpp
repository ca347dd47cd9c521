#include "algorithms/radar/decompose.hpp"

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/align/stable_ground.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
/// Points of ground across a radius that are looked at; more do not make the plane better.
constexpr double kPointsAcrossRadius = 8.0;
constexpr double kLevel = 1e-6;

/// Thinned ground in strips of constant x, each in order of y, for queries in plan.
class Ground {
 public:
  Ground(PointsView cloud, double radius_m) : strip_m_(radius_m) {
    const Points thin = thin_to_cores(cloud, radius_m / kPointsAcrossRadius);
    for (Eigen::Index i = 0; i < thin.rows(); ++i) points_.emplace_back(thin.row(i).transpose());
    std::sort(points_.begin(), points_.end(), [&](const Eigen::Vector3d& a, const Eigen::Vector3d& b) {
      const double sa = strip_of(a.x());
      const double sb = strip_of(b.x());
      if (sa != sb) return sa < sb;
      return a.y() != b.y() ? a.y() < b.y() : a.x() < b.x();
    });
  }

  /// Appends the points within the radius of (x, y).
  void near(double x, double y, std::vector<Eigen::Vector3d>& out) const {
    for (double strip = strip_of(x) - 1.0; strip <= strip_of(x) + 1.0; strip += 1.0) {
      auto at = std::lower_bound(points_.begin(), points_.end(), std::pair(strip, y - strip_m_),
                                 [&](const Eigen::Vector3d& p, const std::pair<double, double>& key) {
                                   const double s = strip_of(p.x());
                                   return s != key.first ? s < key.first : p.y() < key.second;
                                 });
      for (; at != points_.end() && strip_of(at->x()) == strip && at->y() <= y + strip_m_; ++at) {
        if (std::hypot(at->x() - x, at->y() - y) <= strip_m_) out.push_back(*at);
      }
    }
  }

 private:
  double strip_of(double x) const { return std::floor(x / strip_m_); }

  double strip_m_;
  std::vector<Eigen::Vector3d> points_;
};

Eigen::Vector3d row(const Points& points, std::size_t i) { return points.row(static_cast<Eigen::Index>(i)).transpose(); }

}  // namespace

Surface surface_at(PointsView cloud, const Points& places, const DownslopeOptions& options, const Run& run) {
  validate(options, "downslope");
  const auto n = static_cast<std::size_t>(places.rows());
  Surface out{std::vector<double>(n, kNothing), Points::Constant(places.rows(), 3, kNothing)};
  const Ground ground(cloud, options.radius_m);
  for_blocks(
      n,
      [&](const Block& block) {
        std::vector<Eigen::Vector3d> found;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d place = row(places, i);
          found.clear();
          if (!(std::abs(place.x()) < 1e12 && std::abs(place.y()) < 1e12)) continue;
          ground.near(place.x(), place.y(), found);
          if (found.size() < static_cast<std::size_t>(options.fewest_points)) continue;
          Eigen::Vector3d mean = Eigen::Vector3d::Zero();
          for (const Eigen::Vector3d& p : found) mean += p / static_cast<double>(found.size());
          Eigen::Matrix3d spread = Eigen::Matrix3d::Zero();
          for (const Eigen::Vector3d& p : found) spread += (p - mean) * (p - mean).transpose();
          const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(spread);
          // All on a line: any plane through it would do.
          if (!(solver.eigenvalues()[1] > 1e-9 * solver.eigenvalues()[2])) continue;
          Eigen::Vector3d normal = solver.eigenvectors().col(0);
          if (normal.z() < 0.0) normal = -normal;
          if (!(normal.z() > kLevel)) continue;  // An overhang has no height in plan.
          out.normal.row(static_cast<Eigen::Index>(i)) = normal.transpose();
          out.height_m[i] = mean.z() - (normal.x() * (place.x() - mean.x()) + normal.y() * (place.y() - mean.y())) / normal.z();
        }
      },
      run, {}, 256);
  return out;
}

Eigen::Vector3d downslope_direction(const Eigen::Vector3d& normal) {
  const Eigen::Vector3d n = (normal.z() < 0.0 ? -1.0 : 1.0) * normal.normalized();
  const double level = std::hypot(n.x(), n.y());
  if (!(level > kLevel)) return Eigen::Vector3d::Constant(kNothing);
  return {n.x() * n.z() / level, n.y() * n.z() / level, -level};
}

Points lines_of_sight(const Points& places_m, const Eigen::Vector3d& sensor_m) {
  Points out(places_m.rows(), 3);
  for (Eigen::Index i = 0; i < places_m.rows(); ++i) {
    const Eigen::Vector3d ray = sensor_m - places_m.row(i).transpose();
    const double length = ray.norm();
    const bool known = std::isfinite(length) && length > 0.0;
    out.row(i) = known ? Eigen::RowVector3d((ray / length).transpose()) : Eigen::RowVector3d::Constant(kNothing);
  }
  return out;
}

DownslopeField downslope(const std::vector<double>& value, const std::vector<double>& sigma, const Points& line_of_sight,
                         const Points& normal, const DownslopeOptions& options, const Run& run) {
  validate(options, "downslope");
  const std::size_t n = value.size();
  if (sigma.size() != n || static_cast<std::size_t>(line_of_sight.rows()) != n || static_cast<std::size_t>(normal.rows()) != n) {
    throw Error(ErrorKind::input, "values, sigmas, lines of sight and normals must be of one length");
  }
  DownslopeField out;
  out.direction = Points::Constant(normal.rows(), 3, kNothing);
  out.sensitivity.assign(n, kNothing);
  out.value.assign(n, kNothing);
  out.sigma.assign(n, kNothing);
  out.reason.assign(n, Reason::ok);
  for_blocks(
      n,
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d s = downslope_direction(row(normal, i));
          out.direction.row(static_cast<Eigen::Index>(i)) = s.transpose();
          out.sensitivity[i] = row(line_of_sight, i).dot(s);
          const double c = out.sensitivity[i];
          if (!s.allFinite()) {
            out.reason[i] = Reason::no_normal;
          } else if (!(std::abs(c) >= options.least_sensitivity)) {
            out.reason[i] = Reason::no_line_of_sight;
          } else if (!std::isfinite(value[i])) {
            out.reason[i] = Reason::decorrelated;
          } else {
            out.value[i] = value[i] / c;
            out.sigma[i] = std::isfinite(sigma[i]) ? sigma[i] / std::abs(c) : kNothing;
          }
        }
      },
      run, {}, 1024);
  return out;
}

}  // namespace highwall
