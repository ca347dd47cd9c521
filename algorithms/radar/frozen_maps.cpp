#include "algorithms/radar/frozen_maps.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "core/series.hpp"

namespace highwall {

namespace {

/// Of the numbers of a map and where they stand (FNV-1a by words).
std::uint64_t digest_of(std::span<const double> map) {
  std::uint64_t digest = 14695981039346656037ULL;
  const auto mix = [&](std::uint64_t word) { digest = (digest ^ word ^ (word >> 32U)) * 1099511628211ULL; };
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (!std::isfinite(map[i])) continue;
    mix(i);
    mix(std::bit_cast<std::uint64_t>(map[i] + 0.0));
  }
  return digest;
}

bool same_map(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(),
                    [](double x, double y) { return x == y || (!std::isfinite(x) && !std::isfinite(y)); });
}

}  // namespace

std::vector<FrozenMap> blank_frozen(Stack& stack, const FreezeOptions& options) {
  validate(options, "freeze");
  FreezeTest test(options);
  std::vector<FrozenMap> frozen;
  std::map<std::uint64_t, std::size_t> seen;      // Digest to epoch, of large maps that stay.
  std::vector<double> last(stack.cells(), kNaN);  // By cell: a cell that comes back with its old value is no news.
  std::size_t newest = 0;                         // Epoch with other values than the one before it.
  for (std::size_t e = 0; e < stack.epochs(); ++e) {
    const auto map = stack.at(e);
    std::int64_t cells = 0;
    bool same = true;
    for (std::size_t i = 0; i < map.size(); ++i) {
      if (!std::isfinite(map[i])) continue;
      ++cells;
      same = same && map[i] == last[i];
      last[i] = map[i];
    }
    if (cells == 0) continue;
    const bool by_series = test.next(stack.instants()[e], same);
    const bool large = cells >= options.map_cells;
    std::optional<std::size_t> earlier;
    if (large) {
      const auto [found, is_new] = seen.try_emplace(digest_of(map), e);
      if (!is_new && same_map(map, stack.at(found->second))) earlier = found->second;
    }
    if (!same) newest = earlier.value_or(e);
    if (!by_series && !(same && large) && !earlier) continue;
    if (large && !earlier) seen.erase(digest_of(map));  // It repeats, but for lost cells, one that is there.
    std::fill(map.begin(), map.end(), kNaN);
    frozen.push_back({e, earlier.value_or(newest)});
  }
  return frozen;
}

}  // namespace highwall
