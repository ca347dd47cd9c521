#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Options of downslope() and surface_at().
struct DownslopeOptions {
  double radius_m = 10.0;
  std::int64_t fewest_points = 8;
  double least_sensitivity = 0.3;

  static void describe(auto& d) {
    using O = DownslopeOptions;
    d.field(&O::radius_m, "radius_m", "m", above(0),
            "Radius in plan of the ground that gives the slope: larger than a bench, so that face and berm average out");
    d.field(&O::fewest_points, "fewest_points", "", at_least(3), "Fewer thinned points of ground there give no slope");
    d.field(&O::least_sensitivity, "least_sensitivity", "", between(0.01, 1),
            "Where the line of sight sees a smaller share of a motion down the slope there is no value "
            "(reason no_line_of_sight)");
  }
};

/// Ground at places given in plan: height and unit normal (upwards), NaN where there is too little of it.
struct Surface {
  std::vector<double> height_m;
  Points normal;
};

/// Plane through the ground within a radius of each place: direction of least variance of the cloud's points,
/// thinned so that scan patterns do not weigh.
/// @param cloud   ground, e.g. a LiDAR epoch, local metres
/// @param places  N x 3, z is not looked at, same frame
/// @throws Error(config) for bad options
Surface surface_at(PointsView cloud, const Points& places, const DownslopeOptions& options, const Run& run);

/// Unit vector straight down the slope with this normal: for aspect A (clockwise from north) and slope B
/// (sin A cos B, cos A cos B, -sin B). NaN for level ground and for a normal that is not finite.
Eigen::Vector3d downslope_direction(const Eigen::Vector3d& normal);

/// Unit vectors target -> sensor; NaN where the two coincide or a place is not finite.
Points lines_of_sight(const Points& places_m, const Eigen::Vector3d& sensor_m);

/// Line-of-sight numbers turned into motion down the slope. Vectors have one entry a place.
struct DownslopeField {
  Points direction;                 ///< Unit vector down the slope, s; NaN = not known.
  std::vector<double> sensitivity;  ///< C = e . s with e the unit vector target -> sensor; NaN = not known.
  std::vector<double> value;        ///< Line-of-sight value over C, in its unit; positive down the slope. NaN: see reason.
  std::vector<double> sigma;        ///< Line-of-sight sigma over |C|, in its unit.
  std::vector<Reason> reason;       ///< ok, no_normal (slope not known, level), no_line_of_sight, decorrelated.
};

/// Projects line-of-sight displacement (or velocity: any unit) on the local direction down the slope, as if all
/// motion went there: value / C, sigma / |C| (Colesanti and Wasowski 2006, doi:10.1016/j.enggeo.2006.09.013). Where
/// |C| is below options.least_sensitivity the answer would be noise: NaN, no_line_of_sight.
/// @param value, sigma   one entry a place, positive towards the sensor; NaN value = decorrelated
/// @param line_of_sight  N x 3 unit vectors target -> sensor
/// @param normal         N x 3 surface normals, of any length and either side
/// @throws Error(input) when the numbers of rows differ, Error(config) for bad options
DownslopeField downslope(const std::vector<double>& value, const std::vector<double>& sigma, const Points& line_of_sight,
                         const Points& normal, const DownslopeOptions& options, const Run& run);

}  // namespace highwall
