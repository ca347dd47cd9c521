#include "algorithms/compare/m3c2.hpp"

#include <Eigen/Eigenvalues>
#include <array>
#include <cmath>
#include <optional>

#include "algorithms/compare/column_index.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kNormal95 = 1.96;  // Lague's LoD95 is two-sided Gaussian.
// Sphere and cylinder are closed: a point on the border is inside, whatever way its coordinates were
// rounded. Five nanometres a metre.
constexpr double kBorder = 1.0 + 1e-8;

/// Direction of least variance of the cloud about a point; nullopt with fewer than three neighbours
/// or when they lie on a line.
std::optional<Eigen::Vector3d> normal_at(const ColumnIndex& cloud, const Eigen::Vector3d& core, double radius) {
  const double r2 = radius * radius * kBorder;
  std::size_t n = 0;
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  double xx = 0.0, xy = 0.0, xz = 0.0, yy = 0.0, yz = 0.0, zz = 0.0;
  cloud.near_segment(core.x(), core.y(), core.x(), core.y(), radius, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const double x = cloud.x()[k] - core.x();
      const double y = cloud.y()[k] - core.y();
      const double z = cloud.z()[k] - core.z();
      if (x * x + y * y + z * z > r2) continue;
      ++n;
      sum += Eigen::Vector3d(x, y, z);
      xx += x * x;
      xy += x * y;
      xz += x * z;
      yy += y * y;
      yz += y * z;
      zz += z * z;
    }
  });
  if (n < 3) return std::nullopt;
  Eigen::Matrix3d second;
  second << xx, xy, xz, xy, yy, yz, xz, yz, zz;
  const double count = static_cast<double>(n);
  const Eigen::Vector3d mean = sum / count;
  const Eigen::Matrix3d covariance = second / count - mean * mean.transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(covariance);
  // Two vanishing eigenvalues: a line or a point, whose normal is anybody's guess. The moments are
  // rounded at the size of the neighbourhood, so nothing below that is a width.
  const double rounding = 1e-14 * second.trace() / count;
  if (!(solver.eigenvalues()[1] > std::max(1e-12 * solver.eigenvalues()[2], rounding))) {
    return std::nullopt;
  }
  return solver.eigenvectors().col(0);
}

/// Positions along the normal of the points in the closed cylinder, in index order.
void collect(const ColumnIndex& cloud, const Eigen::Vector3d& core, const Eigen::Vector3d& normal, const M3c2Options& options,
             std::vector<double>& heights) {
  heights.clear();
  const double r2 = options.cylinder_radius_m * options.cylinder_radius_m * kBorder;
  const double reach_m = options.half_length_m * kBorder;
  const Eigen::Vector3d reach = options.half_length_m * normal;
  cloud.near_segment(core.x() - reach.x(), core.y() - reach.y(), core.x() + reach.x(), core.y() + reach.y(),
                     options.cylinder_radius_m, [&](std::size_t begin, std::size_t end) {
                       for (std::size_t k = begin; k < end; ++k) {
                         const double x = cloud.x()[k] - core.x();
                         const double y = cloud.y()[k] - core.y();
                         const double z = cloud.z()[k] - core.z();
                         const double h = x * normal.x() + y * normal.y() + z * normal.z();
                         const double px = x - h * normal.x();
                         const double py = y - h * normal.y();
                         const double pz = z - h * normal.z();
                         if (px * px + py * py + pz * pz > r2) continue;
                         if (std::abs(h) <= reach_m) heights.push_back(h);
                       }
                     });
}

struct Statistics {
  double mean = 0.0;
  double standard_deviation = 0.0;
};

Statistics statistics_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0.0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double degrees = static_cast<double>(values.size()) - 1.0;
  return {mean, degrees > 0.0 ? std::sqrt(squares / degrees) : std::numeric_limits<double>::quiet_NaN()};
}

class M3c2 {
 public:
  M3c2(const ColumnIndex& before, const ColumnIndex& after, const std::array<double, 3>& origin_m, const M3c2Options& options)
      : before_(before), after_(after), options_(options) {
    up_ = Eigen::Map<const Eigen::Vector3d>(options.up.data());
    if (!options.scanner_m.empty()) {
      scanner_ = Eigen::Map<const Eigen::Vector3d>(options.scanner_m.data()) - Eigen::Map<const Eigen::Vector3d>(origin_m.data());
    }
  }

  struct Scratch {
    std::vector<double> before;
    std::vector<double> after;
  };

  void measure(std::size_t i, const Eigen::Vector3d& core, const Points* normals, DisplacementField& field,
               Scratch& scratch) const {
    const auto row = static_cast<Eigen::Index>(i);
    field.position_m.row(row) = core.transpose();
    if (!core.allFinite()) return;
    std::optional<Eigen::Vector3d> normal;
    if (normals == nullptr) {
      normal = normal_at(before_, core, options_.normal_radius_m);
      if (normal) normal = oriented(*normal, core);
    } else {
      const Eigen::Vector3d given = normals->row(row).transpose();
      if (given.allFinite() && given.norm() > 0.0) normal = given.normalized();
    }
    if (!normal) {
      field.reason[i] = Reason::no_normal;
      return;
    }
    field.direction.row(row) = normal->transpose();
    collect(before_, core, *normal, options_, scratch.before);
    collect(after_, core, *normal, options_, scratch.after);
    fill(i, scratch, field);
  }

 private:
  Eigen::Vector3d oriented(const Eigen::Vector3d& normal, const Eigen::Vector3d& core) const {
    const Eigen::Vector3d side = scanner_ ? Eigen::Vector3d(*scanner_ - core) : up_;
    return normal.dot(side) < 0.0 ? Eigen::Vector3d(-normal) : normal;
  }

  void fill(std::size_t i, const Scratch& scratch, DisplacementField& field) const {
    const std::size_t n1 = scratch.before.size();
    const std::size_t n2 = scratch.after.size();
    field.n_before[i] = static_cast<std::uint32_t>(n1);
    field.n_after[i] = static_cast<std::uint32_t>(n2);
    const Statistics s1 = n1 > 0 ? statistics_of(scratch.before) : Statistics{};
    const Statistics s2 = n2 > 0 ? statistics_of(scratch.after) : Statistics{};
    if (n1 > 1) field.spread_before_m[i] = s1.standard_deviation;
    if (n2 > 1) field.spread_after_m[i] = s2.standard_deviation;
    if (n1 == 0 || n2 == 0) {
      field.reason[i] = n1 > 0 ? Reason::empty_after : n2 > 0 ? Reason::empty_before : Reason::empty_both;
      return;
    }
    field.value_m[i] = s2.mean - s1.mean;
    const auto enough = static_cast<std::size_t>(options_.min_points);
    if (n1 < enough || n2 < enough) {
      field.reason[i] = Reason::few_points;
      return;
    }
    const double v1 = s1.standard_deviation * s1.standard_deviation / static_cast<double>(n1);
    const double v2 = s2.standard_deviation * s2.standard_deviation / static_cast<double>(n2);
    field.sigma_m[i] = std::sqrt(v1 + v2) + options_.registration_error_m;
    field.lod95_m[i] = kNormal95 * field.sigma_m[i];
    field.reason[i] = Reason::ok;
  }

  const ColumnIndex& before_;
  const ColumnIndex& after_;
  const M3c2Options& options_;
  Eigen::Vector3d up_;
  std::optional<Eigen::Vector3d> scanner_;
};

DisplacementField measure_all(PointsView before, PointsView after, PointsView cores, const Points* normals,
                              const M3c2Options& options, const Run& run) {
  validate(options, "m3c2");
  require_same(before.frame(), after.frame(), "m3c2, the two clouds");
  require_same(before.frame(), cores.frame(), "m3c2, cloud and core points");
  const double cell = std::min(options.cylinder_radius_m, options.normal_radius_m);
  const ColumnIndex first(before, cell, run);
  const ColumnIndex second(after, cell, run);
  // Neighbouring cores need neighbouring points: visit them column by column.
  const ColumnIndex order(cores, 4.0 * cell, run);

  DisplacementField field = DisplacementField::of_size(cores.size(), Reason::not_finite);
  field.method = "m3c2";
  field.frame = before.frame();
  const M3c2 kernel(first, second, field.frame.origin_m, options);
  for_blocks(
      order.size(),
      [&](const Block& block) {
        M3c2::Scratch scratch;
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const std::size_t i = order.original()[k];
          kernel.measure(i, cores[i], normals, field, scratch);
        }
      },
      run, "m3c2");
  return field;
}

}  // namespace

DisplacementField m3c2(PointsView before, PointsView after, PointsView cores, const M3c2Options& options, const Run& run) {
  return measure_all(before, after, cores, nullptr, options, run);
}

DisplacementField m3c2_along(PointsView before, PointsView after, PointsView cores, const Points& normals,
                             const M3c2Options& options, const Run& run) {
  if (static_cast<std::size_t>(normals.rows()) != cores.size()) {
    throw Error(ErrorKind::input, "m3c2 needs one normal per core point");
  }
  return measure_all(before, after, cores, &normals, options, run);
}

}  // namespace highwall
