// Interferograms in GeoTIFF (written here by GDAL) and HDF5 (written here by HDF5 itself).
#include <fmt/format.h>
#include <gdal.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <ogr_srs_api.h>

#include <array>
#include <cmath>
#include <numbers>

#include "io/readers/reader.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/insar_files.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

constexpr float kNo = std::numeric_limits<float>::quiet_NaN();

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  }
  return true;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Tiff {
  int cols = 3;
  int rows = 2;
  GDALDataType type = GDT_Float32;
  std::string crs = "EPSG:32719";
  double east = 500000.0;
  double north = 7000000.0;
  double step = 40.0;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string unit;
};

fs::path put_tiff(const fs::path& path, const std::vector<float>& values, const Tiff& what = {}) {
  GDALAllRegister();
  fs::create_directories(path.parent_path());
  GDALDatasetH file = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), what.cols, what.rows, 1, what.type, nullptr);
  double affine[6] = {what.east, what.step, 0.0, what.north, 0.0, -what.step};
  GDALSetGeoTransform(file, affine);
  if (!what.crs.empty()) {
    OGRSpatialReferenceH srs = OSRNewSpatialReference(nullptr);
    EXPECT_EQ(OSRSetFromUserInput(srs, what.crs.c_str()), OGRERR_NONE);
    GDALSetSpatialRef(file, srs);
    OSRDestroySpatialReference(srs);
  }
  for (const auto& [name, value] : what.tags) GDALSetMetadataItem(file, name.c_str(), value.c_str(), nullptr);
  GDALRasterBandH band = GDALGetRasterBand(file, 1);
  if (!what.unit.empty()) GDALSetRasterUnitType(band, what.unit.c_str());
  EXPECT_EQ(GDALRasterIO(band, GF_Write, 0, 0, what.cols, what.rows, const_cast<float*>(values.data()), what.cols, what.rows,
                         GDT_Float32, 0, 0),
            CE_None);
  GDALClose(file);
  return path;
}

class InsarRaster : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = test_folder();
};

const std::string kHyp3 = "S1AA_20200604T120003_20200616T120004_VVP012_INT80_G_ueF_ABCD";
const std::string kHyp3Next = "S1AA_20200616T120006_20200628T120004_VVP012_INT80_G_ueF_EF01";

TEST_F(InsarRaster, Hyp3ScenesAreCutToWhatAllHave) {
  put_tiff(folder_ / kHyp3 / (kHyp3 + "_unw_phase.tif"), {1, 2, 3, 4, 5, 0});
  put_tiff(folder_ / kHyp3 / (kHyp3 + "_corr.tif"), {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F});
  put_tiff(folder_ / kHyp3 / (kHyp3 + "_dem.tif"), {1, 1, 1, 1, 1, 1});
  put_tiff(folder_ / kHyp3 / (kHyp3 + "_lv_theta.tif"), {1, 1, 1, 1, 1, 1});
  put_tiff(folder_ / kHyp3 / (kHyp3 + "_wrapped_phase.tif"), {1, 1, 1, 1, 1, 1});
  Tiff larger;  // a row more above, a column more to the left
  larger.rows = 3;
  larger.cols = 4;
  larger.north += 40.0;
  larger.east -= 40.0;
  put_tiff(folder_ / kHyp3Next / (kHyp3Next + "_unw_phase.tif"), {9, 9, 9, 9, 9, 11, 12, 13, 9, 14, 15, 16}, larger);
  put_tiff(folder_ / kHyp3Next / (kHyp3Next + "_corr.tif"), {1, 1, 1, 1, 1, 0.5F, 0.5F, 0.5F, 1, 0.5F, 0.5F, 0.25F}, larger);
  const OpenedStack s = open_stack({folder_});
  const InterferogramNetwork& n = s.network();
  EXPECT_EQ(n.processor, "hyp3");
  ASSERT_EQ(n.pairs.size(), 2U);
  // 12:00:04 and 12:00:06 of one date are one acquisition.
  ASSERT_EQ(n.instants.size(), 3U);
  EXPECT_EQ(to_iso8601(n.instants[1]), "2020-06-16T12:00:04Z");
  EXPECT_EQ(n.geometry.rows, 2U);
  EXPECT_EQ(n.geometry.cols, 3U);
  EXPECT_EQ(n.geometry.affine[0], 500000.0);
  EXPECT_EQ(n.geometry.affine[3], 7000000.0);
  EXPECT_EQ(n.geometry.frame.crs, "EPSG:32719");
  EXPECT_NEAR(n.wavelength_m, 0.0554658, 1e-7);
  EXPECT_LT(n.metres_per_radian, 0.0);
  EXPECT_TRUE(same(stack_pixels(*s.source, 1).phase, {1, 2, 3, 4, 5, kNo, 11, 12, 13, 14, 15, 16}));
  EXPECT_TRUE(same(stack_pixels(*s.source).coherence, {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.25F}));
  EXPECT_TRUE(s.told("2 x 3 pixels") && s.told("Sentinel-1") && s.told("passed over"));
}

TEST_F(InsarRaster, RastersOfOtherGridsAreNamed) {
  put_tiff(folder_ / (kHyp3 + "_unw_phase.tif"), {1, 2, 3, 4, 5, 0});
  const auto why = [&](const Tiff& what) {
    put_tiff(folder_ / (kHyp3Next + "_unw_phase.tif"), {1, 2, 3, 4, 5, 0}, what);
    return why_not({folder_}, ErrorKind::input);
  };
  Tiff other;
  other.step = 80.0;
  EXPECT_TRUE(has(why(other), kHyp3Next));
  other = {};
  other.east += 13.0;
  EXPECT_TRUE(has(why(other), "between"));
  other = {};
  other.crs = "EPSG:32720";
  EXPECT_TRUE(has(why(other), "CRS"));
  other = {};
  other.east += 4000.0;
  EXPECT_TRUE(has(why(other), "no pixel in common"));
}

TEST_F(InsarRaster, LicsarCoherenceOfBytesIsAShareOf255) {
  Tiff degrees;
  degrees.crs = "EPSG:4326";
  degrees.east = 100.0;
  degrees.north = 20.0;
  degrees.step = 0.001;
  Tiff bytes = degrees;
  bytes.type = GDT_Byte;
  const fs::path pair = folder_ / "GEOC/20190101_20190113";
  put_tiff(pair / "20190101_20190113.geo.unw.tif", {1, 2, 3, 0, 5, 6}, degrees);
  put_tiff(pair / "20190101_20190113.geo.cc.tif", {0, 51, 102, 153, 204, 255}, bytes);
  put_tiff(pair / "20190101_20190113.geo.diff_pha.tif", {1, 1, 1, 1, 1, 1}, degrees);
  const OpenedStack s = open_stack({folder_});
  EXPECT_EQ(s.network().processor, "licsar");
  EXPECT_TRUE(same(stack_pixels(*s.source).phase, {1, 2, 3, kNo, 5, 6}));
  const auto coherence = stack_pixels(*s.source).coherence;
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(coherence[i], 0.2 * static_cast<double>(i), 1e-6);
}

TEST_F(InsarRaster, TagsOfPyrateGoBeforeNames) {
  const auto tags = [](const char* type) {
    Tiff t;
    t.tags = {{"DATA_TYPE", type},          {"DATA_UNITS", "RADIANS"},      {"FIRST_DATE", "2018-01-06"},
              {"FIRST_TIME", "00:40:21"},   {"SECOND_DATE", "2018-01-30"},  {"SECOND_TIME", "00:40:22"},
              {"INSAR_PROCESSOR", "GAMMA"}, {"WAVELENGTH_METRES", "0.0555"}};
    return t;
  };
  put_tiff(folder_ / "a_cc_20200101_20200113.tif", {1, 2, 3, 4, 5, 6}, tags("ORIGINAL_IFG"));
  put_tiff(folder_ / "b_unw.tif", {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.25F}, tags("ORIGINAL_COH"));
  put_tiff(folder_ / "c_unw.tif", {7, 7, 7, 7, 7, 7}, tags("COH_MEAN"));
  const OpenedStack s = open_stack({folder_});
  EXPECT_EQ(s.network().processor, "pyrate");
  EXPECT_EQ(to_iso8601(s.network().instants[0]), "2018-01-06T00:40:21Z");
  EXPECT_DOUBLE_EQ(s.network().wavelength_m, 0.0555);
  EXPECT_TRUE(same(stack_pixels(*s.source).phase, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(stack_pixels(*s.source).coherence[5], 0.25F);
}

TEST_F(InsarRaster, WhatIsNotKnownIsAskedFor) {
  Tiff t;
  t.tags = {{"WAVELENGTH_METRES", "0.0174"}};
  const fs::path file = put_tiff(folder_ / "20240101_20240113_unw.tif", {1, 2, 3, 4, 5, 6}, t);
  EXPECT_TRUE(has(why_not({file}, ErrorKind::config), "--sign"));
  InsarOptions options;
  options.sign = "toward_positive";
  EXPECT_DOUBLE_EQ(open_stack({file}, options).network().metres_per_radian, 0.0174 / (4.0 * std::numbers::pi));
  t.crs = "";
  put_tiff(file, {1, 2, 3, 4, 5, 6}, t);
  EXPECT_TRUE(has(why_not({file}, ErrorKind::config, options), "--crs"));
  options.crs = "EPSG:32719";
  EXPECT_EQ(open_stack({file}, options).network().geometry.frame.crs, "EPSG:32719");
  options.crs = "local";
  EXPECT_TRUE(open_stack({file}, options).network().geometry.frame.is_local());
  // dolphin does not write the wavelength.
  const fs::path dolphin = put_tiff(folder_ / "20240101_20240113.unw.tif", {1, 2, 3, 4, 5, 6});
  EXPECT_TRUE(has(why_not({dolphin}, ErrorKind::config), "--wavelength-m"));
}

TEST_F(InsarRaster, DisplacementIsNotTakenForPhase) {
  Tiff metres;
  metres.unit = "meters";
  const fs::path file = put_tiff(folder_ / "20240101_20240113.unw.tif", {1, 2, 3, 4, 5, 6}, metres);
  EXPECT_TRUE(has(why_not({file}, ErrorKind::input), "radians"));
}

TEST_F(InsarRaster, CoherenceIsAllOrNone) {
  put_tiff(folder_ / (kHyp3 + "_unw_phase.tif"), {1, 2, 3, 4, 5, 0});
  put_tiff(folder_ / (kHyp3 + "_corr.tif"), {0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
  put_tiff(folder_ / (kHyp3Next + "_unw_phase.tif"), {1, 2, 3, 4, 5, 0});
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), kHyp3Next));
  InsarOptions options;
  options.coherence = "none";
  EXPECT_FALSE(open_stack({folder_}, options).network().has_coherence);
  put_tiff(folder_ / (kHyp3Next + "_corr.tif"), {100, 2, 3, 4, 5, 0});
  EXPECT_TRUE(has(why_not({folder_}, ErrorKind::input), "0 to 1"));
}

TEST_F(InsarRaster, TruncatedTiffIsNamed) {
  const fs::path file = put_tiff(folder_ / (kHyp3 + "_unw_phase.tif"), std::vector<float>(6, 1.0F));
  std::string bytes(fs::file_size(file), '\0');
  std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  for (std::size_t n = 1; n < bytes.size(); n += 7) {
    put(file, bytes.substr(0, n));
    try {
      stack_pixels(*open_stack({file}).source);
    } catch (const Error& e) {
      EXPECT_NE(e.kind(), ErrorKind::internal) << n << ": " << e.what();
      EXPECT_TRUE(has(e.what(), "unw_phase.tif")) << e.what();
    }
  }
}

struct H5Stack {
  std::vector<std::string> dates{"20240101", "20240113", "20240113", "20240125", "20240101", "20240125"};
  std::vector<signed char> keep{1, 0, 1};
  hsize_t planes = 3;
  hsize_t rows = 4;
  hsize_t cols = 5;
  std::array<hsize_t, 3> chunk{2, 3, 4};  ///< {0, 0, 0}: in one piece.
  bool packed = false;
  bool big_endian = false;
  std::vector<std::pair<std::string, std::string>> attributes{
      {"FILE_TYPE", "ifgramStack"}, {"WAVELENGTH", "0.05546576"}, {"REF_Y", "1"},    {"REF_X", "2"},
      {"X_FIRST", "100.0"},         {"X_STEP", "0.001"},          {"Y_FIRST", "20"}, {"Y_STEP", "-0.001"},
      {"Y_UNIT", "degrees"},        {"NCORRLOOKS", "12.5"}};
};

float stored(std::size_t plane, std::size_t cell) { return static_cast<float>(100 * plane + cell) + 0.5F; }

void write_planes(hid_t file, const char* name, const H5Stack& what, float scale) {
  const hsize_t dims[3] = {what.planes, what.rows, what.cols};
  const hid_t space = H5Screate_simple(3, dims, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  if (what.chunk[0] > 0) H5Pset_chunk(creation, 3, what.chunk.data());
  if (what.packed) {
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 4);
  }
  const hid_t type = what.big_endian ? H5T_IEEE_F32BE : H5T_IEEE_F32LE;
  const hid_t data = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  std::vector<float> values;
  for (std::size_t p = 0; p < what.planes; ++p) {
    for (std::size_t c = 0; c < what.rows * what.cols; ++c) values.push_back(c == 7 || c == 19 ? 0.0F : scale * stored(p, c));
  }
  EXPECT_GE(H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Dclose(data);
  H5Pclose(creation);
  H5Sclose(space);
}

void write_texts(hid_t file, const char* name, const std::vector<std::string>& texts, hsize_t across) {
  std::size_t size = 1;
  for (const std::string& t : texts) size = std::max(size, t.size());
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const hsize_t dims[2] = {texts.size() / across, across};
  const hid_t space = H5Screate_simple(2, dims, nullptr);
  const hid_t data = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  std::string bytes;
  for (const std::string& t : texts) bytes += t + std::string(size - t.size(), '\0');
  EXPECT_GE(H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), 0);
  H5Dclose(data);
  H5Sclose(space);
  H5Tclose(type);
}

/// As h5py writes them: texts of free length, truth as an enumeration.
fs::path put_mintpy(const fs::path& path, const H5Stack& what) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (const auto& [name, value] : what.attributes) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    const char* text = value.c_str();
    H5Awrite(attribute, type, &text);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }
  write_planes(file, "unwrapPhase", what, 1.0F);
  write_planes(file, "coherence", what, 0.001F);
  write_texts(file, "date", what.dates, 2);
  const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8);
  signed char no = 0;
  signed char yes = 1;
  H5Tenum_insert(truth, "FALSE", &no);
  H5Tenum_insert(truth, "TRUE", &yes);
  const hsize_t n = what.keep.size();
  const hid_t space = H5Screate_simple(1, &n, nullptr);
  const hid_t data = H5Dcreate2(file, "dropIfgram", truth, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(data, truth, H5S_ALL, H5S_ALL, H5P_DEFAULT, what.keep.data());
  H5Dclose(data);
  H5Sclose(space);
  H5Tclose(truth);
  H5Fclose(file);
  return path;
}

TEST_F(InsarRaster, MintpyStackIsTheSameHoweverItIsStored) {
  std::vector<float> expected;
  // Plane 1 is dropped; 0 is 01-01 to 01-13, 2 is 01-01 to 01-25. Cell 7 is the reference pixel, cell 19 has no data.
  for (const std::size_t p : {std::size_t{0}, std::size_t{2}}) {
    for (std::size_t c = 0; c < 20; ++c) expected.push_back(c == 7 ? 0.0F : c == 19 ? kNo : stored(p, c));
  }
  std::vector<H5Stack> ways(5);
  ways[1].chunk = {0, 0, 0};
  ways[2].packed = true;
  ways[3].big_endian = true;
  ways[4].chunk = {1, 4, 5};
  for (std::size_t w = 0; w < ways.size(); ++w) {
    const OpenedStack s = open_stack({put_mintpy(folder_ / fmt::format("ifgramStack{}.h5", w), ways[w])});
    const InterferogramNetwork& n = s.network();
    ASSERT_EQ(n.pairs.size(), 2U) << w;
    EXPECT_EQ(n.instants.size(), 3U);
    EXPECT_EQ(n.geometry.frame.crs, "EPSG:4326");
    EXPECT_DOUBLE_EQ(n.looks, 12.5);
    EXPECT_EQ(n.geometry.affine[0], 100.0);
    ASSERT_TRUE(n.reference.has_value());
    for (const std::size_t step : {1U, 2U, 3U, 4U}) {
      const StackPixels pixels = stack_pixels(*s.source, step);
      EXPECT_TRUE(same(pixels.phase, expected)) << w << " by " << step;
      EXPECT_EQ(pixels.coherence[3], 0.001F * stored(0, 3)) << w;
      EXPECT_EQ(pixels.coherence[20 + 18], 0.001F * stored(2, 18)) << w;
    }
    EXPECT_TRUE(s.told("dropIfgram"));
  }
}

TEST_F(InsarRaster, MintpyDatesMayHaveClocks) {
  H5Stack what;
  what.dates = {"20240101T0010", "20240101T0020", "20240101T0020", "20240101T0030", "20240101T0010", "20240101T0030"};
  const OpenedStack s = open_stack({put_mintpy(folder_ / "a.h5", what)});
  EXPECT_EQ(to_iso8601(s.network().instants[1]), "2024-01-01T00:20:00Z");
  EXPECT_EQ(s.network().instants.size(), 3U);
}

TEST_F(InsarRaster, WrongMintpyFilesAreNamed) {
  H5Stack what;
  what.dates[3] = "2024-13-1";
  EXPECT_TRUE(has(why_not({put_mintpy(folder_ / "a.h5", what)}, ErrorKind::input), "date[1]"));
  what = {};
  what.keep = {0, 0, 0};
  EXPECT_TRUE(has(why_not({put_mintpy(folder_ / "a.h5", what)}, ErrorKind::input), "dropIfgram"));
  what = {};
  what.dates[1] = "20240125";
  EXPECT_TRUE(has(why_not({put_mintpy(folder_ / "a.h5", what)}, ErrorKind::input), "twice"));
  what = {};
  what.attributes[1].second = "0";
  EXPECT_TRUE(has(why_not({put_mintpy(folder_ / "a.h5", what)}, ErrorKind::config), "wavelength"));
  const fs::path series = folder_ / "timeseries.h5";
  const hid_t file = H5Fcreate(series.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  EXPECT_TRUE(has(why_not({series}, ErrorKind::input), "holds no unwrapped phase"));
}

TEST_F(InsarRaster, DamagedMintpyFilesNeverCrash) {
  for (const bool packed : {false, true}) {
    H5Stack what;
    what.packed = packed;
    const fs::path file = put_mintpy(folder_ / "whole.h5", what);
    std::string bytes(fs::file_size(file), '\0');
    std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const fs::path cut = folder_ / "cut.h5";
    for (std::size_t n = 1; n < bytes.size(); n += 61) {
      put(cut, bytes.substr(0, n));
      EXPECT_NE(why_not({cut}, ErrorKind::input), "") << n;
    }
  }
}

TEST_F(InsarRaster, FileThatShrinksWhileItIsReadIsAnError) {
  const fs::path file = put_mintpy(folder_ / "a.h5", {});
  const OpenedStack s = open_stack({file});
  fs::resize_file(file, 100);
  std::vector<float> phase(2 * 20);
  try {
    s.source->read_rows(0, 4, phase, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_TRUE(has(e.what(), "ends at byte")) << e.what();
  }
}

TEST_F(InsarRaster, GunwHasOnePairAFile) {
  const auto write = [&](const char* name, const char* first, const char* second, float add) {
    const hid_t file = H5Fcreate((folder_ / name).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const std::string group = "/science/LSAR/GUNW/grids/frequencyA/unwrappedInterferogram/";
    const auto numbers = [&](const std::string& path, const std::vector<double>& values, std::vector<hsize_t> dims, hid_t type) {
      const hid_t space =
          dims.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
      const hid_t data = H5Dcreate2(file, path.c_str(), type, space, links, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      H5Dclose(data);
      H5Sclose(space);
    };
    const auto text = [&](const std::string& path, const std::string& value) {
      const hid_t type = H5Tcopy(H5T_C_S1);
      H5Tset_size(type, value.size());
      const hid_t space = H5Screate(H5S_SCALAR);
      const hid_t data = H5Dcreate2(file, path.c_str(), type, space, links, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data());
      H5Dclose(data);
      H5Sclose(space);
      H5Tclose(type);
    };
    numbers(group + "HH/unwrappedPhase", {1.0 + add, 2.0, std::nan(""), 4.0, 5.0, 0.0}, {2, 3}, H5T_IEEE_F32LE);
    numbers(group + "HH/coherenceMagnitude", {0.5, 0.5, 0.5, 0.25, 0.25, 0.25}, {2, 3}, H5T_IEEE_F32LE);
    numbers(group + "xCoordinates", {500020, 500100, 500180}, {3}, H5T_IEEE_F64LE);
    numbers(group + "yCoordinates", {4000100, 4000020}, {2}, H5T_IEEE_F64LE);
    numbers(group + "projection", {32611}, {}, H5T_STD_I32LE);
    numbers("/science/LSAR/GUNW/grids/frequencyA/centerFrequency", {1.257e9}, {}, H5T_IEEE_F64LE);
    text("/science/LSAR/identification/referenceZeroDopplerStartTime", first);
    text("/science/LSAR/identification/secondaryZeroDopplerStartTime", second);
    H5Pclose(links);
    H5Fclose(file);
  };
  write("a.h5", "2024-01-01T12:00:00.000000", "2024-01-13T12:00:01.500000", 0.0F);
  write("b.h5", "2024-01-13T12:00:02.000000", "2024-01-25T12:00:00.000000", 10.0F);
  const OpenedStack s = open_stack({folder_});
  const InterferogramNetwork& n = s.network();
  EXPECT_EQ(n.processor, "nisar");
  ASSERT_EQ(n.pairs.size(), 2U);
  EXPECT_EQ(n.instants.size(), 3U);
  EXPECT_DOUBLE_EQ(n.wavelength_m, 299792458.0 / 1.257e9);
  EXPECT_EQ(n.geometry.frame.crs, "EPSG:32611");
  EXPECT_EQ(n.geometry.affine[0], 499980.0);
  EXPECT_EQ(n.geometry.affine[3], 4000140.0);
  EXPECT_TRUE(same(stack_pixels(*s.source, 1).phase, {1, 2, kNo, 4, 5, kNo, 11, 2, kNo, 4, 5, kNo}));
  EXPECT_EQ(stack_pixels(*s.source).coherence[3], 0.25F);
}

/// A file of LiCSBAS: two maps of 2 x 2 pixels in mm.
fs::path put_licsbas(const fs::path& path, std::vector<double> dates) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto numbers = [&](const char* name, const std::vector<double>& values, std::vector<hsize_t> dims, hid_t type) {
    const hid_t space =
        dims.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t data = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(data);
    H5Sclose(space);
  };
  numbers("cum", {0, 0, 0, std::nan(""), -5, 10, 0, std::nan("")}, {2, 2, 2}, H5T_IEEE_F32LE);
  numbers("imdates", dates, {dates.size()}, H5T_STD_I32LE);
  numbers("corner_lat", {20.0}, {}, H5T_IEEE_F64LE);
  numbers("corner_lon", {100.0}, {}, H5T_IEEE_F64LE);
  numbers("post_lat", {-0.001}, {}, H5T_IEEE_F64LE);
  numbers("post_lon", {0.002}, {}, H5T_IEEE_F64LE);
  numbers("E.geo", {0.6, 0.6, 0.6, 0.0}, {2, 2}, H5T_IEEE_F32LE);
  numbers("N.geo", {0.0, 0.0, 0.0, 0.0}, {2, 2}, H5T_IEEE_F32LE);
  numbers("U.geo", {0.8, 0.8, 0.8, 0.0}, {2, 2}, H5T_IEEE_F32LE);
  H5Fclose(file);
  return path;
}

TEST_F(InsarRaster, LicsbasSeriesIsAStackOfMapsInMetres) {
  const Reading reading = read_file(put_licsbas(folder_ / "cum.h5", {20190101, 20190113}), {}, highwall::Run(1));
  const auto& stack = std::get<Stack>(reading.data);
  ASSERT_EQ(stack.epochs(), 2U);
  EXPECT_EQ(to_iso8601(stack.instants()[1]), "2019-01-13T00:00:00Z");
  EXPECT_DOUBLE_EQ(stack.at(1)[0], -0.005);
  EXPECT_DOUBLE_EQ(stack.at(1)[1], 0.010);
  EXPECT_EQ(stack.at(1)[2], 0.0);
  EXPECT_TRUE(std::isnan(stack.at(0)[3]) && std::isnan(stack.at(1)[3]));
  EXPECT_NEAR(stack.geometry().affine[0], 99.999, 1e-12);
  EXPECT_NEAR(stack.geometry().affine[3], 20.0005, 1e-12);
  EXPECT_EQ(stack.geometry().frame.crs, "EPSG:4326");
  ASSERT_EQ(stack.line_of_sight_per_cell.size(), 4U);
  EXPECT_NEAR(stack.line_of_sight_per_cell[0].x(), 0.6, 1e-6);
  EXPECT_TRUE(std::isnan(stack.line_of_sight_per_cell[3].x()));
}

/// A series of MintPy, and what lies beside it: written by plain HDF5 calls.
void put_hdf5(const fs::path& path, const std::vector<std::pair<std::string, std::vector<float>>>& maps,
              const std::vector<hsize_t>& dims, const std::vector<std::pair<std::string, std::string>>& attributes,
              const std::string& dates = "") {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto text_type = [](std::size_t size) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
  };
  for (const auto& [name, values] : maps) {
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t data = H5Dcreate2(file, name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(data);
    H5Sclose(space);
  }
  for (const auto& [name, value] : attributes) {
    const hid_t type = text_type(value.size());
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, value.data());
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }
  if (!dates.empty()) {
    const hid_t type = text_type(8);
    const hsize_t count = dates.size() / 8;
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t data = H5Dcreate2(file, "date", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, dates.data());
    H5Dclose(data);
    H5Sclose(space);
    H5Tclose(type);
  }
  H5Fclose(file);
}

TEST_F(InsarRaster, GeometryBesideAMintpySeriesGivesEachPixelItsLineOfSight) {
  const std::vector<std::pair<std::string, std::string>> place{{"X_FIRST", "500000"}, {"Y_FIRST", "4000000"}, {"X_STEP", "10"},
                                                               {"Y_STEP", "-10"},     {"EPSG", "32611"},      {"UNIT", "m"}};
  put_hdf5(folder_ / "timeseries.h5", {{"timeseries", {0, 0, 1, 2}}}, {2, 1, 2}, place, "2019010120190113");
  // One without a place, one of another shape, one that is damaged and the right one, in this order of names.
  put_hdf5(folder_ / "geometryA.h5", {{"incidenceAngle", {1, 1}}, {"azimuthAngle", {1, 1}}}, {1, 2}, {});
  put_hdf5(folder_ / "geometryB.h5", {{"incidenceAngle", {1, 1}}, {"azimuthAngle", {1, 1}}}, {2, 1}, place);
  put(folder_ / "geometryC.h5", "\x89HDF\r\n\x1a\n and no more");
  put_hdf5(folder_ / "geometryGeo.h5", {{"incidenceAngle", {30, 0}}, {"azimuthAngle", {-90, 0}}, {"height", {100, 110}}}, {1, 2},
           place);
  const Reading reading = read_file(folder_ / "timeseries.h5", {}, highwall::Run(1));
  const auto& stack = std::get<Stack>(reading.data);
  ASSERT_EQ(stack.line_of_sight_per_cell.size(), 2U);
  EXPECT_NEAR(stack.line_of_sight_per_cell[0].x(), 0.5, 1e-6);
  EXPECT_NEAR(stack.line_of_sight_per_cell[0].z(), std::sqrt(0.75), 1e-6);
  EXPECT_TRUE(std::isnan(stack.line_of_sight_per_cell[1].x()));
  ASSERT_EQ(stack.cell_position_m.size(), 2U);
  EXPECT_EQ(stack.cell_position_m[1], Eigen::Vector3d(500015.0, 3999995.0, 110.0));
  bool damaged_is_told = false;
  for (const std::string& w : reading.report.warnings) damaged_is_told = damaged_is_told || w.starts_with("geometryC.h5");
  EXPECT_TRUE(damaged_is_told);
}

TEST_F(InsarRaster, SeriesInHdf5ThatCannotBeUsedSaySo) {
  const auto why = [](const fs::path& path, const ReadOptions& options = {}) {
    try {
      read_file(path, options, highwall::Run(1));
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_TRUE(has(why(put_licsbas(folder_ / "a.h5", {20190113, 20190101})), "not after"));
  EXPECT_TRUE(has(why(put_licsbas(folder_ / "b.h5", {20190113, 20191301})), "date 1"));
  EXPECT_TRUE(has(why(put_licsbas(folder_ / "c.h5", {20190113})), "1 dates for 2 maps"));
  EXPECT_TRUE(has(why(put_mintpy(folder_ / "d.h5", {})), "radar invert"));
  // In the night, the source's word and the file's must not contradict each other.
  ReadOptions strict;
  strict.strict = true;
  strict.sign = "toward_negative";
  EXPECT_TRUE(has(why(put_licsbas(folder_ / "e.h5", {20190101, 20190113}), strict), "toward_positive"));
}

}  // namespace
}  // namespace highwall
