#pragma once

#include <cstdint>
#include <string>

#include "algorithms/align/stable_ground.hpp"

namespace highwall {

/// Options of register_piecewise(). Lengths in spacings: so many times the median distance of neighbouring points.
struct PiecewiseOptions {
  double spacing_m = 0.0;
  double coarse_spacings = 16.0;
  double gate_spacings = 48.0;
  double plane_spacings = 6.0;
  double patch_spacings = 12.0;
  double planar_spacings = 0.46;
  double normal_degrees = 6.0;
  double least_matched = 0.9;
  double moved_sigma = 4.0;
  double moved_spacings = 0.1;
  double shared = 1.3;
  std::int64_t least_patches = 30;
  std::int64_t iterations = 40;

  static void describe(auto& d) {
    using O = PiecewiseOptions;
    d.field(&O::spacing_m, "spacing_m", "m", at_least(0), "Distance of neighbouring points; 0: the reference's own median");
    d.field(&O::coarse_spacings, "coarse_spacings", "", at_least(1),
            "Coarsest cells to begin with, halved until two spacings; those with fewer than 1000 means are passed over");
    d.field(&O::gate_spacings, "gate_spacings", "", above(0), "Farthest correspondence of the coarsest level");
    d.field(&O::plane_spacings, "plane_spacings", "", above(1), "Radius of the planes through a point's neighbours");
    d.field(&O::patch_spacings, "patch_spacings", "", above(1), "Side of the cubes that are stable or not as a whole");
    d.field(&O::planar_spacings, "planar_spacings", "", above(0),
            "Points whose neighbours scatter less about their plane count as planar");
    d.field(&O::normal_degrees, "normal_degrees", "degrees", above(0), "Normals of a pair may differ by so much");
    d.field(&O::least_matched, "least_matched", "", between(0, 1),
            "A stable patch has more than this share of its planar points matched");
    d.field(&O::moved_sigma, "moved_sigma", "", above(0), "A patch whose mean is more standard errors off has moved ...");
    d.field(&O::moved_spacings, "moved_spacings", "", at_least(0), "... and more than this");
    d.field(&O::shared, "shared", "", at_least(1),
            "Standard deviations are stretched so much for what the planes of neighbouring patches share; without it 95 % "
            "ellipsoids covered 78 % of 40 simulated pairs");
    d.field(&O::least_patches, "least_patches", "", at_least(6), "With fewer stable patches the registration is refused");
    d.field(&O::iterations, "iterations", "", between(1, 1000), "Most iterations of a level");
  }
};

/// Registers an epoch on the pieces of the reference that did not move (Friedli and Wieser 2016; Yang and Schwieger 2023,
/// doi:10.1515/jag-2022-0031): point-to-plane from coarse cells to single points with Tukey's weights, then between planes
/// through the neighbours on both sides, on patches that match as a whole. No model of where the ground rests is needed.
///
/// @param epoch, reference  local metres of one frame, a few hundred points at least
/// @return transform, covariance of (translation m, rotation rad) about centre_m from the scatter of the stable patches'
///         own means, so that what neighbouring points share is paid for; core_m = the reference's patches with `stable`;
///         rms_m of the stable patches' means; a verdict
/// @throws Error(input) when fewer than least_patches patches are stable: no guess is returned
/// @throws Error(frame) when the frames differ, Error(config) for bad options, Error(cancelled)
Registration register_piecewise(PointsView epoch, PointsView reference, const PiecewiseOptions& options, const Run& run);

}  // namespace highwall
