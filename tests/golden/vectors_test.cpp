// Vectors of 100 rough planes of which every point moved by the same amount: data of py4dgeo's tests.
#include "algorithms/vectors/vectors.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

struct Numbered {
  Points points;
  std::vector<int> plane;
};

Numbered load(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<double> xyz;
  Numbered out;
  double v[7];
  while (in >> v[0] >> v[1] >> v[2] >> v[3] >> v[4] >> v[5] >> v[6]) {
    xyz.insert(xyz.end(), v, v + 3);
    out.plane.push_back(static_cast<int>(v[3]));
  }
  out.points = Eigen::Map<const Points>(xyz.data(), static_cast<Eigen::Index>(xyz.size() / 3), 3);
  return out;
}

TEST(RealDataVectors, EveryPlaneMovedByTheSameThreeNumbers) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "lidar" / "py4dgeo";
  const Numbered before = load(folder / "pbm3c2_epoch0.xyz");
  const Numbered after = load(folder / "pbm3c2_epoch1.xyz");
  ASSERT_EQ(before.points.rows(), 40000);
  Points middles = Points::Zero(100, 3);
  for (std::size_t i = 0; i < before.plane.size(); ++i) {
    middles.row(before.plane[i]) += before.points.row(static_cast<Eigen::Index>(i)) / 400.0;
  }
  DisplacementField field = DisplacementField::of_size(100, Reason::ok);
  field.position_m = middles;
  const VectorCalibration found =
      measure_vectors(before.points, after.points, field, {}, nullptr, VectorOptions{}, highwall::Run());
  std::printf("%s\n", found.sentence.c_str());
  EXPECT_FALSE(found.done) << "nothing rests here";
  double worst = 0.0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    ASSERT_EQ(field.reason_vector[i], Reason::ok) << i;
    const Eigen::RowVector3d off = field.vector_m.row(static_cast<Eigen::Index>(i)) - Eigen::RowVector3d(0.3, -0.2, 0.1);
    worst = std::max(worst, off.cwiseAbs().maxCoeff());
  }
  std::printf("worst component off by %.6f mm\n", 1000.0 * worst);
  EXPECT_LT(worst, 1e-4) << "a tenth of a millimetre";
}

}  // namespace
}  // namespace highwall
