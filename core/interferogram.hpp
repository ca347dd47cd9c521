#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/grid.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"

namespace highwall {

/// One unwrapped interferogram: phase at instant `second` minus phase at instant `first`.
struct Interferogram {
  std::size_t first = 0;  ///< Index into InterferogramNetwork::instants; first < second.
  std::size_t second = 0;
  std::string name;  ///< File or dataset it comes from, for messages.
  double perpendicular_baseline_m = std::numeric_limits<double>::quiet_NaN();
  std::string given_as = {};  ///< The same relative to the folder or list that named it: without a machine's paths.
};

/// How the rows and columns of a real-aperture radar's rasters lie about it, and where it stood (GPRI of GAMMA): columns are
/// ranges, rows azimuths. NaN = not told.
struct PolarRaster {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  double near_range_m = kUnknown;
  double range_step_m = kUnknown;
  double azimuth_start_deg = kUnknown;
  double azimuth_step_deg = kUnknown;
  double scan_heading_deg = kUnknown;
  double antenna_elevation_deg = kUnknown;
  double latitude_deg = kUnknown;
  double longitude_deg = kUnknown;
  double altitude_m = kUnknown;
  double geoid_m = kUnknown;
};

/// Everything about a stack of interferograms but its pixels.
struct InterferogramNetwork {
  GridGeometry geometry;
  std::vector<Instant> instants;  ///< Acquisitions, strictly ascending.
  std::vector<Interferogram> pairs;
  bool has_coherence = false;
  double wavelength_m = std::numeric_limits<double>::quiet_NaN();
  /// Displacement towards the sensor of one radian, in metres. Phase stays as the source wrote it; this is where its sign lives:
  /// -wavelength / 4 pi where phase grows with the distance (MintPy, GAMMA, ISCE2), + where a source wrote it the other way.
  double metres_per_radian = std::numeric_limits<double>::quiet_NaN();
  /// Effective number of independent looks of the coherence; NaN = not known.
  double looks = std::numeric_limits<double>::quiet_NaN();
  /// Pixel (row, column) that the source has put to zero, if it says so.
  std::optional<std::array<std::size_t, 2>> reference;
  LineOfSight line_of_sight;  ///< Mean of the pixels where they have their own.
  /// Unit vectors target -> sensor, one a cell, NaN where it is not known; empty where the source has one for all.
  std::vector<Eigen::Vector3f> line_of_sight_per_cell;
  std::optional<PolarRaster> polar;
  std::string processor;        ///< "mintpy", "gamma", "roipac", "isce2", "licsar", "pyrate", "dolphin", "hyp3".
  std::string sign_convention;  ///< The source's own, in words, for provenance.

  std::size_t cells() const noexcept { return geometry.cells(); }
};

/// @throws Error(input) naming what is wrong: no pair, instants out of order, a pair of one instant or of instants that are not
/// there, the same pair twice, a wavelength or sign that is not known, a reference outside the raster.
void require_valid(const InterferogramNetwork& network, const std::string& source);

/// Where the pixels of a network come from: memory, or files of any size that are read by rows.
class InterferogramSource {
 public:
  virtual ~InterferogramSource() = default;
  virtual const InterferogramNetwork& network() const noexcept = 0;
  /// Rows [begin, end) of all pairs: phase in radians and coherence 0..1, pair-major (pair, row, column); NaN = no data, by the
  /// rules of the processor. `coherence` is empty, or as long as `phase` (all NaN where the network has none).
  /// Called from one thread at a time. @throws Error(input) naming file and what cannot be read.
  virtual void read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const = 0;
  /// Rows that are best read together (height of the chunks on disk).
  virtual std::size_t row_block() const noexcept { return 1; }
};

/// A network that is held in memory.
class InterferogramStack final : public InterferogramSource {
 public:
  /// Blocks are pair-major (pair, row, column); `coherence` may be empty. @throws Error(input) as require_valid(), and for sizes.
  InterferogramStack(InterferogramNetwork network, std::vector<float> phase, std::vector<float> coherence);

  const InterferogramNetwork& network() const noexcept override { return network_; }
  void read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const override;

 private:
  InterferogramNetwork network_;
  std::vector<float> phase_;
  std::vector<float> coherence_;
};

}  // namespace highwall
