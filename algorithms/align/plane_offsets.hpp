#pragma once

#include <vector>

#include "algorithms/compare/cylinder_points.hpp"
#include "core/run.hpp"

namespace highwall {

/// Height of the second epoch's points over the first's on one common plane, and the standard deviation that the points' own
/// scatter gives it, m; NaN when they do not tell.
struct PlaneOffset {
  double value_m;
  double sigma_m;
};

/// Means would see a slope where the epochs' points lie differently in the cylinder, and rows of beams do so everywhere alike: a
/// slide that nothing made.
PlaneOffset offset_on_common_plane(const std::vector<Spot>& before, const std::vector<Spot>& after);

/// Puts offsets on common planes in the place of a field's values, which were measured between means.
void measure_on_planes(const CellIndex& before, const CellIndex& after, double radius_m, double half_length_m,
                       DisplacementField& field, const Run& run);

/// Points of either epoch in a cylinder that are looked at, the nearest to its axis.
inline constexpr std::size_t kMostPlanePoints = 200;

}  // namespace highwall
