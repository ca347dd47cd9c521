#pragma once

#include "core/series.hpp"

namespace highwall {

/// Refuses positions that count from another zero than those of the archive (more than 1 mm apart). A
/// base that moved cannot be told here from one whose coordinates were set anew: put together, the
/// change would look like a movement of the target, or hide one.
/// @throws Error(input) naming the target, the distance and what to do.
void require_same_zero(const TimeSeries& known, const TimeSeries& told);

/// Positions of `s` told about the zero of `other` (east, north, up turned with it). Series that are no
/// positions, or have no zero, come back as they are.
TimeSeries about_zero_of(const TimeSeries& other, TimeSeries s);

}  // namespace highwall
