#pragma once

#include <vector>

#include "algorithms/patch.hpp"
#include "core/run.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Mean line-of-sight displacement of the cells of every patch, metres towards the sensor, one component.
/// @param outline  cells whose centre lies outside of it are left out
/// Cells that never had a value, as in the wall's own shadow, do not count: a scan's share is one of those that had
/// a value up to it.
/// @return patches that were seen at least once, by cell; the area is that of their cells with a value
/// @throws Error(config) for bad options
std::vector<Patch> patch_line_of_sight(const Stack& stack, const Polygon& outline, const PatchOptions& options, const Run& run);

}  // namespace highwall
