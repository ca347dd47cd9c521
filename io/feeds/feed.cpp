#include "io/feeds/feed.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/version.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

using nlohmann::json;

/// NaN has no place in JSON: null says "not known".
json number(double v) { return std::isfinite(v) ? json(v) : json(nullptr); }

json evidence_of(const Evidence& e) {
  return {{"rule", e.rule},
          {"value", number(e.value)},
          {"sigma", number(e.sigma)},
          {"threshold", number(e.threshold)},
          {"unit", e.unit},
          {"window", e.window},
          {"epochs", e.epochs},
          {"source", e.source},
          {"floor_mm_per_day", number(e.floor_mm_per_day)}};
}

json point_of(const std::pair<double, double>& p) { return {p.first, p.second}; }

json outline_of(const MessageOutline& parts) {
  json polygons = json::array();
  for (const auto& part : parts) {
    json rings = json::array();
    for (const auto& ring : part) {
      json points = json::array();
      for (const auto& p : ring) points.push_back(point_of(p));
      rings.push_back(std::move(points));
    }
    polygons.push_back(std::move(rings));
  }
  return polygons;
}

/// One part is a Polygon, several are a MultiPolygon; a target is a Point; what is not known is null.
json geometry_of(const MessageOutline& parts, const std::optional<std::pair<double, double>>& place) {
  if (place) return {{"type", "Point"}, {"coordinates", point_of(*place)}};
  if (parts.empty()) return nullptr;
  const json polygons = outline_of(parts);
  if (parts.size() == 1) return {{"type", "Polygon"}, {"coordinates", polygons[0]}};
  return {{"type", "MultiPolygon"}, {"coordinates", polygons}};
}

json local_geometry_of(const WarningMessage& m) {
  json geometry = geometry_of(m.outline_m, m.place_m);
  if (!geometry.is_null()) geometry["crs"] = m.crs;
  return geometry;
}

json contribution_of(const Contribution& c) {
  return {{"target", c.target},
          {"level", std::string(name_of(c.level))},
          {"health", std::string(name_of(c.health))},
          {"rule", c.rule},
          {"value", number(c.value)},
          {"sigma", number(c.sigma)},
          {"threshold", number(c.threshold)},
          {"unit", c.unit},
          {"area_m2", number(c.area_m2)}};
}

/// What 5.1 of the platform's feed calls the cause: numbers, what they are held against, how far to trust them.
void add_cause(const WarningMessage& m, json& j) {
  json values = json::object();
  json thresholds = json::object();
  for (const MessageQuantity& q : m.quantities) {
    values[q.name] = number(q.value);
    values[q.name + "_sigma"] = number(q.sigma);
    thresholds[q.name] = number(q.threshold);
  }
  j["values"] = values;
  j["thresholds"] = thresholds;
  j["duration_h"] = number(m.duration_h);
  j["quality"] = {
      {"flags", m.quality.flags}, {"coverage", number(m.quality.coverage)}, {"uncertainty_mm", number(m.quality.uncertainty_mm)}};
  json files = json::array();
  for (const EvidenceFile& f : m.files) files.push_back({{"path", f.path}, {"sha256", f.sha256}});
  j["evidence_files"] = files;
  json evidence = json::array();
  for (const Evidence& e : m.evidence) evidence.push_back(evidence_of(e));
  j["evidence"] = evidence;
  if (!m.is_zone || m.msg_type == "heartbeat") return;
  json targets = json::array();
  for (const Contribution& c : m.contributions) targets.push_back(contribution_of(c));
  j["targets"] = targets;
  j["targets_total"] = m.targets_total;
}

/// Zones and sources in full; targets, of which there are hundreds, as zone -> name -> [level, health, newest].
void add_states(const WarningMessage& m, const TimeZone& zone, json& j) {
  const auto time = [&](Instant t) { return t == kNoInstant ? json(nullptr) : json(zone.to_rfc3339(t)); };
  json states = json::array();
  json targets = json::object();
  json sources = json::array();
  for (const StateLine& s : m.states) {
    const std::string level(name_of(s.level));
    const std::string health(name_of(s.health));
    if (s.is_zone) {
      states.push_back({{"name", s.name}, {"level", level}, {"health", health}, {"newest", time(s.newest)}});
    } else {
      targets[s.zone][s.name] = json::array({level, health, time(s.newest)});
    }
  }
  for (const SourceLine& s : m.sources) {
    sources.push_back({{"id", s.id},
                       {"kind", s.kind},
                       {"health", std::string(name_of(s.health))},
                       {"newest", time(s.newest)},
                       {"targets", s.targets}});
  }
  j["states"] = states;
  j["target_states"] = targets;
  j["sources"] = sources;
}

}  // namespace

std::string message_id(const WarningMessage& m) {
  if (!m.id.empty()) return m.id;
  const std::string key = fmt::format("{}|{}|{}|{}|{}", m.mine_no, m.slope_no, m.stream,
                                      m.msg_type == "heartbeat" ? "heartbeat" : "warning", to_iso8601(m.episode_start));
  return fmt::format("{}-{}-{}", m.mine_no, m.stream, sha256_hex(key).substr(0, 16));
}

std::string envelope_text(const WarningMessage& m, std::int64_t rev, std::int64_t seq, const std::string& prev_hash) {
  const TimeZone zone = TimeZone::of(m.time_zone);
  json j{{"schema", "highwall.warning/1"},
         {"id", message_id(m)},
         {"rev", rev},
         {"seq", seq},
         {"stream", m.stream},
         {"msg_type", m.msg_type},
         {"status", m.status},
         {"historical", m.historical},
         {"event_time", zone.to_rfc3339(m.event_time)},
         {"detected_time", zone.to_rfc3339(m.detected_time)},
         {"published_time", zone.to_rfc3339(m.published_time)},
         {"mine_no", m.mine_no},
         {"slope_no", m.slope_no},
         {m.is_zone ? "zone_id" : "target_id", m.stream},
         {"level", std::string(name_of(m.level))},
         {"prev_level", std::string(name_of(m.previous_level))},
         {"health", std::string(name_of(m.health))},
         {"explanation", m.explanation},
         {"area_m2", number(m.area_m2)},
         {"equip_nos", m.equip_nos},
         {"geometry", geometry_of(m.outline_lon_lat, m.place_lon_lat)},
         {"geometry_local", local_geometry_of(m)},
         {"threshold_set", {{"id", m.policy_id}, {"version", m.policy_version}, {"sha256", m.policy_sha256}}},
         {"unconfirmed", m.unconfirmed},
         {"engine", {{"name", "highwall"}, {"version", kVersion}, {"config_sha256", m.config_sha256}}},
         {"prev_hash", prev_hash}};
  if (!m.is_zone && !m.zone.empty()) j["zone_id"] = m.zone;
  add_cause(m, j);
  if (!m.source_id.empty()) {
    j.erase("target_id");
    j["source_id"] = m.source_id;
  }
  if (m.msg_type == "heartbeat") {
    j.erase("zone_id");
    add_states(m, zone, j);
  }
  j["hash"] = sha256_hex(j.dump());
  return j.dump(1) + "\n";
}

const Feed& feed_of(std::string_view name) {
  for (const Feed* feed : all_feeds()) {
    if (feed->name == name) return *feed;
  }
  throw Error(ErrorKind::config, fmt::format("no outside format is called \"{}\"", name));
}

}  // namespace highwall
