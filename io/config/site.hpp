#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/frame.hpp"
#include "core/options.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"

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
    d.field(&MineConfig::state, "state", "", one_of({"producing", "constructing", "stopped", "closed"}),
            "State of the mine");
    d.field(&MineConfig::time_zone, "time_zone", "", anything(),
            "IANA time zone: local file times without a zone, due dates, reports");
    d.require([](const MineConfig& m) { return !m.no.empty(); }, "[mine] needs its number: no = \"...\"");
    d.require([](const MineConfig& m) { return !m.time_zone.empty(); },
              "[mine] needs a time_zone, e.g. \"Asia/Shanghai\"");
  }
};

/// [paths]; read_site() makes them absolute.
struct PathsConfig {
  std::string drop = "drop";
  std::string archive = "archive";
  std::string output = "out";
  double settle_s = 10.0;
  static void describe(auto& d) {
    d.field(&PathsConfig::drop, "drop", "", anything(), "Drop folder; read only, never changed");
    d.field(&PathsConfig::archive, "archive", "", anything(), "Archive folder");
    d.field(&PathsConfig::output, "output", "", anything(), "Folder of the products of each night");
    d.field(&PathsConfig::settle_s, "settle_s", "s", at_least(0),
            "A file younger than this waits for the next night (off when --now is given)");
  }
};

/// [source.columns]: names of the columns of a generic CSV.
struct ColumnsConfig {
  std::string time;
  std::string displacement;
  std::string sigma;
  std::string target;
  std::string east;
  std::string north;
  std::string up;
  static void describe(auto& d) {
    d.field(&ColumnsConfig::time, "time", "", anything(), "Column of the time");
    d.field(&ColumnsConfig::displacement, "displacement", "", anything(), "Column of the displacement");
    d.field(&ColumnsConfig::sigma, "sigma", "", anything(), "Column of its standard deviation");
    d.field(&ColumnsConfig::target, "target", "", anything(), "Column of the target's name");
    d.field(&ColumnsConfig::east, "east", "", anything(), "Column of the east component");
    d.field(&ColumnsConfig::north, "north", "", anything(), "Column of the north component");
    d.field(&ColumnsConfig::up, "up", "", anything(), "Column of the up component");
  }
};

/// [[source]]
struct SourceConfig {
  std::string id;
  std::string kind;
  std::string files;
  std::string format = "auto";
  std::string time_zone;
  std::string unit = "auto";
  std::string sign = "auto";
  std::vector<std::string> quiet;
  std::string zone;
  std::vector<double> position_m;
  std::vector<double> target_m;
  double max_silence_h = 24.0;
  std::vector<std::string> instant{"gps_time", "header_date"};
  std::string crs = "file";
  std::vector<double> scanner_m;
  std::string stable = "auto";
  std::string target = "stem";
  std::string reference;
  static void describe(auto& d) {
    d.field(&SourceConfig::id, "id", "", anything(), "Name of the source; also names its epochs");
    d.field(&SourceConfig::kind, "kind", "",
            one_of({"gnss", "radar", "lidar", "prism", "extensometer", "crack", "piezometer", "rain"}),
            "Kind of instrument");
    d.field(&SourceConfig::files, "files", "", anything(),
            "Files of the source, relative to site.toml; * and ? match within a folder");
    d.field(&SourceConfig::format, "format", "", anything(), "\"auto\" (by content) or a reader's name");
    d.field(&SourceConfig::time_zone, "time_zone", "", anything(),
            "IANA zone of local stamps; the mine's zone when left out");
    d.field(&SourceConfig::unit, "unit", "", one_of({"auto", "m", "cm", "mm"}),
            "Unit of displacement where the format leaves it open");
    d.field(&SourceConfig::sign, "sign", "", one_of({"auto", "toward_negative", "toward_positive"}),
            "Sign of movement towards the sensor in the file");
    d.field(&SourceConfig::quiet, "quiet", "", anything(),
            "Declared quiet period(s) for calibration: pairs of ISO 8601 instants");
    d.field(&SourceConfig::zone, "zone", "", anything(), "Zone that the targets belong to");
    d.field(&SourceConfig::position_m, "position_m", "m", anything(),
            "Position of the instrument in the site's CRS (world coordinates)");
    d.field(&SourceConfig::target_m, "target_m", "m", anything(),
            "Position of the target: with position_m it gives the line of sight");
    d.field(&SourceConfig::max_silence_h, "max_silence_h", "h", above(0),
            "Silent after so long without a sample");
    d.field(&SourceConfig::instant, "instant", "", anything(),
            "Rules for a cloud's time, first that works: filename:PATTERN, gps_time, header_date");
    d.field(&SourceConfig::crs, "crs", "", anything(),
            "\"file\", \"local\" (own frame, never fused with another) or a CRS that PROJ reads");
    d.field(&SourceConfig::scanner_m, "scanner_m", "m", anything(), "Position of the scanner (world)");
    d.field(&SourceConfig::stable, "stable", "", anything(), "\"auto\" or a polygon file of stable ground");
    d.field(&SourceConfig::target, "target", "", anything(), "\"stem\" (file stem) or a column");
    d.field(&SourceConfig::reference, "reference", "", anything(),
            "Target that is the local base, or a group for the common mode: A,B,C");
    d.require([](const SourceConfig& s) { return !s.id.empty(); }, "a [[source]] needs an id");
    d.require([](const SourceConfig& s) { return !s.kind.empty(); }, "a [[source]] needs a kind");
    d.require([](const SourceConfig& s) { return !s.files.empty(); }, "a [[source]] needs files");
    d.require([](const SourceConfig& s) { return s.quiet.size() % 2 == 0; },
              "quiet must hold pairs of instants: from, to");
    d.require([](const SourceConfig& s) { return s.position_m.empty() || s.position_m.size() == 3; },
              "position_m must have three numbers");
    d.require([](const SourceConfig& s) { return s.target_m.empty() || s.target_m.size() == 3; },
              "target_m must have three numbers");
    d.require([](const SourceConfig& s) { return s.scanner_m.empty() || s.scanner_m.size() == 3; },
              "scanner_m must have three numbers");
  }

  ColumnsConfig columns;
  std::vector<std::array<Instant, 2>> quiet_periods;  ///< `quiet`, read.
  std::string where;
};

/// [[zone]]
struct ZoneConfig {
  std::string id;
  std::string slope;
  std::string polygon;
  std::int64_t quorum_targets = 2;
  double quorum_area_m2 = 200.0;
  static void describe(auto& d) {
    d.field(&ZoneConfig::id, "id", "", anything(), "Name of the zone");
    d.field(&ZoneConfig::slope, "slope", "", anything(), "Number of the slope at the platform");
    d.field(&ZoneConfig::polygon, "polygon", "", anything(),
            "FILE:NAME of its outline (GeoPackage or GeoJSON); optional for series only");
    d.require([](const ZoneConfig& z) { return !z.id.empty(); }, "a [[zone]] needs an id");
  }
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
            "What happened");
    d.field(&EventConfig::at, "at", "", anything(), "ISO 8601 instant");
    d.field(&EventConfig::zone, "zone", "", anything(), "Zone it concerns; empty = all");
    d.field(&EventConfig::target, "target", "", anything(), "Target it concerns; empty = all");
  }
  Instant instant = kNoInstant;
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
  std::int64_t version = 5;
  std::int64_t qos = 1;
  std::string user;
  std::string password_file;
  static void describe(auto& d) {
    d.field(&PublisherConfig::name, "name", "", anything(), "Name of the receiver; also of its delivery state");
    d.field(&PublisherConfig::transport, "transport", "", one_of({"folder", "mqtt"}), "How it is reached");
    d.field(&PublisherConfig::format, "format", "", one_of({"envelope", "geojson"}), "What it is sent");
    d.field(&PublisherConfig::dir, "dir", "", anything(), "folder: where the files go");
    d.field(&PublisherConfig::host, "host", "", anything(), "mqtt: the broker");
    d.field(&PublisherConfig::port, "port", "", between(1, 65535), "mqtt: its port");
    d.field(&PublisherConfig::topic, "topic", "", anything(), "mqtt: topic; {mine} and {zone} are filled in");
    d.field(&PublisherConfig::version, "version", "", between(4, 5), "mqtt: 4 = 3.1.1, 5 = 5.0");
    d.field(&PublisherConfig::qos, "qos", "", between(1, 1), "mqtt: quality of service; 1 = at least once");
    d.field(&PublisherConfig::user, "user", "", anything(), "mqtt: user name");
    d.field(&PublisherConfig::password_file, "password_file", "", anything(),
            "mqtt: file with the password, mode 600; never logged");
    d.require([](const PublisherConfig& p) { return !p.name.empty(); }, "a [[publish.to]] needs a name");
    d.require([](const PublisherConfig& p) { return !p.transport.empty(); },
              "a [[publish.to]] needs a transport");
    d.require([](const PublisherConfig& p) { return p.transport != "folder" || !p.dir.empty(); },
              "a folder publisher needs a dir");
  }
};

/// [publish]
struct PublishConfig {
  double heartbeat_h = 24.0;
  std::string status = "test";
  static void describe(auto& d) {
    d.field(&PublishConfig::heartbeat_h, "heartbeat_h", "h", above(0),
            "One heartbeat per so many hours of `now`, also on an empty night");
    d.field(&PublishConfig::status, "status", "", one_of({"test", "exercise", "actual"}),
            "What the messages are");
  }
  std::vector<PublisherConfig> to;
};

/// One key of [calculate], not yet an option: the pipeline applies it to the algorithm's struct.
struct CalculateEntry {
  std::string name;
  OptionValue value;
  std::string where;
};

/// A whole site.toml, checked.
struct Site {
  std::filesystem::path file;
  std::filesystem::path root;       ///< Folder of the file; every path is relative to it.
  std::string text;                 ///< The file as it stands, for the configuration digest.
  MineConfig mine;
  Frame frame;
  std::array<double, 3> box_min_m{-1e7, -1e7, -1e5};   ///< Plausible local coordinates.
  std::array<double, 3> box_max_m{1e7, 1e7, 1e5};
  PathsConfig paths;
  std::vector<SourceConfig> sources;
  std::vector<ZoneConfig> zones;
  std::vector<EventConfig> events;
  std::optional<std::filesystem::path> policy_file;
  std::map<std::string, std::vector<CalculateEntry>> calculate;
  std::vector<std::string> products{"geotiff", "gpkg", "csv", "hdf5", "png"};
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

}  // namespace highwall
