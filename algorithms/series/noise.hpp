#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "algorithms/series/rate.hpp"

namespace highwall {

/// Options of calibrate(), calibrate_on_start() and estimate_noise().
struct NoiseOptions {
  double longest_lag_h = 12.0;
  double least_independent = 8.0;
  double start_days = 4.0;
  std::int64_t start_samples = 8;

  static void describe(auto& d) {
    using O = NoiseOptions;
    d.field(&O::longest_lag_h, "longest_lag_h", "h", above(0), "Longest lag of the structure function");
    d.field(&O::least_independent, "least_independent", "", above(0),
            "Quiet periods with fewer windows give sigma by the noise model, not by their slopes");
    d.field(
        &O::start_days, "start_days", "d", above(0),
        "Without a quiet period sigma is calibrated on so many first days of a series that data fill, which are not judged ...");
    d.field(&O::start_samples, "start_samples", "", at_least(8), "... or on so many samples, whichever takes longer");
  }
};

/// Noise of a displacement series: white (m) plus random walk (m per square root of a day).
struct NoiseModel {
  double white_m = kNaN;
  double random_walk_m_per_sqrt_day = kNaN;
  std::size_t samples = 0;  ///< That the estimate rests on.
  bool known() const noexcept;
};

/// White and random-walk noise from the structure function of mean squares,
/// D(tau) = 2 white^2 + walk^2 tau, fitted without negative parts to lags up to options.longest_lag_h of the
/// samples within the period. A linear trend is taken off first and its share given back. Mean
/// squares, not medians: a median makes the sigma of real radar series half as large as it is. Samples on both sides of
/// a gross increment (pieces_of()) make no pair: a blunder, a re-zeroing or a blast is no noise, and all of it at a mean square.
/// @return unknown (NaN) with fewer than 8 samples
NoiseModel estimate_noise(const TimeSeries& series, Instant from, Instant to, std::size_t component = 0,
                          const NoiseOptions& options = {});

/// Standard deviation of a least-squares slope of n samples over a window, m/day.
double slope_sigma(const NoiseModel& noise, double window_days, double samples);
/// Of a difference of two samples over a span, divided by it, m/day.
double difference_sigma(const NoiseModel& noise, double span_days);

/// How the sigma of one window was found.
struct Calibration {
  double window_h = 0.0;
  double sigma_m_per_day = kNaN;
  double independent_windows = 0.0;  ///< Length of the quiet periods over the window.
  std::string method;                ///< "quiet_slopes", "noise_model" or "none".
};

/// Sigma of each window's velocity from declared quiet periods, in which the truth is rest: the rms of
/// the periods' own slopes about zero where they hold at least options.least_independent windows, else the
/// noise model of the periods, its walk widened by Student's quantile for length / longest_lag_h degrees of freedom. Never the
/// residuals of the fit: they make sigma 5 to 20 times too small on radar series. Fills sigma_m_per_day of every sample that has
/// a velocity.
std::vector<Calibration> calibrate(std::vector<WindowRate>& rates, const TimeSeries& series,
                                   const std::vector<std::array<Instant, 2>>& quiet, std::size_t component = 0,
                                   const NoiseOptions& options = {});

/// The same without a declared period: the noise model of the first days or samples of the options from the
/// first measured sample on, whichever is longer; earlier samples get the sigma too, but nothing after that period is used. Days
/// count as far as data fill them: a gap longer than the whole period and ten usual intervals begins it again.
std::vector<Calibration> calibrate_on_start(std::vector<WindowRate>& rates, const TimeSeries& series, NoiseModel& noise,
                                            std::size_t component = 0, const NoiseOptions& options = {});

/// Last instant of the start period of calibrate_on_start(); kNoInstant when the series is shorter.
Instant start_period_end(const TimeSeries& series, const NoiseOptions& options = {});

/// What is known of a series' noise from an instant on, and from nothing later.
struct CalibrationStage {
  Instant from = kNoInstant;                    ///< End of the last period it rests on.
  std::vector<std::array<Instant, 2>> periods;  ///< In the order of their ends.
  NoiseModel noise;                             ///< Pooled over the periods; its walk is widened for few independent lags.
  std::vector<Calibration> windows;             ///< In the order of the rates.
  /// Sigma of a window's velocity at a sample, m/day: that of the quiet slopes, or of the noise model with the
  /// samples that this window has. NaN where there is no velocity.
  double sigma(const WindowRate& window, std::size_t window_index, std::size_t sample) const;
};

/// What can be known of the noise as time goes on: the start period, then each declared quiet period from its
/// end on, together with those before it. A period that has not ended, or has no data, gives no stage. Any
/// prefix of a series has the stages of the whole up to its end.
/// @param moving  those of `quiet` in which the series moves: they would hide as much motion again. They say nothing once there
///                is another; while there is none, the noise model stands on them without their own slopes
std::vector<CalibrationStage> calibration_stages(const std::vector<WindowRate>& rates, const TimeSeries& series,
                                                 const std::vector<std::array<Instant, 2>>& quiet, std::size_t component = 0,
                                                 const NoiseOptions& options = {},
                                                 const std::vector<std::array<Instant, 2>>& moving = {});
/// The stage that holds at an instant; nullptr before the first.
const CalibrationStage* stage_at(const std::vector<CalibrationStage>& stages, Instant at);

/// Fills each sample's sigma with what was known at that sample (NaN before the first stage): the calibration
/// of everything that is judged or published live, where calibrate() and calibrate_on_start() look back.
std::vector<CalibrationStage> calibrate_as_known(std::vector<WindowRate>& rates, const TimeSeries& series,
                                                 const std::vector<std::array<Instant, 2>>& quiet, std::size_t component = 0,
                                                 const NoiseOptions& options = {});

}  // namespace highwall
