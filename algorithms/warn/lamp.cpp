#include "algorithms/warn/lamp.hpp"

#include <algorithm>
#include <array>

namespace highwall {
namespace {

constexpr std::array<Level, 4> kRisingLevels{Level::blue, Level::yellow, Level::orange, Level::red};

class Lamp {
 public:
  Lamp(const PolicyTiming& timing, const Silence& silence, const Neighbour& neighbour)
      : timing_(timing), silence_(silence), neighbour_(neighbour) {}

  Level level() const noexcept { return level_; }
  Level unlatched() const noexcept { return unlatched_; }

  /// What took the lamp to its published level.
  Raise raise() const noexcept { return level_ == Level::none ? Raise{} : made_[static_cast<std::size_t>(level_)]; }

  void take(const LampSample& sample, std::size_t number) {
    const Level confirmed = confirmed_level(sample);
    for (std::size_t l = static_cast<std::size_t>(unlatched_) + 1; l <= static_cast<std::size_t>(confirmed); ++l) {
      made_[l] = {sample.rule[l], number};
    }
    if (confirmed >= unlatched_) {
      unlatched_ = confirmed;
      below_since_ = kNoInstant;
    } else if (sample.hold >= unlatched_) {
      below_since_ = kNoInstant;
    } else {
      fall(sample, confirmed);
    }
    if (unlatched_ > level_ || level_ < timing_.latch_from) level_ = unlatched_;
    last_ = sample.at;
    last_said_ = std::max(sample.hold, confirmed);
  }

  /// A release takes the latch off; what the data still say stays.
  void release() { level_ = unlatched_; }

  /// The same while no data come: the off-delay would never end, so the last samples decide.
  void release_in_silence() {
    if (last_said_ < unlatched_) {
      unlatched_ = last_said_;
      below_since_ = kNoInstant;
    }
    level_ = unlatched_;
  }

 private:
  Level confirmed_level(const LampSample& sample) {
    Level confirmed = Level::none;
    for (std::size_t k = 0; k < kRisingLevels.size(); ++k) {
      const Level level = kRisingLevels[k];
      in_a_row_[k] = sample.raise >= level ? in_a_row_[k] + 1 : 0;
      if (in_a_row_[k] == 0) continue;
      if (in_a_row_[k] == 1) over_since_[k] = sample.at;
      // A twentieth less, so that a clock that trembles does not ask for one sample more.
      const bool long_enough = to_hours(sample.at - over_since_[k]) >= 0.95 * sample.on_delay_h[static_cast<std::size_t>(level)];
      const bool by_itself = in_a_row_[k] >= timing_.confirm_samples && long_enough;
      const bool by_neighbour = neighbour_ && sample.significant >= level && neighbour_(sample.at, level);
      if (by_itself || by_neighbour || level <= sample.at_once) confirmed = level;
    }
    return confirmed;
  }

  void fall(const LampSample& sample, Level confirmed) {
    const Level floor = std::max(sample.hold, confirmed);
    if (below_since_ == kNoInstant) {
      below_since_ = sample.at;
      below_h_ = 0.0;
      highest_below_ = floor;
    } else if (to_hours(sample.at - last_) <= silence_.max_silence_h) {
      below_h_ += to_hours(sample.at - last_);
    }
    highest_below_ = std::max(highest_below_, floor);
    if (below_h_ < timing_.off_delay_h) return;
    unlatched_ = highest_below_;
    below_since_ = kNoInstant;
  }

  const PolicyTiming& timing_;
  const Silence& silence_;
  const Neighbour& neighbour_;
  Level level_ = Level::none;
  Level unlatched_ = Level::none;
  std::array<std::int64_t, 4> in_a_row_{};
  std::array<Raise, 5> made_{};  ///< By level.
  std::array<Instant, 4> over_since_{};
  Instant last_ = kNoInstant;      ///< Newest sample taken ...
  Level last_said_ = Level::none;  ///< ... and the level it held.
  Instant below_since_ = kNoInstant;
  double below_h_ = 0.0;  ///< Data time since then.
  Level highest_below_ = Level::none;
};

}  // namespace

std::vector<LampEntry> run_lamp(const std::vector<LampSample>& samples, const PolicyTiming& timing, const Silence& silence,
                                std::vector<Act> acts, Instant now, const Neighbour& neighbour) {
  std::stable_sort(acts.begin(), acts.end(), [](const Act& a, const Act& b) { return a.at < b.at; });
  Lamp lamp(timing, silence, neighbour);
  std::vector<LampEntry> history;
  history.reserve(samples.size() + acts.size() + 2);
  Health health = Health::silent;  // Before the first sample nothing is known.
  Evidence evidence;
  std::size_t next_act = 0;
  const Duration stale_after = duration_from_seconds(silence.max_silence_h * silence.stale_share * 3600.0);
  const Duration silent_after = duration_from_seconds(silence.max_silence_h * 3600.0);

  const auto enter = [&](Instant at, LampEntry::Cause cause, const std::string& by = {}, bool measured = true,
                         std::string note = {}) {
    history.push_back(
        {at, lamp.level(), lamp.unlatched(), health, cause, evidence, by, lamp.raise(), nullptr, measured, std::move(note)});
  };
  const auto acts_until = [&](Instant until) {
    for (; next_act < acts.size() && acts[next_act].at <= until; ++next_act) {
      const Act& act = acts[next_act];
      std::string note;
      if (act.kind == Act::Kind::release) {
        const Level before = lamp.level();
        const bool silent = health == Health::silent || health == Health::stale;
        if (silent) {
          lamp.release_in_silence();
        } else {
          lamp.release();
        }
        if (lamp.level() < before && silent) note = "released while no data come: to what the last data said";
        if (lamp.level() == before && before != Level::none) {
          note = silent ? "released while no data come, but the last data were still over the limit: the level stays"
                        : "released, but the data are still over the limit or were until too recently: the level stays";
        }
      }
      enter(act.at, LampEntry::Cause::act, act.by, true, std::move(note));
    }
  };
  // The quiet between two samples, or after the last one.
  const auto gap = [&](Instant last, Instant until) {
    for (const auto& [after, worse] : {std::pair(stale_after, Health::stale), std::pair(silent_after, Health::silent)}) {
      if (until - last <= after) break;
      if (health == Health::silent || health == worse) continue;  // Told before an unusable sample.
      acts_until(last + after);
      health = worse;
      enter(last + after, LampEntry::Cause::health);
    }
    acts_until(until);
  };

  Instant last = kNoInstant;  // Newest measured sample, or the first sample of all.
  for (std::size_t k = 0; k < samples.size(); ++k) {
    const LampSample& sample = samples[k];
    if (sample.at > now) break;
    if (last != kNoInstant) {
      gap(last, sample.at);
    } else {
      acts_until(sample.at);
    }
    if (sample.measured) {
      health = sample.usable ? sample.quality : Health::degraded;
    } else if (health == Health::live || last == kNoInstant) {
      health = Health::degraded;
    }
    evidence = sample.evidence;
    if (sample.usable) lamp.take(sample, k);
    enter(sample.at, LampEntry::Cause::sample, {}, sample.measured);
    if (sample.measured || last == kNoInstant) last = sample.at;
  }
  if (last != kNoInstant) gap(last, now);
  acts_until(now);
  return history;
}

}  // namespace highwall
