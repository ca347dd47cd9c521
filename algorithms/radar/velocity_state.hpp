#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "algorithms/radar/motion_filter.hpp"
#include "algorithms/radar/range_calibration.hpp"
#include "algorithms/radar/residual_kriging.hpp"
#include "algorithms/radar/scan_atmosphere.hpp"
#include "algorithms/radar/stable_cells.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "algorithms/radar/window_sums.hpp"

namespace highwall {

/// The inside of VelocityStream: velocity_follow.cpp takes a scan in, velocity_measure.cpp tells velocities.
struct VelocityStream::State {
  static constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  static constexpr std::uint32_t kNeverSeen = std::numeric_limits<std::uint32_t>::max();
  static constexpr double kTicksPerHour = 36000.0;

  State(const ScanGrid& grid, ScanValue scan_value, VelocityStreamOptions wanted, const CellMasks& masks);

  std::size_t cells() const noexcept { return raw.size(); }
  /// The atmosphere of a cell in the newest scan, in levels; NaN where its range or height is not known.
  double air(std::size_t i) const noexcept { return fitter.at(trend, i) + (kriging.used() ? kriging.at(i) : 0.0); }
  std::int64_t wrapped(std::size_t i) const { return std::llround(wraps[i] * half); }
  double hours_since_seen(std::size_t i) const { return (tick - static_cast<double>(seen_at[i])) / kTicksPerHour; }

  void begin(const RadarScan& scan);
  void take_values(const RadarScan& scan, const Run& run);
  void fit_atmosphere(const Run& run);
  void tell_atmosphere(const AtmosphereTrend& fitted, double after);
  void follow(const Run& run);
  void follow_cell(std::size_t i);
  void measure(const Run& run);
  void calibrate(const Run& run);
  void finish_cell(std::size_t w, std::size_t i, double& largest);
  Reason usable(std::size_t w, std::size_t i, const WindowSums::Fit& fit) const;
  void test_stable();
  Instant next_test() const;
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

  std::size_t rows, cols;
  ScanValue value;
  VelocityStreamOptions options;
  double level_m;  ///< Metres of a level.
  double half;     ///< Half a wavelength in levels; 0 = not known.
  std::vector<float> range_m;
  std::vector<float> height_m;
  TrendFitter fitter;
  ResidualKriging kriging;
  MotionFilter filter;
  std::vector<WindowSums> windows;
  StableCells stable;
  RangeBins bins;
  std::vector<std::int32_t> raw;       ///< Level as the source counts it.
  std::vector<std::int32_t> level;     ///< The last one taken, without atmosphere and wraps.
  std::vector<std::int16_t> wraps;     ///< Half wavelengths taken off.
  std::vector<std::uint32_t> seen_at;  ///< Time of `level`, in 0.1 s since the first scan.
  std::vector<std::uint32_t> alias_until;
  AtmosphereTrend trend;  ///< The last one, in levels.
  double noise = 0.0;     ///< Standard deviation of a value, in levels; 0 = not known yet.
  Instant start = kNoInstant;
  Instant now = kNoInstant;
  Instant before = kNoInstant;
  Instant tested = kNoInstant;
  double tick = 0.0;
  std::size_t scans = 0;
  MotionFilter::Scan judged;
  std::vector<float> hours;  ///< Since the value before, one a cell.
  VelocityScan out;
};

}  // namespace highwall
