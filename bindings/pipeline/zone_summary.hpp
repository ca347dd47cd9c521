#pragma once

#include "bindings/pipeline/warn.hpp"
#include "core/act.hpp"

namespace highwall {

/// Id of the source that an epoch id names.
std::string source_of_epoch(const std::string& epoch_id);

/// What people ask of each zone, in the order of its states: which target decides and by what, how many are
/// raised and on how much wall, what raised a latched level, who acknowledged it.
/// @param acts  all that is known; those after `now` or before the level's start are left out
std::vector<ZoneSummary> zone_summaries(const std::vector<ZoneHistories>& zones, const std::vector<NightState>& states,
                                        const std::vector<Act>& acts, Instant now);

/// What people ask of each source: its files, targets, newest data, and whether it still speaks.
std::vector<SourceSummary> source_summaries(const Site& site, const Policy& policy, const Measurements& measurements,
                                            const NightSummary& night);

/// Targets of a zone at an instant that its message rests on: those at `level` or above (none: nobody), and those whose
/// data are stale or silent; strongest first.
std::vector<Contribution> contributions_at(const ZoneHistories& zone, Instant at, Level level);

/// Wall that targets at `level` or above stand for; NaN at none, or where only points are measured.
double area_at_level(const ZoneHistories& zone, Instant at, Level level);

/// Fills in what the message of a zone rests on at its event: targets, wall, quantities, quality, instruments.
void describe_zone(const ZoneHistories& zone, const Policy& policy, WarningMessage& message);
/// The same for the message of one target.
void describe_target(const History& target, const Policy& policy, WarningMessage& message);

}  // namespace highwall
