#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "core/frame.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"

namespace highwall {

/// The cells that each scan of a slope radar looks at: rows are range bins, columns azimuths (a georeferenced map has plain rows
/// and columns). Cells are row-major; two cells are neighbours when they touch at a side or corner.
/// What is per cell is empty while it is not known, else one value a cell, NaN where the cell sees nothing.
struct ScanGrid {
  std::size_t rows = 0;
  std::size_t cols = 0;
  /// Polar axes; empty for a map.
  std::vector<double> range_m;      ///< One a row.
  std::vector<double> azimuth_rad;  ///< One a column, clockwise from the middle of the fan.
  Frame frame;
  std::vector<Eigen::Vector3d> position_m;          ///< Local position in `frame`.
  std::vector<Eigen::Vector3d> line_of_sight_unit;  ///< Target -> sensor.
  std::vector<float> cell_range_m;                  ///< Slant range; from `range_m` when that is known.
  std::vector<float> cell_height_m;
  std::vector<float> area_m2;  ///< True area on the slope.
  LineOfSight line_of_sight;   ///< One for all cells where there is none a cell.
  double wavelength_m = std::numeric_limits<double>::quiet_NaN();

  std::size_t cells() const noexcept { return rows * cols; }
};

/// What the numbers of a scan are.
enum class ScanValue {
  increment,   ///< Motion since the scan before.
  cumulative,  ///< Motion since the first scan.
};

/// One scan: motion in metres towards the sensor (positive = towards), NaN = no data.
struct RadarScan {
  Instant instant = kNoInstant;
  std::string name;  ///< File or band it comes from, for messages.
  std::vector<float> displacement_m;
  std::vector<float> coherence;  ///< 0..1, empty when the source has none.
  std::vector<float> amplitude;  ///< Linear, empty when the source has none.
};

/// Scans in order of time, one at a time, so that a day of them never has to be in memory.
class ScanSource {
 public:
  virtual ~ScanSource() = default;
  virtual const ScanGrid& grid() const noexcept = 0;
  virtual ScanValue value() const noexcept = 0;
  virtual std::size_t size() const noexcept = 0;
  /// Scan `index` of size(). Called from one thread at a time.
  /// @throws Error(input) naming the file and what is wrong with it.
  virtual RadarScan read(std::size_t index) const = 0;
};

}  // namespace highwall
