#pragma once

#include <cstddef>

#include "core/series.hpp"

namespace highwall {

/// Rate between the medians of the first and of the last eighth of the closed window [t - w, t], m/day. A step
/// makes the least-squares slope half as large again as the motion over the window; this it cannot do.
/// @return NaN with fewer than 3 measured samples in either eighth
double median_difference_rate(const TimeSeries& series, std::size_t sample, double window_days, std::size_t component = 0);

/// Least-squares rate since an instant, m/day: whether motion goes on.
/// @return NaN with fewer than `fewest` measured samples
double recent_rate(const TimeSeries& series, std::size_t sample, Instant since, std::size_t component = 0,
                   std::size_t fewest = 4);

}  // namespace highwall
