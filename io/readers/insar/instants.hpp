#pragma once

#include <vector>

#include "io/readers/insar/layers.hpp"

namespace highwall::insar {

/// Makes one instant of what is one acquisition, and turns pairs round whose first is the later one.
///
/// Where a layer has a date only, all count by their dates. Where all have a time of day, times of one date that differ by up to
/// a minute are one acquisition (processors round, and cut slices of a pass differently), unless pairs lie within a day: then
/// scans follow each other that fast, and each time is its own.
void settle_instants(std::vector<Layer>& layers, Report& report);

}  // namespace highwall::insar
