#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "core/error.hpp"
#include "core/stack_scans.hpp"
#include "io/readers/scans/diffimage.hpp"
#include "io/readers/scans/scan_files.hpp"
#include "io/readers/scans/scan_names.hpp"
#include "io/writers/gis.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// 2 ranges x 3 azimuths; the value of (r, c) is 10 r + c + plus.
std::string image_bytes(float plus = 0.0F, double first_range = 400.0) {
  std::string bytes;
  put<std::int32_t>(bytes, 2);
  put<std::int32_t>(bytes, 3);
  for (const double r : {first_range, 410.0}) put(bytes, r);
  for (const double a : {-0.1, 0.0, 0.1}) put(bytes, a);
  for (int c = 0; c < 3; ++c) {
    for (int r = 0; r < 2; ++r) put(bytes, static_cast<float>(10 * r + c) + plus);
  }
  return bytes;
}

std::string message_of(const auto& body) {
  try {
    body();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

class ScanFiles : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static ScanFileOptions told() {
    ScanFileOptions options;
    options.start = "2025-08-13T00:00:00Z";
    options.interval_s = 300.0;
    options.sign = "toward_negative";
    options.unit = "mm";
    options.values = "increments";
    return options;
  }
  std::filesystem::path folder_ = test_folder();
};

TEST(DiffImage, IsColumnMajorInTheFileAndRowMajorHere) {
  const std::string bytes = image_bytes();
  const DiffImage image = parse_diffimage({"a.dat", bytes});
  EXPECT_EQ(image.rows, 2u);
  EXPECT_EQ(image.cols, 3u);
  EXPECT_EQ(image.range, (std::vector<double>{400, 410}));
  EXPECT_EQ(image.azimuth, (std::vector<double>{-0.1, 0.0, 0.1}));
  EXPECT_EQ(image.values, (std::vector<float>{0, 1, 2, 10, 11, 12}));
}

TEST(DiffImage, EveryCutIsRefusedWithTheFilesName) {
  const std::string bytes = image_bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string what = message_of([&] { parse_diffimage({"cut.dat", std::string_view(bytes).substr(0, size)}); });
    EXPECT_NE(what.find("cut.dat"), std::string::npos) << what;
  }
  EXPECT_THROW(parse_diffimage({"long.dat", bytes + "x"}), Error);
}

TEST(DiffImage, ClaimsBeyondTheFileAllocateNothing) {
  std::string bytes;
  put<std::int32_t>(bytes, 0x7fffffff);
  put<std::int32_t>(bytes, 0x7fffffff);
  bytes += std::string(64, '\0');
  const std::string what = message_of([&] { parse_diffimage({"huge.dat", bytes}); });
  EXPECT_NE(what.find("2147483647 x 2147483647"), std::string::npos) << what;
  EXPECT_NE(what.find("72 bytes"), std::string::npos) << what;
}

TEST(DiffImage, AnAxisThatTurnsIsNamedByItsByte) {
  std::string bytes = image_bytes();
  const double turned = -0.05;
  std::memcpy(bytes.data() + 8 + 2 * 8 + 2 * 8, &turned, 8);
  const std::string what = message_of([&] { parse_diffimage({"turned.dat", bytes}); });
  EXPECT_NE(what.find("azimuth 2 at byte 40"), std::string::npos) << what;
}

TEST(ScanNames, NumbersCountAsNumbers) {
  std::vector<std::filesystem::path> files{"b/scan_10.dat", "scan_9.dat", "scan_010x.dat", "scan_1.dat"};
  sort_by_name(files);
  EXPECT_EQ(files[0], "scan_1.dat");
  EXPECT_EQ(files[1], "scan_9.dat");
  EXPECT_EQ(files[2], "b/scan_10.dat");
  EXPECT_EQ(places_by_counter({"s_003.dat", "s_005.dat", "s_006.dat"}), (std::vector<std::size_t>{0, 2, 3}));
  EXPECT_EQ(places_by_counter({"s_010.dat", "s_020.dat", "s_040.dat"}), (std::vector<std::size_t>{0, 1, 3}));
  EXPECT_EQ(places_by_counter({"a.dat", "b.dat"}), (std::vector<std::size_t>{0, 1}));
  EXPECT_THROW(places_by_counter({"s_20250813235500.dat", "s_20250814000000.dat", "s_20250814000500.dat"}), Error);
  EXPECT_THROW(places_by_counter({"a/s_1.dat", "b/s_1.dat"}), Error);
}

TEST_F(ScanFiles, ConvertsSignAndUnitAndLeavesPlacesForMissingScans) {
  write("scan_001.dat", image_bytes());
  write("scan_003.dat", image_bytes(1.0F));
  write("scan_004.dat", image_bytes());
  write("truth.json", "{\"not\": \"a scan\"}");
  ScanFileOptions options = told();
  options.wavelength_mm = 17.2;
  const OpenedScans opened = open_scans({folder_}, options, highwall::Run(1));
  const ScanSource& scans = *opened.source;
  ASSERT_EQ(scans.size(), 4u);
  EXPECT_EQ(scans.value(), ScanValue::increment);
  EXPECT_EQ(scans.grid().rows, 2u);
  EXPECT_DOUBLE_EQ(scans.grid().wavelength_m, 0.0172);
  const RadarScan third = scans.read(2);
  EXPECT_EQ(to_iso8601(third.instant), "2025-08-13T00:10:00Z");
  EXPECT_FLOAT_EQ(third.displacement_m[5], -0.013F);
  const RadarScan missing = scans.read(1);
  EXPECT_EQ(to_iso8601(missing.instant), "2025-08-13T00:05:00Z");
  for (const float v : missing.displacement_m) EXPECT_TRUE(std::isnan(v));
  EXPECT_EQ(opened.report.warnings.size(), 2u);
}

TEST_F(ScanFiles, AskForWhatTheFilesDoNotTell) {
  const auto file = write("scan_1.dat", image_bytes());
  const auto asked = [&](auto change) {
    ScanFileOptions options = told();
    change(options);
    return message_of([&] { open_scans({file}, options, highwall::Run(1)); });
  };
  EXPECT_NE(asked([](auto& o) { o.sign = "auto"; }).find("--sign"), std::string::npos);
  EXPECT_NE(asked([](auto& o) { o.unit = "auto"; }).find("--unit"), std::string::npos);
  ScanFileOptions usual = told();
  usual.values = "auto";
  const OpenedScans opened = open_scans({file}, usual, highwall::Run(1));
  EXPECT_EQ(opened.source->value(), ScanValue::increment);
  const auto& notes = opened.report.warnings;
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& n) { return n.find("--values") != n.npos; }))
      << "what is taken for granted is said";
  EXPECT_NE(asked([](auto& o) { o.start = "", o.interval_s = 0; }).find("--start"), std::string::npos);
  EXPECT_NE(asked([](auto& o) { o.start = "2025-08-13T00:00:00"; }).find("zone"), std::string::npos);
  EXPECT_NE(asked([](auto& o) { o.interval_s = 0; }).find("go together"), std::string::npos);
}

TEST_F(ScanFiles, ManyZerosAreNeitherRestNorSilenceByThemselves) {
  std::string bytes = image_bytes();
  std::fill(bytes.end() - 8, bytes.end(), '\0');
  const auto file = write("scan_1.dat", bytes);
  ScanFileOptions options = told();
  const OpenedScans opened = open_scans({file}, options, highwall::Run(1));
  EXPECT_THROW(opened.source->read(0), Error);
  options.zero = "no_data";
  EXPECT_TRUE(std::isnan(open_scans({file}, options, highwall::Run(1)).source->read(0).displacement_m[5]));
  options.zero = "data";
  EXPECT_EQ(open_scans({file}, options, highwall::Run(1)).source->read(0).displacement_m[5], 0.0F);
}

TEST_F(ScanFiles, AnotherGridAndAnotherFormatAreRefused) {
  write("scan_1.dat", image_bytes());
  write("scan_2.dat", image_bytes(0.0F, 399.0));
  const OpenedScans opened = open_scans({folder_}, told(), highwall::Run(1));
  EXPECT_NO_THROW(opened.source->read(0));
  EXPECT_NE(message_of([&] { opened.source->read(1); }).find("scan_2.dat"), std::string::npos);
  EXPECT_NE(message_of([&] { open_scans({write("x.dat", "twelve bytes")}, told(), highwall::Run(1)); }).find("x.dat"),
            std::string::npos);
}

TEST_F(ScanFiles, TimesInNames) {
  write("s_20250814000000.dat", image_bytes(1.0F));
  write("s_20250813235500.dat", image_bytes());
  ScanFileOptions options = told();
  options.start.clear();
  options.interval_s = 0.0;
  options.instant = "filename:%Y%m%d%H%M%S";
  EXPECT_THROW(open_scans({folder_}, options, highwall::Run(1)), Error) << "the zone is not told";
  options.time_zone = "Asia/Shanghai";
  const OpenedScans opened = open_scans({folder_}, options, highwall::Run(1));
  ASSERT_EQ(opened.source->size(), 2u);
  EXPECT_EQ(to_iso8601(opened.source->read(0).instant), "2025-08-13T15:55:00Z");
  EXPECT_EQ(to_iso8601(opened.source->read(1).instant), "2025-08-13T16:00:00Z");
}

TEST_F(ScanFiles, MapsInGeotiffFiles) {
  GridGeometry geometry;
  geometry.rows = 2;
  geometry.cols = 2;
  geometry.frame.crs = "EPSG:32719";
  const std::vector<double> map{1.0, 2.0, kNaN, 4.0};
  const std::vector<double> later{2.0, 3.0, 4.0, 5.0};
  write("b.tif", geotiff_bytes(geometry, {{"2025-08-13T00:05:00Z", "mm", &later}}, {{"SIGN", "toward_positive"}}));
  write("a.tif", geotiff_bytes(geometry, {{"2025-08-13T00:00:00Z", "mm", &map}}, {{"SIGN", "toward_positive"}}));
  ScanFileOptions options;
  const auto ask = [&] { open_scans({folder_}, options, highwall::Run(1)); };
  EXPECT_NE(message_of(ask).find("--values"), std::string::npos) << "no tag tells what the values are";
  options.values = "increments";
  EXPECT_EQ(open_scans({folder_}, options, highwall::Run(1)).source->value(), ScanValue::increment);
  options.values = "cumulative";
  const OpenedScans opened = open_scans({folder_}, options, highwall::Run(1));
  EXPECT_EQ(opened.source->value(), ScanValue::cumulative);
  ASSERT_EQ(opened.source->size(), 2u);
  EXPECT_EQ(opened.source->grid().frame.crs, "EPSG:32719");
  EXPECT_FLOAT_EQ(opened.source->read(0).displacement_m[1], 0.002F);
  EXPECT_TRUE(std::isnan(opened.source->read(0).displacement_m[2]));
  EXPECT_FLOAT_EQ(opened.source->read(1).displacement_m[2], 0.004F);
}

TEST_F(ScanFiles, TheTagOfAMapTellsWhatItsValuesAre) {
  GridGeometry geometry;
  geometry.rows = 1;
  geometry.cols = 2;
  geometry.frame.crs = "EPSG:32719";
  const std::vector<double> map{1.0, 2.0};
  const auto tagged = [&](const char* name, const char* time, const char* word) {
    write(name, geotiff_bytes(geometry, {{time, "mm", &map}}, {{"SIGN", "toward_positive"}, {"VALUES", word}}));
  };
  const auto value = [&] { return open_scans({folder_}, {}, highwall::Run(1)).source->value(); };
  tagged("a.tif", "2025-08-13T00:00:00Z", "increments");
  EXPECT_EQ(value(), ScanValue::increment);
  tagged("b.tif", "2025-08-13T00:05:00Z", "cumulative");
  EXPECT_NE(message_of([&] { value(); }).find("b.tif"), std::string::npos);
  tagged("a.tif", "2025-08-13T00:00:00Z", "cumulative");
  EXPECT_EQ(value(), ScanValue::cumulative);
  tagged("a.tif", "2025-08-13T00:00:00Z", "both");
  tagged("b.tif", "2025-08-13T00:05:00Z", "both");
  EXPECT_NE(message_of([&] { value(); }).find("VALUES"), std::string::npos);
}

TEST(StackScans, AreTheMapsOfAStack) {
  GridGeometry geometry;
  geometry.rows = 1;
  geometry.cols = 2;
  Stack stack(geometry, {Instant{0}, Instant{kNsPerHour}});
  stack.at(1)[0] = 0.5;
  stack.at(1)[1] = kNaN;
  const StackScans scans(stack);
  EXPECT_EQ(scans.value(), ScanValue::cumulative);
  EXPECT_EQ(scans.read(1).displacement_m[0], 0.5F);
  EXPECT_TRUE(std::isnan(scans.read(1).displacement_m[1]));
  const Stack twice(geometry, {Instant{0}, Instant{0}});
  EXPECT_THROW(StackScans{twice}, Error);
}

TEST(RealDataDiffImage, HasTheSizeAndBowlOfItsTruth) {
  HIGHWALL_NEED_REALDATA();
  ScanFileOptions options;
  options.start = "2025-01-01T00:00:00Z";
  options.interval_s = 300.0;
  options.sign = "toward_negative";
  options.unit = "mm";
  options.values = "increments";
  const OpenedScans opened = open_scans({realdata() / "radar/ssar_diffimage_synthetic"}, options, highwall::Run(1));
  ASSERT_EQ(opened.source->size(), 60u);
  EXPECT_EQ(opened.source->grid().rows, 80u);
  EXPECT_EQ(opened.source->grid().cols, 60u);
  EXPECT_DOUBLE_EQ(opened.source->grid().range_m.back(), 1200.0);
  // Scan 40 holds the wrap: 8.6 mm away from the radar, so negative here, in rows 34-37 and columns 36-38 only.
  const RadarScan scan = opened.source->read(40);
  for (std::size_t r = 0; r < 80; ++r) {
    for (std::size_t c = 0; c < 60; ++c) {
      const bool wrapped = r >= 34 && r < 38 && c >= 36 && c < 39;
      EXPECT_EQ(scan.displacement_m[r * 60 + c] < -0.005F, wrapped) << r << ' ' << c;
    }
  }
}

}  // namespace
}  // namespace highwall
