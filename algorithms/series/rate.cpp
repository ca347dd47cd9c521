#include "algorithms/series/rate.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/series/gap.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr int kRebuildAfter = 256;

/// Sums of time (days) and value (m) about a moving origin.
class RunningLine {
 public:
  void set_origin(Instant t, double x) {
    t0_ = t;
    x0_ = x;
    n_ = 0;
    st_ = sx_ = stt_ = stx_ = 0.0;
  }
  void add(Instant t, double x, double sign) {
    const double dt = to_days(t - t0_).value;
    const double dx = x - x0_;
    n_ += sign > 0 ? 1 : -1;
    st_ += sign * dt;
    sx_ += sign * dx;
    stt_ += sign * dt * dt;
    stx_ += sign * dt * dx;
  }
  std::int64_t count() const noexcept { return n_; }
  /// NaN when all samples have the same time.
  double slope() const {
    const double n = static_cast<double>(n_);
    const double spread = n * stt_ - st_ * st_;
    return spread > 0.0 ? (n * stx_ - st_ * sx_) / spread : kNaN;
  }

 private:
  Instant t0_;
  double x0_ = 0.0;
  std::int64_t n_ = 0;
  double st_ = 0.0, sx_ = 0.0, stt_ = 0.0, stx_ = 0.0;
};

WindowRate rate_in_window(const TimeSeries& s, double window_h, const RateOptions& options, std::size_t c) {
  const std::size_t n = s.size();
  WindowRate out;
  out.window_h = window_h;
  out.velocity_m_per_day.assign(n, kNaN);
  out.sigma_m_per_day.assign(n, kNaN);
  out.count.assign(n, 0);
  out.span_days.assign(n, kNaN);
  out.reason.assign(n, Reason::too_few_samples);
  const Duration window = duration_from_seconds(window_h * 3600.0);
  const double needed_span_h = options.min_fill * window_h;
  RunningLine line;
  std::size_t first = 0;  // First sample of the window that may count.
  int steps = kRebuildAfter;
  for (std::size_t i = 0; i < n; ++i) {
    const Instant from = s.time[i] - window;
    if (++steps > kRebuildAfter) {
      while (first < i && s.time[first] < from) ++first;
      line.set_origin(s.time[i], std::isfinite(s.value(i, c)) ? s.value(i, c) : 0.0);
      for (std::size_t k = first; k < i; ++k) {
        if (is_usable(s, k, c)) line.add(s.time[k], s.value(k, c), 1.0);
      }
      steps = 0;
    }
    while (first < i && s.time[first] < from) {
      if (is_usable(s, first, c)) line.add(s.time[first], s.value(first, c), -1.0);
      ++first;
    }
    while (first < i && !is_usable(s, first, c)) ++first;
    if (!is_usable(s, i, c)) continue;  // No velocity at a sample that is not to be believed.
    line.add(s.time[i], s.value(i, c), 1.0);
    out.count[i] = static_cast<std::uint32_t>(line.count());
    if (line.count() < options.min_samples) continue;
    if (to_hours(s.time[i] - s.time[first]) < needed_span_h) {
      out.reason[i] = Reason::window_not_filled;
      continue;
    }
    out.velocity_m_per_day[i] = line.slope();
    out.span_days[i] = to_days(s.time[i] - s.time[first]).value;
    out.reason[i] = std::isnan(out.velocity_m_per_day[i]) ? Reason::window_not_filled : Reason::ok;
  }
  return out;
}

/// True for a reading from which the next one came back to where the one before was: a wrong prism, not motion.
bool is_spike(const TimeSeries& s, std::size_t k, std::size_t after, std::size_t c) {
  std::size_t before = k;
  while (before > 0 && !is_usable(s, before - 1, c)) --before;
  if (before == 0) return false;
  const double there = s.value(k, c) - s.value(before - 1, c);
  const double back = s.value(after, c) - s.value(k, c);
  return there * back < 0.0 && std::abs(there + back) < 0.5 * std::min(std::abs(there), std::abs(back));
}

}  // namespace

std::vector<WindowRate> rate(const TimeSeries& series, const RateOptions& options, const Run& run, std::size_t component) {
  validate(options, "rate");
  for (std::size_t i = 1; i < series.size(); ++i) {
    if (series.time[i] < series.time[i - 1]) {
      throw Error(ErrorKind::input, "the samples are not in time order at " + to_iso8601(series.time[i]), series.target,
                  "sort them first");
    }
  }
  std::vector<WindowRate> out(options.windows_h.size());
  for_blocks(
      out.size(),
      [&](const Block& block) {
        for (std::size_t w = block.begin; w < block.end; ++w) {
          out[w] = rate_in_window(series, options.windows_h[w], options, component);
        }
      },
      run, {}, 1);
  return out;
}

TwoPointRate two_point_rate(const TimeSeries& s, std::size_t sample, double window_days, std::size_t c) {
  TwoPointRate out;
  if (!is_usable(s, sample, c)) return out;
  const auto take = [&](std::size_t k, double span) {
    out.span_days = span;
    out.velocity_m_per_day = (s.value(sample, c) - s.value(k, c)) / span;
    out.sigma_m_per_day = std::hypot(s.sigma(sample, c), s.sigma(k, c)) / span;
    out.reason = Reason::ok;
  };
  double best = 0.5 * window_days;
  std::size_t far = 0;         // Readings beyond the window that counted.
  std::size_t after = sample;  // The reading that follows the one that is looked at.
  bool alone = true;
  for (std::size_t k = sample; k-- > 0 && far < 2;) {
    if (!is_usable(s, k, c)) continue;
    const double span = to_days(s.time[sample] - s.time[k]).value;
    if (span > kWindowsBack * window_days) {
      if (!alone) break;
      if (is_spike(s, k, after, c)) continue;
      const double moved = std::abs(s.value(sample, c) - s.value(k, c)) / span;
      if (far++ == 0 || moved > std::abs(out.velocity_m_per_day)) take(k, span);
      after = k;
      continue;
    }
    alone = false;
    if (span < 0.5 * window_days || std::abs(span - window_days) > best) continue;
    best = std::abs(span - window_days);
    take(k, span);
  }
  return out;
}

}  // namespace highwall
