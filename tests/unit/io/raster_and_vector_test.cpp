// Rasters and outlines: what the writers write is read back, and files made here by GDAL directly are
// understood the way GDAL means them.
#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <fmt/format.h>
#include <gdal.h>
#include <gtest/gtest.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "io/crs/crs.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/zones.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/tables.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

struct Tiff {
  int cols = 4;
  int rows = 3;
  int bands = 1;
  GDALDataType type = GDT_Float32;
  std::vector<std::string> create;
  std::vector<std::pair<std::string, std::string>> tags{{"DATA_UNITS", "mm"}, {"SIGN", "toward_positive"}};
  std::string crs = "EPSG:32750";
};

/// A GeoTIFF made by GDAL; `fill` may set bands, tags and values.
template <class Fill>
std::string tiff(const Tiff& what, const Fill& fill) {
  GDALAllRegister();
  std::vector<const char*> options;
  for (const std::string& o : what.create) options.push_back(o.c_str());
  options.push_back(nullptr);
  GDALDatasetH file = GDALCreate(GDALGetDriverByName("GTiff"), "/vsimem/test.tif", what.cols, what.rows, what.bands, what.type,
                                 const_cast<char**>(options.data()));
  double affine[6] = {500000.0, 2.0, 0.0, 9000000.0, 0.0, -2.0};
  GDALSetGeoTransform(file, affine);
  if (!what.crs.empty()) {
    OGRSpatialReferenceH srs = OSRNewSpatialReference(nullptr);
    EXPECT_EQ(OSRSetFromUserInput(srs, what.crs.c_str()), OGRERR_NONE);
    GDALSetSpatialRef(file, srs);
    OSRDestroySpatialReference(srs);
  }
  for (const auto& [name, value] : what.tags) GDALSetMetadataItem(file, name.c_str(), value.c_str(), nullptr);
  fill(file);
  GDALClose(file);
  vsi_l_offset size = 0;
  GByte* data = VSIGetMemFileBuffer("/vsimem/test.tif", &size, TRUE);
  std::string bytes(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  CPLFree(data);
  return bytes;
}

void put(GDALDatasetH file, int band, std::vector<float> values, const char* instant) {
  GDALRasterBandH b = GDALGetRasterBand(file, band);
  const int cols = GDALGetRasterXSize(file);
  const int rows = GDALGetRasterYSize(file);
  EXPECT_EQ(GDALRasterIO(b, GF_Write, 0, 0, cols, rows, values.data(), cols, rows, GDT_Float32, 0, 0), CE_None);
  if (instant != nullptr) GDALSetMetadataItem(b, "INSTANT", instant, nullptr);
}

std::vector<float> ramp(float from) {
  std::vector<float> v(12);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = from + static_cast<float>(i);
  return v;
}

Reading read(const std::string& bytes, const ReadOptions& options = {}, const std::string& name = "radar.tif") {
  return read_input({name, bytes}, options, Run());
}
bool warns(const Reading& reading, const std::string& words) {
  return std::any_of(reading.report.warnings.begin(), reading.report.warnings.end(),
                     [&](const std::string& w) { return w.find(words) != std::string::npos; });
}
const Stack& stack_of(const Reading& reading) { return std::get<Stack>(reading.data); }

TEST(GeotiffStack, BandsAreSortedByInstantAndBroughtToMetres) {
  Tiff what;
  what.bands = 3;
  const Reading reading = read(tiff(what, [](GDALDatasetH file) {
    put(file, 1, ramp(100.0F), "2026-03-02T00:00:00Z");
    put(file, 2, ramp(0.0F), nullptr);
    GDALSetDescription(GDALGetRasterBand(file, 2), "2026-03-01T12:00:00Z");
    put(file, 3, ramp(0.0F), nullptr);  // no instant at all
    for (int b = 1; b <= 3; ++b) GDALSetRasterNoDataValue(GDALGetRasterBand(file, b), 5.0);
  }));
  const Stack& s = stack_of(reading);
  ASSERT_EQ(s.epochs(), 2U);
  EXPECT_EQ(to_iso8601(s.instants()[0]), "2026-03-01T12:00:00Z");
  EXPECT_DOUBLE_EQ(s.at(0)[4], 0.004);
  EXPECT_TRUE(std::isnan(s.at(0)[5]));
  EXPECT_DOUBLE_EQ(s.at(1)[0], 0.1);
  EXPECT_TRUE(same_crs(s.geometry().frame.crs, "EPSG:32750"));
  EXPECT_EQ(s.geometry().affine[0], 500000.0);
  EXPECT_EQ(reading.report.rejected, 1U);
  EXPECT_EQ(reading.report.rows.at(0).line, 3U);
}

TEST(GeotiffStack, SignScaleAndOffsetAreApplied) {
  Tiff what;
  what.tags = {{"DATA_UNITS", "cm"}, {"SIGN", "toward_negative"}};
  const Reading reading = read(tiff(what, [](GDALDatasetH file) {
    put(file, 1, ramp(1.0F), "2026-03-02T00:00:00Z");
    GDALSetRasterScale(GDALGetRasterBand(file, 1), 0.5);
    GDALSetRasterOffset(GDALGetRasterBand(file, 1), 2.0);
  }));
  EXPECT_NEAR(stack_of(reading).at(0)[3], -(4.0 * 0.5 + 2.0) * 0.01, 1e-15);
  const Reading rest = read(tiff(what, [](GDALDatasetH file) { put(file, 1, ramp(0.0F), "2026-03-02T00:00:00Z"); }));
  EXPECT_FALSE(std::signbit(stack_of(rest).at(0)[0]));
}

TEST(GeotiffStack, ASignThatContradictsTheSourceIsAnErrorInTheNight) {
  const std::string bytes = tiff(Tiff{}, [](GDALDatasetH file) { put(file, 1, ramp(1.0F), "2026-03-02T00:00:00Z"); });
  ReadOptions options;
  options.sign = "toward_negative";
  EXPECT_DOUBLE_EQ(stack_of(read(bytes, options)).at(0)[0], -0.001);  // a person at the keyboard may know better
  options.strict = true;
  try {
    read(bytes, options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
  }
  options.sign = "toward_positive";
  EXPECT_DOUBLE_EQ(stack_of(read(bytes, options)).at(0)[0], 0.001);
}

TEST(GeotiffStack, CellsInFeetBecomeMetres) {
  Tiff what;
  what.crs = "EPSG:2227";
  const GridGeometry g =
      stack_of(read(tiff(what, [](GDALDatasetH file) { put(file, 1, ramp(1.0F), "2026-03-02T00:00:00Z"); }))).geometry();
  EXPECT_NEAR(g.affine[0], 500000.0 * 1200.0 / 3937.0, 1e-6);
  EXPECT_NEAR(g.affine[1], 2.0 * 1200.0 / 3937.0, 1e-12);
  EXPECT_EQ(length_unit_of(g.frame), "m");
}

TEST(GeotiffStack, CellsInFeetBecomeMetresByTheOptionToo) {
  const auto fill = [](GDALDatasetH file) { put(file, 1, ramp(1.0F), "2026-03-02T00:00:00Z"); };
  Tiff what;
  what.crs = "EPSG:2227";
  ReadOptions options;
  options.crs = "local";  // a frame, not a unit
  Reading reading = read(tiff(what, fill), options);
  EXPECT_TRUE(stack_of(reading).geometry().frame.is_local());
  EXPECT_NEAR(stack_of(reading).geometry().affine[0], 500000.0 * 1200.0 / 3937.0, 1e-6);
  EXPECT_TRUE(warns(reading, "converted to metres"));
  what.crs = "";
  options.crs = "EPSG:2227";
  reading = read(tiff(what, fill), options);
  EXPECT_NEAR(stack_of(reading).geometry().affine[0], 500000.0 * 1200.0 / 3937.0, 1e-6);
  EXPECT_EQ(length_unit_of(stack_of(reading).geometry().frame), "m");
  EXPECT_TRUE(warns(reading, "converted to metres"));
}

TEST(GeotiffStack, AStatedCrsThatIsNotTheFilesIsTold) {
  const std::string bytes = tiff(Tiff{}, [](GDALDatasetH file) { put(file, 1, ramp(1.0F), "2026-03-02T00:00:00Z"); });
  ReadOptions options;
  options.crs = "EPSG:32751";
  EXPECT_TRUE(
      warns(read(bytes, options), "the file's CRS is EPSG:32750 (WGS 84 / UTM zone 50S), the option crs says EPSG:32751"));
  options.crs = "+proj=utm +zone=50 +south +datum=WGS84";
  EXPECT_FALSE(warns(read(bytes, options), "the file's CRS is"));
}

TEST(GeotiffStack, BlocksThatAreNotInTheFileAreNoDataNotZero) {
  Tiff what;
  what.cols = what.rows = 64;
  what.create = {"TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16", "SPARSE_OK=TRUE"};
  const Reading reading = read(tiff(what, [](GDALDatasetH file) {
    float value = 3.0F;
    GDALRasterBandH band = GDALGetRasterBand(file, 1);
    ASSERT_EQ(GDALRasterIO(band, GF_Write, 20, 20, 1, 1, &value, 1, 1, GDT_Float32, 0, 0), CE_None);
    GDALSetMetadataItem(band, "INSTANT", "2026-03-02T00:00:00Z", nullptr);
  }));
  const Stack& s = stack_of(reading);
  std::size_t known = 0;
  for (const double v : s.at(0)) known += std::isnan(v) ? 0 : 1;
  EXPECT_EQ(known, 256U);  // the one tile that was written
  EXPECT_DOUBLE_EQ(s.at(0)[20 * 64 + 20], 0.003);
  EXPECT_EQ(s.at(0)[16 * 64 + 16], 0.0);
  EXPECT_TRUE(std::isnan(s.at(0)[0]));
}

TEST(GeotiffStack, ARadianStackNeedsItsWavelength) {
  Tiff what;
  what.tags = {{"DATA_UNITS", "RADIANS"}, {"SIGN", "toward_positive"}, {"INSTANT", "2026-03-02"}};
  const auto fill = [](GDALDatasetH file) { put(file, 1, ramp(0.0F), nullptr); };
  EXPECT_THROW(read(tiff(what, fill)), Error);
  what.tags.emplace_back("WAVELENGTH_METRES", "0.0174");
  EXPECT_NEAR(stack_of(read(tiff(what, fill))).at(0)[1], 0.0174 / (4.0 * std::acos(-1.0)), 1e-15);
  what.tags[0].second = "kelvin";
  EXPECT_THROW(read(tiff(what, fill)), Error);
}

TEST(GeotiffStack, NothingIsAssumedInTheNight) {
  Tiff what;
  what.tags = {{"INSTANT", "2026-03-02"}};
  const std::string bytes = tiff(what, [](GDALDatasetH file) { put(file, 1, ramp(0.0F), nullptr); });
  EXPECT_FALSE(read(bytes).report.warnings.empty());
  ReadOptions night;
  night.strict = true;
  for (const bool sign_told : {false, true}) {
    try {
      if (sign_told) night.sign = "toward_positive";
      read(bytes, night);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::config);
    }
  }
  night.unit = "mm";
  EXPECT_DOUBLE_EQ(stack_of(read(bytes, night)).at(0)[1], 0.001);
}

TEST(GeotiffStack, OneBandTakesItsInstantFromTheFileName) {
  ReadOptions options;
  options.instant = {"filename:los_%Y%m%dT%H%M"};
  const std::string bytes = tiff({}, [](GDALDatasetH file) { put(file, 1, ramp(0.0F), nullptr); });
  EXPECT_EQ(to_iso8601(stack_of(read(bytes, options, "drop/los_20260302T0415.tif")).instants()[0]), "2026-03-02T04:15:00Z");
  EXPECT_THROW(read(bytes, options, "drop/other.tif"), Error);
}

TEST(GeotiffStack, ComplexAndHugeAndCutFilesAreErrors) {
  Tiff complex;
  complex.type = GDT_CFloat32;
  complex.tags.emplace_back("INSTANT", "2026-03-02");
  EXPECT_THROW(read(tiff(complex, [](GDALDatasetH) {})), Error);
  Tiff huge;
  huge.cols = huge.rows = 30000;
  huge.create = {"SPARSE_OK=TRUE", "TILED=YES", "BLOCKXSIZE=8192", "BLOCKYSIZE=8192"};
  huge.tags.emplace_back("INSTANT", "2026-03-02");
  const std::string small_file = tiff(huge, [](GDALDatasetH) {});
  EXPECT_LT(small_file.size(), 10000U);
  EXPECT_THROW(read(small_file), Error);
  const std::string whole = tiff({}, [](GDALDatasetH file) { put(file, 1, ramp(0.0F), "2026-03-02T00:00:00Z"); });
  for (std::size_t n = 4; n < whole.size(); n += 7) {
    try {
      const Reading reading = read(whole.substr(0, n));
      for (const double v : stack_of(reading).at(0)) EXPECT_TRUE(std::isnan(v) || v <= 0.0111) << n;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::input) << n;
    }
  }
}

TEST(GeotiffStack, AVrtIsNotATiff) {
  const std::string vrt = "<VRTDataset rasterXSize=\"2\" rasterYSize=\"2\"></VRTDataset>";
  ReadOptions options;
  options.format = "geotiff_stack";
  EXPECT_THROW(read(vrt, options, "radar.tif"), Error);
}

TEST(Crs, ATextOutOfAFileDoesNotOpenOtherFiles) {
  const fs::path file = test_folder().replace_extension(".wkt");
  std::ofstream(file) << describe_crs("EPSG:4548").crs;
  EXPECT_THROW(describe_crs(file.string()), Error);
  EXPECT_THROW(describe_crs("http://127.0.0.1:9/4548"), Error);
  EXPECT_EQ(describe_crs("EPSG:4548").crs, "EPSG:4548");
  EXPECT_EQ(describe_crs("EPSG:4548+5737").vertical, "EPSG:5737");
  fs::remove(file);
}

TEST(GeotiffWriter, IsReadBackAndHasTheSameBytesTwice) {
  GridGeometry g;
  g.rows = 3;
  g.cols = 4;
  g.affine = {0.0, 2.0, 0.0, 6.0, 0.0, -2.0};
  g.frame = {"EPSG:4548", "EPSG:5737", {512000.0, 3880000.0, 80.0}, 0.0};
  std::vector<double> values(12, 0.5);
  values[7] = std::numeric_limits<double>::quiet_NaN();
  const auto write = [&] {
    return geotiff_bytes(g, {{"displacement", "mm", &values}},
                         {{"INSTANT", "2026-03-02T00:00:00Z"}, {"SIGN", "toward_positive"}, {"DATA_UNITS", "mm"}});
  };
  const std::string bytes = write();
  EXPECT_EQ(bytes, write());
  ReadOptions options;
  options.origin_m = {512000.0, 3880000.0, 80.0};
  const Reading reading = read(bytes, options);
  const Stack& s = stack_of(reading);
  EXPECT_EQ(s.geometry().affine, g.affine);
  EXPECT_TRUE(same_crs(s.geometry().frame.crs, "EPSG:4548"));
  EXPECT_DOUBLE_EQ(s.at(0)[0], 0.0005);
  EXPECT_TRUE(std::isnan(s.at(0)[7]));
}

class ZoneFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder();
    fs::create_directories(folder_);
    wall_.name = "north_wall";
    wall_.frame = site_;
    wall_.rings = {
        {{0, 0}, {100, 0}, {100, 80}, {0, 80}}, {{40, 30}, {60, 30}, {60, 50}, {40, 50}}, {{150, 0}, {180, 0}, {180, 40}}};
    ramp_.name = "ramp";
    ramp_.frame = site_;
    ramp_.rings = {{{-50, -50}, {-10, -50}, {-10, -10}}};
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string make(const std::string& driver) const {
    return zones_file(driver, {wall_, ramp_},
                      {{"name", {}, {"north_wall", "ramp"}}, {"level", {}, {"orange", "none"}}, {"value", {1.5, kNaN}, {}}});
  }
  void save(const std::string& name, const std::string& bytes) const { std::ofstream(folder_ / name, std::ios::binary) << bytes; }

  fs::path folder_;
  Frame site_{"EPSG:4548", "EPSG:5737", {512000.0, 3880000.0, 80.0}, 0.0};
  Polygon wall_;
  Polygon ramp_;
};

constexpr const char* kDamagedZones = R"({"type": "FeatureCollection",
  "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}}, "features": [
  {"type": "Feature", "properties": {"name": "good"}, "geometry": {"type": "Polygon", "coordinates":
    [[[512000, 3880000], [512100, 3880000], [512100, 3880050], [512000, 3880050], [512000, 3880000]], [[512001, 3880001]]]}},
  {"type": "Feature", "properties": {"name": "pole"}, "geometry": {"type": "Point", "coordinates": [512000, 3880000]}},
  {"type": "Feature", "properties": {"name": "bare"}, "geometry": null},
  {"type": "Feature", "properties": {"name": "hollow"}, "geometry": {"type": "Polygon", "coordinates": [[]]}},
  {"type": "Feature", "properties": {"name": "far"}, "geometry": {"type": "Polygon", "coordinates":
    [[[512000, 3880000], [1e999, 3880000], [512100, 3880050], [512000, 3880000]]]}}]})";

TEST_F(ZoneFiles, DamagedOutlinesAreToldAndNeverTakenForAZone) {
  save("damaged.geojson", kDamagedZones);
  Report report;
  EXPECT_EQ(read_polygons(folder_ / "damaged.geojson", site_, report).size(), 1U);
  ASSERT_EQ(report.rows.size(), 4U);
  for (const auto& [row, words] :
       {std::pair{0, "\"pole\""}, std::pair{1, "no geometry"}, std::pair{2, "\"hollow\""}, std::pair{3, "not a number"}}) {
    EXPECT_EQ(report.rows[static_cast<std::size_t>(row)].line, static_cast<std::uint64_t>(row) + 2);
    EXPECT_NE(report.rows[static_cast<std::size_t>(row)].reason.find(words), std::string::npos)
        << report.rows[static_cast<std::size_t>(row)].reason;
  }
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_NE(report.warnings[0].find("fewer than three corners"), std::string::npos);
  // A damaged outline does not stop those who mean another one, and is no other fault to those who mean it.
  EXPECT_EQ(read_polygon(folder_, "damaged.geojson:good", site_).rings.size(), 1U);
  try {
    read_polygon(folder_, "damaged.geojson:far", site_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("the outline \"far\" is damaged: a corner is not a number"), std::string::npos)
        << e.what();
  }
}

TEST_F(ZoneFiles, AreListedWithNameAreaAndCrs) {
  const double wall = 100.0 * 80.0 - 20.0 * 20.0 + 30.0 * 40.0 / 2.0;
  for (const auto& [driver, name] : {std::pair{"GPKG", "zones.gpkg"}, std::pair{"GeoJSON", "zones.geojson"}}) {
    const std::string bytes = make(driver);
    EXPECT_TRUE(holds_zones(bytes)) << name;
    const ZoneList list = list_zones({name, bytes});
    ASSERT_EQ(list.zones.size(), 2U) << name;
    EXPECT_EQ(list.zones[0].name, "north_wall");
    // GeoJSON comes in degrees; the map's scale makes the plane differ by some parts in ten thousand.
    EXPECT_NEAR(list.zones[0].area_m2, wall, 1e-3 * wall) << name;
    EXPECT_EQ(list.zones[1].name, "ramp");
    EXPECT_NEAR(list.zones[1].area_m2, 800.0, 0.8) << name;
    EXPECT_TRUE(list.zones[0].crs == "EPSG:4548" || list.zones[0].crs == "EPSG:4326") << list.zones[0].crs;
    try {
      read(bytes, {}, name);
      FAIL();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("outlines of zones"), std::string::npos) << e.what();
    }
  }
  EXPECT_FALSE(holds_zones("{\"a\": 1}"));
  EXPECT_FALSE(holds_zones("date,displacement_mm\n"));
}

/// A square whose lower left corner is given, called "wall".
std::string square(const std::string& crs, double x, double y, double side) {
  return fmt::format(R"({{"type": "FeatureCollection",{} "features": [{{"type": "Feature", "properties": {{"name": "wall"}},
    "geometry": {{"type": "Polygon", "coordinates": [[[{},{}],[{},{}],[{},{}],[{},{}],[{},{}]]]}}}}]}})",
                     crs, x, y, x + side, y, x + side, y + side, x, y + side, x, y);
}

std::string crs_member(const std::string& name) {
  return fmt::format(R"("crs": {{"type": "name", "properties": {{"name": "{}"}}}},)", name);
}

TEST_F(ZoneFiles, CoordinatesThatAreNoDegreesAreListedWithANote) {
  for (const auto& [crs, x, y] : {std::tuple{std::string(), 512000.0, 3880000.0}, std::tuple{std::string(), 117.0, 91.0},
                                  std::tuple{crs_member("EPSG:4326"), 512000.0, 45.0}}) {
    const ZoneList list = list_zones({"zones.geojson", square(crs, x, y, 1.0)});
    ASSERT_EQ(list.zones.size(), 1U);
    EXPECT_TRUE(std::isnan(list.zones[0].area_m2));
    ASSERT_EQ(list.report.warnings.size(), 1U);
    const std::string& note = list.report.warnings[0];
    for (const char* words : {"\"wall\"", "no longitude and latitude", "EPSG:4326", "without a crs member", "add"}) {
      EXPECT_NE(note.find(words), std::string::npos) << note;
    }
    EXPECT_NE(note.find(fmt::format("{}, {}", x, y)), std::string::npos) << note;
  }
  EXPECT_TRUE(list_zones({"zones.geojson", square({}, 117.0, 35.0, 0.001)}).report.warnings.empty());
  EXPECT_TRUE(list_zones({"zones.geojson", square(crs_member("EPSG:4548"), 512000.0, 3880000.0, 10.0)}).report.warnings.empty());

  // The night does not take such an outline either, and tells the same.
  save("metric.geojson", square({}, 512000.0, 3880000.0, 10.0));
  try {
    read_polygon(folder_, "metric.geojson:wall", site_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_NE(std::string(e.what()).find("no longitude and latitude"), std::string::npos) << e.what();
  }
}

TEST_F(ZoneFiles, DegreesOfAnotherBodyHaveNoAreaAndStopNothing) {
  const ZoneList list = list_zones({"moon.geojson", square(crs_member("IAU_2015:30100"), 10.0, 10.0, 0.001)});
  ASSERT_EQ(list.zones.size(), 1U);
  EXPECT_TRUE(std::isnan(list.zones[0].area_m2));
  ASSERT_EQ(list.report.warnings.size(), 1U);
  EXPECT_NE(list.report.warnings[0].find("the outline \"wall\" has no area: "), std::string::npos) << list.report.warnings[0];
}

TEST_F(ZoneFiles, ACrsMemberThatNobodyKnowsIsTold) {
  const std::string degrees = square(crs_member("EPSG:99999"), 117.0, 35.0, 0.001);
  const ZoneList list = list_zones({"zones.geojson", degrees});
  ASSERT_EQ(list.report.warnings.size(), 1U);
  EXPECT_NE(list.report.warnings[0].find("the crs \"EPSG:99999\" of the file cannot be read: EPSG:4326 is taken"),
            std::string::npos)
      << list.report.warnings[0];
  save("unknown.geojson", degrees);
  Report report;
  read_polygons(folder_ / "unknown.geojson", site_, report);
  try {
    read_polygon(folder_, "unknown.geojson:wall", site_);
    FAIL() << "a zone of the night lies where nobody said";
  } catch (const Error& e) {
    EXPECT_NE(e.message().find("EPSG:99999"), std::string::npos) << e.what();
  }
  EXPECT_EQ(report.warnings, list.report.warnings);
  EXPECT_EQ(list_zones({"zones.geojson", square(crs_member("EPSG:99999"), 512000.0, 3880000.0, 1.0)}).report.warnings.size(), 2U);
  for (const char* known : {"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490"}) {
    EXPECT_TRUE(list_zones({"zones.geojson", square(crs_member(known), 117.0, 35.0, 0.001)}).report.warnings.empty()) << known;
  }
}

TEST_F(ZoneFiles, AWordThatComesLateOrABareGeometryIsAnOutlineToo) {
  EXPECT_TRUE(holds_zones("{\"name\": \"" + std::string(5000, 'x') + "\"," + square({}, 117.0, 35.0, 0.001).substr(1)));
  EXPECT_TRUE(holds_zones(R"({"type": "Polygon", "coordinates": [[[117,35],[117.1,35],[117.1,35.1],[117,35]]]})"));
}

TEST_F(ZoneFiles, AnOutlineWithoutAnyNameIsCalledAsItsFile) {
  const ZoneList list =
      list_zones({"drop/pit.geojson", R"({"type": "Polygon", "coordinates": [[[117,35],[117.1,35],[117.1,35.1],[117,35]]]})"});
  ASSERT_EQ(list.zones.size(), 1U);
  EXPECT_EQ(list.zones[0].name, "pit");
}

TEST_F(ZoneFiles, OutlinesWithHolesAndPartsComeBack) {
  for (const auto& [driver, name] : {std::pair{"GPKG", "zones.gpkg"}, std::pair{"GeoJSON", "zones.geojson"}}) {
    save(name, make(driver));
    const Polygon back = read_polygon(folder_, std::string(name) + ":north_wall", site_);
    EXPECT_EQ(back.rings.size(), 3U) << name;
    for (double x = -19.5; x < 200.0; x += 3.0) {
      for (double y = -9.5; y < 90.0; y += 3.0)
        EXPECT_EQ(back.contains(x, y), wall_.contains(x, y)) << name << " " << x << " " << y;
    }
    Report report;
    EXPECT_EQ(read_polygons(folder_ / name, site_, report).size(), 2U);
    EXPECT_EQ(report.rejected, 0U);
    EXPECT_EQ(make(driver), make(driver)) << "not the same bytes twice";
  }
}

TEST_F(ZoneFiles, GeoJsonIsWgs84ByItsRfc) {
  const std::string text = make("GeoJSON");
  EXPECT_EQ(text.find("\"crs\""), std::string::npos);
  EXPECT_NE(text.find("MultiPolygon"), std::string::npos);
  save("zones.geojson", text);
  // The site is near 117 degrees east, 35 degrees north.
  const Polygon degrees = read_polygon(folder_, "zones.geojson:ramp", {"EPSG:4326", "", {0, 0, 0}, 0.0});
  EXPECT_NEAR(degrees.rings.at(0).at(0).x(), 117.0, 1.0);
  EXPECT_NEAR(degrees.rings.at(0).at(0).y(), 35.0, 1.0);
}

TEST_F(ZoneFiles, AnUnknownNameIsAnErrorThatListsWhatIsThere) {
  save("zones.gpkg", make("GPKG"));
  try {
    read_polygon(folder_, "zones.gpkg:south_wall", site_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    EXPECT_NE(e.hint().find("north_wall, ramp"), std::string::npos);
  }
  save("zones.geojson", "not json");
  EXPECT_THROW(read_polygon(folder_, "zones.geojson:ramp", site_), Error);
}

TEST_F(ZoneFiles, PointsOfAFieldKeepTheirReason) {
  DisplacementField f = DisplacementField::of_size(2, Reason::empty_after);
  f.frame = site_;
  f.position_m << 1.0, 2.0, 3.0, 4.0, 5.0, 6.0;
  f.direction << 0, 0, 1, 0, 0, 1;
  f.value_m[0] = 0.0125;
  f.reason[0] = Reason::ok;
  f.value_m[1] = -kNaN;  // a NaN with its sign bit set
  EXPECT_EQ(points_gpkg(f), points_gpkg(f));
  const std::string csv = field_csv(f);
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "x_m,y_m,z_m,nx,ny,nz,distance_m,lod95_m,std1_m,n1,std2_m,n2,reason");
  EXPECT_NE(csv.find("512001.000000,3880002.000000,83.000000,0,0,1,0.0125,nan,nan,0,nan,0,ok\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("nan,nan,nan,0,nan,0,empty_after\n"), std::string::npos) << csv;
  EXPECT_EQ(csv.find("-nan"), std::string::npos);
}

TEST(Tables, RatesAndLevels) {
  TimeSeries s;
  s.push(*parse_iso8601("2026-03-02T00:00:00Z"), {0.0015});
  const std::vector<double> v{0.024};
  const std::vector<double> sigma{-kNaN};
  EXPECT_EQ(rate_csv(s, {{1.0, &v, &sigma}}),
            "time,displacement_mm,velocity_1h_mm_per_h,sigma_1h_mm_per_h\n2026-03-02T00:00:00Z,1.5,1,nan\n");
  EXPECT_EQ(
      levels_csv({{*parse_iso8601("2026-03-02"), "wall, \"north\"", "orange", "live", "v24", 12.5, 0.5, 10.0, "mm/day", "24h"}}),
      "time,target,level,health,rule,value,sigma,threshold,unit,window\n"
      "2026-03-02T00:00:00Z,\"wall, \"\"north\"\"\",orange,live,v24,12.5,0.5,10,mm/day,24h\n");
}

}  // namespace
}  // namespace highwall
