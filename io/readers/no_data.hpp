#pragma once

#include <span>

#include "core/series.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// Turns numbers that stand for a missing value into NaN, with a line in the report: those of options.no_data, and -999,
/// -9999, -99999, -999999, -32768 where every other value is less than half of them. A dead sensor that writes -9999 would
/// else be a slope that has fallen, and never a silent one.
/// @param values  as they stand in the file, in its own unit
void drop_no_data(std::span<double> values, const ReadOptions& options, Report& report);
/// The same for one component of a series whose values have been multiplied by `scale`.
void drop_no_data(TimeSeries& series, std::size_t component, double scale, const ReadOptions& options, Report& report);

}  // namespace highwall
