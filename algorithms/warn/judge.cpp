#include "algorithms/warn/judge.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "algorithms/warn/criterion.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

/// What a rule of the policy says of a sample.
struct Said {
  std::int32_t rule = -1;
  Verdict verdict;
};

/// For each level the rule that speaks for it: of those over it the one of the nearest level, then the farthest over.
void speak_for_levels(const Policy& policy, const std::vector<Said>& said, LampSample& sample) {
  for (std::size_t l = 1; l < sample.rule.size(); ++l) {
    const Said* best = nullptr;
    for (const Said& one : said) {
      const Level level = policy.rules[static_cast<std::size_t>(one.rule)].level;
      if (!one.verdict.raise || level < static_cast<Level>(l)) continue;
      const Level best_level = best == nullptr ? Level::none : policy.rules[static_cast<std::size_t>(best->rule)].level;
      const bool better = best == nullptr || level < best_level || (level == best_level && one.verdict.ratio > best->verdict.ratio);
      if (better) best = &one;
    }
    if (best != nullptr) sample.rule[l] = best->rule;
  }
}

/// Every rule on one sample: the highest level raised and held, and the evidence of the deciding rule.
LampSample judge_sample(const TargetInput& target, const TargetRates& rates, const Policy& policy, std::size_t i) {
  LampSample sample;
  sample.at = target.series.time[i];
  const bool flagged = !target.series.flags.empty() && target.series.flags[i] != kFlagNone;
  const bool judged = rates.judged_from != kNoInstant && sample.at >= rates.judged_from;
  std::vector<Said> said;
  for (std::size_t r = 0; r < policy.rules.size(); ++r) {
    const PolicyRule& rule = policy.rules[r];
    if (!rule.applies_to(target.series.kind)) continue;
    auto verdict = criterion_of(rule.family).judge(rule, policy.timing, rates, i);
    if (!verdict) continue;
    if (verdict->raise) sample.raise = std::max(sample.raise, rule.level);
    if (verdict->hold) sample.hold = std::max(sample.hold, rule.level);
    said.push_back({static_cast<std::int32_t>(r), std::move(*verdict)});
  }
  speak_for_levels(policy, said, sample);
  const Verdict* deciding = nullptr;
  Level deciding_level = Level::none;
  for (const auto& [r, verdict] : said) {
    const Level raised = verdict.raise ? policy.rules[static_cast<std::size_t>(r)].level : Level::none;
    const bool better = deciding == nullptr || raised > deciding_level ||
                        (raised == deciding_level && verdict.ratio > deciding->ratio);
    if (!better) continue;
    deciding = &verdict;
    deciding_level = raised;
  }
  sample.usable = !flagged && judged && deciding != nullptr;
  if (deciding != nullptr) {
    sample.evidence = deciding->evidence;
  } else {
    sample.evidence.rule = flagged ? "flagged" : judged ? "no_velocity" : "start_period";
    sample.evidence.value = sample.evidence.sigma = sample.evidence.threshold = kNaN;
  }
  return sample;
}

std::vector<LampSample> judge_samples(const TargetInput& target, const TargetRates& rates, const Policy& policy) {
  std::vector<LampSample> samples;
  samples.reserve(target.series.size());
  for (std::size_t i = 0; i < target.series.size(); ++i) samples.push_back(judge_sample(target, rates, policy, i));
  return samples;
}

std::optional<Evidence> evidence_of(const Policy& policy, const TargetRates& rates, std::int32_t number, std::size_t sample) {
  if (number < 0) return std::nullopt;
  const PolicyRule& rule = policy.rules[static_cast<std::size_t>(number)];
  auto verdict = criterion_of(rule.family).judge(rule, policy.timing, rates, sample);
  return verdict ? std::optional(std::move(verdict->evidence)) : std::nullopt;
}

/// Every entry is told what made its level; one whose level no rule raises any more shows that rule as it is now.
void tell_why(const Policy& policy, const TargetRates& rates, const std::vector<LampSample>& samples, std::vector<LampEntry>& entries) {
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

/// True when some other target's newest sample up to `at` is fresh enough and over the level.
bool neighbour_is_over(const std::vector<std::vector<LampSample>>& all, std::size_t self, double neighbour_h, Instant at,
                       Level level) {
  for (std::size_t other = 0; other < all.size(); ++other) {
    if (other == self) continue;
    const auto after = std::upper_bound(all[other].begin(), all[other].end(), at,
                                        [](Instant t, const LampSample& s) { return t < s.at; });
    if (after == all[other].begin()) continue;
    const LampSample& newest = *std::prev(after);
    if (newest.usable && newest.raise >= level && to_hours(at - newest.at) <= neighbour_h) return true;
  }
  return false;
}

std::vector<Act> acts_of(const std::vector<Act>& acts, const std::string& target) {
  std::vector<Act> own;
  std::copy_if(acts.begin(), acts.end(), std::back_inserter(own), [&](const Act& a) { return a.target == target; });
  return own;
}

}  // namespace

std::vector<History> judge_targets(const std::vector<TargetInput>& targets, const Policy& policy,
                                   const std::vector<Act>& acts, Instant now, const Run& run) {
  check_rules(policy);
  std::vector<History> histories(targets.size());
  std::vector<std::vector<LampSample>> samples(targets.size());
  std::vector<TargetRates> rates(targets.size());
  for_blocks(
      targets.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          rates[i] = target_rates(targets[i].series, policy, targets[i].quiet, targets[i].rate, targets[i].noise, run);
          samples[i] = judge_samples(targets[i], rates[i], policy);
          histories[i].target = targets[i].series.target;
          histories[i].kind = targets[i].series.kind;
          histories[i].area_m2 = targets[i].area_m2;
          histories[i].calibration = rates[i].calibration;
          if (!targets[i].series.empty()) histories[i].equal_speed_m_per_day = rates[i].equal_speed_m_per_day.back();
          histories[i].judged_from = rates[i].judged_from;
          histories[i].epochs = targets[i].epochs;
        }
      },
      run, "judge", 1);
  for_blocks(
      targets.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Silence silence{targets[i].max_silence_h, policy.timing.stale_share};
          histories[i].entries =
              run_lamp(samples[i], policy.timing, silence, acts_of(acts, histories[i].target), now,
                       [&](Instant at, Level level) {
                         return neighbour_is_over(samples, i, policy.timing.neighbour_h, at, level);
                       });
          tell_why(policy, rates[i], samples[i], histories[i].entries);
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
      ++count;
      area += targets[i].area_m2;
    }
    if (count >= needed || (area > 0.0 && area >= area_m2)) return level;
  }
  return Level::none;
}

ZoneState zone_state(const std::vector<const LampEntry*>& now, const std::vector<History>& targets, std::size_t needed,
                     double area_m2) {
  ZoneState state;
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
  const std::size_t needed =
      std::max<std::size_t>(1, std::min<std::size_t>(targets.size(), static_cast<std::size_t>(quorum_targets)));
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
    const bool last_of_instant =
        o + 1 == order.size() || targets[order[o + 1].first].entries[order[o + 1].second].at != entry.at;
    if (!last_of_instant) continue;
    const ZoneState state = zone_state(now, targets, needed, quorum_area_m2);
    if (!history.entries.empty()) {
      const LampEntry& previous = history.entries.back();
      const bool same = previous.level == state.level && previous.unlatched == state.unlatched &&
                        previous.health == state.health;
      if (same) continue;
    }
    LampEntry own{entry.at, state.level, state.unlatched, state.health, entry.cause, {}, entry.by, {}, nullptr};
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
