#pragma once

#include "bindings/pipeline/measure.hpp"
#include "core/policy.hpp"

namespace highwall {

/// Histories of one zone: its own, and those of its targets.
struct ZoneHistories {
  std::string zone;                ///< "" = targets in no zone; they have no zone history.
  History own;
  std::vector<History> targets;
};

/// The policy that the site names, or the shipped one.
Policy site_policy(const Site& site);

/// Levels of every target and zone up to `now`, from all data: a pure function of the archive, the
/// policy and the acts, so that a replay is the same as the live run.
std::vector<ZoneHistories> warn(const Site& site, const Policy& policy, const Measurements& measurements,
                                const std::vector<Act>& acts, Instant now, const Run& run);

/// One sentence on why the level is what it is.
std::string explain(const std::string& name, const LampEntry& entry);

/// States at `now`, zones first.
std::vector<NightState> states_of(const std::vector<ZoneHistories>& zones);

/// Posts what has changed since the last message of each stream, and the heartbeat when it is due.
/// @return number of messages posted
std::size_t post_changes(const Site& site, const Policy& policy, const std::vector<ZoneHistories>& zones,
                         const std::vector<Polygon>& outlines, Instant now, Outbox& outbox);

}  // namespace highwall
