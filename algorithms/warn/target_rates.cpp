#include "algorithms/warn/target_rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "algorithms/series/gap.hpp"
#include "algorithms/series/pieces.hpp"
#include "algorithms/series/second_opinion.hpp"
#include "algorithms/warn/criterion.hpp"
#include "algorithms/warn/sight.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kEqualSpeedWindowH = 24.0;

std::vector<double> windows_of(const Policy& policy, SensorKind kind) {
  std::set<double> windows{kEqualSpeedWindowH};
  for (const PolicyRule& rule : policy.rules) {
    if (rule.applies_to(kind)) windows.insert(rule.window_h);
  }
  return {windows.begin(), windows.end()};
}

/// Rates of one component; where a window has too few samples, those of two samples.
struct Component {
  std::vector<WindowRate> rates;
  std::vector<std::vector<TwoPointRate>> two_point;  ///< By window and sample; span NaN = least squares.
  std::vector<CalibrationStage> stages;
  std::vector<NoiseModel> provisional;  ///< By sample: what is taken before the first stage.

  /// Sigma as it is known in a stage; that of a two-point rate is the larger of the samples' own and the model's.
  double sigma(const CalibrationStage& stage, std::size_t w, std::size_t i) const {
    const TwoPointRate& two = two_point[w][i];
    if (std::isnan(two.span_days)) return stage.sigma(rates[w], w, i);
    const double modelled = stage.noise.known() ? difference_sigma(stage.noise, two.span_days) : kNaN;
    return std::fmax(two.sigma_m_per_day, modelled);  // NaN = not known gives way to the other.
  }

  /// Noise as it is known at a sample.
  const NoiseModel& noise(Instant at, std::size_t i) const {
    const CalibrationStage* stage = stage_at(stages, at);
    return stage != nullptr && stage->noise.known() ? stage->noise : provisional[i];
  }

  /// Sigma of a window's velocity as it is known at a sample.
  double sigma_at(Instant at, std::size_t w, std::size_t i) const {
    if (rates[w].reason[i] != Reason::ok) return kNaN;
    const CalibrationStage* stage = stage_at(stages, at);
    const double known = stage == nullptr ? kNaN : sigma(*stage, w, i);
    if (!std::isnan(known)) return known;
    const TwoPointRate& two = two_point[w][i];
    if (std::isnan(two.span_days)) return slope_sigma(provisional[i], rates[w].span_days[i], rates[w].count[i]);
    return std::fmax(two.sigma_m_per_day, difference_sigma(provisional[i], two.span_days));
  }
};

/// White noise of each sample before the series' own is known: the largest of the floor, the sample's own sigma and
/// the scatter of the increments so far about the mean motion. The walk is that of the floor.
std::vector<NoiseModel> provisional_noise(const TimeSeries& series, std::size_t c, double floor_m) {
  std::vector<NoiseModel> out;
  double n = 0, dd = 0, dt = 0, tt = 0, d = 0, t = 0;
  std::size_t last = kNoSample;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (is_measured(series, i)) {
      if (last != kNoSample) {
        const double step = series.value(i, c) - series.value(last, c);
        const double span = to_days(series.time[i] - series.time[last]).value;
        n += 1.0;
        d += step;
        t += span;
        dd += step * step;
        dt += step * span;
        tt += span * span;
      }
      last = i;
    }
    double white = floor_m;
    if (n >= 3.0 && t > 0.0) {
      const double v = d / t;
      white = std::max(white, std::sqrt(std::max(0.0, (dd - 2.0 * v * dt + v * v * tt) / n) / 2.0));
    }
    const double own = series.sigma(i, c);
    if (std::isfinite(own)) white = std::max(white, own);
    out.push_back({white, floor_m, static_cast<std::size_t>(n) + 1});
  }
  return out;
}

/// Mean velocity of a period and its sigma by the noise about it: whether what was declared quiet moves.
struct QuietMotion {
  double velocity = kNaN;
  double sigma = kNaN;
  std::size_t samples = 0;
};

QuietMotion motion_of(const TimeSeries& series, const std::array<Instant, 2>& period, std::size_t c,
                      const NoiseOptions& options) {
  QuietMotion out;
  std::size_t last = kNoSample;
  std::size_t first = kNoSample;
  const Pieces pieces = pieces_of(series, period[0], period[1], c);
  TimeSeries whole;  // Without blunders, when there are any: they are no motion. A jump that stays is some.
  if (pieces.cuts > 0) {
    whole = series;
    whole.flags.resize(whole.size(), kFlagNone);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (pieces.of[i] == kNoPiece) whole.flags[i] |= kFlagOutlier;
    }
  }
  const TimeSeries& used = pieces.cuts > 0 ? whole : series;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (series.time[i] < period[0] || series.time[i] > period[1] || !is_measured(used, i)) continue;
    if (first == kNoSample) first = i;
    last = i;
    ++out.samples;
  }
  if (out.samples < 8) return out;
  const NoiseModel noise = estimate_noise(series, period[0], period[1], c, options);
  out.velocity = recent_rate(used, last, series.time[first], c);
  if (noise.known()) {
    out.sigma = slope_sigma(noise, to_days(series.time[last] - series.time[first]).value, static_cast<double>(out.samples));
  }
  return out;
}

/// The series as it is known from the end of a calibration time on, in which blunders came back: they are in no window any more.
struct Known {
  std::size_t from = 0;  ///< First sample that is judged by it.
  TimeSeries series;
};

std::vector<Known> known_series(const TimeSeries& series, std::size_t c, const std::vector<CalibrationStage>& stages) {
  std::vector<Known> out;
  for (const CalibrationStage& stage : stages) {
    std::vector<std::size_t> blunders;
    for (const auto& period : stage.periods) {
      for (const std::size_t i : blunders_of(series, period[0], period[1], c)) blunders.push_back(i);
    }
    if (blunders.empty()) continue;
    const auto from = std::lower_bound(series.time.begin(), series.time.end(), stage.from) - series.time.begin();
    out.push_back({static_cast<std::size_t>(from), series});
    out.back().series.flags.resize(series.size(), kFlagNone);
    for (const std::size_t i : blunders) out.back().series.flags[i] |= kFlagOutlier;
  }
  return out;
}

void take_from(std::size_t first, const WindowRate& known, WindowRate& rate) {
  const auto take = [first](const auto& from, auto& to) {
    std::copy(from.begin() + static_cast<std::ptrdiff_t>(first), from.end(), to.begin() + static_cast<std::ptrdiff_t>(first));
  };
  take(known.velocity_m_per_day, rate.velocity_m_per_day);
  take(known.count, rate.count);
  take(known.reason, rate.reason);
  take(known.span_days, rate.span_days);
}

Component component_of(const TimeSeries& series, std::size_t c, const RateOptions& options, const NoiseOptions& noise_options,
                       const std::vector<std::array<Instant, 2>>& quiet, const std::vector<std::array<Instant, 2>>& moving,
                       double floor_m, const Run& run) {
  Component out;
  out.rates = rate(series, options, run, c);
  out.stages = calibration_stages(out.rates, series, quiet, c, noise_options, moving);
  out.provisional = provisional_noise(series, c, floor_m);
  const std::vector<Known> known = known_series(series, c, out.stages);
  for (const Known& k : known) {
    const std::vector<WindowRate> again = rate(k.series, options, run, c);
    for (std::size_t w = 0; w < again.size(); ++w) take_from(k.from, again[w], out.rates[w]);
  }
  const auto series_at = [&](std::size_t i) -> const TimeSeries& {
    const auto after = std::upper_bound(known.begin(), known.end(), i, [](std::size_t n, const Known& k) { return n < k.from; });
    return after == known.begin() ? series : std::prev(after)->series;
  };
  for (WindowRate& window : out.rates) {
    out.two_point.emplace_back(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (window.reason[i] != Reason::too_few_samples) continue;
      const TwoPointRate two = two_point_rate(series_at(i), i, window.window_h / 24.0, c);
      if (two.reason != Reason::ok) continue;
      out.two_point.back()[i] = two;
      window.velocity_m_per_day[i] = two.velocity_m_per_day;
      window.reason[i] = Reason::ok;
    }
  }
  return out;
}

struct Speed {
  double value = kNaN;
  double sigma = kNaN;
};

/// Length of a vector. One as small as its noise has no direction, and its length alone would look like motion: the
/// expected square of the noise is taken off first.
Speed length_of(const std::vector<double>& values, const std::vector<double>& sigmas) {
  double square = 0.0;
  double weighted = 0.0;
  double noise = 0.0;
  double largest = 0.0;
  for (std::size_t c = 0; c < values.size(); ++c) {
    square += values[c] * values[c];
    weighted += values[c] * values[c] * sigmas[c] * sigmas[c];
    noise += sigmas[c] * sigmas[c];
    largest = std::max(largest, sigmas[c]);
  }
  if (values.size() == 1) return {std::sqrt(square), std::sqrt(noise)};
  if (std::isnan(noise)) return {std::sqrt(square), kNaN};
  return {std::sqrt(std::max(0.0, square - noise)), square > noise ? std::sqrt(weighted / square) : largest};
}

template <class SigmaOf>
Speed speed_of(const std::vector<Component>& components, std::size_t w, std::size_t i, SigmaOf&& sigma_of) {
  std::vector<double> values;
  std::vector<double> sigmas;
  for (const Component& c : components) {
    values.push_back(c.rates[w].velocity_m_per_day[i]);
    sigmas.push_back(sigma_of(c));
  }
  return length_of(values, sigmas);
}

/// Slowest velocity that an orange or red rule of this window asks for; infinite when there is none.
double slowest_alarm(const Policy& policy, SensorKind kind, double window_h) {
  double slowest = std::numeric_limits<double>::infinity();
  for (const PolicyRule& rule : policy.rules) {
    if (rule.level < Level::orange || rule.window_h != window_h || !rule.applies_to(kind)) continue;
    slowest = std::fmin(slowest, criterion_of(rule.family).slowest_velocity(rule));  // NaN gives way to the other.
  }
  return slowest;
}

/// The second opinion on a speed: see SpeedWindow::steady_m_per_day.
double steady_speed(const std::vector<Component>& components, const TimeSeries& series, std::size_t w, std::size_t i,
                    double speed) {
  const double window_days = components[0].rates[w].window_h / 24.0;
  const Instant quarter = series.time[i] - duration_from_seconds(window_days * 86400.0 / 4.0);
  std::vector<double> medians;
  std::vector<double> recent;
  std::vector<double> sigmas;
  for (std::size_t c = 0; c < components.size(); ++c) {
    medians.push_back(median_difference_rate(series, i, window_days, c));
    recent.push_back(recent_rate(series, i, quarter, c));
    sigmas.push_back(components[c].sigma_at(series.time[i], w, i));
  }
  const double other = length_of(medians, sigmas).value;
  if (std::isnan(other)) return speed;
  const double newest = length_of(recent, sigmas).value;
  return newest > speed ? speed : std::min(speed, other);
}

ComponentVelocity component_velocity(const Component& component, const TimeSeries& series, std::size_t w) {
  const WindowRate& rate = component.rates[w];
  ComponentVelocity out{rate.velocity_m_per_day, {}, rate.reason};
  for (std::size_t i = 0; i < series.size(); ++i) out.sigma_m_per_day.push_back(component.sigma_at(series.time[i], w, i));
  return out;
}

SpeedWindow speeds_of(const std::vector<Component>& components, const TimeSeries& series, const Policy& policy, std::size_t w) {
  SpeedWindow out;
  out.window_h = components[0].rates[w].window_h;
  out.gap_days.assign(series.size(), kNaN);
  const double alarm = slowest_alarm(policy, series.kind, out.window_h);
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Speed speed = speed_of(components, w, i, [&](const Component& c) { return c.sigma_at(series.time[i], w, i); });
    // Readings farther apart than the window: their mean velocity is one across a gap.
    for (const Component& c : components) {
      const double span = c.two_point[w][i].span_days;
      if (span > kWindowsBack * out.window_h / 24.0) out.gap_days[i] = std::fmax(out.gap_days[i], span);
    }
    out.speed_m_per_day.push_back(speed.value);
    out.sigma_m_per_day.push_back(speed.sigma);
    out.steady_m_per_day.push_back(speed.value >= 0.5 * alarm ? steady_speed(components, series, w, i, speed.value)
                                                              : speed.value);
  }
  for (const Component& c : components) out.components.push_back(component_velocity(c, series, w));
  return out;
}

/// Windows across a known step carry the uncertainty of what was taken out: a slope at most 1.5 sigma / window.
void add_steps(const TimeSeries& series, const std::vector<KnownStep>& steps, SpeedWindow& window) {
  for (const KnownStep& step : steps) {
    double largest = 0.0;
    for (const double s : step.sigma_m) largest = std::max(largest, s);
    const Instant until = step.at + duration_from_seconds(window.window_h * 3600.0);
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (series.time[i] < step.at || series.time[i] > until) continue;
      const auto add = [&](double step_m, double& sigma) { sigma = std::hypot(sigma, 1.5 * step_m / (window.window_h / 24.0)); };
      add(largest, window.sigma_m_per_day[i]);
      for (std::size_t c = 0; c < window.components.size(); ++c) {
        add(c < step.sigma_m.size() ? step.sigma_m[c] : largest, window.components[c].sigma_m_per_day[i]);
      }
    }
  }
}

/// The velocities of a sample's components across a gap count where the window has none or slower ones, as the speed does.
void set_across_gap(const std::vector<double>& moved_m, const std::vector<double>& sigmas_m, double span_days, std::size_t i,
                    SpeedWindow& window) {
  for (std::size_t c = 0; c < window.components.size(); ++c) {
    ComponentVelocity& one = window.components[c];
    const double v = moved_m[c] / span_days;
    if (std::abs(one.velocity_m_per_day[i]) >= std::abs(v)) continue;
    one.velocity_m_per_day[i] = v;
    one.sigma_m_per_day[i] = sigmas_m[c] / span_days;
    one.reason[i] = Reason::ok;
  }
}

void tell_missing_sigmas(SpeedWindow& window) {
  for (ComponentVelocity& one : window.components) {
    for (std::size_t i = 0; i < one.reason.size(); ++i) {
      if (one.reason[i] == Reason::ok && std::isnan(one.sigma_m_per_day[i])) one.reason[i] = Reason::no_sigma;
    }
  }
}

/// Speed of the 24 h window at a sample as far as it is beyond its noise, else 0.
double known_motion(const SpeedWindow& day, std::size_t i) {
  const double v = day.speed_m_per_day[i];
  return v > 2.0 * day.sigma_m_per_day[i] ? v : 0.0;
}

/// What happened across gaps: jumps, and rates for windows that are no longer than the gap.
void look_across_gaps(const std::vector<Component>& components, const TimeSeries& series, TargetRates& out) {
  out.jump_m.assign(series.size(), kNaN);
  out.jump_sigma_m.assign(series.size(), kNaN);
  out.gap_days.assign(series.size(), kNaN);
  const SpeedWindow& day = *out.window(kEqualSpeedWindowH);
  const std::vector<std::size_t> before = samples_before_gaps(series);
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (before[i] == kNoSample) continue;
    const std::size_t b = before[i];
    const double span = to_days(series.time[i] - series.time[b]).value;
    std::vector<double> moved;
    std::vector<double> sigmas;
    for (std::size_t c = 0; c < components.size(); ++c) {
      moved.push_back(series.value(i, c) - series.value(b, c));
      sigmas.push_back(std::fmax(difference_sigma(components[c].noise(series.time[i], i), span) * span,
                                 std::hypot(series.sigma(i, c), series.sigma(b, c))));
    }
    const Speed distance = length_of(moved, sigmas);
    out.gap_days[i] = span;
    out.jump_m[i] = std::max(0.0, distance.value - known_motion(day, b) * span);
    out.jump_sigma_m[i] = distance.sigma;
    const double speed = distance.value / span;
    for (std::size_t w = 0; w < out.windows.size(); ++w) {
      SpeedWindow& window = out.windows[w];
      if (window.window_h / 24.0 > span) continue;
      set_across_gap(moved, sigmas, span, i, window);
      const bool two_point_across = std::any_of(components.begin(), components.end(),
                                                [&](const Component& c) { return c.two_point[w][i].span_days >= span; });
      if (two_point_across) window.gap_days[i] = span;
      if (window.speed_m_per_day[i] >= speed) continue;
      window.speed_m_per_day[i] = window.steady_m_per_day[i] = speed;
      window.sigma_m_per_day[i] = distance.sigma / span;
      window.gap_days[i] = span;
    }
  }
}

/// Median speed of a stage's periods as it is known in that stage, and not below the speed's own sigma.
Speed equal_speed(const std::vector<Component>& components, const TimeSeries& series, std::size_t w,
                  const CalibrationStage& stage) {
  std::vector<double> speeds;
  std::vector<double> sigmas;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const bool inside = std::any_of(stage.periods.begin(), stage.periods.end(),
                                    [&](const auto& p) { return series.time[i] >= p[0] && series.time[i] <= p[1]; });
    if (!inside) continue;
    const Speed speed = speed_of(components, w, i, [&](const Component& c) {
      const CalibrationStage* known = stage_at(c.stages, stage.from);
      return known == nullptr ? kNaN : c.sigma(*known, w, i);
    });
    if (std::isnan(speed.value)) continue;
    speeds.push_back(speed.value);
    if (std::isfinite(speed.sigma)) sigmas.push_back(speed.sigma);
  }
  double length_days = 0.0;
  for (const auto& p : stage.periods) length_days += to_days(p[1] - p[0]).value;
  const double value = median(std::move(speeds));
  const double sigma = median(std::move(sigmas));
  // Of a median of as many independent windows as the periods hold.
  const double of_median = 1.2533 * sigma / std::sqrt(std::max(1.0, length_days * 24.0 / kEqualSpeedWindowH));
  return {std::isnan(sigma) ? value : std::max(value, sigma), of_median};
}

/// Slowest velocity that a rule above blue asks for by its threshold, whatever the target's own motion is.
double slowest_threshold(const Policy& policy, SensorKind kind) {
  double slowest = std::numeric_limits<double>::infinity();
  for (const PolicyRule& rule : policy.rules) {
    if (is_velocity_unit(rule.unit) && rule.level > Level::blue && rule.applies_to(kind))
      slowest = std::fmin(slowest, criterion_of(rule.family).slowest_velocity(rule));
  }
  return slowest;
}

/// Says what is wrong with the declared quiet periods. @return those in which the series moves
std::vector<std::array<Instant, 2>> doubt_quiet(const TimeSeries& series, const Policy& policy,
                                                const std::vector<std::array<Instant, 2>>& quiet, const NoiseOptions& options,
                                                std::vector<std::string>& doubts) {
  std::vector<std::array<Instant, 2>> moving;
  bool usable = false;
  for (const auto& period : quiet) {
    for (std::size_t c = 0; c < series.width(); ++c) {
      const QuietMotion motion = motion_of(series, period, c, options);
      usable = usable || motion.samples >= 8;
      const double v = std::abs(motion.velocity);
      if (!(v > 3.0 * motion.sigma) || v < slowest_threshold(policy, series.kind)) continue;
      if (moving.empty() || moving.back() != period) moving.push_back(period);
      doubts.push_back(fmt::format("moves at {:.2g} +- {:.1g} mm/day within its declared quiet period from {} ({})", 1000.0 * v,
                                   1000.0 * motion.sigma, to_iso8601(period[0]), series.components[c]));
    }
  }
  const bool over = std::all_of(quiet.begin(), quiet.end(), [&](const auto& p) { return p[1] < series.time.back(); });
  if (!quiet.empty() && over && !usable) {
    doubts.emplace_back("has fewer than 8 usable samples in its declared quiet period: calibrated on its first days instead");
  }
  return moving;
}

/// A series that nothing can be said of must not look calm.
void doubt_judgement(const TimeSeries& series, const TargetRates& rates, std::vector<std::string>& doubts) {
  std::size_t first = kNoSample;
  bool judged = false;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!is_measured(series, i)) continue;
    if (first == kNoSample) first = i;
    if (to_hours(series.time.back() - series.time[i]) > 48.0) continue;
    for (const SpeedWindow& w : rates.windows)
      judged = judged || (std::isfinite(w.speed_m_per_day[i]) && std::isfinite(w.sigma_m_per_day[i]));
  }
  if (first == kNoSample) {
    doubts.emplace_back("has no usable sample and cannot be judged");
  } else if (!judged && to_hours(series.time.back() - series.time[first]) > 48.0) {
    doubts.emplace_back("cannot be judged: no velocity in any window for 48 h");
  }
}

}  // namespace

const SpeedWindow* TargetRates::window(double hours) const {
  for (const SpeedWindow& w : windows) {
    if (w.window_h == hours) return &w;
  }
  return nullptr;
}

TargetRates target_rates(const TimeSeries& series, const Policy& policy, const std::vector<std::array<Instant, 2>>& quiet,
                         const RateOptions& rate_options, const NoiseOptions& noise_options, const Run& run,
                         const std::vector<KnownStep>& steps) {
  TargetRates out;
  RateOptions options = rate_options;
  options.windows_h = windows_of(policy, series.kind);
  out.equal_speed_m_per_day.assign(series.size(), kNaN);
  out.equal_speed_sigma_m_per_day.assign(series.size(), kNaN);
  std::vector<std::array<Instant, 2>> moving;
  if (!series.empty()) moving = doubt_quiet(series, policy, quiet, noise_options, out.doubts);
  std::vector<Component> components;
  for (std::size_t c = 0; c < series.width(); ++c) {
    components.push_back(component_of(series, c, options, noise_options, quiet, moving, policy.floor_sigma(series.kind), run));
  }
  for (std::size_t w = 0; w < options.windows_h.size(); ++w) {
    out.windows.push_back(speeds_of(components, series, policy, w));
    add_steps(series, steps, out.windows.back());
  }
  look_across_gaps(components, series, out);
  for (SpeedWindow& window : out.windows) tell_missing_sigmas(window);
  doubt_judgement(series, out, out.doubts);
  const std::vector<CalibrationStage>& stages = components[0].stages;
  if (stages.empty()) return out;
  out.judged_from = stages.front().from;
  out.calibration = stages.back().windows;
  if (std::string doubt = calibration_doubt(series, stages.back().periods); !doubt.empty())
    out.doubts.push_back(std::move(doubt));
  const auto day = std::find(options.windows_h.begin(), options.windows_h.end(), kEqualSpeedWindowH) - options.windows_h.begin();
  for (const CalibrationStage& stage : stages) {
    const Speed speed = equal_speed(components, series, static_cast<std::size_t>(day), stage);
    const auto first = std::lower_bound(series.time.begin(), series.time.end(), stage.from) - series.time.begin();
    std::fill(out.equal_speed_m_per_day.begin() + first, out.equal_speed_m_per_day.end(), speed.value);
    std::fill(out.equal_speed_sigma_m_per_day.begin() + first, out.equal_speed_sigma_m_per_day.end(), speed.sigma);
  }
  return out;
}

}  // namespace highwall
