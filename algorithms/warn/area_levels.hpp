#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "algorithms/warn/judge.hpp"

namespace highwall {

/// What contiguous areas of one zone say at one scan of a radar.
struct AreaSample {
  Instant at = kNoInstant;
  Level level = Level::none;   ///< Highest of the alarms that stand in the zone ...
  Level moving = Level::none;  ///< ... and of those that are no step alone.
  std::int32_t rule = -1;      ///< Area rule (its number in the policy) of the level; at none the one nearest to its limit.
  double value = kNotKnown;    ///< In the rule's own unit, see area_unit() ...
  double sigma = kNotKnown;
  double area_m2 = kNotKnown;  ///< Of the alarms at the level.
  float known = 0.0F;          ///< Share of the cells that ever had a value that have one now.
  float judged = 0.0F;         ///< Share of the velocity rules that could be judged in most of the cells.
  bool lost = false;           ///< An alarm that stands lost its signal, or is one of coherence.
  bool operator==(const AreaSample&) const = default;
};

/// Unit that the evidence of an area rule has: "mm_per_h", "sigma" where significance alone decides, "cells" of coherence.
std::string area_unit(const AreaRule& rule);
/// What it is held against, in that unit.
double area_threshold(const AreaRule& rule);

/// The areas that one radar shows of one zone, as a target.
struct AreaTarget {
  std::string target;  ///< "radar_north/areas.north_wall".
  std::string source;
  std::vector<AreaSample> samples;
  double max_silence_h = 24.0;
  double interval_h = 0.0;      ///< Usual time from scan to scan; 0 = by the samples.
  std::vector<Instant> blasts;  ///< Declared for the zone.
  std::vector<std::string> epochs;
  std::vector<std::string> doubts;
};

/// Levels of an area target up to `now`. An alarm was confirmed by the scans that its rule asks for, so that the lamp takes it at
/// once; off-delay, latch, release and silence are those of every target. Within timing.blast_h of a declared blast a step alone
/// raises no red.
///
/// Health: a scan in which less than half of the cells have a value is no sign of life; one with less than 0.8 of them, after
/// a pause of more than three usual intervals, with a rule that cannot be judged, or with an alarm whose signal is lost,
/// is `degraded`. Where no rule can be judged the scan neither raises nor lowers.
/// @param acts  those of other targets are left out
History judge_areas(const AreaTarget& target, const Policy& policy, const std::vector<Act>& acts, Instant now);

}  // namespace highwall
