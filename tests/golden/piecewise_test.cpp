// Registration of the table-top scene whose blocks move, against the matrices it was made with.
#include "algorithms/align/piecewise.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <numbers>

#include "core/move_origin.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

std::map<int, Eigen::Matrix4d> defined(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::map<int, Eigen::Matrix4d> out;
  int epoch = 0;
  while (in >> epoch) {
    Eigen::Matrix4d m;
    for (int k = 0; k < 16; ++k) in >> m(k / 4, k % 4);
    out[epoch] = m;
  }
  return out;
}

/// The rotation nearest to the small-angle matrix, with the shift that keeps the place.
Eigen::Isometry3d nearest_rigid(const Eigen::Matrix4d& m, const Eigen::Vector3d& place) {
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(m.topLeftCorner<3, 3>(), Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Isometry3d out = Eigen::Isometry3d::Identity();
  out.linear() = svd.matrixU() * svd.matrixV().transpose();
  out.translation() = m.topLeftCorner<3, 3>() * place + m.topRightCorner<3, 1>() - out.linear() * place;
  return out;
}

struct Promise {
  const char* file;
  int epoch;
  double middle_m;
  double turn_mgon;
};

TEST(RealDataPiecewise, FindsTheMotionOfTheSceneAmongMovingBlocks) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "lidar" / "piecewise_icp";
  const auto matrices = defined(folder / "defined_transformations.txt");
  const auto load = [&](const std::string& name) {
    auto cloud = std::get<PointCloud>(read_file(folder / "with_transformations" / name, ReadOptions{}, highwall::Run()).data);
    move_origin(cloud, {0.0, 0.0, 0.0});  // The matrices are about the file's own.
    return cloud;
  };
  const PointCloud reference = load("Epoch_001.pcd");
  for (const Promise& p : {Promise{"Epoch_002.pcd", 2, 0.0002, 6.0}, Promise{"Epoch_010.pcd", 10, 0.0004, 40.0}}) {
    const PointCloud epoch = load(p.file);
    const Registration r = register_piecewise(epoch.view(), reference.view(), PiecewiseOptions{}, highwall::Run());
    // The middle of the patches that rested, in the epoch's own frame.
    Eigen::Vector3d middle = Eigen::Vector3d::Zero();
    for (std::size_t k = 0; k < r.stable.size(); ++k) {
      if (r.stable[k] != 0)
        middle += r.core_m.row(static_cast<Eigen::Index>(k)).transpose() / static_cast<double>(r.stable_count);
    }
    middle = r.transform.inverse() * middle;
    const Eigen::Isometry3d truth = nearest_rigid(matrices.at(p.epoch), middle);
    const double off = (r.transform * middle - truth * middle).norm();
    const double turn =
        Eigen::AngleAxisd(r.transform.rotation() * truth.rotation().transpose()).angle() * 200000.0 / std::numbers::pi;
    std::printf("epoch %d: %.3f mm, %.1f mgon, %s\n", p.epoch, 1000.0 * off, turn, r.verdict.c_str());
    EXPECT_LT(off, p.middle_m);
    EXPECT_LT(turn, p.turn_mgon);
  }
}

}  // namespace
}  // namespace highwall
