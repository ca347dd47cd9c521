#pragma once

#include <Eigen/Core>

namespace highwall {

/// WGS84 latitude and longitude (radians) and ellipsoidal height (m) to ECEF metres.
Eigen::Vector3d ecef_of(double latitude, double longitude, double height_m);
/// ECEF metres to latitude, longitude (radians), height (m), by fixed-point iteration on the latitude
/// (better than a micrometre from 10 km below to 10 km above the ellipsoid).
Eigen::Vector3d llh_of(const Eigen::Vector3d& ecef_m);
/// Rows: east, north, up at a latitude and longitude (radians), in ECEF.
Eigen::Matrix3d enu_axes(double latitude, double longitude);

}  // namespace highwall
