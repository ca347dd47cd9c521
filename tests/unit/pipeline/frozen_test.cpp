// Frozen data through the night and through `highwall warn`.
#include <gtest/gtest.h>

#include <random>

#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/calculate.hpp"
#include "bindings/pipeline/measure.hpp"
#include "bindings/pipeline/night.hpp"
#include "io/config/policy.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

const Instant kStart = *parse_iso8601("2026-03-01T00:00:00Z");

TEST(Frozen, ARadarThatSendsTheSameMapIsAFindingAndHasNoValues) {
  const auto root = test_folder();
  const Site site = parse_site(R"(schema = "highwall.site/1"
[mine]
no = "7"
time_zone = "UTC"
[frame]
crs = "EPSG:32650"
origin_m = [500000.0, 3880000.0, 0.0]
[[zone]]
id = "wall"
[[source]]
id = "radar"
kind = "radar"
crs = "local"
files = "drop/*.tif"
zone = "wall"
)",
                               root / "site.toml");
  Archive archive = Archive::open_for_writing(root / "archive", site.frame);
  GridGeometry grid;
  grid.rows = grid.cols = 20;
  std::mt19937 generator(1);
  std::normal_distribution<double> noise(0.0, 3e-4);
  std::vector<double> map(grid.cells());
  const Instant now = kStart + hours(29);
  for (int e = 0; e < 30; ++e) {
    if (e < 10) {
      for (double& v : map) v = noise(generator);
    }
    Stack stack(grid, {});
    stack.source = "radar";
    stack.push(kStart + hours(e), map);
    archive.append({"radar", kStart + hours(e), stack, {{"file", "a.tif"}, {"file_sha256", std::to_string(e)}}}, now);
  }
  NightSummary summary;
  const Measurements out = measure(site, calculation_of(site), load_zones(site), archive, now, summary, highwall::Run(1));
  ASSERT_EQ(summary.findings.size(), 1U);
  EXPECT_NE(summary.findings[0].find("source radar: its 20 newest maps, from 2026-03-01T10:00:00Z"), std::string::npos)
      << summary.findings[0];
  EXPECT_NE(summary.findings[0].find("repeat that of 2026-03-01T09:00:00Z bit for bit"), std::string::npos);
  ASSERT_FALSE(out.targets.at("wall").empty());
  EXPECT_TRUE(std::isnan(out.targets.at("wall")[0].series.value_m.back()));
  EXPECT_TRUE(std::isnan(out.maps.at(0).line_of_sight.velocity_m_per_day[0]));
  std::filesystem::remove_all(root);
}

TEST(Frozen, AFrozenBaseIsNamedAsSuch) {
  const auto root = test_folder();
  const Site site = parse_site(R"(schema = "highwall.site/1"
[mine]
no = "7"
time_zone = "UTC"
[frame]
crs = "EPSG:32650"
origin_m = [500000.0, 3880000.0, 0.0]
[[zone]]
id = "wall"
[[source]]
id = "gnss"
kind = "gnss"
files = "drop/*.pos"
reference = "BASE"
zone = "wall"
)",
                               root / "site.toml");
  Archive archive = Archive::open_for_writing(root / "archive", site.frame);
  std::mt19937 generator(1);
  std::normal_distribution<double> noise(0.0, 2e-3);
  const Instant now = kStart + hours(239);
  std::vector<TimeSeries> stations;
  for (const std::string name : {"BASE", "R1"}) {
    TimeSeries s;
    s.target = name;
    s.kind = SensorKind::gnss;
    s.components = {"east", "north", "up"};
    for (int h = 0; h < 240; ++h) {
      const std::size_t n = s.size();
      if (name == "BASE" && h >= 200) {
        s.push(kStart + hours(h), {s.value(n - 1, 0), s.value(n - 1, 1), s.value(n - 1, 2)});
      } else {
        s.push(kStart + hours(h), {noise(generator), noise(generator), noise(generator)});
      }
    }
    stations.push_back(s);
  }
  archive.append({"gnss", kStart, stations, {{"file", "a.pos"}, {"file_sha256", "1"}}}, now);
  NightSummary summary;
  const Measurements out = measure(site, calculation_of(site), load_zones(site), archive, now, summary, highwall::Run(1));
  ASSERT_EQ(summary.findings.size(), 1U);
  EXPECT_NE(summary.findings[0].find("source gnss: its reference BASE repeats the same value bit for bit since 2026-03-09T07"),
            std::string::npos)
      << summary.findings[0];
  ASSERT_EQ(out.targets.at("wall").size(), 1U);
  const auto& doubts = out.targets.at("wall")[0].doubts;
  ASSERT_EQ(doubts.size(), 1U);
  EXPECT_NE(doubts[0].find("the reference BASE is frozen there"), std::string::npos) << doubts[0];
  std::filesystem::remove_all(root);
}

TEST(Frozen, BareWarnTreatsASeriesLikeTheNight) {
  std::mt19937 generator(1);
  std::normal_distribution<double> noise(0.0, 3e-4);
  TimeSeries s;
  s.target = "E1";
  s.kind = SensorKind::extensometer;
  for (int h = 0; h < 480; ++h) s.push(kStart + hours(h), {h < 288 ? noise(generator) : s.value_m.back()});
  const History h = judge_files({s}, load_policy({}), {}, highwall::Run(1)).at(0);
  EXPECT_EQ(h.entries.back().health, Health::silent);
  ASSERT_FALSE(h.doubts.empty());
  EXPECT_NE(h.doubts[0].find("frozen"), std::string::npos);
}

}  // namespace
}  // namespace highwall
