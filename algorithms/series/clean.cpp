#include "algorithms/series/clean.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {


/// Median and robust standard deviation of the samples before i; the deviation about their own trend is
/// that of the increments, so that steady motion does not widen it.
bool usual_before(const TimeSeries& s, std::size_t i, std::size_t c, std::size_t count, double& usual, double& sigma) {
  std::vector<double> values;
  std::vector<double> increments;
  for (std::size_t k = i; k-- > 0 && values.size() < count;) {
    if (!std::isfinite(s.value(k, c)) || s.flags[k] != kFlagNone) continue;
    if (!values.empty()) increments.push_back(std::abs(values.back() - s.value(k, c)));
    values.push_back(s.value(k, c));
  }
  if (values.size() < 4) return false;
  usual = median(std::move(values));
  sigma = kMadToSigma * median(std::move(increments));
  return true;
}

/// Nearest sample of `s` to `t`, or npos when none is within the tolerance. Samples are in time order.
std::size_t nearest(const TimeSeries& s, Instant t, double tolerance_s) {
  constexpr std::size_t npos = static_cast<std::size_t>(-1);
  const auto after = std::lower_bound(s.time.begin(), s.time.end(), t);
  std::size_t best = npos;
  double best_distance = tolerance_s;
  for (const std::ptrdiff_t step : {std::ptrdiff_t{-1}, std::ptrdiff_t{0}}) {
    const std::ptrdiff_t k = (after - s.time.begin()) + step;
    if (k < 0 || k >= static_cast<std::ptrdiff_t>(s.size())) continue;
    const double distance = std::abs(to_seconds(s.time[static_cast<std::size_t>(k)] - t));
    if (distance <= best_distance) {
      best = static_cast<std::size_t>(k);
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace

std::size_t clean(TimeSeries& series, const CleanOptions& options) {
  validate(options, "clean");
  series = select(series, time_order(series));
  if (series.flags.empty()) series.flags.assign(series.size(), kFlagNone);
  std::size_t flagged = 0;
  for (std::size_t i = 0; i + 1 < series.size(); ++i) {
    for (std::size_t c = 0; c < series.width(); ++c) {
      double usual = 0.0;
      double sigma = 0.0;
      const double x = series.value(i, c);
      const double next = series.value(i + 1, c);
      if (series.flags[i] != kFlagNone || !std::isfinite(x) || !std::isfinite(next)) continue;
      if (!usual_before(series, i, c, static_cast<std::size_t>(2 * options.half_window), usual, sigma)) continue;
      const double jump = std::abs(x - usual);
      const bool far = jump > options.threshold * sigma && jump > 1e-4;
      const bool returns = std::abs(next - usual) < 0.25 * jump;
      if (!far || !returns) continue;
      series.flags[i] |= kFlagOutlier;
      ++flagged;
    }
  }
  return flagged;
}

std::vector<double> absorb_step(TimeSeries& series, Instant at, const StepOptions& options) {
  validate(options, "step");
  const auto most = static_cast<std::size_t>(options.samples);
  const auto first =
      static_cast<std::size_t>(std::lower_bound(series.time.begin(), series.time.end(), at) - series.time.begin());
  std::vector<double> steps;
  for (std::size_t c = 0; c < series.width(); ++c) {
    std::vector<double> before;
    std::vector<double> after;
    for (std::size_t k = first; k-- > 0 && before.size() < most;) {
      if (std::isfinite(series.value(k, c))) before.push_back(series.value(k, c));
    }
    for (std::size_t k = first; k < series.size() && after.size() < most; ++k) {
      if (std::isfinite(series.value(k, c))) after.push_back(series.value(k, c));
    }
    if (before.size() < 3 || after.size() < 3) return {};
    steps.push_back(median(after) - median(before));
  }
  for (std::size_t k = first; k < series.size(); ++k) {
    for (std::size_t c = 0; c < series.width(); ++c) series.value_m[k * series.width() + c] -= steps[c];
  }
  if (first < series.size()) series.flags[first] |= kFlagStep;
  return steps;
}

TimeSeries without_common_mode(const TimeSeries& series, const std::vector<const TimeSeries*>& others,
                               const ReferenceOptions& options) {
  validate(options, "reference");
  TimeSeries out = series;
  for (std::size_t i = 0; i < series.size(); ++i) {
    for (std::size_t c = 0; c < series.width(); ++c) {
      std::vector<double> common;
      double variance = 0.0;
      for (const TimeSeries* other : others) {
        if (other->width() != series.width()) {
          throw Error(ErrorKind::input, "a reference has other components than its rover", other->target);
        }
        const std::size_t k = nearest(*other, series.time[i], options.tolerance_s);
        if (k == static_cast<std::size_t>(-1) || !std::isfinite(other->value(k, c))) continue;
        common.push_back(other->value(k, c));
        variance += other->sigma(k, c) * other->sigma(k, c);
      }
      const std::size_t at = i * series.width() + c;
      const double n = static_cast<double>(common.size());
      out.value_m[at] = common.empty() ? kNaN : series.value(i, c) - median(common);
      out.sigma_m[at] = common.empty() ? kNaN : std::sqrt(series.sigma(i, c) * series.sigma(i, c) + variance / (n * n));
    }
  }
  return out;
}

}  // namespace highwall
