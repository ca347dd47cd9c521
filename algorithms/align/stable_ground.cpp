#include "algorithms/align/stable_ground.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "algorithms/align/plausible.hpp"
#include "algorithms/align/rigid_motion.hpp"
#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/cylinder_points.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/compare/planes.hpp"
#include "algorithms/robust_fit.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"
#ifdef HIGHWALL_HAS_PCL
#include "algorithms/pcl/gicp.hpp"
#endif

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;

/// Distance along a normal is n.(t + w x p): a row of the design matrix.
Vector6 row_of(const Eigen::Vector3d& p, const Eigen::Vector3d& n) {
  Vector6 row;
  row << n, p.cross(n);
  return row;
}

constexpr std::uint32_t kFewestPoints = 4;  ///< Of either epoch at a place that is compared.

struct Fit {
  Vector6 motion = Vector6::Zero();
  Matrix6 inverse = Matrix6::Zero();
  double sigma = 0.0;
  std::vector<std::uint8_t> stable;
  std::size_t stable_count = 0;
  std::size_t comparable = 0;
};

/// Weighted least squares of the distances, reweighted until the moved places have dropped out.
Fit fit_motion(const DisplacementField& field, const Eigen::Vector3d& centre) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.reason[i] == Reason::ok) used.push_back(i);
  }
  Fit fit;
  fit.stable.assign(field.size(), 0);
  fit.comparable = used.size();
  if (used.size() < 6) return fit;
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(used.size()), 6);
  Eigen::VectorXd distance(rows.rows());
  for (Eigen::Index k = 0; k < rows.rows(); ++k) {
    const auto i = static_cast<Eigen::Index>(used[static_cast<std::size_t>(k)]);
    rows.row(k) = row_of(field.position_m.row(i).transpose() - centre, field.direction.row(i).transpose()).transpose();
    distance[k] = field.value_m[static_cast<std::size_t>(i)];
  }
  // Least absolute values first: Tukey's weights alone keep what a moved block did to the first fit.
  const RobustFit robust = robust_fit(rows, distance, {20, 20, 1e-9, 0.0});
  if (!robust.solved) return fit;
  fit.motion = robust.unknowns;
  fit.inverse = robust.inverse;
  fit.sigma = robust.sigma;
  for (std::size_t k = 0; k < used.size(); ++k) {
    if (std::abs(robust.residual[static_cast<Eigen::Index>(k)]) > 3.0 * fit.sigma) continue;
    fit.stable[used[k]] = 1;
    ++fit.stable_count;
  }
  return fit;
}

/// Height of the second epoch's points over the first's on one common plane; NaN when they do not tell one. Means would see
/// a slope where the epochs' points lie differently in the cylinder, and rows of beams do so everywhere alike: a slide that
/// nothing made.
double offset_on_common_plane(const std::vector<Spot>& before, const std::vector<Spot>& after) {
  Eigen::Matrix4d normal = Eigen::Matrix4d::Zero();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();
  for (const auto* epoch : {&before, &after}) {
    for (const Spot& s : *epoch) {
      const Eigen::Vector4d row(1.0, s.a, s.b, epoch == &after ? 1.0 : 0.0);
      normal += row * row.transpose();
      right += s.h * row;
    }
  }
  const Eigen::LDLT<Eigen::Matrix4d> solver(normal);
  if (!(solver.vectorD().minCoeff() > 1e-6 * solver.vectorD().maxCoeff())) return kNaN;
  return solver.solve(right)[3];
}

/// Distances on common planes instead of those between means.
void measure_on_planes(const CellIndex& before, const CellIndex& after, const M3c2Options& compare, DisplacementField& field,
                       const Run& run) {
  constexpr std::size_t kMost = 200;
  const CylinderPoints gather(field, compare.cylinder_radius_m, compare.half_length_m, kMost);
  for_blocks(
      field.size(),
      [&](const Block& block) {
        std::vector<Spot> here;
        std::vector<Spot> there;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (field.reason[i] != Reason::ok) continue;
          gather(before, i, here);
          gather(after, i, there);
          field.value_m[i] = offset_on_common_plane(here, there);
          if (std::isnan(field.value_m[i])) field.reason[i] = Reason::no_fit;
        }
      },
      run);
}

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
Posterior combine(const Fit& fit, const Vector6& moved, double stretch, double shift_m, double arm_m, double spacing_m) {
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

}  // namespace

double Registration::sigma_m(const Eigen::Vector3d& place, const Eigen::Vector3d& direction) const {
  const Vector6 row = row_of(place - centre_m, direction);
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
  out.centre_m = out.core_m.colwise().mean().transpose();
  constexpr std::size_t kNth = 8;
  constexpr double kSpacings = 4.5;  // Radius that holds some sixty points.
  constexpr double kLeastRadius_m = 2.0;
  constexpr double kMostRadius_m = 4.0;  // Larger ones round benches off.
  const double spacing_m = point_spacing(finite_points(reference), kNth, run);
  M3c2Options compare;
  compare.normal_radius_m =
      options.normal_radius_m > 0.0 ? options.normal_radius_m : std::clamp(kSpacings * spacing_m, kLeastRadius_m, kMostRadius_m);
  compare.cylinder_radius_m = options.cylinder_radius_m > 0.0 ? options.cylinder_radius_m : 0.5 * compare.normal_radius_m;
  compare.half_length_m = options.half_length_m;
  compare.min_points = kFewestPoints;

  const double reach = std::hypot(compare.half_length_m, compare.cylinder_radius_m);
  const CellIndex before(reference, compare.cylinder_radius_m, reach, run);
  const auto distances = [&](const Eigen::Isometry3d& transform) {
    const Points here = moved(epoch, transform, run);
    const PointsView after(here, reference.frame());
    DisplacementField field = m3c2(reference, after, PointsView(out.core_m, reference.frame()), compare, run);
    measure_on_planes(before, CellIndex(after, compare.cylinder_radius_m, reach, run), compare, field, run);
    for (std::size_t i = 0; i < core_is_allowed.size(); ++i) {
      if (core_is_allowed[i] == 0) field.reason[i] = Reason::no_normal;
    }
    return field;
  };

  DisplacementField field = distances(out.transform);
  if (options.coarse == "gicp" || (options.coarse == "auto" && is_far(field, options.far_apart_m))) {
    out.transform = coarse_fit(epoch, reference, options, run);
    field = distances(out.transform);
  }
  const double arm_m = std::sqrt((out.core_m.rowwise() - out.centre_m.transpose()).rowwise().squaredNorm().mean());
  Fit fit;
  for (out.iterations = 1; out.iterations <= options.iterations; ++out.iterations) {
    fit = fit_motion(field, out.centre_m);
    if (fit.stable_count == 0) break;
    const Posterior step = combine(fit, motion_of(out.transform, out.centre_m), options.formal_to_real, options.expected_shift_m,
                                   std::max(arm_m, 1.0), spacing_m);
    out.transform = rigid_motion(step.correction, out.centre_m) * out.transform;
    out.covariance = step.covariance;
    if (step.correction.head<3>().norm() < 1e-5 && step.correction.tail<3>().norm() < 1e-7) break;
    if (out.iterations < options.iterations) field = distances(out.transform);
  }
  const std::size_t comparable = fit.comparable;
  out.stable = fit.stable;
  out.stable_count = fit.stable_count;
  out.rms_m = fit.sigma;
  const auto needed = std::max<double>(static_cast<double>(options.least_stable_cores),
                                       options.least_stable_share * static_cast<double>(comparable));
  if (static_cast<double>(out.stable_count) < needed) {
    throw Error(ErrorKind::input,
                fmt::format("too little stable ground to register on: {} of {} comparable places", out.stable_count, comparable),
                {}, "give stable areas that both epochs see, or check that it is the same place");
  }
  require_plausible(out, field, options);
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
