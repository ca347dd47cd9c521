#pragma once

#include <string>
#include <vector>

#include "algorithms/compare/core_series.hpp"
#include "core/run.hpp"
#include "core/series.hpp"
#include "io/archive/archive.hpp"

namespace highwall {

/// What a LiDAR source has shown so far: the names of its fields, one an epoch, and what their patches did. Kept as
/// archive/products/history-SOURCE.json and .h5, both derived: a night makes them again when they are damaged, of other
/// options, or gone.
struct LidarHistory {
  std::string inputs;               ///< Digest of all but the epochs.
  std::vector<std::string> fields;  ///< Names of products, in epoch order.
  std::vector<TimeSeries> patches;  ///< Of all zones in turn; the reference and one sample a field.
  std::vector<std::string> unheld;  ///< Of the fields, those in which no ground was seen to rest.

  /// How many of the fields of tonight are known: all that both lists have in common from the start, 0 of other inputs.
  std::size_t known(const std::string& inputs_tonight, const std::vector<std::string>& fields_tonight) const;
};

/// Empty when there is none or it is damaged.
LidarHistory read_history(const Archive& archive, const std::string& source);
/// @throws Error(storage)
void write_history(Archive& archive, const std::string& source, const LidarHistory& history);

/// Series of every core point of a LiDAR source, from the fields that its nights kept.
/// @throws Error(input) when no night has measured it yet, Error(storage) for a field that cannot be read
std::vector<TimeSeries> core_series_of(const Archive& archive, const std::string& source, CoreValue value, const Run& run);

}  // namespace highwall
