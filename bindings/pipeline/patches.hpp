#pragma once

#include "algorithms/warn/judge.hpp"
#include "bindings/pipeline/night.hpp"
#include "core/displacement.hpp"
#include "core/polygon.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Areal sensors are judged by patches: squares of wall small enough to move as one block and large
/// enough to average noise out. Every patch is a target with an area.
inline constexpr double kPatch_m = 20.0;

/// Displacement of every patch from a series of M3C2 fields over the same core points.
///
/// A distance along a normal sees one component only, of opposite sign on face and berm of one sliding
/// block; so each patch's motion (horizontal across the wall and vertical) is fitted to all its
/// distances by weighted least squares with Tukey's weights. A patch of which the scanner sees faces only
/// is measured along its mean normal. Components east, north, up in metres; what is not observable (the
/// direction along the wall) stays out.
/// @param fields  by epoch, the first one against itself left out
std::vector<TargetInput> lidar_patches(const std::string& source, const std::vector<DisplacementField>& fields,
                                       Instant reference, const std::vector<double>& registration_sigma_m,
                                       const Polygon& zone);

/// Mean line-of-sight displacement of the cells of every patch.
std::vector<TargetInput> radar_patches(const std::string& source, const Stack& stack, const Polygon& zone);

}  // namespace highwall
