#pragma once

#include <cstdint>
#include <vector>

#include "core/report.hpp"
#include "core/series.hpp"
#include "core/time.hpp"

namespace highwall {

/// A row's time as it stands in the file: both instants where a change of the clock repeats the hour, else the same twice.
struct Stamp {
  Instant earlier;
  Instant later;
  std::uint64_t line = 0;

  bool is_repeated() const noexcept { return earlier != later; }
};

/// Stamps of one series, in the order of its rows, to instants. In a repeated hour the order tells which is which where the
/// reading goes back exactly once (or, with a step of half the hour and more, stands twice); kNoInstant where it does not.
std::vector<Instant> instants_of(const std::vector<Stamp>& stamps);

/// Sets the times of a series by its stamps, one a row; rows whose hour cannot be told are taken out, with their stamps, and
/// reported.
/// @return rows taken out
std::size_t set_times(TimeSeries& series, std::vector<Stamp>& stamps, Report& report);

}  // namespace highwall
