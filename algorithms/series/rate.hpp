#pragma once

#include <cstdint>
#include <vector>

#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of rate().
struct RateOptions {
  std::vector<double> windows_h{1.0, 3.0, 6.0, 12.0, 24.0, 48.0};
  std::int64_t min_samples = 10;
  double min_fill = 0.5;

  static void describe(auto& d) {
    d.field(&RateOptions::windows_h, "windows_h", "h", above(0), "Lengths of the trailing windows");
    d.field(&RateOptions::min_samples, "min_samples", "", at_least(2),
            "Fewer samples in the window give no velocity (reason too_few_samples)");
    d.field(&RateOptions::min_fill, "min_fill", "", between(0, 1),
            "Samples must span this share of the window (reason window_not_filled)");
  }
};

/// Trailing velocity in one window, one entry a sample.
struct WindowRate {
  double window_h = 0.0;
  std::vector<double> velocity_m_per_day;  ///< NaN: see reason.
  std::vector<double> sigma_m_per_day;     ///< NaN until calibrated: see noise.hpp.
  std::vector<std::uint32_t> count;        ///< Samples in the window.
  std::vector<Reason> reason;
  std::vector<double> span_days;  ///< From the first to the last of them; NaN without a velocity.
};

/// Velocity of a one-component series, or of component `component`, in every window.
///
/// At each sample: least squares over the samples in the closed window [t - w, t]. Flagged samples
/// and NaN do not count. O(1) a sample and window: running sums about a moving origin, rebuilt every
/// few hundred steps, so that rounding cannot build up.
/// @param series  samples in time order (equal instants allowed)
/// @throws Error(input) when the samples are not in time order; Error(config) for bad options.
std::vector<WindowRate> rate(const TimeSeries& series, const RateOptions& options, const Run& run, std::size_t component = 0);

/// Rate between sample i and the sample nearest to t_i - window, for sparse series (daily readings).
struct TwoPointRate {
  double velocity_m_per_day = kNaN;
  double sigma_m_per_day = kNaN;  ///< From both samples' own sigmas; NaN when one is not known.
  double span_days = kNaN;
  Reason reason = Reason::too_few_samples;
};

/// The earlier sample of a two-point rate lies at most so many windows back, where there is one.
inline constexpr double kWindowsBack = 1.5;

/// @param window_days  the earlier sample lies between 0.5 and 1.5 windows before; the nearest to one window is taken. Where
///                     none at all lies within 1.5 windows (weekly readings), it is the newest one before that or the one
///                     before it, whichever gives the faster motion: a step that stays is seen twice. Readings that the next one
///                     came back from do not count: one wrong reading would confirm itself
TwoPointRate two_point_rate(const TimeSeries& series, std::size_t sample, double window_days, std::size_t component = 0);

}  // namespace highwall
