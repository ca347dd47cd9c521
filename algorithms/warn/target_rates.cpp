#include "algorithms/warn/target_rates.hpp"

#include <algorithm>
#include <cmath>
#include <set>

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

  /// Sigma as it is known in a stage; that of a two-point rate is the larger of the samples' own and the model's.
  double sigma(const CalibrationStage& stage, std::size_t w, std::size_t i) const {
    const TwoPointRate& two = two_point[w][i];
    if (std::isnan(two.span_days)) return stage.sigma(rates[w], w, i);
    const double modelled = stage.noise.known() ? difference_sigma(stage.noise, two.span_days) : kNaN;
    return std::fmax(two.sigma_m_per_day, modelled);  // NaN = not known gives way to the other.
  }
};

Component component_of(const TimeSeries& series, std::size_t c, const RateOptions& options, const NoiseOptions& noise_options,
                       const std::vector<std::array<Instant, 2>>& quiet, const Run& run) {
  Component out;
  out.rates = rate(series, options, run, c);
  out.stages = calibration_stages(out.rates, series, quiet, c, noise_options);
  for (WindowRate& window : out.rates) {
    out.two_point.emplace_back(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (window.reason[i] != Reason::too_few_samples) continue;
      const TwoPointRate two = two_point_rate(series, i, window.window_h / 24.0, c);
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

/// Length of the velocity vector. A velocity as small as its noise has no direction, and its length alone would
/// look like motion: the expected square of the noise is taken off first.
template <class SigmaOf>
Speed speed_of(const std::vector<Component>& components, std::size_t w, std::size_t i, SigmaOf&& sigma_of) {
  double square = 0.0;
  double weighted = 0.0;
  double noise = 0.0;
  double largest = 0.0;
  for (const Component& c : components) {
    const double v = c.rates[w].velocity_m_per_day[i];
    const double s = sigma_of(c);
    square += v * v;
    weighted += v * v * s * s;
    noise += s * s;
    largest = std::max(largest, s);
  }
  if (components.size() == 1) return {std::sqrt(square), std::sqrt(noise)};
  if (std::isnan(noise)) return {std::sqrt(square), kNaN};
  return {std::sqrt(std::max(0.0, square - noise)), square > noise ? std::sqrt(weighted / square) : largest};
}

SpeedWindow speeds_of(const std::vector<Component>& components, const TimeSeries& series, std::size_t w) {
  SpeedWindow out{components[0].rates[w].window_h, {}, {}};
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Speed speed = speed_of(components, w, i, [&](const Component& c) {
      const CalibrationStage* stage = stage_at(c.stages, series.time[i]);
      return stage == nullptr ? kNaN : c.sigma(*stage, w, i);
    });
    out.speed_m_per_day.push_back(speed.value);
    out.sigma_m_per_day.push_back(speed.sigma);
  }
  return out;
}

/// Median speed of a stage's periods as it is known in that stage, and not below the speed's own sigma.
double equal_speed(const std::vector<Component>& components, const TimeSeries& series, std::size_t w, const CalibrationStage& stage) {
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
  const double value = median(std::move(speeds));
  const double sigma = median(std::move(sigmas));
  return std::isnan(sigma) ? value : std::max(value, sigma);
}

}  // namespace

const SpeedWindow* TargetRates::window(double hours) const {
  for (const SpeedWindow& w : windows) {
    if (w.window_h == hours) return &w;
  }
  return nullptr;
}

TargetRates target_rates(const TimeSeries& series, const Policy& policy,
                         const std::vector<std::array<Instant, 2>>& quiet, const RateOptions& rate_options,
                         const NoiseOptions& noise_options, const Run& run) {
  TargetRates out;
  RateOptions options = rate_options;
  options.windows_h = windows_of(policy, series.kind);
  std::vector<Component> components;
  for (std::size_t c = 0; c < series.width(); ++c) {
    components.push_back(component_of(series, c, options, noise_options, quiet, run));
  }
  for (std::size_t w = 0; w < options.windows_h.size(); ++w) out.windows.push_back(speeds_of(components, series, w));
  out.equal_speed_m_per_day.assign(series.size(), kNaN);
  const std::vector<CalibrationStage>& stages = components[0].stages;
  if (stages.empty()) return out;
  out.judged_from = stages.front().from;
  out.calibration = stages.back().windows;
  const auto day = std::find(options.windows_h.begin(), options.windows_h.end(), kEqualSpeedWindowH) - options.windows_h.begin();
  for (const CalibrationStage& stage : stages) {
    const double speed = equal_speed(components, series, static_cast<std::size_t>(day), stage);
    const auto first = std::lower_bound(series.time.begin(), series.time.end(), stage.from) - series.time.begin();
    std::fill(out.equal_speed_m_per_day.begin() + first, out.equal_speed_m_per_day.end(), speed);
  }
  return out;
}

}  // namespace highwall
