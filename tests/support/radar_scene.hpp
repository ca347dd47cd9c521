#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

#include "core/scan.hpp"

namespace highwall {

/// Scans of a simulated slope radar whose noise is like that of a real one (IBIS-ArcSAR, wall ALT-079): white noise of a scan,
/// and a wander that grows over hours, which neighbours share in part and which grows with the range.
struct RadarScene {
  std::size_t rows = 24;
  std::size_t cols = 40;
  double step_s = 300.0;
  double white_mm = 0.028;
  double wander_mm = 0.136;
  double wander_h = 12.0;      ///< Time in which the wander is pulled back.
  double common_share = 0.5;   ///< Of the wander's variance, common to all cells in proportion to range.
  double turbulence_mm = 0.0;  ///< Wander that neighbours share: knots every turbulence_cells cells, straight between them.
  std::size_t turbulence_cells = 16;
  double diurnal_mm = 0.0;       ///< Amplitude of a daily wave at 1 km, common to all cells.
  double trend_mm_per_km = 0.0;  ///< Standard deviation of refractivity from scan to scan, forgotten at once.
  double wavelength_m = 0.0172;
  std::uint64_t seed = 1;
  /// True motion towards the radar in mm, of (row, col, hours).
  std::function<double(std::size_t, std::size_t, double)> motion_mm = [](std::size_t, std::size_t, double) { return 0.0; };

  std::size_t cells() const { return rows * cols; }
  ScanGrid grid() const {
    ScanGrid g;
    g.rows = rows;
    g.cols = cols;
    for (std::size_t r = 0; r < rows; ++r) g.range_m.push_back(range_m(r));
    for (std::size_t c = 0; c < cols; ++c) g.azimuth_rad.push_back(-0.5 + static_cast<double>(c) / static_cast<double>(cols));
    g.wavelength_m = wavelength_m;
    return g;
  }
  double range_m(std::size_t row) const { return 600.0 + 600.0 * static_cast<double>(row) / static_cast<double>(rows); }
};

/// Cumulative scans of a scene, one after the other.
class RadarSimulator {
 public:
  explicit RadarSimulator(RadarScene scene) : scene_(std::move(scene)), random_(scene_.seed * 7919 + 17), own_(scene_.cells()) {
    common_ = normal();
    for (double& w : own_) w = normal();
    if (scene_.turbulence_mm > 0.0) knots_.resize(knot_rows() * knot_cols());
    for (double& w : knots_) w = normal();
  }
  static constexpr Instant kStart{1'755'043'200LL * kNsPerSecond};  // 2025-08-13T00:00:00Z

  RadarScan next() {
    const double hours = scene_.step_s / 3600.0 * static_cast<double>(k_);
    const double keep = std::exp(-scene_.step_s / 3600.0 / scene_.wander_h);
    const double fresh = std::sqrt(1.0 - keep * keep);
    common_ = keep * common_ + fresh * normal();
    for (double& w : knots_) w = keep * w + fresh * normal();
    const double trend = scene_.trend_mm_per_km * normal();
    const double wave = scene_.diurnal_mm * std::sin(2.0 * std::numbers::pi * hours / 24.0);
    RadarScan scan;
    scan.instant = kStart + Duration{static_cast<std::int64_t>(static_cast<double>(k_) * scene_.step_s) * kNsPerSecond};
    scan.name = "simulated scan " + std::to_string(k_++);
    scan.displacement_m.resize(scene_.cells());
    for (std::size_t i = 0; i < scene_.cells(); ++i) {
      const std::size_t r = i / scene_.cols;
      const double km = 1e-3 * scene_.range_m(r);
      own_[i] = keep * own_[i] + fresh * normal();
      const double wander =
          scene_.wander_mm * (std::sqrt(scene_.common_share) * common_ * km + std::sqrt(1.0 - scene_.common_share) * own_[i]);
      const double mm = scene_.motion_mm(r, i % scene_.cols, hours) + wander + turbulence(r, i % scene_.cols) +
                        (wave + trend) * km + scene_.white_mm * normal();
      scan.displacement_m[i] = static_cast<float>(1e-3 * mm);
    }
    return scan;
  }
  const RadarScene& scene() const { return scene_; }

 private:
  std::size_t knot_rows() const { return scene_.rows / scene_.turbulence_cells + 2; }
  std::size_t knot_cols() const { return scene_.cols / scene_.turbulence_cells + 2; }
  double turbulence(std::size_t row, std::size_t col) const {
    if (knots_.empty()) return 0.0;
    const std::size_t step = scene_.turbulence_cells;
    const double u = static_cast<double>(row % step) / static_cast<double>(step);
    const double v = static_cast<double>(col % step) / static_cast<double>(step);
    const double* at = knots_.data() + row / step * knot_cols() + col / step;
    const double* below = at + knot_cols();
    return scene_.turbulence_mm * ((1.0 - u) * ((1.0 - v) * at[0] + v * at[1]) + u * ((1.0 - v) * below[0] + v * below[1]));
  }
  /// Marsaglia's polar method: the same numbers with every standard library.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double u = 0.0, v = 0.0, s = 0.0;
    do {
      u = uniform();
      v = uniform();
      s = u * u + v * v;
    } while (s >= 1.0 || s == 0.0);
    const double f = std::sqrt(-2.0 * std::log(s) / s);
    spare_ = v * f;
    has_spare_ = true;
    return u * f;
  }
  double uniform() { return static_cast<double>(random_() >> 11U) * 0x1.0p-52 - 1.0; }

  RadarScene scene_;
  std::mt19937_64 random_;
  std::vector<double> own_;
  std::vector<double> knots_;
  double common_ = 0.0;
  std::size_t k_ = 0;
  bool has_spare_ = false;
  double spare_ = 0.0;
};

}  // namespace highwall
