#include "io/config/site.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.hpp"
#include "tests/support/folder.hpp"

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
  EXPECT_EQ(site.sources[1].time_column, "date");
  EXPECT_EQ(site.zones[0].quorum.targets, 3);
  EXPECT_EQ(site.zones[0].quorum.area_m2, 150.0);
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
  EXPECT_NE(message_of(head + "[[zone]]\nid = \"gnss/G01\"\n"), "");  // the name of a target
  EXPECT_NE(message_of(head + "[[zone]]\nid = \"heartbeat\"\n"), "");
  EXPECT_NE(message_of(head + "[frame]\ncrs = \"local\"\nbox_m = [[1, 1, 1], [0, 2, 2]]\n"), "");
  EXPECT_NE(message_of(head + "[[event]]\nkind = \"blast\"\nat = \"2025-09-25T18:00:00\"\n"), "");
  EXPECT_NE(message_of(head + "[output]\nproducts = [\"dxf\"]\n"), "");
  EXPECT_NE(message_of("schema = "), "");
  EXPECT_NE(message_of(head + "[[source]]\nid = \"a\"\nkind = \"radar\"\nfiles = \"x\"\n"
                              "quiet = [\"2025-08-17T00:00:00Z\", \"2025-08-13T00:00:00Z\"]\n"),
            "");
}

TEST(Site, ControlCharactersAreRefusedWithTheirLine) {
  const auto refused = [](const std::string& text, const std::string& line, const std::string& shown) {
    const std::string message = message_of(text);
    EXPECT_NE(message.find("site.toml:" + line), std::string::npos) << message;
    EXPECT_NE(message.find(shown), std::string::npos) << message;
  };
  refused("schema = \"highwall.site/1\"\n[mine]\nno = \"1\\n2\"\ntime_zone = \"UTC\"\n", "3", "1%0A2");
  refused(std::string(kHead) + "[[zone]]\nid = \"wa\\tll\"\n", "6", "wa%09ll");
  refused(std::string(kHead) + "[[zone]]\nid = \"wa\\u0085ll\"\n", "6", "wa%C2%85ll");
  for (const std::string key : {"topic", "state_topic"}) {
    refused(std::string(kHead) + "[[publish.to]]\nname = \"m\"\ntransport = \"mqtt\"\n" + key + " = \"a\\u0000/{zone}\"\n", "8",
            "a%00");
  }
}

TEST(Site, TheFrameCountsInMetres) {
  const std::string frame = std::string(kHead) + "[frame]\ncrs = ";
  EXPECT_EQ(message_of(frame + "\"EPSG:4548\"\nvertical = \"EPSG:5737\"\n"), "");
  EXPECT_NE(message_of(frame + "\"EPSG:2227\"\n").find("metres"), std::string::npos);  // US survey feet
  EXPECT_NE(message_of(frame + "\"EPSG:4326\"\n").find("metres"), std::string::npos);  // degrees
  EXPECT_NE(message_of(frame + "\"EPSG:26910\"\nvertical = \"EPSG:6360\"\n").find("heights"), std::string::npos);
  EXPECT_NE(message_of(frame + "\"EPSG:26910+6360\"\n").find("heights"), std::string::npos);
  EXPECT_NE(message_of(frame + "\"EPSG:26910+5703\"\nvertical = \"EPSG:5773\"\n").find("one of them"), std::string::npos);
  EXPECT_NE(message_of(frame + "\"EPSG:999999\"\n"), "");
  const Site site = parse_site(frame + "\"EPSG:26910+5703\"\n", "/mine/site.toml");
  EXPECT_EQ(site.frame.crs, "EPSG:26910");
  EXPECT_EQ(site.frame.vertical, "EPSG:5703");
}

TEST(Site, ReaderOptionsAreKeysOfTheirSource) {
  const Site site = parse_site(std::string(kHead) + R"(
[[source]]
id = "a"
kind = "extensometer"
files = "drop/*.csv"
unit = "mm"
vertical = "EPSG:5737"
time_pattern = "%d-%m-%Y"
max_rejected_share = 0.1
[source.columns]
time = "when"
displacement = "how much"
[[source]]
id = "b"
kind = "gnss"
files = "drop/*.pos"
time_zone = "UTC"
reference_llh = [36.0, 117.0, 100]
)",
                               "/mine/site.toml");
  const ReadOptions& a = site.sources[0];
  EXPECT_EQ(a.time_pattern, "%d-%m-%Y");
  EXPECT_EQ(a.max_rejected_share, 0.1);
  EXPECT_EQ(a.vertical, "EPSG:5737");
  EXPECT_EQ(a.time_column, "when");
  EXPECT_EQ(a.displacement_column, "how much");
  EXPECT_EQ(a.time_zone, "Asia/Shanghai");  // Left out: the mine's.
  EXPECT_EQ(site.sources[1].time_zone, "UTC");
  EXPECT_EQ(site.sources[1].reference_llh[1], 117.0);
}

TEST(Site, WhatTheNightDecidesIsNoKeyOfASource) {
  const std::string source = std::string(kHead) + "[[source]]\nid = \"a\"\nkind = \"radar\"\nfiles = \"x\"\n";
  EXPECT_EQ(message_of(source), "");
  for (const char* key : {"strict = false", "origin_m = [0, 0, 0]", "time_column = \"t\"", "units = \"source\"",
                          "format = \"dxf\"", "kind = \"unknown\"", "reference_llh = [1, 2]", "time_zone = \"Mars/Base\""}) {
    const std::string text = std::string(key).starts_with("kind")
                                 ? std::string(kHead) + "[[source]]\nid = \"a\"\nfiles = \"x\"\n" + key + "\n"
                                 : source + key + "\n";
    EXPECT_NE(message_of(text), "") << key;
  }
  EXPECT_EQ(message_of(source + "crs = \"local\"\nunits = \"source\"\n"), "");
  EXPECT_NE(message_of(std::string(kHead) + "[[source]]\nid = \"a\"\nfiles = \"x\"\n"), "");  // no kind
}

TEST(Site, NothingIsWrittenIntoTheDropFolder) {
  const std::string head(kHead);
  EXPECT_NE(message_of(head + "[paths]\ndrop = \"in\"\narchive = \"in/archive\"\n").find("drop folder"), std::string::npos);
  EXPECT_NE(message_of(head + "[paths]\ndrop = \"in\"\noutput = \"./in\"\n"), "");
  EXPECT_NE(message_of(head + "[[publish.to]]\nname = \"a\"\ntransport = \"folder\"\ndir = \"drop/feed\"\n"), "");
  EXPECT_EQ(message_of(head + "[paths]\ndrop = \"in\"\narchive = \"in2\"\n"), "");
}

TEST(Site, TheArchiveHasAFolderOfItsOwn) {
  const std::string head(kHead);
  EXPECT_NE(message_of(head + "[paths]\noutput = \"archive\"\n").find("lies in the archive"), std::string::npos);
  EXPECT_NE(message_of(head + "[paths]\noutput = \"archive/feed/..\"\n").find("lies in the archive"), std::string::npos);
  EXPECT_NE(message_of(head + "[paths]\narchive = \"out/archive\"\n").find("folder of its own"), std::string::npos);
  const std::string feed = "[[publish.to]]\nname = \"a\"\ntransport = \"folder\"\ndir = ";
  EXPECT_NE(message_of(head + feed + "\"archive/feed\"\n").find("lies in the archive"), std::string::npos);
  EXPECT_EQ(message_of(head + feed + "\"output/feed\"\n"), "");
  EXPECT_EQ(message_of(head + "[paths]\noutput = \"archive2\"\n"), "");
}

/// What is wrong with a site in `root` that writes its output there; "" for nothing.
std::string said_of_output(const std::filesystem::path& root, const std::string& output) {
  try {
    parse_site(std::string(kHead) + "[paths]\noutput = \"" + output + "\"\n", root / "site.toml");
    return {};
  } catch (const Error& e) {
    return e.message();
  }
}

TEST(Site, LinksWhoseEndDoesNotExistYetAreFollowed) {
  namespace fs = std::filesystem;
  const fs::path root = test_folder();
  fs::create_directories(root / "deep");
  fs::create_symlink("archive", root / "lk");  // before the first night there is no archive
  fs::create_symlink("archive/outbox", root / "feed");
  fs::create_symlink(root / "drop", root / "absolute");
  fs::create_symlink("../lk", root / "deep" / "up");
  fs::create_symlink("round", root / "round");
  EXPECT_NE(said_of_output(root, "lk").find("lies in the archive"), std::string::npos);
  EXPECT_NE(said_of_output(root, "lk/out").find("lies in the archive"), std::string::npos);
  EXPECT_NE(said_of_output(root, "feed").find("lies in the archive"), std::string::npos);
  EXPECT_NE(said_of_output(root, "deep/up/out").find("lies in the archive"), std::string::npos);
  EXPECT_NE(said_of_output(root, "absolute/out").find("drop folder"), std::string::npos);
  EXPECT_EQ(said_of_output(root, "deep/out"), "");
  EXPECT_EQ(said_of_output(root, "round/out"), "") << "a circle leads nowhere, and so not into the archive";
  fs::remove_all(root);
}

TEST(Site, LinksAreFollowedBeforeFoldersAreHeldApart) {
  namespace fs = std::filesystem;
  const fs::path root = test_folder();
  fs::create_directories(root / "archive");
  fs::create_directories(root / "drop");
  fs::create_symlink("archive", root / "linked");
  fs::create_symlink("drop", root / "upload");
  const auto said = [&](const std::string& output) { return said_of_output(root, output); };
  EXPECT_NE(said("linked/out").find("lies in the archive"), std::string::npos);
  EXPECT_NE(said("upload/out").find("drop folder"), std::string::npos);
  EXPECT_EQ(said("out"), "");
  fs::remove_all(root);
}

TEST(Site, AReceiversNameIsThatOfAFolder) {
  const std::string feed = "transport = \"folder\"\ndir = \"feed\"\n";
  for (const char* name : {"../x", "a/b", "..", "a\\u0001b"}) {
    EXPECT_NE(message_of(std::string(kHead) + "[[publish.to]]\nname = \"" + name + "\"\n" + feed), "") << name;
  }
  EXPECT_EQ(message_of(std::string(kHead) + "[[publish.to]]\nname = \"\u5e73\u53f0\"\n" + feed), "");
  EXPECT_NE(message_of(std::string(kHead) + "[[zone]]\nid = \"a\"\nslope = \"\\u0007\"\n"), "");
}

TEST(Site, EventsAndFeedsNameWhatExists) {
  const std::string head(kHead);
  const std::string event = "[[event]]\nkind = \"mined\"\nat = \"2025-09-25T18:00:00Z\"\nzone = \"north\"\n";
  EXPECT_NE(message_of(head + event), "");
  EXPECT_EQ(message_of(head + event + "[[zone]]\nid = \"north\"\n"), "");
  EXPECT_NE(message_of(head + "[[publish.to]]\nname = \"a\"\ntransport = \"folder\"\ndir = \"f\"\nformat = \"morse\"\n"), "");
}

TEST(Site, EveryKeyIsExplained) {
  const std::string text = site_keys_text();
  for (const char* key : {"state", "box_m", "settle_s", "time_pattern", "reference_llh", "displacement = \"\"", "position_m",
                          "quorum", "area_m2", "seal_after_days", "levels_days", "heartbeat_h", "qos"}) {
    EXPECT_NE(text.find(std::string("  ") + key), std::string::npos) << key;
  }
  EXPECT_EQ(text.find("  strict"), std::string::npos);
}

}  // namespace
}  // namespace highwall
