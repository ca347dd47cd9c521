#include "algorithms/compare/m3c2.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>
#include <string_view>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/m3c2_kernel.hpp"
#include "algorithms/compare/plane_normal.hpp"
#include "algorithms/compare/support.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"

namespace highwall {
namespace {

// Sphere and cylinder are closed: a point on the border is inside, whatever way its coordinates were
// rounded. Five nanometres a metre.
constexpr double kBorder = 1.0 + 1e-8;
// Side of the cells that neighbourhoods are gathered from, of the smaller radius.
constexpr double kCellOfRadius = 0.7;
// A normal that single precision cannot tell better than this is asked for in double, rad.
constexpr double kWorstNormal = 2e-6;
// Two radii whose neighbourhoods differ by less are told apart in double.
constexpr double kSamePlanarity = 1e-5;
// Of a normal that is nearer to the plumb line the level part is anybody's guess.
constexpr double kLevelEnough = 1e-3;
// Heights in single precision are within this, half of the promised micrometre.
constexpr double kEndRounding_m = 1e-6;

/// Moments of the cloud's points in the closed sphere about a place, m.
Moments exact_moments(const CellIndex& cloud, const Eigen::Vector3d& core, double radius) {
  const double r2 = radius * radius * kBorder;
  Moments m;
  double xx = 0.0, xy = 0.0, xz = 0.0, yy = 0.0, yz = 0.0, zz = 0.0;
  cloud.near_segment(core, core, radius, [&](const Eigen::Vector3d& point) {
    const Eigen::Vector3d d = point - core;
    if (d.x() * d.x() + d.y() * d.y() + d.z() * d.z() > r2) return;
    m.n += 1.0;
    m.sum += d;
    xx += d.x() * d.x();
    xy += d.x() * d.y();
    xz += d.x() * d.z();
    yy += d.y() * d.y();
    yz += d.y() * d.z();
    zz += d.z() * d.z();
  });
  m.square << xx, xy, xz, xy, yy, yz, xz, yz, zz;
  return m;
}

/// Heights along the normal of the points in the closed cylinder, m, in index order.
void exact_heights(const CellIndex& cloud, const Eigen::Vector3d& core, const Eigen::Vector3d& normal, const M3c2Options& options,
                   std::vector<double>& heights) {
  heights.clear();
  const double r2 = options.cylinder_radius_m * options.cylinder_radius_m * kBorder;
  const double reach_m = options.half_length_m * kBorder;
  const Eigen::Vector3d reach = options.half_length_m * normal;
  cloud.near_segment(core - reach, core + reach, options.cylinder_radius_m, [&](const Eigen::Vector3d& point) {
    const Eigen::Vector3d d = point - core;
    const double h = d.x() * normal.x() + d.y() * normal.y() + d.z() * normal.z();
    const Eigen::Vector3d aside = d - h * normal;
    if (aside.x() * aside.x() + aside.y() * aside.y() + aside.z() * aside.z() > r2) return;
    if (std::abs(h) <= reach_m) heights.push_back(h);
  });
}

/// What is measured at one core point.
struct Measured {
  Eigen::Vector3d normal = Eigen::Vector3d::Zero();
  double normal_radius_m = 0.0;
  Support before;
  Support after;
};

/// How much like a plane: 1 = all variance in two equal directions is 0.5, a ball or a line 0.
double planarity(const PlaneNormal& plane) { return (plane.variance[1] - plane.variance[0]) / plane.variance.sum(); }

class M3c2 {
 public:
  M3c2(const CellIndex& before, const CellIndex& after, const std::array<double, 3>& origin_m, const M3c2Options& options)
      : before_(before), after_(after), options_(options), kernel_(m3c2_kernel()), radii_(options.normal_radii_m) {
    if (radii_.empty()) radii_.push_back(options.normal_radius_m);
    if (options.normals == "vertical") fixed_ = Eigen::Vector3d::UnitZ();
    level_ = options.normals == "horizontal";
    up_ = Eigen::Map<const Eigen::Vector3d>(options.up.data());
    if (!options.scanner_m.empty()) {
      scanner_ = Eigen::Map<const Eigen::Vector3d>(options.scanner_m.data()) - Eigen::Map<const Eigen::Vector3d>(origin_m.data());
      noise_ = {*scanner_, options.range_sigma_m, options.angle_sigma_deg * std::numbers::pi / 180.0};
    }
  }

  struct Scratch {
    KernelHeights heights;
    std::vector<double> exact;
  };

  void measure(std::size_t i, const Eigen::Vector3d& core, const Points* normals, DisplacementField& field,
               Scratch& scratch) const {
    const auto row = static_cast<Eigen::Index>(i);
    field.position_m.row(row) = core.transpose();
    if (!core.allFinite()) return;
    std::optional<Eigen::Vector3d> given = fixed_;
    if (normals != nullptr) {
      const Eigen::Vector3d n = normals->row(row).transpose();
      if (!n.allFinite() || !(n.norm() > 0.0)) {
        field.reason[i] = Reason::no_normal;
        return;
      }
      given = n.normalized();
    }
    Measured measured;
    if (!measure_fast(core, given, measured, scratch) && !measure_exactly(core, given, measured, scratch)) {
      field.reason[i] = Reason::no_normal;
      return;
    }
    field.direction.row(row) = measured.normal.transpose();
    if (!field.normal_radius_m.empty() && !given) field.normal_radius_m[i] = measured.normal_radius_m;
    fill(i, core, measured, field);
  }

 private:
  /// In single precision; false when a decision needs double.
  bool measure_fast(const Eigen::Vector3d& core, const std::optional<Eigen::Vector3d>& given, Measured& out,
                    Scratch& scratch) const {
    if (!before_.holds(core) || !after_.holds(core)) return false;
    const KernelPlace place{before_.on_lattice(core), core - before_.cells().origin_m};
    double normal_error = 0.0;
    if (given) {
      out.normal = *given;
    } else if (!fast_normal(core, place, out, normal_error)) {
      return false;
    }
    const KernelCylinder cylinder{out.normal, options_.cylinder_radius_m, options_.half_length_m, normal_error};
    const KernelPlace later{after_.on_lattice(core), core - after_.cells().origin_m};
    return gather(before_, place, cylinder, scratch, out.before) && gather(after_, later, cylinder, scratch, out.after);
  }

  bool fast_normal(const Eigen::Vector3d& core, const KernelPlace& place, Measured& out, double& normal_error) const {
    PlaneNormal best;
    double best_planarity = -1.0;
    for (const double radius : radii_) {
      Moments moments;
      if (!kernel_.sphere(before_.cells(), place, radius, moments)) return false;
      const PlaneNormal plane = plane_normal(moments);
      const double error = kMomentRounding * plane.sensitivity;
      if (!plane.found || !(error < kWorstNormal)) return false;
      const double flat = planarity(plane);
      if (std::abs(flat - best_planarity) < kSamePlanarity) return false;
      if (flat < best_planarity) continue;
      best = plane;
      best_planarity = flat;
      normal_error = error;
      out.normal_radius_m = radius;
    }
    const Eigen::Vector3d side = side_of(core);
    if (std::abs(best.normal.dot(side)) < 1e-5 * side.norm()) return false;
    out.normal = best.normal.dot(side) < 0.0 ? Eigen::Vector3d(-best.normal) : best.normal;
    if (!level_) return true;
    const double level = std::hypot(out.normal.x(), out.normal.y());
    if (level < kLevelEnough) return false;
    out.normal = {out.normal.x() / level, out.normal.y() / level, 0.0};
    normal_error /= level;
    return normal_error < kWorstNormal;
  }

  bool gather(const CellIndex& cloud, const KernelPlace& place, const KernelCylinder& cylinder, Scratch& scratch,
              Support& out) const {
    if (!kernel_.cylinder(cloud.cells(), place, cylinder, scratch.heights)) return false;
    const double unit = cloud.cells().unit_m;
    const std::span<float> heights(scratch.heights.values.data(), scratch.heights.count);
    std::size_t n = heights.size();
    if (options_.progressive) {
      bool unsure = false;
      const double rounding = kEndRounding_m / unit;
      n = keep_progressively(heights, options_.cylinder_radius_m / unit, options_.half_length_m / unit, rounding, unsure);
      if (unsure) return false;
    }
    out = {};
    if (n == 0) return true;
    if (options_.statistic == "median") {
      scratch.exact.resize(n);
      for (std::size_t k = 0; k < n; ++k) scratch.exact[k] = unit * static_cast<double>(heights[k]);
      out = median_support(scratch.exact);
      return true;
    }
    double mean = 0.0;
    double deviation = 0.0;
    kernel_.spread(heights.data(), n, mean, deviation);
    out = support_of_mean(n, unit * mean, unit * deviation);
    return true;
  }

  /// In double; false when there is no normal.
  bool measure_exactly(const Eigen::Vector3d& core, const std::optional<Eigen::Vector3d>& given, Measured& out,
                       Scratch& scratch) const {
    if (given) {
      out.normal = *given;
    } else if (!exact_normal(core, out)) {
      return false;
    }
    const auto support = [&](const CellIndex& cloud) {
      exact_heights(cloud, core, out.normal, options_, scratch.exact);
      std::span<double> heights = scratch.exact;
      if (options_.progressive) {
        bool unsure = false;
        heights = heights.first(keep_progressively(heights, options_.cylinder_radius_m, options_.half_length_m, 0.0, unsure));
      }
      return options_.statistic == "median" ? median_support(heights) : mean_support(heights);
    };
    out.before = support(before_);
    out.after = support(after_);
    return true;
  }

  bool exact_normal(const Eigen::Vector3d& core, Measured& out) const {
    PlaneNormal best;
    for (const double radius : radii_) {
      const PlaneNormal plane = plane_normal(exact_moments(before_, core, radius));
      if (!plane.found || (best.found && planarity(plane) <= planarity(best))) continue;
      best = plane;
      out.normal_radius_m = radius;
    }
    if (!best.found) return false;
    out.normal = best.normal.dot(side_of(core)) < 0.0 ? Eigen::Vector3d(-best.normal) : best.normal;
    if (!level_) return true;
    const double level = std::hypot(out.normal.x(), out.normal.y());
    if (level < kLevelEnough) return false;
    out.normal = {out.normal.x() / level, out.normal.y() / level, 0.0};
    return true;
  }

  Eigen::Vector3d side_of(const Eigen::Vector3d& core) const { return scanner_ ? Eigen::Vector3d(*scanner_ - core) : up_; }

  void fill(std::size_t i, const Eigen::Vector3d& core, const Measured& m, DisplacementField& field) const {
    field.n_before[i] = static_cast<std::uint32_t>(m.before.n);
    field.n_after[i] = static_cast<std::uint32_t>(m.after.n);
    field.spread_before_m[i] = m.before.spread;
    field.spread_after_m[i] = m.after.spread;
    if (m.before.n == 0 || m.after.n == 0) {
      field.reason[i] = m.before.n > 0 ? Reason::empty_after : m.after.n > 0 ? Reason::empty_before : Reason::empty_both;
      return;
    }
    field.value_m[i] = m.after.centre - m.before.centre;
    const auto enough = static_cast<std::size_t>(options_.min_points);
    if (m.before.n < enough || m.after.n < enough) {
      field.reason[i] = Reason::few_points;
      return;
    }
    const Limit limit = options_.lod == Lod::ep
                            ? propagated_limit(m.before, m.after, core, m.normal, noise_, options_.registration_error_m)
                            : scatter_limit(m.before, m.after, options_.registration_error_m, options_.lod == Lod::welch);
    field.sigma_m[i] = limit.sigma_m;
    field.lod95_m[i] = limit.lod95_m;
    field.reason[i] = Reason::ok;
  }

  const CellIndex& before_;
  const CellIndex& after_;
  const M3c2Options& options_;
  const M3c2Kernel& kernel_;
  std::vector<double> radii_;
  std::optional<Eigen::Vector3d> fixed_;
  bool level_ = false;
  Eigen::Vector3d up_;
  std::optional<Eigen::Vector3d> scanner_;
  ScannerNoise noise_;
};

DisplacementField measure_at(const CellIndex& first, const CellIndex& second, const Frame& frame, PointsView cores,
                             const Points* normals, const M3c2Options& options, const Run& run, std::string_view step) {
  const M3c2Search search = m3c2_search(options);
  // Neighbouring cores need neighbouring points: visit them cell by cell.
  const std::vector<std::uint32_t> order = CellIndex(cores, 4.0 * search.cell_m, search.reach_m, run).order();
  DisplacementField field = DisplacementField::of_size(cores.size(), Reason::not_finite);
  field.method = "m3c2";
  field.frame = frame;
  if (!options.normal_radii_m.empty()) field.normal_radius_m = field.value_m;
  const M3c2 kernel(first, second, field.frame.origin_m, options);
  for_blocks(
      order.size(),
      [&](const Block& block) {
        M3c2::Scratch scratch;
        for (std::size_t k = block.begin; k < block.end; ++k) {
          kernel.measure(order[k], cores[order[k]], normals, field, scratch);
        }
      },
      run, step);
  return field;
}

DisplacementField measure_all(PointsView before, PointsView after, PointsView cores, const Points* normals,
                              const M3c2Options& options, const Run& run) {
  validate(options, "m3c2");
  require_same(before.frame(), after.frame(), "m3c2, the two clouds");
  require_same(before.frame(), cores.frame(), "m3c2, cloud and core points");
  const M3c2Search search = m3c2_search(options);
  const CellIndex first(before, search.cell_m, search.reach_m, run);
  const CellIndex second(after, search.cell_m, search.reach_m, run);
  return measure_at(first, second, before.frame(), cores, normals, options, run, "m3c2");
}

}  // namespace

M3c2Search m3c2_search(const M3c2Options& options) {
  M3c2Search search;
  search.cell_m = kCellOfRadius * std::min(options.cylinder_radius_m, options.normal_radius_m);
  double largest = options.normal_radius_m;
  for (const double radius : options.normal_radii_m) largest = std::max(largest, radius);
  search.reach_m = std::max(largest, std::hypot(options.half_length_m, options.cylinder_radius_m));
  search.cells_within_m = std::max(largest, options.half_length_m + options.cylinder_radius_m) * kBorder;
  return search;
}

DisplacementField m3c2_part(const CloudPart& before, const CloudPart& after, PointsView cores, const M3c2Options& options,
                            const Run& run) {
  validate(options, "m3c2");
  const M3c2Search search = m3c2_search(options);
  const CellIndex first(before.points, before.layout, before.window, search.reach_m, before.far, run);
  const CellIndex second(after.points, after.layout, after.window, search.reach_m, after.far, run);
  return measure_at(first, second, cores.frame(), cores, nullptr, options, run, {});
}

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
