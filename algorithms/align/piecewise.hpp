#pragma once

#include <cstdint>
#include <string>

#include "algorithms/align/stable_ground.hpp"

namespace highwall {

/// Options of register_piecewise(). Lengths in spacings: so many times the distance of neighbouring points.
struct PiecewiseOptions {
  std::string ground = "stable";
  double spacing_m = 0.0;
  double coarse_spacings = 16.0;
  double plane_spacings = 8.0;
  double patch_spacings = 12.0;
  double normal_degrees = 6.0;
  double least_matched = 0.9;
  double moved_sigma = 4.0;
  std::int64_t least_patches = 30;
  double least_stable_share = 0.15;
  std::int64_t iterations = 40;
  double expected_shift_m = 1.0;

  static void describe(auto& d) {
    using O = PiecewiseOptions;
    d.field(&O::ground, "ground", "", one_of({"stable", "all"}),
            "stable: patches that moved are found and left out; all: least squares of the whole scene, for scans whose own "
            "errors are larger than any motion in it");
    d.field(&O::spacing_m, "spacing_m", "m", at_least(0), "Distance of neighbouring points; 0: that of the reference");
    d.field(&O::coarse_spacings, "coarse_spacings", "", at_least(2),
            "Coarsest cells to begin with, halved until two spacings; those with fewer than 1000 means are passed over");
    d.field(&O::plane_spacings, "plane_spacings", "", above(2), "Radius of the planes through a cell's neighbours");
    d.field(&O::patch_spacings, "patch_spacings", "", above(2), "Side of the cubes that are stable or not as a whole");
    d.field(&O::normal_degrees, "normal_degrees", "degrees", above(0), "Normals of a pair may differ by so much");
    d.field(&O::least_matched, "least_matched", "", between(0, 1),
            "A stable patch has more than this share of its planes matched");
    d.field(&O::moved_sigma, "moved_sigma", "", above(0),
            "A patch has moved whose mean is more standard errors off, its own and those of the patches at rest");
    d.field(&O::least_patches, "least_patches", "", at_least(6), "With fewer stable patches the registration is refused");
    d.field(&O::least_stable_share, "least_stable_share", "", between(0, 1),
            "So it is where they are a smaller share of the patches that both clouds show");
    d.field(&O::iterations, "iterations", "", between(1, 1000), "Most iterations of a level");
    d.field(&O::expected_shift_m, "expected_shift_m", "m", above(0),
            "Standard deviation of what an epoch may be off as it came: directions that the ground leaves open are not moved and "
            "known no better; for georeferenced scans give that of the georeferencing");
  }
};

/// Registers an epoch on the pieces of the reference that did not move (Friedli and Wieser 2016; Yang and Schwieger 2023,
/// doi:10.1515/jag-2022-0031). Point-to-plane from coarse cells to fine ones, least squares first and Tukey's weights then;
/// the ground split into what rests and what follows another motion (GroundSplit), for least squares would be drawn along by
/// what moved as a block; and planes on both sides on the patches that match as a whole. No model of where the ground
/// rests is needed.
///
/// A direction that the normals of both epochs, whose noise is independent, do not agree on is not observable: the epoch is left
/// as it came along it, with the variance of expected_shift_m. So it is along directions that are known to less than a fortieth
/// of the spacing where no significant motion shows (ground = stable); their variance holds what was left.
///
/// @param epoch, reference  local metres of one frame, a few hundred points at least; points that are not finite are left out
/// @return transform, covariance of (translation m, rotation rad) about centre_m from the scatter of the stable patches'
///         own means and the correlation of neighbouring ones; core_m = the patches that both show, in the reference, with
///         `stable`; rms_m of the stable patches' means; least_told_m; a verdict
/// @throws Error(input) when fewer than least_patches patches, or too small a share, are stable, or when a second motion has more
///         than half as many of them as rest: no guess is returned
/// @throws Error(frame) when the frames differ, Error(config) for bad options, Error(cancelled)
Registration register_piecewise(PointsView epoch, PointsView reference, const PiecewiseOptions& options, const Run& run);

}  // namespace highwall
