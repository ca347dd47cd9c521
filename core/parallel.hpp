#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/run.hpp"

namespace highwall {

/// Half-open range of indices [begin, end) that one call of a body works on.
struct Block {
  std::size_t index = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Size of the blocks that n items are cut into. Depends on n only, never on the threads.
std::size_t block_size(std::size_t n, std::size_t smallest = 64);

/// Calls body(block) for every block of [0, n), on run.threads() threads, in any order. The body
/// writes by index only, so the result does not depend on the threads. The stop token is looked at
/// before each block; the first exception (by block) is rethrown after the region. Nested calls run
/// inline on the calling thread. `step` names the progress line; empty = silent.
/// @throws Error(cancelled) when stopped, or what a body threw.
void for_blocks(std::size_t n, const std::function<void(const Block&)>& body, const Run& run, std::string_view step = {},
                std::size_t smallest_block = 64);

/// Maps every block to a partial result and combines them in block order: the same bits on any
/// number of threads. combine(T&, T&&) folds the second into the first.
template <class T, class Map, class Combine>
T reduce_blocks(std::size_t n, T identity, Map map, Combine combine, const Run& run, std::string_view step = {},
                std::size_t smallest_block = 64) {
  if (n == 0) return identity;
  const std::size_t size = block_size(n, smallest_block);
  std::vector<T> parts((n + size - 1) / size, identity);
  for_blocks(
      n, [&](const Block& block) { parts[block.index] = map(block); }, run, step, smallest_block);
  T total = std::move(identity);
  for (T& part : parts) combine(total, std::move(part));
  return total;
}

/// Threads that a Run with `threads` = 0 gets on this machine.
int hardware_threads();

}  // namespace highwall
