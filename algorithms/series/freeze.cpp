#include "algorithms/series/freeze.hpp"

#include <fmt/format.h>

#include <cmath>

#include "algorithms/series/gap.hpp"

namespace highwall {
namespace {

bool same_bits(const TimeSeries& s, std::size_t i, std::size_t k) {
  for (std::size_t c = 0; c < s.width(); ++c) {
    if (s.value(i, c) != s.value(k, c)) return false;
  }
  return true;
}

/// What to say of the samples that clean() took for those of a wrong clock; "" when there are none.
std::string wrong_clock_of(const TimeSeries& s) {
  std::size_t n = 0;
  while (n < s.size() && (s.flags[n] & kFlagClock) != 0) ++n;
  if (n == 0) return {};
  const std::string rows = n == 1 ? "a row of " + to_iso8601(s.time[0])
                                  : fmt::format("{} rows of {} to {}", n, to_iso8601(s.time[0]), to_iso8601(s.time[n - 1]));
  return fmt::format("has {}, {:.0f} days before the next one: a wrong clock, not used", rows,
                     to_days(s.time[n] - s.time[n - 1]).value);
}

}  // namespace

bool FreezeTest::next(Instant at, bool same) {
  if (!same) {
    if (since_ != kNoInstant) {
      zero_ += repeats_;
      all_ += repeats_ + 1.0;
    }
    since_ = at;
    repeats_ = 0.0;
    bites_ = false;
    return false;
  }
  if (!bites_) {
    repeats_ += 1.0;
    bites_ = repeats_ >= static_cast<double>(options_.repeats) || to_hours(at - since_) >= options_.span_h;
  }
  return bites_ && all_ >= 8.0 && zero_ < options_.coarse_share * all_;
}

std::size_t flag_frozen(TimeSeries& series, const FreezeOptions& options) {
  validate(options, "freeze");
  if (series.flags.empty()) series.flags.assign(series.size(), kFlagNone);
  FreezeTest test(options);
  std::size_t flagged = 0;
  std::size_t last = kNoSample;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!is_measured(series, i)) continue;
    const bool frozen = test.next(series.time[i], last != kNoSample && same_bits(series, i, last));
    last = i;
    if (!frozen) continue;
    series.flags[i] |= kFlagFrozen;
    ++flagged;
  }
  return flagged;
}

Instant frozen_since(const TimeSeries& series) {
  std::size_t newest = kNoSample;
  Instant since = kNoInstant;
  for (std::size_t i = series.size(); i-- > 0;) {
    const bool frozen = !series.flags.empty() && (series.flags[i] & kFlagFrozen) != 0;
    if (!frozen && !is_measured(series, i)) continue;
    if (newest == kNoSample && !frozen) return kNoInstant;
    if (newest != kNoSample && !same_bits(series, i, newest)) break;
    if (newest == kNoSample) newest = i;
    since = series.time[i];
  }
  return since;
}

std::vector<std::string> vet(TimeSeries& series, const CleanOptions& clean_options, const FreezeOptions& freeze_options) {
  std::vector<std::string> doubts;
  clean(series, clean_options);
  if (std::string doubt = wrong_clock_of(series); !doubt.empty()) doubts.push_back(std::move(doubt));
  flag_frozen(series, freeze_options);
  if (const Instant since = frozen_since(series); since != kNoInstant) {
    doubts.push_back(
        fmt::format("repeats the same value bit for bit since {}: frozen, which is no sign of life", to_iso8601(since)));
  }
  return doubts;
}

}  // namespace highwall
