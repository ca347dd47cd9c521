#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "algorithms/series/clean.hpp"
#include "core/options.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of flag_frozen() and blank_frozen().
struct FreezeOptions {
  std::int64_t repeats = 12;
  double span_h = 12.0;
  double coarse_share = 0.2;
  double chance = 1e-4;
  std::int64_t map_cells = 100;

  static void describe(auto& d) {
    using O = FreezeOptions;
    d.field(&O::repeats, "repeats", "samples", between(1, 10000),
            "A value that comes again so often, bit for bit, is a frozen sensor's");
    d.field(&O::span_h, "span_h", "h", above(0),
            "So is one that comes again after so long; half the policy's off_delay_h when that is shorter");
    d.field(&O::coarse_share, "coarse_share", "", above(0),
            "A sensor with so many zeros among its increments has a coarse scale: its repeats say nothing");
    d.field(&O::chance, "chance", "", between(0.0, 1.0),
            "... and a run of repeats that the sensor's resolution and noise make by chance more often than this");
    d.field(&O::map_cells, "map_cells", "cells", between(1, 1000000000),
            "A map of so many cells that are all the same is frozen the first time");
  }
};

/// Chance that a sensor repeats its value though it is alive: its resolution over the width of its noise, causally.
/// The resolution is the largest step of which all increments are multiples, the noise comes from their differences.
class RepeatChance {
 public:
  /// @param after_freeze  the increment to this value is no noise
  void next(double value_m, bool after_freeze);
  /// 0 for a resolution finer than 10 nm or not known yet; 1 when the noise is below the resolution.
  double value() const;

 private:
  double last_m_ = kNaN;
  double step_m_ = kNaN;  // Increment before the newest value.
  double resolution_m_ = kNaN;
  double bends_m_ = 0.0;  // Sum of the sizes of second differences.
  double bends_ = 0.0;
};

/// Tells frozen samples, one after the other: those whose value came `repeats` times again, or again for `span_h`,
/// when of the increments before that fewer than `coarse_share` were zero, and so many repeats by chance are less likely
/// than `chance`. Before 8 increments are known both `repeats` and `span_h` are needed: a sensor that never showed
/// another value shows no life. Causal.
class FreezeTest {
 public:
  explicit FreezeTest(const FreezeOptions& options) : options_(options) {}
  /// @param same    all of this sample has the bits of the one before it
  /// @param chance  that it has them by chance, as far as the sensor's resolution and noise tell
  /// @return true when the sample is no sign of life
  bool next(Instant at, bool same, double chance = 0.0);

 private:
  void end_run();
  bool judge(Instant at, double chance) const;

  FreezeOptions options_;
  Instant since_ = kNoInstant;  // Of the value that stands.
  bool frozen_ = false;
  double repeats_ = 0.0;
  double counted_ = 0.0;  // At most options_.repeats, and none after it counts as frozen.
  double zero_ = 0.0;     // Increments before it, and how many were zero.
  double all_ = 0.0;
  double early_zero_ = 0.0;  // The same of freezes before enough was known: they may have been a coarse scale.
  double early_all_ = 0.0;
};

/// Flags samples of a frozen logger (kFlagFrozen), all components having the same bits as before. Daily samples are
/// flagged from the first repeat on that is no chance, so that no level falls by what a frozen sensor says. Samples in
/// time order.
/// @return number of samples flagged
std::size_t flag_frozen(TimeSeries& series, const FreezeOptions& options);

/// Since when the newest samples with a value repeat; kNoInstant when they do not, or are not flagged.
Instant frozen_since(const TimeSeries& series);

/// Everything that is done to a series before it is judged: clean() and flag_frozen().
/// @return doubts about it, each a sentence without its subject
std::vector<std::string> vet(TimeSeries& series, const CleanOptions& clean_options, const FreezeOptions& freeze_options);

}  // namespace highwall
