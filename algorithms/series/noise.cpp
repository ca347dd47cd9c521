#include "algorithms/series/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "algorithms/series/gap.hpp"
#include "algorithms/series/pieces.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

struct Sample {
  double t_days;
  double x_m;
  std::size_t piece;
};

std::vector<Sample> samples_of(const TimeSeries& s, const Pieces& pieces, Instant from, std::size_t c) {
  std::vector<Sample> out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (pieces.of[i] != kNoPiece) out.push_back({to_days(s.time[i] - from).value, s.value(i, c), pieces.of[i]});
  }
  return out;
}

/// One slope for all pieces, each about its own middle.
double trend_of(const std::vector<Sample>& samples) {
  double stt = 0, stx = 0;
  for (std::size_t first = 0, last = 0; first < samples.size(); first = last) {
    double st = 0, sx = 0;
    for (last = first; last < samples.size() && samples[last].piece == samples[first].piece; ++last) {
      st += samples[last].t_days;
      sx += samples[last].x_m;
    }
    const double n = static_cast<double>(last - first);
    for (std::size_t k = first; k < last; ++k) {
      stt += (samples[k].t_days - st / n) * (samples[k].t_days - st / n);
      stx += (samples[k].t_days - st / n) * (samples[k].x_m - sx / n);
    }
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

/// Mean square increment of all pairs of one piece whose distance is within a tenth of the lag.
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
    if (j <= i || distance > tau + slack || samples[j].piece != samples[i].piece) continue;
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
  const Pieces pieces = pieces_of(series, from, to, component);
  std::vector<Sample> samples = samples_of(series, pieces, from, component);
  noise.samples = samples.size();
  if (pieces.usable < 8) return noise;
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

/// Slopes whose whole window lies in a period and in one piece of it.
struct QuietSlopes {
  double squares = 0.0;
  double count = 0.0;
  double cut_through = 0.0;  ///< Left out because a jump lies in their window.
};

QuietSlopes quiet_slopes(const WindowRate& window, const TimeSeries& series, const Periods& quiet, std::size_t component) {
  QuietSlopes out;
  const Duration length = duration_from_seconds(window.window_h * 3600.0);
  for (const auto& period : quiet) {
    const Pieces pieces = pieces_of(series, period[0], period[1], component);
    std::size_t oldest = 0;
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (series.time[i] < period[0] + length || series.time[i] > period[1] || window.reason[i] != Reason::ok) continue;
      while (series.time[oldest] < series.time[i] - length || !is_usable(series, oldest, component)) ++oldest;
      if (pieces.of[i] == kNoPiece || pieces.of[oldest] != pieces.of[i]) {
        out.cut_through += 1.0;
        continue;
      }
      out.squares += window.velocity_m_per_day[i] * window.velocity_m_per_day[i];
      out.count += 1.0;
    }
  }
  return out;
}

/// rms of the slopes whose whole window lies in a period, about zero; the noise model when they are too few.
Calibration quiet_calibration(const WindowRate& window, const TimeSeries& series, const Periods& quiet, const NoiseModel& noise,
                              std::size_t component, const NoiseOptions& options) {
  Calibration c = model_calibration(window, series, quiet, noise);
  if (c.independent_windows < options.least_independent) return c;
  const QuietSlopes slopes = quiet_slopes(window, series, quiet, component);
  if (slopes.count == 0.0) return c;
  if (c.independent_windows * slopes.count / (slopes.count + slopes.cut_through) < options.least_independent) return c;
  c.sigma_m_per_day = std::sqrt(slopes.squares / slopes.count);
  c.method = "quiet_slopes";
  return c;
}

CalibrationStage quiet_stage(const std::vector<WindowRate>& rates, const TimeSeries& series, const Periods& quiet,
                             std::size_t component, const NoiseOptions& options) {
  CalibrationStage stage{quiet.empty() ? kNoInstant : quiet.back()[1],
                         quiet,
                         widened(noise_of_periods(series, quiet, component, options), quiet, options),
                         {}};
  for (const WindowRate& window : rates)
    stage.windows.push_back(quiet_calibration(window, series, quiet, stage.noise, component, options));
  return stage;
}

constexpr std::size_t kIntervals = 15;     // Newest ones, whose median is the usual one.
constexpr double kUsualIntervals = 3.0;    // More than these are no time that data fill ...
constexpr double kIntervalsOfAGap = 10.0;  // ... and more than these and than the whole start period begin it again.

/// Measured samples that may make a start period.
class Start {
 public:
  explicit Start(const NoiseOptions& options)
      : asked_(duration_from_seconds(options.start_days * 86400.0)), samples_(static_cast<std::size_t>(options.start_samples)) {}

  /// Takes the next sample. @return true when the period is over
  bool take(Instant t) {
    times_.push_back(t);
    if (times_.size() == 1) return false;
    const double usual_h = usual_interval_h();
    forget_before_gaps(usual_h);
    if (times_.size() < 2) return false;
    filled_ = filled_ + counted(times_.size() - 1, usual_h);
    if (filled_ < asked_ || times_.size() < samples_) return false;
    return measure(usual_h);
  }
  /// Its end lies behind the sample before the newest one, at which nothing was known yet.
  std::array<Instant, 2> period() const {
    const Instant before = times_[times_.size() - 2] + Duration{1};
    return {times_.front(), std::max({by_time_, times_[samples_ - 1], before})};
  }

 private:
  double usual_interval_h() const {
    std::vector<double> newest;
    for (std::size_t k = times_.size(); k-- > 1 && newest.size() < kIntervals;)
      newest.push_back(to_hours(times_[k] - times_[k - 1]));
    return median(std::move(newest));
  }
  Duration counted(std::size_t k, double usual_h) const {
    return std::min(times_[k] - times_[k - 1], duration_from_seconds(3600.0 * std::max(1.0, kUsualIntervals * usual_h)));
  }
  void forget_before_gaps(double usual_h) {
    longest_ = std::max(longest_, times_.back() - times_[times_.size() - 2]);
    const Duration gap = std::max(asked_, duration_from_seconds(3600.0 * kIntervalsOfAGap * usual_h));
    if (longest_ <= gap) return;
    std::size_t first = times_.size() - 1;
    while (times_[first] - times_[first - 1] <= gap) --first;
    times_.erase(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(first));
    filled_ = longest_ = Duration{};
    for (std::size_t k = 1; k < times_.size(); ++k) longest_ = std::max(longest_, times_[k] - times_[k - 1]);
    for (std::size_t k = 1; k + 1 < times_.size(); ++k) filled_ = filled_ + counted(k, usual_h);
  }
  /// The time that is filled, by the interval that is usual now.
  bool measure(double usual_h) {
    filled_ = Duration{};
    for (std::size_t k = 1; k < times_.size(); ++k) {
      const Duration more = counted(k, usual_h);
      if (filled_ + more >= asked_) {
        by_time_ = times_[k - 1] + (asked_ - filled_);
        return true;
      }
      filled_ = filled_ + more;
    }
    return false;
  }

  Duration asked_;
  std::size_t samples_;
  std::vector<Instant> times_;
  Duration filled_{};
  Duration longest_{};
  Instant by_time_ = kNoInstant;
};

/// First sample and end of the start period: start_days that data fill, and start_samples. Rows of a commissioning long before
/// the series tell nothing of its noise. nullopt when the series is shorter; later samples change nothing.
std::optional<std::array<Instant, 2>> start_period(const TimeSeries& series, const NoiseOptions& options) {
  Start start(options);
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (is_measured(series, i) && start.take(series.time[i])) return start.period();
  }
  return std::nullopt;
}

CalibrationStage start_stage(const std::vector<WindowRate>& rates, const TimeSeries& series, const std::array<Instant, 2>& period,
                             std::size_t component, const NoiseOptions& options) {
  const Periods start{period};
  CalibrationStage stage{
      period[1], start, widened(estimate_noise(series, period[0], period[1], component, options), start, options), {}};
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
  const auto period = start_period(series, options);
  return period ? (*period)[1] : kNoInstant;
}

std::vector<Calibration> calibrate_on_start(std::vector<WindowRate>& rates, const TimeSeries& series, NoiseModel& noise,
                                            std::size_t component, const NoiseOptions& options) {
  validate(options, "noise");
  const auto period = start_period(series, options);
  if (!period) {
    std::vector<Calibration> none;
    for (const WindowRate& window : rates) none.push_back({window.window_h, kNaN, 0.0, "none"});
    return none;
  }
  const CalibrationStage stage = start_stage(rates, series, *period, component, options);
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
  const auto start = start_period(series, options);
  if (start && (stages.empty() || (*start)[1] < stages.front().from)) {
    stages.insert(stages.begin(), start_stage(rates, series, *start, component, options));
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
