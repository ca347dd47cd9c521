#pragma once

#include <cstddef>
#include <vector>

#include "core/options.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of jumps_of() and shared_jumps().
struct SharedOptions {
  double hold_h = 2.0;
  double threshold = 8.0;
  double share = 0.66;
  std::int64_t fewest = 3;

  static void describe(auto& d) {
    using O = SharedOptions;
    d.field(
        &O::hold_h, "hold_h", "h", between(0, 48),
        "What a base, or the targets of one instrument, jump together makes no orange or red by itself for so long; when they "
        "come back meanwhile it was an error. 0: never waits");
    d.field(&O::threshold, "threshold", "", above(0), "A jump is so many robust standard deviations of the increments before it");
    d.field(&O::share, "share", "", between(0.5, 1),
            "Together: at least this share of the targets that were measured, by the same amount ...");
    d.field(&O::fewest, "fewest", "", at_least(3), "... and at least so many");
  }
};

/// A jump that targets have in common.
struct SharedJump {
  Instant at = kNoInstant;     ///< First sample that shows it.
  Instant until = kNoInstant;  ///< Where it came back, or the end of the time it is held.
  bool returned = false;
  std::vector<double> jump_m;  ///< By component.
  std::size_t targets = 0;     ///< That jumped so ...
  std::size_t measured = 0;    ///< ... of so many.
};

/// Jumps of a base by itself: it stands still by declaration, so that what it does its rovers seem to do.
std::vector<SharedJump> jumps_of(const TimeSeries& base, const SharedOptions& options);

/// Jumps by the same amount of most targets of one instrument at one instant: of its frame, its atmosphere or its base.
/// A slope that fails moves some of them, each as far as it goes. Causal: whether one has come back is told by samples
/// within hold_h. Where they go on in the same direction they are motion, and are held no longer.
std::vector<SharedJump> shared_jumps(const std::vector<const TimeSeries*>& targets, const SharedOptions& options);

/// Flags the samples of a series that show a jump which came back (kFlagOutlier). @return their number
std::size_t flag_returned(TimeSeries& series, const SharedJump& jump);

/// True at samples from a jump on until it is held no more.
bool is_held(const TimeSeries& series, const std::vector<SharedJump>& jumps, std::size_t sample);

/// The series as if there had been no such jumps.
TimeSeries without_jumps(TimeSeries series, const std::vector<SharedJump>& jumps);

}  // namespace highwall
