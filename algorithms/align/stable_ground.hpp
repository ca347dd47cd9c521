#pragma once

#include <Eigen/Geometry>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Options of register_on_stable_ground().
struct RegisterOptions {
  std::string coarse = "auto";
  double core_spacing_m = 4.0;
  double normal_radius_m = 0.0;
  double cylinder_radius_m = 0.0;
  double half_length_m = 2.0;
  std::int64_t iterations = 6;
  double least_stable_share = 0.3;
  std::int64_t least_stable_cores = 50;
  double far_apart_m = 0.25;
  double formal_to_real = 2.65;
  double expected_shift_m = 0.02;
  double largest_shift_m = 5.0;
  double largest_rms_m = 0.1;
  double least_seen_share = 0.1;

  static void describe(auto& d) {
    using O = RegisterOptions;
    d.field(&O::coarse, "coarse", "", one_of({"auto", "gicp", "none"}),
            "Coarse registration first; auto: when the clouds are far apart");
    d.field(&O::core_spacing_m, "core_spacing_m", "m", above(0), "Distance of the places that are compared");
    d.field(&O::normal_radius_m, "normal_radius_m", "m", at_least(0),
            "Radius of the surface normal; 0: four and a half spacings of the reference's points, from 2 to 4 m");
    d.field(&O::cylinder_radius_m, "cylinder_radius_m", "m", at_least(0), "Radius of the cylinders; 0: half of normal_radius_m");
    d.field(&O::half_length_m, "half_length_m", "m", above(0), "Half length of the cylinders");
    d.field(&O::iterations, "iterations", "", between(1, 100), "Most iterations");
    d.field(&O::least_stable_share, "least_stable_share", "", between(0, 1),
            "With a smaller share of stable places the registration is refused");
    d.field(&O::least_stable_cores, "least_stable_cores", "", at_least(6), "The same as a number of places");
    d.field(&O::far_apart_m, "far_apart_m", "m", above(0), "coarse = auto: a median distance above this is far apart");
    d.field(&O::formal_to_real, "formal_to_real", "", at_least(1),
            "Formal standard deviations are stretched so much, because neighbouring places share points and roughness; "
            "2.65 made 95 % intervals cover 95 % of 120 independent pairs of scans");
    d.field(
        &O::expected_shift_m, "expected_shift_m", "m", above(0),
        "A scan is expected to be off by about so much (one standard deviation), or by what it is off in the directions that "
        "its ground tells well: what that leaves open, such as a slide along the faces, stays near the scan's own coordinates, "
        "unless the scan fits much better elsewhere along it. A scan that was off by more than ten times as much is told");
    d.field(
        &O::largest_shift_m, "largest_shift_m", "m", above(0),
        "A scan that lies farther from the reference at the places they share is refused: its coordinates are wrong. A better "
        "fit is looked for up to twice as far along directions that rest on expected_shift_m");
    d.field(&O::largest_rms_m, "largest_rms_m", "m", above(0),
            "One whose stable ground scatters more about the reference's is refused: it is not the same ground");
    d.field(&O::least_seen_share, "least_seen_share", "", between(0, 1),
            "So is one that shows fewer of the places that the reference shows");
  }
};

/// A rigid registration and how far it can be trusted.
struct Registration {
  Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();  ///< Maps the epoch onto the reference.
  /// Covariance of (translation m, rotation rad) about `centre_m`, 6 x 6.
  Eigen::Matrix<double, 6, 6> covariance = Eigen::Matrix<double, 6, 6>::Zero();
  Eigen::Vector3d centre_m = Eigen::Vector3d::Zero();
  Points core_m;                     ///< Places that were compared.
  std::vector<std::uint8_t> stable;  ///< 1 = counted as stable ground.
  double rms_m = 0.0;                ///< Of the stable places after registration.
  std::size_t stable_count = 0;
  /// A third of the ground that moved by less may be taken for rest, and its motion for a tilt; NaN where it is not known. The
  /// covariance does not hold it.
  double least_told_m = std::numeric_limits<double>::quiet_NaN();
  std::int64_t iterations = 0;
  std::string verdict;  ///< One sentence.
  std::string finding;  ///< What to look at though the registration is taken; empty when there is nothing.
  std::string left;     ///< The part of it about directions that were left as the epoch came; empty when there are none.
  /// Motions (translation m, rotation rad about centre_m) in columns, each of about a metre at the cloud's rim: along these the
  /// ground tells nothing, and the epoch was left as it came.
  Eigen::Matrix<double, 6, Eigen::Dynamic, 0, 6, 6> not_observable{6, 0};
  /// Along these it tells little, and less than that there was any: left as it came, too.
  Eigen::Matrix<double, 6, Eigen::Dynamic, 0, 6, 6> not_significant{6, 0};
  /// Covariance of the registration's displacement of a place, m2.
  Eigen::Matrix3d covariance_m2(const Eigen::Vector3d& place) const;
  /// Standard deviation of the registration along a direction at a place, m.
  double sigma_m(const Eigen::Vector3d& place, const Eigen::Vector3d& direction) const;
};

/// Registers an epoch on the ground that did not move since the reference.
///
/// Distances along the reference's normals (M3C2) at spaced core points are explained by one rigid motion,
/// with Tukey's weights (4.685 robust standard deviations), so that moved places drop out by themselves;
/// `stable`, when given, keeps only core points inside. PCL's GICP comes first when the clouds are far
/// apart. The covariance is that of the weighted fit, times the squared robust residual, stretched for what
/// neighbouring places share, joined with what is expected of a georeferenced scan: directions that the ground does
/// not tell keep the scan's own coordinates, and their uncertainty.
/// @throws Error(input) when too little stable ground is left: no guess is returned.
/// @throws Error(frame) when the frames differ.
Registration register_on_stable_ground(PointsView epoch, PointsView reference, const RegisterOptions& options, const Run& run,
                                       const std::vector<std::uint8_t>& core_is_allowed = {});

/// Adds the registration's own uncertainty to a field over the registered cloud: registration_m is its share along each
/// normal, by which sigma and every limit are widened in quadrature, and so is the covariance of vectors. Limits and
/// vectors that are calibrated afterwards hold what of it they need (calibrated.hpp); those that were calibrated before are
/// widened here, too.
void add_registration(const Registration& fit, DisplacementField& field);

/// Median of registration_m where the field has a value, m; at least 0.5 mm, and 1 mm for a field without a value.
double median_registration_sigma(const DisplacementField& field);

/// Options of thin_to_cores().
struct CoreOptions {
  double spacing_m = 3.0;

  static void describe(auto& d) {
    d.field(&CoreOptions::spacing_m, "spacing_m", "m", above(0), "Side of the square cells that keep one point each");
  }
};

/// Core points: the reference's points nearest to the centres of a square lattice, one a cell.
Points thin_to_cores(PointsView cloud, double spacing_m);

/// The cloud, moved.
PointCloud transformed(const PointCloud& cloud, const Eigen::Isometry3d& transform, const Run& run);

}  // namespace highwall
