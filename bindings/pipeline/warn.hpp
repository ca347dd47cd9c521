#pragma once

#include <array>
#include <map>

#include "bindings/pipeline/evidence_files.hpp"
#include "bindings/pipeline/measure.hpp"
#include "core/policy.hpp"

namespace highwall {

/// Histories of one zone: its own, and those of its targets.
struct ZoneHistories {
  std::string zone;  ///< "" = targets in no zone; they have no zone history.
  History own;
  std::vector<History> targets;
};

/// The policy that the site names, or the shipped one.
Policy site_policy(const Site& site);

/// Gives acts on targets their full name "source/target": a bare name is enough where it is unique.
/// @return what could not be told, a sentence each, of acts of the last two days before `now`
std::vector<std::string> name_targets(std::vector<Act>& acts, const Site& site, const Measurements& measurements, Instant now);

/// Levels of every target and zone up to `now`, from all data: a pure function of the archive, the
/// policy and the acts, so that a replay is the same as the live run. Acts have full names.
std::vector<ZoneHistories> warn(const Site& site, const Policy& policy, const Measurements& measurements,
                                const std::vector<Act>& acts, Instant now, const Run& run);

/// A sentence or two on why the level is what it is.
std::string explain(const std::string& name, const LampEntry& entry);
/// Adds what is the same for all evidence of a history: epochs, policy and the rule's citation.
void complete(Evidence& evidence, const History& history, const Policy& policy);

/// What people must know of targets that cannot be judged as they should, or that stand at `latch_from` or above
/// without data; each a sentence.
std::vector<std::string> doubts_of(const std::vector<ZoneHistories>& zones, Level latch_from);

/// Sources of displacement that the policy has no rule for, or none of orange and red: nobody would be warned. Each a sentence.
std::vector<std::string> unjudged_of(const Policy& policy, const Measurements& measurements);

/// States at `now`, zones first.
std::vector<NightState> states_of(const std::vector<ZoneHistories>& zones);

/// What messages tell beside the histories.
struct MessageContext {
  std::vector<SourceSummary> sources;                     ///< For the heartbeat.
  EpochFiles files;                                       ///< For the evidence.
  std::map<std::string, std::array<double, 2>> places_m;  ///< Of targets, world metres of the site's CRS.
};

/// Where the targets stand, as far as it is known.
std::map<std::string, std::array<double, 2>> places_of(const Measurements& measurements);

/// Posts what has changed since the last message of each stream, and the heartbeat when it is due.
/// @return number of messages posted
std::size_t post_changes(const Site& site, const Policy& policy, const std::vector<ZoneHistories>& zones,
                         const std::vector<Polygon>& outlines, Instant now, const MessageContext& context, Outbox& outbox);

}  // namespace highwall
