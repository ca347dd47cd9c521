// Maps and tables for other programs: read back by GDAL itself and by our own readers.
#include <cpl_vsi.h>
#include <gdal.h>
#include <gtest/gtest.h>
#include <ogr_srs_api.h>

#include <cmath>

#include "core/error.hpp"
#include "io/readers/reader.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/point_csv.hpp"

namespace highwall {
namespace {

GridGeometry raster(std::size_t rows, std::size_t cols) {
  GridGeometry g;
  g.rows = rows;
  g.cols = cols;
  g.affine = {500.0, 5.0, 0.0, 900.0, 0.0, -5.0};
  g.frame.crs = "EPSG:32719";
  g.frame.origin_m = {400000.0, 7400000.0, 0.0};
  return g;
}

std::vector<double> ramp(std::size_t cells) {
  std::vector<double> v(cells);
  for (std::size_t i = 0; i < cells; ++i) v[i] = static_cast<double>(static_cast<float>(1e-4 * static_cast<double>(i)));
  v[7] = kNaN;
  return v;
}

const std::vector<std::pair<std::string, std::string>> kTags{
    {"INSTANT", "2025-08-13T00:05:00Z"}, {"SIGN", "toward_positive"}, {"VALUES", "cumulative"}};

TEST(CogFile, IsACogToGdalWithPlaceTagsAndValues) {
  const std::vector<double> values = ramp(700 * 600);
  const std::string bytes = cog_bytes(raster(700, 600), {{"displacement", "m", &values}}, kTags);
  EXPECT_EQ(bytes, cog_bytes(raster(700, 600), {{"displacement", "m", &values}}, kTags)) << "no time of writing in it";
  const char* name = "/vsimem/highwall_cog_test.tif";
  std::string copy = bytes;
  VSIFCloseL(VSIFileFromMemBuffer(name, reinterpret_cast<GByte*>(copy.data()), copy.size(), FALSE));
  const char* drivers[] = {"GTiff", nullptr};
  GDALDatasetH file = GDALOpenEx(name, GDAL_OF_RASTER, drivers, nullptr, nullptr);
  ASSERT_NE(file, nullptr);
  EXPECT_STREQ(GDALGetMetadataItem(file, "LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(GDALGetMetadataItem(file, "INSTANT", nullptr), "2025-08-13T00:05:00Z");
  EXPECT_STREQ(GDALGetMetadataItem(file, "SIGN", nullptr), "toward_positive");
  double affine[6];
  ASSERT_EQ(GDALGetGeoTransform(file, affine), CE_None);
  EXPECT_EQ(affine[0], 400500.0);
  EXPECT_EQ(affine[3], 7400900.0);
  EXPECT_STREQ(OSRGetAuthorityCode(GDALGetSpatialRef(file), nullptr), "32719");
  GDALRasterBandH band = GDALGetRasterBand(file, 1);
  EXPECT_GT(GDALGetOverviewCount(band), 0);
  EXPECT_STREQ(GDALGetRasterUnitType(band), "m");
  EXPECT_STREQ(GDALGetDescription(band), "displacement");
  int has_no_data = 0;
  EXPECT_TRUE(std::isnan(GDALGetRasterNoDataValue(band, &has_no_data)));
  EXPECT_EQ(has_no_data, 1);
  std::vector<double> read(values.size());
  ASSERT_EQ(GDALRasterIO(band, GF_Read, 0, 0, 600, 700, read.data(), 600, 700, GDT_Float64, 0, 0), CE_None);
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_TRUE(read[i] == values[i] || i == 7) << i;
  EXPECT_TRUE(std::isnan(read[7]));
  GDALClose(file);
  VSIUnlink(name);
}

TEST(CogFile, IsAStackToOurReader) {
  const std::vector<double> values = ramp(12);
  const Reading reading =
      read_input({"map.tif", cog_bytes(raster(3, 4), {{"displacement", "m", &values}}, kTags)}, {}, highwall::Run(1));
  const auto& stack = std::get<Stack>(reading.data);
  ASSERT_EQ(stack.epochs(), 1U);
  EXPECT_EQ(to_iso8601(stack.instants()[0]), "2025-08-13T00:05:00Z");
  EXPECT_EQ(stack.geometry().frame.crs, "EPSG:32719");
  for (std::size_t i = 0; i < 12; ++i) EXPECT_TRUE(stack.at(0)[i] == values[i] || i == 7) << i;
  EXPECT_TRUE(std::isnan(stack.at(0)[7]));
}

TEST(PointTableFile, ComesBackThroughOurReaderOfEgms) {
  for (const bool with_clock : {false, true}) {
    Frame frame;
    frame.crs = "EPSG:32719";
    const Instant first = *parse_iso8601(with_clock ? "2025-08-13T00:05:00Z" : "2025-08-13T00:00:00Z");
    const std::vector<Instant> instants{first, first + days(6), first + days(12)};
    PointCsv csv(frame, instants);
    PointRow row;
    row.id = "r1,\"c2\"";
    row.place = {400502.5, 7400897.5, kNaN};
    row.line_of_sight.unit = {0.6, 0.0, 0.8};
    row.velocity_m_per_year = -0.01;
    row.velocity_sigma_m_per_year = kNaN;
    csv.add(row, std::vector<double>{0.0, kNaN, -0.00125});
    row.id = "b";
    row.line_of_sight = {};
    csv.add(row, std::vector<double>{1.0, 2.0, 3.0});
    const Reading reading = read_input({"a.csv", csv.text()}, {}, highwall::Run(1));
    EXPECT_EQ(reading.report.format, "egms_csv");
    EXPECT_EQ(reading.report.rejected, 0U);
    const auto& all = std::get<std::vector<TimeSeries>>(reading.data);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].target, "r1,\"c2\"");
    EXPECT_EQ(all[0].frame.crs, "EPSG:32719") << "the column crs, not EGMS' own";
    EXPECT_EQ((*all[0].position_m)[0], 400502.5);
    EXPECT_EQ(all[0].time, instants);
    EXPECT_DOUBLE_EQ(all[0].value(2), -0.00125);
    EXPECT_TRUE(std::isnan(all[0].value(1)));
    EXPECT_DOUBLE_EQ(all[0].line_of_sight.unit.x(), 0.6);
    EXPECT_FALSE(all[1].line_of_sight.known());
  }
}

TEST(PointTableFile, GeographicAndLocalFramesSaySo) {
  const std::vector<Instant> instants{Instant{}, Instant{} + days(1)};
  for (const char* crs : {"EPSG:4326", "local"}) {
    Frame frame;
    frame.crs = crs;
    PointCsv csv(frame, instants);
    PointRow row;
    row.id = "a";
    row.place = {-70.5, -23.25, 100.0};
    row.line_of_sight.unit = {0.6, 0.0, 0.8};
    csv.add(row, std::vector<double>{0.0, 0.001});
    const bool geographic = csv.text().find("longitude") != std::string::npos;
    EXPECT_EQ(geographic, std::string(crs) != "local");
    const Reading reading = read_input({"a.csv", csv.text()}, {}, highwall::Run(1));
    const TimeSeries& s = std::get<std::vector<TimeSeries>>(reading.data).at(0);
    EXPECT_EQ(s.frame.crs, crs);
    EXPECT_EQ(*s.position_m, row.place);
  }
  EXPECT_THROW(read_input({"a.csv",
                           "pid,easting,northing,crs,los_east,los_north,los_up,20250813\n"
                           "a,1,2,EPSG:32719,0.6,0,0.8,1\nb,1,2,EPSG:3035,0.6,0,0.8,1\n"},
                          {}, highwall::Run(1)),
               Error);
}

}  // namespace
}  // namespace highwall
