#pragma once

#include <array>
#include <string>
#include <vector>

#include "algorithms/series/clean.hpp"
#include "algorithms/series/noise.hpp"
#include "core/policy.hpp"
#include "core/run.hpp"
#include "core/series.hpp"

namespace highwall {

/// Velocity of one component in one window with its sign, one entry a sample: what a speed is made of.
struct ComponentVelocity {
  std::vector<double> velocity_m_per_day;  ///< NaN: see reason.
  std::vector<double> sigma_m_per_day;     ///< NaN = not known.
  std::vector<Reason> reason;              ///< Of the velocity, or no_sigma.
};

/// Speed of a target in one window, one entry a sample: the length of its velocity vector (the
/// absolute velocity of a one-component series) and its sigma.
struct SpeedWindow {
  double window_h = 0.0;
  std::vector<double> speed_m_per_day;  ///< NaN = not known.
  std::vector<double> sigma_m_per_day;  ///< NaN = not known.
  /// What counts for orange and red: the smaller of the least-squares speed and the difference of medians, unless
  /// the newest quarter of the window is faster than the whole.
  std::vector<double> steady_m_per_day{};
  std::vector<double> gap_days{};  ///< Of the gap that the speed was measured across; NaN = none.
  std::vector<ComponentVelocity> components{};

  /// The speed that counts for a rule of this level.
  double speed_for(Level level, std::size_t sample) const {
    return level >= Level::orange && !steady_m_per_day.empty() ? steady_m_per_day[sample] : speed_m_per_day[sample];
  }
  double gap(std::size_t sample) const { return gap_days.empty() ? kNaN : gap_days[sample]; }
};

/// Everything a criterion looks at.
struct TargetRates {
  std::vector<SpeedWindow> windows;           ///< One per window that the policy names.
  std::vector<double> equal_speed_m_per_day;  ///< As known at each sample; never below its own sigma.
  std::vector<double> equal_speed_sigma_m_per_day;
  std::vector<double> jump_m;  ///< Across the gap before this sample, less what the speed before explains; NaN = no gap.
  std::vector<double> jump_sigma_m;
  std::vector<double> gap_days;          ///< From the last sample before the gap to this one; NaN = no gap.
  Instant judged_from = kNoInstant;      ///< First instant at which the series' own noise is known.
  std::vector<std::string> doubts;       ///< Each a sentence: what about this series people must know.
  std::vector<Calibration> calibration;  ///< Per window, of the first component, as known at the end.

  const SpeedWindow* window(double hours) const;
};

/// Rates of a series in all windows of the policy that apply to its kind.
///
/// A window with too few samples (daily or weekly readings) takes the two-point rate instead, whose sigma is the
/// larger of the samples' own and the noise model's; readings farther apart than one and a half windows are judged by their
/// mean velocity, as across a gap. Nothing that a sample is judged by comes from after it:
/// sigma is that of the start period (noise_options), and from the end of each declared quiet period on that of
/// the periods until then; before the first of these
/// ends it is a floor of the policy, or the samples' own sigma or scatter when larger. The equal-speed rate is the
/// median 24 h speed of the same periods (Xu et al. 2009 leave its choice open; ours is stated here), and at
/// least the sigma of that speed. So the rates of a prefix of a series are those of the whole, bit by bit.
/// After a gap the rate across it counts where a window no longer than the gap has none or a smaller one. A period
/// declared quiet in which the series moves gives no sigma by its slopes, but by its noise. A window across a known
/// step has that step's sigma too.
/// @param rate_options  its windows are not used: they are those of the policy's rules
TargetRates target_rates(const TimeSeries& series, const Policy& policy, const std::vector<std::array<Instant, 2>>& quiet,
                         const RateOptions& rate_options, const NoiseOptions& noise_options, const Run& run,
                         const std::vector<KnownStep>& steps = {});

}  // namespace highwall
