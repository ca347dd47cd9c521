#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "algorithms/align/stable_ground.hpp"
#include "core/cloud.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Pieces of surface with a change each, which volumes are sums of: cells of a DEM of difference, or core points.
struct ChangePieces {
  Points place_m;                    ///< N x 3 local.
  std::vector<double> change_m;      ///< Vertical, or along the normal; NaN = not known.
  std::vector<double> sigma_m;       ///< One standard deviation of it, without what the epoch shares (registration).
  std::vector<double> limit_m;       ///< 95 % detection limit; NaN = none.
  std::vector<double> area_m2;       ///< Change times area is the piece's volume.
  Points shift_row;                  ///< N x 3: a shift t of the second epoch changes the piece by shift_row . t.
  std::vector<double> offset_m;      ///< Mean change of the stable pieces of its steepness; empty = not known.
  std::vector<double> shared_m;      ///< What all pieces of a steepness may be off by together; empty = nothing.
  std::vector<std::uint8_t> stable;  ///< 1 = ground at rest; all 0: nothing to measure correlation on.
  bool in_plan = true;               ///< Distances between pieces count in plan (cells), or in space (core points).

  std::size_t size() const noexcept { return change_m.size(); }
  bool usable(std::size_t i) const;
  bool significant(std::size_t i) const;  ///< Usable and beyond its limit.
};

/// Level up to, inclined up to, steep up to; degrees.
inline constexpr std::array<double, 3> kSteepness{20.0, 50.0, 90.0};
/// Index of the steepness; what is not known is steep.
std::size_t steepness_of(double slope_deg);

/// Sets shared_m from the mean change of the stable pieces of each steepness, which should be zero: a scan's pattern of points
/// takes edges and faces at one place a little higher than another scan's does, all along the wall. Of the mean only what the
/// registration does not explain counts.
/// @param registration_m  one standard deviation of what it does to each piece; empty = none is known
void set_shared(ChangePieces& pieces, const std::vector<double>& slope_deg, const std::vector<double>& registration_m);

/// How much larger the errors of sums over squares of ground are than those of independent pieces: errors of neighbours are
/// not independent. Measured on ground at rest, about its mean.
struct ErrorGrowth {
  std::vector<double> side_m;       ///< Root of the area summed over; ascending.
  std::vector<double> factor;       ///< Of the standard deviation; never below 1 nor falling.
  std::vector<std::size_t> blocks;  ///< Sums that a factor rests on.

  /// The factor at a side; beyond the largest measured one the part that is not independent counts as fully shared.
  double at(double side_m) const;
  /// 1.96, widened where the factor rests on few sums.
  double quantile95(double side_m) const;
};

/// Blocks of 1, 2, 4, ... pieces' sides on stable ground, as long as there are eight, about the mean of their steepness (Rolstad
/// et al. 2009, doi:10.3189/002214309789470950, who do it by the integral of a variogram; sums need no model of it).
ErrorGrowth measure_growth(const ChangePieces& pieces, const Run& run);

/// A sum of the pieces that have a value, with its error, and what lies beside them.
struct Sum {
  double value_m3 = 0.0;
  double half95_m3 = 0.0;          ///< Half width of the 95 % interval of what has a value.
  double beside_low_m3 = 0.0;      ///< What the ground without a value beside clusters may hold at most: each piece of it as
  double beside_high_m3 = 0.0;     ///< much as its cluster's largest change. Loss (not positive) and gain (not negative).
  double registration95_m3 = 0.0;  ///< Of that the share of the registration alone.
  double area_m2 = 0.0;

  /// 95 % interval of the change itself, with what has no value: from nothing there to the most that may be.
  double low_m3() const { return value_m3 - half95_m3 + beside_low_m3; }
  double high_m3() const { return value_m3 + half95_m3 + beside_high_m3; }
};

/// Volume of the pieces listed. Its error is that of independent pieces times the growth at the size of the area; that of the
/// registration, which the pieces share (its 6 x 6 covariance propagated to the sum itself); and shared_m, added up.
/// @param share  of each listed piece's volume that counts; empty = all
Sum sum_of(const ChangePieces& pieces, std::span<const std::size_t> list, std::span<const double> share,
           const Registration* registration, const ErrorGrowth& growth);

}  // namespace highwall
