#include "algorithms/compare/patch_motion.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "algorithms/robust_fit.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

using Directions = PatchDirections;

/// Motion of a patch, and what its sigma is made of. By direction.
struct BlockMotion {
  std::vector<double> value;
  std::vector<double> unit;  ///< Standard deviation for distances of one metre's deviation, widened for few places.
  double scatter_m = kNaN;   ///< Of the distances about the motion; NaN = no motion.
};

std::vector<std::size_t> measured_of(const DisplacementField& f, const std::vector<std::size_t>& cores) {
  std::vector<std::size_t> used;
  std::copy_if(cores.begin(), cores.end(), std::back_inserter(used), [&](std::size_t i) { return f.reason[i] == Reason::ok; });
  return used;
}

/// Directions in which a patch's motion can be told: across the wall and up where face and berm are both seen, else
/// only along the mean normal.
Directions observable_directions(const DisplacementField& f, const std::vector<std::size_t>& cores, double two_directions) {
  const std::vector<std::size_t> used = measured_of(f, cores);
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  for (const std::size_t i : used) mean += f.direction.row(static_cast<Eigen::Index>(i)).transpose();
  if (mean.norm() == 0.0) return {};
  const Eigen::Vector3d level(mean.x(), mean.y(), 0.0);
  if (level.norm() < 0.05 * mean.norm()) return Eigen::Vector3d(mean.normalized());
  Directions both(3, 2);
  both.col(0) = level.normalized();
  both.col(1) = Eigen::Vector3d::UnitZ();
  Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
  for (const std::size_t i : used) {
    const Eigen::Vector2d row = both.transpose() * f.direction.row(static_cast<Eigen::Index>(i)).transpose();
    normal += row * row.transpose();
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(normal);
  if (solver.eigenvalues()[0] > two_directions * solver.eigenvalues()[1]) return both;
  return Eigen::Vector3d(mean.normalized());
}

/// Motion of a patch in its observable directions, from its distances along normals.
BlockMotion fit_block(const DisplacementField& f, const std::vector<std::size_t>& cores, const Directions& directions,
                      const PatchOptions& options) {
  const auto width = static_cast<std::size_t>(directions.cols());
  BlockMotion out{std::vector<double>(width, kNaN), std::vector<double>(width, kNaN), kNaN};
  const std::vector<std::size_t> used = measured_of(f, cores);
  if (used.size() < static_cast<std::size_t>(options.fewest_cores) || directions.cols() == 0) return out;
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(used.size()), directions.cols());
  Eigen::VectorXd distance(rows.rows());
  for (Eigen::Index k = 0; k < rows.rows(); ++k) {
    const std::size_t i = used[static_cast<std::size_t>(k)];
    rows.row(k) = f.direction.row(static_cast<Eigen::Index>(i)) * directions;
    distance[k] = f.value_m[i];
  }
  // Least absolute values first: a third of a patch that fell off pulls the first fit so far that Tukey's weights alone
  // would keep it. Too little of the patch left to tell all directions: no value rather than a wild one.
  const RobustFit fit = robust_fit(rows, distance, {15, 15, 1e-5, options.two_directions_later});
  if (!fit.solved) return out;
  // Sigma rests on the residuals of few places: those of n - k are left, and their interval is Student's.
  const double n = static_cast<double>(used.size());
  const double left = std::max(1.0, n - static_cast<double>(directions.cols()));
  const double stretch = options.shared * std::sqrt(n / left) * student_widening(left);
  out.scatter_m = fit.sigma;
  for (std::size_t c = 0; c < width; ++c) {
    const auto k = static_cast<Eigen::Index>(c);
    out.value[c] = fit.unknowns[k];
    out.unit[c] = stretch * std::sqrt(std::max(0.0, fit.inverse(k, k)));
  }
  return out;
}

}  // namespace

PatchMotion::PatchMotion(const DisplacementField& first, Instant reference, double registration_sigma_m, const Polygon& outline,
                         const PatchOptions& options)
    : options_(options), places_(first.size()) {
  validate(options, "patches");
  const auto place_of = [&](std::size_t i) {
    const auto row = static_cast<Eigen::Index>(i);
    return std::pair(first.position_m(row, 0), first.position_m(row, 1));
  };
  for (auto& [cell, cores] : places_by_patch(first.size(), place_of, options.size_m, outline)) {
    if (cores.size() < static_cast<std::size_t>(options.fewest_cores)) continue;
    Patch patch;
    patch.cell = cell;
    patch.area_m2 = options.size_m * options.size_m;
    patch.series.kind = SensorKind::lidar;
    patch.directions = observable_directions(first, cores, options.two_directions);
    const auto width = static_cast<std::size_t>(patch.directions.cols());
    if (width == 0) continue;
    patch.series.components =
        width == 2 ? std::vector<std::string>{"across_wall", "up"} : std::vector<std::string>{"along_normal"};
    patch.series.push(reference, std::vector<double>(width, 0.0), std::vector<double>(width, registration_sigma_m));
    patches_.push_back(std::move(patch));
    cores_.push_back(std::move(cores));
  }
}

void PatchMotion::add(const DisplacementField& field, double registration_sigma_m, const Run& run) {
  if (field.size() != places_) throw Error(ErrorKind::input, "fields over different places are not one series");
  std::vector<BlockMotion> motions(patches_.size());
  const auto fit = [&](const Block& block) {
    for (std::size_t p = block.begin; p < block.end; ++p)
      motions[p] = fit_block(field, cores_[p], patches_[p].directions, options_);
  };
  for_blocks(patches_.size(), fit, run, {}, 1);
  // The few places of a patch may agree by chance, and share their points: half of the patches scatter more than this.
  std::vector<double> scatters;
  for (const BlockMotion& motion : motions) {
    if (std::isfinite(motion.scatter_m)) scatters.push_back(motion.scatter_m);
  }
  const double usual_m = median(std::move(scatters));
  for (std::size_t p = 0; p < patches_.size(); ++p) {
    std::vector<double> sigma;
    for (const double unit : motions[p].unit) {
      sigma.push_back(std::hypot(unit * std::fmax(motions[p].scatter_m, usual_m), registration_sigma_m));
    }
    patches_[p].series.push(field.to, motions[p].value, sigma);
  }
}

bool PatchMotion::resume(std::span<const TimeSeries> series, std::size_t epochs) {
  if (series.size() != patches_.size()) return false;
  for (std::size_t p = 0; p < series.size(); ++p) {
    const TimeSeries& own = patches_[p].series;
    const bool fits = series[p].components == own.components && series[p].size() > epochs && series[p].time[0] == own.time[0];
    if (!fits) return false;
  }
  std::vector<std::size_t> rows(epochs + 1);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  for (std::size_t p = 0; p < series.size(); ++p) {
    TimeSeries earlier = select(series[p], rows);
    earlier.target = patches_[p].series.target;
    patches_[p].series = std::move(earlier);
  }
  return true;
}

std::vector<Patch> PatchMotion::measured() const {
  std::vector<Patch> seen;
  for (const Patch& patch : patches_) {
    const std::size_t width = patch.series.width();
    const auto begin = patch.series.value_m.begin() + static_cast<std::ptrdiff_t>(width);
    if (std::any_of(begin, patch.series.value_m.end(), [](double v) { return std::isfinite(v); })) seen.push_back(patch);
  }
  return seen;
}

std::vector<Patch> patch_motion(const std::vector<DisplacementField>& fields, Instant reference,
                                const std::vector<double>& registration_sigma_m, const Polygon& outline,
                                const PatchOptions& options, const Run& run) {
  validate(options, "patches");
  if (fields.empty()) return {};
  if (registration_sigma_m.size() != fields.size()) {
    throw Error(ErrorKind::input, "one registration sigma per field is wanted");
  }
  PatchMotion motion(fields[0], reference, registration_sigma_m[0], outline, options);
  for (std::size_t e = 0; e < fields.size(); ++e) motion.add(fields[e], registration_sigma_m[e], run);
  return motion.measured();
}

}  // namespace highwall
