#include "algorithms/series/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/statistics.hpp"

namespace highwall {
namespace {

struct Sample {
  double t_days;
  double x_m;
};

std::vector<Sample> samples_between(const TimeSeries& s, Instant from, Instant to, std::size_t c) {
  std::vector<Sample> out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool usable = std::isfinite(s.value(i, c)) && (s.flags.empty() || s.flags[i] == kFlagNone);
    if (usable && s.time[i] >= from && s.time[i] <= to) {
      out.push_back({to_days(s.time[i] - from).value, s.value(i, c)});
    }
  }
  return out;
}

double trend_of(const std::vector<Sample>& samples) {
  double st = 0, sx = 0, stt = 0, stx = 0;
  for (const Sample& p : samples) {
    st += p.t_days;
    sx += p.x_m;
  }
  const double n = static_cast<double>(samples.size());
  for (const Sample& p : samples) {
    stt += (p.t_days - st / n) * (p.t_days - st / n);
    stx += (p.t_days - st / n) * (p.x_m - sx / n);
  }
  return stt > 0.0 ? stx / stt : 0.0;
}

double median_step(const std::vector<Sample>& samples) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < samples.size(); ++i) steps.push_back(samples[i].t_days - samples[i - 1].t_days);
  return median(std::move(steps));
}

struct Lag {
  double tau_days = 0.0;
  double mean_square = 0.0;
  double weight = 0.0;
};

/// Mean square increment of all pairs whose distance is within a tenth of the lag.
Lag lag_of(const std::vector<Sample>& samples, double tau, double slack) {
  Lag lag;
  double tau_sum = 0.0;
  double square_sum = 0.0;
  double n = 0.0;
  std::size_t j = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    while (j < samples.size() && samples[j].t_days < samples[i].t_days + tau - slack) ++j;
    if (j == samples.size()) break;
    const double distance = samples[j].t_days - samples[i].t_days;
    if (j <= i || distance > tau + slack) continue;
    const double d = samples[j].x_m - samples[i].x_m;
    tau_sum += distance;
    square_sum += d * d;
    n += 1.0;
  }
  if (n == 0.0) return lag;
  const double length = samples.back().t_days - samples.front().t_days;
  lag.tau_days = tau_sum / n;
  lag.mean_square = square_sum / n;
  lag.weight = std::sqrt(std::max(1.0, length / lag.tau_days));
  return lag;
}

/// Least squares of D = a + b tau with a, b >= 0, relative to the size of D.
void fit_lags(const std::vector<Lag>& lags, double& a, double& b) {
  double s1 = 0, st = 0, stt = 0, sd = 0, std_ = 0;
  for (const Lag& lag : lags) {
    const double w = lag.weight / std::max(lag.mean_square * lag.mean_square, 1e-24);
    s1 += w;
    st += w * lag.tau_days;
    stt += w * lag.tau_days * lag.tau_days;
    sd += w * lag.mean_square;
    std_ += w * lag.tau_days * lag.mean_square;
  }
  const double determinant = s1 * stt - st * st;
  if (determinant > 1e-12 * s1 * stt) {
    a = (sd * stt - st * std_) / determinant;
    b = (s1 * std_ - st * sd) / determinant;
  } else {
    a = sd / s1;
    b = 0.0;
  }
  if (b < 0.0) {
    b = 0.0;
    a = sd / s1;
  } else if (a < 0.0) {
    a = 0.0;
    b = std_ / stt;
  }
}

using Periods = std::vector<std::array<Instant, 2>>;

bool lies_in(Instant t, const Periods& periods) {
  return std::any_of(periods.begin(), periods.end(), [&](const auto& p) { return t >= p[0] && t <= p[1]; });
}

/// Usual number of samples of a window within the periods: what follows must not change it.
double typical_count(const WindowRate& window, const TimeSeries& series, const Periods& periods) {
  std::vector<double> counts;
  for (std::size_t i = 0; i < window.count.size(); ++i) {
    if (window.reason[i] == Reason::ok && lies_in(series.time[i], periods)) counts.push_back(window.count[i]);
  }
  return counts.empty() ? 0.0 : median(std::move(counts));
}

/// The walk of an estimate rests on few independent lags of the longest kind, however many its samples: its part of a
/// 95 % interval is Student's. So do flicker-like noises, of which one period shows one mood, keep their coverage.
NoiseModel widened(NoiseModel noise, const Periods& periods, const NoiseOptions& options) {
  double length_h = 0.0;
  for (const auto& period : periods) length_h += to_hours(period[1] - period[0]);
  noise.random_walk_m_per_sqrt_day *= student_widening(length_h / options.longest_lag_h);
  return noise;
}

/// Noise of several quiet periods: variances averaged by their samples.
NoiseModel noise_of_periods(const TimeSeries& series, const std::vector<std::array<Instant, 2>>& quiet, std::size_t c,
                            const NoiseOptions& options) {
  NoiseModel total;
  double white = 0.0;
  double walk = 0.0;
  for (const auto& period : quiet) {
    const NoiseModel one = estimate_noise(series, period[0], period[1], c, options);
    if (!one.known()) continue;
    const double n = static_cast<double>(one.samples);
    white += n * one.white_m * one.white_m;
    walk += n * one.random_walk_m_per_sqrt_day * one.random_walk_m_per_sqrt_day;
    total.samples += one.samples;
  }
  if (total.samples == 0) return total;
  total.white_m = std::sqrt(white / static_cast<double>(total.samples));
  total.random_walk_m_per_sqrt_day = std::sqrt(walk / static_cast<double>(total.samples));
  return total;
}

}  // namespace

bool NoiseModel::known() const noexcept { return std::isfinite(white_m) && std::isfinite(random_walk_m_per_sqrt_day); }

NoiseModel estimate_noise(const TimeSeries& series, Instant from, Instant to, std::size_t component,
                          const NoiseOptions& options) {
  validate(options, "noise");
  NoiseModel noise;
  std::vector<Sample> samples = samples_between(series, from, to, component);
  noise.samples = samples.size();
  if (samples.size() < 8) return noise;
  const double trend = trend_of(samples);
  for (Sample& p : samples) p.x_m -= trend * p.t_days;
  const double length = samples.back().t_days - samples.front().t_days;
  const double step = median_step(samples);
  if (!(step > 0.0)) return noise;
  const double longest = std::max(options.longest_lag_h / 24.0, 3.0 * step);
  std::vector<Lag> lags;
  for (double tau = step; tau <= std::min(longest, 0.5 * length) * 1.001; tau *= 1.5) {
    Lag lag = lag_of(samples, tau, 0.25 * std::max(step, 0.2 * tau));
    if (lag.weight == 0.0) continue;
    // A random walk gives part of itself to the trend that was taken off: tau - 1.2 tau^2 / length.
    lag.tau_days = std::max(0.1 * lag.tau_days, lag.tau_days - 1.2 * lag.tau_days * lag.tau_days / length);
    lags.push_back(lag);
  }
  if (lags.empty()) return noise;
  double a = 0.0;
  double b = 0.0;
  fit_lags(lags, a, b);
  noise.white_m = std::sqrt(std::max(0.0, a) / 2.0);
  noise.random_walk_m_per_sqrt_day = std::sqrt(std::max(0.0, b));
  return noise;
}

double slope_sigma(const NoiseModel& noise, double window_days, double samples) {
  const double n = std::max(2.0, samples);
  const double white = noise.white_m * std::sqrt(12.0 * (n - 1.0) / (n * (n + 1.0))) / window_days;
  const double walk = noise.random_walk_m_per_sqrt_day * std::sqrt(6.0 / (5.0 * window_days));
  return std::hypot(white, walk);
}

double difference_sigma(const NoiseModel& noise, double span_days) {
  return std::hypot(noise.white_m * std::sqrt(2.0), noise.random_walk_m_per_sqrt_day * std::sqrt(span_days)) / span_days;
}

namespace {

Calibration model_calibration(const WindowRate& window, const TimeSeries& series, const Periods& periods,
                              const NoiseModel& noise) {
  Calibration c{window.window_h, kNaN, 0.0, "none"};
  for (const auto& period : periods) {
    const auto first = std::lower_bound(series.time.begin(), series.time.end(), period[0]);
    if (first == series.time.end() || *first > period[1]) continue;  // Without data it holds no window.
    c.independent_windows += std::floor(to_hours(period[1] - period[0]) / window.window_h);
  }
  if (!noise.known()) return c;
  c.sigma_m_per_day = slope_sigma(noise, window.window_h / 24.0, typical_count(window, series, periods));
  c.method = "noise_model";
  return c;
}

/// rms of the slopes whose whole window lies in a period, about zero; the noise model when they are too few.
Calibration quiet_calibration(const WindowRate& window, const TimeSeries& series, const Periods& quiet, const NoiseModel& noise,
                              const NoiseOptions& options) {
  Calibration c = model_calibration(window, series, quiet, noise);
  if (c.independent_windows < options.least_independent) return c;
  double squares = 0.0;
  double n = 0.0;
  for (const auto& period : quiet) {
    const Instant first = period[0] + duration_from_seconds(window.window_h * 3600.0);
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (series.time[i] < first || series.time[i] > period[1] || window.reason[i] != Reason::ok) continue;
      squares += window.velocity_m_per_day[i] * window.velocity_m_per_day[i];
      n += 1.0;
    }
  }
  if (n == 0.0) return c;
  c.sigma_m_per_day = std::sqrt(squares / n);
  c.method = "quiet_slopes";
  return c;
}

CalibrationStage quiet_stage(const std::vector<WindowRate>& rates, const TimeSeries& series, const Periods& quiet,
                             std::size_t component, const NoiseOptions& options) {
  CalibrationStage stage{quiet.empty() ? kNoInstant : quiet.back()[1],
                         quiet,
                         widened(noise_of_periods(series, quiet, component, options), quiet, options),
                         {}};
  for (const WindowRate& window : rates) stage.windows.push_back(quiet_calibration(window, series, quiet, stage.noise, options));
  return stage;
}

/// Where the series begins: the first sample that no flag speaks against; their number when there is none.
std::size_t first_unflagged(const TimeSeries& series) {
  std::size_t first = 0;
  while (first < series.flags.size() && series.flags[first] != kFlagNone) ++first;
  return first;
}

CalibrationStage start_stage(const std::vector<WindowRate>& rates, const TimeSeries& series, Instant end, std::size_t component,
                             const NoiseOptions& options) {
  const Periods start{{series.time[first_unflagged(series)], end}};
  CalibrationStage stage{end, start, widened(estimate_noise(series, start[0][0], end, component, options), start, options), {}};
  for (const WindowRate& window : rates) stage.windows.push_back(model_calibration(window, series, stage.periods, stage.noise));
  return stage;
}

void fill_all(std::vector<WindowRate>& rates, const CalibrationStage& stage) {
  for (std::size_t w = 0; w < rates.size(); ++w) {
    for (std::size_t i = 0; i < rates[w].count.size(); ++i) rates[w].sigma_m_per_day[i] = stage.sigma(rates[w], w, i);
  }
}

}  // namespace

double CalibrationStage::sigma(const WindowRate& window, std::size_t w, std::size_t sample) const {
  if (window.reason[sample] != Reason::ok) return kNaN;
  const Calibration& c = windows[w];
  // A window that is half filled, as after a gap, is as good as its half.
  const double filled =
      window.span_days.empty() || std::isnan(window.span_days[sample]) ? window.window_h / 24.0 : window.span_days[sample];
  if (c.method == "noise_model") return slope_sigma(noise, filled, window.count[sample]);
  if (filled >= 0.9 * window.window_h / 24.0 || !noise.known()) return c.sigma_m_per_day;
  return std::max(c.sigma_m_per_day, slope_sigma(noise, filled, window.count[sample]));
}

std::vector<Calibration> calibrate(std::vector<WindowRate>& rates, const TimeSeries& series,
                                   const std::vector<std::array<Instant, 2>>& quiet, std::size_t component,
                                   const NoiseOptions& options) {
  const CalibrationStage stage = quiet_stage(rates, series, quiet, component, options);
  fill_all(rates, stage);
  return stage.windows;
}

Instant start_period_end(const TimeSeries& series, const NoiseOptions& options) {
  const auto samples = static_cast<std::size_t>(options.start_samples);
  const std::size_t first = first_unflagged(series);
  if (series.size() - first < samples || first == series.size()) return kNoInstant;
  const Instant by_time = series.time[first] + duration_from_seconds(options.start_days * 86400.0);
  const Instant end = std::max(by_time, series.time[first + samples - 1]);
  return series.time.back() < end ? kNoInstant : end;
}

std::vector<Calibration> calibrate_on_start(std::vector<WindowRate>& rates, const TimeSeries& series, NoiseModel& noise,
                                            std::size_t component, const NoiseOptions& options) {
  validate(options, "noise");
  const Instant end = start_period_end(series, options);
  if (end == kNoInstant) {
    std::vector<Calibration> none;
    for (const WindowRate& window : rates) none.push_back({window.window_h, kNaN, 0.0, "none"});
    return none;
  }
  const CalibrationStage stage = start_stage(rates, series, end, component, options);
  fill_all(rates, stage);
  noise = stage.noise;
  return stage.windows;
}

std::vector<CalibrationStage> calibration_stages(const std::vector<WindowRate>& rates, const TimeSeries& series,
                                                 const std::vector<std::array<Instant, 2>>& quiet, std::size_t component,
                                                 const NoiseOptions& options, const std::vector<std::array<Instant, 2>>& moving) {
  validate(options, "noise");
  NoiseOptions without_slopes = options;
  without_slopes.least_independent = std::numeric_limits<double>::max();
  std::vector<CalibrationStage> stages;
  if (series.empty()) return stages;
  Periods ended = quiet;
  std::erase_if(ended, [&](const auto& p) { return p[1] > series.time.back(); });
  std::sort(ended.begin(), ended.end(), [](const auto& a, const auto& b) { return a[1] < b[1]; });
  Periods steady;
  Periods unsteady;
  bool steady_known = false;
  for (const auto& period : ended) {
    const bool moves = std::find(moving.begin(), moving.end(), period) != moving.end();
    (moves ? unsteady : steady).push_back(period);
    if (moves && steady_known) continue;
    CalibrationStage stage = moves ? quiet_stage(rates, series, unsteady, component, without_slopes)
                                   : quiet_stage(rates, series, steady, component, options);
    // A period without data says nothing; what was known before goes on.
    if (!stage.noise.known()) continue;
    steady_known = !moves;
    stages.push_back(std::move(stage));
  }
  const Instant start = start_period_end(series, options);
  if (start != kNoInstant && (stages.empty() || start < stages.front().from)) {
    stages.insert(stages.begin(), start_stage(rates, series, start, component, options));
  }
  return stages;
}

const CalibrationStage* stage_at(const std::vector<CalibrationStage>& stages, Instant at) {
  const auto after =
      std::upper_bound(stages.begin(), stages.end(), at, [](Instant t, const CalibrationStage& s) { return t < s.from; });
  return after == stages.begin() ? nullptr : &*std::prev(after);
}

std::vector<CalibrationStage> calibrate_as_known(std::vector<WindowRate>& rates, const TimeSeries& series,
                                                 const std::vector<std::array<Instant, 2>>& quiet, std::size_t component,
                                                 const NoiseOptions& options) {
  std::vector<CalibrationStage> stages = calibration_stages(rates, series, quiet, component, options);
  for (std::size_t i = 0; i < series.size(); ++i) {
    const CalibrationStage* stage = stage_at(stages, series.time[i]);
    for (std::size_t w = 0; w < rates.size(); ++w)
      rates[w].sigma_m_per_day[i] = stage == nullptr ? kNaN : stage->sigma(rates[w], w, i);
  }
  return stages;
}

}  // namespace highwall
