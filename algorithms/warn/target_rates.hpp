#pragma once

#include <array>
#include <vector>

#include "algorithms/series/noise.hpp"
#include "core/policy.hpp"
#include "core/run.hpp"
#include "core/series.hpp"

namespace highwall {

/// Speed of a target in one window, one entry a sample: the length of its velocity vector (the
/// absolute velocity of a one-component series) and its sigma.
struct SpeedWindow {
  double window_h = 0.0;
  std::vector<double> speed_m_per_day;  ///< NaN = not known.
  std::vector<double> sigma_m_per_day;  ///< NaN = not known.
};

/// Everything a criterion looks at.
struct TargetRates {
  std::vector<SpeedWindow> windows;      ///< One per window that the policy names.
  std::vector<double> equal_speed_m_per_day;  ///< As known at each sample; never below its own sigma.
  Instant judged_from = kNoInstant;      ///< First instant at which noise is known: earlier samples only calibrate.
  std::vector<Calibration> calibration;  ///< Per window, of the first component, as known at the end.

  const SpeedWindow* window(double hours) const;
};

/// Rates of a series in all windows of the policy that apply to its kind.
///
/// A window with too few samples (daily readings) takes the two-point rate instead, whose sigma is the
/// larger of the samples' own and the noise model's. Nothing that a sample is judged by comes from after it:
/// sigma is that of the start period (noise_options), and from the end of each declared quiet period on that of
/// the periods until then; samples before the first of these ends are not judged. The equal-speed rate is the
/// median 24 h speed of the same periods (Xu et al. 2009 leave its choice open; ours is stated here), and at
/// least the sigma of that speed. So the rates of a prefix of a series are those of the whole, bit by bit.
/// @param rate_options  its windows are not used: they are those of the policy's rules
TargetRates target_rates(const TimeSeries& series, const Policy& policy,
                         const std::vector<std::array<Instant, 2>>& quiet, const RateOptions& rate_options,
                         const NoiseOptions& noise_options, const Run& run);

}  // namespace highwall
