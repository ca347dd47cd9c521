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
  return {{"rule", e.rule},     {"value", number(e.value)}, {"sigma", number(e.sigma)},
          {"threshold", number(e.threshold)}, {"unit", e.unit}, {"window", e.window},
          {"epochs", e.epochs}, {"source", e.source}};
}

json geometry_of(const WarningMessage& m) {
  if (m.outline_lon_lat.empty()) return nullptr;
  json rings = json::array();
  for (const auto& ring : m.outline_lon_lat) {
    json points = json::array();
    for (const auto& [lon, lat] : ring) points.push_back({lon, lat});
    rings.push_back(points);
  }
  return {{"type", "Polygon"}, {"coordinates", rings}};
}

}  // namespace

std::string message_id(const WarningMessage& m) {
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
         {"published_time", zone.to_rfc3339(m.published_time)},
         {"mine_no", m.mine_no},
         {"slope_no", m.slope_no},
         {m.is_zone ? "zone_id" : "target_id", m.stream},
         {"level", std::string(name_of(m.level))},
         {"prev_level", std::string(name_of(m.previous_level))},
         {"health", std::string(name_of(m.health))},
         {"explanation", m.explanation},
         {"area_m2", number(m.area_m2)},
         {"geometry", geometry_of(m)},
         {"threshold_set", {{"id", m.policy_id}, {"version", m.policy_version}, {"sha256", m.policy_sha256}}},
         {"unconfirmed", m.unconfirmed},
         {"engine", {{"name", "highwall"}, {"version", kVersion}, {"config_sha256", m.config_sha256}}},
         {"prev_hash", prev_hash}};
  json evidence = json::array();
  for (const Evidence& e : m.evidence) evidence.push_back(evidence_of(e));
  j["evidence"] = evidence;
  if (m.msg_type == "heartbeat") {
    j.erase("zone_id");
    json states = json::array();
    for (const StateLine& s : m.states) {
      states.push_back({{"name", s.name},
                        {"zone", s.zone},
                        {"level", std::string(name_of(s.level))},
                        {"health", std::string(name_of(s.health))},
                        {"newest", s.newest == kNoInstant ? json(nullptr) : json(zone.to_rfc3339(s.newest))}});
    }
    j["states"] = states;
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
