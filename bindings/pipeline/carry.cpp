#include "bindings/pipeline/carry.hpp"

#include <algorithm>

namespace highwall {
namespace {

LampEntry carried_entry(Instant at, Level level, Health health, LampEntry::Cause cause) {
  LampEntry entry;
  entry.at = at;
  entry.level = entry.unlatched = level;
  entry.health = health;
  entry.cause = cause;
  entry.evidence.value = entry.evidence.sigma = entry.evidence.threshold = kNaN;
  return entry;
}

/// A target that nothing is known of but what was told last.
History silent_history(const StateLine& told, Instant now) {
  History history;
  history.target = told.name;
  if (told.newest != kNoInstant && told.newest < now) {
    history.entries.push_back(carried_entry(told.newest, told.level, Health::live, LampEntry::Cause::sample));
  }
  history.entries.push_back(carried_entry(now, told.level, Health::silent, LampEntry::Cause::health));
  return history;
}

void hold_zone(ZoneHistories& zone, Level told, Instant now) {
  const Level own = zone.own.entries.empty() ? Level::none : zone.own.entries.back().level;
  if (own >= told) return;
  const bool silent = std::all_of(zone.targets.begin(), zone.targets.end(), [](const History& target) {
    return target.entries.empty() || target.entries.back().health == Health::silent;
  });
  zone.own.entries.push_back(carried_entry(now, told, silent ? Health::silent : Health::degraded, LampEntry::Cause::health));
}

}  // namespace

void carry_told_states(const std::vector<StateLine>& told, Instant now, std::vector<ZoneHistories>& histories) {
  for (const StateLine& state : told) {
    bool present = false;
    for (ZoneHistories& zone : histories) {
      present = present || zone.zone == state.name;
      for (const History& target : zone.targets) present = present || target.target == state.name;
    }
    if (present) continue;
    auto home = std::find_if(histories.begin(), histories.end(), [&](const ZoneHistories& z) { return z.zone == state.zone; });
    if (home == histories.end()) home = histories.insert(histories.end(), ZoneHistories{});
    home->targets.push_back(silent_history(state, now));
  }
  for (ZoneHistories& zone : histories) {
    const auto before =
        std::find_if(told.begin(), told.end(), [&](const StateLine& s) { return !zone.zone.empty() && s.name == zone.zone; });
    if (before != told.end()) hold_zone(zone, before->level, now);
  }
}

}  // namespace highwall
