#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/act.hpp"
#include "core/policy.hpp"
#include "core/warning.hpp"

namespace highwall {

/// What the criteria say of one sample, before time and memory come in.
struct LampSample {
  Instant at = kNoInstant;
  Level raise = Level::none;       ///< Highest level over its threshold.
  Level hold = Level::none;        ///< Highest level over its release limit.
  Level significant = Level::red;  ///< Highest level that a neighbour may confirm: its value is no outlier of the noise.
  Level at_once = Level::none;     ///< Level that needs no confirmation: nothing could confirm it for days.
  bool usable = true;              ///< False: flagged or without velocity; neither raises nor lowers.
  bool measured = true;            ///< False: flagged or not a number; no sign of life.
  /// By level: how far apart samples must lie that confirm each other, hours.
  std::array<double, 5> on_delay_h{};
  Health quality = Health::live;  ///< live or degraded.
  Evidence evidence;              ///< Of the deciding rule.
  /// Rule (its number in the policy) that speaks for each level, by level: over it and nearest to it; -1 = none.
  std::array<std::int32_t, 5> rule{-1, -1, -1, -1, -1};
};

/// Why a lamp shows what it shows: the sample and the rule that took it to its level.
struct Raise {
  std::int32_t rule = -1;  ///< Number in the policy; -1 = none.
  std::size_t sample = 0;  ///< Of the samples given to run_lamp().
  bool operator==(const Raise&) const = default;
};

/// State of the lamp after a sample, an act or a change of health.
struct LampEntry {
  /// `kept`: the level is the one that was published, not the one that follows from the data of today.
  enum class Cause { sample, health, act, kept };
  Instant at = kNoInstant;
  Level level = Level::none;      ///< Published: latched.
  Level unlatched = Level::none;  ///< What it would be without the latch.
  Health health = Health::live;
  Cause cause = Cause::sample;
  Evidence evidence;  ///< Of the sample; of the last sample for the other causes.
  std::string by;     ///< Who, for an act.
  Raise raise;        ///< What made the level.
  /// Evidence of that moment; null at none. Shared by all entries of one raise.
  std::shared_ptr<const Evidence> raised;
  bool measured = true;  ///< For a sample: it has a value.
  std::string note;      ///< What an act did, when that is not plain.
};

/// How long a target may say nothing.
struct Silence {
  double max_silence_h = 24.0;
  double stale_share = 0.9;
};

/// Tells whether another target of the zone is over level `level` at `at` (or was, recently enough).
using Neighbour = std::function<bool(Instant at, Level level)>;

/// The state machine of one target: a pure function of its samples, the acts and `now`, so that a
/// replay is the same as the live run and a restart changes nothing.
///
/// - A level rises when `confirm_samples` samples in a row that span its on-delay are over it, or one sample and a
///   neighbour, when the values of both are significant.
/// - It falls after `off_delay_h` of data time below its release limit. Intervals longer than max_silence_h are no
///   data time: no data, no fall.
/// - From `latch_from` on it falls only by a release with a name, and then to what the data say. While the sensor is
///   silent that is what its last samples said, without the off-delay; when they were still over the limit the level
///   stays, and the entry's note says so.
/// - Health follows the gaps between measured samples up to `now`: live, stale, silent; a silent target keeps its
///   level. Samples that are flagged or no number are no sign of life.
/// @param samples in time order; acts in any order (those of other targets are left out before)
/// @return one entry per sample, act and change of health, in time order, none after `now`
std::vector<LampEntry> run_lamp(const std::vector<LampSample>& samples, const PolicyTiming& timing, const Silence& silence,
                                std::vector<Act> acts, Instant now, const Neighbour& neighbour = {});

}  // namespace highwall
