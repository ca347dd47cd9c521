// LAZ against its LAS twin, field by field, and COPC against what is known of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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

}  // namespace
}  // namespace highwall
