#pragma once

#include <string>
#include <vector>

#include "core/options.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of clean().
struct CleanOptions {
  std::int64_t half_window = 6;
  double threshold = 8.0;
  double clock_gap_days = 1000.0;

  static void describe(auto& d) {
    d.field(&CleanOptions::half_window, "half_window", "samples", between(2, 1000),
            "Samples before and after that tell what is usual");
    d.field(&CleanOptions::threshold, "threshold", "", above(0),
            "A sample so many robust standard deviations off that its neighbours do not follow is flagged");
    d.field(&CleanOptions::clock_gap_days, "clock_gap_days", "d", between(1, 100000),
            "Few first samples farther than this before the next one are of a wrong clock and are flagged");
  }
};

/// Puts the samples in time order and flags blunders (kFlagOutlier): a sample far from the median of the
/// samples before it (Hampel 1974, doi:10.1080/01621459.1974.10482962), or from the sample before it, to which the
/// next one comes back.
/// A jump that stays is motion or a step, never flagged here; the newest sample cannot be told yet and is
/// left alone. Values are never removed or changed.
///
/// Before that the samples of a wrong clock are flagged (kFlagClock): up to 24 first ones that lie before a gap longer
/// than clock_gap_days and 100 times their own span, as rows of 1970 or of the GPS epoch do. Later samples
/// alone cannot change what was told at the first sample after such a gap, nor after it.
/// @return number of samples flagged
std::size_t clean(TimeSeries& series, const CleanOptions& options);

/// Options of absorb_step().
struct StepOptions {
  std::int64_t samples = 12;

  static void describe(auto& d) {
    d.field(&StepOptions::samples, "samples", "", between(3, 10000), "Most samples on either side that the step is measured on");
  }
};

/// A known step and what became of it.
struct KnownStep {
  Instant at = kNoInstant;
  std::vector<double> step_m;   ///< By component.
  std::vector<double> sigma_m;  ///< Of the step, from the residuals of the fit.
  bool absorbed = false;
};

/// Takes a known step (antenna or instrument exchanged) out of the samples from `at` on.
///
/// Per component the difference of the medians of the measured samples on both sides, with the motion that goes on
/// across it taken off (Theil-Sen slope of both sides): what the slope moved in that time is not part of the step. A component's
/// step is taken out only when it is larger than its own sigma. Flags the first sample after it.
/// @return the step; empty vectors when a side has fewer than 3 samples: nothing is changed then, and samples after
/// a step that cannot be told yet are flagged
KnownStep absorb_step(TimeSeries& series, Instant at, const StepOptions& options);

/// Options of without_common_mode().
struct ReferenceOptions {
  double tolerance_s = 900.0;

  static void describe(auto& d) {
    d.field(&ReferenceOptions::tolerance_s, "tolerance_s", "s", at_least(0),
            "A base's sample counts for a rover's when it is not farther away in time");
  }
};

/// The series relative to a local base (one other series) or to the common mode of a group: at each instant the
/// median of the others' nearest samples without a flag is subtracted and its variance added; samples without one become NaN.
/// Removes plate motion and what both share (Wdowinski et al. 1997, doi:10.1029/97JB01378).
TimeSeries without_common_mode(const TimeSeries& series, const std::vector<const TimeSeries*>& others,
                               const ReferenceOptions& options);

}  // namespace highwall
