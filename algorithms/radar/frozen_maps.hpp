#pragma once

#include <vector>

#include "algorithms/series/freeze.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Takes the values out of maps that a frozen radar sent again with new times: those whose cells all have the bits
/// that these cells last had. Noise never repeats in `map_cells` cells at once: such a map goes the first time, a
/// smaller one by the rule of series (FreezeTest). Causal.
/// @return the epochs blanked, in order
/// @throws Error(config) for bad options
std::vector<std::size_t> blank_frozen(Stack& stack, const FreezeOptions& options);

}  // namespace highwall
