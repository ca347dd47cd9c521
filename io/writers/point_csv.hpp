#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/frame.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"

namespace highwall {

/// A point of a series of displacement, as one row of a table.
struct PointRow {
  std::string id;
  std::array<double, 3> place{};  ///< World coordinates in the table's CRS; NaN = not known.
  LineOfSight line_of_sight;
  double velocity_m_per_year = 0.0;
  double velocity_sigma_m_per_year = 0.0;
};

/// A table as the European Ground Motion Service gives its points: pid, easting, northing (longitude, latitude in a geographic
/// CRS), height, los_east, los_north, los_up, mean_velocity, mean_velocity_std (mm/year), one column a date (mm, positive
/// towards the sensor), what is not known is left empty. Beside them the column crs, which EGMS needs not: all of it is
/// EPSG:3035. Dates are YYYYMMDD where all are at 00:00 UTC, else ISO 8601.
class PointCsv {
 public:
  /// @throws Error(config) for a CRS that PROJ cannot read
  PointCsv(const Frame& frame, std::span<const Instant> instants);
  /// @param value_m  one an instant, NaN = no value
  void add(const PointRow& row, std::span<const double> value_m);
  std::size_t points() const noexcept { return points_; }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string crs_;
  std::size_t dates_;
  std::size_t points_ = 0;
  std::string text_;
};

}  // namespace highwall
