#include <algorithm>
#include <cmath>

#include "algorithms/radar/velocity_state.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

/// A cell without a value for a larger share of the window has no velocity there now.
constexpr double kStaleShare = 1.0 / 12.0;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// ln n, from a table: it is wanted for every cell and window of every scan.
double log_of(std::int64_t n) {
  static const std::vector<double> table = [] {
    std::vector<double> logs(8192);
    for (std::size_t k = 1; k < logs.size(); ++k) logs[k] = std::log(static_cast<double>(k));
    return logs;
  }();
  return n > 0 && static_cast<std::size_t>(n) < table.size() ? table[static_cast<std::size_t>(n)]
                                                             : std::log(static_cast<double>(n));
}

/// The model with the least Bayesian information criterion: what a velocity and an acceleration beyond noise are worth, against
/// ln n for each number more.
CellMotion motion_of(double velocity, double acceleration, double z_velocity, double z_acceleration, std::int64_t n,
                     double window_d) {
  if (!std::isfinite(z_velocity)) return CellMotion::unknown;
  const double price = log_of(n);
  const double linear = price - z_velocity * z_velocity;
  const double curved =
      std::isfinite(z_acceleration) ? linear + price - z_acceleration * z_acceleration : std::numeric_limits<double>::infinity();
  if (std::min(linear, curved) >= 0.0) return CellMotion::none;
  if (linear <= curved) return CellMotion::linear;
  const double at_end = velocity + 0.5 * window_d * acceleration;
  return at_end * acceleration > 0.0 ? CellMotion::progressive : CellMotion::regressive;
}

}  // namespace

Reason VelocityStream::State::usable(std::size_t w, std::size_t i, const WindowSums::Fit& fit) const {
  if (seen_at[i] == kNeverSeen) return Reason::decorrelated;
  const double stale = kTicksPerHour * std::max(kStaleShare * options.windows_h[w], 1.5 * judged.step_h);
  if (tick - static_cast<double>(seen_at[i]) > stale) return Reason::decorrelated;
  if (fit.count < options.min_samples) return Reason::too_few_samples;
  return fit.fill_squared < options.min_fill * options.min_fill ? Reason::window_not_filled : Reason::ok;
}

/// What the stable cells of each bin share and scatter by, in every window.
void VelocityStream::State::calibrate(const Run& run) {
  const std::size_t n_bins = bins.size();
  const bool by_line = options.atmosphere == "off" && !range_m.empty();
  for (WindowVelocity& w : out.windows) w.bins.assign(n_bins, RangeBin{});
  for_blocks(
      windows.size() * n_bins,
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const std::size_t w = k / n_bins;
          const std::size_t b = k % n_bins;
          WindowVelocity& window = out.windows[w];
          for (const std::uint32_t i : bins.stable(b)) {
            const WindowSums::Fit fit = windows[w].fit(i, level[i]);
            const bool ok = usable(w, i, fit) == Reason::ok;
            window.velocity_m_per_day[i] = ok ? static_cast<float>(fit.velocity * level_m * 24.0) : kNone;
            const bool curved = ok && fit.has_acceleration;
            window.acceleration_m_per_day2[i] = curved ? static_cast<float>(fit.acceleration * level_m * 576.0) : kNone;
          }
          const auto least = static_cast<std::size_t>(options.least_stable);
          const auto spread = [&](const std::vector<float>& values) {
            return by_line ? robust_spread_about_line(values, bins.stable(b), least, range_m, bins.middle_m(b))
                           : robust_spread(values, bins.stable(b), least);
          };
          const RobustSpread v = spread(window.velocity_m_per_day);
          const RobustSpread a = spread(window.acceleration_m_per_day2);
          window.bins[b] = {bins.near_m(b), bins.far_m(b), v.count,       v.middle,     v.sigma,
                            a.middle,       a.sigma,       1e3 * v.per_m, 1e3 * a.per_m};
        }
      },
      run, {}, 1);
}

void VelocityStream::State::finish_cell(std::size_t w, std::size_t i, double& largest) {
  WindowVelocity& window = out.windows[w];
  WindowSums::Fit fit = windows[w].fit(i, level[i]);
  window.reason[i] = usable(w, i, fit);
  window.motion[i] = CellMotion::unknown;
  if (window.reason[i] != Reason::ok) {
    window.velocity_m_per_day[i] = window.sigma_m_per_day[i] = window.z[i] = window.acceleration_m_per_day2[i] = kNone;
    return;
  }
  const std::uint16_t bin = bins.of_cell()[i];
  static const RangeBin kNoBin;
  const RangeBin& own = bin == RangeBins::kNone ? kNoBin : window.bins[bin];
  const bool calibrated = std::isfinite(own.sigma_m_per_day);
  const double km = own.common_m_per_day_per_km != 0.0 ? 1e-3 * (range_m[i] - bins.middle_m(bin)) : 0.0;
  const double common = calibrated ? own.common_m_per_day + km * own.common_m_per_day_per_km : 0.0;
  const double common2 = std::isfinite(own.sigma_m_per_day2) ? own.common_m_per_day2 + km * own.common_m_per_day2_per_km : 0.0;
  double v = fit.velocity * level_m * 24.0 - common;
  double a = fit.acceleration * level_m * 576.0 - common2;
  if (calibrated && std::abs(v) >= options.refit_z * own.sigma_m_per_day) {
    fit = windows[w].robust_fit(i, level[i]);
    v = fit.velocity * level_m * 24.0 - common;
    a = fit.acceleration * level_m * 576.0 - common2;
    out.flags[i] |= cell_flag::refitted;
  }
  window.velocity_m_per_day[i] = static_cast<float>(v);
  window.acceleration_m_per_day2[i] = fit.has_acceleration ? static_cast<float>(a) : kNone;
  window.sigma_m_per_day[i] = window.z[i] = kNone;
  if (!calibrated) {
    window.reason[i] = Reason::no_stable_ground;
    return;
  }
  // Where kriging had no stable cells near by, more of the turbulence is left than where sigma was calibrated.
  const double excess = kriging.used() ? kriging.excess_variance(i) : 0.0;
  const double wider = excess > 0.0 && noise > 0.0 ? std::sqrt(1.0 + excess / (noise * noise)) : 1.0;
  const double sigma = own.sigma_m_per_day * wider;
  const double z = v / sigma;
  window.sigma_m_per_day[i] = static_cast<float>(sigma);
  window.z[i] = static_cast<float>(z);
  window.motion[i] =
      motion_of(v, a, z, fit.has_acceleration ? a / (own.sigma_m_per_day2 * wider) : kUnknown, fit.count, window.window_h / 24.0);
  if (!(std::abs(z) <= largest)) largest = std::abs(z);
}

void VelocityStream::State::measure(const Run& run) {
  calibrate(run);
  for_blocks(
      cells(),
      [&](const Block& block) {
        std::vector<double> largest(block.end - block.begin, kUnknown);
        for (std::size_t w = 0; w < windows.size(); ++w) {
          for (std::size_t i = block.begin; i < block.end; ++i) finish_cell(w, i, largest[i - block.begin]);
        }
        for (std::size_t i = block.begin; i < block.end; ++i) {
          stable.note(i, std::isfinite(out.displacement_m[i]), largest[i - block.begin]);
        }
      },
      run);
  stable.end_scan();
}

/// As soon as a window shows a velocity, when it is filled, and then every so often.
Instant VelocityStream::State::next_test() const {
  Instant next = tested + duration_from_seconds(3600.0 * options.retest_h);
  const auto consider = [&](double length) {
    const Instant t = start + duration_from_seconds(3600.0 * length);
    if (t > tested) next = std::min(next, t);
  };
  consider(options.min_fill * options.windows_h.front() * 1.1);
  for (const double h : options.windows_h) consider(h);
  return next;
}

void VelocityStream::State::test_stable() {
  if (now < next_test()) return;
  tested = now;
  stable.test();
  kriging.set_stable(stable.list());
  bins = RangeBins(range_m, stable.mask(), static_cast<std::size_t>(options.least_stable));
}

}  // namespace highwall
