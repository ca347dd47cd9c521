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

/// Velocity of one component in one window, two-point where the least-squares one is missing.
struct ComponentRates {
  std::vector<WindowRate> rates;
  std::vector<Calibration> calibration;
};

/// A velocity as small as its noise has no direction, and its length alone would look like motion:
/// the expected square of the noise is taken off first.
void combine(const std::vector<ComponentRates>& components, std::size_t w, SpeedWindow& out) {
  const std::size_t n = components[0].rates[w].velocity_m_per_day.size();
  out.speed_m_per_day.assign(n, kNaN);
  out.sigma_m_per_day.assign(n, kNaN);
  for (std::size_t i = 0; i < n; ++i) {
    double square = 0.0;
    double weighted = 0.0;
    double noise = 0.0;
    double largest = 0.0;
    for (const ComponentRates& c : components) {
      const double v = c.rates[w].velocity_m_per_day[i];
      const double s = c.rates[w].sigma_m_per_day[i];
      square += v * v;
      weighted += v * v * s * s;
      noise += s * s;
      largest = std::max(largest, s);
    }
    if (components.size() == 1) {
      out.speed_m_per_day[i] = std::sqrt(square);
      out.sigma_m_per_day[i] = std::sqrt(noise);
    } else {
      out.speed_m_per_day[i] = std::isnan(noise) ? std::sqrt(square) : std::sqrt(std::max(0.0, square - noise));
      out.sigma_m_per_day[i] = square > noise ? std::sqrt(weighted / square) : std::isnan(noise) ? kNaN : largest;
    }
  }
}

/// Fills samples without a least-squares velocity with the two-point rate.
void fill_two_point(const TimeSeries& series, std::size_t component, const NoiseModel& noise, WindowRate& window) {
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (window.reason[i] != Reason::too_few_samples) continue;
    const TwoPointRate two = two_point_rate(series, i, window.window_h / 24.0, component);
    if (two.reason != Reason::ok) continue;
    window.velocity_m_per_day[i] = two.velocity_m_per_day;
    const double modelled = noise.known() ? difference_sigma(noise, two.span_days) : kNaN;
    window.sigma_m_per_day[i] = std::isnan(two.sigma_m_per_day) ? modelled
                                : std::isnan(modelled)         ? two.sigma_m_per_day
                                                               : std::max(two.sigma_m_per_day, modelled);
    window.reason[i] = Reason::ok;
  }
}

ComponentRates component_rates(const TimeSeries& series, std::size_t c, const RateOptions& options,
                               const NoiseOptions& noise_options, const std::vector<std::array<Instant, 2>>& quiet,
                               const Run& run) {
  ComponentRates out;
  out.rates = rate(series, options, run, c);
  NoiseModel noise;
  if (quiet.empty()) {
    out.calibration = calibrate_on_start(out.rates, series, noise, c, noise_options);
  } else {
    out.calibration = calibrate(out.rates, series, quiet, c, noise_options);
    noise = estimate_noise(series, quiet.front()[0], quiet.front()[1], c, noise_options);
  }
  for (WindowRate& window : out.rates) fill_two_point(series, c, noise, window);
  return out;
}

/// Median speed of the calibration time, and not below the speed's own sigma.
double equal_speed(const TimeSeries& series, const SpeedWindow& window,
                   const std::vector<std::array<Instant, 2>>& periods) {
  std::vector<double> speeds;
  std::vector<double> sigmas;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const bool inside = std::any_of(periods.begin(), periods.end(), [&](const auto& p) {
      return series.time[i] >= p[0] && series.time[i] <= p[1];
    });
    if (!inside || std::isnan(window.speed_m_per_day[i])) continue;
    speeds.push_back(window.speed_m_per_day[i]);
    if (std::isfinite(window.sigma_m_per_day[i])) sigmas.push_back(window.sigma_m_per_day[i]);
  }
  const double speed = median(std::move(speeds));
  const double sigma = median(std::move(sigmas));
  return std::isnan(sigma) ? speed : std::max(speed, sigma);
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
  std::vector<ComponentRates> components;
  for (std::size_t c = 0; c < series.width(); ++c) {
    components.push_back(component_rates(series, c, options, noise_options, quiet, run));
  }
  for (std::size_t w = 0; w < options.windows_h.size(); ++w) {
    out.windows.push_back({options.windows_h[w], {}, {}});
    combine(components, w, out.windows.back());
  }
  out.calibration = components[0].calibration;
  std::vector<std::array<Instant, 2>> periods = quiet;
  if (quiet.empty() && !series.empty()) {
    out.judged_from = start_period_end(series, noise_options);
    if (out.judged_from != kNoInstant) periods.push_back({series.time.front(), out.judged_from});
  } else if (!series.empty()) {
    out.judged_from = series.time.front();
  }
  out.equal_speed_m_per_day = equal_speed(series, *out.window(kEqualSpeedWindowH), periods);
  return out;
}

}  // namespace highwall
