#pragma once

#include <cstddef>
#include <vector>

#include "algorithms/series/freeze.hpp"
#include "core/stack.hpp"

namespace highwall {

/// A map that was sent before.
struct FrozenMap {
  std::size_t epoch = 0;
  std::size_t repeats = 0;  ///< Epoch whose map it is.
};

/// Takes the values out of maps that a frozen radar sent again with new times: those whose cells all have the bits
/// that these cells last had, or that are one of any earlier time. Noise never repeats in `map_cells` cells at once:
/// such a map goes the first time, a smaller one by the rule of series (FreezeTest). Causal.
/// @return the maps blanked, in order
/// @throws Error(config) for bad options
std::vector<FrozenMap> blank_frozen(Stack& stack, const FreezeOptions& options);

}  // namespace highwall
