#include "bindings/pipeline/products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "algorithms/warn/criterion.hpp"
#include "bindings/pipeline/pictures.hpp"
#include "bindings/pipeline/product_tables.hpp"
#include "core/error.hpp"
#include "core/version.hpp"
#include "io/archive/map_file.hpp"
#include "io/durable/digest.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/tables.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json number(double v) { return std::isfinite(v) ? json(v) : json(nullptr); }
json instant(Instant t) { return t == kNoInstant ? json(nullptr) : json(to_iso8601(t)); }

bool wanted(const Site& site, std::string_view product) {
  return std::find(site.output.products.begin(), site.output.products.end(), product) != site.output.products.end();
}

std::vector<double> scaled(const std::vector<double>& values, double factor) {
  std::vector<double> out(values);
  for (double& v : out) v *= factor;
  return out;
}

/// Writes files into the night's folder and notes their names.
class Folder {
 public:
  Folder(fs::path root, fs::path name, NightSummary& summary)
      : root_(std::move(root)), name_(std::move(name)), summary_(summary) {
    make_folders(root_ / name_);
  }
  void write(const std::string& file, const std::string& bytes) {
    write_whole(root_ / name_ / file, bytes);
    summary_.products.push_back(name_ / file);
  }
  fs::path path() const { return root_ / name_; }

 private:
  fs::path root_;
  fs::path name_;
  NightSummary& summary_;
};

/// Why cells have no value, as the numbers of reason_codes().
std::vector<double> codes_of(const std::vector<Reason>& reasons) {
  std::vector<double> codes;
  for (const Reason r : reasons) codes.push_back(static_cast<double>(r));
  return codes;
}

/// Bands along the line of sight, and where the direction down the slope is known, along that.
struct MapBands {
  std::vector<std::vector<double>> kept;
  std::vector<std::pair<std::string, std::string>> words;

  explicit MapBands(const RadarMap& map) {
    const VelocityMap& sight = map.line_of_sight;
    const std::string window = window_text(sight.window_h);
    kept = {scaled(sight.displacement_m, 1000.0), scaled(sight.velocity_m_per_day, 1000.0), scaled(sight.sigma_m_per_day, 1000.0),
            codes_of(sight.reason)};
    words = {{"displacement", "mm"}, {"velocity_" + window, "mm/day"}, {"sigma_" + window, "mm/day"}, {"reason", "code"}};
    if (!map.slope) return;
    for (std::vector<double> more :
         {scaled(map.slope->displacement_m, 1000.0), scaled(map.slope->velocity_m_per_day, 1000.0),
          scaled(map.slope->sigma_m_per_day, 1000.0), map.slope->sensitivity, codes_of(map.slope->reason)}) {
      kept.push_back(std::move(more));
    }
    words.insert(words.end(), {{"downslope_displacement", "mm"},
                               {"downslope_velocity_" + window, "mm/day"},
                               {"downslope_sigma_" + window, "mm/day"},
                               {"sensitivity", ""},
                               {"downslope_reason", "code"}});
  }
  std::vector<RasterBand> bands() const {
    std::vector<RasterBand> out;
    for (std::size_t b = 0; b < kept.size(); ++b) out.push_back({words[b].first, words[b].second, &kept[b]});
    return out;
  }
};

constexpr double kFieldCell_m = 6.0;  ///< Twice the spacing of the core points.

std::string raster_bytes(const DisplacementField& field, const FieldRaster& raster) {
  return geotiff_bytes(raster.geometry,
                       {{"distance_mean", "mm", &raster.distance_mm},
                        {"lod95_mean", "mm", &raster.lod95_mm},
                        {"count", "places", &raster.count},
                        {"count_beyond_lod95", "places", &raster.beyond},
                        {"count_without_limit", "places", &raster.without}},
                       {{"FROM", to_iso8601(field.from)},
                        {"INSTANT", to_iso8601(field.to)},
                        {"DIRECTION", "along the normal, + out of the wall"},
                        {"DATA_UNITS", "mm"}});
}

void write_fields(const Site& site, const Measurements& m, Folder& folder) {
  for (const auto& [source, field] : m.fields) {
    if (wanted(site, "csv")) folder.write(fmt::format("displacement_{}.csv", source), field_csv(field));
    if (wanted(site, "gpkg")) folder.write(fmt::format("displacement_{}.gpkg", source), points_gpkg(field));
    if (wanted(site, "hdf5")) folder.write(fmt::format("displacement_{}.h5", source), encode_field(field, {{"source", source}}));
    const FieldRaster raster = field_raster(field, kFieldCell_m);
    if (wanted(site, "geotiff") && raster.geometry.cells() > 0)
      folder.write(fmt::format("displacement_{}.tif", source), raster_bytes(field, raster));
  }
  for (const auto& [source, tables] : m.changes) {
    for (const auto& [file, text] : tables) {
      if (wanted(site, "csv")) folder.write(fmt::format("change_{}_{}", source, file), text);
    }
  }
  for (const RadarMap& map : m.maps) {
    const VelocityMap& sight = map.line_of_sight;
    const MapBands made(map);
    const std::string at = to_iso8601(sight.at);
    if (wanted(site, "geotiff")) {
      folder.write(
          fmt::format("velocity_{}.tif", sight.source),
          geotiff_bytes(sight.geometry, made.bands(),
                        {{"INSTANT", at}, {"SIGN", "toward_positive"}, {"DATA_UNITS", "mm"}, {"REASON_CODES", reason_codes()}}));
    }
    if (wanted(site, "hdf5")) {
      std::vector<MapLayer> layers;
      for (const RasterBand& b : made.bands()) layers.push_back({b.name, b.unit, b.values});
      folder.write(fmt::format("velocity_{}.h5", sight.source), encode_map(sight.geometry, layers,
                                                                           {{"source", sight.source},
                                                                            {"instant", at},
                                                                            {"sign", "toward_positive"},
                                                                            {"direction", "line of sight"},
                                                                            {"reason_codes", reason_codes()}}));
    }
  }
}

void write_zones(const Site& site, const std::vector<Polygon>& outlines, const NightSummary& summary, Folder& folder) {
  std::vector<Polygon> zones;
  VectorColumn name{"name", {}, {}}, level{"level", {}, {}}, health{"health", {}, {}}, rule{"rule", {}, {}},
      since{"since", {}, {}};
  VectorColumn value{"value", {}, {}}, sigma{"sigma", {}, {}}, threshold{"threshold", {}, {}}, unit{"unit", {}, {}};
  VectorColumn decided{"decided_by", {}, {}}, area{"area_at_level_m2", {}, {}}, at_level{"targets_at_level", {}, {}},
      all{"targets", {}, {}};
  for (const ZoneSummary& z : summary.zones) {
    decided.texts.push_back(z.decided_by);
    area.numbers.push_back(z.area_at_level_m2);
    at_level.numbers.push_back(static_cast<double>(z.at_level_targets));
    all.numbers.push_back(static_cast<double>(z.targets));
  }
  for (const NightState& s : summary.states) {
    if (!s.is_zone) continue;
    const auto outline = std::find_if(outlines.begin(), outlines.end(), [&](const Polygon& p) { return p.name == s.name; });
    zones.push_back(outline == outlines.end() ? Polygon{s.name, {}, site.frame} : *outline);
    name.texts.push_back(s.name);
    level.texts.emplace_back(name_of(s.level));
    health.texts.emplace_back(name_of(s.health));
    rule.texts.push_back(s.evidence.rule);
    since.texts.push_back(s.since == kNoInstant ? std::string() : to_iso8601(s.since));
    unit.texts.push_back(s.evidence.unit);
    const bool judged = !s.evidence.rule.empty();
    value.numbers.push_back(judged ? s.evidence.value : kNaN);
    sigma.numbers.push_back(judged ? s.evidence.sigma : kNaN);
    threshold.numbers.push_back(judged ? s.evidence.threshold : kNaN);
  }
  if (zones.empty()) return;
  const std::vector<VectorColumn> columns{name,      level, health,  since, rule,     value, sigma,
                                          threshold, unit,  decided, area,  at_level, all};
  if (wanted(site, "gpkg")) folder.write("zones.gpkg", zones_file("GPKG", zones, columns));
  if (wanted(site, "geojson") || wanted(site, "gpkg")) folder.write("zones.geojson", zones_file("GeoJSON", zones, columns));
}

/// Changes of every zone and target, and the last days of every target's samples.
void write_histories(const std::vector<ZoneHistories>& zones, Instant now, std::int64_t last_days, Folder& folder) {
  std::vector<LevelRow> changes;
  std::vector<LevelRow> samples;
  const auto row = [](const std::string& name, const LampEntry& e) {
    return LevelRow{e.at,
                    name,
                    std::string(name_of(e.level)),
                    std::string(name_of(e.health)),
                    e.evidence.rule,
                    e.evidence.value,
                    e.evidence.sigma,
                    e.evidence.threshold,
                    e.evidence.unit,
                    e.evidence.window};
  };
  const auto take = [&](const History& h, bool with_samples) {
    const LampEntry* before = nullptr;
    for (const LampEntry& e : h.entries) {
      if (before == nullptr || before->level != e.level || before->health != e.health) changes.push_back(row(h.target, e));
      if (with_samples && now - e.at <= days(last_days)) samples.push_back(row(h.target, e));
      before = &e;
    }
  };
  for (const ZoneHistories& z : zones) {
    if (!z.zone.empty()) take(z.own, false);
    for (const History& target : z.targets) take(target, target.area_m2 == 0.0);
  }
  folder.write("level_changes.csv", levels_csv(changes));
  folder.write(fmt::format("levels_last_{}_days.csv", last_days), levels_csv(samples));
}

/// Targets as points, with what people ask of each.
void write_targets(const Site& site, const std::vector<TargetRow>& rows, Folder& folder) {
  folder.write("targets.csv", targets_csv(rows, site.frame));
  if (rows.empty()) return;
  std::vector<std::array<double, 2>> places;
  VectorColumn name{"name", {}, {}}, zone{"zone", {}, {}}, kind{"kind", {}, {}}, level{"level", {}, {}}, health{"health", {}, {}};
  VectorColumn newest{"newest", {}, {}}, speed{"velocity_24h_mm_per_day", {}, {}}, sigma{"sigma_24h_mm_per_day", {}, {}},
      area{"area_m2", {}, {}};
  for (const TargetRow& r : rows) {
    places.push_back(r.place_m);
    name.texts.push_back(r.state.name);
    zone.texts.push_back(r.zone);
    kind.texts.emplace_back(name_of(r.kind));
    level.texts.emplace_back(name_of(r.state.level));
    health.texts.emplace_back(name_of(r.state.health));
    newest.texts.push_back(r.state.newest == kNoInstant ? std::string() : to_iso8601(r.state.newest));
    speed.numbers.push_back(1000.0 * r.speed_m_per_day);
    sigma.numbers.push_back(1000.0 * r.speed_sigma_m_per_day);
    area.numbers.push_back(r.area_m2 > 0.0 ? r.area_m2 : kNaN);
  }
  const std::vector<VectorColumn> columns{name, zone, kind, level, health, newest, speed, sigma, area};
  if (wanted(site, "gpkg")) folder.write("targets.gpkg", places_file("GPKG", site.frame, places, columns));
  if (wanted(site, "geojson") || wanted(site, "gpkg"))
    folder.write("targets.geojson", places_file("GeoJSON", site.frame, places, columns));
}

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

/// Of the values that are there; NaN of none.
double rms_of(const std::vector<double>& values) {
  double square = 0.0;
  double n = 0.0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    square += v * v;
    n += 1.0;
  }
  return std::sqrt(square / n);
}

void note_fields(const Measurements& m, NightSummary& summary) {
  for (const auto& [source, field] : m.fields) {
    const double shift_mm = 1000.0 * rms_of(field.shared_shift_m);
    summary.fields.push_back({fmt::format("displacement_{}.csv", source), source, field.from, field.to, field.frame.is_local(),
                              std::isfinite(shift_mm), shift_mm});
  }
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
              {"products", products}}
             .dump(1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

void write_products(const Site& site, const Policy& policy, const Measurements& measurements,
                    const std::vector<ZoneHistories>& zones, const std::vector<Polygon>& outlines, const NightOptions& options,
                    NightSummary& summary, const Run& run) {
  const fs::path output = site.resolve(site.paths.output);
  make_folders(output);
  Folder folder(output, to_compact_iso8601(options.now), summary);
  sweep_temporary_files(folder.path());
  summary.folder = folder.path();
  summary.outlines = outlines;
  write_fields(site, measurements, folder);
  if (wanted(site, "csv")) note_fields(measurements, summary);
  write_zones(site, outlines, summary, folder);
  write_histories(zones, options.now, site.output.levels_days, folder);
  folder.write("series.csv", series_csv(measurements, options.now, site.output.series_days));
  const TargetTables tables = target_tables(site, measurements, policy, zones, summary, run);
  folder.write("velocity.csv", tables.velocity_csv);
  write_targets(site, tables.rows, folder);
  run.check_stop();
  write_whole(folder.path() / "night.json", summary_json(site, policy, summary));
  if (wanted(site, "png")) {
    const std::string why = draw_pictures(options.python, folder.path(), options.pictures_deadline_s, run);
    const std::size_t before = summary.products.size();
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (entry.path().extension() == ".png") summary.products.push_back(entry.path().lexically_relative(output));
    }
    const bool none = summary.products.size() == before;
    if (!why.empty()) summary.findings.push_back((none ? "no pictures: " : "not all pictures: ") + why);
    std::sort(summary.products.begin(), summary.products.end());
  }
  const std::string text = summary_json(site, policy, summary);
  write_whole(folder.path() / "night.json", text);
  write_whole(output / "night.json", text);
}

}  // namespace highwall
