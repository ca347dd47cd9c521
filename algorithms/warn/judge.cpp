#include "algorithms/warn/judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "algorithms/series/gap.hpp"
#include "algorithms/series/second_opinion.hpp"
#include "algorithms/warn/criterion.hpp"
#include "algorithms/warn/sight.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

/// What a rule of the policy says of a sample.
struct Said {
  std::int32_t rule = -1;
  Level level = Level::none;  ///< The rule's, or orange for a red one that only sees a blast.
  Verdict verdict;
};

/// For each level the rule that speaks for it: of those over it the one of the nearest level, then the farthest over.
void speak_for_levels(const std::vector<Said>& said, LampSample& sample) {
  for (std::size_t l = 1; l < sample.rule.size(); ++l) {
    const Said* best = nullptr;
    for (const Said& one : said) {
      if (!one.verdict.raise || one.level < static_cast<Level>(l)) continue;
      const bool better =
          best == nullptr || one.level < best->level || (one.level == best->level && one.verdict.ratio > best->verdict.ratio);
      if (better) best = &one;
    }
    if (best != nullptr) sample.rule[l] = best->rule;
  }
}

/// True when a sample lies so soon after a declared blast that its step is still in the window, and the motion since
/// is slower than the limit. The first half hour counts as the blast itself.
bool only_a_blast(const TargetInput& target, const PolicyTiming& timing, const PolicyRule& rule, double limit_m_per_day,
                  std::size_t i) {
  const TimeSeries& series = target.series;
  const Instant at = series.time[i];
  for (const Instant blast : target.blasts) {
    if (at < blast || to_hours(at - blast) > timing.blast_h) continue;
    const Instant over = blast + duration_from_seconds(1800.0);
    const Instant quarter = at - duration_from_seconds(rule.window_h * 3600.0 / 4.0);
    double square = 0.0;
    for (std::size_t c = 0; c < series.width(); ++c) {
      double v = recent_rate(series, i, std::max(over, quarter), c);
      if (std::isnan(v)) v = recent_rate(series, i, over, c);
      square += v * v;
    }
    return !(std::sqrt(square) >= limit_m_per_day);  // NaN: too early to tell, and orange meanwhile.
  }
  return false;
}

bool soon_after_step(const TargetInput& target, Instant at) {
  return std::any_of(target.steps.begin(), target.steps.end(),
                     [&](const KnownStep& s) { return at >= s.at && to_hours(at - s.at) <= 24.0; });
}

bool is_unheld(const TargetInput& target, Instant at) {
  return std::binary_search(target.unheld.begin(), target.unheld.end(), at);
}

/// What every rule says of a sample. `calibrated`: the series' own noise is known.
std::vector<Said> ask_rules(const TargetInput& target, const TargetRates& rates, const Policy& policy, std::size_t i,
                            bool calibrated) {
  std::vector<Said> said;
  for (std::size_t r = 0; r < policy.rules.size(); ++r) {
    const PolicyRule& rule = policy.rules[r];
    if (!rule.applies_to(target.series.kind) || (!calibrated && rule.level < Level::orange)) continue;
    auto verdict = criterion_of(rule.family).judge(rule, policy.timing, rates, i);
    if (!verdict) continue;
    Level level = rule.level;
    if (level == Level::red && (verdict->raise || verdict->hold) &&
        only_a_blast(target, policy.timing, rule, verdict->limit_m_per_day, i)) {
      level = Level::orange;
    }
    said.push_back({static_cast<std::int32_t>(r), level, std::move(*verdict)});
  }
  return said;
}

/// How far apart samples must lie that confirm each other at a level, hours. Windows that share most of their samples share their
/// outliers: slopes of white noise are independent from a third of the window on, so that what is not significant by
/// itself must last for half of it (timing.confirm_window_share) before it is orange or red; it is blue and yellow as soon as any
/// other value. Samples across a gap are far from what they are held against, however near to each other.
double delay_of(const PolicyRule& rule, const Verdict& verdict, const PolicyTiming& timing, Level level) {
  if (verdict.across_gap) return 0.0;
  const double delay = on_delay_of(timing, rule.window_h);
  return verdict.significant || level < Level::orange ? delay : std::max(delay, timing.confirm_window_share * rule.window_h);
}

/// True when readings come so rarely that neither the next one nor a neighbour could confirm this one in time.
bool is_sparse(const TimeSeries& series, std::size_t sample, const PolicyTiming& timing) {
  int intervals = 0;
  std::size_t after = sample;
  for (std::size_t k = sample; k-- > 0 && intervals < 2;) {
    if (!is_measured(series, k)) continue;
    if (to_hours(series.time[after] - series.time[k]) <= timing.neighbour_h) return false;
    after = k;
    ++intervals;
  }
  return intervals == 2;
}

/// Every rule on one sample: the highest level raised and held, and the evidence of the deciding rule.
LampSample judge_sample(const TargetInput& target, const TargetRates& rates, const Policy& policy, std::size_t i) {
  LampSample sample;
  sample.at = target.series.time[i];
  sample.measured = is_measured(target.series, i);
  const bool flagged = !target.series.flags.empty() && target.series.flags[i] != kFlagNone;
  const bool calibrated = rates.judged_from != kNoInstant && sample.at >= rates.judged_from;
  sample.significant = Level::none;
  std::vector<Said> said;
  if (sample.measured) said = ask_rules(target, rates, policy, i, calibrated);
  sample.on_delay_h.fill(std::numeric_limits<double>::infinity());
  const Said* deciding = nullptr;
  Level deciding_level = Level::none;
  for (const Said& one : said) {
    const auto& [r, level, verdict] = one;
    if (verdict.raise) sample.raise = std::max(sample.raise, level);
    const Level sure = verdict.significant ? level : std::min(level, Level::yellow);
    if (verdict.raise) sample.significant = std::max(sample.significant, sure);
    if (verdict.hold) sample.hold = std::max(sample.hold, level);
    for (std::size_t l = 1; verdict.raise && l <= static_cast<std::size_t>(level); ++l) {
      const PolicyRule& rule = policy.rules[static_cast<std::size_t>(r)];
      const double delay = delay_of(rule, verdict, policy.timing, static_cast<Level>(l));
      sample.on_delay_h[l] = std::min(sample.on_delay_h[l], delay);
    }
    const Level raised = verdict.raise ? level : Level::none;
    const bool better =
        deciding == nullptr || raised > deciding_level || (raised == deciding_level && verdict.ratio > deciding->verdict.ratio);
    if (!better) continue;
    deciding = &one;
    deciding_level = raised;
  }
  speak_for_levels(said, sample);
  if (sample.significant >= Level::orange && is_sparse(target.series, i, policy.timing)) sample.at_once = Level::yellow;
  sample.usable = deciding != nullptr;
  const bool blind = calibrated && !sight_at(policy, target.series.kind, rates, i).sees();
  const bool stirred = !std::isnan(rates.gap_days[i]) || soon_after_step(target, sample.at);
  if (!calibrated || blind || stirred || is_unheld(target, sample.at)) sample.quality = Health::degraded;
  if (deciding != nullptr) {
    sample.evidence = deciding->verdict.evidence;
  } else {
    sample.evidence.rule = flagged ? "flagged" : !sample.measured ? "no_value" : calibrated ? "no_velocity" : "start_period";
  }
  return sample;
}

std::vector<LampSample> judge_samples(const TargetInput& target, const TargetRates& rates, const Policy& policy) {
  std::vector<LampSample> samples;
  samples.reserve(target.series.size());
  for (std::size_t i = 0; i < target.series.size(); ++i) samples.push_back(judge_sample(target, rates, policy, i));
  return samples;
}

/// What a sample says at most while a jump that targets share is held: yellow, or what it says without the jump.
void hold_back(const LampSample& without, LampSample& sample) {
  sample.raise = std::max(without.raise, std::min(sample.raise, Level::yellow));
  sample.significant = std::max(without.significant, std::min(sample.significant, Level::yellow));
  for (auto l = static_cast<std::size_t>(Level::orange); l < sample.rule.size(); ++l) {
    sample.rule[l] = without.rule[l];
    sample.on_delay_h[l] = without.on_delay_h[l];
  }
  sample.quality = Health::degraded;
}

void hold_shared_jumps(const TargetInput& target, const Policy& policy, const Run& run, std::vector<LampSample>& samples) {
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < samples.size() && !target.jumps.empty(); ++i) {
    if (samples[i].raise >= Level::orange && is_held(target.series, target.jumps, i)) held.push_back(i);
  }
  if (held.empty()) return;
  TargetInput without = target;
  without.series = without_jumps(target.series, target.jumps);
  const TargetRates rates = judged_rates(without, policy, run);
  for (const std::size_t i : held) hold_back(judge_sample(without, rates, policy, i), samples[i]);
}

std::optional<Evidence> evidence_of(const Policy& policy, const TargetRates& rates, std::int32_t number, std::size_t sample) {
  if (number < 0) return std::nullopt;
  const PolicyRule& rule = policy.rules[static_cast<std::size_t>(number)];
  auto verdict = criterion_of(rule.family).judge(rule, policy.timing, rates, sample);
  return verdict ? std::optional(std::move(verdict->evidence)) : std::nullopt;
}

/// Every entry is told what made its level; one whose level no rule raises any more shows that rule as it is now.
void tell_why(const Policy& policy, const TargetRates& rates, const std::vector<LampSample>& samples,
              std::vector<LampEntry>& entries) {
  std::size_t next = 0;
  const LampEntry* before = nullptr;
  for (LampEntry& e : entries) {
    if (e.cause == LampEntry::Cause::sample) ++next;
    if (before != nullptr && before->raise == e.raise) {
      e.raised = before->raised;
    } else if (auto evidence = evidence_of(policy, rates, e.raise.rule, e.raise.sample)) {
      e.raised = std::make_shared<const Evidence>(std::move(*evidence));
    }
    before = &e;
    if (next == 0 || !samples[next - 1].usable || samples[next - 1].raise >= e.level) continue;
    if (auto now = evidence_of(policy, rates, e.raise.rule, next - 1)) e.evidence = std::move(*now);
  }
}

/// True when some other target's newest sample up to `at` (before it, on a common reference) is fresh enough and
/// significantly over the level.
bool neighbour_is_over(const std::vector<TargetInput>& targets, const std::vector<std::vector<LampSample>>& all, std::size_t self,
                       double neighbour_h, Instant at, Level level) {
  for (std::size_t other = 0; other < all.size(); ++other) {
    if (other == self) continue;
    auto after =
        std::upper_bound(all[other].begin(), all[other].end(), at, [](Instant t, const LampSample& s) { return t < s.at; });
    const bool common = !targets[self].reference.empty() && targets[self].reference == targets[other].reference;
    while (common && after != all[other].begin() && std::prev(after)->at >= at) --after;
    if (after == all[other].begin()) continue;
    const LampSample& newest = *std::prev(after);
    if (newest.usable && std::min(newest.raise, newest.significant) >= level && to_hours(at - newest.at) <= neighbour_h)
      return true;
  }
  return false;
}

std::vector<Act> acts_of(const std::vector<Act>& acts, const std::string& target) {
  std::vector<Act> own;
  std::copy_if(acts.begin(), acts.end(), std::back_inserter(own), [&](const Act& a) { return a.target == target; });
  return own;
}

}  // namespace

TargetRates judged_rates(const TargetInput& target, const Policy& policy, const Run& run) {
  return target_rates(target.series, policy, target.quiet, target.rate, target.noise, run, target.steps);
}

std::vector<History> judge_targets(const std::vector<TargetInput>& targets, const Policy& policy, const std::vector<Act>& acts,
                                   Instant now, const Run& run) {
  check_rules(policy);
  std::vector<History> histories(targets.size());
  std::vector<std::vector<LampSample>> samples(targets.size());
  for_blocks(
      targets.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          histories[i].rates = std::make_shared<const TargetRates>(judged_rates(targets[i], policy, run));
          const TargetRates& rates = *histories[i].rates;
          samples[i] = judge_samples(targets[i], rates, policy);
          hold_shared_jumps(targets[i], policy, run, samples[i]);
          histories[i].target = targets[i].series.target;
          histories[i].kind = targets[i].series.kind;
          histories[i].area_m2 = targets[i].area_m2;
          histories[i].calibration = rates.calibration;
          if (!targets[i].series.empty()) histories[i].equal_speed_m_per_day = rates.equal_speed_m_per_day.back();
          histories[i].judged_from = rates.judged_from;
          histories[i].epochs = targets[i].epochs;
          histories[i].doubts = targets[i].doubts;
          histories[i].doubts.insert(histories[i].doubts.end(), rates.doubts.begin(), rates.doubts.end());
          std::string blind = blind_doubt(policy, targets[i].series, rates);
          histories[i].is_blind = !blind.empty();
          if (histories[i].is_blind && targets[i].area_m2 == 0.0) histories[i].doubts.push_back(std::move(blind));
        }
      },
      run, "judge", 1);
  for_blocks(
      targets.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Silence silence{targets[i].max_silence_h, policy.timing.stale_share};
          histories[i].entries =
              run_lamp(samples[i], policy.timing, silence, acts_of(acts, histories[i].target), now, [&](Instant at, Level level) {
                return neighbour_is_over(targets, samples, i, policy.timing.neighbour_h, at, level);
              });
          tell_why(policy, *histories[i].rates, samples[i], histories[i].entries);
        }
      },
      run, "lamps", 1);
  return histories;
}

namespace {

struct ZoneState {
  Level level = Level::none;
  Level unlatched = Level::none;
  Health health = Health::silent;
  std::size_t strongest = 0;  ///< Number of the strongest target; their number when there is none.
};

/// The highest level that enough targets, or enough area, have.
template <class LevelOf>
Level quorum_level(const std::vector<const LampEntry*>& now, const std::vector<History>& targets, std::size_t needed,
                   double area_m2, LevelOf&& level_of) {
  for (const Level level : {Level::red, Level::orange, Level::yellow, Level::blue}) {
    std::size_t count = 0;
    double area = 0.0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i] == nullptr || level_of(*now[i]) < level) continue;
      count += targets[i].is_quorum ? needed : 1;
      area += targets[i].area_m2;
    }
    if (count >= needed || (area > 0.0 && area >= area_m2)) return level;
  }
  return Level::none;
}

ZoneState zone_state(const std::vector<const LampEntry*>& now, const std::vector<History>& targets, std::size_t quorum,
                     double area_m2) {
  ZoneState state;
  const auto alive = static_cast<std::size_t>(
      std::count_if(now.begin(), now.end(), [](const LampEntry* e) { return e == nullptr || e->health != Health::silent; }));
  const std::size_t needed = std::max<std::size_t>(1, std::min(quorum, alive == 0 ? now.size() : alive));
  state.level = quorum_level(now, targets, needed, area_m2, [](const LampEntry& e) { return e.level; });
  state.unlatched = quorum_level(now, targets, needed, area_m2, [](const LampEntry& e) { return e.unlatched; });
  state.strongest = now.size();
  std::size_t live = 0;
  std::size_t silent = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const LampEntry* entry = now[i];
    if (entry == nullptr || entry->health == Health::silent) {
      ++silent;
    } else if (entry->health == Health::live) {
      ++live;
    }
    if (entry == nullptr) continue;
    const LampEntry* best = state.strongest == now.size() ? nullptr : now[state.strongest];
    const bool stronger = best == nullptr || entry->level > best->level ||
                          (entry->level == best->level && std::isnan(best->evidence.value) && !std::isnan(entry->evidence.value));
    if (stronger) state.strongest = i;
  }
  state.health = live == now.size() ? Health::live : silent == now.size() ? Health::silent : Health::degraded;
  return state;
}

}  // namespace

History judge_zone(const std::string& zone, const std::vector<History>& targets, std::int64_t quorum_targets,
                   double quorum_area_m2) {
  History history;
  history.target = zone;
  const auto quorum = static_cast<std::size_t>(quorum_targets);
  // All entries of all targets in time order; ties by target, so that the result is always the same.
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t k = 0; k < targets[i].entries.size(); ++k) order.emplace_back(i, k);
  }
  std::stable_sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    return targets[a.first].entries[a.second].at < targets[b.first].entries[b.second].at;
  });
  std::vector<const LampEntry*> now(targets.size(), nullptr);
  for (std::size_t o = 0; o < order.size(); ++o) {
    const LampEntry& entry = targets[order[o].first].entries[order[o].second];
    now[order[o].first] = &entry;
    const bool last_of_instant = o + 1 == order.size() || targets[order[o + 1].first].entries[order[o + 1].second].at != entry.at;
    if (!last_of_instant) continue;
    const ZoneState state = zone_state(now, targets, quorum, quorum_area_m2);
    if (!history.entries.empty()) {
      const LampEntry& previous = history.entries.back();
      const bool same = previous.level == state.level && previous.unlatched == state.unlatched && previous.health == state.health;
      if (same) continue;
    }
    LampEntry own{entry.at, state.level, state.unlatched, state.health,   entry.cause, {},
                  entry.by, {},          nullptr,         entry.measured, entry.note};
    if (state.strongest != targets.size()) {
      const LampEntry& strongest = *now[state.strongest];
      own.evidence = strongest.evidence;
      if (own.evidence.epochs.empty()) own.evidence.epochs = targets[state.strongest].epochs;
      own.raised = strongest.raised;
    }
    history.entries.push_back(std::move(own));
  }
  return history;
}

const LampEntry* entry_at(const History& history, Instant at) {
  const auto after = std::upper_bound(history.entries.begin(), history.entries.end(), at,
                                      [](Instant t, const LampEntry& e) { return t < e.at; });
  return after == history.entries.begin() ? nullptr : &*std::prev(after);
}

}  // namespace highwall
