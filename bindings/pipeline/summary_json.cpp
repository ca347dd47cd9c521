// The night's summary as JSON.
#include <cmath>
#include <nlohmann/json.hpp>

#include "bindings/pipeline/products.hpp"
#include "core/version.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json number(double v) { return std::isfinite(v) ? json(v) : json(nullptr); }
json instant(Instant t) { return t == kNoInstant ? json(nullptr) : json(to_iso8601(t)); }

/// Evidence as the summary tells it: what is not known is null and has a reason; the policy is always named.
json evidence_json(const Evidence& e, const Policy& policy) {
  const bool measured = !e.rule.empty() && std::isfinite(e.value);
  json j{{"rule", e.rule},    {"value", nullptr},   {"sigma", nullptr},   {"threshold", nullptr},
         {"unit", e.unit},    {"window", e.window}, {"epochs", e.epochs}, {"policy_sha256", policy.sha256},
         {"source", e.source}};
  if (measured) {
    j["value"] = number(e.value);
    j["sigma"] = number(e.sigma);
    j["threshold"] = number(e.threshold);
  } else {
    j["reason"] = e.rule.empty() ? "no target has data" : e.rule;
  }
  return j;
}

void add_zone_summary(const ZoneSummary& z, const Policy& policy, json& state) {
  state["targets"] = {{"all", z.targets},
                      {"live", z.live_targets},
                      {"degraded", z.doubtful_targets},
                      {"raised", z.raised_targets},
                      {"at_level", z.at_level_targets}};
  state["area_at_level_m2"] = number(z.area_at_level_m2);
  state["decided_by"] = z.decided_by.empty() ? json(nullptr) : json(z.decided_by);
  state["decided_by_evidence"] = evidence_json(z.evidence, policy);
  state["raised_by"] = z.raised_by.rule.empty() ? json(nullptr) : evidence_json(z.raised_by, policy);
  const bool seen = !z.acknowledged_by.empty();
  state["acknowledged"] = seen ? json{{"by", z.acknowledged_by}, {"at", instant(z.acknowledged_at)}} : json(nullptr);
}

json policy_json(const Policy& policy) {
  json rules = json::array();
  for (const PolicyRule& r : policy.rules) {
    const double factor = r.unit == "mm_per_day" ? 1000.0 : r.unit == "mm_per_h" ? 1000.0 / 24.0 : r.unit == "mm" ? 1000.0 : 1.0;
    json kinds = json::array();
    for (const SensorKind kind : r.kinds) kinds.push_back(std::string(name_of(kind)));
    // As the policy wrote it: the conversion's last digits are no part of the number.
    rules.push_back({{"name", r.name},
                     {"family", r.family},
                     {"level", std::string(name_of(r.level))},
                     {"window_h", r.window_h},
                     {"threshold", std::round(r.threshold * factor * 1e9) / 1e9},
                     {"unit", r.unit},
                     {"kinds", kinds},
                     {"k_sigma", r.k_sigma},
                     {"confidence", r.confidence}});
  }
  return {{"id", policy.id},
          {"version", policy.version},
          {"sha256", policy.sha256},
          {"release_factor", policy.timing.release_factor},
          {"latch_from", std::string(name_of(policy.timing.latch_from))},
          {"rules", rules}};
}

json sources_json(const NightSummary& s) {
  json out = json::array();
  for (const SourceSummary& x : s.sources) {
    out.push_back({{"id", x.id},
                   {"kind", x.kind},
                   {"health", std::string(name_of(x.health))},
                   {"newest_sample", instant(x.newest)},
                   {"targets", x.targets},
                   {"files", x.files},
                   {"quarantined", x.quarantined},
                   {"waiting", x.waiting}});
  }
  return out;
}

json acts_json(const NightSummary& s) {
  json out = json::array();
  for (const Act& a : s.acts) {
    out.push_back({{"what", a.kind == Act::Kind::release ? "release" : "ack"},
                   {"target", a.target},
                   {"by", a.by},
                   {"reason", a.reason},
                   {"at", instant(a.at)}});
  }
  return out;
}

/// Outlines in world metres of the site's CRS, by parts: what the pictures are drawn from.
json zones_json(const NightSummary& s) {
  json out = json::array();
  for (const ZoneSummary& z : s.zones) {
    json parts = json::array();
    for (const Polygon& polygon : s.outlines) {
      if (polygon.name != z.name) continue;
      for (const ZonePart& part : parts_of(polygon)) {
        json rings = json::array();
        for (const Ring& ring : part) {
          json points = json::array();
          for (const Eigen::Vector2d& p : ring)
            points.push_back({p.x() + polygon.frame.origin_m[0], p.y() + polygon.frame.origin_m[1]});
          rings.push_back(std::move(points));
        }
        parts.push_back(std::move(rings));
      }
    }
    out.push_back({{"name", z.name}, {"outline_m", parts}});
  }
  return out;
}

json fields_json(const NightSummary& s) {
  json out = json::array();
  for (const FieldNote& f : s.fields) {
    out.push_back({{"file", f.file},
                   {"source", f.source},
                   {"from", instant(f.from)},
                   {"to", instant(f.to)},
                   {"local", f.local},
                   {"limits_calibrated", f.calibrated},
                   {"shared_shift_rms_mm", number(f.shared_shift_mm)}});
  }
  return out;
}

json scans_json(const NightSummary& s) {
  json out = json::array();
  for (const ScanNote& x : s.scans) {
    json standing = json::array();
    for (const ScanNote::Alarm& a : x.standing) {
      standing.push_back({{"id", a.id},
                          {"rule", a.rule},
                          {"level", std::string(name_of(a.level))},
                          {"kind", a.kind},
                          {"raised", instant(a.raised)},
                          {"cells", a.cells},
                          {"area_m2", number(a.area_m2)},
                          {"fastest_mm_per_h", number(a.fastest_mm_per_h)},
                          {"signal_lost", a.signal_lost}});
    }
    out.push_back({{"source", x.source},
                   {"newest", instant(x.newest)},
                   {"scans", x.scans},
                   {"judged_scans", x.judged_scans},
                   {"stable_cells", x.stable_cells},
                   {"stable_sigma_mm", number(x.stable_sigma_mm)},
                   {"standing_alarms", standing}});
  }
  return out;
}

}  // namespace

std::string summary_json(const Site& site, const Policy& policy, const NightSummary& s) {
  json files = json::array();
  for (const FileOutcome& f : s.files) {
    if (f.outcome == "known") continue;
    files.push_back({{"source", f.source},
                     {"file", f.file},
                     {"outcome", f.outcome},
                     {"detail", f.detail},
                     {"rejected_rows", f.rejected_rows},
                     {"warnings", f.warnings}});
  }
  json states = json::array();
  for (const NightState& n : s.states) {
    json state{{"name", n.name},
               {"zone", n.zone},
               {"is_zone", n.is_zone},
               {"level", std::string(name_of(n.level))},
               {"unlatched", std::string(name_of(n.unlatched))},
               {"health", std::string(name_of(n.health))},
               {"since", instant(n.since)},
               {"newest_sample", instant(n.newest)},
               {"note", n.note},
               {"evidence", evidence_json(n.evidence, policy)}};
    for (const ZoneSummary& z : s.zones) {
      if (n.is_zone && z.name == n.name) add_zone_summary(z, policy, state);
    }
    states.push_back(std::move(state));
  }
  // Where each receiver stands, not what this attempt sent: the same when the night is run again.
  json deliveries = json::array();
  for (const Delivery& d : s.deliveries) {
    deliveries.push_back(
        {{"publisher", d.publisher}, {"delivered_seq", d.delivered_seq}, {"waiting", d.waiting}, {"error", d.error}});
  }
  json products = json::array();
  for (const fs::path& p : s.products) products.push_back(p.generic_string());
  return json{{"schema", "highwall.night/1"},
              {"mine",
               {{"no", site.mine.no}, {"name", site.mine.name}, {"state", site.mine.state}, {"time_zone", site.mine.time_zone}}},
              {"now", to_iso8601(s.now)},
              {"engine", {{"version", kVersion}, {"config_sha256", sha256_hex(site.text)}}},
              {"policy", policy_json(policy)},
              {"files", files},
              {"findings", s.findings},
              {"states", states},
              {"deliveries", deliveries},
              {"sources", sources_json(s)},
              {"acts", acts_json(s)},
              {"zones", zones_json(s)},
              {"fields", fields_json(s)},
              {"radar_scans", scans_json(s)},
              {"products", products}}
             .dump(1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

}  // namespace highwall
