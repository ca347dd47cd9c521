#include "algorithms/series/midas.hpp"

#include <algorithm>
#include <cmath>

#include "core/statistics.hpp"

namespace highwall {
namespace {

struct Sample {
  double t_days;
  double x_m;
};

double mad_about(const std::vector<double>& v, double centre) {
  std::vector<double> deviations;
  for (const double x : v) deviations.push_back(std::abs(x - centre));
  return median(std::move(deviations));
}

/// Slopes of pairs, walking forwards over samples in ascending (or mirrored) time.
void collect_slopes(const std::vector<Sample>& s, const MidasOptions& o, std::vector<double>& slopes) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto first =
        std::lower_bound(s.begin() + static_cast<std::ptrdiff_t>(i), s.end(), s[i].t_days + o.period_days - o.tolerance_days,
                         [](const Sample& a, double t) { return a.t_days < t; });
    if (first == s.end()) break;
    const auto partner = static_cast<std::size_t>(first - s.begin());
    if (partner == i || s[partner].t_days - s[i].t_days > o.period_days + o.tolerance_days) continue;
    slopes.push_back((s[partner].x_m - s[i].x_m) / (s[partner].t_days - s[i].t_days));
  }
}

}  // namespace

Trend midas(const TimeSeries& series, const MidasOptions& options, std::size_t component) {
  validate(options, "midas");
  std::vector<Sample> forwards;
  for (const std::size_t i : time_order(series)) {
    const double x = series.value(i, component);
    const bool usable = std::isfinite(x) && (series.flags.empty() || series.flags[i] == kFlagNone);
    if (usable) forwards.push_back({to_days(series.time[i] - series.time.front()).value, x});
  }
  std::vector<Sample> backwards;
  for (auto it = forwards.rbegin(); it != forwards.rend(); ++it) backwards.push_back({-it->t_days, -it->x_m});
  std::vector<double> slopes;
  collect_slopes(forwards, options, slopes);
  collect_slopes(backwards, options, slopes);
  Trend trend;
  trend.pairs = slopes.size();
  if (slopes.size() < 10) return trend;
  const double first = median(slopes);
  const double spread = kMadToSigma * mad_about(slopes, first);
  std::erase_if(slopes, [&](double v) { return std::abs(v - first) > 2.0 * spread; });
  trend.velocity_m_per_day = median(slopes);
  const double kept = kMadToSigma * mad_about(slopes, trend.velocity_m_per_day);
  trend.sigma_m_per_day = 3.0 * 1.2533 * kept / std::sqrt(static_cast<double>(slopes.size()) / 4.0);
  return trend;
}

}  // namespace highwall
