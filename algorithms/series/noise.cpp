#include "algorithms/series/noise.hpp"

#include <algorithm>
#include <cmath>

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

void fill_sigma(WindowRate& window, double sigma) {
  for (std::size_t i = 0; i < window.velocity_m_per_day.size(); ++i) {
    if (window.reason[i] == Reason::ok) window.sigma_m_per_day[i] = sigma;
  }
}

double typical_count(const WindowRate& window) {
  std::vector<double> counts;
  for (std::size_t i = 0; i < window.count.size(); ++i) {
    if (window.reason[i] == Reason::ok) counts.push_back(window.count[i]);
  }
  return counts.empty() ? 0.0 : median(std::move(counts));
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
  return std::hypot(noise.white_m * std::sqrt(2.0), noise.random_walk_m_per_sqrt_day * std::sqrt(span_days)) /
         span_days;
}

std::vector<Calibration> calibrate(std::vector<WindowRate>& rates, const TimeSeries& series,
                                   const std::vector<std::array<Instant, 2>>& quiet, std::size_t component,
                                   const NoiseOptions& options) {
  const NoiseModel noise = noise_of_periods(series, quiet, component, options);
  std::vector<Calibration> out;
  for (WindowRate& window : rates) {
    Calibration c{window.window_h, kNaN, 0.0, "none"};
    double squares = 0.0;
    double n = 0.0;
    for (const auto& period : quiet) {
      c.independent_windows += std::floor(to_hours(period[1] - period[0]) / window.window_h);
      // Only slopes whose whole window lies in the period.
      const Instant first = period[0] + duration_from_seconds(window.window_h * 3600.0);
      for (std::size_t i = 0; i < series.size(); ++i) {
        if (series.time[i] < first || series.time[i] > period[1] || window.reason[i] != Reason::ok) continue;
        squares += window.velocity_m_per_day[i] * window.velocity_m_per_day[i];
        n += 1.0;
      }
    }
    if (c.independent_windows >= options.least_independent && n > 0.0) {
      c.sigma_m_per_day = std::sqrt(squares / n);
      c.method = "quiet_slopes";
    } else if (noise.known()) {
      c.sigma_m_per_day = slope_sigma(noise, window.window_h / 24.0, typical_count(window));
      c.method = "noise_model";
    }
    fill_sigma(window, c.sigma_m_per_day);
    out.push_back(c);
  }
  return out;
}

Instant start_period_end(const TimeSeries& series, const NoiseOptions& options) {
  const auto samples = static_cast<std::size_t>(options.start_samples);
  if (series.size() < samples || series.empty()) return kNoInstant;
  const Instant by_time = series.time.front() + duration_from_seconds(options.start_days * 86400.0);
  const Instant end = std::max(by_time, series.time[samples - 1]);
  return series.time.back() < end ? kNoInstant : end;
}

std::vector<Calibration> calibrate_on_start(std::vector<WindowRate>& rates, const TimeSeries& series, NoiseModel& noise,
                                            std::size_t component, const NoiseOptions& options) {
  validate(options, "noise");
  const Instant end = start_period_end(series, options);
  if (end != kNoInstant) noise = estimate_noise(series, series.time.front(), end, component, options);
  std::vector<Calibration> out;
  for (WindowRate& window : rates) {
    Calibration c{window.window_h, kNaN, 0.0, "none"};
    if (noise.known()) {
      c.sigma_m_per_day = slope_sigma(noise, window.window_h / 24.0, typical_count(window));
      c.independent_windows = std::floor(to_hours(end - series.time.front()) / window.window_h);
      c.method = "noise_model";
    }
    fill_sigma(window, c.sigma_m_per_day);
    out.push_back(c);
  }
  return out;
}

}  // namespace highwall
