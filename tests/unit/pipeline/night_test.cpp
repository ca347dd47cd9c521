#include "bindings/pipeline/night.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "bindings/pipeline/carry.hpp"
#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/outbox.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class NightTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder();
    fs::create_directories(root_ / "drop");
    put("site.toml", R"(schema = "highwall.site/1"
[mine]
no = "7"
name = "Test pit"
time_zone = "UTC"
[frame]
crs = "EPSG:32650"
origin_m = [500000.0, 3880000.0, 0.0]
[output]
products = ["png"]
[[zone]]
id = "wall"
[[source]]
id = "crack"
kind = "extensometer"
files = "drop/*.csv"
zone = "wall"
)");
    put("drop/E1.csv", "time,displacement_mm\n2026-03-01T00:00:00Z,0.1\n2026-03-01T01:00:00Z,0.2\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const std::string& name, const std::string& text) const { std::ofstream(root_ / name) << text; }
  fs::path program(const std::string& text) const {
    put("python", "#!/bin/sh\n" + text);
    ::chmod((root_ / "python").c_str(), 0755);
    return root_ / "python";
  }
  NightSummary night(const fs::path& python, double deadline_s) const {
    NightOptions options;
    options.now = *parse_iso8601("2026-03-02T00:00:00Z");
    options.settle = false;
    options.python = python;
    options.pictures_deadline_s = deadline_s;
    return run_night(read_site(root_ / "site.toml"), options, highwall::Run(1));
  }

  fs::path root_;
};

TEST_F(NightTest, PicturesThatFailAreAFindingWithTheirLastWords) {
  const NightSummary summary = night(program("echo out/picture.png\necho trouble >&2\necho 'no display' >&2\nexit 3\n"), 60.0);
  ASSERT_EQ(summary.findings.size(), 1U);
  EXPECT_EQ(summary.findings[0], "no pictures: python -m highwall.quicklook ended with status 3: no display");
  EXPECT_NE(read_whole(root_ / "out" / "night.json").find("no display"), std::string::npos);
}

TEST_F(NightTest, PicturesThatHangAreEnded) {
  const NightSummary summary = night(program("sleep 300 &\nwait\n"), 0.2);
  ASSERT_EQ(summary.findings.size(), 1U);
  EXPECT_EQ(summary.findings[0], "no pictures: python -m highwall.quicklook was ended after 0.2 s");
}

TEST_F(NightTest, OnlyTheNightsOwnFolderIsSweptOfOurOwnLeftovers) {
  fs::create_directories(root_ / "out" / "20260302T000000Z");
  const std::string left = "out/20260302T000000Z/series.csv" + std::string(kTemporarySuffix);
  put(left, "half");
  put("out/20260302T000000Z/mine.tmp", "mine");
  put("out/mine.tmp", "mine");
  night(program("exit 0\n"), 60.0);
  EXPECT_FALSE(fs::exists(root_ / left));
  EXPECT_TRUE(fs::exists(root_ / "out/20260302T000000Z/mine.tmp"));
  EXPECT_TRUE(fs::exists(root_ / "out/mine.tmp"));
}

TEST_F(NightTest, ADamagedActIsAFindingOfEachNight) {
  fs::create_directories(root_ / "archive" / "acts");
  put("archive/acts/20260301T000000Z-000000000000.json", "not json");
  for (int i = 0; i < 2; ++i) {
    const NightSummary summary = night(program("exit 0\n"), 60.0);
    ASSERT_EQ(summary.findings.size(), 1U);
    EXPECT_NE(summary.findings[0].find("20260301T000000Z-000000000000.json"), std::string::npos) << summary.findings[0];
  }
}

TEST_F(NightTest, ADamagedFieldIsComputedAgainAndNamed) {
  const RoughSlope slope{30.0, 0.2};  // Enough places at rest to calibrate on.
  for (const int day : {1, 2}) {
    std::string text;
    const Points points = slope.scan(static_cast<std::uint64_t>(day));
    for (Eigen::Index i = 0; i < points.rows(); ++i)
      text += fmt::format("{:.4f} {:.4f} {:.4f}\n", points(i, 0) + 100.0, points(i, 1) + 100.0, points(i, 2) + 100.0);
    put(fmt::format("drop/2026030{}.xyz", day), text);
  }
  std::ofstream(root_ / "site.toml", std::ios::app) << R"([[source]]
id = "scan"
kind = "lidar"
files = "drop/*.xyz"
instant = ["filename:%Y%m%d"]
crs = "local"
zone = "wall"
unit = "m"
[calculate]
register = { coarse = "none" }
cores = { spacing_m = 1.0 }
m3c2 = { scanner_m = [0.0, 115.0, 150.0] }
)";
  const auto night_of = [&] { return night(program("exit 0\n"), 60.0); };
  const NightSummary first = night_of();
  EXPECT_TRUE(first.findings.empty()) << first.findings.front();
  fs::path field;
  for (const auto& kept : fs::directory_iterator(root_ / "archive" / "products")) {
    if (kept.path().filename().string().starts_with("m3c2-")) field = kept.path();
  }
  ASSERT_FALSE(field.empty()) << "no field was kept";
  const std::string good = read_whole(field);
  std::string flipped = good;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
  for (const std::string& bytes : {std::string("garbage"), std::string(), good.substr(0, good.size() / 2), flipped}) {
    std::ofstream(field, std::ios::binary) << bytes;
    const NightSummary summary = night_of();
    ASSERT_EQ(summary.findings.size(), 1U);
    EXPECT_NE(summary.findings[0].find(field.filename().string()), std::string::npos) << summary.findings[0];
    EXPECT_EQ(read_whole(field), good);
    EXPECT_EQ(summary.states.size(), first.states.size());
  }
  EXPECT_TRUE(night_of().findings.empty());
}

LampEntry entry(Instant at, Level level, Health health) {
  LampEntry e;
  e.at = at;
  e.level = e.unlatched = level;
  e.health = health;
  return e;
}

TEST(CarryToldStates, KeepsLevelsThatNoDataCanSpeakFor) {
  const Instant now = *parse_iso8601("2026-03-02T00:00:00Z");
  ZoneHistories wall;
  wall.zone = "wall";
  wall.own.target = "wall";
  wall.targets.push_back({});
  wall.targets[0].target = "alive";
  wall.targets[0].entries = {entry(now - hours(1), Level::none, Health::live)};
  wall.own.entries = wall.targets[0].entries;
  std::vector<ZoneHistories> histories{wall};
  carry_told_states({{"wall", Level::red, Health::live, kNoInstant, ""},
                     {"alive", Level::yellow, Health::live, now - hours(2), "wall"},
                     {"gone", Level::red, Health::live, now - hours(3), "wall"},
                     {"elsewhere", Level::none, Health::live, kNoInstant, ""}},
                    now, histories);
  ASSERT_EQ(histories.size(), 2U);
  ASSERT_EQ(histories[0].targets.size(), 2U);
  // What is measured speaks for itself; what is not keeps its level and is silent.
  EXPECT_EQ(histories[0].targets[0].entries.back().level, Level::none);
  EXPECT_EQ(histories[0].targets[1].target, "gone");
  EXPECT_EQ(histories[0].targets[1].entries.back().level, Level::red);
  EXPECT_EQ(histories[0].targets[1].entries.back().health, Health::silent);
  EXPECT_EQ(histories[0].own.entries.back().level, Level::red);
  EXPECT_EQ(histories[0].own.entries.back().health, Health::degraded);
  EXPECT_EQ(histories[1].targets[0].entries.back().health, Health::silent);
}

TEST(Heartbeat, IsDueWhenTheLastOneHasNoTime) {
  Posted last;
  last.published_time = kNoInstant;
  const Instant now = *parse_iso8601("2026-03-02T00:00:00Z");
  EXPECT_TRUE(heartbeat_due(last, now, 24.0));
  last.published_time = now - hours(11);  // At midnight a new interval begins, but not half of one has gone by.
  EXPECT_FALSE(heartbeat_due(last, now, 24.0));
  last.published_time = now - hours(24);
  EXPECT_TRUE(heartbeat_due(last, now, 24.0));
}

}  // namespace
}  // namespace highwall
