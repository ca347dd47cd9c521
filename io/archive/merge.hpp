#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/series.hpp"

namespace highwall {

/// All rows of a source, put together from its blocks, one series a target in time order. The order of
/// blocks is (instant, id): it decides which block's zero and names a target takes, and how rows of one
/// stamp follow each other.
class SeriesMerge {
 public:
  /// Adds a block. Blocks may come in any order as long as it makes no difference.
  /// @throws Error(storage) when a target has another number of components than before.
  /// @return false when the block should have come earlier: begin again with all blocks in order.
  bool add(Instant instant, const std::string& id, const std::vector<TimeSeries>& block);
  /// The rows of a target; nullptr when there are none.
  const TimeSeries* find(const std::string& target);
  /// All targets, in order of their first appearance.
  std::vector<TimeSeries> all();

 private:
  using Key = std::pair<Instant, std::string>;
  struct Rows {
    Key first;  ///< Block that brought the target.
    Key last;
    std::size_t place = 0;  ///< Of the target in that block.
    bool sorted = true;
    TimeSeries series;
  };
  static void sort(Rows& rows);

  std::map<std::string, Rows> targets_;
};

/// What an export tells beside what is known already.
struct RowMatch {
  std::vector<std::size_t> added;                            ///< Rows told that are new, in time order.
  std::vector<std::pair<std::size_t, std::size_t>> changed;  ///< Rows told otherwise than known: (told, known).
  std::size_t equal = 0;
  std::size_t looked_at = 0;  ///< Rows touched: grows with the rows told, not with their square.
};

/// Compares the rows of one target by stamp; of rows that share a stamp the first is held against the
/// first, the second against the second. `known` is in time order, and nullptr when nothing is known.
RowMatch match_rows(const TimeSeries* known, const TimeSeries& told);

}  // namespace highwall
