#pragma once

#include <array>
#include <string>
#include <vector>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/surface/dem.hpp"
#include "algorithms/surface/pieces.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of dem_of_difference().
struct DifferenceOptions {
  std::int64_t least_stable = 100;
  double least_stable_share = 0.2;
  double moving_sigma = 4.0;
  std::int64_t window_cells = 7;

  static void describe(auto& d) {
    using O = DifferenceOptions;
    d.field(&O::least_stable, "least_stable", "", at_least(10), "With fewer cells on stable ground limits are not calibrated");
    d.field(&O::least_stable_share, "least_stable_share", "", between(0, 1),
            "The same as a share of the measured ones, where no stable ground is stated");
    d.field(&O::moving_sigma, "moving_sigma", "", above(0),
            "Where no stable ground is stated: cells whose neighbours' mean is more standard errors from zero have changed");
    d.field(&O::window_cells, "window_cells", "", between(3, 51),
            "Side of the square of neighbours that this mean is taken over");
  }
};

/// How the limits of a DEM of difference were calibrated on ground at rest.
struct DifferenceCalibration {
  bool done = false;
  double floor_m = 0.0;  ///< Added to standard errors by scatter in quadrature; the result is multiplied with a
  std::array<double, kSteepness.size()> factor{};  ///< factor, by steepness.
  std::size_t measured = 0;                        ///< Cells with a difference and a sigma.
  std::size_t stable_count = 0;
  double mean_m = kNaN;          ///< Mean difference on stable ground: should be zero.
  double false_alarms = kNaN;    ///< Share of stable cells beyond a limit calibrated on the other half of them; 0.05 is meant.
  double median_limit_m = kNaN;  ///< Of the stable cells.
  std::string sentence;          ///< The same in words.
};

/// Height of the second epoch less that of the first, by cell.
struct DemDifference {
  GridGeometry geometry;
  std::vector<double> before_m, after_m;  ///< Heights.
  std::vector<double> difference_m;       ///< Up is positive; NaN: see reason.
  std::vector<double> sigma_m;            ///< One standard deviation by scatter and calibration, without the registration.
  std::vector<double> registration_m;     ///< One standard deviation of what the registration adds; 0 where none is given.
  std::vector<double> lod95_m;            ///< Detection limit at 95 %.
  std::vector<double> slope_x, slope_y;   ///< Of the first epoch, of the second where it has none.
  std::vector<Reason> reason;             ///< ok, empty_before, empty_after, empty_both, few_points, not_observable (too steep).
  std::vector<std::uint8_t> stable;       ///< 1 = taken for ground at rest.
  DifferenceCalibration calibration;

  std::size_t size() const noexcept { return difference_m.size(); }
  double slope_deg(std::size_t cell) const;
};

/// DEM of difference with a detection limit of its own in every cell (Wheaton et al. 2010, doi:10.1002/esp.1886; Lane et al.
/// 2003, doi:10.1002/esp.483).
///
/// The limit is Student's t (Welch) times the standard errors of both epochs, floored and scaled by a factor for
/// level, inclined and steep ground each, so that on stable ground 5 % of the cells lie beyond it; the registration's covariance
/// joins in quadrature, carried to the cell's place and slope (a shift of t raises a slope with gradient g by t_z - g . t_xy).
/// Where too little ground rests, the limit is that of the scatter alone, and the sentence says so.
/// @param before, after  of one raster
/// @param stable         one a cell, 1 = known to rest; empty: found from the differences
/// @param registration   of the second epoch onto the first, or nullptr
/// @throws Error(input) when rasters or marks differ in size, Error(config) for bad options, Error(cancelled)
DemDifference dem_of_difference(const Dem& before, const Dem& after, const std::vector<std::uint8_t>& stable,
                                const Registration* registration, const DifferenceOptions& options, const Run& run);

/// The cells as pieces for sums.
ChangePieces pieces_of(const DemDifference& difference);

}  // namespace highwall
