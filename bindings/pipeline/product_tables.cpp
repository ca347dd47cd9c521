#include "bindings/pipeline/product_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "algorithms/warn/target_rates.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kMainWindow_h = 24.0;
constexpr std::size_t kStationSamples = 600;
constexpr std::size_t kPatchSamples = 250;
constexpr std::size_t kPatchesShown = 8;

std::string field_of(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string number(double v) { return std::isnan(v) ? "nan" : fmt::format("{:.6g}", v); }
std::string time_of(Instant t) { return t == kNoInstant ? std::string() : to_iso8601(t); }

bool is_patch(const TargetInput& target) { return target.area_m2 > 0.0; }

/// Samples of the last days, at most `most` of them, the newest always among them.
std::vector<std::size_t> thinned(const TimeSeries& s, Instant now, std::int64_t last_days, std::size_t most) {
  std::vector<std::size_t> recent;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (now - s.time[i] <= days(last_days)) recent.push_back(i);
  }
  const std::size_t step = std::max<std::size_t>(1, (recent.size() + most - 1) / most);
  std::vector<std::size_t> out;
  for (std::size_t k = recent.size(); k > 0; k -= std::min(k, step)) out.push_back(recent[k - 1]);
  std::reverse(out.begin(), out.end());
  return out;
}

bool finite(const TimeSeries& s, std::size_t i) {
  for (std::size_t c = 0; c < s.width(); ++c) {
    if (!std::isfinite(s.value(i, c))) return false;
  }
  return true;
}

/// Why a sample has no number in the tables: "ok" when it has.
std::string_view reason_of(const TimeSeries& s, std::size_t i) {
  if (!finite(s, i)) return "no_value";
  const std::uint32_t flag = s.flags.empty() ? 0 : s.flags[i];
  if ((flag & kFlagClock) != 0) return "wrong_clock";
  if ((flag & kFlagOutlier) != 0) return "outlier";
  if ((flag & kFlagFloat) != 0) return "float_solution";
  if ((flag & kFlagLowQuality) != 0) return "low_quality";
  if ((flag & kFlagFromFile) != 0) return "marked_in_file";
  if ((flag & kFlagFrozen) != 0) return "frozen";
  return "ok";
}

/// The first sample that counts; size() when there is none.
std::size_t first_epoch(const TimeSeries& s) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (reason_of(s, i) == "ok") return i;
  }
  return s.size();
}

using Rates = std::shared_ptr<const TargetRates>;

/// By target, in the order of the measurements: what it was judged by. Targets that no rule judges have rates all the same.
std::vector<Rates> rates_of(const std::vector<std::pair<std::string, const TargetInput*>>& inputs, const Policy& policy,
                            const std::vector<ZoneHistories>& zones, const Run& run) {
  std::map<std::pair<std::string, std::string>, Rates> judged;
  for (const ZoneHistories& zone : zones) {
    for (const History& target : zone.targets) judged[{zone.zone, target.target}] = target.rates;
  }
  std::vector<Rates> out(inputs.size());
  for_blocks(
      inputs.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const auto found = judged.find({inputs[i].first, inputs[i].second->series.target});
          if (found != judged.end()) out[i] = found->second;
          if (!out[i]) out[i] = std::make_shared<const TargetRates>(judged_rates(*inputs[i].second, policy, Run(1)));
        }
      },
      run, "velocities", 1);
  return out;
}

std::string velocity_rows(const std::string& zone, const TargetInput& target, const TargetRates& rates, Instant now,
                          std::int64_t last_days, bool every_window) {
  const TimeSeries& s = target.series;
  const auto samples = thinned(s, now, last_days, is_patch(target) ? kPatchSamples : kStationSamples);
  const std::string start = fmt::format("{},{},{},", field_of(zone), field_of(s.target), name_of(s.kind));
  std::string text;
  for (std::size_t c = 0; c < s.width(); ++c) {
    for (const SpeedWindow& window : rates.windows) {
      if (!every_window && window.window_h != kMainWindow_h) continue;
      const ComponentVelocity& one = window.components.at(c);
      for (const std::size_t i : samples) {
        fmt::format_to(std::back_inserter(text), "{}{},{:g},{},{},{},{}\n", start, to_iso8601(s.time[i]), window.window_h,
                       s.components[c], number(1000.0 * one.velocity_m_per_day[i]), number(1000.0 * one.sigma_m_per_day[i]),
                       name_of(one.reason[i]));
      }
    }
  }
  return text;
}

/// Patches of a zone that matter most: by level, then by velocity over its sigma; of each kind some.
std::set<std::string> patches_shown(const std::vector<TargetRow>& rows) {
  std::map<std::pair<std::string, SensorKind>, std::vector<const TargetRow*>> groups;
  for (const TargetRow& row : rows) {
    if (row.area_m2 > 0.0) groups[{row.zone, row.kind}].push_back(&row);
  }
  const auto weight = [](const TargetRow* r) {
    const double ratio = r->speed_m_per_day / r->speed_sigma_m_per_day;
    return std::pair(r->state.level, std::isfinite(ratio) ? ratio : -1.0);
  };
  std::set<std::string> names;
  for (auto& [group, some] : groups) {
    std::stable_sort(some.begin(), some.end(), [&](const TargetRow* a, const TargetRow* b) { return weight(a) > weight(b); });
    for (std::size_t k = 0; k < std::min(kPatchesShown, some.size()); ++k) names.insert(some[k]->state.name);
  }
  return names;
}

}  // namespace

TargetTables target_tables(const Site& site, const Measurements& measurements, const Policy& policy,
                           const std::vector<ZoneHistories>& zones, const NightSummary& night, const Run& run) {
  TargetTables out;
  std::map<std::string, const NightState*> states;
  for (const NightState& s : night.states) {
    if (!s.is_zone) states[s.name] = &s;
  }
  std::vector<std::pair<std::string, const TargetInput*>> inputs;
  for (const auto& [zone, targets] : measurements.targets) {
    for (const TargetInput& t : targets) inputs.emplace_back(zone, &t);
  }
  const std::vector<Rates> rates = rates_of(inputs, policy, zones, run);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const auto& [zone, target] = inputs[k];
    TargetRow row;
    row.zone = zone;
    const auto found = states.find(target->series.target);
    if (found != states.end()) row.state = *found->second;
    row.state.name = target->series.target;
    row.kind = target->series.kind;
    row.sensitivity = target->sensitivity;
    const SpeedWindow* day = rates[k]->window(kMainWindow_h);
    if (day != nullptr && !target->series.empty()) {
      row.speed_m_per_day = day->speed_m_per_day.back();
      row.speed_sigma_m_per_day = day->sigma_m_per_day.back();
    }
    row.max_silence_h = target->max_silence_h;
    row.area_m2 = target->area_m2;
    if (const auto& place = target->series.position_m) {
      row.place_m = {(*place)[0] - site.frame.origin_m[0], (*place)[1] - site.frame.origin_m[1]};
    }
    const std::size_t first = first_epoch(target->series);
    if (first < target->series.size()) row.reference = target->series.time[first];
    out.rows.push_back(std::move(row));
  }
  std::set<std::string> deciding;
  for (const ZoneSummary& zone : night.zones) deciding.insert(zone.decided_by);
  const std::set<std::string> patches = patches_shown(out.rows);
  out.velocity_csv = "zone,target,kind,time,window_h,component,velocity_mm_per_day,sigma_mm_per_day,reason\n";
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::string& name = inputs[k].second->series.target;
    const bool decides = deciding.contains(name);
    const bool patch = is_patch(*inputs[k].second);
    if (patch && !decides && !patches.contains(name)) continue;
    out.velocity_csv +=
        velocity_rows(inputs[k].first, *inputs[k].second, *rates[k], night.now, site.output.series_days, decides || !patch);
  }
  return out;
}

std::string targets_csv(const std::vector<TargetRow>& rows, const Frame& frame) {
  std::string text =
      "zone,target,kind,level,health,since,newest,rule,value,sigma,threshold,unit,window,speed_mm_per_day,speed_sigma_mm_per_day,"
      "max_silence_h,area_m2,sensitivity,east_m,north_m,reference_time\n";
  for (const TargetRow& r : rows) {
    const Evidence& e = r.state.evidence;
    const bool judged = !e.rule.empty();
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:g},{:g},{},{:.3f},{:.3f},{}\n", field_of(r.zone),
                        field_of(r.state.name), name_of(r.kind), name_of(r.state.level), name_of(r.state.health),
                        time_of(r.state.since), time_of(r.state.newest), field_of(e.rule), number(judged ? e.value : kNaN),
                        number(judged ? e.sigma : kNaN), number(judged ? e.threshold : kNaN), e.unit, e.window,
                        number(1000.0 * r.speed_m_per_day), number(1000.0 * r.speed_sigma_m_per_day), r.max_silence_h, r.area_m2,
                        number(r.sensitivity), r.place_m[0] + frame.origin_m[0], r.place_m[1] + frame.origin_m[1],
                        time_of(r.reference));
  }
  return text;
}

std::string series_csv(const Measurements& m, Instant now, std::int64_t last_days) {
  std::string text = "zone,target,time,component,displacement_mm,sigma_mm,reference_time,reason\n";
  for (const auto& [zone, targets] : m.targets) {
    for (const TargetInput& t : targets) {
      const TimeSeries& s = t.series;
      const std::size_t first = first_epoch(s);
      const std::string reference = first < s.size() ? to_iso8601(s.time[first]) : std::string();
      for (const std::size_t i : thinned(s, now, last_days, is_patch(t) ? 2 * kPatchSamples : 2000)) {
        const std::string_view reason = reason_of(s, i);
        for (std::size_t c = 0; c < s.width(); ++c) {
          const double zero = first < s.size() ? s.value(first, c) : kNaN;
          fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{}\n", field_of(zone), field_of(s.target),
                         to_iso8601(s.time[i]), s.components[c], number(1000.0 * (s.value(i, c) - zero)),
                         number(1000.0 * s.sigma(i, c)), reference, reason);
        }
      }
    }
  }
  return text;
}

FieldRaster field_raster(const DisplacementField& f, double cell_m) {
  FieldRaster out;
  out.geometry.frame = f.frame;
  double west = INFINITY, east = -INFINITY, south = INFINITY, north = -INFINITY;
  for (Eigen::Index i = 0; i < f.position_m.rows(); ++i) {
    if (!f.position_m.row(i).allFinite()) continue;
    west = std::min(west, f.position_m(i, 0));
    east = std::max(east, f.position_m(i, 0));
    south = std::min(south, f.position_m(i, 1));
    north = std::max(north, f.position_m(i, 1));
  }
  if (!(east >= west)) return out;
  west = std::floor(west / cell_m) * cell_m;
  north = (std::floor(north / cell_m) + 1.0) * cell_m;
  out.geometry.cols = static_cast<std::size_t>(std::floor((east - west) / cell_m)) + 1;
  out.geometry.rows = static_cast<std::size_t>(std::floor((north - south) / cell_m)) + 1;
  out.geometry.affine = {west, cell_m, 0.0, north, 0.0, -cell_m};
  const std::size_t n = out.geometry.cells();
  out.distance_mm.assign(n, 0.0);
  out.lod95_mm.assign(n, 0.0);
  out.count.assign(n, 0.0);
  out.beyond.assign(n, 0.0);
  out.without.assign(n, 0.0);
  for (std::size_t i = 0; i < f.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (!f.position_m.row(row).allFinite()) continue;
    const auto col = static_cast<std::size_t>(std::floor((f.position_m(row, 0) - west) / cell_m));
    const auto line = static_cast<std::size_t>(std::floor((north - f.position_m(row, 1)) / cell_m));
    const std::size_t cell = std::min(line, out.geometry.rows - 1) * out.geometry.cols + std::min(col, out.geometry.cols - 1);
    if (f.reason[i] != Reason::ok || !std::isfinite(f.lod95_m[i])) {
      out.without[cell] += 1.0;
      continue;
    }
    out.distance_mm[cell] += 1000.0 * f.value_m[i];
    out.lod95_mm[cell] += 1000.0 * f.lod95_m[i];
    out.count[cell] += 1.0;
    out.beyond[cell] += std::abs(f.value_m[i]) >= f.lod95_m[i] ? 1.0 : 0.0;
  }
  for (std::size_t cell = 0; cell < n; ++cell) {
    out.distance_mm[cell] = out.count[cell] > 0.0 ? out.distance_mm[cell] / out.count[cell] : kNaN;
    out.lod95_mm[cell] = out.count[cell] > 0.0 ? out.lod95_mm[cell] / out.count[cell] : kNaN;
  }
  return out;
}

}  // namespace highwall
