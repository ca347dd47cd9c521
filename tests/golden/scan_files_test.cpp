// E57 and PTX against pye57 0.4.19 and against what the files are made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

Reading read(const std::string& name) { return read_file(realdata() / "lidar" / name, {}, highwall::Run(2)); }
const PointCloud& cloud_of(const Reading& reading) { return std::get<PointCloud>(reading.data); }
Points world(const PointCloud& cloud) {
  return cloud.xyz.rowwise() + Eigen::RowVector3d(cloud.frame.origin_m[0], cloud.frame.origin_m[1], cloud.frame.origin_m[2]);
}
bool warns(const Reading& reading, const std::string& words) {
  return std::any_of(reading.report.warnings.begin(), reading.report.warnings.end(),
                     [&](const std::string& w) { return w.find(words) != std::string::npos; });
}

TEST(RealDataE57, CoordinatesAreThoseOfPye57WithPosesApplied) {
  HIGHWALL_NEED_REALDATA();
  struct File {
    const char* name;
    std::size_t points;
    std::array<double, 3> sum;  // pye57, read_scan(k) of all scans.
  };
  const File files[] = {{"e57/libE57_ColouredCubeDouble.e57", 7680, {-49.7208477, 17.86287755, -30.59281796}},
                        {"e57/libE57_ColouredCubeFloat.e57", 7680, {-49.7208477, 17.86287755, -30.59281796}},
                        {"e57/libE57_bunnyDouble.e57", 30571, {-841.093298, 3151.198742, 264.243972}},
                        {"e57/libE57_bunnyInt32.e57", 30571, {-841.093298, 3151.198742, 264.243972}},
                        {"e57/pye57_testWithNormals.e57", 2, {3.0, 0.0, 0.0}},
                        {"e57/pye57_translationWithoutRotation.e57", 4, {18.0, 22.0, 24.0}},
                        {"e57/libE57_ZeroPoints.e57", 0, {0, 0, 0}},
                        {"e57/libE57_ZeroPointsInvalid.e57", 0, {0, 0, 0}},
                        {"misc_formats/e57/A4.e57", 4, {-178.207901, -4.25339997, 0.42609999}},
                        {"misc_formats/e57/A4_moved.e57", 4, {-174.87684631, 3.96501255, 0.42609999}},
                        {"misc_formats/e57/A_B.e57", 6, {-263.48970032, -0.32299996, 1.6029}},
                        {"misc_formats/e57/A_merged_B.e57", 6, {-263.48970032, -0.32299995, 1.6029}},
                        {"misc_formats/e57/A_moved_B.e57", 6, {-260.15864563, 7.8954116, 1.6029}},
                        {"misc_formats/e57/A_B_different_dims.e57", 2, {167.37187195, 1075.73876953, 9.21900177}}};
  for (const File& f : files) {
    const Reading reading = read(f.name);
    ASSERT_EQ(cloud_of(reading).size(), f.points) << f.name;
    EXPECT_EQ(reading.report.accepted, f.points) << f.name;
    const Eigen::RowVector3d sum = world(cloud_of(reading)).colwise().sum();
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(sum[static_cast<Eigen::Index>(c)], f.sum[c], 1e-5) << f.name << " " << c;
  }
}

TEST(RealDataE57, PackedIntegersAreTheDoublesToTheirStep) {
  HIGHWALL_NEED_REALDATA();
  const Reading packed = read("e57/libE57_bunnyInt32.e57");
  const Reading doubles = read("e57/libE57_bunnyDouble.e57");
  EXPECT_LT((world(cloud_of(packed)) - world(cloud_of(doubles))).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(RealDataE57, ScansOfOneFileArePutTogether) {
  HIGHWALL_NEED_REALDATA();
  const Reading two = read("misc_formats/e57/A_B.e57");
  ASSERT_NE(cloud_of(two).channel("scan"), nullptr);
  EXPECT_TRUE(std::holds_alternative<std::vector<std::uint8_t>>(*cloud_of(two).channel("red")));
  EXPECT_EQ(cloud_of(read("misc_formats/e57/A_merged_B.e57")).channel("scan"), nullptr);
  const Reading different = read("misc_formats/e57/A_B_different_dims.e57");
  EXPECT_EQ(cloud_of(different).channel("red"), nullptr);
  EXPECT_TRUE(warns(different, "colorRed is left out: 1 of 2 scans have it"));
}

TEST(RealDataE57, DamagedFilesAreRefused) {
  HIGHWALL_NEED_REALDATA();
  for (const auto& [name, words] :
       {std::pair{"e57/libE57_bad-crc.e57", "checksum"}, std::pair{"e57/libE57_InvalidCVHeader.e57", "header was bad"},
        std::pair{"e57/libE57_empty.e57", "no scan"}}) {
    try {
      read(name);
      ADD_FAILURE() << name << " was read";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::input);
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
      EXPECT_NE(e.where().find(name), std::string::npos) << e.what();
    }
  }
}

TEST(RealDataPtx, PosesAreAppliedAndShotsWithoutAReturnLeftOut) {
  HIGHWALL_NEED_REALDATA();
  // The same points as the LAS file that PDAL made it of.
  const Reading colour = read("misc_formats/ptx/1.2-with-color.ptx");
  const Reading las = read_file(
      realdata() / "lidar/las_laz_pairs/pdal_1.2-with-color.las",
      [] {
        ReadOptions o;
        o.units = "source";
        return o;
      }(),
      highwall::Run(1));
  ASSERT_EQ(cloud_of(colour).size(), 1065U);
  EXPECT_LT((world(cloud_of(colour)) - world(cloud_of(las))).cwiseAbs().maxCoeff(), 1e-6);
  for (const char* name : {"red", "green", "blue"}) {
    for (std::size_t i = 0; i < 1065; ++i) {
      EXPECT_EQ(value_at(*cloud_of(colour).channel(name), i), value_at(*cloud_of(las).channel(name), i)) << name << " " << i;
    }
  }
  const Reading bare = read("misc_formats/ptx/no-color.ptx");
  EXPECT_EQ(cloud_of(bare).size(), 15U);
  EXPECT_EQ(cloud_of(bare).channel("red"), nullptr);
  // Two scans of four shots each, moved and stretched to where the coloured file has them.
  const Reading moved = read("misc_formats/ptx/multiple-and-transform.ptx");
  ASSERT_EQ(cloud_of(moved).size(), 8U);
  EXPECT_LT((world(cloud_of(moved)).topRows(4) - world(cloud_of(colour)).topRows(4)).cwiseAbs().maxCoeff(), 1e-6);
  const Reading turned = read("misc_formats/ptx/complex-transform.ptx");
  EXPECT_EQ(cloud_of(turned).size(), 4U);
  EXPECT_TRUE(warns(turned, "8 shots have no return"));
}

}  // namespace
}  // namespace highwall
