// Parameter files of CloudCompare's M3C2: their scales are diameters.
#include "io/config/cloudcompare.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

std::filesystem::path file_with(const std::string& text) {
  const auto folder = test_folder();
  std::filesystem::create_directories(folder);
  const auto path = folder / "params.txt";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

const OptionValue* value_of(const CloudCompareM3c2& read, const std::string& name) {
  for (const GivenOption& o : read.options) {
    if (o.name == name) return &o.value;
  }
  return nullptr;
}

std::string message_of(const std::string& text) {
  try {
    static_cast<void>(read_cloudcompare_m3c2(file_with(text)));
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

TEST(CloudCompareM3c2, DiametersBecomeRadii) {
  const CloudCompareM3c2 read = read_cloudcompare_m3c2(file_with(
      "[General]\r\nM3C2VER=1\r\nNormalScale=2\r\nNormalMode=0\r\nNormalPreferedOri=5\r\nSearchScale=1\r\nSearchDepth=3\r\n"
      "RegistrationError=0.02\r\nRegistrationErrorEnabled=true\r\nUseSinglePass4Depth=true\r\nUseMedian=true\r\n"
      "UseMinPoints4Stat=true\r\nMinPoints4Stat=7\r\nSubsampleEnabled=true\r\n"));
  EXPECT_EQ(std::get<double>(*value_of(read, "normal_radius_m")), 1.0);
  EXPECT_EQ(std::get<double>(*value_of(read, "cylinder_radius_m")), 0.5);
  EXPECT_EQ(std::get<double>(*value_of(read, "half_length_m")), 3.0);
  EXPECT_EQ(std::get<double>(*value_of(read, "registration_error_m")), 0.02);
  EXPECT_EQ(std::get<std::string>(*value_of(read, "statistic")), "median");
  EXPECT_EQ(std::get<std::int64_t>(*value_of(read, "min_points")), 7);
  EXPECT_EQ(std::get<bool>(*value_of(read, "progressive")), false);
  EXPECT_EQ(std::get<std::vector<double>>(*value_of(read, "up")), (std::vector<double>{0.0, 0.0, -1.0}));
  EXPECT_EQ(read.notes.size(), 1U);
}

TEST(CloudCompareM3c2, SeveralScalesAndModes) {
  const auto scales =
      read_cloudcompare_m3c2(file_with("M3C2VER=1\nNormalMode=2\nNormalMinScale=1\nNormalStep=0.5\nNormalMaxScale=2\n"));
  EXPECT_EQ(std::get<std::vector<double>>(*value_of(scales, "normal_radii_m")), (std::vector<double>{0.5, 0.75, 1.0}));
  EXPECT_EQ(std::get<bool>(*value_of(scales, "progressive")), true);
  const auto level = read_cloudcompare_m3c2(file_with("M3C2VER=1\nNormalMode=4\n"));
  EXPECT_EQ(std::get<std::string>(*value_of(level, "normals")), "horizontal");
}

TEST(CloudCompareM3c2, WhatIsWrongIsToldWithItsLine) {
  EXPECT_NE(message_of("NormalScale=2\n").find("M3C2VER"), std::string::npos);
  EXPECT_NE(message_of("M3C2VER=1\nNormalScale=two\n").find("params.txt:2"), std::string::npos);
  EXPECT_NE(message_of("M3C2VER=1\nnonsense\n").find("params.txt:2"), std::string::npos);
  EXPECT_NE(message_of("M3C2VER=1\nNormalMode=1\n").find("NormalMode"), std::string::npos);
  EXPECT_NE(message_of("M3C2VER=1\nNormalPreferedOri=6\n").find("barycentre"), std::string::npos);
  EXPECT_NE(message_of("M3C2VER=1\nUsePrecisionMaps=true\n").find("precision maps"), std::string::npos);
  EXPECT_NE(message_of("M3C2VER=1\nNormalMode=2\nNormalMinScale=1\nNormalStep=1e-9\nNormalMaxScale=2\n").find("scales"),
            std::string::npos);
  EXPECT_NE(message_of("").find("M3C2VER"), std::string::npos);
}

}  // namespace
}  // namespace highwall
