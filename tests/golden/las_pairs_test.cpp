// LAZ against its LAS twin, field by field, and COPC against what is known of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

Reading read(const std::filesystem::path& path, const ReadOptions& options = {}, int threads = 2) {
  return read_file(path, options, highwall::Run(threads));
}
const PointCloud& cloud_of(const Reading& reading) { return std::get<PointCloud>(reading.data); }

/// Bit by bit, NaN included.
bool same_bits(const Channel& a, const Channel& b) {
  return std::visit(
      [&](const auto& values) {
        const auto* others = std::get_if<std::decay_t<decltype(values)>>(&b);
        return others != nullptr && values.size() == others->size() &&
               (values.empty() || std::memcmp(values.data(), others->data(), values.size() * sizeof(values[0])) == 0);
      },
      a);
}

void expect_same(const PointCloud& a, const PointCloud& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  EXPECT_TRUE(a.frame == b.frame) << what << ": " << a.frame.to_string() << " and " << b.frame.to_string();
  EXPECT_EQ(a.instant, b.instant) << what;
  EXPECT_TRUE(a.size() == 0 || std::memcmp(a.xyz.data(), b.xyz.data(), 3 * sizeof(double) * a.size()) == 0) << what;
  ASSERT_EQ(a.channels.size(), b.channels.size()) << what;
  for (const auto& [name, channel] : a.channels) {
    const Channel* twin = b.channel(name);
    ASSERT_NE(twin, nullptr) << what << ": " << name;
    EXPECT_TRUE(same_bits(channel, *twin)) << what << ": " << name;
  }
}

TEST(RealDataLaz, EveryFileEqualsItsLasTwin) {
  HIGHWALL_NEED_REALDATA();
  std::size_t pairs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(realdata() / "lidar" / "las_laz_pairs")) {
    std::filesystem::path twin = entry.path();
    if (twin.extension() != ".laz" || !std::filesystem::exists(twin.replace_extension(".las"))) continue;
    ++pairs;
    const Reading las = read(twin);
    const Reading laz = read(entry.path());
    expect_same(cloud_of(laz), cloud_of(las), entry.path().filename());
    EXPECT_EQ(laz.report.accepted, las.report.accepted);
    EXPECT_EQ(laz.report.warnings, las.report.warnings) << entry.path();
    for (const int threads : {1, 3}) expect_same(cloud_of(read(entry.path(), {}, threads)), cloud_of(laz), "threads");
    ReadOptions bare;
    bare.channels = "none";
    const Reading places = read(entry.path(), bare);
    EXPECT_EQ(cloud_of(places).xyz, cloud_of(las).xyz) << entry.path();
    EXPECT_EQ(cloud_of(places).instant, cloud_of(las).instant) << entry.path();
    EXPECT_TRUE(cloud_of(places).channels.empty());
  }
  EXPECT_EQ(pairs, 19U);
}

TEST(RealDataLaz, FilesWithoutATwinAreReadWhole) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "lidar" / "las_laz_pairs";
  // Counts of the headers; compressors 1 (1.2r0) to 3, point formats 1 to 10.
  const std::pair<const char*, std::size_t> files[] = {{"las_with_several_extra_byte_bloc.laz", 697721},
                                                       {"laspy_append-bug.laz", 37805},
                                                       {"laspy_extra.laz", 1065},
                                                       {"laspy_fullwave.laz", 10750},
                                                       {"laspy_plane.laz", 28185},
                                                       {"lazperf_point-time-1.4.laz", 1065},
                                                       {"simple-laszip-compressor-version-1.2r0.laz", 1065}};
  for (const auto& [name, count] : files) {
    const Reading reading = read(folder / name);
    EXPECT_EQ(cloud_of(reading).size(), count) << name;
  }
}

TEST(RealDataLaz, BrokenFilesAreRefusedByName) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "lidar" / "las_laz_pairs";
  for (const char* what : {"coder", "compressor", "size", "type", "version"}) {
    const auto path = folder / ("laszip_broken_" + std::string(what) + ".laz");
    try {
      read(path);
      ADD_FAILURE() << path << " was read";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::input);
      EXPECT_EQ(e.where(), path.string());
      EXPECT_FALSE(e.hint().empty()) << e.what();
    }
  }
}

/// laspy 2.7.0 with lazrs 0.8.2: CopcReader.query() of the same box and resolution.
struct Query {
  const char* file;
  std::vector<double> box;
  double resolution;
  std::size_t count;
  double sum_of_z;
};

TEST(RealDataCopc, QueriesFindWhatLaspyFinds) {
  HIGHWALL_NEED_REALDATA();
  const std::vector<double> star{515378.3001, 4918352.6001, 515388.1001, 4918364.8001};
  const std::vector<double> ellipsoid{-8242656, 4966566, -8242566, 4966626};
  const std::vector<double> simple{636628.7, 850290.4, 637637.5, 851681.1};
  const Query queries[] = {{"pdal_lone-star", {}, 0.0, 518862, 1208260675.9405},
                           {"pdal_lone-star", star, 0.0, 48258, 112366219.6075},
                           {"pdal_lone-star", {}, 0.3216199, 58393, 135992744.4105},
                           {"pdal_lone-star", star, 0.10614518, 48258, 112366219.6075},
                           {"copcjs_ellipsoid", {}, 0.0, 100000, 0.0},
                           {"copcjs_ellipsoid", ellipsoid, 0.0, 5988, 0.0},
                           {"copcjs_ellipsoid", {}, 2.3671875, 66272, 1521.86},
                           {"laspy_simple", {}, 36.5788, 24, 10604.14},
                           {"laspy_simple", {}, 12.0722135, 287, 124603.82},
                           {"laspy_simple", simple, 0.0, 104, 45565.72},
                           {"laspy_simple", simple, 12.0722135, 28, 12136.32},
                           {"lasrs_autzen", {}, 0.0, 107, 46012.58},
                           {"pdal_1.2-with-color", simple, 0.0, 104, 45565.72}};
  for (const Query& q : queries) {
    ReadOptions options;
    options.units = "source";
    options.box = q.box;
    options.resolution = q.resolution;
    const auto path = realdata() / "lidar" / "copc" / (std::string(q.file) + ".copc.laz");
    const Reading reading = read(path, options);
    const PointCloud& cloud = cloud_of(reading);
    EXPECT_EQ(cloud.size(), q.count) << q.file << " " << q.resolution;
    const double sum = cloud.xyz.col(2).sum() + cloud.frame.origin_m[2] * static_cast<double>(cloud.size());
    EXPECT_NEAR(sum, q.sum_of_z, 1e-4 * std::sqrt(static_cast<double>(q.count))) << q.file << " " << q.resolution;
    for (const int threads : {1, 3}) expect_same(cloud_of(read(path, options, threads)), cloud, "threads");
  }
}

TEST(RealDataCopc, TheBoxCutsOtherFilesToTheSame) {
  HIGHWALL_NEED_REALDATA();
  ReadOptions options;
  options.units = "source";
  options.box = {636628.7, 850290.4, 637637.5, 851681.1};
  // The same points as pdal_1.2-with-color.copc.laz, in another order.
  for (const char* name : {"las_laz_pairs/pdal_1.2-with-color.las", "las_laz_pairs/laspy_simple.las",
                           "las_laz_pairs/laspy_simple.laz", "misc_formats/ptx/1.2-with-color.ptx"}) {
    const Reading reading = read(realdata() / "lidar" / name, options);
    EXPECT_EQ(cloud_of(reading).size(), 104U) << name;
    EXPECT_EQ(reading.report.accepted, 104U) << name;
    EXPECT_EQ(size_of(*cloud_of(reading).channel("intensity")), 104U) << name;
  }
}

}  // namespace
}  // namespace highwall
