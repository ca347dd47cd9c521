#include "bindings/pipeline/keep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace highwall {
namespace {

/// The same when the message cannot be read: it is only asked for the zone, which the source may tell too.
Home home_at(const Posted& posted, const Site& site) {
  Home home{posted.stream.find('/') == std::string::npos, {}};
  try {
    home = home_of(posted);
  } catch (const std::exception&) {
  }
  if (!home.is_zone && home.zone.empty()) {
    const std::string id = posted.stream.substr(0, posted.stream.find('/'));
    const auto source = std::find_if(site.sources.begin(), site.sources.end(), [&](const SourceConfig& s) { return s.id == id; });
    if (source != site.sources.end()) home.zone = source->zone;
  }
  return home;
}

class Keeper {
 public:
  Keeper(const Site& site, const Policy& policy, const std::vector<Act>& acts, const Outbox& outbox, Instant now,
         std::vector<ZoneHistories>& zones, std::vector<std::string>& findings)
      : site_(site), policy_(policy), acts_(acts), outbox_(outbox), now_(now), zones_(zones), findings_(findings) {}

  void all() {
    std::set<std::string> touched;
    std::set<std::string> present;
    for (ZoneHistories& z : zones_) {
      present.insert(z.zone);
      for (History& target : z.targets) {
        present.insert(target.target);
        if (keep(target, z.zone)) touched.insert(z.zone);
      }
    }
    for (const Posted& posted : outbox_.streams()) {
      if (posted.stream == "heartbeat" || posted.stream.starts_with(kSourceStream) || present.contains(posted.stream)) continue;
      // One that was let go in this very night is still told of, so that the night can be run again.
      if (posted.level == Level::none && posted.published_time != now_) continue;
      const Home home = home_at(posted, site_);
      add_gone(posted, home);
      if (!home.is_zone) touched.insert(home.zone);
    }
    for (ZoneHistories& z : zones_) {
      const ZoneConfig* zone = site_.zone(z.zone);
      if (zone == nullptr) continue;
      if (touched.contains(z.zone)) z.own = judge_zone(z.zone, z.targets, zone->quorum.targets, zone->quorum.area_m2);
      keep(z.own, z.zone);
    }
  }

 private:
  bool released(const std::string& stream, const std::string& zone, const Posted& posted) const {
    return std::any_of(acts_.begin(), acts_.end(), [&](const Act& act) {
      return act.kind == Act::Kind::release && act.is_about(stream, zone) && act.at > posted.published_time && act.at <= now_;
    });
  }

  /// @return true when the history was changed
  bool keep(History& history, const std::string& zone) {
    const auto last = outbox_.last(history.target);
    if (!last || last->level < policy_.timing.latch_from) return false;
    const LampEntry* then = entry_at(history, last->event_time);
    // Where the data still say what was published, the lamp's own latch holds and a release has its way.
    if (then != nullptr && then->level >= last->level) return false;
    const Level today = history.entries.empty() ? Level::none : history.entries.back().level;
    if (today >= last->level || released(history.target, zone, *last)) return false;
    LampEntry entry = history.entries.empty() ? LampEntry{} : history.entries.back();
    if (history.entries.empty()) {
      entry.health = Health::silent;
      entry.evidence = nothing();
    }
    entry.at = std::max(entry.at, last->event_time);
    entry.level = last->level;
    entry.unlatched = today;
    entry.cause = LampEntry::Cause::kept;
    entry.raised = nullptr;
    history.entries.push_back(std::move(entry));
    history.kept_from = last->event_time;
    findings_.push_back(
        fmt::format("{0} was published {1} with the time {2} and stays {1}: judged again, its data say {3}; only a "
                    "release lowers it (highwall release {0} --by NAME --reason TEXT)",
                    history.target, name_of(last->level), to_iso8601(last->event_time), name_of(today)));
    return true;
  }

  void add_gone(const Posted& posted, const Home& home) {
    const bool free = posted.level == Level::none || released(posted.stream, home.zone, posted);
    History history;
    history.target = posted.stream;
    LampEntry entry;
    entry.at = posted.event_time;
    entry.level = free ? Level::none : posted.level;
    entry.health = Health::silent;
    entry.cause = free ? LampEntry::Cause::act : LampEntry::Cause::kept;
    entry.evidence = nothing();
    history.entries.push_back(std::move(entry));
    if (!free) {
      history.kept_from = posted.event_time;
      findings_.push_back(
          fmt::format("{0} was {1} when it was last told of and nobody measures it any more: it stays {1} and silent "
                      "until it is released (highwall release {0} --by NAME --reason TEXT)",
                      posted.stream, name_of(posted.level)));
    }
    if (home.is_zone) {
      ZoneHistories gone;
      gone.zone = posted.stream;
      gone.own = std::move(history);
      zones_.push_back(std::move(gone));
      return;
    }
    const std::string zone = site_.zone(home.zone) == nullptr ? "" : home.zone;
    auto place = std::find_if(zones_.begin(), zones_.end(), [&](const ZoneHistories& z) { return z.zone == zone; });
    if (place == zones_.end()) place = zones_.insert(zones_.end(), ZoneHistories{});
    place->targets.push_back(std::move(history));
  }

  static Evidence nothing() {
    Evidence e;
    e.rule = "no_data";
    e.value = e.sigma = e.threshold = kNaN;
    return e;
  }

  const Site& site_;
  const Policy& policy_;
  const std::vector<Act>& acts_;
  const Outbox& outbox_;
  Instant now_;
  std::vector<ZoneHistories>& zones_;
  std::vector<std::string>& findings_;
};

}  // namespace

void keep_published(const Site& site, const Policy& policy, const std::vector<Act>& acts, const Outbox& outbox, Instant now,
                    std::vector<ZoneHistories>& zones, std::vector<std::string>& findings) {
  Keeper(site, policy, acts, outbox, now, zones, findings).all();
}

}  // namespace highwall
