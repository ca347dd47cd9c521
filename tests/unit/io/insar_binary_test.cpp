// Interferograms of GAMMA, ROI_PAC and ISCE2: small files that the test writes, sound ones and hostile ones.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "io/readers/insar/names.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/insar_files.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

constexpr float kNo = std::numeric_limits<float>::quiet_NaN();

class InsarBinary : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string dem_par(int width, int lines, const std::string& more = "") {
    return "Gamma DIFF&GEO DEM/MAP parameter file\ntitle: x\nDEM_projection: EQA\nwidth: " + std::to_string(width) +
           "\nnlines: " + std::to_string(lines) +
           "\ncorner_lat: -20.0 decimal degrees\ncorner_lon: 30.0 decimal degrees\npost_lat: -0.001 decimal degrees\n"
           "post_lon: 0.002 decimal degrees\nellipsoid_name: WGS 84\n" +
           more;
  }
  static std::string slc_par(const std::string& date, const std::string& more = "") {
    return "Gamma\ndate: " + date + "\nrange_samples: 999\nazimuth_lines: 999\nradar_frequency: 1.72e+10 Hz\n" + more;
  }
  /// Two rasters of 3 columns and 2 rows.
  void write_gamma() {
    put(folder_ / "20240101-20240113_utm.unw", float_bytes({1, 2, 3, 4, 0, 6}, true));
    put(folder_ / "20240113-20240125_utm.unw", float_bytes({-1, -2, -3, -4, -5, -6}, true));
    put(folder_ / "dem.par", dem_par(3, 2));
    put(folder_ / "20240101_slc.par",
        slc_par("2024 01 01", "heading: 0 degrees\nincidence_angle: 30 degrees\nazimuth_angle: 90\n"));
  }

  fs::path folder_ = test_folder();
};

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  }
  return true;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(InsarBinary, GammaIsBigEndianAndZeroIsNoData) {
  write_gamma();
  const OpenedStack s = open_stack({folder_});
  ASSERT_EQ(s.network().pairs.size(), 2U);
  EXPECT_EQ(s.network().instants.size(), 3U);
  EXPECT_TRUE(same(stack_pixels(*s.source).phase, {1, 2, 3, 4, kNo, 6, -1, -2, -3, -4, -5, -6}));
  EXPECT_TRUE(same(stack_pixels(*s.source, 1).phase, {1, 2, 3, 4, kNo, 6, -1, -2, -3, -4, -5, -6}));
  EXPECT_DOUBLE_EQ(s.network().wavelength_m, 299792458.0 / 1.72e10);
  EXPECT_LT(s.network().metres_per_radian, 0.0);
  // Northwards and to the right: the ground lies east, the sensor west of it and above.
  ASSERT_TRUE(s.network().line_of_sight.known());
  EXPECT_NEAR(s.network().line_of_sight.unit.x(), -0.5, 1e-12);
  EXPECT_NEAR(s.network().line_of_sight.unit.z(), std::sqrt(0.75), 1e-12);
  EXPECT_TRUE(s.told("00:00 UTC"));
}

TEST_F(InsarBinary, GpriTellsHowItsRowsAndColumnsLieAboutTheRadar) {
  put(folder_ / "20240101-20240102.unw", float_bytes({1, 2, 3, 4, 5, 6}, true));
  const std::string size = "Gamma\ndate: 2024 01 01\nrange_samples: 3\nazimuth_lines: 2\nradar_frequency: 1.72e+10 Hz\n";
  put(folder_ / "20240101.slc.par", size +
                                        "near_range_slc: 50.5 m\nrange_pixel_spacing: 0.75 m\nazimuth_pixel_spacing: 0.0 m\n"
                                        "GPRI_az_start_angle: -30.0 degrees\nGPRI_az_angle_step: 0.1 degrees\n"
                                        "GPRI_ref_north: 46.1\nGPRI_ref_east: 7.7\nGPRI_ref_alt: 2500.0 m\n");
  const OpenedStack s = open_stack({folder_});
  ASSERT_TRUE(s.network().polar.has_value());
  EXPECT_EQ(s.network().polar->near_range_m, 50.5);
  EXPECT_EQ(s.network().polar->range_step_m, 0.75);
  EXPECT_EQ(s.network().polar->azimuth_start_deg, -30.0);
  EXPECT_EQ(s.network().polar->azimuth_step_deg, 0.1);
  EXPECT_EQ(s.network().polar->longitude_deg, 7.7);
  EXPECT_EQ(s.network().polar->altitude_m, 2500.0);
  EXPECT_TRUE(std::isnan(s.network().polar->scan_heading_deg)) << "what is not told is not known";
  EXPECT_EQ(s.network().pairs[0].given_as, "20240101-20240102.unw");
}

TEST_F(InsarBinary, GammaCornerIsCentreUnlessTold) {
  write_gamma();
  const OpenedStack centre = open_stack({folder_});
  EXPECT_NEAR(centre.network().geometry.affine[0], 30.0 - 0.001, 1e-12);
  EXPECT_NEAR(centre.network().geometry.affine[3], -20.0 + 0.0005, 1e-12);
  EXPECT_EQ(centre.network().geometry.frame.crs, "EPSG:4326");
  InsarOptions options;
  options.corner = "outer";
  EXPECT_NEAR(open_stack({folder_}, options).network().geometry.affine[0], 30.0, 1e-12);
}

TEST_F(InsarBinary, GammaWithoutASizeSaysWhichAreThere) {
  write_gamma();
  fs::remove(folder_ / "dem.par");
  const std::string why = why_not({folder_}, ErrorKind::input);
  EXPECT_TRUE(has(why, "20240101-20240113_utm.unw") && has(why, "24 bytes") && has(why, "999 x 999")) << why;
}

TEST_F(InsarBinary, GammaCutOffFitsNoHeader) {
  write_gamma();
  fs::resize_file(folder_ / "20240101-20240113_utm.unw", 20);
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "20 bytes"));
}

TEST_F(InsarBinary, GammaWithTwoSizesAsksForAName) {
  write_gamma();
  put(folder_ / "other.par", dem_par(2, 3));
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "both fit"));
  put(folder_ / "20240101-20240113_utm.unw.par", dem_par(3, 2));
  put(folder_ / "20240113-20240125_utm.unw.par", dem_par(3, 2));
  EXPECT_EQ(open_stack({folder_}).network().geometry.cols, 3U);
}

TEST_F(InsarBinary, GammaHeaderErrorsNameTheLine) {
  write_gamma();
  put(folder_ / "dem.par", dem_par(3, 2, "") + "x: 1\n");
  put(folder_ / "bad.par", "DEM_projection: EQA\nwidth: minus three\nnlines: 2\n");
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "bad.par:2")) << why_not({folder_}, ErrorKind::input);
  put(folder_ / "bad.par", "DEM_projection: EQA\nwidth: 3\nnlines: 2.5\n");
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "bad.par:3"));
}

TEST_F(InsarBinary, LittleEndianGammaIsNotTakenForNoise) {
  write_gamma();
  put(folder_ / "20240101-20240113_utm.unw", float_bytes({1, 2, 3, 4, 5, 6}, false));
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "little-endian"));
}

TEST_F(InsarBinary, WavelengthIsAskedForWhereNoHeaderTellsIt) {
  write_gamma();
  fs::remove(folder_ / "20240101_slc.par");
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::config), "--wavelength-m"));
  InsarOptions options;
  options.wavelength_m = 0.0174;
  options.sign = "toward_positive";
  EXPECT_DOUBLE_EQ(open_stack({folder_}, options).network().metres_per_radian, 0.0174 / (4.0 * std::numbers::pi));
}

TEST_F(InsarBinary, NoDataCanBeToldOtherwise) {
  write_gamma();
  InsarOptions options;
  options.no_data = "-5,2";
  const OpenedStack s = open_stack({folder_}, options);
  EXPECT_TRUE(same(stack_pixels(*s.source).phase, {1, kNo, 3, 4, 0, 6, -1, -2, -3, -4, kNo, -6}));
  options.no_data = "none";
  EXPECT_EQ(stack_pixels(*open_stack({folder_}, options).source).phase[4], 0.0F);
  options.no_data = "zero";
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::config, options), "zero"));
}

TEST_F(InsarBinary, PairThatBeginsLateIsTurnedRound) {
  write_gamma();
  put(folder_ / "20240125-20240101_utm.unw", float_bytes({1, 2, 3, 4, 0, 6}, true));
  const OpenedStack s = open_stack({folder_});
  ASSERT_EQ(s.network().pairs.size(), 3U);
  EXPECT_EQ(s.network().pairs[1].second, 2U);
  EXPECT_EQ(stack_pixels(*s.source).phase[6], -1.0F);
  EXPECT_TRUE(std::isnan(stack_pixels(*s.source).phase[10]));
  EXPECT_TRUE(s.told("turned round"));
}

TEST_F(InsarBinary, SamePairTwiceNamesBothFiles) {
  write_gamma();
  put(folder_ / "filt_20240101-20240113.unw", float_bytes({1, 2, 3, 4, 5, 6}, true));
  const std::string why = why_not({folder_}, ErrorKind::input);
  EXPECT_TRUE(has(why, "filt_20240101-20240113.unw") && has(why, "20240101-20240113_utm.unw")) << why;
  InsarOptions options;
  options.phase = "*_utm.unw";
  EXPECT_EQ(open_stack({folder_}, options).network().pairs.size(), 2U);
}

TEST_F(InsarBinary, ListsAreFoundBesideAndTheirErrorsNameTheLine) {
  write_gamma();
  put(folder_ / "ifgs.txt", "# two\nelsewhere/work/20240113-20240125_utm.unw\n\n20240101-20240113_utm.unw\r\n");
  EXPECT_EQ(open_stack({folder_ / "ifgs.txt"}).network().pairs.size(), 2U);
  put(folder_ / "ifgs.txt", "20240101-20240113_utm.unw\nnot/there.unw\n");
  EXPECT_TRUE(has(why_not({folder_ / "ifgs.txt"}, ErrorKind::input), "ifgs.txt:2"));
  put(folder_ / "ifgs.txt", "dem.par\n20240101-20240113_utm.unw\nnotes.doc\n");
  put(folder_ / "notes.doc", "hello");
  const std::string why = why_not({folder_ / "ifgs.txt"}, ErrorKind::input);
  EXPECT_TRUE(has(why, "ifgs.txt:3") && has(why, "notes.doc")) << why;
}

TEST_F(InsarBinary, WhatIsNotThereOrEmptySaysSo) {
  EXPECT_TRUE(has(why_not({folder_ / "none"}, ErrorKind::input), "none"));
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "no unwrapped interferogram"));
  put(folder_ / "a.unw", "");
  EXPECT_TRUE(has(why_not({folder_ / "a.unw"}, ErrorKind::input), "empty"));
}

TEST_F(InsarBinary, RoipacPhaseIsTheSecondBandWhateverTheAmplitude) {
  const fs::path unw = put(folder_ / "240101-240113.unw", float_bytes({0, 0, 0, 1, 2, 3, 0, 0, 0, 4, 0, 6}, false));
  put(folder_ / "240101-240113.unw.rsc",
      "WIDTH 3\nFILE_LENGTH 2\nWAVELENGTH 0.056\nX_FIRST 100\nX_STEP 0.001\nY_FIRST 10\nY_STEP -0.001\n");
  put(folder_ / "240101-240113.cor", float_bytes({9, 9, 9, 0.5, 0.25, 1, 9, 9, 9, 0, 1, 0.125}, false));
  put(folder_ / "240101-240113.cor.rsc", "WIDTH 3\nFILE_LENGTH 2\nX_FIRST 100\nX_STEP 0.001\nY_FIRST 10\nY_STEP -0.001\n");
  const OpenedStack s = open_stack({folder_});
  EXPECT_EQ(s.network().processor, "roipac");
  EXPECT_EQ(to_iso8601(s.network().instants[0]), "2024-01-01T00:00:00Z");
  EXPECT_TRUE(same(stack_pixels(*s.source, 1).phase, {1, 2, 3, 4, kNo, 6}));
  EXPECT_TRUE(same(stack_pixels(*s.source).coherence, {0.5, 0.25, 1, 0, 1, 0.125}));
  EXPECT_TRUE(s.told("WGS 84"));
  put(unw.string() + ".rsc", "WIDTH 3\nFILE_LENGTH 3\nWAVELENGTH 0.056\n");
  EXPECT_TRUE(has(why_not({unw}, ErrorKind::input), "48 bytes"));
  put(unw.string() + ".rsc", "WIDTH three\nFILE_LENGTH 2\n");
  EXPECT_TRUE(has(why_not({unw}, ErrorKind::input), "unw.rsc:1"));
  put(unw.string() + ".rsc", "WIDTH 3\n");
  EXPECT_TRUE(has(why_not({unw}, ErrorKind::input), "FILE_LENGTH"));
  put(unw.string() + ".rsc", std::string("WIDTH 3\0\1\2", 10));
  EXPECT_TRUE(has(why_not({unw}, ErrorKind::input), "no text"));
}

std::string isce_xml(int width, int length, int bands, const std::string& more = "", const std::string& scheme = "BIL") {
  const auto property = [](const std::string& name, const std::string& value) {
    return "<property name=\"" + name + "\"><value>" + value + "</value></property>";
  };
  return "<imageFile>" + property("width", std::to_string(width)) + property("length", std::to_string(length)) +
         property("number_bands", std::to_string(bands)) + property("data_type", "FLOAT") + property("scheme", scheme) +
         property("byte_order", "l") + more + "</imageFile>";
}

TEST_F(InsarBinary, IsceHasNoPhaseWhereTheAmplitudeIsZero) {
  const fs::path pair = folder_ / "merged/interferograms/20240101_20240113";
  put(pair / "filt_fine.unw", float_bytes({1, 0, 1, 1, 2, 3, 1, 1, 1, 4, 5, 0}, false));
  put(pair / "filt_fine.unw.xml", isce_xml(3, 2, 2));
  put(pair / "filt_fine.unw.conncomp", "xxxxxx");
  put(pair / "filt_fine.cor", float_bytes({0.5, 0.5, 0.5, 0.25, 0.25, 0.25}, false));
  put(pair / "filt_fine.cor.xml", isce_xml(3, 2, 1));
  put(folder_ / "reference/IW1.xml",
      "<product><component name=\"instance\"><property name=\"radarwavelength\"><value>0.05546576"
      "</value></property></component></product>");
  put(folder_ / "merged/geom/los.rdr", float_bytes({30, 30, 30, -90, -90, -90, 30, 30, 0, -90, -90, 0}, false));
  put(folder_ / "merged/geom/los.rdr.xml", isce_xml(3, 2, 2));
  const OpenedStack s = open_stack({folder_});
  EXPECT_EQ(s.network().processor, "isce2");
  EXPECT_TRUE(same(stack_pixels(*s.source, 1).phase, {1, kNo, 3, 4, 5, kNo}));
  EXPECT_TRUE(same(stack_pixels(*s.source).coherence, {0.5, 0.5, 0.5, 0.25, 0.25, 0.25}));
  EXPECT_DOUBLE_EQ(s.network().wavelength_m, 0.05546576);
  ASSERT_TRUE(s.network().line_of_sight.known());
  ASSERT_EQ(s.network().line_of_sight_per_cell.size(), 6U);
  EXPECT_NEAR(s.network().line_of_sight_per_cell[0].x(), 0.5F, 1e-6F);
  EXPECT_TRUE(std::isnan(s.network().line_of_sight_per_cell[5].x())) << "an incidence of 0 is none";
  EXPECT_EQ(s.network().pairs[0].given_as, "merged/interferograms/20240101_20240113/filt_fine.unw");
  EXPECT_NEAR(s.network().line_of_sight.unit.x(), 0.5, 1e-6);  // 90 degrees clockwise of north: the sensor is east
  EXPECT_TRUE(s.told("columns and rows"));
}

TEST_F(InsarBinary, IsceByItsVrtAndByBandsOneAfterTheOther) {
  const fs::path pair = folder_ / "20240101_20240113";
  const auto band = [](const std::string& file, int number, int offset) {
    return "<VRTRasterBand dataType=\"Float32\" band=\"" + std::to_string(number) +
           "\" subClass=\"VRTRawRasterBand\"><SourceFilename relativeToVRT=\"1\">" + file +
           "</SourceFilename><ByteOrder>LSB</ByteOrder><ImageOffset>" + std::to_string(offset) +
           "</ImageOffset><PixelOffset>4</PixelOffset><LineOffset>24</LineOffset></VRTRasterBand>";
  };
  const auto vrt = [&](const std::string& file) {
    return "<VRTDataset rasterXSize=\"3\" rasterYSize=\"2\">" + band(file, 1, 0) + band(file, 2, 12) + "</VRTDataset>";
  };
  const fs::path unw = put(pair / "fine.unw", float_bytes({1, 0, 1, 1, 2, 3, 1, 1, 1, 4, 5, 0}, false));
  put(pair / "fine.unw.vrt", vrt("fine.unw"));
  InsarOptions options;
  options.wavelength_m = 0.05;
  EXPECT_TRUE(same(stack_pixels(*open_stack({folder_}, options).source).phase, {1, kNo, 3, 4, 5, kNo}));
  put(pair / "fine.unw.vrt", vrt("/etc/passwd"));
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input, options), "passwd"));
  put(pair / "fine.unw.vrt",
      "<VRTDataset rasterXSize=\"3\" rasterYSize=\"2\"><VRTRasterBand dataType=\"Float32\"/></VRTDataset>");
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input, options), "VRTRawRasterBand"));
  fs::remove(pair / "fine.unw.vrt");
  put(unw, float_bytes({1, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 0}, false));
  put(pair / "fine.unw.xml", isce_xml(3, 2, 2, "", "BSQ"));
  EXPECT_TRUE(same(stack_pixels(*open_stack({folder_}, options).source).phase, {1, kNo, 3, 4, 5, kNo}));
  put(unw, float_bytes({1, 1, 0, 2, 1, 3, 1, 4, 1, 5, 1, 0}, false));
  put(pair / "fine.unw.xml", isce_xml(3, 2, 2, "", "BIP"));
  EXPECT_TRUE(same(stack_pixels(*open_stack({folder_}, options).source, 1).phase, {1, kNo, 3, 4, 5, kNo}));
}

TEST_F(InsarBinary, HostileIsceHeadersAreRefused) {
  const fs::path pair = folder_ / "20240101_20240113";
  put(pair / "fine.unw", float_bytes({1, 0, 1, 1, 2, 3, 1, 1, 1, 4, 5, 0}, false));
  const fs::path xml = pair / "fine.unw.xml";
  InsarOptions options;
  options.wavelength_m = 0.05;
  const auto why = [&](const std::string& text) {
    put(xml, text);
    return why_not({folder_}, ErrorKind::input, options);
  };
  EXPECT_TRUE(has(why(isce_xml(3, 200, 2)), "48 bytes"));
  EXPECT_TRUE(has(why(isce_xml(2147483647, 2147483647, 2)), "not possible"));
  EXPECT_TRUE(has(why(isce_xml(-3, 2, 2)), "width"));
  EXPECT_TRUE(has(why(isce_xml(3, 2, 2, "", "BOO")), "BOO") || has(why(isce_xml(3, 2, 2, "", "BOO")), "boo"));
  EXPECT_TRUE(has(why("<imageFile>"), "fine.unw.xml"));
  EXPECT_TRUE(has(why("not xml"), "imageFile"));
}

TEST(InsarNames, StampsAndPairs) {
  using insar::pair_by_name;
  const auto first = [](const char* name) {
    const auto pair = pair_by_name(name);
    return pair ? to_iso8601(pair->first) + "/" + to_iso8601(pair->second) : "none";
  };
  EXPECT_EQ(first("geo_060619-061002_unw.tif"), "2006-06-19T00:00:00Z/2006-10-02T00:00:00Z");
  EXPECT_EQ(first("16x20_20090713-20090817_VV.unw"), "2009-07-13T00:00:00Z/2009-08-17T00:00:00Z");
  EXPECT_EQ(first("S1AA_20200604T120003_20200616T120004_VVP012_INT80_G_ueF_ABCD_unw_phase.tif"),
            "2020-06-04T12:00:03Z/2020-06-16T12:00:04Z");
  EXPECT_EQ(first("S1_136231_IW2_20200604_20200616_VV_INT80_1234_corr.tif"), "2020-06-04T00:00:00Z/2020-06-16T00:00:00Z");
  EXPECT_EQ(first("GEOC/20190101_20190113/x.geo.unw.tif"), "2019-01-01T00:00:00Z/2019-01-13T00:00:00Z");
  EXPECT_EQ(first("20150803_060519-20150803_060749.unw"), "2015-08-03T06:05:19Z/2015-08-03T06:07:49Z");
  EXPECT_EQ(first("20191301_20190113.unw"), "none");
  EXPECT_EQ(first("dem.tif"), "none");
}

TEST(InsarNames, Wildcards) {
  using insar::matches_wildcard;
  EXPECT_TRUE(matches_wildcard("filt_fine.unw", "filt_*"));
  EXPECT_TRUE(matches_wildcard("abcabd", "*ab?"));
  EXPECT_FALSE(matches_wildcard("abcabd", "*abc"));
  EXPECT_TRUE(matches_wildcard("", "*"));
  EXPECT_FALSE(matches_wildcard("a", ""));
}

}  // namespace
}  // namespace highwall
