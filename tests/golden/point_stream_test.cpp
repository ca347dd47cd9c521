// A stream of points must be what the reader reads, to the last bit, and refuse what it refuses.
#include <gtest/gtest.h>

#include <cstring>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/point_stream.hpp"
#include "io/writers/las.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

ReadOptions options_of(const std::string& units) {
  ReadOptions options;
  options.channels = "none";
  options.instant.clear();
  options.units = units;
  return options;
}

Points all_of(const PointStream& stream, int threads) {
  Points out(static_cast<Eigen::Index>(stream.seen().size), 3);
  std::size_t next = 0;
  stream.visit(
      [&](std::size_t first, const PointsView& block) {
        EXPECT_EQ(first, next);
        next += block.size();
        std::memcpy(out.data() + 3 * first, block.data(), 3 * sizeof(double) * block.size());
      },
      highwall::Run(threads), "test");
  EXPECT_EQ(next, stream.seen().size);
  return out;
}

bool same(const Points& a, const Points& b) {
  return a.rows() == b.rows() &&
         (a.rows() == 0 || std::memcmp(a.data(), b.data(), sizeof(double) * static_cast<std::size_t>(a.size())) == 0);
}

/// The stream of a file against its reader; false where both refuse it.
bool expect_the_reader_s(const std::filesystem::path& path, const std::string& units) {
  SCOPED_TRACE(path.filename().string());
  const ReadOptions options = options_of(units);
  Reading reading;
  std::string refused;
  try {
    reading = read_file(path, options, highwall::Run(2));
  } catch (const Error& e) {
    refused = e.what();
  }
  try {
    const auto stream = open_points(path, options, highwall::Run(2));
    EXPECT_EQ(refused, "");
    if (!refused.empty()) return false;
    const auto& cloud = std::get<PointCloud>(reading.data);
    EXPECT_TRUE(stream->seen().frame == cloud.frame);
    EXPECT_EQ(stream->report().accepted, reading.report.accepted);
    EXPECT_EQ(stream->report().warnings, reading.report.warnings);
    EXPECT_TRUE(same(all_of(*stream, 1), cloud.xyz));
    EXPECT_TRUE(same(all_of(*stream, 2), cloud.xyz));
    if (cloud.size() == 0) return true;
    const Eigen::RowVector3d low = cloud.xyz.colwise().minCoeff();
    const Eigen::RowVector3d high = cloud.xyz.colwise().maxCoeff();
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(stream->seen().low[c], low[static_cast<Eigen::Index>(c)]);
      EXPECT_EQ(stream->seen().high[c], high[static_cast<Eigen::Index>(c)]);
    }
    const std::size_t step = std::max<std::size_t>(1, cloud.size() / PointStream::kSamples);
    for (std::size_t k = 0; k * step < cloud.size(); ++k) {
      EXPECT_EQ(stream->seen().sample.row(static_cast<Eigen::Index>(k)), cloud.xyz.row(static_cast<Eigen::Index>(k * step)));
    }
    return true;
  } catch (const Error& e) {
    EXPECT_EQ(refused, e.what());
    return false;
  }
}

class PointStreams : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = test_folder();
};

TEST_F(PointStreams, OfLasAndLazAreWhatIsRead) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{5000}, std::size_t{1200000}}) {
    PointCloud cloud;
    cloud.frame.origin_m = {512000.0, 7412000.0, 0.0};
    cloud.xyz.resize(static_cast<Eigen::Index>(n), 3);
    for (std::size_t i = 0; i < n; ++i) {
      const auto k = static_cast<double>(i);
      cloud.xyz.row(static_cast<Eigen::Index>(i)) << 100.0 * std::sin(k), 1e-3 * k, 30.0 * std::cos(0.1 * k);
    }
    const std::string las = cloud_las(cloud, highwall::Run(2));
    const std::string laz = compress_las(las, highwall::Run(2));
    write_whole(folder_ / "a.las", las);
    write_whole(folder_ / "a.laz", laz);
    EXPECT_TRUE(expect_the_reader_s(folder_ / "a.las", "metres")) << n;
    EXPECT_TRUE(expect_the_reader_s(folder_ / "a.laz", "metres")) << n;
    EXPECT_EQ(points_claimed(folder_ / "a.laz"), n);
    if (n < 1000) continue;
    // Cut off, and with bytes of the points turned: as the reader says it.
    write_whole(folder_ / "a.las", std::string_view(las).substr(0, las.size() - 1000));
    EXPECT_FALSE(expect_the_reader_s(folder_ / "a.las", "metres"));
    for (const std::size_t share : {3U, 5U, 7U}) {
      std::string turned = laz;
      for (std::size_t k = 0; k < 40; ++k)
        turned[turned.size() / 8 * share + k] = static_cast<char>(~turned[turned.size() / 8 * share + k]);
      write_whole(folder_ / "a.laz", turned);
      expect_the_reader_s(folder_ / "a.laz", "metres");
    }
  }
}

TEST_F(PointStreams, OfACloudThatWasReadWholeAreItsPoints) {
  PointCloud cloud;
  cloud.xyz = Points::Random(1500000, 3);
  const Points twin = cloud.xyz;
  const auto stream = spill_points(std::move(cloud), {}, folder_, highwall::Run(2));
  EXPECT_TRUE(same(all_of(*stream, 2), twin));
  EXPECT_EQ(stream->seen().low[1], twin.col(1).minCoeff());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST(RealDataPointStream, EveryLasAndLazFileIsWhatIsReadOrRefusedAlike) {
  HIGHWALL_NEED_REALDATA();
  std::size_t read = 0;
  std::size_t refused = 0;
  for (const char* folder : {"las_laz_pairs", "copc", "pdal_m3c2_pair", "synthetic_ref"}) {
    for (const auto& entry : std::filesystem::directory_iterator(realdata() / "lidar" / folder)) {
      const std::string suffix = entry.path().extension().string();
      if (suffix != ".las" && suffix != ".laz") continue;
      for (const char* units : {"metres", "source"}) ++(expect_the_reader_s(entry.path(), units) ? read : refused);
    }
  }
  EXPECT_GT(read, 60U);
  EXPECT_GT(refused, 5U);
}

}  // namespace
}  // namespace highwall
