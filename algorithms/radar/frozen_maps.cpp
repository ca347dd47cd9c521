#include "algorithms/radar/frozen_maps.hpp"

#include <algorithm>
#include <cmath>

#include "core/series.hpp"

namespace highwall {

std::vector<std::size_t> blank_frozen(Stack& stack, const FreezeOptions& options) {
  validate(options, "freeze");
  FreezeTest test(options);
  std::vector<std::size_t> frozen;
  std::vector<double> last(stack.cells(), kNaN);  // By cell: a cell that comes back with its old value is no news.
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
    if (!by_series && !(same && cells >= options.map_cells)) continue;
    std::fill(map.begin(), map.end(), kNaN);
    frozen.push_back(e);
  }
  return frozen;
}

}  // namespace highwall
