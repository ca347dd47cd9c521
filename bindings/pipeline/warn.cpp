#include "bindings/pipeline/warn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "algorithms/warn/criterion.hpp"
#include "bindings/pipeline/zone_summary.hpp"
#include "core/error.hpp"
#include "io/config/policy.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

const std::string& target_name(const TargetInput& target) { return target.series.target; }
const std::string& target_name(const AreaTarget& target) { return target.target; }

template <class Target>
std::vector<Act> acts_for(const std::vector<Act>& acts, const std::string& zone, const std::vector<Target>& targets) {
  // What is said of a zone is said of each of its targets.
  std::vector<Act> out;
  for (const Act& act : acts) {
    for (const Target& target : targets) {
      if (!act.is_about(target_name(target), zone)) continue;
      Act one = act;
      one.target = target_name(target);
      out.push_back(std::move(one));
    }
  }
  return out;
}

/// Health as a receiver is told of it: whether there are data. Live and degraded change with every
/// sample that cannot be judged; each message carries them, but they alone cause none.
Health told(Health health) { return health == Health::degraded ? Health::live : health; }

/// Whether a target says anything at all: a silence that lasts is no news of its own.
bool is_heard(Health health) { return told(health) == Health::live; }

/// Entries at which the level, or the health as it is told, differs from the entry before.
std::vector<const LampEntry*> changes_of(const History& history) {
  std::vector<const LampEntry*> out;
  for (const LampEntry& e : history.entries) {
    const bool same = !out.empty() && out.back()->level == e.level && told(out.back()->health) == told(e.health);
    if (!same) out.push_back(&e);
  }
  return out;
}

std::string message_type(Level before, Level after) {
  if (after > before) return before == Level::none ? "raise" : "update";
  if (after == Level::none && before != Level::none) return "clear";
  return "update";
}

/// Rules of the evidence whose numbers nobody has confirmed.
std::vector<std::string> unconfirmed_of(const Policy& policy, const std::vector<Evidence>& evidence) {
  std::vector<std::string> names;
  for (const Evidence& e : evidence) {
    for (const PolicyRule& rule : policy.rules) {
      if (rule.name == e.rule && rule.confidence != "confirmed") names.push_back(rule.name);
    }
    for (const AreaRule& rule : policy.area_rules) {
      if (rule.name == e.rule && rule.confidence != "confirmed") names.push_back(rule.name);
    }
  }
  return names;
}

/// Outline of a zone in world metres of the site's CRS.
MessageOutline outline_of(const Polygon& polygon) {
  MessageOutline parts;
  for (const ZonePart& part : parts_of(polygon)) {
    auto& rings = parts.emplace_back();
    for (const Ring& ring : part) {
      auto& points = rings.emplace_back();
      for (const Eigen::Vector2d& p : ring)
        points.emplace_back(p.x() + polygon.frame.origin_m[0], p.y() + polygon.frame.origin_m[1]);
    }
  }
  return parts;
}

/// World metres as WGS84 longitude and latitude; empty where the frame has no place on earth.
MessageOutline lon_lat_of(MessageOutline parts, const Frame& frame) {
  if (parts.empty() || frame.is_local()) return {};
  const Transformer transformer(frame.crs, "EPSG:4326");
  for (auto& part : parts) {
    for (auto& ring : part) {
      for (auto& [x, y] : ring) {
        double xyz[3] = {x, y, 0.0};
        if (transformer.apply(xyz, 1) > 0) return {};
        std::tie(x, y) = std::pair(xyz[0], xyz[1]);
      }
    }
  }
  return parts;
}

/// Start of the episode that an instant belongs to: the last rise from none.
Instant episode_start(const std::vector<const LampEntry*>& changes, std::size_t upto) {
  Instant start = changes[upto]->at;
  for (std::size_t k = upto + 1; k-- > 0;) {
    if (changes[k]->level == Level::none) break;
    start = changes[k]->at;
  }
  return start;
}

/// True when a history says of the moment of a message at least what the message said.
bool agrees(const History& history, const Posted& last) {
  const LampEntry* then = entry_at(history, last.event_time);
  return then != nullptr && then->level >= last.level;
}

constexpr const char* kKeptFlag = "kept_as_published";

/// True when the message has told that a published level stands against the data, or without any.
bool tells_kept(const Posted& posted) {
  try {
    const auto flags = nlohmann::json::parse(read_whole(posted.path)).at("quality").at("flags");
    return std::find(flags.begin(), flags.end(), kKeptFlag) != flags.end();
  } catch (const std::exception&) {
    return false;  // Then it is told once more.
  }
}

class Poster {
 public:
  Poster(const Site& site, const Policy& policy, Instant now, const MessageContext& context, Outbox& outbox)
      : site_(site), policy_(policy), now_(now), context_(context), outbox_(outbox), config_sha256_(sha256_hex(site.text)) {}

  /// Posts every change after the newest one that was posted. A change that late data put before it is
  /// not sent again; when late data changed the present state, that goes out as an update.
  /// @param own  the zone's own and its targets' histories; nullptr when the stream is that of a target. A target has
  ///             messages of its own for changes of level, and of health while its level is a latched one: else its
  ///             health is told by its zone and its source.
  /// @param zone of the stream; "" = in no zone
  std::size_t stream(const History& history, const ZoneHistories* own, const std::string& zone, const Polygon& outline) {
    const bool is_zone = own != nullptr;
    const auto changes = changes_of(history);
    if (changes.empty()) return 0;
    std::optional<Posted> last = outbox_.last(history.target);
    const bool kept = history.kept_from != kNoInstant;
    // Where the past is told otherwise than it was published, only what it comes to now is sent.
    const bool retold = last && last->level >= policy_.timing.latch_from && (kept || !agrees(history, *last));
    std::size_t posted = 0;
    for (std::size_t k = retold ? changes.size() - 1 : 0; k < changes.size(); ++k) {
      const LampEntry& entry = *changes[k];
      const Level before = last ? last->level : Level::none;
      const Health health_before = last ? last->health : Health::live;
      const bool newer = !last || entry.at > last->event_time;
      const bool health_differs =
          is_zone ? told(entry.health) != told(health_before)
                  : entry.level >= policy_.timing.latch_from && is_heard(entry.health) != is_heard(health_before);
      const bool differs = entry.level != before || health_differs;
      const bool untold = kept && last && entry.cause == LampEntry::Cause::kept && !tells_kept(*last);
      // Receivers may have got a message that was damaged since: what it comes to now is told in any case.
      const bool unsure = k + 1 == changes.size() && outbox_.is_newest_lost(history.target);
      const bool worth = differs || untold || unsure;
      const bool correction = last && (!newer || retold) && k + 1 == changes.size() && worth;
      if (!worth || (!newer && !correction)) continue;
      // A target that begins at rest has nothing to tell.
      if (!last && !unsure && entry.level == Level::none && entry.health != Health::silent && entry.health != Health::stale)
        continue;
      WarningMessage m = base(history.target, is_zone, zone, outline);
      m.msg_type = message_type(before, entry.level);
      m.historical = correction || entry.at < previous_night();
      m.level = entry.level;
      m.previous_level = before;
      m.health = entry.health;
      m.event_time = kept ? history.kept_from : correction ? std::max(entry.at, last->event_time) : entry.at;
      const bool on = last && goes_on(*last, entry);
      if (on) m.id = last->id;
      m.episode_start = kept                         ? m.event_time
                        : entry.level != Level::none ? episode_start(changes, k)
                        : on && k > 0                ? episode_start(changes, k - 1)
                                                     : m.event_time;
      m.explanation = explain(history.target, entry) + known_events(zone, history.target, entry.at);
      if (entry.raised && !(entry.raised->rule == entry.evidence.rule && entry.raised->value == entry.evidence.value)) {
        m.evidence.push_back(*entry.raised);
      }
      m.evidence.push_back(entry.evidence);
      for (Evidence& e : m.evidence) complete(e, history, policy_);
      m.unconfirmed = unconfirmed_of(policy_, m.evidence);
      is_zone ? describe_zone(*own, policy_, m) : describe_target(history, policy_, m);
      if (kept) m.quality.flags.emplace_back(kKeptFlag);
      if (!is_zone) add_place(m);
      m.files = files_of(m.evidence, context_.files);
      last = outbox_.post(m);
      ++posted;
    }
    return posted;
  }

  /// Posts which sources fell silent or speak again: hundreds of targets may go with one of them.
  std::size_t sources() {
    std::size_t posted = 0;
    for (const SourceSummary& x : context_.sources) {
      const std::string stream = std::string(kSourceStream) + x.id;
      const auto last = outbox_.last(stream);
      if (told(x.health) == told(last ? last->health : Health::live) && !outbox_.is_newest_lost(stream)) continue;
      WarningMessage m = base(stream, false, "", {});
      m.source_id = x.id;
      m.msg_type = "update";
      m.health = x.health;
      m.event_time = x.newest == kNoInstant || (last && x.newest <= last->event_time) ? now_ : x.newest;
      m.episode_start = m.event_time;
      m.explanation = x.newest == kNoInstant
                          ? fmt::format("source {} ({}): data {}; it has no sample yet.", x.id, x.kind, name_of(x.health))
                          : fmt::format("source {} ({}): data {}; the newest sample is of {}.", x.id, x.kind, name_of(x.health),
                                        to_iso8601(x.newest));
      m.area_m2 = m.duration_h = m.quality.coverage = m.quality.uncertainty_mm = kNaN;
      if (m.health != Health::live) m.quality.flags = {std::string(name_of(m.health))};
      m.equip_nos = {x.id};
      outbox_.post(m);
      ++posted;
    }
    return posted;
  }

  /// What happened before this is told late. Without a night before: one interval of the heartbeat ago.
  Instant previous_night() const {
    const auto last = outbox_.last("heartbeat");
    return last && last->published_time < now_ ? last->published_time
                                               : now_ - duration_from_seconds(site_.publish.heartbeat_h * 3600.0);
  }

  std::size_t heartbeat(const std::vector<NightState>& states) {
    if (!heartbeat_due(outbox_.last("heartbeat"), now_, site_.publish.heartbeat_h)) return 0;
    WarningMessage m = base("heartbeat", true, {}, {});
    m.msg_type = "heartbeat";
    m.episode_start = now_;
    m.event_time = now_;
    m.explanation = "The engine is at work; these are all states.";
    m.area_m2 = m.duration_h = m.quality.coverage = m.quality.uncertainty_mm = kNaN;
    for (const NightState& s : states) {
      m.states.push_back({s.name, s.level, s.health, s.newest, s.is_zone ? "" : s.zone, s.is_zone});
      m.level = std::max(m.level, s.is_zone ? s.level : Level::none);
    }
    for (const SourceSummary& x : context_.sources) m.sources.push_back({x.id, x.kind, x.health, x.newest, x.targets});
    const bool silent = !states.empty() &&
                        std::all_of(states.begin(), states.end(), [](const NightState& s) { return s.health == Health::silent; });
    const bool live = std::all_of(states.begin(), states.end(), [](const NightState& s) { return s.health == Health::live; });
    m.health = states.empty() || silent ? Health::silent : live ? Health::live : Health::degraded;
    m.previous_level = m.level;
    outbox_.post(m);
    return 1;
  }

 private:
  /// What people know of the place and the day before: a blast or a shower says more than a number.
  std::string known_events(const std::string& zone, const std::string& target, Instant at) const {
    std::string text;
    for (const EventConfig& e : site_.events) {
      const bool here = (e.zone.empty() || e.zone == zone) && (e.target.empty() || e.target == target || target == zone);
      if (here && e.instant <= at && at - e.instant <= days(1))
        text += fmt::format(" Known: {} at {}.", e.kind, to_iso8601(e.instant));
    }
    return text;
  }

  /// An episode lasts until its level is none and its data are back.
  static bool goes_on(const Posted& last, const LampEntry& entry) {
    return last.level != Level::none || (entry.level == Level::none && told(last.health) != Health::live);
  }

  /// A target's message carries the point where it stands.
  void add_place(WarningMessage& m) const {
    const auto found = context_.places_m.find(m.stream);
    if (found == context_.places_m.end()) return;
    m.place_m = {found->second[0], found->second[1]};
    const std::vector<std::pair<double, double>> ring(1, *m.place_m);
    const MessageOutline one = lon_lat_of(MessageOutline(1, std::vector(1, ring)), site_.frame);
    if (!one.empty()) m.place_lon_lat = one[0][0][0];
  }

  WarningMessage base(const std::string& stream, bool is_zone, const std::string& zone, const Polygon& outline) const {
    WarningMessage m;
    const ZoneConfig* config = site_.zone(zone);
    m.mine_no = site_.mine.no;
    m.slope_no = config == nullptr ? "" : config->slope;
    m.stream = stream;
    m.is_zone = is_zone;
    m.zone = zone;
    m.status = site_.publish.status;
    m.published_time = now_;
    m.time_zone = site_.mine.time_zone;
    m.policy_id = policy_.id;
    m.policy_version = policy_.version;
    m.policy_sha256 = policy_.sha256;
    m.config_sha256 = config_sha256_;
    m.detected_time = now_;
    m.crs = site_.frame.crs;
    m.outline_m = outline_of(outline);
    m.outline_lon_lat = lon_lat_of(m.outline_m, outline.frame);
    return m;
  }

  const Site& site_;
  const Policy& policy_;
  Instant now_;
  const MessageContext& context_;
  Outbox& outbox_;
  std::string config_sha256_;
};

NightState state_of(const History& history, const std::string& zone, bool is_zone) {
  NightState s;
  s.name = history.target;
  s.zone = zone;
  s.is_zone = is_zone;
  if (history.entries.empty()) return s;
  const LampEntry& last = history.entries.back();
  s.level = last.level;
  s.unlatched = last.unlatched;
  s.health = last.health;
  s.evidence = last.evidence;
  for (std::size_t k = history.entries.size(); k-- > 0;) {
    if (history.entries[k].level != last.level) break;
    s.since = history.entries[k].at;
  }
  if (history.kept_from != kNoInstant) s.since = history.kept_from;
  for (const LampEntry& e : history.entries) {
    if (e.cause == LampEntry::Cause::sample && e.measured) s.newest = std::max(s.newest, e.at);
    if (e.cause == LampEntry::Cause::act) s.note = e.note;
    if (e.cause == LampEntry::Cause::sample && e.measured) s.note.clear();
  }
  return s;
}

}  // namespace

Policy site_policy(const Site& site) {
  Policy policy = load_policy(site.policy_file.value_or(std::filesystem::path()));
  require_rules(policy);
  check_rules(policy);
  return policy;
}

std::vector<std::string> name_targets(std::vector<Act>& acts, const Site& site, const Measurements& measurements, Instant now) {
  std::set<std::string> full;
  std::multimap<std::string, std::string> by_bare_name;
  const auto take = [&](const std::string& name) {
    full.insert(name);
    by_bare_name.emplace(name.substr(name.find('/') + 1), name);
  };
  for (const auto& [zone, targets] : measurements.targets) {
    for (const TargetInput& target : targets) take(target.series.target);
  }
  for (const auto& [zone, areas] : measurements.areas) {
    for (const AreaTarget& area : areas) take(area.target);
  }
  std::vector<std::string> problems;
  for (Act& act : acts) {
    if (site.zone(act.target) != nullptr || full.contains(act.target)) continue;
    const auto [first, end] = by_bare_name.equal_range(act.target);
    if (std::distance(first, end) == 1) {
      act.target = first->second;
    } else if (first != end && act.at <= now && now - act.at < days(2)) {
      std::string names;
      for (auto it = first; it != end; ++it) names += (names.empty() ? "" : ", ") + it->second;
      problems.push_back(fmt::format("what {} said of {} has no effect: it may be {}", act.by, act.target, names));
    }
  }
  return problems;
}

namespace {

/// Targets of a kind that some rule judges: rain and pore pressure are kept, but are no displacement.
std::vector<TargetInput> judged_of(const std::vector<TargetInput>& targets, const Policy& policy) {
  std::vector<TargetInput> judged;
  std::copy_if(targets.begin(), targets.end(), std::back_inserter(judged),
               [&](const TargetInput& t) { return policy.judges(t.series.kind); });
  return judged;
}

/// A source with hundreds of patches must not hide the rest.
constexpr std::size_t kMostNamed = 5;

bool is_raised_and_silent(const History& target, Level latch_from) {
  if (target.entries.empty()) return false;
  const LampEntry& now = target.entries.back();
  return now.level >= latch_from && (now.health == Health::silent || now.health == Health::stale);
}

/// "zone north: 7 targets", or "7 targets in no zone".
std::string counted_in(const std::string& zone, const std::string& targets) {
  return zone.empty() ? targets + " in no zone" : fmt::format("zone {}: {}", zone, targets);
}

/// Targets of a zone that stand at a latched level and say nothing; "" when there is none.
std::string unseen_of(const ZoneHistories& z, Level latch_from) {
  std::vector<std::string> names;
  Level highest = Level::none;
  for (const History& target : z.targets) {
    if (!is_raised_and_silent(target, latch_from)) continue;
    highest = std::max(highest, target.entries.back().level);
    names.push_back(target.target);
  }
  if (names.empty()) return {};
  if (names.size() == 1)
    return fmt::format("{} stands at {} and is silent: nobody sees what it does", names[0], name_of(highest));
  const std::size_t count = names.size();
  const std::size_t named = std::min(count, kMostNamed);
  names.resize(named);
  return fmt::format("{} stand at up to {} and are silent ({}{}): nobody sees what they do",
                     counted_in(z.zone, fmt::format("{} targets", count)), name_of(highest), fmt::join(names, ", "),
                     named < count ? ", ..." : "");
}

/// Sources of which half of the places in a zone cannot see orange: single ones are `degraded`, and their neighbours see.
void tell_blind_areas(const ZoneHistories& z, std::vector<std::string>& findings) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> sources;
  for (const History& target : z.targets) {
    if (target.area_m2 == 0.0) continue;
    auto& [blind, all] = sources[target.target.substr(0, target.target.find('/'))];
    blind += target.is_blind ? 1 : 0;
    ++all;
  }
  for (const auto& [source, count] : sources) {
    if (2 * count.first < count.second) continue;
    findings.push_back(counted_in(z.zone, fmt::format("{} of {} places that source {} sees", count.first, count.second, source)) +
                       " cannot show orange: their sigma is above its limit");
  }
}

}  // namespace

std::vector<std::string> doubts_of(const std::vector<ZoneHistories>& zones, Level latch_from) {
  std::vector<std::string> findings;
  for (const ZoneHistories& z : zones) {
    std::size_t doubted = 0;
    for (const History& target : z.targets) {
      if (target.doubts.empty() || ++doubted > kMostNamed) continue;
      for (const std::string& doubt : target.doubts) findings.push_back(fmt::format("{} {}", target.target, doubt));
    }
    if (doubted > kMostNamed) {
      findings.push_back(counted_in(z.zone, fmt::format("{} more targets", doubted - kMostNamed)) + " have doubts");
    }
    tell_blind_areas(z, findings);
    if (std::string unseen = unseen_of(z, latch_from); !unseen.empty()) findings.push_back(std::move(unseen));
  }
  return findings;
}

std::vector<std::string> unjudged_of(const Policy& policy, const Measurements& measurements) {
  std::map<std::pair<std::string, SensorKind>, std::size_t> targets;
  for (const auto& [zone, inputs] : measurements.targets) {
    for (const TargetInput& t : inputs) ++targets[{t.series.target.substr(0, t.series.target.find('/')), t.series.kind}];
  }
  std::vector<std::string> findings;
  for (const auto& [which, count] : targets) {
    const auto& [source, kind] = which;
    const auto judges = [&](Level from) {
      return std::any_of(policy.rules.begin(), policy.rules.end(),
                         [&, k = kind](const PolicyRule& r) { return r.level >= from && r.applies_to(k); });
    };
    if (!measures_displacement(kind) || judges(Level::orange)) continue;
    const bool some = judges(Level::blue);
    findings.push_back(fmt::format(
        "source {}: policy {} has no rule {}for kind {}: its {} targets {}; add rules for it, or correct the "
        "kind of the source",
        source, policy.id, some ? "of orange or red " : "", name_of(kind), count, some ? "never warn" : "have no level"));
  }
  return findings;
}

std::vector<ZoneHistories> warn(const Site& site, const Policy& policy, const Measurements& measurements,
                                const std::vector<Act>& acts, Instant now, const Run& run) {
  std::vector<ZoneHistories> out;
  const auto judge = [&](const std::string& zone) {
    std::vector<TargetInput> targets;
    if (const auto found = measurements.targets.find(zone); found != measurements.targets.end()) {
      targets = judged_of(found->second, policy);
    }
    std::vector<History> histories = judge_targets(targets, policy, acts_for(acts, zone, targets), now, run);
    if (const auto found = measurements.areas.find(zone); found != measurements.areas.end()) {
      const std::vector<Act> own = acts_for(acts, zone, found->second);
      for (const AreaTarget& area : found->second) histories.push_back(judge_areas(area, policy, own, now));
    }
    return histories;
  };
  for (const ZoneConfig& zone : site.zones) {
    ZoneHistories histories;
    histories.zone = zone.id;
    histories.targets = judge(zone.id);
    histories.own = judge_zone(zone.id, histories.targets, zone.quorum.targets, zone.quorum.area_m2);
    out.push_back(std::move(histories));
  }
  std::set<std::string> others;
  for (const auto& [zone, targets] : measurements.targets) others.insert(zone);
  for (const auto& [zone, areas] : measurements.areas) others.insert(zone);
  for (const std::string& zone : others) {
    if (site.zone(zone) != nullptr) continue;
    ZoneHistories histories;
    histories.targets = judge(zone);
    out.push_back(std::move(histories));
  }
  for (ZoneHistories& z : out) {
    if (!z.own.entries.empty()) complete(z.own.entries.back().evidence, z.own, policy);
    for (History& target : z.targets) {
      if (!target.entries.empty()) complete(target.entries.back().evidence, target, policy);
    }
  }
  return out;
}

void complete(Evidence& evidence, const History& history, const Policy& policy) {
  const auto is_it = [&](const auto& rule) { return rule.name == evidence.rule; };
  const auto rule = std::find_if(policy.rules.begin(), policy.rules.end(), is_it);
  const auto area = std::find_if(policy.area_rules.begin(), policy.area_rules.end(), is_it);
  if (rule == policy.rules.end() && area == policy.area_rules.end()) return;
  evidence.policy_sha256 = policy.sha256;
  evidence.source = rule != policy.rules.end() ? rule->source : area->source;
  if (evidence.epochs.empty()) evidence.epochs = history.epochs;
}

namespace {

std::string gives(const char* verb, const Evidence& e) {
  const std::string floor =
      std::isnan(e.floor_mm_per_day) ? "" : fmt::format(" and at least {:.3g} mm_per_day", e.floor_mm_per_day);
  return fmt::format("{} {} {:.3g} +- {:.2g} {} over {} against {:.3g}{}", e.rule, verb, e.value, e.sigma, e.unit, e.window,
                     e.threshold, floor);
}

}  // namespace

namespace {

std::string why(const std::string& name, const LampEntry& e) {
  const std::string health = e.health == Health::live ? "" : fmt::format(", data {}", name_of(e.health));
  if (e.cause == LampEntry::Cause::kept) {
    return fmt::format(
        "{} stays {}{}, as it was published: its data are missing or say {} today, and only a named release lowers it.", name,
        name_of(e.level), health, name_of(e.unlatched));
  }
  const bool measured = !std::isnan(e.evidence.value) && !e.evidence.rule.empty();
  if (!e.raised || e.raised->rule.empty()) {
    if (measured) return fmt::format("{} is {}{}: {}.", name, name_of(e.level), health, gives("gives", e.evidence));
    return fmt::format("{} is {}{}: no velocity could be judged.", name, name_of(e.level), health);
  }
  if (measured && e.raised->rule == e.evidence.rule && e.raised->value == e.evidence.value) {
    return fmt::format("{} is {}{}: {}.", name, name_of(e.level), health, gives("gives", e.evidence));
  }
  return fmt::format("{} is {}{}: {}; {}.", name, name_of(e.level), health, gives("gave", *e.raised),
                     measured ? "now " + gives("gives", e.evidence) : "now no velocity can be judged");
}

}  // namespace

std::string explain(const std::string& name, const LampEntry& e) {
  const std::string text = why(name, e);
  return e.note.empty() ? text : fmt::format("{} By {}: {}.", text, e.by, e.note);
}

std::vector<NightState> states_of(const std::vector<ZoneHistories>& zones) {
  std::vector<NightState> states;
  for (const ZoneHistories& z : zones) {
    if (!z.zone.empty()) states.push_back(state_of(z.own, z.zone, true));
  }
  for (const ZoneHistories& z : zones) {
    for (const History& target : z.targets) states.push_back(state_of(target, z.zone, false));
  }
  // A zone has no samples of its own: its newest is that of its targets, and so is what an act did.
  for (NightState& zone : states) {
    if (!zone.is_zone) continue;
    for (const NightState& target : states) {
      if (target.is_zone || target.zone != zone.name) continue;
      zone.newest = std::max(zone.newest, target.newest);
      if (!target.note.empty() && target.level == zone.level) zone.note = target.name + ": " + target.note;
    }
  }
  return states;
}

std::map<std::string, std::array<double, 2>> places_of(const Measurements& measurements) {
  std::map<std::string, std::array<double, 2>> places;
  for (const auto& [zone, targets] : measurements.targets) {
    for (const TargetInput& t : targets) {
      if (t.series.position_m) places[t.series.target] = {(*t.series.position_m)[0], (*t.series.position_m)[1]};
    }
  }
  return places;
}

std::size_t post_changes(const Site& site, const Policy& policy, const std::vector<ZoneHistories>& zones,
                         const std::vector<Polygon>& outlines, Instant now, const MessageContext& context, Outbox& outbox) {
  Poster poster(site, policy, now, context, outbox);
  std::size_t posted = 0;
  for (const ZoneHistories& z : zones) {
    if (z.zone.empty()) continue;
    const auto outline = std::find_if(outlines.begin(), outlines.end(), [&](const Polygon& p) { return p.name == z.zone; });
    posted += poster.stream(z.own, &z, z.zone, outline == outlines.end() ? Polygon{} : *outline);
  }
  for (const ZoneHistories& z : zones) {
    for (const History& target : z.targets) posted += poster.stream(target, nullptr, z.zone, {});
  }
  return posted + poster.sources() + poster.heartbeat(states_of(zones));
}

}  // namespace highwall
