#pragma once

#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/frame.hpp"
#include "core/options.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// [mine]
struct MineConfig {
  std::string no;
  std::string name;
  std::string state = "producing";
  std::string time_zone;
  static void describe(auto& d) {
    d.field(&MineConfig::no, "no", "", anything(), "Number of the mine at the platform");
    d.field(&MineConfig::name, "name", "", anything(), "Name of the mine");
    d.field(&MineConfig::state, "state", "", one_of({"producing", "constructing", "stopped", "closed"}), "State of the mine");
    d.field(&MineConfig::time_zone, "time_zone", "", anything(),
            "IANA time zone: local file times without a zone, due dates, reports");
    d.require([](const MineConfig& m) { return !m.no.empty(); }, "[mine] needs its number: no = \"...\"");
    d.require([](const MineConfig& m) { return !m.time_zone.empty(); }, "[mine] needs a time_zone, e.g. \"Asia/Shanghai\"");
  }
};

/// [frame]; box_m is read by hand.
struct FrameConfig {
  std::string crs = "local";
  std::string vertical;
  std::vector<double> origin_m{0.0, 0.0, 0.0};
  static void describe(auto& d) {
    d.field(&FrameConfig::crs, "crs", "", anything(), "Site frame: what PROJ reads, or local");
    d.field(&FrameConfig::vertical, "vertical", "", anything(), "Vertical CRS");
    d.field(&FrameConfig::origin_m, "origin_m", "m", anything(), "One stated local origin for all epochs (world coordinates)");
    d.require([](const FrameConfig& f) { return f.origin_m.size() == 3; }, "origin_m must have three numbers");
  }
};

/// [archive]
struct ArchiveConfig {
  double seal_after_days = 2.0;
  static void describe(auto& d) {
    d.field(&ArchiveConfig::seal_after_days, "seal_after_days", "d", at_least(0),
            "Days that ended so long ago are sealed: one file instead of many");
  }
};

/// [output]
struct OutputConfig {
  std::vector<std::string> products{"geotiff", "gpkg", "csv", "hdf5", "png"};
  std::int64_t levels_days = 14;
  std::int64_t series_days = 60;
  static void describe(auto& d) {
    using O = OutputConfig;
    d.field(&O::products, "products", "", one_of({"geotiff", "gpkg", "geojson", "csv", "hdf5", "png"}), "What each night writes");
    d.field(&O::levels_days, "levels_days", "d", between(1, 36500), "Samples of levels_last_N_days.csv");
    d.field(&O::series_days, "series_days", "d", between(1, 36500), "Samples of series.csv and of the pictures");
  }
};

/// [paths]; relative to site.toml.
struct PathsConfig {
  std::string drop = "drop";
  std::string archive = "archive";
  std::string output = "out";
  double settle_s = 10.0;
  static void describe(auto& d) {
    d.field(&PathsConfig::drop, "drop", "", anything(), "Drop folder; read only: nothing that the program writes may lie in it");
    d.field(&PathsConfig::archive, "archive", "", anything(), "Archive folder");
    d.field(&PathsConfig::output, "output", "", anything(), "Folder of the products of each night");
    d.field(&PathsConfig::settle_s, "settle_s", "s", at_least(0),
            "A file younger than this waits for the next night (off when --now is given)");
  }
};

/// [[source]]: the options of its reader, whose keys stand in the same table (those of columns in [source.columns]),
/// and what the night must know. A time zone that is left out is the mine's.
struct SourceConfig : ReadOptions {
  static constexpr double kHeadingNotTold = -1000.0;
  std::string id;
  std::string files;
  std::vector<std::string> quiet;
  std::string zone;
  std::vector<double> position_m;
  std::vector<double> target_m;
  double max_silence_h = 24.0;
  std::vector<double> scanner_m;
  std::string stable = "auto";
  std::string reference;
  std::string areas = "auto";
  double heading_deg = kHeadingNotTold;
  std::vector<double> rail_m;
  std::string mask;
  static void describe(auto& d) {
    using S = SourceConfig;
    d.field(&S::id, "id", "", anything(), "Name of the source; also names its epochs");
    d.field(&S::files, "files", "", anything(), "Files of the source, relative to site.toml; * and ? match within a folder");
    d.field(&S::quiet, "quiet", "", anything(), "Declared quiet period(s) for calibration: pairs of ISO 8601 instants");
    d.field(&S::zone, "zone", "", anything(), "Zone that the targets belong to");
    d.field(&S::position_m, "position_m", "m", anything(), "Position of the instrument in the site's CRS (world coordinates)");
    d.field(&S::target_m, "target_m", "m", anything(),
            "Position of the target (world coordinates): with position_m it gives the line of sight");
    d.field(&S::max_silence_h, "max_silence_h", "h", between(0.01, 8760), "Silent after so long without a sample");
    d.field(&S::scanner_m, "scanner_m", "m", anything(), "Position of the scanner (world coordinates)");
    d.field(&S::stable, "stable", "", anything(), "\"auto\" or a polygon file of stable ground");
    d.field(&S::reference, "reference", "", anything(), "Target that is the local base, or a group for the common mode: A,B,C");
    d.field(
        &S::areas, "areas", "", one_of({"auto", "on", "off"}),
        "Radar: whether its scans are followed one by one and contiguous areas judged by the policy's [[area_rule]]s; auto: for "
        "polar scans, which nothing else can judge, and not for maps");
    d.field(&S::heading_deg, "heading_deg", "degrees", anything(),
            "Radar with position_m: direction that azimuth 0 of its scans looks to, clockwise from grid north; -1000: not told");
    d.field(&S::rail_m, "rail_m", "m", anything(),
            "Radar on a rail, instead of position_m and heading_deg: east, north, height of both ends (world coordinates); fan "
            "angles grow towards the second");
    d.field(&S::mask, "mask", "", anything(), "Radar: FILE:NAME of an outline whose cells never alarm (roads, vegetation)");
    d.require([](const S& s) { return s.heading_deg == kHeadingNotTold || std::abs(s.heading_deg) <= 360.0; },
              "heading_deg must lie within -360 and 360 degrees");
    d.require([](const S& s) { return s.rail_m.empty() || s.rail_m.size() == 6; },
              "rail_m must have six numbers: east, north, height of both ends");
    d.require([](const S& s) { return s.rail_m.empty() || s.position_m.empty(); }, "give position_m or rail_m, not both");
    d.require([](const S& s) { return !s.id.empty(); }, "a [[source]] needs an id");
    d.require([](const S& s) { return !s.files.empty(); }, "a [[source]] needs files");
    d.require([](const S& s) { return s.quiet.size() % 2 == 0; }, "quiet must hold pairs of instants: from, to");
    d.require([](const S& s) { return s.position_m.empty() || s.position_m.size() == 3; }, "position_m must have three numbers");
    d.require([](const S& s) { return s.target_m.empty() || s.target_m.size() == 3; }, "target_m must have three numbers");
    d.require([](const S& s) { return s.scanner_m.empty() || s.scanner_m.size() == 3; }, "scanner_m must have three numbers");
  }

  std::vector<std::array<Instant, 2>> quiet_periods;  ///< `quiet`, read.
  std::string where;
};

/// quorum of a [[zone]]: either is enough.
struct QuorumConfig {
  std::int64_t targets = 2;
  double area_m2 = 200.0;
  static void describe(auto& d) {
    d.field(&QuorumConfig::targets, "targets", "", at_least(1), "So many targets raise the zone ...");
    d.field(&QuorumConfig::area_m2, "area_m2", "m2", above(0), "... or targets that together stand for so much wall");
  }
};

/// [[zone]]
struct ZoneConfig {
  std::string id;
  std::string slope;
  std::string polygon;
  static void describe(auto& d) {
    d.field(&ZoneConfig::id, "id", "", anything(), "Name of the zone");
    d.field(&ZoneConfig::slope, "slope", "", anything(), "Number of the slope at the platform");
    d.field(&ZoneConfig::polygon, "polygon", "", anything(),
            "FILE:NAME of its outline (GeoPackage or GeoJSON); optional for series only");
    d.require([](const ZoneConfig& z) { return !z.id.empty(); }, "a [[zone]] needs an id");
  }
  QuorumConfig quorum;
  std::string where;
};

/// [[event]]: what people know.
struct EventConfig {
  std::string kind;
  std::string at;
  std::string zone;
  std::string target;
  static void describe(auto& d) {
    d.field(&EventConfig::kind, "kind", "", one_of({"blast", "rain", "antenna", "instrument", "mined"}),
            "What happened: antenna and instrument steps are taken out of series; the others are named in messages");
    d.field(&EventConfig::at, "at", "", anything(), "ISO 8601 instant");
    d.field(&EventConfig::zone, "zone", "", anything(), "Zone it concerns; empty = all");
    d.field(&EventConfig::target, "target", "", anything(),
            "Target it concerns, with or without its source; empty = all of the zone");
    d.require(
        [](const EventConfig& e) {
          return (e.kind != "antenna" && e.kind != "instrument") || !e.target.empty() || !e.zone.empty();
        },
        "an [[event]] of an antenna or instrument needs its target or zone: its step is taken out of their series");
    d.require([](const EventConfig& e) { return !e.kind.empty() && !e.at.empty(); }, "an [[event]] needs a kind and at");
  }
  Instant instant = kNoInstant;
  std::string where;
};

/// [[publish.to]]
struct PublisherConfig {
  std::string name;
  std::string transport;
  std::string format = "envelope";
  std::string dir;
  std::string host = "127.0.0.1";
  std::int64_t port = 1883;
  std::string topic = "highwall/{mine}/{zone}";
  std::string state_topic = "highwall-state/{mine}/{zone}";
  std::int64_t version = 5;
  std::int64_t qos = 1;
  std::string user;
  std::string password_file;
  static void describe(auto& d) {
    d.field(&PublisherConfig::name, "name", "", anything(), "Name of the receiver; also of its delivery state");
    d.field(&PublisherConfig::transport, "transport", "", one_of({"folder", "mqtt"}), "How it is reached");
    d.field(&PublisherConfig::format, "format", "", anything(), "What it is sent: a name of io/feeds");
    d.field(&PublisherConfig::dir, "dir", "", anything(), "folder: where the files go");
    d.field(&PublisherConfig::host, "host", "", anything(), "mqtt: the broker");
    d.field(&PublisherConfig::port, "port", "", between(1, 65535), "mqtt: its port");
    d.field(&PublisherConfig::topic, "topic", "", anything(), "mqtt: topic; {mine} and {zone} are filled in");
    d.field(&PublisherConfig::state_topic, "state_topic", "", anything(),
            "mqtt 5: topic of each zone's retained state, which expires after 1.5 heartbeat_h; empty: none");
    d.field(&PublisherConfig::version, "version", "", between(4, 5), "mqtt: 4 = 3.1.1, 5 = 5.0");
    d.field(&PublisherConfig::qos, "qos", "", between(1, 1), "mqtt: quality of service; 1 = at least once");
    d.field(&PublisherConfig::user, "user", "", anything(), "mqtt: user name");
    d.field(&PublisherConfig::password_file, "password_file", "", anything(),
            "mqtt: file with the password, mode 600; never logged");
    d.require([](const PublisherConfig& p) { return !p.name.empty(); }, "a [[publish.to]] needs a name");
    d.require([](const PublisherConfig& p) { return !p.transport.empty(); }, "a [[publish.to]] needs a transport");
    d.require([](const PublisherConfig& p) { return p.transport != "folder" || !p.dir.empty(); },
              "a folder publisher needs a dir");
  }
};

/// [publish]
struct PublishConfig {
  double heartbeat_h = 24.0;
  std::string status = "test";
  static void describe(auto& d) {
    d.field(&PublishConfig::heartbeat_h, "heartbeat_h", "h", between(0.01, 8760),
            "One heartbeat per so many hours of `now`, also on an empty night");
    d.field(&PublishConfig::status, "status", "", one_of({"test", "exercise", "actual"}), "What the messages are");
  }
  std::vector<PublisherConfig> to;
};

/// A whole site.toml, checked.
struct Site {
  std::filesystem::path file;
  std::filesystem::path root;  ///< Folder of the file; every path is relative to it.
  std::string text;            ///< The file as it stands, for the configuration digest.
  MineConfig mine;
  Frame frame;
  std::array<double, 3> box_min_m{-1e7, -1e7, -1e5};  ///< Plausible local coordinates.
  std::array<double, 3> box_max_m{1e7, 1e7, 1e5};
  PathsConfig paths;
  std::vector<SourceConfig> sources;
  std::vector<ZoneConfig> zones;
  std::vector<EventConfig> events;
  ArchiveConfig archive;
  std::optional<std::filesystem::path> policy_file;
  std::map<std::string, std::vector<GivenOption>> calculate;  ///< [calculate] by algorithm, not yet applied.
  OutputConfig output;
  PublishConfig publish;

  std::filesystem::path resolve(const std::string& relative) const;
  const SourceConfig& source(std::string_view id) const;
  const ZoneConfig* zone(std::string_view id) const;
};

/// Reads and checks a site.toml.
/// @throws Error(config) with file, line and column: unknown keys (with the nearest known one), a
/// zone or source named but not defined, ids used twice, unknown time zones, reversed periods.
Site read_site(const std::filesystem::path& file);
Site parse_site(std::string_view text, const std::filesystem::path& file);

/// Every key of a site.toml but those of [calculate], with its default, unit and meaning, for people.
std::string site_keys_text();

}  // namespace highwall
