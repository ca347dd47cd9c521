#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/displacement.hpp"
#include "core/series.hpp"

namespace highwall {

/// Which displacement of a core point makes its series.
enum class CoreValue : std::uint8_t {
  m3c2,        ///< distance and sigma; component "along_normal".
  calibrated,  ///< distance_calibrated; sigma is its limit by 1.96. Component "along_normal".
  vector,      ///< Components east, north, up with their covariance.
};

inline constexpr const char* kCoreValues[] = {"m3c2", "calibrated", "vector"};
/// @throws Error(config) for another word
CoreValue core_value_of(std::string_view word);

/// Fields of one series of epochs over the same core points, turned into a series a core point, one epoch at a time.
class CoreSeries {
 public:
  /// @param first  the first epoch against the reference; it is not added
  CoreSeries(const DisplacementField& first, CoreValue value);

  /// One more epoch. @throws Error(input) for a field over other places or against another reference, or without that value
  void add(const DisplacementField& field);

  /// The core points that were measured at least once, named SOURCE/core followed by their index. Each starts with zero at
  /// the reference epoch; NaN = no value. position_m is in world coordinates.
  std::vector<TimeSeries> take(const std::string& source) &&;

 private:
  CoreValue value_;
  Instant reference_;
  std::vector<TimeSeries> series_;
};

}  // namespace highwall
