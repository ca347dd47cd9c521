#include "bindings/pipeline/radar_alarms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"
#include "core/units.hpp"

namespace highwall {
namespace {

bool is_velocity(const AreaRule& rule) { return rule.quantity == "velocity"; }

bool judges_window(const WindowVelocity& window) {
  return std::any_of(window.sigma_m_per_day.begin(), window.sigma_m_per_day.end(), [](float s) { return std::isfinite(s); });
}

/// null for what is not known: JSON has no NaN.
nlohmann::json number(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr); }
nlohmann::json time_text(Instant t) { return t == kNoInstant ? nlohmann::json(nullptr) : nlohmann::json(to_iso8601(t)); }
nlohmann::json mm_per_h(double m_per_day) { return number(to_mm_per_h(MetresPerDay(m_per_day))); }

/// Middle of the cells in world coordinates; null while positions are not known.
nlohmann::json place_of(const ScanGrid& grid, const AreaAlarm& alarm) {
  if (grid.position_m.empty()) return nullptr;
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  double count = 0.0;
  for (const std::uint32_t cell : alarm.cells) {
    if (!grid.position_m[cell].allFinite()) continue;
    sum += grid.position_m[cell];
    count += 1.0;
  }
  if (count == 0.0) return nullptr;
  const Eigen::Vector3d world = sum / count + Eigen::Vector3d::Map(grid.frame.origin_m.data());
  return {{"x_m", world.x()}, {"y_m", world.y()}, {"z_m", world.z()}};
}

nlohmann::json json_of(const RadarAlarms& all, const AreaAlarm& alarm) {
  const AreaRule& rule = all.rules[alarm.rule];
  nlohmann::json cells = nlohmann::json::array();
  for (const std::uint32_t cell : alarm.cells) cells.push_back({cell / all.grid.cols, cell % all.grid.cols});
  return {{"id", alarm.id},
          {"rule", rule.name},
          {"level", rule.level},
          {"kind", name_of(alarm.kind)},
          {"state", alarm.merged_into != 0 ? "merged"
                    : alarm.stands()       ? "standing"
                                           : "cleared"},
          {"first", time_text(alarm.first)},
          {"raised", time_text(alarm.raised)},
          {"last", time_text(alarm.last)},
          {"cleared", time_text(alarm.cleared)},
          {"merged_into", alarm.merged_into == 0 ? nlohmann::json(nullptr) : nlohmann::json(alarm.merged_into)},
          {"signal_lost", alarm.signal_lost},
          {"scans", alarm.scans},
          {"most_cells", alarm.most_cells},
          {"most_area_m2", number(alarm.most_area_m2)},
          {"area_m2", number(alarm.area_m2)},
          {"fastest_mm_per_h", mm_per_h(alarm.fastest_m_per_day)},
          {"mean_mm_per_h", mm_per_h(alarm.mean_m_per_day)},
          {"significance_sigma", number(alarm.significance)},
          {"trend", name_of(alarm.trend)},
          {"place", place_of(all.grid, alarm)},
          {"cells", cells}};
}

nlohmann::json json_of(const AreaRule& rule) {
  return {{"name", rule.name},
          {"quantity", rule.quantity},
          {"level", rule.level},
          {"window_h", is_velocity(rule) ? nlohmann::json(rule.window_h) : nlohmann::json(nullptr)},
          {"threshold_mm_per_h", rule.threshold_mm_per_h},
          {"k_sigma", rule.k_sigma},
          {"coherence", rule.coherence},
          {"least_area_m2", rule.least_area_m2},
          {"least_cells", rule.least_cells},
          {"scans", rule.scans},
          {"of_scans", rule.of_scans},
          {"release_factor", rule.release_factor},
          {"source", rule.source},
          {"confidence", rule.confidence}};
}

}  // namespace

std::vector<double> windows_of_rules(const std::vector<AreaRule>& rules) {
  std::set<double> windows;
  for (const AreaRule& rule : rules) {
    if (is_velocity(rule)) windows.insert(rule.window_h);
  }
  return {windows.begin(), windows.end()};
}

AreaScan area_scan_of(const VelocityScan& velocity, const RadarScan& scan) {
  AreaScan out;
  out.at = velocity.instant;
  for (const WindowVelocity& window : velocity.windows) {
    out.windows.push_back({window.window_h, window.velocity_m_per_day, window.sigma_m_per_day, window.motion});
  }
  out.displacement_m = velocity.displacement_m;
  out.coherence = scan.coherence;
  out.aliased = velocity.aliased;
  return out;
}

ScanTrust trust_of(const VelocityScan& velocity) {
  ScanTrust out;
  out.at = velocity.instant;
  out.valid = velocity.valid;
  out.stable = velocity.atmosphere.stable;
  out.stable_sigma_m = velocity.atmosphere.after_m;
  if (velocity.windows.empty()) return out;
  const WindowVelocity& shortest = velocity.windows.front();
  for (std::size_t i = 0; i < shortest.velocity_m_per_day.size(); ++i) {
    const bool measured = std::isfinite(shortest.velocity_m_per_day[i]);
    if (measured && !std::isfinite(shortest.sigma_m_per_day[i])) ++out.without_sigma;
  }
  return out;
}

bool judges_all(const VelocityScan& velocity) {
  return std::all_of(velocity.windows.begin(), velocity.windows.end(), judges_window);
}

RadarAlarms radar_alarms(const ScanSource& scans, const RadarCells& cells, const Policy& policy, VelocityStreamOptions options,
                         const Run& run) {
  if (policy.area_rules.empty()) {
    throw Error(ErrorKind::config, fmt::format("policy {} has no [[area_rule]]", policy.id), {},
                "add one, or leave --policy out for those of the shipped policy");
  }
  RadarAlarms out;
  out.grid = cells.grid;
  out.rules = policy.area_rules;
  options.windows_h = windows_of_rules(out.rules);
  // Rules of coherence only need no velocity, but the stream wants some window.
  if (options.windows_h.empty()) options.windows_h = {1.0};
  VelocityStream stream(cells.grid, scans.value(), options, cells.calibrate);
  AreaAlarms areas(cells.grid, out.rules, cells.masked);
  for (std::size_t k = 0; k < scans.size(); ++k) {
    run.check_stop();
    const RadarScan scan = scans.read(k);
    const VelocityScan& velocity = stream.push(scan, run);
    areas.push(area_scan_of(velocity, scan), run);
    out.scans.push_back(trust_of(velocity));
    if (judges_all(velocity)) ++out.judged_scans;
    run.progress("scans", k + 1, scans.size());
  }
  out.alarms = areas.alarms();
  out.newest = stream.last();
  return out;
}

std::vector<AlarmSeries> alarm_series(const ScanSource& scans, const RadarCells& cells, const RadarAlarms& alarms,
                                      VelocityStreamOptions options, const PercentOptions& percent, const Run& run) {
  validate(percent, "percent_deformation");
  std::set<std::uint32_t> wanted;
  for (const AreaAlarm& alarm : alarms.alarms) {
    if (alarm.kind == AreaKind::motion) wanted.insert(alarm.cells.begin(), alarm.cells.end());
  }
  std::vector<AlarmSeries> out;
  if (wanted.empty()) return out;
  const std::vector<std::uint32_t> kept(wanted.begin(), wanted.end());
  std::map<std::uint32_t, std::uint32_t> place;
  for (std::size_t i = 0; i < kept.size(); ++i) place[kept[i]] = static_cast<std::uint32_t>(i);

  GridGeometry line;
  line.rows = 1;
  line.cols = kept.size();
  line.frame = cells.grid.frame;
  Stack stack(line, {});
  stack.line_of_sight = cells.grid.line_of_sight;
  options.windows_h = windows_of_rules(alarms.rules);
  VelocityStream stream(cells.grid, scans.value(), options, cells.calibrate);
  std::vector<double> map(kept.size());
  for (std::size_t k = 0; k < scans.size(); ++k) {
    run.check_stop();
    const VelocityScan& velocity = stream.push(scans.read(k), run);
    for (std::size_t i = 0; i < kept.size(); ++i) map[i] = velocity.displacement_m[kept[i]];
    stack.push(velocity.instant, map);
    run.progress("series of the alarms", k + 1, scans.size());
  }
  for (const AreaAlarm& alarm : alarms.alarms) {
    if (alarm.kind != AreaKind::motion) continue;
    std::vector<std::uint32_t> own;
    for (const std::uint32_t cell : alarm.cells) own.push_back(place.at(cell));
    const Instant from = alarm.first - duration_from_seconds(3600.0 * alarms.rules[alarm.rule].window_h);
    AlarmSeries one{alarm.id, percent_deformation(stack, own, from, percent)};
    for (PercentSeries& share : one.shares) {
      for (std::uint32_t& cell : share.cells) cell = kept[cell];
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::string radar_alarms_json(const RadarAlarms& all, const Policy& policy) {
  nlohmann::json rules = nlohmann::json::array();
  for (const AreaRule& rule : all.rules) rules.push_back(json_of(rule));
  nlohmann::json alarms = nlohmann::json::array();
  for (const AreaAlarm& alarm : all.alarms) alarms.push_back(json_of(all, alarm));
  nlohmann::json scans = nlohmann::json::array();
  for (const ScanTrust& scan : all.scans) {
    scans.push_back({{"time", time_text(scan.at)},
                     {"valid_cells", scan.valid},
                     {"stable_cells", scan.stable},
                     {"stable_sigma_mm", number(1000.0 * scan.stable_sigma_m)},
                     {"cells_without_sigma", scan.without_sigma}});
  }
  const nlohmann::json whole{
      {"schema", "highwall.radar_alarms/1"},
      {"policy", {{"id", policy.id}, {"version", policy.version}, {"sha256", policy.sha256}}},
      {"grid",
       {{"rows", all.grid.rows}, {"cols", all.grid.cols}, {"crs", all.grid.position_m.empty() ? "" : all.grid.frame.crs}}},
      {"cells_count", "row, col, from 0"},
      {"velocity_sign", "positive towards the radar"},
      {"judged_scans", all.judged_scans},
      {"rules", rules},
      {"alarms", alarms},
      {"scans", scans}};
  return whole.dump(1) + "\n";
}

std::string alarm_series_csv(const std::vector<AlarmSeries>& series) {
  std::string text = "alarm,share,cells,time,displacement_mm\n";
  for (const AlarmSeries& alarm : series) {
    for (const PercentSeries& share : alarm.shares) {
      for (std::size_t i = 0; i < share.series.size(); ++i) {
        const double d = 1000.0 * share.series.value(i);
        fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", alarm.alarm, share.share, share.cells.size(),
                       to_iso8601(share.series.time[i]), std::isfinite(d) ? fmt::format("{:.4f}", d) : "nan");
      }
    }
  }
  return text;
}

}  // namespace highwall
