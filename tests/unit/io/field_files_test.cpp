// Files of displacement fields: the CRS and the unit that they claim are the ones that the numbers have.
#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <gtest/gtest.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <cmath>

#include "core/series.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/reader.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/las.hpp"
#include "io/writers/tables.hpp"

namespace highwall {
namespace {

/// A wall in Washington State: feet of the state plane, US survey feet above NAVD88.
const Frame kFeet{"EPSG:2285", "EPSG:6360", {1270000.0, 230000.0, 0.0}, 0.0};

DisplacementField one_place(const Frame& frame) {
  DisplacementField f = DisplacementField::of_size(1, Reason::ok);
  f.frame = frame;
  f.position_m << 100.0, 200.0, 300.0;
  f.direction << 0, 0, 1;
  f.value_m[0] = 0.25;
  return f;
}

PointCloud cloud_of(const std::string& bytes, const std::string& units, Report* report = nullptr) {
  ReadOptions options;
  options.units = units;
  Reading reading = read_input(Input{"field.las", bytes}, options, highwall::Run());
  if (report != nullptr) *report = reading.report;
  return std::get<PointCloud>(std::move(reading.data));
}

TEST(FieldFiles, LasKeepsTheCrsTheVerticalPartAndTheUnit) {
  const PointCloud cloud = cloud_of(field_las(one_place(kFeet), length_unit_of(kFeet)), "source");
  EXPECT_EQ(cloud.frame.crs, "EPSG:2285");
  EXPECT_EQ(cloud.frame.vertical, "EPSG:6360");
  ASSERT_NE(cloud.channel("distance_ft_us"), nullptr);
  EXPECT_EQ(value_at(*cloud.channel("distance_ft_us"), 0), 0.25);
  EXPECT_NE(cloud.channel("lod95_ft_us"), nullptr);
  EXPECT_EQ(cloud.channel("distance_m"), nullptr);
  EXPECT_NEAR(cloud.xyz(0, 2) + cloud.frame.origin_m[2], 300.0, 1e-3);
}

TEST(FieldFiles, ACrsGivenByItsCodeIsNotLost) {
  const Frame site{"EPSG:4548", "EPSG:5737", {512000.0, 3880000.0, 80.0}, 0.0};
  const PointCloud cloud = cloud_of(field_las(one_place(site)), "metres");
  EXPECT_EQ(cloud.frame.crs, "EPSG:4548");
  EXPECT_EQ(cloud.frame.vertical, "EPSG:5737");
  EXPECT_NE(cloud.channel("distance_m"), nullptr);
  EXPECT_TRUE(cloud_of(field_las(one_place(Frame{})), "metres").frame.is_local());
}

TEST(FieldFiles, ACloudBroughtToMetresHasTheCrsInMetres) {
  const PointCloud cloud = cloud_of(field_las(one_place(kFeet), "ft_us"), "metres");
  EXPECT_EQ(length_unit_of(cloud.frame), "m");
  // The same place on the earth, whichever of the two systems tells it.
  double feet[3] = {1270100.0, 230200.0, 0.0};
  double metres[3] = {cloud.xyz(0, 0) + cloud.frame.origin_m[0], cloud.xyz(0, 1) + cloud.frame.origin_m[1], 0.0};
  EXPECT_NEAR(metres[0], feet[0] * 1200.0 / 3937.0, 1e-3);
  ASSERT_EQ(Transformer(kFeet.crs, "EPSG:4269").apply(feet, 1), 0U);
  ASSERT_EQ(Transformer(cloud.frame.crs, "EPSG:4269").apply(metres, 1), 0U);
  EXPECT_NEAR(feet[0], metres[0], 1e-9);
  EXPECT_NEAR(feet[1], metres[1], 1e-9);
  EXPECT_NEAR(cloud.xyz(0, 2) + cloud.frame.origin_m[2], 300.0 * 1200.0 / 3937.0, 1e-3);
}

TEST(FieldFiles, UnitsComeFromTheCrs) {
  EXPECT_EQ(length_unit_of(Frame{}), "m");
  EXPECT_EQ(length_unit_of(kFeet), "ft_us");
  EXPECT_EQ(length_unit_of({"EPSG:2285", "", {}, 0}), "ft_us");
  EXPECT_EQ(length_unit_of({"EPSG:2994", "", {}, 0}), "ft");  // Oregon, international feet
  EXPECT_EQ(length_unit_of({"EPSG:32650", "EPSG:5773", {}, 0}), "m");
  EXPECT_EQ(length_unit_of({"EPSG:2994", "EPSG:5703", {}, 0}), "source_unit");  // feet and metres
  EXPECT_EQ(length_unit_of({"EPSG:32650", "EPSG:6360", {}, 0}), "source_unit");
}

TEST(FieldFiles, GeoPackageKeepsTheCrsTheVerticalPartAndTheUnit) {
  std::string bytes = points_gpkg(one_place(kFeet), length_unit_of(kFeet));
  VSILFILE* memory =
      VSIFileFromMemBuffer("/vsimem/field_files_test.gpkg", reinterpret_cast<GByte*>(bytes.data()), bytes.size(), FALSE);
  VSIFCloseL(memory);
  GDALDatasetH file = GDALOpenEx("/vsimem/field_files_test.gpkg", GDAL_OF_VECTOR, nullptr, nullptr, nullptr);
  ASSERT_NE(file, nullptr);
  OGRLayerH layer = GDALDatasetGetLayer(file, 0);
  OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
  EXPECT_GE(OGR_FD_GetFieldIndex(definition, "distance_ft_us"), 0);
  EXPECT_GE(OGR_FD_GetFieldIndex(definition, "lod95_ft_us"), 0);
  EXPECT_LT(OGR_FD_GetFieldIndex(definition, "distance_m"), 0);
  OGRSpatialReferenceH srs = OGR_L_GetSpatialRef(layer);
  ASSERT_NE(srs, nullptr);
  char* text = nullptr;
  OSRExportToWkt(srs, &text);
  const CrsInfo info = describe_crs(text);
  CPLFree(text);
  EXPECT_EQ(info.crs, "EPSG:2285");
  EXPECT_EQ(info.vertical, "EPSG:6360");
  GDALClose(file);
  VSIUnlink("/vsimem/field_files_test.gpkg");
}

TEST(FieldFiles, CsvNamesTheUnit) {
  const std::string csv = field_csv(one_place(kFeet), length_unit_of(kFeet));
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "x_ft_us,y_ft_us,z_ft_us,nx,ny,nz,distance_ft_us,lod95_ft_us,std1_ft_us,n1,std2_ft_us,n2,reason");
}

DisplacementField two_vectors() {
  DisplacementField f = DisplacementField::of_size(2, Reason::ok);
  f.frame = kFeet;
  f.position_m << 100.0, 200.0, 300.0, 101.0, 200.0, 300.0;
  f.direction << 0, 0, 1, 0, 0, 1;
  f.vector_m = Points::Constant(2, 3, kNaN);
  f.vector_m.row(0) << 0.1, -0.2, 0.3;
  f.vector_covariance_m2.resize(2, 6);
  f.vector_covariance_m2.setConstant(kNaN);
  f.vector_covariance_m2.row(0) << 4e-6, 1e-6, -1e-6, 9e-6, 2e-6, 16e-6;
  f.reason_vector = {Reason::ok, Reason::not_observable};
  return f;
}

TEST(FieldFiles, VectorsAreInEveryFormatAndTheirReasonsToo) {
  const DisplacementField f = two_vectors();
  const std::string csv = field_csv(f);
  EXPECT_NE(csv.find(",vector_x_m,vector_y_m,vector_z_m,vector_sigma_x_m,vector_sigma_y_m,vector_sigma_z_m,vector_cov_xy_m2,"
                     "vector_cov_xz_m2,vector_cov_yz_m2,reason_vector\n"),
            std::string::npos);
  EXPECT_NE(csv.find(",0.1,-0.2,0.3,0.002,0.003,0.004,1e-06,-1e-06,2e-06,ok\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",nan,nan,nan,nan,nan,nan,nan,nan,nan,not_observable\n"), std::string::npos) << csv;

  const PointCloud cloud = cloud_of(field_las(f), "source");
  EXPECT_EQ(value_at(*cloud.channel("vector_y_m"), 0), -0.2);
  EXPECT_DOUBLE_EQ(value_at(*cloud.channel("vector_sigma_z_m"), 0), 0.004);
  EXPECT_EQ(value_at(*cloud.channel("vector_cov_yz_m2"), 0), 2e-6);
  EXPECT_EQ(value_at(*cloud.channel("reason_vector"), 1), static_cast<double>(Reason::not_observable));

  std::string bytes = points_gpkg(f);
  VSILFILE* memory = VSIFileFromMemBuffer("/vsimem/vectors.gpkg", reinterpret_cast<GByte*>(bytes.data()), bytes.size(), FALSE);
  VSIFCloseL(memory);
  GDALDatasetH file = GDALOpenEx("/vsimem/vectors.gpkg", GDAL_OF_VECTOR, nullptr, nullptr, nullptr);
  ASSERT_NE(file, nullptr);
  OGRLayerH layer = GDALDatasetGetLayer(file, 0);
  OGRFeatureH feature = OGR_L_GetNextFeature(layer);
  EXPECT_EQ(OGR_F_GetFieldAsDouble(feature, OGR_F_GetFieldIndex(feature, "vector_z_m")), 0.3);
  EXPECT_STREQ(OGR_F_GetFieldAsString(feature, OGR_F_GetFieldIndex(feature, "reason")), "ok");
  EXPECT_STREQ(OGR_F_GetFieldAsString(feature, OGR_F_GetFieldIndex(feature, "reason_vector")), "ok");
  OGR_F_Destroy(feature);
  feature = OGR_L_GetNextFeature(layer);
  EXPECT_EQ(OGR_F_IsFieldSetAndNotNull(feature, OGR_F_GetFieldIndex(feature, "vector_z_m")), 0);
  EXPECT_STREQ(OGR_F_GetFieldAsString(feature, OGR_F_GetFieldIndex(feature, "reason_vector")), "not_observable");
  OGR_F_Destroy(feature);
  GDALClose(file);
  VSIUnlink("/vsimem/vectors.gpkg");
}

TEST(FieldFiles, VectorsComeBackFromTheArchiveBitForBit) {
  const DisplacementField f = two_vectors();
  const DisplacementField back = decode_field(encode_field(f, {}), "field");
  EXPECT_EQ(back.vector_m.row(0), f.vector_m.row(0));
  EXPECT_EQ(back.vector_covariance_m2.row(0), f.vector_covariance_m2.row(0));
  EXPECT_TRUE(std::isnan(back.vector_m(1, 2)) && std::isnan(back.vector_covariance_m2(1, 5)));
  EXPECT_EQ(back.reason_vector, f.reason_vector);
  DisplacementField without = f;
  without.reason_vector.clear();
  EXPECT_TRUE(decode_field(encode_field(without, {}), "field").reason_vector.empty());
}

}  // namespace
}  // namespace highwall
