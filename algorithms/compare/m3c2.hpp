#pragma once

#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Options of m3c2(). Radii, never diameters: CloudCompare's scales are twice ours.
struct M3c2Options {
  double normal_radius_m = 1.0;
  double cylinder_radius_m = 0.5;
  double half_length_m = 3.0;
  double registration_error_m = 0.0;
  std::vector<double> up{0.0, 0.0, 1.0};
  std::vector<double> scanner_m;
  std::int64_t min_points = 2;

  static void describe(auto& d) {
    d.field(&M3c2Options::normal_radius_m, "normal_radius_m", "m", above(0),
            "Radius of the neighbourhood in the first cloud that gives the surface normal");
    d.field(&M3c2Options::cylinder_radius_m, "cylinder_radius_m", "m", above(0),
            "Radius of the cylinder in which the two clouds are compared");
    d.field(&M3c2Options::half_length_m, "half_length_m", "m", above(0),
            "The cylinder reaches so far to both sides of the core point");
    d.field(&M3c2Options::registration_error_m, "registration_error_m", "m", at_least(0),
            "Registration error that is added to the detection limit");
    d.field(&M3c2Options::up, "up", "", anything(), "Normals point to the side of this vector, unless scanner_m is given");
    d.field(&M3c2Options::scanner_m, "scanner_m", "m", anything(),
            "Normals point towards this place (world coordinates of the clouds)");
    d.field(&M3c2Options::min_points, "min_points", "", at_least(2),
            "Fewer points of either epoch in the cylinder give a distance without a detection limit");
    d.require([](const M3c2Options& o) { return o.up.size() == 3; }, "up must have three numbers");
    d.require([](const M3c2Options& o) { return o.scanner_m.empty() || o.scanner_m.size() == 3; },
              "scanner_m must have three numbers");
  }
};

/// M3C2 distance along the local surface normal (Lague, Brodu, Leroux 2013,
/// doi:10.1016/j.isprsjprs.2013.04.009).
///
/// The normal of a core point is the direction of least variance of the first cloud's points within
/// the normal radius. In the closed cylinder about it (distance from the axis <= radius, |distance
/// along it| <= half length) each cloud's mean position along the normal is taken; the distance is
/// the second mean minus the first, so growth towards the normal is positive. The detection limit is
/// 1.96 (sqrt(s1^2/n1 + s2^2/n2) + registration error), with s of n - 1 degrees of freedom.
///
/// @param before, after  the two clouds, local metres of one frame
/// @param cores          where to measure, same frame; results keep their order
/// @return value_m, sigma_m (lod95 / 1.96), lod95_m, spreads s1 and s2, counts n1 and n2, direction =
///         normal. NaN has a reason: no_normal, empty_before, empty_after, empty_both, not_finite;
///         few_points has a value, but no limit.
/// @throws Error(frame) when the frames differ, Error(config) for bad options, Error(cancelled).
/// Complexity: one index of each cloud, then O(points in the neighbourhood) per core point.
DisplacementField m3c2(PointsView before, PointsView after, PointsView cores, const M3c2Options& options, const Run& run);

/// As m3c2(), along given normals (N x 3, one a core point; they need not have unit length).
DisplacementField m3c2_along(PointsView before, PointsView after, PointsView cores, const Points& normals,
                             const M3c2Options& options, const Run& run);

}  // namespace highwall
