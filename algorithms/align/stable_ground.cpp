#include "algorithms/align/stable_ground.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>

#include "algorithms/align/fit_elsewhere.hpp"
#include "algorithms/align/fit_motion.hpp"
#include "algorithms/align/plane_offsets.hpp"
#include "algorithms/align/plausible.hpp"
#include "algorithms/align/rigid_motion.hpp"
#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/compare/planes.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"
#ifdef HIGHWALL_HAS_PCL
#include "algorithms/pcl/gicp.hpp"
#endif

namespace highwall {
namespace {

constexpr std::uint32_t kFewestPoints = 4;  ///< Of either epoch at a place that is compared.
constexpr double kTold = 0.25;              ///< Of what is expected; a direction known better is told by the distances.

/// What the distances tell, and where they tell nothing the scan's own coordinates.
struct Posterior {
  Vector6 correction = Vector6::Zero();
  Matrix6 covariance = Matrix6::Zero();
};

/// Bayesian combination of the fit with what is expected of a georeferenced scan: that it lies within about `shift_m` of where
/// it says. Faces alone leave a slide along themselves open, and least squares would take any. Where the
/// well-known directions show a larger shift, the others are expected to be off by as much.
/// Rows of beams fall on the ground otherwise in each scan, everywhere alike, and what distances tell of a slide along the
/// ground is mostly that: directions that few normals share are not believed to better than a share of the spacing.
/// @param moved   from the scan's own coordinates so far
/// @param arm_m   distance at which a turn counts like a shift
Posterior combine(const MotionFit& fit, const Vector6& moved, double stretch, double shift_m, double arm_m, double spacing_m) {
  constexpr double kOfSpacing = 0.05;
  const double least_m = 1e-6;
  const double scale = stretch * std::max(fit.sigma, least_m);
  Matrix6 uncertain = scale * scale * fit.inverse;
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> normals(Eigen::Matrix3d(fit.inverse.inverse().topLeftCorner<3, 3>()));
  for (int k = 0; k < 3; ++k) {
    const double rare = 1.0 - normals.eigenvalues()[k] / normals.eigenvalues()[2];
    const Eigen::Vector3d slide = kOfSpacing * spacing_m * rare * rare * normals.eigenvectors().col(k);
    uncertain.topLeftCorner<3, 3>() += slide * slide.transpose();
  }
  const Matrix6 told = uncertain.inverse();
  const Vector6 wanted = moved - fit.motion;
  Posterior out;
  double expected = shift_m;
  for (int pass = 0; pass < 3; ++pass) {
    Vector6 weight;
    weight << Eigen::Vector3d::Constant(1.0 / (expected * expected)),
        Eigen::Vector3d::Constant(arm_m * arm_m / (expected * expected));
    out.covariance = (told + Matrix6(weight.asDiagonal())).inverse();
    const Vector6 motion = out.covariance * (told * wanted);
    out.correction = motion - moved;
    expected = std::max({shift_m, motion.head<3>().norm(), arm_m * motion.tail<3>().norm()});
  }
  return out;
}

/// Where the distances' pull and what is expected of the scan come to rest.
struct Settled {
  Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();
  Matrix6 covariance = Matrix6::Zero();
  MotionFit fit;
  DisplacementField field;
  std::int64_t iterations = 0;
};

/// Directions, in columns, of which the distances tell no more than what is expected of the scan did.
Eigen::Matrix3Xd resting_on_expectation(const Settled& at, const Eigen::Vector3d& centre, double expected_shift_m) {
  const double expected = std::max(expected_shift_m, motion_of(at.transform, centre).head<3>().norm());
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> known(at.covariance.topLeftCorner<3, 3>());
  Eigen::Index first = 0;
  while (first < 3 && at.fit.sigma > 0.0 && std::sqrt(known.eigenvalues()[first]) < kTold * expected) ++first;
  return known.eigenvectors().rightCols(3 - first);
}

/// True when too few of the places that the reference shows are near their surface for distances to mean anything.
bool is_far(const DisplacementField& field, double far_apart_m) {
  std::vector<double> magnitude;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    shown += field.n_before[i] >= kFewestPoints ? 1 : 0;
    if (field.reason[i] == Reason::ok) magnitude.push_back(std::abs(field.value_m[i]));
  }
  return magnitude.size() < shown / 4 || magnitude.empty() || median(magnitude) > far_apart_m;
}

Points moved(PointsView points, const Eigen::Isometry3d& transform, const Run& run) {
  Points out(static_cast<Eigen::Index>(points.size()), 3);
  for_blocks(
      points.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          out.row(static_cast<Eigen::Index>(i)) = (transform * points[i]).transpose();
        }
      },
      run, {}, 8192);
  return out;
}

Eigen::Isometry3d coarse_fit([[maybe_unused]] PointsView epoch, [[maybe_unused]] PointsView reference,
                             [[maybe_unused]] const RegisterOptions& options, [[maybe_unused]] const Run& run) {
#ifdef HIGHWALL_HAS_PCL
  const CoarseFit fit = gicp(epoch, reference, options.core_spacing_m / 2.0, 10.0 * options.half_length_m, run);
  if (!fit.converged) {
    throw Error(ErrorKind::input, "the coarse registration did not converge", {},
                "check that both clouds show the same place, or bring them nearer to each other");
  }
  return fit.transform;
#else
  throw Error(ErrorKind::config, "this build has no coarse registration", {}, "build with PCL, or set coarse = \"none\"");
#endif
}

bool is_enough(const MotionFit& fit, const RegisterOptions& options) {
  const double needed =
      std::max(static_cast<double>(options.least_stable_cores), options.least_stable_share * static_cast<double>(fit.comparable));
  return static_cast<double>(fit.stable_count) >= needed;
}

/// Empty unless the ground that moved is nearly as large as what was taken for rest.
std::string tell_two_motions(const MotionFit& fit) {
  constexpr double kAsMany = 0.5;
  const std::size_t rest = fit.comparable - fit.moved_count;
  if (static_cast<double>(fit.moved_count) <= kAsMany * static_cast<double>(rest)) return {};
  return fmt::format(
      "two motions each have a large part of the ground, {:.1f} mm apart: {} places were taken for rest and {} for moved, and it "
      "may "
      "be the other way round: name ground that is known to rest as `stable` of the source",
      1000.0 * fit.moved_by_m, rest, fit.moved_count);
}

/// Measures an epoch, moved, on one reference, and lets it come to rest.
class StableGround {
 public:
  StableGround(PointsView epoch, PointsView reference, const RegisterOptions& options, const Run& run, const Points& core_m,
               const std::vector<std::uint8_t>& core_is_allowed)
      : epoch_(epoch),
        reference_(reference),
        options_(options),
        run_(run),
        core_m_(core_m),
        allowed_(core_is_allowed),
        centre_m_(core_m.colwise().mean().transpose()),
        spacing_m_(spacing_of(reference, run)),
        compare_(compare_as(options, spacing_m_)),
        reach_m_(std::hypot(compare_.half_length_m, compare_.cylinder_radius_m)),
        before_(reference, compare_.cylinder_radius_m, reach_m_, run) {
    arm_m_ = std::max(1.0, std::sqrt((core_m.rowwise() - centre_m_.transpose()).rowwise().squaredNorm().mean()));
  }

  const Eigen::Vector3d& centre_m() const { return centre_m_; }

  DisplacementField distances(const Eigen::Isometry3d& transform) const {
    const Points here = moved(epoch_, transform, run_);
    const PointsView after(here, reference_.frame());
    DisplacementField field = m3c2(reference_, after, PointsView(core_m_, reference_.frame()), compare_, run_);
    measure_on_planes(before_, CellIndex(after, compare_.cylinder_radius_m, reach_m_, run_), compare_.cylinder_radius_m,
                      compare_.half_length_m, field, run_);
    for (std::size_t i = 0; i < allowed_.size(); ++i) {
      if (allowed_[i] == 0) field.reason[i] = Reason::no_normal;
    }
    return field;
  }

  /// @param field       distances of the epoch moved by `transform`
  /// @param expected_m  how far off the scan is expected to be
  Settled settle(const Eigen::Isometry3d& transform, DisplacementField field, double expected_m) const {
    Settled at{transform, Matrix6::Zero(), {}, std::move(field), 0};
    for (at.iterations = 1; at.iterations <= options_.iterations; ++at.iterations) {
      at.fit = fit_motion(at.field, centre_m_, options_.core_spacing_m, run_);
      if (at.fit.stable_count == 0) break;
      const Posterior step =
          combine(at.fit, motion_of(at.transform, centre_m_), options_.formal_to_real, expected_m, arm_m_, spacing_m_);
      at.transform = rigid_motion(step.correction, centre_m_) * at.transform;
      at.covariance = step.covariance;
      if (step.correction.head<3>().norm() < 1e-5 && step.correction.tail<3>().norm() < 1e-7) break;
      if (at.iterations < options_.iterations) at.field = distances(at.transform);
    }
    return at;
  }

  /// The same, or where the epoch fits much better, found by shifting it along what rests on expectation.
  /// @throws Error(input) when it fits there as anything does that lies metres aside
  Settled look_elsewhere(Settled at) const {
    for (int pass = 0; pass < 3; ++pass) {
      if (!(at.fit.sigma > 0.0) || at.fit.sigma > options_.largest_rms_m) return at;  // Perfect, or refused in any case.
      const Eigen::Matrix3Xd open = resting_on_expectation(at, centre_m_, options_.expected_shift_m);
      if (open.cols() == 0) return at;
      const Points here = moved(epoch_, at.transform, run_);
      const PointsView after(here, reference_.frame());
      const CellIndex index(after, compare_.cylinder_radius_m, reach_m_, run_);
      const auto shifted = [&](const CellIndex& cloud) {
        return ShiftedFit(before_, cloud, at.field, compare_.cylinder_radius_m, compare_.half_length_m, run_);
      };
      const double reach_m = kSought * options_.largest_shift_m;
      const double step_m = std::max(0.5, 0.25 * compare_.cylinder_radius_m);
      const Surroundings around = look_around(shifted(index), open, reach_m, step_m);
      if (!tells_place(around)) return at;
      std::optional<Settled> there;
      if (around.best_m < kMuchBetter * around.here_m) there = tried(at, around);
      if (!there) {
        require_own_place(
            around, [&] { return look_around(shifted(before_), open, reach_m, reach_m / 4.0).aside_m; }, reach_m);
        return at;
      }
      at = *std::move(there);
    }
    return at;
  }

 private:
  static double spacing_of(PointsView reference, const Run& run) {
    constexpr std::size_t kNth = 8;
    return point_spacing(finite_points(reference), kNth, run);
  }

  static M3c2Options compare_as(const RegisterOptions& options, double spacing_m) {
    constexpr double kSpacings = 4.5;  // Radius that holds some sixty points.
    constexpr double kLeastRadius_m = 2.0;
    constexpr double kMostRadius_m = 4.0;  // Larger ones round benches off.
    M3c2Options compare;
    compare.normal_radius_m = options.normal_radius_m > 0.0 ? options.normal_radius_m
                                                            : std::clamp(kSpacings * spacing_m, kLeastRadius_m, kMostRadius_m);
    compare.cylinder_radius_m = options.cylinder_radius_m > 0.0 ? options.cylinder_radius_m : 0.5 * compare.normal_radius_m;
    compare.half_length_m = options.half_length_m;
    compare.min_points = kFewestPoints;
    return compare;
  }

  /// Settled from a shifted start, when that fits much better on as much ground, and as well as the points' own scatter lets it.
  std::optional<Settled> tried(const Settled& at, const Surroundings& around) const {
    Eigen::Isometry3d start = at.transform;
    start.pretranslate(around.shift_m);
    // What is expected of a scan that seems to lie there, or expectation would draw it back along what only the search tells.
    const double expected_m = std::max(options_.expected_shift_m, motion_of(start, centre_m_).head<3>().norm());
    Settled there = settle(start, distances(start), expected_m);
    const bool better = there.fit.sigma < std::min(kMuchBetter * at.fit.sigma, around.sampling_m) &&
                        is_enough(there.fit, options_) &&
                        static_cast<double>(there.fit.comparable) >= kMostOf * static_cast<double>(at.fit.comparable);
    return better ? std::optional(std::move(there)) : std::nullopt;
  }

  static constexpr double kSought = 2.0;       ///< Times largest_shift_m.
  static constexpr double kMuchBetter = 0.75;  ///< Some 200 places tell their robust scatter to a tenth.
  static constexpr double kMostOf = 0.8;

  PointsView epoch_;
  PointsView reference_;
  const RegisterOptions& options_;
  const Run& run_;
  const Points& core_m_;
  const std::vector<std::uint8_t>& allowed_;
  Eigen::Vector3d centre_m_;
  double spacing_m_;
  M3c2Options compare_;
  double reach_m_;
  CellIndex before_;
  double arm_m_ = 1.0;
};

}  // namespace

double Registration::sigma_m(const Eigen::Vector3d& place, const Eigen::Vector3d& direction) const {
  const Vector6 row = distance_row(place - centre_m, direction);
  return std::sqrt(std::max(0.0, row.dot(covariance * row)));
}

Eigen::Matrix3d Registration::covariance_m2(const Eigen::Vector3d& place) const {
  const Eigen::Vector3d arm = place - centre_m;
  Eigen::Matrix<double, 3, 6> motion;  // Of the place, by translation and rotation.
  motion.leftCols<3>().setIdentity();
  motion.rightCols<3>() << 0.0, arm.z(), -arm.y(), -arm.z(), 0.0, arm.x(), arm.y(), -arm.x(), 0.0;
  return motion * covariance * motion.transpose();
}

Points thin_to_cores(PointsView cloud, double spacing_m) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::pair<double, std::size_t>> best;
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    const Eigen::Vector3d p = cloud[i];
    if (!p.allFinite()) continue;
    const double cx = std::floor(p.x() / spacing_m);
    const double cy = std::floor(p.y() / spacing_m);
    if (std::abs(cx) > 1e15 || std::abs(cy) > 1e15) continue;
    const auto key = std::pair(static_cast<std::int64_t>(cx), static_cast<std::int64_t>(cy));
    const double dx = p.x() - (cx + 0.5) * spacing_m;
    const double dy = p.y() - (cy + 0.5) * spacing_m;
    const double distance = dx * dx + dy * dy;
    const auto [found, added] = best.try_emplace(key, distance, i);
    if (!added && distance < found->second.first) found->second = {distance, i};
  }
  Points cores(static_cast<Eigen::Index>(best.size()), 3);
  Eigen::Index row = 0;
  for (const auto& [key, nearest] : best) cores.row(row++) = cloud[nearest.second].transpose();
  return cores;
}

PointCloud transformed(const PointCloud& cloud, const Eigen::Isometry3d& transform, const Run& run) {
  PointCloud out = cloud;
  out.xyz = moved(cloud.view(), transform, run);
  return out;
}

Registration register_on_stable_ground(PointsView epoch, PointsView reference, const RegisterOptions& options, const Run& run,
                                       const std::vector<std::uint8_t>& core_is_allowed) {
  validate(options, "register");
  require_same(epoch.frame(), reference.frame(), "registration");
  Registration out;
  out.core_m = thin_to_cores(reference, options.core_spacing_m);
  const auto cores = static_cast<std::size_t>(out.core_m.rows());
  if (cores == 0) throw Error(ErrorKind::input, "the reference has no points to register on");
  if (!core_is_allowed.empty() && core_is_allowed.size() != cores) {
    throw Error(ErrorKind::input, "one mark per core point is wanted");
  }
  const StableGround ground(epoch, reference, options, run, out.core_m, core_is_allowed);
  out.centre_m = ground.centre_m();
  Eigen::Isometry3d start = Eigen::Isometry3d::Identity();
  DisplacementField first = ground.distances(start);
  if (options.coarse == "gicp" || (options.coarse == "auto" && is_far(first, options.far_apart_m))) {
    start = coarse_fit(epoch, reference, options, run);
    first = ground.distances(start);
  }
  Settled at = ground.settle(start, std::move(first), options.expected_shift_m);
  const double nearest_rms_m = at.fit.sigma;
  if (is_enough(at.fit, options)) at = ground.look_elsewhere(std::move(at));
  out.transform = at.transform;
  out.covariance = at.covariance;
  out.iterations = at.iterations;
  out.stable = at.fit.stable;
  out.stable_count = at.fit.stable_count;
  out.rms_m = at.fit.sigma;
  const std::size_t comparable = at.fit.comparable;
  if (!is_enough(at.fit, options)) {
    throw Error(ErrorKind::input,
                fmt::format("too little stable ground to register on: {} of {} comparable places", out.stable_count, comparable),
                {}, "give stable areas that both epochs see, or check that it is the same place");
  }
  require_plausible(out, at.field, options);
  out.finding = tell_shift(out, at.field, options, nearest_rms_m);
  const std::string two = tell_two_motions(at.fit);
  if (!two.empty()) out.finding += (out.finding.empty() ? "" : "; ") + two;
  const Eigen::Vector3d shift_mm = 1000.0 * (out.transform * out.centre_m - out.centre_m);
  const double turn_mgon = Eigen::AngleAxisd(out.transform.rotation()).angle() * 200000.0 / std::numbers::pi;
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> known(out.covariance.topLeftCorner<3, 3>());
  const Eigen::Vector3d weakest = known.eigenvectors().col(2);
  out.verdict = fmt::format(
      "registered on {} of {} places, rms {:.1f} mm; moved {:.1f}, {:.1f}, {:.1f} mm at the middle, turned {:.1f} mgon; known to "
      "{:.1f} mm, along ({:.2f}, {:.2f}, {:.2f}) to {:.1f} mm",
      out.stable_count, comparable, 1000.0 * out.rms_m, shift_mm.x(), shift_mm.y(), shift_mm.z(), turn_mgon,
      1000.0 * std::sqrt(known.eigenvalues()[0]), weakest.x(), weakest.y(), weakest.z(),
      1000.0 * std::sqrt(known.eigenvalues()[2]));
  if (at.fit.moved_count > 0) {
    out.verdict +=
        fmt::format("; {} places follow another motion, {:.1f} mm off", at.fit.moved_count, 1000.0 * at.fit.moved_by_m);
  }
  return out;
}

void add_registration(const Registration& fit, DisplacementField& field) {
  field.registration_m.assign(field.size(), kNaN);
  const auto widen = [](double& limit, double share) { limit = std::hypot(limit, share); };
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!std::isfinite(field.value_m[i])) continue;
    const auto row = static_cast<Eigen::Index>(i);
    const double share = fit.sigma_m(field.position_m.row(row).transpose(), field.direction.row(row).transpose());
    field.registration_m[i] = share;
    widen(field.sigma_m[i], share);
    widen(field.lod95_m[i], kNormal95 * share);
    if (!field.lod95_calibrated_m.empty()) widen(field.lod95_calibrated_m[i], kNormal95 * share);
  }
  for (Eigen::Index i = 0; i < field.vector_covariance_m2.rows(); ++i) {
    const Eigen::Matrix3d c = fit.covariance_m2(field.position_m.row(i).transpose());
    field.vector_covariance_m2.row(i) += Eigen::RowVector<double, 6>(c(0, 0), c(0, 1), c(0, 2), c(1, 1), c(1, 2), c(2, 2));
  }
}

double median_registration_sigma(const DisplacementField& field) {
  std::vector<double> shares;
  for (std::size_t i = 0; i < field.registration_m.size(); ++i) {
    if (field.reason[i] == Reason::ok) shares.push_back(field.registration_m[i]);
  }
  if (shares.empty()) return 1e-3;
  return std::max(5e-4, median(std::move(shares)));
}

}  // namespace highwall
