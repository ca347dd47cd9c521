#include "algorithms/series/freeze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

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

/// Increments before which nothing is known of how often a sensor repeats by chance.
constexpr double kKnown = 8.0;

/// Largest step of which both are multiples, but for rounding; 0 when it is finer than 10 nm.
double common_step(double a, double b) {
  if (a == 0.0) return 0.0;
  if (std::isnan(a)) return b;
  while (b > 1e-3 * a) {
    a = std::abs(a - std::round(a / b) * b);
    std::swap(a, b);
    if (a < 1e-8) return 0.0;
  }
  return a;
}

/// Chance that all components repeat: not above that of any.
double smallest(const std::vector<RepeatChance>& chances) {
  double p = 1.0;
  for (const RepeatChance& chance : chances) p = std::min(p, chance.value());
  return p;
}

}  // namespace

void FreezeTest::end_run() {
  if (since_ == kNoInstant) return;
  if (!frozen_) {
    zero_ += counted_;
    all_ += counted_ + 1.0;
  } else if (all_ < kKnown) {
    early_zero_ += repeats_;
    early_all_ += repeats_ + 1.0;
  } else {
    // A long freeze is no chance, and makes no coarse scale; a short one may have been chance.
    const double chance = repeats_ < static_cast<double>(options_.repeats) ? repeats_ : 0.0;
    zero_ += chance;
    all_ += chance + 1.0;
  }
}

bool FreezeTest::judge(Instant at, double chance) const {
  const bool often = repeats_ >= static_cast<double>(options_.repeats);
  const bool lasts = to_hours(at - since_) >= options_.span_h;
  if (all_ < kKnown) {
    const double all = all_ + early_all_;
    const double seen = all > 0.0 ? (zero_ + early_zero_) / all : 0.0;
    return often && lasts && std::pow(seen, repeats_) < options_.chance;
  }
  if ((!often && !lasts) || zero_ >= options_.coarse_share * all_) return false;
  return std::pow(std::max(chance, zero_ / all_), repeats_) < options_.chance;
}

bool FreezeTest::next(Instant at, bool same, double chance) {
  if (!same) {
    end_run();
    since_ = at;
    repeats_ = counted_ = 0.0;
    frozen_ = false;
    return false;
  }
  repeats_ += 1.0;
  if (repeats_ <= static_cast<double>(options_.repeats) && !frozen_) counted_ = repeats_;
  frozen_ = frozen_ || judge(at, chance);
  return frozen_;
}

void RepeatChance::next(double value_m, bool after_freeze) {
  const double step = value_m - last_m_;
  last_m_ = value_m;
  if (std::isnan(step) || after_freeze) {
    step_m_ = kNaN;
    return;
  }
  if (step != 0.0) resolution_m_ = common_step(resolution_m_, std::abs(step));
  if (!std::isnan(step_m_)) {
    bends_m_ += std::abs(step - step_m_);
    bends_ += 1.0;
  }
  step_m_ = step;
}

double RepeatChance::value() const {
  if (bends_ == 0.0 || std::isnan(resolution_m_)) return 0.0;
  // Mean size of a second difference of white noise; what rounding alone can make is no noise of the sensor.
  const double rms_m = bends_m_ / bends_ / (std::sqrt(6.0) * std::sqrt(2.0 / std::numbers::pi));
  const double noise_m = std::sqrt(std::max(0.0, rms_m * rms_m - resolution_m_ * resolution_m_ / 6.0));
  const double width_m = 2.0 * std::sqrt(std::numbers::pi) * noise_m;
  return resolution_m_ >= width_m ? 1.0 : resolution_m_ / width_m;
}

std::size_t flag_frozen(TimeSeries& series, const FreezeOptions& options) {
  validate(options, "freeze");
  if (series.flags.empty()) series.flags.assign(series.size(), kFlagNone);
  FreezeTest test(options);
  std::vector<RepeatChance> chances(series.width());
  std::size_t flagged = 0;
  std::size_t last = kNoSample;
  std::size_t run = 0;  // Repeats that are not yet in `chances`: they are, when they were chance.
  bool frozen = false;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!is_measured(series, i)) continue;
    const bool same = last != kNoSample && same_bits(series, i, last);
    if (same) {
      ++run;
    } else {
      for (std::size_t c = 0; c < series.width(); ++c) {
        if (!frozen) {
          for (std::size_t k = 0; k < run; ++k) chances[c].next(series.value(last, c), false);
        }
        chances[c].next(series.value(i, c), frozen);
      }
      run = 0;
    }
    last = i;
    frozen = test.next(series.time[i], same, smallest(chances));
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
