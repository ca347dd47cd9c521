#include "io/config/site.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr std::string_view kHead = R"(schema = "highwall.site/1"
[mine]
no = "1"
time_zone = "Asia/Shanghai"
)";

std::string message_of(const std::string& text) {
  try {
    parse_site(text, "/mine/site.toml");
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    return e.what();
  }
  return {};
}

TEST(Site, ReadsSourcesZonesAndPublishers) {
  const Site site = parse_site(std::string(kHead) + R"(
[frame]
crs = "EPSG:4548"
vertical = "EPSG:5737"
origin_m = [512000.0, 3880000, 80.0]
box_m = [[-2000, -2000, -400], [2000, 2000, 600]]
[[source]]
id = "radar_north"
kind = "radar"
files = "drop/radar/*.csv"
quiet = ["2025-08-13T00:00:00Z", "2025-08-17T00:00:00Z"]
zone = "north"
[[source]]
id = "gnss"
kind = "gnss"
files = "drop/gnss/*.csv"
[source.columns]
time = "date"
[[zone]]
id = "north"
quorum = { targets = 3, area_m2 = 150 }
[[event]]
kind = "blast"
at = 2025-09-25T18:00:00Z
[calculate]
m3c2 = { normal_radius_m = 1.0 }
[publish]
heartbeat_h = 12
[[publish.to]]
name = "folder"
transport = "folder"
dir = "feed"
)",
                               "/mine/site.toml");
  ASSERT_EQ(site.sources.size(), 2U);
  EXPECT_EQ(site.sources[0].quiet_periods.size(), 1U);
  EXPECT_EQ(site.sources[1].columns.time, "date");
  EXPECT_EQ(site.zones[0].quorum_targets, 3);
  EXPECT_EQ(site.zones[0].quorum_area_m2, 150.0);
  EXPECT_EQ(site.frame.origin_m[1], 3880000.0);
  EXPECT_EQ(to_iso8601(site.events[0].instant), "2025-09-25T18:00:00Z");
  EXPECT_EQ(site.calculate.at("m3c2").at(0).name, "normal_radius_m");
  EXPECT_EQ(site.publish.to[0].dir, "feed");
  EXPECT_EQ(site.resolve("drop"), "/mine/drop");
}

TEST(Site, UnknownKeysNameLineColumnAndTheNearestKey) {
  const std::string m = message_of(std::string(kHead) + "[paths]\nachive = \"a\"\n");
  EXPECT_NE(m.find("site.toml:6:"), std::string::npos) << m;
  EXPECT_NE(m.find("\"archive\""), std::string::npos) << m;
}

TEST(Site, RefusesWhatCannotBeMeant) {
  const std::string head(kHead);
  EXPECT_NE(message_of("schema = \"highwall.site/9\"\n"), "");
  EXPECT_NE(message_of("schema = \"highwall.site/1\"\n"), "");  // no mine
  EXPECT_NE(message_of(head + "[[source]]\nid = \"a\"\nkind = \"sonar\"\nfiles = \"x\"\n"), "");
  EXPECT_NE(message_of(head + "[[source]]\nid = \"a\"\nkind = \"radar\"\nfiles = \"x\"\nzone = \"z\"\n"), "");
  EXPECT_NE(message_of(head + "[[zone]]\nid = \"a\"\n[[zone]]\nid = \"a\"\n"), "");
  EXPECT_NE(message_of(head + "[[zone]]\nid = \"../a\"\n"), "");
  EXPECT_NE(message_of(head + "[frame]\ncrs = \"local\"\nbox_m = [[1, 1, 1], [0, 2, 2]]\n"), "");
  EXPECT_NE(message_of(head + "[[event]]\nkind = \"blast\"\nat = \"2025-09-25T18:00:00\"\n"), "");
  EXPECT_NE(message_of(head + "[output]\nproducts = [\"dxf\"]\n"), "");
  EXPECT_NE(message_of("schema = "), "");
  EXPECT_NE(message_of(head + "[[source]]\nid = \"a\"\nkind = \"radar\"\nfiles = \"x\"\n"
                              "quiet = [\"2025-08-17T00:00:00Z\", \"2025-08-13T00:00:00Z\"]\n"), "");
}

}  // namespace
}  // namespace highwall
