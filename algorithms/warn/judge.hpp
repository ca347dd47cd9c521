#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "algorithms/series/shared_jump.hpp"
#include "algorithms/warn/lamp.hpp"
#include "algorithms/warn/target_rates.hpp"
#include "core/act.hpp"
#include "core/policy.hpp"
#include "core/run.hpp"
#include "core/series.hpp"

namespace highwall {

/// One target to be judged.
struct TargetInput {
  TimeSeries series;                          ///< In time order, flags set.
  std::vector<std::array<Instant, 2>> quiet;  ///< Declared quiet periods; empty = its own start.
  double max_silence_h = 24.0;
  double area_m2 = 0.0;             ///< Wall that the target stands for; 0 = a point.
  double sensitivity = kNaN;        ///< Line of sight: share of a motion down the slope that is seen.
  RateOptions rate;                 ///< How its velocities are made; the windows are the policy's.
  NoiseOptions noise;               ///< How their sigmas are calibrated.
  std::vector<std::string> epochs;  ///< Where the samples come from, for the evidence.
  std::string reference;            ///< Common base: its error is everyone's at one instant.
  std::vector<KnownStep> steps;     ///< Steps that were taken out.
  std::vector<SharedJump> jumps;  ///< Of its base or all targets of its instrument, in its values: held before they make orange.
  std::vector<Instant> blasts;    ///< Declared for its zone or itself.
  std::vector<Instant> unheld;    ///< Samples that no ground at rest holds, ascending: judged, with health `degraded`.
  std::vector<std::string> doubts;  ///< Found before: passed on to the history.
};

/// All that happened to one target, or to a zone.
struct History {
  std::string target;
  SensorKind kind = SensorKind::unknown;
  double area_m2 = 0.0;
  std::vector<LampEntry> entries;
  std::vector<Calibration> calibration;
  double equal_speed_m_per_day = kNaN;  ///< As known at the end.
  Instant judged_from = kNoInstant;     ///< kNoInstant: too short to be judged at all.
  std::vector<std::string> epochs;      ///< Where the samples come from.
  Instant kept_from = kNoInstant;       ///< The level is not that of the data: it was published with this time.
  std::vector<std::string> doubts;      ///< Each a sentence without its subject: "cannot be judged ...".
  bool is_blind = false;                ///< Its newest samples cannot see orange; of a point that is a doubt, too.
  /// Judged by area rules, which are a quorum of their own: contiguous cells over several scans.
  bool is_quorum = false;
  std::shared_ptr<const TargetRates> rates;  ///< What the samples were judged by; null for a zone and a level that was only kept.
};

/// The rates that a target is judged by, and the only way to them: nothing that is shown may be measured otherwise.
TargetRates judged_rates(const TargetInput& target, const Policy& policy, const Run& run);

/// Judges the targets of one zone: rates, criteria, confirmation by a neighbour, lamp.
///
/// A sample that cannot be judged (flagged, no velocity) neither raises nor lowers a level and makes the health
/// `degraded`: it never looks like a quiet slope. Before a series' own noise is known orange and red are judged with
/// a provisional sigma, blue and yellow not at all, and the health is `degraded`; so it is at the first samples
/// after a gap, for a day after a known step, and where no ground at rest was found to hold the sample (TargetInput::unheld).
/// Within timing.blast_h of a declared blast a red rule raises orange only, unless the newest quarter of its window, without the
/// blast itself, is as fast as the rule asks. While a jump that targets share is held (TargetInput::jumps) it raises yellow at
/// most, and the health is `degraded`: orange and red come of what the series shows without it, as motion that goes on. A
/// neighbour on the same reference confirms only with an earlier sample: at the same one both may see the base move.
///
/// The evidence of an entry is that of the deciding rule; while a level stands that no rule raises any more, that
/// of the rule that made it, as it is now. Evidence of targets has no epochs, policy and citation: those are the
/// same for all (History::epochs, the policy) and are added where it is published.
/// @return histories in the order of the targets; the same for any number of threads
std::vector<History> judge_targets(const std::vector<TargetInput>& targets, const Policy& policy, const std::vector<Act>& acts,
                                   Instant now, const Run& run);

/// Level of a zone from its targets: the highest level that `quorum_targets` of them have, or that
/// targets of together `quorum_area_m2` have, or one that is_quorum; any is enough. Targets that are silent cannot speak: when
/// fewer than the quorum are alive, all that are alive suffice. Health: live when all are live, silent when all are silent, else
/// degraded. The evidence is that of the strongest target.
History judge_zone(const std::string& zone, const std::vector<History>& targets, std::int64_t quorum_targets,
                   double quorum_area_m2);

/// State of a history at an instant; nullptr before its first entry.
const LampEntry* entry_at(const History& history, Instant at);

}  // namespace highwall
