// Clouds written as LAS and LAZ and read again, and compressed files that lie.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/reader.hpp"
#include "io/writers/las.hpp"

namespace highwall {
namespace {

template <class T>
std::vector<T> some(std::size_t n, double step, double start = 0.0) {
  std::vector<T> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(start + step * static_cast<double>(i % 100));
  return values;
}

/// Points in steps of 1 mm with channels of every type, those of LAS among them.
PointCloud sample(std::size_t n) {
  PointCloud cloud;
  cloud.frame = {"EPSG:4548", "", {512000.0, 3880000.0, 80.0}, 0.0};
  cloud.instant = *parse_iso8601("2026-02-11T03:39:22Z");
  cloud.xyz.resize(static_cast<Eigen::Index>(n), 3);
  for (std::size_t i = 0; i < n; ++i) {
    const auto k = static_cast<double>(i);
    cloud.xyz.row(static_cast<Eigen::Index>(i)) << std::round(1e5 * std::sin(k)) / 1000.0, k / 1000.0, -k / 500.0;
  }
  cloud.channels["intensity"] = some<std::uint16_t>(n, 600);
  cloud.channels["return_number"] = std::vector<std::uint8_t>(n, 1);
  cloud.channels["number_of_returns"] = std::vector<std::uint8_t>(n, 15);
  cloud.channels["classification_flags"] = some<std::uint8_t>(n, 0.1);
  cloud.channels["scanner_channel"] = some<std::uint8_t>(n, 0.03);
  cloud.channels["scan_direction"] = some<std::uint8_t>(n, 0.01, 0.5);
  cloud.channels["edge_of_flight_line"] = some<std::uint8_t>(n, 0.01, 0.7);
  cloud.channels["classification"] = some<std::uint8_t>(n, 2.5);
  cloud.channels["user_data"] = some<std::uint8_t>(n, 2);
  cloud.channels["point_source_id"] = some<std::uint16_t>(n, 1);
  cloud.channels["gps_time"] = some<double>(n, 0.25e-6, 454816380.0);
  for (const char* name : {"red", "green", "blue", "nir"}) cloud.channels[name] = some<std::uint16_t>(n, 650);
  cloud.channels["i8"] = some<std::int8_t>(n, 2, -100);
  cloud.channels["i16"] = some<std::int16_t>(n, 600, -30000);
  cloud.channels["i32"] = some<std::int32_t>(n, 4e7, -2e9);
  cloud.channels["u32"] = some<std::uint32_t>(n, 4e7);
  cloud.channels["i64"] = some<std::int64_t>(n, 1e15, -1e17);
  cloud.channels["u64"] = some<std::uint64_t>(n, 1e15);
  cloud.channels["f32"] = some<float>(n, 0.1);
  cloud.channels["f64"] = some<double>(n, 0.1);
  std::get<std::vector<double>>(cloud.channels["f64"])[0] = std::numeric_limits<double>::quiet_NaN();
  return cloud;
}

Reading read(const std::string& bytes, const ReadOptions& options = {}, int threads = 2) {
  return read_input({"a.laz", bytes}, options, highwall::Run(threads));
}
const PointCloud& cloud_of(const Reading& reading) { return std::get<PointCloud>(reading.data); }

bool same_bits(const Channel& a, const Channel& b) {
  return std::visit(
      [&](const auto& values) {
        const auto* others = std::get_if<std::decay_t<decltype(values)>>(&b);
        return others != nullptr && values.size() == others->size() &&
               std::memcmp(values.data(), others->data(), values.size() * sizeof(values[0])) == 0;
      },
      a);
}

void expect_kept(const PointCloud& cloud, const PointCloud& before, double step = 1e-9) {
  ASSERT_EQ(cloud.size(), before.size());
  const Eigen::RowVector3d shift(cloud.frame.origin_m[0] - before.frame.origin_m[0],
                                 cloud.frame.origin_m[1] - before.frame.origin_m[1],
                                 cloud.frame.origin_m[2] - before.frame.origin_m[2]);
  EXPECT_LT(((cloud.xyz.rowwise() + shift) - before.xyz).cwiseAbs().maxCoeff(), step);
  for (const auto& [name, channel] : before.channels) {
    ASSERT_NE(cloud.channel(name), nullptr) << name;
    EXPECT_TRUE(same_bits(channel, *cloud.channel(name))) << name;
  }
}

TEST(LasWriter, KeepsEveryAttributeInItsType) {
  const PointCloud cloud = sample(1000);
  const std::string las = cloud_las(cloud, highwall::Run(1));
  const std::string laz = compress_las(las, highwall::Run(1));
  EXPECT_LT(laz.size(), las.size() / 2);
  for (const std::string& bytes : {las, laz}) {
    const Reading reading = read(bytes);
    expect_kept(cloud_of(reading), cloud);
    EXPECT_EQ(cloud_of(reading).frame.crs, "EPSG:4548");
    EXPECT_EQ(cloud_of(reading).instant, from_gps_seconds(1454816380.0));
  }
}

TEST(LasWriter, GivesTheSameBytesOnAnyNumberOfThreads) {
  const PointCloud cloud = sample(120000);  // Three chunks.
  const std::string las = cloud_las(cloud, highwall::Run(1));
  const std::string laz = compress_las(las, highwall::Run(1));
  for (const int threads : {2, 3}) {
    EXPECT_EQ(cloud_las(cloud, highwall::Run(threads)), las);
    EXPECT_EQ(compress_las(las, highwall::Run(threads)), laz);
    expect_kept(cloud_of(read(laz, {}, threads)), cloud);
  }
}

TEST(LasWriter, StepsOfAMillimetreOnlyWhereNothingIsLost) {
  PointCloud cloud = sample(50);
  cloud.channels.clear();
  cloud.xyz(7, 1) += 0.0004;
  expect_kept(cloud_of(read(cloud_las(cloud, highwall::Run(1)))), cloud, 1e-9);
  cloud.xyz(7, 1) += 0.00001;
  expect_kept(cloud_of(read(cloud_las(cloud, highwall::Run(1)))), cloud, 0.51e-4);
  cloud.xyz(0, 0) = 3e5;
  EXPECT_THROW(cloud_las(cloud, highwall::Run(1)), Error);
}

TEST(LasWriter, WhatLasHasNoRoomForIsKeptBesideIt) {
  PointCloud cloud = sample(20);
  cloud.channels.clear();
  cloud.channels["intensity"] = some<float>(20, 0.01);  // PTX has shares.
  cloud.channels["red"] = some<std::uint8_t>(20, 2);
  cloud.channels["scan_angle"] = some<float>(20, 1.0, -10);  // Whole degrees are no steps of 0.006.
  cloud.channels["return_number"] = std::vector<std::uint8_t>(20, 16);
  expect_kept(cloud_of(read(compress_las(cloud_las(cloud, highwall::Run(1)), highwall::Run(1)))), cloud);
  cloud.channels[std::string(33, 'a')] = some<float>(20, 1);
  EXPECT_THROW(cloud_las(cloud, highwall::Run(1)), Error);
}

TEST(LasWriter, TheDayOfACloudWithoutGpsTimeIsInTheHeader) {
  PointCloud cloud = sample(3);
  cloud.channels.clear();
  EXPECT_EQ(to_iso8601(cloud_of(read(cloud_las(cloud, highwall::Run(1)))).instant), "2026-02-11T00:00:00Z");
}

TEST(Laz, EmptyAndSmallCloudsAreRead) {
  for (const std::size_t n : {0U, 1U, 2U}) {
    const PointCloud cloud = sample(std::max<std::size_t>(n, 1));
    PointCloud cut = select(cloud, std::vector<std::size_t>(n, 0));
    cut.frame = cloud.frame;
    EXPECT_EQ(cloud_of(read(compress_las(cloud_las(cut, highwall::Run(1)), highwall::Run(1)))).size(), n);
  }
}

TEST(Laz, CoordinatesAloneAndBoxes) {
  const PointCloud cloud = sample(120000);
  const std::string laz = compress_las(cloud_las(cloud, highwall::Run(2)), highwall::Run(2));
  ReadOptions options;
  options.channels = "none";
  Reading reading = read(laz, options);
  EXPECT_TRUE(cloud_of(reading).channels.empty());
  EXPECT_EQ(cloud_of(reading).xyz, cloud_of(read(laz)).xyz);
  EXPECT_EQ(cloud_of(reading).instant, cloud_of(read(laz)).instant);
  options = {};
  options.box = {512000.0, 3880010.0, 512050.0, 3880020.0};
  std::size_t inside = 0;
  for (Eigen::Index i = 0; i < cloud.xyz.rows(); ++i) {
    inside += cloud.xyz(i, 0) >= 0 && cloud.xyz(i, 0) <= 50 && cloud.xyz(i, 1) >= 10 && cloud.xyz(i, 1) <= 20 ? 1 : 0;
  }
  for (const int threads : {1, 2, 3}) {
    for (const std::string& bytes : {laz, cloud_las(cloud, highwall::Run(2))}) {
      reading = read(bytes, options, threads);
      EXPECT_EQ(cloud_of(reading).size(), inside);
      EXPECT_EQ(size_of(*cloud_of(reading).channel("f64")), inside);
    }
  }
  options.box = {1, 2, 0, 3};
  EXPECT_THROW(read(laz, options), Error);
}

template <class T>
void set(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}
std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input) << e.what();
    EXPECT_EQ(e.where(), "a.laz");
    return e.what();
  }
  ADD_FAILURE() << "was read";
  return {};
}

TEST(Laz, ACutFileIsRefusedWhereverItIsCut) {
  const std::string laz = compress_las(cloud_las(sample(300), highwall::Run(1)), highwall::Run(1));
  for (std::size_t n = 4; n < laz.size(); n += 37) {
    EXPECT_THROW(read(laz.substr(0, n)), Error) << n;
  }
}

TEST(Laz, ChangedBytesAreRefusedOrReadNeverWorse) {
  PointCloud cloud = sample(300);
  cloud.frame = {};  // PROJ takes its time over each changed WKT.
  const std::string laz = compress_las(cloud_las(cloud, highwall::Run(1)), highwall::Run(1));
  for (std::size_t at = 90; at < laz.size(); at += 11) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string bytes = laz;
      bytes[at] = value;
      try {
        read(bytes, {}, 1);  // Threads of so little work would only wait for each other.
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::input) << e.what();
      }
    }
  }
}

/// Limits the address space to what is in use and `more` bytes.
class Ceiling {
 public:
  explicit Ceiling(std::size_t more) {
    getrlimit(RLIMIT_DATA, &before_);
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(use.ru_maxrss) * 1024 + more;
    setrlimit(RLIMIT_DATA, &limit);
  }
  ~Ceiling() { setrlimit(RLIMIT_DATA, &before_); }
  Ceiling(const Ceiling&) = delete;
  Ceiling& operator=(const Ceiling&) = delete;

 private:
  rlimit before_{};
};

TEST(Laz, ClaimsOfAHeaderMakeNoRoom) {
  const std::string laz = compress_las(cloud_las(sample(300), highwall::Run(1)), highwall::Run(1));
  std::uint32_t data = 0;
  std::memcpy(&data, laz.data() + 96, 4);
  const Ceiling ceiling(std::size_t{512} << 20U);
  std::string many = laz;
  set(many, 247, std::uint64_t{30000000});  // Half a gigabyte and more of channels.
  EXPECT_NE(error_of(many).find("at byte"), std::string::npos);
  set(many, 247, std::numeric_limits<std::uint64_t>::max());
  error_of(many);
  std::string table = laz;
  set(table, data, std::int64_t{1} << 60U);
  EXPECT_NE(error_of(table).find("cut off or still uploading"), std::string::npos);
  set(table, data, std::int64_t{data} + 8);  // The first chunk is no table.
  error_of(table);
  std::int64_t position = 0;
  std::memcpy(&position, laz.data() + data, 8);
  std::string chunks = laz;
  set(chunks, static_cast<std::size_t>(position) + 4, std::uint32_t{0xffffffff});
  EXPECT_NE(error_of(chunks).find("claims 4294967295 chunks"), std::string::npos);
  std::string layers = laz;
  std::uint16_t record = 0;
  std::memcpy(&record, laz.data() + 105, 2);
  set(layers, data + 8 + record + 4, std::uint32_t{0xfffffff0});  // Bytes of the first layer.
  EXPECT_NE(error_of(layers).find("bytes of room"), std::string::npos);
}

TEST(Laz, AFileWithoutATableIsReadByItsChunks) {
  std::string laz = compress_las(cloud_las(sample(120000), highwall::Run(2)), highwall::Run(2));
  std::uint32_t data = 0;
  std::memcpy(&data, laz.data() + 96, 4);
  std::int64_t position = 0;
  std::memcpy(&position, laz.data() + data, 8);
  set(laz, data, std::int64_t{data});  // What a writer leaves that was stopped.
  laz.resize(static_cast<std::size_t>(position));
  const Reading reading = read(laz);
  expect_kept(cloud_of(reading), sample(120000));
  EXPECT_NE(reading.report.warnings.at(0).find("no table of chunks"), std::string::npos);
}

TEST(Ptx, HeadersThatLieAreRefused) {
  const std::string head = "0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n10 20 30 1\n";
  const auto read_ptx = [](const std::string& text) { return read_input({"a.ptx", text}, {}, highwall::Run(1)); };
  const Reading good = read_ptx("1\n2\n" + head + "1 2 3 0.5\n0 0 0 0.5\n");
  ASSERT_EQ(cloud_of(good).size(), 1U);
  EXPECT_DOUBLE_EQ(cloud_of(good).xyz(0, 2) + cloud_of(good).frame.origin_m[2], 33.0);
  for (const char* counts : {"4000000000\n4000000000\n", "1\n3\n", "-1\n2\n", "9223372036854775807\n2\n", "x\n2\n"}) {
    EXPECT_THROW(read_ptx(counts + head + "1 2 3 0.5\n0 0 0 0.5\n"), Error) << counts;
  }
  const Reading bad = read_ptx("1\n3\n" + head + "1 2 3 0.5\n1 2 3\n4 5 6 0.25\n");
  EXPECT_EQ(bad.report.rejected, 1U);
  EXPECT_EQ(cloud_of(bad).size(), 2U);
}

}  // namespace
}  // namespace highwall
