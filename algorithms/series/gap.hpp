#pragma once

#include <cstddef>
#include <vector>

#include "core/series.hpp"

namespace highwall {

inline constexpr std::size_t kNoSample = static_cast<std::size_t>(-1);

/// True when a component of a sample is a number and no flag speaks against the sample.
bool is_usable(const TimeSeries& series, std::size_t sample, std::size_t component);

/// True when every component of a sample is a number and no flag speaks against it.
bool is_measured(const TimeSeries& series, std::size_t sample);

/// For each sample among the first three after a gap the last measured sample before it, else kNoSample.
///
/// A gap is an interval between measured samples longer than one and a half times the median of up to 49
/// intervals before it, and an hour: what happened in it no trailing window sees. A second gap within those three
/// samples belongs to the first, so that motion in either is seen. Causal.
std::vector<std::size_t> samples_before_gaps(const TimeSeries& series);

}  // namespace highwall
