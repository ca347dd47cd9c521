#include "core/geodesy.hpp"

#include <gtest/gtest.h>

#include <numbers>

namespace highwall {
namespace {

TEST(Geodesy, EcefAndBackOverTheWholeEarth) {
  constexpr double kDegree = std::numbers::pi / 180.0;
  for (const double latitude : {-89.9, -45.0, 0.0, 12.3, 36.1, 89.9}) {
    for (const double height : {-400.0, 0.0, 5000.0}) {
      const Eigen::Vector3d llh = llh_of(ecef_of(latitude * kDegree, 117.0 * kDegree, height));
      EXPECT_NEAR(llh[0], latitude * kDegree, 1e-13);
      EXPECT_NEAR(llh[1], 117.0 * kDegree, 1e-13);
      EXPECT_NEAR(llh[2], height, 1e-6);
    }
  }
}

TEST(Geodesy, KnownPlace) {
  // EPSG guidance note 7-2, geographic to geocentric: 53 48 33.82 N, 2 07 46.38 E, 73 m.
  constexpr double kDegree = std::numbers::pi / 180.0;
  const Eigen::Vector3d p =
      ecef_of((53.0 + 48.0 / 60.0 + 33.82 / 3600.0) * kDegree, (2.0 + 7.0 / 60.0 + 46.38 / 3600.0) * kDegree, 73.0);
  EXPECT_NEAR(p.x(), 3771793.968, 0.01);
  EXPECT_NEAR(p.y(), 140253.342, 0.01);
  EXPECT_NEAR(p.z(), 5124304.349, 0.01);
}

TEST(Geodesy, AxesAreOrthogonalAndUpPointsAway) {
  const Eigen::Matrix3d axes = enu_axes(0.6, 2.0);
  EXPECT_TRUE((axes * axes.transpose()).isIdentity(1e-12));
  EXPECT_GT(axes.row(2).dot(ecef_of(0.6, 2.0, 0.0).transpose()), 6.3e6);
}

}  // namespace
}  // namespace highwall
