#pragma once

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "algorithms/radar/area_alarms.hpp"
#include "tests/support/radar_scene.hpp"

namespace highwall {

/// What one simulated run of a radar says, with sigma from stable cells, and with that of each cell's own residuals.
struct AlarmRun {
  std::vector<AreaAlarm> calibrated;
  std::vector<AreaAlarm> residual;
  /// Scans after the motion's peak at which the alarm called it progressive.
  std::size_t progressive_after_peak = 0;
  double judged_days = 0.0;
};

/// A block of 12 x 12 cells that moves as `scenario` says, in 64 x 64 cells under an atmosphere like a real one.
struct AlarmScene {
  static constexpr std::size_t kFirst = 26;
  static constexpr std::size_t kLast = 38;
  static constexpr double kFailure_h = 30.0;  ///< Of "accelerating".
  static constexpr double kPeak_h = 16.0;     ///< Of "regressive".
  static constexpr double kBlast_h = 18.0;    ///< Of "blast-step".
  static constexpr double kHours = 30.0;

  /// mm towards the radar after so many hours.
  static double motion_mm(const std::string& scenario, double hours) {
    // Voight with alpha = 2: the speed is 2 mm over the time to failure.
    if (scenario == "accelerating") return hours < kFailure_h ? 2.0 * std::log(kFailure_h / (kFailure_h - hours)) : 50.0;
    // Towards a failure at 20 h that does not come: the speed falls by half in 2.8 h.
    if (scenario == "regressive") {
      const double rise = 2.0 * std::log(20.0 / (20.0 - std::min(hours, kPeak_h)));
      return rise + (hours > kPeak_h ? 0.5 * 4.0 * (1.0 - std::exp(-(hours - kPeak_h) / 4.0)) : 0.0);
    }
    if (scenario == "blast-step") return hours < kBlast_h ? 0.0 : 3.0;
    return 0.0;
  }
  static RadarScene of(const std::string& scenario, std::uint64_t seed) {
    RadarScene scene;
    scene.rows = scene.cols = 64;
    scene.seed = seed;
    scene.turbulence_mm = 0.1;
    scene.diurnal_mm = 0.3;
    scene.trend_mm_per_km = 0.3;
    scene.motion_mm = [scenario](std::size_t row, std::size_t col, double hours) {
      const bool moves = row >= kFirst && row < kLast && col >= kFirst && col < kLast;
      return moves ? motion_mm(scenario, hours) : 0.0;
    };
    return scene;
  }
};

/// Slope of a line through the last samples of every cell, with the sigma that its residuals give: what peers call the standard
/// deviation of a velocity.
class ResidualVelocity {
 public:
  ResidualVelocity(std::size_t cells, std::size_t samples) : samples_(samples), velocity(cells), sigma(cells) {}
  void push(const std::vector<float>& displacement_m, double days) {
    maps_.push_back(displacement_m);
    days_.push_back(days);
    if (maps_.size() > samples_) {
      maps_.pop_front();
      days_.pop_front();
    }
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto n = static_cast<double>(maps_.size());
    double t_mean = 0.0;
    for (const double t : days_) t_mean += t / n;
    double stt = 0.0;
    for (const double t : days_) stt += (t - t_mean) * (t - t_mean);
    for (std::size_t i = 0; i < velocity.size(); ++i) {
      velocity[i] = sigma[i] = nan;
      if (maps_.size() < samples_) continue;
      double mean = 0.0, std_ = 0.0, square = 0.0;
      for (const auto& map : maps_) mean += static_cast<double>(map[i]) / n;
      for (std::size_t k = 0; k < maps_.size(); ++k) std_ += (days_[k] - t_mean) * static_cast<double>(maps_[k][i]);
      const double v = std_ / stt;
      for (std::size_t k = 0; k < maps_.size(); ++k) {
        const double e = static_cast<double>(maps_[k][i]) - mean - v * (days_[k] - t_mean);
        square += e * e;
      }
      velocity[i] = static_cast<float>(v);
      sigma[i] = static_cast<float>(std::sqrt(square / (n - 2.0) / stt));
    }
  }

 private:
  std::size_t samples_;
  std::deque<std::vector<float>> maps_;
  std::deque<double> days_;

 public:
  std::vector<float> velocity;
  std::vector<float> sigma;
};

/// The rule of all runs: significance alone, 12 cells, 3 of 5 scans.
inline AreaRule z_only_rule(double k_sigma) {
  AreaRule rule;
  rule.name = "z_only";
  rule.window_h = 3.0;
  rule.k_sigma = k_sigma;
  rule.least_cells = 12;
  return rule;
}

inline AlarmRun alarm_run(const std::string& scenario, std::uint64_t seed, double k_sigma, bool with_residual, const Run& run) {
  const AreaRule rule = z_only_rule(k_sigma);
  const RadarScene scene = AlarmScene::of(scenario, seed);
  RadarSimulator radar(scene);
  VelocityStreamOptions options;
  options.windows_h = {rule.window_h};
  VelocityStream stream(scene.grid(), ScanValue::cumulative, options);
  AreaAlarms areas(scene.grid(), {rule});
  AreaAlarms by_residual(scene.grid(), {rule});
  const auto samples = static_cast<std::size_t>(rule.window_h * 3600.0 / scene.step_s) + 1;
  ResidualVelocity residual(scene.cells(), samples);
  AlarmRun out;
  const auto scans = static_cast<std::size_t>(AlarmScene::kHours * 3600.0 / scene.step_s);
  for (std::size_t k = 0; k < scans; ++k) {
    const double hours = static_cast<double>(k) * scene.step_s / 3600.0;
    const RadarScan scan = radar.next();
    const VelocityScan& velocity = stream.push(scan, run);
    const WindowVelocity& window = velocity.windows[0];
    AreaScan area;
    area.at = scan.instant;
    area.windows = {{rule.window_h, window.velocity_m_per_day, window.sigma_m_per_day, window.motion}};
    area.displacement_m = velocity.displacement_m;
    area.aliased = velocity.aliased;
    areas.push(area, run);
    if (hours >= rule.window_h) out.judged_days += scene.step_s / 86400.0;
    if (with_residual) {
      residual.push(velocity.displacement_m, hours / 24.0);
      area.windows = {{rule.window_h, residual.velocity, residual.sigma}};
      area.aliased = {};
      by_residual.push(area, run);
    }
    // A window after the peak it lies on the way down only.
    if (scenario == "regressive" && hours > AlarmScene::kPeak_h + rule.window_h) {
      for (const AreaAlarm& alarm : areas.alarms()) {
        if (alarm.stands() && alarm.last == area.at && alarm.trend == CellMotion::progressive) ++out.progressive_after_peak;
      }
    }
  }
  out.calibrated = areas.alarms();
  out.residual = by_residual.alarms();
  return out;
}

/// True when the block is among the alarm's cells.
inline bool is_of_block(const AreaAlarm& alarm) {
  for (const std::uint32_t cell : alarm.cells) {
    const std::size_t row = cell / 64;
    const std::size_t col = cell % 64;
    if (row >= AlarmScene::kFirst && row < AlarmScene::kLast && col >= AlarmScene::kFirst && col < AlarmScene::kLast) return true;
  }
  return false;
}

}  // namespace highwall
