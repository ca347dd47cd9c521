#pragma once

#include "algorithms/radar/cycle_map.hpp"
#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

/// Whole cycles at one acquisition, or at all from one on, change interferograms but no loop: phases alone cannot tell two errors
/// of three interferograms across a gap from an error of the third. Neighbours can: for each region the same loops are explained
/// the other ways as well; where another has shorter borders by more than half of the region's border (errors of two
/// interferograms go on around the region) it is taken; where it is not longer by as much, the region goes out of `cycles`, and
/// all that it may be into `undecided`.
void settle_gauge(const InterferogramNetwork& network, CycleMap& cycles, CycleMap& undecided, const Run& run);

}  // namespace highwall
