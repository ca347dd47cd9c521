// Registration of the table-top scene whose blocks move, against the matrices it was made with; and of a pair of scans of a
// moving LiDAR, bent by more than anything moves in it, against the matrix that is published with it.
#include "algorithms/align/piecewise.hpp"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <numbers>
#include <vector>

#include "core/error.hpp"
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

/// Local planes of a cloud: of the points in a ball of 15 mm, three spacings of this scene.
class LocalPlanes {
 public:
  explicit LocalPlanes(const Points& points) : points_(points) {
    for (Eigen::Index i = 0; i < points.rows(); ++i) at_[cell(points.row(i))].push_back(i);
  }

  /// How far a place lies from the plane about it; infinite where there is none.
  double distance(const Eigen::RowVector3d& place) const {
    constexpr std::size_t kFewest = 6;
    std::vector<Eigen::Index> near;
    const Cell c = cell(place);
    for (int k = 0; k < 27; ++k) {
      const auto found = at_.find({c[0] + k / 9 - 1, c[1] + k / 3 % 3 - 1, c[2] + k % 3 - 1});
      if (found == at_.end()) continue;
      for (const Eigen::Index i : found->second) {
        if ((points_.row(i) - place).norm() < kRadius) near.push_back(i);
      }
    }
    if (near.size() < kFewest) return std::numeric_limits<double>::infinity();
    const Points some = points_(near, Eigen::all);
    const Eigen::RowVector3d mean = some.colwise().mean();
    const Points off = some.rowwise() - mean;
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(off.transpose() * off);
    return std::abs((place - mean) * solver.eigenvectors().col(0));
  }

 private:
  static constexpr double kRadius = 0.015;
  using Cell = std::array<int, 3>;
  static Cell cell(const Eigen::RowVector3d& p) {
    return {static_cast<int>(std::floor(p[0] / kRadius)), static_cast<int>(std::floor(p[1] / kRadius)),
            static_cast<int>(std::floor(p[2] / kRadius))};
  }
  const Points& points_;
  std::map<Cell, std::vector<Eigen::Index>> at_;
};

/// The points that the defined matrix brings within 3 mm of the reference's planes.
Points stable_points(const Points& epoch, const Points& reference, const Eigen::Matrix4d& m) {
  const LocalPlanes planes(reference);
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < epoch.rows(); ++i) {
    const Eigen::Vector3d place = m.topLeftCorner<3, 3>() * epoch.row(i).transpose() + m.topRightCorner<3, 1>();
    if (planes.distance(place.transpose()) < 0.003) rows.push_back(i);
  }
  return epoch(rows, Eigen::all);
}

/// The rigid motion nearest to the small-angle matrix on these points.
Eigen::Isometry3d nearest_rigid(const Eigen::Matrix4d& m, const Points& points) {
  const Eigen::Matrix3Xd from = points.transpose();
  const Eigen::Matrix3Xd to = (m.topLeftCorner<3, 3>() * from).colwise() + m.topRightCorner<3, 1>();
  return Eigen::Isometry3d(Eigen::umeyama(from, to, false));
}

struct Promise {
  const char* file;
  int epoch;
  double middle_mm;
  double everywhere_mm;
  double tilt_mgon;
  double yaw_mgon;
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
  for (const Promise& p :
       {Promise{"Epoch_002.pcd", 2, 0.2, 0.2, 6.0, 6.0, 6.0}, Promise{"Epoch_010.pcd", 10, 0.4, 1.0, 15.0, 40.0, 43.0}}) {
    const PointCloud epoch = load(p.file);
    const Registration r = register_piecewise(epoch.view(), reference.view(), PiecewiseOptions{}, highwall::Run());
    const Points stable = stable_points(epoch.xyz, reference.xyz, matrices.at(p.epoch));
    ASSERT_GT(stable.rows(), 5000);
    // Other cells and patches, the same answer.
    for (const Eigen::RowVector3d& by : {Eigen::RowVector3d(3.71, 8.13, 2.37), Eigen::RowVector3d(9.27, 0.41, 6.63)}) {
      const Points there = epoch.xyz.rowwise() + by;
      const Points before = reference.xyz.rowwise() + by;
      const Registration other = register_piecewise(there, before, PiecewiseOptions{}, highwall::Run());
      const Eigen::Translation3d shift(Eigen::Vector3d(by.transpose()));
      const Eigen::Isometry3d back = shift.inverse() * other.transform * shift;
      const Eigen::Vector3d middle = stable.colwise().mean().transpose();
      EXPECT_LT(1000.0 * (back * middle - r.transform * middle).norm(), p.middle_mm) << other.verdict;
    }
    const Eigen::Isometry3d truth = nearest_rigid(matrices.at(p.epoch), stable);
    const Eigen::Matrix3Xd off = 1000.0 * ((r.transform * stable.transpose().eval()) - (truth * stable.transpose().eval()));
    const Eigen::AngleAxisd left(r.transform.rotation() * truth.rotation().transpose());
    const Eigen::Vector3d turn = left.angle() * left.axis() * 200000.0 / std::numbers::pi;
    const double middle = off.rowwise().mean().norm();
    const double most = off.colwise().norm().maxCoeff();
    std::printf("epoch %d, %td stable points: middle %.3f mm, worst %.3f mm, tilt %.1f mgon, yaw %.1f mgon, %s\n", p.epoch,
                stable.rows(), middle, most, turn.head<2>().norm(), turn.z(), r.verdict.c_str());
    EXPECT_LT(middle, p.middle_mm);
    EXPECT_LT(most, p.everywhere_mm);
    EXPECT_LT(turn.head<2>().norm(), p.tilt_mgon);
    EXPECT_LT(std::abs(turn.z()), p.yaw_mgon);
    EXPECT_LT(turn.norm(), p.turn_mgon);
  }
}

class RealDataBentScans : public ::testing::Test {
 protected:
  static PointCloud load(const char* name) {
    auto cloud = std::get<PointCloud>(read_file(folder() / name, ReadOptions{}, highwall::Run()).data);
    move_origin(cloud, {0.0, 0.0, 0.0});
    return cloud;
  }
  static std::filesystem::path folder() { return realdata() / "lidar" / "icp" / "small_gicp"; }
};

// The standard deviation that is told of the turn is larger than this limit, and other cells end up to 0.15 degrees off.
TEST_F(RealDataBentScans, AllGroundIsWithinFiveCentimetresAndATenthOfADegree) {
  HIGHWALL_NEED_REALDATA();
  Eigen::Matrix4d truth;
  std::ifstream in(folder() / "T_target_source.txt");
  for (int k = 0; k < 16; ++k) ASSERT_TRUE(in >> truth(k / 4, k % 4));
  const PointCloud reference = load("target.ply");
  const PointCloud epoch = load("source.ply");
  PiecewiseOptions options;
  options.ground = "all";
  Eigen::Matrix4d first;
  for (const int threads : {1, 2, 3}) {
    const Registration r = register_piecewise(epoch.view(), reference.view(), options, highwall::Run(threads));
    const Eigen::Matrix4d found = r.transform.matrix();
    if (threads == 1) first = found;
    EXPECT_TRUE((found.array() == first.array()).all()) << threads << " threads";
    const double shift = (found - truth).topRightCorner<3, 1>().norm();
    const Eigen::Matrix3d left = found.topLeftCorner<3, 3>() * truth.topLeftCorner<3, 3>().transpose();
    const double turn = Eigen::AngleAxisd(left).angle() * 180.0 / std::numbers::pi;
    if (threads == 1) std::printf("%.4f m, %.4f degrees off, %s\n", shift, turn, r.verdict.c_str());
    EXPECT_LT(shift, 0.05);
    EXPECT_LT(turn, 0.1);
  }
}

TEST_F(RealDataBentScans, TheSearchForStableGroundRefusesThemAndNamesTheOtherMode) {
  HIGHWALL_NEED_REALDATA();
  const PointCloud reference = load("target.ply");
  const PointCloud epoch = load("source.ply");
  try {
    static_cast<void>(register_piecewise(epoch.view(), reference.view(), PiecewiseOptions{}, highwall::Run()));
    FAIL() << "a guess was returned";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_NE(e.hint().find("ground = all"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace highwall
