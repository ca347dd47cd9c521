#pragma once

#include <vector>

#include "bindings/pipeline/warn.hpp"
#include "io/feeds/message.hpp"

namespace highwall {

/// For a night in which a source could not be measured: targets that were told of before and are missing
/// now keep their level and are silent, and no zone is lower than it was told to be. Without this a
/// damaged file would look like a slope at rest.
/// @param told  what was last told of every zone and target
void carry_told_states(const std::vector<StateLine>& told, Instant now, std::vector<ZoneHistories>& histories);

}  // namespace highwall
