#include "io/readers/local_stamps.hpp"

namespace highwall {
namespace {

/// First row of the second time through the hour, `end` where the order of the rows does not tell it.
std::size_t second_pass(const std::vector<Stamp>& stamps, std::size_t begin, std::size_t end) {
  const Stamp& first = stamps[begin];
  const Stamp& last = stamps[end - 1];
  const bool in_order =
      (begin == 0 || stamps[begin - 1].later <= first.earlier) && (end == stamps.size() || stamps[end].earlier >= last.later);
  if (!in_order) return end;
  std::size_t back = end;
  std::size_t times_back = 0;
  for (std::size_t i = begin + 1; i < end; ++i) {
    if (stamps[i].earlier < stamps[i - 1].earlier) {
      back = i;
      ++times_back;
    }
  }
  if (times_back == 1) return back;
  // An hourly logger: 01:00, 02:00, 02:00, 03:00.
  const Duration hour = first.later - first.earlier;
  const bool stands_twice =
      times_back == 0 && end - begin == 2 && first.earlier == last.earlier && begin > 0 && end < stamps.size();
  if (!stands_twice) return end;
  const Duration before = first.earlier - stamps[begin - 1].later;
  const Duration after = stamps[end].earlier - last.later;
  return 2 * before.ns >= hour.ns && 2 * after.ns >= hour.ns ? begin + 1 : end;
}

}  // namespace

std::vector<Instant> instants_of(const std::vector<Stamp>& stamps) {
  std::vector<Instant> out;
  out.reserve(stamps.size());
  for (std::size_t begin = 0; begin < stamps.size();) {
    if (!stamps[begin].is_repeated()) {
      out.push_back(stamps[begin++].earlier);
      continue;
    }
    const Duration hour = stamps[begin].later - stamps[begin].earlier;
    std::size_t end = begin + 1;
    while (end < stamps.size() && stamps[end].is_repeated() && stamps[end].earlier - stamps[begin].earlier < hour) ++end;
    const std::size_t second = second_pass(stamps, begin, end);
    for (; begin < end; ++begin) {
      out.push_back(second == end ? kNoInstant : begin < second ? stamps[begin].earlier : stamps[begin].later);
    }
  }
  return out;
}

std::size_t set_times(TimeSeries& series, std::vector<Stamp>& stamps, Report& report) {
  series.time = instants_of(stamps);
  std::vector<std::size_t> keep;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    if (series.time[i] != kNoInstant) keep.push_back(i);
  }
  const std::size_t refused = stamps.size() - keep.size();
  if (refused == 0) return 0;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    if (series.time[i] == kNoInstant)
      report.reject(stamps[i].line,
                    "the clock change repeats this hour, and the order of the rows does not tell which one is meant");
  }
  series = select(series, keep);
  std::vector<Stamp> kept;
  for (const std::size_t i : keep) kept.push_back(stamps[i]);
  stamps = std::move(kept);
  return refused;
}

}  // namespace highwall
