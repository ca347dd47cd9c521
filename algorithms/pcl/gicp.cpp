#include "algorithms/pcl/gicp.hpp"

#include <pcl/filters/voxel_grid.h>
#include <pcl/point_types.h>
#include <pcl/registration/gicp.h>

#include "core/error.hpp"

namespace highwall {
namespace {

using Cloud = pcl::PointCloud<pcl::PointXYZ>;
constexpr double kFarthest_m = 8000.0;
constexpr std::size_t kFewestPoints = 30;

Cloud::Ptr thinned(const PointsView& points, const Eigen::Vector3d& centre, double voxel_m) {
  auto cloud = std::make_shared<Cloud>();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Eigen::Vector3d p = points[i] - centre;
    if (!p.allFinite()) continue;
    if (p.cwiseAbs().maxCoeff() > kFarthest_m) {
      throw Error(ErrorKind::frame, "a point lies more than 8 km from the cloud's centre", {},
                  "choose a local origin near the clouds");
    }
    cloud->emplace_back(static_cast<float>(p.x()), static_cast<float>(p.y()), static_cast<float>(p.z()));
  }
  auto out = std::make_shared<Cloud>();
  pcl::VoxelGrid<pcl::PointXYZ> grid;
  const auto side = static_cast<float>(voxel_m);
  grid.setLeafSize(side, side, side);
  grid.setInputCloud(cloud);
  grid.filter(*out);
  if (out->size() < kFewestPoints) throw Error(ErrorKind::input, "too few points to register a cloud");
  return out;
}

}  // namespace

CoarseFit gicp(PointsView source, PointsView target, double voxel_m, double reach_m, const Run& run) {
  require_same(source.frame(), target.frame(), "gicp");
  run.check_stop();
  Eigen::Vector3d centre = Eigen::Vector3d::Zero();
  std::size_t n = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (!target[i].allFinite()) continue;
    centre += target[i];
    ++n;
  }
  if (n > 0) centre /= static_cast<double>(n);
  pcl::GeneralizedIterativeClosestPoint<pcl::PointXYZ, pcl::PointXYZ> method;
  method.setInputSource(thinned(source, centre, voxel_m));
  method.setInputTarget(thinned(target, centre, voxel_m));
  method.setMaxCorrespondenceDistance(reach_m);
  method.setMaximumIterations(60);
  Cloud aligned;
  method.align(aligned);
  run.check_stop();
  CoarseFit fit;
  fit.converged = method.hasConverged();
  fit.rms_m = std::sqrt(method.getFitnessScore(reach_m));
  const Eigen::Matrix4d about_centre = method.getFinalTransformation().cast<double>();
  const Eigen::Quaterniond turn(Eigen::Matrix3d(about_centre.topLeftCorner<3, 3>()));
  fit.transform =
      Eigen::Translation3d(centre + about_centre.topRightCorner<3, 1>()) * turn.normalized() * Eigen::Translation3d(-centre);
  return fit;
}

}  // namespace highwall
