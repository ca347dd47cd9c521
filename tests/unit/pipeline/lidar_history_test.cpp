#include "bindings/pipeline/lidar_history.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "bindings/pipeline/lidar_change.hpp"
#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class History : public testing::Test {
 protected:
  void SetUp() override { root_ = test_folder(); }
  void TearDown() override { fs::remove_all(root_); }
  Archive archive() { return Archive::open_for_writing(root_ / "archive", Frame{}); }

  static LidarHistory two_epochs() {
    TimeSeries s;
    s.target = "0/scan/+0001+0002";
    s.kind = SensorKind::lidar;
    s.components = {"across_wall", "up"};
    s.push(Instant{}, {0.0, 0.0}, {1e-3, 1e-3});
    s.push(Instant{} + days(1), {0.1, kNaN}, {2e-3, kNaN});
    s.push(Instant{} + days(2), {1.0 / 3.0, -0.2}, {2e-3, 3e-3});
    return {"inputs", {"m3c2-a", "m3c2-b"}, {s}, {"m3c2-b"}};
  }

  fs::path root_;
};

TEST_F(History, ComesBackBitForBit) {
  Archive a = archive();
  write_history(a, "scan", two_epochs());
  const LidarHistory read = read_history(a, "scan");
  EXPECT_EQ(read.fields, two_epochs().fields);
  EXPECT_EQ(read.unheld, std::vector<std::string>{"m3c2-b"});
  ASSERT_EQ(read.patches.size(), 1U);
  EXPECT_EQ(read.patches[0].time, two_epochs().patches[0].time);
  EXPECT_EQ(read.patches[0].value(2, 0), 1.0 / 3.0);
  EXPECT_TRUE(std::isnan(read.patches[0].value(1, 1)));
}

TEST_F(History, AListThatForgotWhatNoGroundHoldsIsNone) {
  Archive a = archive();
  write_history(a, "scan", two_epochs());
  const fs::path list = root_ / "archive" / "history" / "scan.json";
  std::string text = read_whole(list);
  const std::string unheld = "\"unheld\": [\n  \"m3c2-b\"\n ]";
  ASSERT_NE(text.find(unheld), std::string::npos) << text;
  text.replace(text.find(unheld), unheld.size(), "\"unheld\": []");
  std::ofstream(list, std::ios::trunc) << text;
  EXPECT_TRUE(read_history(a, "scan").fields.empty()) << "an epoch would be as good as any other";
}

TEST_F(History, TablesOfOtherNamesThanOursAreNone) {
  Archive a = archive();
  write_change(a, "change-x", {{"change.txt", "none"}, {"zones.csv", "zone"}});
  EXPECT_EQ(read_change(a, "change-x")->size(), 2U);
  write_change(a, "change-x", {{"change.txt", "none"}, {"/../../../elsewhere", "x"}});
  EXPECT_FALSE(read_change(a, "change-x").has_value());
}

TEST_F(History, KnowsWhatBothListsHaveInCommonFromTheStart) {
  const LidarHistory h = two_epochs();
  EXPECT_EQ(h.known("inputs", {"m3c2-a", "m3c2-b", "m3c2-c"}), 2U);
  EXPECT_EQ(h.known("inputs", {"m3c2-a"}), 1U) << "a night that looks back";
  EXPECT_EQ(h.known("inputs", {"m3c2-a", "m3c2-x", "m3c2-b"}), 1U) << "an epoch that came late";
  EXPECT_EQ(h.known("others", {"m3c2-a", "m3c2-b"}), 0U);
}

TEST_F(History, DamagedOrOfAnotherNightIsNone) {
  Archive a = archive();
  EXPECT_TRUE(read_history(a, "scan").fields.empty());
  write_history(a, "scan", two_epochs());
  const fs::path series = root_ / "archive" / "products" / "history-scan.h5";
  fs::copy_file(series, root_ / "older.h5");
  LidarHistory longer = two_epochs();
  longer.fields.push_back("m3c2-c");
  longer.patches[0].push(Instant{} + days(3), {0.5, 0.5}, {1e-3, 1e-3});
  write_history(a, "scan", longer);
  EXPECT_EQ(read_history(a, "scan").fields.size(), 3U);
  fs::copy_file(root_ / "older.h5", series, fs::copy_options::overwrite_existing);
  EXPECT_TRUE(read_history(a, "scan").fields.empty()) << "list and series of two nights";
  std::ofstream(series, std::ios::trunc) << "no HDF5";
  EXPECT_TRUE(read_history(a, "scan").fields.empty());
  std::ofstream(root_ / "archive" / "history" / "scan.json", std::ios::trunc) << "{";
  EXPECT_TRUE(read_history(a, "scan").fields.empty());
}

TEST_F(History, CoreSeriesOfASourceThatNoNightHasComparedSayWhatToDo) {
  try {
    core_series_of(archive(), "scan", CoreValue::m3c2, highwall::Run(1));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_NE(std::string(e.what()).find("highwall run"), std::string::npos);
  }
}

}  // namespace
}  // namespace highwall
