#pragma once

#include <vector>

#include "algorithms/patch.hpp"
#include "core/displacement.hpp"
#include "core/run.hpp"

namespace highwall {

/// Displacement of every patch from M3C2 fields over the same core points, metres along the directions that it shows.
///
/// A distance along a normal sees one component only, of opposite sign on face and berm of one sliding block; so
/// each patch's motion (horizontal across the wall, and vertical) is fitted to all its distances by robust least
/// squares: components "across_wall" (level, out of the wall) and "up". A patch of which the scanner sees faces only
/// has one component, "along_normal", that of its mean normal. What is not observable (along the wall, and the rest of
/// a patch of one direction) is no component: it would be a zero that nobody measured. `Patch::directions` holds the
/// unit vectors. Decided once a patch, from the first field: directions that came and
/// went would look like jumps.
/// @param fields                by epoch, the first epoch against itself left out; all of one size
/// @param reference             instant of the first epoch, where each series starts with zero
/// @param registration_sigma_m  of each field: what all places of an epoch share
/// @param outline               places outside of it are left out
/// @return patches that were measured at least once, by cell; sigma holds the stretched covariance of the fit,
///         widened for few places, and the registration's share
/// @throws Error(config) for bad options, Error(input) when the fields differ in size
std::vector<Patch> patch_motion(const std::vector<DisplacementField>& fields, Instant reference,
                                const std::vector<double>& registration_sigma_m, const Polygon& outline,
                                const PatchOptions& options, const Run& run);

}  // namespace highwall
