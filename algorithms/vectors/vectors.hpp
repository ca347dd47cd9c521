#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

struct Registration;

/// Options of measure_vectors(). Lengths in spacings: so many times the distance of neighbouring points.
struct VectorOptions {
  double patch_radius_m = 2.0;
  double search_m = 4.0;
  double spacing_m = 0.0;
  double plane_spacings = 2.0;
  double gate_spacings = 3.0;
  std::int64_t most_planes = 1500;
  std::int64_t fewest_planes = 100;
  double least_matched = 0.7;
  double least_alike = 0.5;
  double largest_misfit = 0.6;
  double largest_sigma_m = 0.1;
  double outlier = 4.0;
  double factor = 2.7;
  std::int64_t least_stable = 100;
  double least_stable_share = 0.2;
  double moving_sigma = 4.0;

  static void describe(auto& d) {
    using O = VectorOptions;
    d.field(&O::patch_radius_m, "patch_radius_m", "m", above(0),
            "Radius of the ground about a core point that moves as one piece");
    d.field(&O::search_m, "search_m", "m", at_least(0),
            "Patches that do not fit where they were are looked for so far away by their range images; 0: nowhere");
    d.field(&O::spacing_m, "spacing_m", "m", at_least(0),
            "Distance of neighbouring points, for all of the ground; 0: what it is about each core point, in powers of two");
    d.field(&O::plane_spacings, "plane_spacings", "", above(1), "Radius of the planes through a point's neighbours");
    d.field(&O::gate_spacings, "gate_spacings", "", above(0), "Farthest correspondence of a patch that is nearly in place");
    d.field(&O::most_planes, "most_planes", "", between(100, 100000), "Planes of a patch, evenly taken where there are more");
    d.field(&O::fewest_planes, "fewest_planes", "", at_least(20), "With fewer planes a patch has no vector");
    d.field(&O::least_matched, "least_matched", "", between(0, 1),
            "Share of a patch's planes that must find one in the other epoch");
    d.field(
        &O::least_alike, "least_alike", "", between(0, 1),
        "Both epochs' normals must agree on this share of what tells the weakest direction: less is another place's relief, or "
        "no relief at all");
    d.field(&O::largest_misfit, "largest_misfit", "", above(0),
            "A patch whose residuals are larger than so many times the scatter of its points about their planes does not fit, "
            "whatever ground at rest has; that of 99 % of ground at rest is the limit where it is less");
    d.field(&O::largest_sigma_m, "largest_sigma_m", "m", above(0), "A direction that is known less well is not observable");
    d.field(&O::outlier, "outlier", "", above(0),
            "Vectors that differ from their neighbours' median by more robust deviations are false");
    d.field(&O::factor, "factor", "", at_least(1),
            "Without ground at rest: formal standard deviations are stretched so much for what neighbouring planes share");
    d.field(&O::least_stable, "least_stable", "", at_least(10), "With fewer core points on ground at rest nothing is calibrated");
    d.field(&O::least_stable_share, "least_stable_share", "", between(0, 1),
            "The same as a share of the measured ones, where no stable ground is stated");
    d.field(&O::moving_sigma, "moving_sigma", "", above(0),
            "Where no stable ground is stated: core points whose neighbours' mean is more standard deviations from zero move");
  }
};

/// What measure_vectors() found.
struct VectorCalibration {
  bool done = false;                 ///< false: the covariances rest on VectorOptions::factor.
  double spacing_m = 0.0;            ///< Distance of neighbouring points that planes and gate were made from.
  double factor = 1.0;               ///< Formal standard deviations times this.
  double misfit = 0.0;               ///< The limit of residuals over their planes' own scatter.
  std::size_t measured = 0;          ///< Core points with a vector.
  std::size_t found_far = 0;         ///< Of these, those that the search by range images found.
  std::size_t turned = 0;            ///< Those of blocks that turned.
  std::size_t small = 0;             ///< Those of patches of half the radius, where the whole is not one piece.
  std::vector<std::uint8_t> stable;  ///< By core point: 1 = taken for ground at rest.
  std::size_t stable_count = 0;
  /// Share of the stable ones whose 95 % ellipsoid leaves out zero, each half of a chessboard with the factor of the
  /// other; 0.05 is meant.
  double false_vectors = 0.0;
  Eigen::Vector3d median_sigma_m = Eigen::Vector3d::Zero();  ///< Of the stable ones.
  std::string sentence;                                      ///< The same in words.
};

/// Displacement in space of the ground about each core point, and its covariance.
///
/// A patch of the first epoch (the planes through the neighbours of each of its points, within patch_radius_m) is fitted to
/// the second epoch's planes by robust point-to-plane iterations (Chen and Medioni 1992, doi:10.1016/0262-8856(92)90066-C;
/// piecewise: Friedli and Wieser 2016): shifted, then also turned, then with half the radius. Each fit must be believed by
/// a second witness: both epochs' normals, independent in their noise, have to agree on what tells the weakest direction,
/// which is the correlation of their shaded reliefs; a plane, a ridge along strike or another place's relief has no vector
/// (not_observable, no_match). What does not fit where it was is looked for by range images up to search_m away, and the
/// candidates are fitted and judged the same way. Ground that fits nowhere as one piece is not_rigid;
/// patches of too few planes have no_fit, and those about which the second epoch has no point at all empty_after.
///
/// Patterns of points are no evidence. Where the planes of both epochs lie in lattices that are shifted against each other (rows
/// of beams), the noise of a normal times that shift would be taken for motion: the last iterations then compare with a plane
/// that is laid between those around, whose mean lies at the place. Planes about an edge, which are where its rows of points put
/// them, count by their points' scatter about them. Of lattices that are the same in both epochs, relief shorter than two
/// spacings cannot be told from longer one: ground that has no other may get a wrong vector there. What relief is too weak to
/// tell has a large standard deviation, and above largest_sigma_m no vector.
///
/// Covariances are formal ones with the noise of the normals in them, times factor^2 = what the vectors of ground at rest
/// have (median of squared Mahalanobis distances, or their 95 % quantile where that asks for more), plus the second moment of
/// what the neighbours say otherwise, at borders of moving blocks. Vectors that contradict their neighbours are no_match
/// (Westerweel and Scarano 2005, doi:10.1007/s00348-005-0016-6). What the registration is unsure of on the
/// ground at rest is in the factor, for that ground was moved by it; a place gets what its covariance of the registration has
/// beyond the mean of those, or all of it where nothing was calibrated. False vectors are counted with it.
///
/// Where the density of points differs over the ground, planes, gate and range images do too: core points are sorted by the
/// distance of neighbouring points about them, and formal variances pay for the points that their planes share.
///
/// Memory: about 100 bytes a point and density. Time: cores x planes of a patch.
///
/// @param field   of m3c2() over the same clouds: gives the places; gets vector_m, vector_covariance_m2, reason_vector
/// @param stable  one a core point, 1 = ground that is known to rest; empty: found from the vectors themselves
/// @param registration  that brought the second cloud to where it is, or nullptr: then no covariance holds its error
/// @throws Error(input) when sizes differ or coordinates are senseless, Error(frame), Error(config), Error(cancelled)
VectorCalibration measure_vectors(PointsView before, PointsView after, DisplacementField& field,
                                  const std::vector<std::uint8_t>& stable, const Registration* registration,
                                  const VectorOptions& options, const Run& run);

}  // namespace highwall
