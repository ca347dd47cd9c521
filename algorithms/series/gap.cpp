#include "algorithms/series/gap.hpp"

#include <cmath>

#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr int kSamplesAfter = 3;
constexpr std::size_t kIntervals = 49;

}  // namespace

bool is_usable(const TimeSeries& s, std::size_t i, std::size_t c) {
  return std::isfinite(s.value(i, c)) && (s.flags.empty() || s.flags[i] == kFlagNone);
}

bool is_measured(const TimeSeries& s, std::size_t i) {
  if (!s.flags.empty() && s.flags[i] != kFlagNone) return false;
  for (std::size_t c = 0; c < s.width(); ++c) {
    if (!std::isfinite(s.value(i, c))) return false;
  }
  return true;
}

std::vector<std::size_t> samples_before_gaps(const TimeSeries& series) {
  std::vector<std::size_t> before(series.size(), kNoSample);
  std::vector<double> intervals;  // Ring of the newest ones.
  std::size_t oldest = 0;
  std::size_t last = kNoSample;
  std::size_t from = kNoSample;  // Of the gap that is being looked across.
  int left = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!is_measured(series, i)) continue;
    if (last != kNoSample) {
      const double interval = to_hours(series.time[i] - series.time[last]);
      if (!intervals.empty() && interval > 1.0 && interval > 1.5 * median(intervals) + 1.0) {
        if (left == 0) from = last;
        left = kSamplesAfter;
      }
      if (intervals.size() < kIntervals) {
        intervals.push_back(interval);
      } else {
        intervals[oldest++ % kIntervals] = interval;
      }
    }
    if (left > 0) {
      before[i] = from;
      --left;
    }
    last = i;
  }
  return before;
}

}  // namespace highwall
