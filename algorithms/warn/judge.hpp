#pragma once

#include <array>
#include <string>
#include <vector>

#include "algorithms/warn/lamp.hpp"
#include "algorithms/warn/target_rates.hpp"
#include "core/act.hpp"
#include "core/policy.hpp"
#include "core/run.hpp"
#include "core/series.hpp"

namespace highwall {

/// One target to be judged.
struct TargetInput {
  TimeSeries series;                               ///< In time order, flags set.
  std::vector<std::array<Instant, 2>> quiet;       ///< Declared quiet periods; empty = its own start.
  double max_silence_h = 24.0;
  double area_m2 = 0.0;                            ///< Wall that the target stands for; 0 = a point.
  double sensitivity = kNaN;                       ///< Line of sight: share of a motion down the slope that is seen.
  RateOptions rate;                                ///< How its velocities are made; the windows are the policy's.
  NoiseOptions noise;                              ///< How their sigmas are calibrated.
  std::vector<std::string> epochs;                 ///< Where the samples come from, for the evidence.
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
};

/// Judges the targets of one zone: rates, criteria, confirmation by a neighbour, lamp.
///
/// A sample that cannot be judged (flagged, no velocity, no sigma, or in the start period) neither
/// raises nor lowers a level and makes the health `degraded`: it never looks like a quiet slope.
///
/// The evidence of an entry is that of the deciding rule; while a level stands that no rule raises any more, that
/// of the rule that made it, as it is now. Evidence of targets has no epochs, policy and citation: those are the
/// same for all (History::epochs, the policy) and are added where it is published.
/// @return histories in the order of the targets; the same for any number of threads
std::vector<History> judge_targets(const std::vector<TargetInput>& targets, const Policy& policy,
                                   const std::vector<Act>& acts, Instant now, const Run& run);

/// Level of a zone from its targets: the highest level that `quorum_targets` of them have, or that
/// targets of together `quorum_area_m2` have; either is enough. A zone with fewer targets than the
/// quorum needs all of them. Health: live when all are live, silent when all are silent, else
/// degraded. The evidence is that of the strongest target.
History judge_zone(const std::string& zone, const std::vector<History>& targets, std::int64_t quorum_targets,
                   double quorum_area_m2);

/// State of a history at an instant; nullptr before its first entry.
const LampEntry* entry_at(const History& history, Instant at);

}  // namespace highwall
