#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "algorithms/compare/m3c2.hpp"
#include "algorithms/compare/shared_shift.hpp"

namespace highwall {

/// Options of measure_calibrated().
struct CalibrateOptions {
  std::int64_t most_points = 80;
  double lag_m = 0.0;
  double longest_lag_m = 0.0;
  std::int64_t variogram_cores = 1000;
  std::int64_t least_stable = 100;
  double least_stable_share = 0.2;
  double moving_sigma = 4.0;
  double most_factor = 2.0;
  double most_shift_m = 0.01;

  static void describe(auto& d) {
    using O = CalibrateOptions;
    d.field(&O::most_points, "most_points", "", between(10, 1000),
            "Of each epoch's points in the cylinder the nearest to its axis; the work grows with the third power");
    d.field(&O::lag_m, "lag_m", "m", at_least(0),
            "Width of the variogram's classes, 1000 of them at most; 0: a twentieth of the longest distance");
    d.field(&O::longest_lag_m, "longest_lag_m", "m", at_least(0), "Longest distance in the variogram; 0: 0.8 cylinder radii");
    d.field(&O::variogram_cores, "variogram_cores", "", at_least(10), "Core points, evenly taken, that the variogram rests on");
    d.field(&O::least_stable, "least_stable", "", at_least(10), "With fewer core points on stable ground nothing is calibrated");
    d.field(&O::least_stable_share, "least_stable_share", "", between(0, 1),
            "The same as a share of the measured ones, where no stable ground is stated");
    d.field(&O::moving_sigma, "moving_sigma", "", above(0),
            "Where no stable ground is stated: core points whose neighbours' mean is more standard errors from zero move");
    d.field(&O::most_factor, "most_factor", "", at_least(1),
            "Where no stable ground is stated: ground that scatters so many times more than neighbours do about each other is "
            "none, and nothing is calibrated");
    d.field(&O::most_shift_m, "most_shift_m", "m", above(0),
            "Where no stable ground is stated: what ground at rest may be off by together (rms along the normals), as a "
            "registration leaves it; more, and nothing is calibrated");
  }
};

/// Covariance of the surface about a quadratic trend, and the noise of the points: nugget and two Gaussians.
struct Roughness {
  double noise_m2 = 0.0;
  std::array<double, 2> variance_m2{};
  std::array<double, 2> length_m{};  ///< exp(-d^2 / (2 length^2))
  double covariance(double squared_distance_m2) const;
};

/// @throws Error(config) naming `where` when lag_m makes more classes of the variogram than any use has
void require_variogram(const CalibrateOptions& options, const M3c2Options& compare, const std::string& where);

/// What calibration found.
struct LimitCalibration {
  bool done = false;
  Roughness roughness;
  SharedShift shift;                 ///< What ground at rest is off by together: taken out of every calibrated distance.
  double shift_rms_m = 0.0;          ///< Its rms along the normals of ground at rest.
  double floor_m = 0.0;              ///< What the formal standard errors of well-seen core points leave out.
  std::vector<double> error_m;       ///< Standard errors at which the factors are known; between them by the logarithm.
  std::vector<double> factor;        ///< Limits are hypot(student95 * factor * hypot(standard error, floor_m), the shift's).
  std::size_t measured = 0;          ///< Core points with a calibrated distance.
  std::vector<std::uint8_t> stable;  ///< By core point: 1 = taken for ground at rest.
  std::size_t stable_count = 0;
  /// Share of stable core points beyond a limit that was calibrated on the other half of them (halves of a
  /// chessboard); by thirds of the standard error too, the smallest first. 0.05 is meant.
  double false_alarms = 0.0;
  std::array<double, 2> false_alarms_by_half{};
  std::array<double, 3> false_alarms_by_third{};
  double median_limit_m = 0.0;  ///< Of the stable ones.
  std::string sentence;         ///< The same in words.
};

/// The distance that does not book roughness as noise, and its detection limit, calibrated on stable ground.
///
/// Both epochs' points in the cylinder of the field's normal share one rough surface: a quadratic in the two directions
/// across the normal plus correlated roughness, and the second epoch is an offset d higher. d is the generalized least
/// squares estimate under the covariance that the first epoch's own points have (variogram of the residuals of quadratic
/// fits: nugget and two Gaussians), its standard error that of the fit times the core point's own whitened scatter.
/// (Kriging with external drift: Cressie 1993, doi:10.1002/9781119115151; the test itself: Lague et al. 2013,
/// doi:10.1016/j.isprsjprs.2013.04.009.)
///
/// What ground at rest is off by together - a small rigid motion, left by the registration - is estimated on it and taken out of
/// every d: calibrated distances are those against ground at rest, and shared_shift_m is what was taken out. distance_m is not
/// touched. The 95 % limit is Student's t times
/// hypot(standard error, 0.7 of its median on stable ground) times a factor: |d| over that on stable ground against a Gaussian's,
/// at three quantiles below the tail and carried on from there, for up to five parts of the stable core points by their standard
/// error, so that false alarms are as frequent where it is small as where it is large; and 1.96 standard deviations of the shared
/// shift at the place, in quadrature.
///
/// A registration is added to the field before (add_registration()), not after: its error is rigid, as the shared shift is, which
/// takes it out and whose deviation, lever arm included, is in the limit. Where too little ground rests to tell a shift, 1.96
/// times registration_m is in the limit instead.
/// False alarms are counted with the limits as they are written.
///
/// The limit tests "no change". It is no error bar of a core point that moves: there the two surfaces are not the same.
///
/// @param field   of m3c2() over the same clouds: gives places, normals and, where known, registration_m; gets
///                calibrated_m, lod95_calibrated_m, shared_shift_m and reason_calibrated
/// @param stable  one a core point, 1 = ground that is known to rest; empty: found from the distances themselves
/// @return what was found; where ground at rest is too little, or off by more than most_shift_m together, every value is NaN
///         with the reason no_stable_ground
/// @throws Error(input) when the sizes differ, Error(config) for bad options, Error(cancelled)
LimitCalibration measure_calibrated(PointsView before, PointsView after, DisplacementField& field,
                                    const std::vector<std::uint8_t>& stable, const M3c2Options& compare,
                                    const CalibrateOptions& options, const Run& run);

}  // namespace highwall
