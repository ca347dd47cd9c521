#pragma once

#include <array>
#include <vector>

#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Options of velocity_map().
struct MapOptions {
  double window_h = 24.0;

  static void describe(auto& d) {
    d.field(&MapOptions::window_h, "window_h", "h", above(0), "Length of the trailing window");
  }
};

/// Velocity of every cell at the newest scan. Vectors have geometry.cells() entries, row-major.
struct VelocityMap {
  std::string source;
  Instant at = kNoInstant;
  double window_h = 0.0;
  GridGeometry geometry;
  std::vector<double> displacement_m;      ///< Since the first scan, towards the sensor; NaN: decorrelated.
  std::vector<double> velocity_m_per_day;  ///< Trailing; NaN: see reason.
  std::vector<double> sigma_m_per_day;     ///< NaN = cannot be told.
  std::vector<Reason> reason;              ///< Of the velocity.
};

/// Trailing velocity of every cell of a stack as rate() gives it, its sigma as calibrate() does.
/// @param rate_options  its windows are not used
/// @throws Error(input) when the scans are not in time order, Error(config) for bad options
VelocityMap velocity_map(const Stack& stack, const std::vector<std::array<Instant, 2>>& quiet, const MapOptions& options,
                         const RateOptions& rate_options, const NoiseOptions& noise_options, const Run& run);

}  // namespace highwall
