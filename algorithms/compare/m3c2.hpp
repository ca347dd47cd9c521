#pragma once

#include <memory>
#include <string>
#include <vector>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/lod.hpp"
#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Options of m3c2(). Radii, never diameters: CloudCompare's scales are twice ours.
struct M3c2Options {
  double normal_radius_m = 1.0;
  std::vector<double> normal_radii_m;
  double cylinder_radius_m = 0.5;
  double half_length_m = 3.0;
  double registration_error_m = 0.0;
  std::vector<double> up{0.0, 0.0, 1.0};
  std::vector<double> scanner_m;
  std::string normals = "surface";
  std::string statistic = "mean";
  bool progressive = false;
  std::int64_t min_points = 2;
  Lod lod = Lod::classic;
  double range_sigma_m = 0.005;
  double angle_sigma_deg = 0.005;

  static void describe(auto& d) {
    using O = M3c2Options;
    d.field(&O::normal_radius_m, "normal_radius_m", "m", above(0),
            "Radius of the neighbourhood in the first cloud that gives the surface normal");
    d.field(&O::normal_radii_m, "normal_radii_m", "m", above(0),
            "Several radii instead: each core point takes the one whose neighbourhood is most like a plane");
    d.field(&O::cylinder_radius_m, "cylinder_radius_m", "m", above(0),
            "Radius of the cylinder in which the two clouds are compared");
    d.field(&O::half_length_m, "half_length_m", "m", above(0), "The cylinder reaches so far to both sides of the core point");
    d.field(&O::registration_error_m, "registration_error_m", "m", at_least(0),
            "Registration error that is added to the detection limit");
    d.field(&O::up, "up", "", anything(), "Normals point to the side of this vector, unless scanner_m is given");
    d.field(&O::scanner_m, "scanner_m", "m", anything(), "Normals point towards this place (world coordinates of the clouds)");
    d.field(&O::normals, "normals", "", one_of({"surface", "horizontal", "vertical"}),
            "Along the surface normal, its level part, or straight up");
    d.field(&O::statistic, "statistic", "", one_of({"mean", "median"}),
            "Of each epoch's points along the normal: mean with standard deviation, or median with interquartile range");
    d.field(&O::progressive, "progressive", "", anything(),
            "Shorten each epoch's cylinder to the first of 1, 2, ... cylinder radii that holds |mean| + 2 standard deviations of "
            "its points");
    d.field(&O::min_points, "min_points", "", at_least(2),
            "Fewer points of either epoch in the cylinder give a distance without a detection limit");
    d.field(&O::lod, "lod", "", one_of({"classic", "welch", "ep"}),
            "Detection limit: from the scatter of the points, the same with Student's t for few points, or propagated from "
            "range_sigma_m and angle_sigma_deg (needs scanner_m)");
    d.field(&O::range_sigma_m, "range_sigma_m", "m", at_least(0), "lod = ep: standard deviation of a range");
    d.field(&O::angle_sigma_deg, "angle_sigma_deg", "degrees", at_least(0),
            "lod = ep: standard deviation of each of the two angles of a beam, its footprint included");
    d.require([](const O& o) { return o.up.size() == 3; }, "up must have three numbers");
    d.require([](const O& o) { return o.up.size() != 3 || Eigen::Vector3d::Map(o.up.data()).norm() > 0.0; },
              "up must have a length: (0, 0, 0) points nowhere");
    d.require([](const O& o) { return o.scanner_m.empty() || o.scanner_m.size() == 3; }, "scanner_m must have three numbers");
    d.require([](const O& o) { return o.lod != Lod::ep || o.scanner_m.size() == 3; }, "lod = \"ep\" needs scanner_m");
  }
};

/// M3C2 distance along the local surface normal (Lague, Brodu, Leroux 2013,
/// doi:10.1016/j.isprsjprs.2013.04.009).
///
/// The normal of a core point is the direction of least variance of the first cloud's points within the normal radius;
/// of several radii the one counts whose neighbourhood is most like a plane ((l2 - l3) / (l1 + l2 + l3) of the variances,
/// Brodu and Lague 2012, doi:10.1016/j.isprsjprs.2012.01.006). In the closed cylinder about it (distance from the axis <=
/// radius, |distance along it| <= half length) each cloud's mean position along the normal is taken; the distance is
/// the second mean minus the first, so growth towards the normal is positive. The detection limit is that of `lod`; it
/// tests "no change" and is no error bar of a place that moves.
///
/// Counts are those of brute force in double precision; distances are within a micrometre of it, normals within 2e-6 rad.
/// The same bits on any number of threads and with every instruction set.
///
/// @param before, after  the two clouds, local metres of one frame
/// @param cores          where to measure, same frame; results keep their order
/// @return value_m, sigma_m, lod95_m, spreads s1 and s2, counts n1 and n2, direction = normal, normal_radius_m where
///         several were given. NaN has a reason: no_normal, empty_before, empty_after, empty_both, not_finite;
///         few_points has a value, but no limit.
/// @throws Error(frame) when the frames differ, Error(config) for bad options, Error(cancelled).
/// Complexity: one index of each cloud, then O(points in the neighbourhood) per core point.
DisplacementField m3c2(PointsView before, PointsView after, PointsView cores, const M3c2Options& options, const Run& run);

/// As m3c2(), along given normals (N x 3, one a core point; they need not have unit length).
DisplacementField m3c2_along(PointsView before, PointsView after, PointsView cores, const Points& normals,
                             const M3c2Options& options, const Run& run);

/// How far m3c2() looks.
struct M3c2Search {
  double cell_m = 0.0;   ///< Side of the cells of its indexes, where cell_layout() does not enlarge them.
  double reach_m = 0.0;  ///< No point farther from a core point has a part in what is measured there.
  /// In each direction of the plane: cells farther from a core point than this and one cell more are never looked at.
  double cells_within_m = 0.0;
};
M3c2Search m3c2_search(const M3c2Options& options);

/// A part of a cloud that is too large to be held.
struct CloudPart {
  PointsView points;
  CellLayout layout;                     ///< Of the whole cloud, by cell_layout() with m3c2_search().
  CellWindow window;                     ///< `points` has all near points of these cells, in the cloud's order.
  std::shared_ptr<const CellIndex> far;  ///< Of the whole cloud's far points, or null.
};

/// The same bits as m3c2() over the whole clouds, at core points whose cells the windows hold: those that touch a square of
/// M3c2Search::cells_within_m and one cell more to each side of the core point. One frame is taken for granted.
/// @throws Error(config) for bad options, Error(cancelled)
DisplacementField m3c2_part(const CloudPart& before, const CloudPart& after, PointsView cores, const M3c2Options& options,
                            const Run& run);

}  // namespace highwall
