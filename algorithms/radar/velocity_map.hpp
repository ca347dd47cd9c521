#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Options of velocity_map().
struct MapOptions {
  double window_h = 24.0;

  static void describe(auto& d) { d.field(&MapOptions::window_h, "window_h", "h", above(0), "Length of the trailing window"); }
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

/// What is known of the ground under a map; empty vectors = not known.
struct MapGround {
  std::vector<double> range_m;       ///< From the radar, by cell.
  std::vector<std::uint8_t> stable;  ///< 1 = stable ground.
};

/// Trailing velocity of every cell of a stack as rate() gives it, its sigma as calibrate() does. Without a declared
/// quiet period sigma comes from the map itself: the rms of the velocities of the stable cells about zero, or, where
/// none are known, 1.4826 times the median of all (the quieter half decides); in proportion to range, with
/// which atmosphere and clutter grow. NaN with fewer than 8 cells.
/// @param rate_options  its windows are not used
/// @throws Error(input) when the scans are not in time order, Error(config) for bad options
VelocityMap velocity_map(const Stack& stack, const std::vector<std::array<Instant, 2>>& quiet, const MapOptions& options,
                         const RateOptions& rate_options, const NoiseOptions& noise_options, const Run& run,
                         const MapGround& ground = {});

}  // namespace highwall
