#include "algorithms/series/clean.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "algorithms/series/gap.hpp"
#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

/// What the samples before one tell.
struct Usual {
  double median = kNaN;
  double sigma = kNaN;  ///< Robust, of the increments, so that steady motion does not widen it.
  double last = kNaN;   ///< The newest of them: where a slope in motion is.
};

std::optional<Usual> usual_before(const TimeSeries& s, std::size_t i, std::size_t c, std::size_t count) {
  std::vector<double> values;
  std::vector<double> increments;
  for (std::size_t k = i; k-- > 0 && values.size() < count;) {
    if (!std::isfinite(s.value(k, c)) || s.flags[k] != kFlagNone) continue;
    if (!values.empty()) increments.push_back(std::abs(values.back() - s.value(k, c)));
    values.push_back(s.value(k, c));
  }
  if (values.size() < 4) return std::nullopt;
  const double last = values.front();
  return Usual{median(std::move(values)), kMadToSigma * median(std::move(increments)), last};
}

/// Nearest unflagged sample of `s` to `t`, or npos when none is within the tolerance. Samples are in time order.
std::size_t nearest(const TimeSeries& s, Instant t, double tolerance_s) {
  constexpr std::size_t npos = static_cast<std::size_t>(-1);
  const auto after = std::lower_bound(s.time.begin(), s.time.end(), t);
  std::size_t best = npos;
  double best_distance = tolerance_s;
  for (const std::ptrdiff_t step : {std::ptrdiff_t{-1}, std::ptrdiff_t{0}}) {
    const std::ptrdiff_t k = (after - s.time.begin()) + step;
    if (k < 0 || k >= static_cast<std::ptrdiff_t>(s.size())) continue;
    if (!s.flags.empty() && s.flags[static_cast<std::size_t>(k)] != kFlagNone) continue;  // Its error would be everyone's.
    const double distance = std::abs(to_seconds(s.time[static_cast<std::size_t>(k)] - t));
    if (distance <= best_distance) {
      best = static_cast<std::size_t>(k);
      best_distance = distance;
    }
  }
  return best;
}

constexpr std::size_t kMostOfWrongClock = 24;  // More are a series that paused.
constexpr double kSpansOfWrongClock = 100.0;

/// Flags what lies before a gap that no instrument would leave after so little. Each gap is judged by the samples
/// before it alone; what is flagged counts for no later one.
std::size_t flag_wrong_clock(TimeSeries& s, double gap_days) {
  std::size_t first = 0;
  for (std::size_t i = 1; i < s.size() && i - first <= kMostOfWrongClock; ++i) {
    const double gap = to_days(s.time[i] - s.time[i - 1]).value;
    const double span = to_days(s.time[i - 1] - s.time[first]).value;
    if (gap > gap_days && gap > kSpansOfWrongClock * span) first = i;
  }
  for (std::size_t i = 0; i < first; ++i) s.flags[i] |= kFlagClock;
  return first;
}

}  // namespace

std::size_t clean(TimeSeries& series, const CleanOptions& options) {
  validate(options, "clean");
  series = select(series, time_order(series));
  if (series.flags.empty()) series.flags.assign(series.size(), kFlagNone);
  std::size_t flagged = flag_wrong_clock(series, options.clock_gap_days);
  for (std::size_t i = 0; i + 1 < series.size(); ++i) {
    for (std::size_t c = 0; c < series.width(); ++c) {
      const double x = series.value(i, c);
      const double next = series.value(i + 1, c);
      if (series.flags[i] != kFlagNone || !std::isfinite(x) || !std::isfinite(next)) continue;
      const auto usual = usual_before(series, i, c, static_cast<std::size_t>(2 * options.half_window));
      if (!usual) continue;
      // Off and back, from where the series used to be or from where its motion had brought it.
      const auto returns = [&](double from) {
        const double jump = std::abs(x - from);
        return jump > options.threshold * usual->sigma && jump > 1e-4 && std::abs(next - from) < 0.25 * jump;
      };
      if (!returns(usual->median) && !returns(usual->last)) continue;
      series.flags[i] |= kFlagOutlier;
      ++flagged;
    }
  }
  return flagged;
}

namespace {

/// Samples about a step.
struct Side {
  std::vector<double> t_days;
  std::vector<double> x_m;
};

/// Median of the slopes of all pairs within either side (Theil 1950, Sen 1968): the motion that goes on across the step.
double slope_beside(const Side& before, const Side& after) {
  std::vector<double> slopes;
  for (const Side* side : {&before, &after}) {
    for (std::size_t i = 0; i < side->x_m.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double span = side->t_days[i] - side->t_days[j];
        if (span != 0.0) slopes.push_back((side->x_m[i] - side->x_m[j]) / span);
      }
    }
  }
  return slopes.empty() ? 0.0 : median(std::move(slopes));
}

double level_at_step(const Side& side, double slope) {
  std::vector<double> levels;
  for (std::size_t i = 0; i < side.x_m.size(); ++i) levels.push_back(side.x_m[i] - slope * side.t_days[i]);
  return median(std::move(levels));
}

struct StepFit {
  double step = kNaN;
  double sigma = kNaN;
};

/// Levels on both sides of the step by one slope; sigma as that of the step in x = a + b t + s [t >= 0] by least
/// squares with the scatter about these levels, which also holds a slope that changes at the step.
StepFit fit_step(const Side& before, const Side& after) {
  const double slope = slope_beside(before, after);
  const double low = level_at_step(before, slope);
  const double high = level_at_step(after, slope);
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  double squares = 0.0;
  double n = 0.0;
  for (const Side* side : {&before, &after}) {
    const bool is_after = side == &after;
    for (std::size_t i = 0; i < side->x_m.size(); ++i) {
      const Eigen::Vector3d row(1.0, side->t_days[i], is_after ? 1.0 : 0.0);
      normal += row * row.transpose();
      const double residual = side->x_m[i] - slope * side->t_days[i] - (is_after ? high : low);
      squares += residual * residual;
      n += 1.0;
    }
  }
  return {high - low, std::sqrt(squares / std::max(1.0, n - 3.0) * normal.inverse()(2, 2))};
}

}  // namespace

KnownStep absorb_step(TimeSeries& series, Instant at, const StepOptions& options) {
  validate(options, "step");
  if (series.flags.empty()) series.flags.assign(series.size(), kFlagNone);
  const auto most = static_cast<std::size_t>(options.samples);
  const auto first = static_cast<std::size_t>(std::lower_bound(series.time.begin(), series.time.end(), at) - series.time.begin());
  std::vector<std::size_t> used;
  for (std::size_t k = first; k-- > 0 && used.size() < most;) {
    if (is_measured(series, k)) used.push_back(k);
  }
  const std::size_t before = used.size();
  for (std::size_t k = first; k < series.size() && used.size() < before + most; ++k) {
    if (is_measured(series, k)) used.push_back(k);
  }
  KnownStep out;
  out.at = at;
  if (before < 3) return out;
  if (used.size() < before + 3) {
    // Too early to tell: until then the samples are no motion and no rest.
    for (std::size_t k = first; k < series.size(); ++k) series.flags[k] |= kFlagStep;
    return out;
  }
  for (std::size_t c = 0; c < series.width(); ++c) {
    Side sides[2];
    for (const std::size_t k : used) {
      Side& side = sides[k >= first ? 1 : 0];
      side.t_days.push_back(to_days(series.time[k] - at).value);
      side.x_m.push_back(series.value(k, c));
    }
    const StepFit fit = fit_step(sides[0], sides[1]);
    out.step_m.push_back(fit.step);
    out.sigma_m.push_back(fit.sigma);
    if (!(std::abs(fit.step) > fit.sigma)) continue;
    out.absorbed = true;
    for (std::size_t k = first; k < series.size(); ++k) series.value_m[k * series.width() + c] -= fit.step;
  }
  series.flags[first] |= kFlagStep;
  return out;
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
