#include "bindings/pipeline/products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "algorithms/warn/criterion.hpp"
#include "bindings/pipeline/pictures.hpp"
#include "bindings/pipeline/product_tables.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "io/archive/map_file.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/tables.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

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

ScanNote note_of(const ScanNight& scan) {
  ScanNote note{scan.source, scan.newest, scan.scans, scan.judged_scans, scan.stable, 1e3 * scan.stable_sigma_m, {}};
  for (const AreaAlarm& alarm : scan.alarms.alarms) {
    if (!alarm.stands()) continue;
    const AreaRule& rule = scan.alarms.rules[alarm.rule];
    note.standing.push_back({alarm.id, rule.name, rule.raises(), std::string(name_of(alarm.kind)), alarm.raised,
                             alarm.cells.size(), alarm.area_m2, to_mm_per_h(MetresPerDay(alarm.fastest_m_per_day)),
                             alarm.signal_lost});
  }
  return note;
}

/// What a radar that is followed scan by scan shows at its newest scan.
void write_scans(const Site& site, const Policy& policy, const Measurements& m, Folder& folder) {
  for (const ScanNight& scan : m.scans) {
    const std::string name = "radar_" + scan.source;
    if (wanted(site, "csv")) {
      folder.write(name + "_scans.csv", scan.scans_csv);
      folder.write(name + "_calibration.csv", scan.calibration_csv);
      folder.write(name + "_alarms.json", radar_alarms_json(scan.alarms, policy));
    }
    if (scan.h5.empty()) continue;
    // The pictures are drawn from it.
    if (wanted(site, "hdf5") || wanted(site, "png")) folder.write(name + ".h5", scan.h5);
    if (wanted(site, "geotiff")) folder.write(name + ".tif", scan_geotiff(scan.h5, name, scan.raster, scan.newest));
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
  write_scans(site, policy, measurements, folder);
  for (const ScanNight& scan : measurements.scans) summary.scans.push_back(note_of(scan));
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
