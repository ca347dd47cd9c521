// Clouds made here byte by byte: units, CRS and names as other programs write them, and headers that lie.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr double kUsFoot = 1200.0 / 3937.0;

template <class T>
void set(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

using Key = std::array<std::uint16_t, 4>;

/// LAS 1.2, point format 0, with points at (6000000, 2000000, 100) and 10 more in each axis, in units of 0.01; `further`
/// bytes of 7 follow each point.
std::string las(const std::vector<Key>& keys, const std::string& wkt = {}, std::size_t further = 0) {
  std::string record;
  if (!keys.empty()) {
    std::string body;
    for (const Key& key : keys) body.append(reinterpret_cast<const char*>(key.data()), 8);
    std::string head(54, '\0');
    std::memcpy(head.data() + 2, "LASF_Projection", 15);
    set<std::uint16_t>(head, 18, 34735);
    set<std::uint16_t>(head, 20, static_cast<std::uint16_t>(body.size()));
    record += head + body;
  }
  if (!wkt.empty()) {
    std::string head(54, '\0');
    std::memcpy(head.data() + 2, "LASF_Projection", 15);
    set<std::uint16_t>(head, 18, 2112);
    set<std::uint16_t>(head, 20, static_cast<std::uint16_t>(wkt.size() + 1));
    record += head + wkt + '\0';
  }
  std::string bytes(227, '\0');
  std::memcpy(bytes.data(), "LASF", 4);
  bytes[24] = 1;
  bytes[25] = 2;
  set<std::uint16_t>(bytes, 94, 227);
  set<std::uint32_t>(bytes, 96, static_cast<std::uint32_t>(227 + record.size()));
  set<std::uint32_t>(bytes, 100, static_cast<std::uint32_t>((keys.empty() ? 0 : 1) + (wkt.empty() ? 0 : 1)));
  set<std::uint16_t>(bytes, 105, static_cast<std::uint16_t>(20 + further));
  set<std::uint32_t>(bytes, 107, 2);
  for (std::size_t c = 0; c < 3; ++c) set<double>(bytes, 131 + 8 * c, 0.01);
  bytes += record;
  for (const int shift : {0, 1000}) {
    std::string point(20 + further, '\7');
    set<std::int32_t>(point, 0, 600000000 + shift);
    set<std::int32_t>(point, 4, 200000000 + shift);
    set<std::int32_t>(point, 8, 10000 + shift);
    bytes += point;
  }
  return bytes;
}

Key directory(std::size_t keys) { return {1, 1, 0, static_cast<std::uint16_t>(keys)}; }
Key key(std::uint16_t id, std::uint16_t value) { return {id, 0, 1, value}; }

Reading read(const std::string& bytes, const ReadOptions& options = {}, const std::string& name = "a.las") {
  return read_input({name, bytes}, options, highwall::Run(1));
}
Eigen::Vector3d first_point(const Reading& reading) {
  const auto& cloud = std::get<PointCloud>(reading.data);
  return cloud.xyz.row(0).transpose() + Eigen::Vector3d::Map(cloud.frame.origin_m.data());
}
bool warns(const Reading& reading, const std::string& words) {
  return std::any_of(reading.report.warnings.begin(), reading.report.warnings.end(),
                     [&](const std::string& w) { return w.find(words) != std::string::npos; });
}
/// The projection and datum of EPSG:4548 without codes, easting first.
std::string gauss_kruger_117(const std::string& datum, const std::string& unit) {
  return "PROJCS[\"CGCS2000 / 3-degree Gauss-Kruger CM 117E\",GEOGCS[" + datum +
         ",PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"
         "PARAMETER[\"latitude_of_origin\",0],PARAMETER[\"central_meridian\",117],PARAMETER[\"scale_factor\",1],"
         "PARAMETER[\"false_easting\",500000],PARAMETER[\"false_northing\",0]," +
         unit + ",AXIS[\"Easting\",EAST],AXIS[\"Northing\",NORTH]]";
}

constexpr const char* kChina2000 =
    "\"China Geodetic Coordinate System 2000\",DATUM[\"China_2000\",SPHEROID[\"CGCS2000\",6378137,298.257222101]]";
constexpr const char* kBeijing1954 = "\"Beijing 1954\",DATUM[\"Beijing_1954\",SPHEROID[\"Krassowsky 1940\",6378245,298.3]]";
constexpr const char* kMetre = "UNIT[\"metre\",1]";

std::string error_of(const std::string& bytes, const ReadOptions& options = {}, const std::string& name = "a.las") {
  try {
    read(bytes, options, name);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "was read";
  return {};
}
void expect_metres(const Reading& reading, double x, double y, double z) {
  const Eigen::Vector3d p = first_point(reading);
  EXPECT_NEAR(p.x(), x, 1e-6);
  EXPECT_NEAR(p.y(), y, 1e-6);
  EXPECT_NEAR(p.z(), z, 1e-9);
}

TEST(LasUnits, AStatePlaneInFeetBecomesMetres) {
  const Reading reading = read(las({directory(1), key(3072, 2227)}));  // California 3, US survey feet
  expect_metres(reading, 6000000.0 * kUsFoot, 2000000.0 * kUsFoot, 100.0 * kUsFoot);
  EXPECT_TRUE(warns(reading, "converted to metres: horizontal from US survey feet, vertical from US survey feet"));
  double p[3] = {first_point(reading).x(), first_point(reading).y(), 0.0};
  ASSERT_EQ(Transformer(std::get<PointCloud>(reading.data).frame.crs, "EPSG:4269").apply(p, 1), 0U);
  EXPECT_NEAR(p[0], -122.435572842, 1e-8);  // pyproj 3.7.2: EPSG:2227 to EPSG:4269
  EXPECT_NEAR(p[1], 37.471617706, 1e-8);
}

TEST(LasUnits, KeysOfUnitsCountMoreThanTheSystemsUsualUnit) {
  // NAD83 / UTM 10N has metres; the file says feet in the plane and in height.
  Reading reading = read(las({directory(3), key(3072, 26910), key(3076, 9003), key(4099, 9002)}));
  expect_metres(reading, 6000000.0 * kUsFoot, 2000000.0 * kUsFoot, 100.0 * 0.3048);
  EXPECT_TRUE(warns(reading, "the file names US survey feet, its CRS usually has metres"));
  EXPECT_TRUE(same_crs(std::get<PointCloud>(reading.data).frame.crs, "EPSG:26910"));
  // Heights in feet above a plane in metres, with and without the vertical system's code.
  reading = read(las({directory(2), key(3072, 26910), key(4099, 9003)}));
  expect_metres(reading, 6000000.0, 2000000.0, 100.0 * kUsFoot);
  reading = read(las({directory(2), key(3072, 26910), key(4096, 6360)}));
  expect_metres(reading, 6000000.0, 2000000.0, 100.0 * kUsFoot);
  reading = read(las({directory(3), key(3072, 2227), key(3076, 9003), key(4099, 9001)}));
  expect_metres(reading, 6000000.0 * kUsFoot, 2000000.0 * kUsFoot, 100.0);
  EXPECT_NE(error_of(las({directory(2), key(3072, 26910), key(3076, 9099)})).find("unit 9099"), std::string::npos);
}

TEST(LasUnits, ACompoundCrsHasItsOwnUnitOfHeight) {
  const Reading reading = read(las({}, wkt_of({"EPSG:26910", "EPSG:6360", {}, 0}, Wkt::wkt1)));
  expect_metres(reading, 6000000.0, 2000000.0, 100.0 * kUsFoot);
  EXPECT_TRUE(same_vertical(std::get<PointCloud>(reading.data).frame.vertical, "EPSG:5703"));
  expect_metres(read(las({}, wkt_of({"EPSG:2227", "EPSG:5703", {}, 0}, Wkt::wkt1))), 6000000.0 * kUsFoot, 2000000.0 * kUsFoot,
                100.0);
}

TEST(LasUnits, OptionsForTheFrameKeepTheUnitInMind) {
  ReadOptions options;
  options.crs = "local";
  expect_metres(read(las({directory(1), key(3072, 2227)}), options), 6000000.0 * kUsFoot, 2000000.0 * kUsFoot, 100.0 * kUsFoot);
  options = {};
  options.vertical = "EPSG:6360";
  expect_metres(read(las({directory(1), key(3072, 26910)}), options), 6000000.0, 2000000.0, 100.0 * kUsFoot);
  options.units = "source";
  expect_metres(read(las({directory(1), key(3072, 2227)}), options), 6000000.0, 2000000.0, 100.0);
}

TEST(Vertical, DatumsAreComparedByMeaning) {
  EXPECT_TRUE(same_vertical("EPSG:5703", "EPSG:6360"));  // NAVD88 in metres and in US survey feet
  EXPECT_TRUE(same_vertical("EPSG:5703", in_metres("EPSG:6360")));
  EXPECT_FALSE(same_vertical("EPSG:5703", "EPSG:5773"));  // EGM96
  EXPECT_FALSE(same_vertical("EPSG:5703", ""));
  EXPECT_TRUE(same_vertical("Mine datum", "mine_datum"));
  EXPECT_TRUE(same_vertical("NAVD88 height (ftUS) in metres", "EPSG:5703"));  // a file that gives no code
  EXPECT_FALSE(same_vertical("EGM96 height", "EPSG:5703"));
}

TEST(Crs, ATextThatIsAPlaceIsNotOpened) {
  for (const char* place : {"/etc/hostname", "https://example.org/crs.wkt", "http://127.0.0.1:1/a"}) {
    EXPECT_THROW(describe_crs(place), Error) << place;
  }
  EXPECT_EQ(describe_crs("EPSG:4548").crs, "EPSG:4548");
  EXPECT_TRUE(same_crs("+proj=utm +zone=50 +datum=WGS84", "EPSG:32650"));
}

TEST(Crs, TheOrderOfAxesIsNoDifference) {
  const std::string easting_first = gauss_kruger_117(kChina2000, kMetre);
  EXPECT_TRUE(same_crs("EPSG:4548", easting_first));
  EXPECT_TRUE(same_crs(easting_first, "EPSG:4548"));
  EXPECT_TRUE(same_crs("EPSG:4548", describe_crs("EPSG:4548").crs));
  EXPECT_FALSE(same_crs("EPSG:4549", easting_first)) << "another meridian";
  EXPECT_FALSE(same_crs("EPSG:4548", "EPSG:4549"));
  EXPECT_FALSE(same_crs("EPSG:4548", gauss_kruger_117(kBeijing1954, kMetre))) << "another datum";
  EXPECT_FALSE(same_crs("EPSG:4548", gauss_kruger_117(kChina2000, "UNIT[\"foot\",0.3048]"))) << "another unit";
  EXPECT_FALSE(same_crs("EPSG:5513", "EPSG:5514")) << "south and west are no other order of east and north";
}

TEST(Las, BytesThatNobodyDescribesAreToldAndKept) {
  const Reading reading = read(las({}, {}, 2));
  EXPECT_TRUE(warns(reading, "2 bytes at the end of each point are not described"));
  const Channel* channel = std::get<PointCloud>(reading.data).channel("undeclared[1]");
  ASSERT_NE(channel, nullptr);
  EXPECT_EQ(value_at(*channel, 1), 7.0);
  EXPECT_FALSE(warns(read(las({})), "not described"));
}

TEST(Pcd, CapitalNamesAreCoordinatesToo) {
  const std::string text =
      "VERSION 0.7\nFIELDS X Y Z Intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA ascii\n";
  const Reading reading = read(text + "1 2 3 4\n5 6 7 8\n", {}, "a.pcd");
  const auto& cloud = std::get<PointCloud>(reading.data);
  ASSERT_EQ(cloud.size(), 2U);
  EXPECT_EQ(first_point(reading).z(), 3.0);
  EXPECT_EQ(cloud.channels.size(), 1U);
  // Where both are there the small ones count.
  const Reading both = read(
      "ply\nformat ascii 1.0\nelement vertex 1\nproperty float X\nproperty float x\nproperty float y\nproperty float "
      "z\nend_header\n9 1 2 3\n",
      {}, "a.ply");
  EXPECT_EQ(first_point(both).x(), 1.0);
  EXPECT_NE(std::get<PointCloud>(both.data).channel("X"), nullptr);
}

std::string pcd(const std::string& fields, const std::string& count, const std::string& points) {
  return "VERSION 0.7\nFIELDS x y z " + fields + "\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 " + count + "\nWIDTH " + points +
         "\nHEIGHT 1\nPOINTS " + points + "\nDATA ascii\n1 2 3 4\n";
}

TEST(HostileHeaders, AreRefusedBeforeAnythingIsAllocated) {
  EXPECT_NE(error_of(pcd("f", "99999", "1"), {}, "a.pcd").find("more than 4096"), std::string::npos);
  EXPECT_NE(error_of(pcd("f", "9223372036854775807", "1"), {}, "a.pcd").find("more than 4096"), std::string::npos);
  error_of(pcd("f", "1", "9223372036854775807"), {}, "a.pcd");
  std::string different = pcd("f", "1", "1");
  different.replace(different.find("WIDTH 1"), 7, "WIDTH 5");
  EXPECT_NE(error_of(different, {}, "a.pcd").find("WIDTH"), std::string::npos);
  std::string ply = "ply\nformat ascii 1.0\nelement vertex 9223372036854775807\n";
  for (int i = 0; i < 5000; ++i) ply += "property float p\n";
  EXPECT_NE(error_of(ply + "end_header\n", {}, "a.ply").find("more than 4096"), std::string::npos);
  error_of("ply\nformat binary_little_endian 1.0\nelement vertex 9223372036854775807\nproperty float x\nend_header\n1234", {},
           "a.ply");
  std::string many = las({});
  set<std::uint32_t>(many, 107, 0xffffffffU);
  error_of(many);
  many = las({});
  set<std::uint32_t>(many, 100, 0xffffffffU);
  error_of(many);
}

TEST(HostileHeaders, ALineWithoutEndIsNoTable) {
  const std::string blanks(3U << 20U, ' ');
  const std::string digits = "1 2 3\n" + blanks + "1 2 3\n";
  EXPECT_NE(error_of(digits, {}, "a.xyz").find("a.xyz:2"), std::string::npos);
  error_of(pcd("f", "1", "1") + blanks + "\n", {}, "a.pcd");
  error_of("date,displacement_mm\n2026-01-01," + std::string(2U << 20U, ',') + "\n", {}, "a.csv");
}

TEST(CloudReaders, AStatedCrsStandsForUnitsThatTheFileNamesWrongly) {
  const std::string bytes = las({directory(1), key(3076, 32632)});
  try {
    read(bytes);
    FAIL() << "a unit that nobody knows was taken";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("32632"), std::string::npos) << e.what();
  }
  ReadOptions options;
  options.crs = "EPSG:32632";
  Reading reading = read(bytes, options);
  EXPECT_NEAR(first_point(reading).x(), 6000000.0, 1e-6);
  EXPECT_TRUE(warns(reading, "names the unit 32632, which is not known: the option crs counts"));
  // A frame of its own has no unit: what the file says still has to be understood, unless its numbers shall stay.
  options.crs = "local";
  EXPECT_NE(error_of(bytes, options).find("32632"), std::string::npos);
  options.units = "source";
  reading = read(bytes, options);
  EXPECT_NEAR(first_point(reading).x(), 6000000.0, 1e-6);
  EXPECT_TRUE(warns(reading, "the option units counts"));
}

TEST(CloudReaders, LocalDoesNotSayAUnit) {
  ReadOptions options;
  options.crs = "local";
  for (const std::string& bytes :
       {las({directory(1), key(3072, 2227)}), las({directory(1), key(3076, 9003)}),
        las({directory(2), key(3072, 32767), key(3076, 9003)}), las({}, wkt_of({"EPSG:2227", "", {}, 0}, Wkt::wkt1))}) {
    const Reading reading = read(bytes, options);
    EXPECT_TRUE(std::get<PointCloud>(reading.data).frame.is_local());
    expect_metres(reading, 6000000.0 * kUsFoot, 2000000.0 * kUsFoot, 100.0 * kUsFoot);
    EXPECT_TRUE(warns(reading, "converted to metres: horizontal from US survey feet"));
  }
  expect_metres(read(las({}), options), 6000000.0, 2000000.0, 100.0);
  EXPECT_TRUE(warns(read(las({directory(1), key(2048, 4326)}), options), "EPSG:4326 (WGS 84) counts in degrees"));
}

TEST(CloudReaders, AStatedCrsThatIsNotTheFilesIsTold) {
  const std::string bytes = las({directory(1), key(3072, 32632)});
  ReadOptions options;
  options.crs = "EPSG:32633";
  EXPECT_TRUE(warns(read(bytes, options),
                    "the file's CRS is EPSG:32632 (WGS 84 / UTM zone 32N), the option crs says EPSG:32633 "
                    "(WGS 84 / UTM zone 33N): the option counts"));
  for (const char* same : {"EPSG:32632", "+proj=utm +zone=32 +datum=WGS84", "EPSG:32632+5773", "local"}) {
    options.crs = same;
    EXPECT_FALSE(warns(read(bytes, options), "the file's CRS is")) << same;
  }
  options.crs = "EPSG:32633";
  EXPECT_FALSE(warns(read(las({}), options), "the file's CRS is"));
  // The same plane with heights above two datums.
  const std::string with_heights = las({directory(2), key(3072, 26910), key(4096, 5703)});
  options.crs = "EPSG:26910+5773";
  EXPECT_TRUE(warns(read(with_heights, options), "the file's CRS is"));
  options.crs = "EPSG:26910+5703";
  EXPECT_FALSE(warns(read(with_heights, options), "the file's CRS is"));
}

TEST(CloudReaders, TheFilesCrsInAnotherOrderOfAxesIsNoOtherOne) {
  ReadOptions options;
  options.crs = "EPSG:4548";
  EXPECT_FALSE(warns(read(las({}, gauss_kruger_117(kChina2000, kMetre)), options), "the file's CRS is"));
  options.crs = "EPSG:4549";
  EXPECT_TRUE(warns(read(las({}, gauss_kruger_117(kChina2000, kMetre)), options), "the file's CRS is"));
}

TEST(CloudReaders, NothingIsSaidOfACrsThatTheFileDoesNotHave) {
  ReadOptions options;
  for (const char* crs : {"file", "local"}) {
    options.crs = crs;
    const Reading reading = read(las({directory(1), key(3076, 9003)}), options);
    EXPECT_FALSE(warns(reading, "its CRS")) << crs;
    EXPECT_TRUE(warns(reading, "converted to metres: horizontal from US survey feet")) << crs;
  }
  EXPECT_FALSE(warns(read(las({directory(2), key(2048, 4326), key(3076, 9003)}), options), "usually has metres")) << "degrees";

  const std::string unreadable = las({}, "PROJCS[\"torn");
  EXPECT_TRUE(warns(read(unreadable, options), "cannot be read: its numbers are taken as metres"));
  const std::string with_unit = las({directory(2), key(3072, 60000), key(3076, 9003)});  // no such code
  EXPECT_TRUE(warns(read(with_unit, options), "cannot be read: its numbers are taken as US survey feet"));
  options.crs = "EPSG:2227";
  EXPECT_TRUE(warns(read(unreadable, options), "the file's own CRS cannot be read: the option crs counts"));
  EXPECT_FALSE(warns(read(unreadable, options), "the file says metres"));
  EXPECT_FALSE(warns(read(las({directory(1), key(2048, 4326)}), options), "the file says metres")) << "degrees";
  options.crs = "EPSG:26910";
  EXPECT_TRUE(warns(read(with_unit, options), "the file says US survey feet, the option crs means metres"));
}

TEST(CloudReaders, AnOwnProjectionInKeysIsToldWithWhatToDo) {
  const std::string bytes = las({directory(1), key(3072, 32767)});
  EXPECT_TRUE(
      warns(read(bytes),
            "a projection of their own (ProjectedCSTypeGeoKey 32767), which is not read: only the option crs can tell it"));
  // WKT beside the keys tells it.
  const Reading reading = read(las({directory(1), key(3072, 32767)}, wkt_of({"EPSG:26910", "", {}, 0}, Wkt::wkt1)));
  EXPECT_FALSE(warns(reading, "a projection of their own"));
  EXPECT_TRUE(same_crs(std::get<PointCloud>(reading.data).frame.crs, "EPSG:26910"));
}

TEST(CloudReaders, CoordinatesBeyondTheEarthAreRefusedByFile) {
  for (const double offset : {1e300, -1e10, 1.5e308}) {
    for (std::size_t c = 0; c < 3; ++c) {
      std::string bytes = las({});
      set<double>(bytes, 155 + 8 * c, offset);
      EXPECT_THROW(read(bytes), Error) << offset << " " << c;
      bytes = las({});
      set<double>(bytes, 131 + 8 * c, offset);
      EXPECT_THROW(read(bytes), Error) << offset << " " << c;
    }
  }
  EXPECT_THROW(read("1 2 3\n1e300 2 3\n", {}, "a.xyz"), Error);
  EXPECT_NO_THROW(read("1 2 3\n9e8 2 3\n", {}, "a.xyz"));
}

TEST(CloudReaders, PointsWithoutAPlaceAreRefusedRows) {
  const std::string rows = "1 2 3 10\nnan 2 3 11\n4 5 6 12\n4 inf 6 13\n7 8 9 14\n1 1 -inf 15\n2 2 2 16\n";
  const std::string pcd =
      "# .PCD v.7\nVERSION .7\nFIELDS x y z i\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH 7\nHEIGHT 1\nPOINTS 7\nDATA "
      "ascii\n" +
      rows;
  const std::string ply =
      "ply\nformat ascii 1.0\nelement vertex 7\nproperty float x\nproperty float y\nproperty float z\nproperty float "
      "i\nend_header\n" +
      rows;
  for (const auto& [name, bytes] : {std::pair{"a.xyz", rows}, std::pair{"a.pcd", pcd}, std::pair{"a.ply", ply}}) {
    const Reading reading = read(bytes, {}, name);
    const auto& cloud = std::get<PointCloud>(reading.data);
    EXPECT_EQ(reading.report.accepted, 4U) << name;
    EXPECT_EQ(reading.report.rejected, 3U) << name;
    ASSERT_EQ(reading.report.rows.size(), 3U) << name;
    EXPECT_NE(reading.report.rows[0].reason.find("not finite"), std::string::npos) << reading.report.rows[0].reason;
    ASSERT_EQ(cloud.size(), 4U) << name;
    EXPECT_TRUE(cloud.xyz.allFinite()) << name;
    ASSERT_EQ(cloud.channels.size(), 1U) << name;
    EXPECT_EQ(size_of(cloud.channels.begin()->second), 4U) << name;
    EXPECT_EQ(value_at(cloud.channels.begin()->second, 2), 14.0) << name;
  }
}

TEST(CloudReaders, PlacesWithoutAReturnAreNoRefusedRows) {
  const std::string pcd =
      "# .PCD v.7\nVERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2\nHEIGHT 3\nPOINTS 6\nDATA ascii\n"
      "nan nan nan\n1 2 3\nnan nan nan\nnan nan nan\nnan nan nan\n4 5 6\n";
  const Reading reading = read(pcd, {}, "organised.pcd");
  EXPECT_EQ(std::get<PointCloud>(reading.data).size(), 2U);
  EXPECT_EQ(reading.report.accepted, 2U);
  EXPECT_EQ(reading.report.rejected, 0U);
  EXPECT_NE(reading.report.warnings.at(0).find("4 points have no coordinates"), std::string::npos);
}

}  // namespace
}  // namespace highwall
