// The message as it goes out: the shipped example is what the program makes of this fixed case.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/feeds/feed.hpp"

namespace highwall {
namespace {

using nlohmann::json;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

WarningMessage fixed_case() {
  WarningMessage m;
  m.mine_no = "370481000001";
  m.slope_no = "0101";
  m.stream = "wedge";
  m.msg_type = "update";
  m.episode_start = *parse_iso8601("2026-06-28T04:00:00Z");
  m.event_time = *parse_iso8601("2026-07-01T01:10:00Z");
  m.detected_time = m.published_time = *parse_iso8601("2026-07-01T01:30:00Z");
  m.time_zone = "Asia/Shanghai";
  m.level = Level::orange;
  m.previous_level = Level::yellow;
  m.health = Health::degraded;
  m.explanation = "wedge is orange, data degraded: velocity_24h_orange gives 36.5 +- 1.1 mm_per_day over 24h against 10.";
  m.evidence = {{"velocity_24h_orange",
                 36.5,
                 1.125,
                 10.0,
                 "mm_per_day",
                 "24h",
                 {"20260625T000000Z-gnss-1a2b3c4d", "20260701T011000Z-gnss-5e6f7a8b"},
                 std::string(64, 'c'),
                 "GB 51214-2017 commentary 12.3.3: mean displacement rate > 10 mm/d"}};
  m.quantities = {{"velocity_24h_mm_per_day", 36.5, 1.125, 10.0}};
  m.area_m2 = 400.0;
  m.duration_h = 69.0 + 1.0 / 6.0;
  m.quality = {{"degraded"}, 0.5, 1.125};
  m.equip_nos = {"gnss/G01", "radar_map"};
  m.contributions = {
      {"gnss/G01", Level::orange, Health::live, "velocity_24h_orange", 36.5, 1.125, 10.0, "mm_per_day", kNaN},
      {"radar_map/-0007+0007", Level::orange, Health::stale, "velocity_24h_orange", 31.0, 0.5, 10.0, "mm_per_day", 400.0}};
  m.targets_total = 4;
  m.files = {{"drop/gnss/G01.pos", std::string(64, 'd')}};
  m.outline_lon_lat = {{{{117.13, 35.05}, {117.132, 35.05}, {117.132, 35.052}, {117.13, 35.05}}},
                       {{{117.14, 35.05}, {117.142, 35.05}, {117.142, 35.052}, {117.14, 35.05}}}};
  m.outline_m = {{{{511860.0, 3880140.0}, {512043.0, 3880140.0}, {512043.0, 3880362.0}, {511860.0, 3880140.0}}},
                 {{{512773.0, 3880140.0}, {512955.0, 3880140.0}, {512955.0, 3880362.0}, {512773.0, 3880140.0}}}};
  m.crs = "EPSG:4548";
  m.policy_id = "highwall-default";
  m.policy_version = "2026-11-24";
  m.policy_sha256 = std::string(64, 'c');
  m.unconfirmed = {"velocity_24h_orange"};
  m.config_sha256 = std::string(64, 'e');
  return m;
}

std::string shipped() {
  std::ifstream file(std::string(HIGHWALL_SOURCE_DIR) + "/io/feeds/envelope.example.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Envelope, TheShippedExampleIsWhatIsSent) {
  const std::string text = envelope_text(fixed_case(), 3, 128, std::string(64, 'f'));
  if (const char* path = std::getenv("HIGHWALL_WRITE_EXAMPLE")) std::ofstream(path) << text;
  EXPECT_EQ(text, shipped());
}

TEST(Envelope, PartsBecomeAMultiPolygonAndOnePartAPolygonWithItsHole) {
  WarningMessage m = fixed_case();
  json j = json::parse(envelope_text(m, 1, 1, ""));
  EXPECT_EQ(j["geometry"]["type"], "MultiPolygon");
  ASSERT_EQ(j["geometry"]["coordinates"].size(), 2u);
  EXPECT_EQ(j["geometry"]["coordinates"][1].size(), 1u) << "the second part is no hole of the first";
  EXPECT_EQ(j["geometry_local"]["crs"], "EPSG:4548");
  m.outline_lon_lat = {
      {m.outline_lon_lat[0][0], {{117.1301, 35.0501}, {117.1302, 35.0501}, {117.1302, 35.0502}, {117.1301, 35.0501}}}};
  j = json::parse(envelope_text(m, 1, 1, ""));
  EXPECT_EQ(j["geometry"]["type"], "Polygon");
  EXPECT_EQ(j["geometry"]["coordinates"].size(), 2u);
}

TEST(Envelope, ATargetHasAPointAndWhatIsNotKnownIsNull) {
  WarningMessage m = fixed_case();
  m.is_zone = false;
  m.outline_lon_lat.clear();
  m.outline_m.clear();
  m.place_lon_lat = {117.13, 35.05};
  m.quantities = {{"velocity_24h_mm_per_day", kNaN, kNaN, kNaN}};
  m.area_m2 = m.duration_h = m.quality.coverage = m.quality.uncertainty_mm = kNaN;
  const json j = json::parse(envelope_text(m, 1, 1, ""));
  EXPECT_EQ(j["geometry"]["type"], "Point");
  EXPECT_TRUE(j["geometry_local"].is_null());
  EXPECT_TRUE(j["values"]["velocity_24h_mm_per_day"].is_null());
  EXPECT_TRUE(j["thresholds"]["velocity_24h_mm_per_day"].is_null());
  EXPECT_TRUE(j["area_m2"].is_null());
  EXPECT_TRUE(j["duration_h"].is_null());
  EXPECT_FALSE(j.contains("targets"));
}

TEST(Envelope, AHeartbeatListsZonesAndSourcesInFullAndTargetsInBrief) {
  WarningMessage m = fixed_case();
  m.msg_type = "heartbeat";
  m.stream = "heartbeat";
  m.outline_lon_lat.clear();
  m.states = {{"wedge", Level::red, Health::degraded, m.event_time, "", true},
              {"gnss/G01", Level::red, Health::live, m.event_time, "wedge", false},
              {"gnss/G09", Level::none, Health::silent, kNoInstant, "", false}};
  m.sources = {{"gnss", "gnss", Health::degraded, m.event_time, 2}};
  const json j = json::parse(envelope_text(m, 1, 1, ""));
  ASSERT_EQ(j["states"].size(), 1u);
  EXPECT_EQ(j["states"][0]["name"], "wedge");
  EXPECT_EQ(j["target_states"]["wedge"]["gnss/G01"], json::array({"red", "live", "2026-07-01T09:10:00+08:00"}));
  EXPECT_EQ(j["target_states"][""]["gnss/G09"], json::array({"none", "silent", nullptr}));
  EXPECT_EQ(j["sources"][0]["targets"], 2);
  EXPECT_FALSE(j.contains("targets"));
}

TEST(Envelope, TheGeoJsonFeatureCarriesTheSameParts) {
  const json j = json::parse(feed_of("geojson").translate(envelope_text(fixed_case(), 1, 1, "")));
  EXPECT_EQ(j["type"], "Feature");
  EXPECT_EQ(j["geometry"]["type"], "MultiPolygon");
  EXPECT_FALSE(j["properties"].contains("geometry"));
}

}  // namespace
}  // namespace highwall
