#pragma once

#include "bindings/pipeline/warn.hpp"

namespace highwall {

/// What was published stands. Everything is judged anew each night, so another policy, other options, a late
/// epoch or a newly declared quiet period may tell the past otherwise; and a target may be gone. So after warn():
/// - a target or zone that was published at or above the latch, and that the data of today put lower, keeps its
///   level until a named person releases it after that message;
/// - a target or zone that was published above none and that nobody measures any more is silent at its last
///   level, counts in its zone, and goes to none by a release only.
/// Each is a finding. The same again for the same `now`.
/// @param acts  with full names; a release of a zone is one of each of its targets
void keep_published(const Site& site, const Policy& policy, const std::vector<Act>& acts, const Outbox& outbox, Instant now,
                    std::vector<ZoneHistories>& zones, std::vector<std::string>& findings);

}  // namespace highwall
