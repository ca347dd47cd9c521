#include "bindings/pipeline/zone_summary.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace highwall {
namespace {

/// Value over what it is held against; -1 when there is no value.
double ratio_of(const Evidence& e) {
  const double ratio = std::abs(e.value) / e.threshold;
  return std::isfinite(ratio) ? ratio : -1.0;
}

bool is_dead(Health health) { return health == Health::stale || health == Health::silent; }

/// Targets that a level rests on; at none there is no such target.
bool is_at(const LampEntry& entry, Level level) { return level != Level::none && entry.level >= level; }

/// The target that speaks for the zone: the highest level, then the largest value over its threshold.
const History* speaker_of(const ZoneHistories& zone) {
  const History* best = nullptr;
  for (const History& target : zone.targets) {
    if (target.entries.empty()) continue;
    if (best == nullptr) {
      best = &target;
      continue;
    }
    const LampEntry& a = target.entries.back();
    const LampEntry& b = best->entries.back();
    if (std::pair(a.level, ratio_of(a.evidence)) > std::pair(b.level, ratio_of(b.evidence))) best = &target;
  }
  return best;
}

/// The entry with which the present level began.
const LampEntry* start_of_level(const History& history) {
  const LampEntry* start = nullptr;
  for (std::size_t k = history.entries.size(); k-- > 0;) {
    if (history.entries[k].level != history.entries.back().level) break;
    start = &history.entries[k];
  }
  return start;
}

void add_acknowledgement(const ZoneHistories& zone, const std::vector<Act>& acts, Instant now, Instant since, ZoneSummary& out) {
  for (const Act& act : acts) {
    if (act.kind != Act::Kind::acknowledge || act.at > now || act.at < since) continue;
    const bool meant = act.target == zone.zone || std::any_of(zone.targets.begin(), zone.targets.end(),
                                                              [&](const History& h) { return act.is_about(h.target, {}); });
    if (!meant || (out.acknowledged_at != kNoInstant && act.at < out.acknowledged_at)) continue;
    out.acknowledged_by = act.by;
    out.acknowledged_at = act.at;
  }
}

ZoneSummary summary_of(const ZoneHistories& zone, const NightState& state, const std::vector<Act>& acts, Instant now) {
  ZoneSummary out;
  out.name = zone.zone;
  out.targets = zone.targets.size();
  for (const History& target : zone.targets) {
    if (target.entries.empty()) continue;
    const LampEntry& last = target.entries.back();
    out.raised_targets += last.level != Level::none ? 1 : 0;
    out.at_level_targets += is_at(last, state.level) ? 1 : 0;
    out.live_targets += is_dead(last.health) ? 0 : 1;
    out.doubtful_targets += last.health == Health::degraded ? 1 : 0;
  }
  out.area_at_level_m2 = area_at_level(zone, now, state.level);
  if (const History* speaker = speaker_of(zone)) {
    out.decided_by = speaker->target;
    out.evidence = speaker->entries.back().evidence;
  }
  const LampEntry* start = start_of_level(zone.own);
  if (start != nullptr && state.level != Level::none) out.raised_by = start->evidence;
  if (state.level != Level::none) add_acknowledgement(zone, acts, now, state.since, out);
  return out;
}

Health health_of(const std::vector<Health>& all) {
  if (all.empty()) return Health::silent;
  if (std::all_of(all.begin(), all.end(), [](Health h) { return h == Health::silent; })) return Health::silent;
  if (std::all_of(all.begin(), all.end(), [](Health h) { return h == Health::live; })) return Health::live;
  return std::all_of(all.begin(), all.end(), is_dead) ? Health::stale : Health::degraded;
}

/// A source of which nothing is judged, because no zone lies there or because there is but one scan, is as old as its data, and
/// no better than degraded.
void tell_unjudged(const SourceConfig& source, const Policy& policy, const Measurements& measurements, Instant now,
                   SourceSummary& s) {
  const auto found = measurements.times.find(source.id);
  if (found == measurements.times.end()) return;
  for (const HeldTimes& times : found->second) {
    if (times.past > 0) s.newest = s.newest == kNoInstant ? times.newest : std::max(s.newest, times.newest);
  }
  if (s.newest == kNoInstant) return;
  const double age_h = to_hours(now - s.newest);
  s.health = age_h > source.max_silence_h                               ? Health::silent
             : age_h > policy.timing.stale_share * source.max_silence_h ? Health::stale
                                                                        : Health::degraded;
}

}  // namespace

std::string source_of_epoch(const std::string& id) {
  const std::size_t first = id.find('-');
  const std::size_t last = id.rfind('-');
  return first == std::string::npos || last <= first ? std::string() : id.substr(first + 1, last - first - 1);
}

std::vector<ZoneSummary> zone_summaries(const std::vector<ZoneHistories>& zones, const std::vector<NightState>& states,
                                        const std::vector<Act>& acts, Instant now) {
  std::vector<ZoneSummary> out;
  for (const NightState& state : states) {
    if (!state.is_zone) continue;
    for (const ZoneHistories& zone : zones) {
      if (zone.zone == state.name) out.push_back(summary_of(zone, state, acts, now));
    }
  }
  return out;
}

std::vector<SourceSummary> source_summaries(const Site& site, const Policy& policy, const Measurements& measurements,
                                            const NightSummary& night) {
  std::map<std::string, const NightState*> states;
  for (const NightState& s : night.states) {
    if (!s.is_zone) states[s.name] = &s;
  }
  std::vector<SourceSummary> out;
  for (const SourceConfig& source : site.sources) {
    SourceSummary s{source.id, source.kind, 0, 0, 0, 0, 0, kNoInstant, Health::silent};
    for (const FileOutcome& f : night.files) {
      if (f.source != source.id) continue;
      ++s.files;
      s.taken_in += f.outcome == "stored" ? 1 : 0;
      s.quarantined += f.outcome == "quarantined" ? 1 : 0;
      s.waiting += f.outcome == "waiting" ? 1 : 0;
    }
    std::vector<Health> health;
    for (const auto& [zone, targets] : measurements.targets) {
      for (const TargetInput& t : targets) {
        if (t.epochs.empty() || source_of_epoch(t.epochs.front()) != source.id) continue;
        const auto found = states.find(t.series.target);
        if (found == states.end()) continue;
        health.push_back(found->second->health);
        s.newest = std::max(s.newest, found->second->newest);
      }
    }
    for (const auto& [zone, areas] : measurements.areas) {
      for (const AreaTarget& area : areas) {
        const auto found = area.source == source.id ? states.find(area.target) : states.end();
        if (found == states.end()) continue;
        health.push_back(found->second->health);
        s.newest = std::max(s.newest, found->second->newest);
      }
    }
    s.targets = health.size();
    s.health = health_of(health);
    if (health.empty()) tell_unjudged(source, policy, measurements, night.now, s);
    out.push_back(s);
  }
  return out;
}

std::vector<Contribution> contributions_at(const ZoneHistories& zone, Instant at, Level level) {
  std::vector<std::pair<double, Contribution>> ranked;
  for (const History& target : zone.targets) {
    const LampEntry* entry = entry_at(target, at);
    const bool dead = entry == nullptr || is_dead(entry->health);
    if (!dead && !is_at(*entry, level)) continue;
    Contribution c;
    c.target = target.target;
    c.value = c.sigma = c.threshold = kNaN;
    c.area_m2 = target.area_m2 > 0.0 ? target.area_m2 : kNaN;
    double rank = -1.0;
    if (entry != nullptr) {
      const Evidence& e = entry->evidence;
      c.level = entry->level;
      c.health = entry->health;
      c.rule = e.rule;
      if (!e.rule.empty()) std::tie(c.value, c.sigma, c.threshold, c.unit) = std::tie(e.value, e.sigma, e.threshold, e.unit);
      rank = ratio_of(e);
    }
    ranked.emplace_back(rank, std::move(c));
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.level, a.first) > std::pair(b.second.level, b.first);
  });
  std::vector<Contribution> out;
  for (auto& [rank, c] : ranked) out.push_back(std::move(c));
  return out;
}

double area_at_level(const ZoneHistories& zone, Instant at, Level level) {
  double area = 0.0;
  for (const History& target : zone.targets) {
    const LampEntry* entry = entry_at(target, at);
    if (entry != nullptr && is_at(*entry, level)) area += target.area_m2;
  }
  return area > 0.0 ? area : kNaN;
}

namespace {

/// Quantities by name, and the sigma of the displacement over the deciding window.
void add_quantities(const Policy& policy, WarningMessage& m) {
  m.quality.uncertainty_mm = kNaN;
  for (const Evidence& e : m.evidence) {
    const auto is_it = [&](const auto& r) { return r.name == e.rule; };
    const auto rule = std::find_if(policy.rules.begin(), policy.rules.end(), is_it);
    const auto area = std::find_if(policy.area_rules.begin(), policy.area_rules.end(), is_it);
    if (rule == policy.rules.end() && area == policy.area_rules.end()) {
      m.quality.flags.push_back(e.rule.empty() ? "no_data" : e.rule);
      continue;
    }
    const bool of_area = rule == policy.rules.end();
    const std::string name =
        (of_area ? "area_" + area->quantity : rule->family) + (e.window.empty() ? "" : "_" + e.window) + "_" + e.unit;
    const bool told =
        std::any_of(m.quantities.begin(), m.quantities.end(), [&](const MessageQuantity& q) { return q.name == name; });
    if (!told) m.quantities.push_back({name, e.value, e.sigma, e.threshold});
    const double window_h = of_area ? area->window_h : rule->window_h;
    const double per_mm = e.unit == "mm_per_day" ? window_h / 24.0
                          : e.unit == "mm_per_h" ? window_h
                          : e.unit == "mm"       ? 1.0
                                                 : kNaN;
    if (std::isnan(m.quality.uncertainty_mm)) m.quality.uncertainty_mm = e.sigma * per_mm;
  }
}

/// Stations are named themselves; of areal sensors the source is the instrument.
std::string equipment_of(const std::string& target, double area_m2) {
  const std::size_t slash = target.find('/');
  const bool areas = slash != std::string::npos && target.compare(slash, 6, "/areas") == 0;
  return area_m2 > 0.0 || areas ? target.substr(0, slash) : target;
}

void add_common(const Policy& policy, WarningMessage& m) {
  if (m.health != Health::live) m.quality.flags.insert(m.quality.flags.begin(), std::string(name_of(m.health)));
  add_quantities(policy, m);
  const bool episode = m.level != Level::none || m.previous_level != Level::none;
  m.duration_h = episode && m.episode_start != kNoInstant ? std::max(0.0, to_hours(m.event_time - m.episode_start)) : kNaN;
}

}  // namespace

void describe_zone(const ZoneHistories& zone, const Policy& policy, WarningMessage& m) {
  m.contributions = contributions_at(zone, m.event_time, m.level);
  m.targets_total = zone.targets.size();
  m.area_m2 = area_at_level(zone, m.event_time, m.level);
  std::size_t live = 0;
  for (const History& target : zone.targets) {
    const LampEntry* entry = entry_at(target, m.event_time);
    live += entry != nullptr && !is_dead(entry->health) ? 1 : 0;
  }
  m.quality.coverage = zone.targets.empty() ? kNaN : static_cast<double>(live) / static_cast<double>(zone.targets.size());
  for (const Contribution& c : m.contributions) {
    if (m.level != Level::none && c.level < m.level) continue;
    const std::string equipment = equipment_of(c.target, c.area_m2);
    if (std::find(m.equip_nos.begin(), m.equip_nos.end(), equipment) == m.equip_nos.end()) m.equip_nos.push_back(equipment);
  }
  add_common(policy, m);
}

void describe_target(const History& target, const Policy& policy, WarningMessage& m) {
  m.area_m2 = target.area_m2 > 0.0 ? target.area_m2 : kNaN;
  m.equip_nos = {equipment_of(target.target, target.area_m2)};
  m.quality.coverage = is_dead(m.health) ? 0.0 : 1.0;
  add_common(policy, m);
}

}  // namespace highwall
