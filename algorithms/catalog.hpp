#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"
#include "core/series.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Input of any kind, for trying an algorithm without knowing it. All of one frame.
struct Sample {
  Points before;
  Points after;
  TimeSeries series;  ///< In time order.
  Stack stack;
};

/// Numbers that an algorithm made of a Sample; where it gives reasons, one for each number, which is NaN when the
/// reason is not `ok` (and may be NaN as a sigma that is not known).
struct Outcome {
  std::vector<double> values;
  std::vector<Reason> reasons;  ///< Empty when the algorithm has none.
};

/// One algorithm: what documents, checks of [calculate] and the property test need to know of it.
struct Algorithm {
  std::string_view name;      ///< Key under [calculate].
  std::string_view sentence;  ///< What it does, and the DOI of where it comes from.
  bool in_night;              ///< `highwall run` uses it, so that [calculate] may set its options.
  std::vector<OptionSpec> (*options)();
  /// @throws Error(config) when one of the options is unknown or not allowed.
  void (*check)(std::span<const GivenOption> given);
  /// With options that suit small samples. @throws Error(input) where the algorithm says so.
  Outcome (*try_on)(const Sample& sample, const Run& run);
};

/// Every algorithm. A new one is its file, its test, and one line in catalog.cpp.
std::span<const Algorithm> all_algorithms();
/// @throws Error(config) for an unknown name, with the nearest known one.
const Algorithm& algorithm_of(std::string_view name, const std::string& where = {});

}  // namespace highwall
