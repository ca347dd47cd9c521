#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "core/series.hpp"

namespace highwall {

inline constexpr std::size_t kNoPiece = std::numeric_limits<std::size_t>::max();

/// Pieces of a stretch of a series that hang together. Numbers grow along the series, so that all between two samples of one
/// piece is of it.
struct Pieces {
  std::vector<std::size_t> of;  ///< By sample; kNoPiece: outside the stretch, not measured, or in a piece of one or two samples.
  std::size_t usable = 0;       ///< Samples of the stretch, also those in no piece.
  std::size_t cuts = 0;
  double largest_m = 0.0;  ///< Increment that was cut at ...
  double usual_m = 0.0;    ///< ... and robust standard deviation of those that were not.
};

/// Cuts the samples of one component from `from` to `to` where an increment is gross against the usual one: at a blunder and
/// behind it, at a first value that was not zeroed yet, at a re-zeroing, a blast, all along the hours of an installation. What is
/// noise shows in increments within pieces; a single one of 300 mm would otherwise be all that a mean square knows of a sensor.
///
/// An increment is gross when it alone would more than double the mean square of all that are usual (1.2 times the root of their
/// number of robust standard deviations), and at least 12 of these. Real radar series with their bursts stay whole: in 75 days of
/// ArcSAR the largest of 2900 increments of four days was 10 to 38 of them, and 65 are asked. The robust standard deviation is
/// taken again without what was cut until no more is. Where more than half of the increments would go nothing is cut: that is the
/// sensor.
Pieces pieces_of(const TimeSeries& series, Instant from, Instant to, std::size_t component = 0);

/// Samples of a stretch that jumped and came back: up to six between two pieces of which the second goes on where the first
/// ended. Once the stretch is over they are known as blunders. Those at its ends are not among them: a slope may have begun to
/// move.
std::vector<std::size_t> blunders_of(const TimeSeries& series, Instant from, Instant to, std::size_t component = 0);

}  // namespace highwall
