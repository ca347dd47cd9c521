#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cloud.hpp"
#include "core/time.hpp"

namespace highwall {

/// Why a value is NaN, or `ok`; codes without holes from 0 on, which files keep. Zero displacement is a measurement, never one of
/// these.
enum class Reason : std::uint8_t {
  ok = 0,
  no_normal = 1,          ///< Fewer than three neighbours, or all on a line.
  empty_before = 2,       ///< No point of the first epoch in the cylinder.
  empty_after = 3,        ///< No point of the second epoch in the cylinder: occluded or gone.
  empty_both = 4,         ///< Neither epoch has a point there.
  few_points = 5,         ///< A distance, but too few points for a detection limit.
  not_finite = 6,         ///< The core point itself is NaN or infinite.
  too_few_samples = 7,    ///< Series: fewer samples in the window than asked for.
  window_not_filled = 8,  ///< Series: the samples span too little of the window.
  no_line_of_sight = 9,   ///< Direction not known, or the slope direction is not seen by it.
  no_sigma = 10,          ///< A value whose uncertainty cannot be told.
  decorrelated = 11,      ///< The radar saw no coherent signal.
  no_stable_ground = 12,  ///< Too little ground at rest to calibrate a limit on.
  no_fit = 13,            ///< Too few points of an epoch, or too badly spread, for a calibrated distance.
  not_observable = 14,    ///< The ground's shape leaves a direction of the vector open.
  no_match = 15,          ///< Nothing in the other epoch that looks like this ground.
  not_rigid = 16,         ///< The ground around the place does not move as one piece.
};

/// "ok", "empty_after", ...: the word in CSV columns and in Python.
std::string_view name_of(Reason reason) noexcept;
/// The words of all reasons, by code.
std::span<const std::string_view> reason_words() noexcept;
/// "0 ok, 1 no_normal, ...": what the numbers mean in files that keep them as numbers.
std::string reason_codes();

struct DisplacementField;

/// One column of lengths of a field, as files and Python name it; files add the unit.
struct LengthColumn {
  std::string_view name;
  std::string_view help;
  std::vector<double> DisplacementField::*values;
};

/// The columns that every field has: distance, sigma, lod95, std1, std2.
std::span<const LengthColumn> field_columns();
/// Those that it has only where they were asked for, else they are empty.
std::span<const LengthColumn> optional_field_columns();
/// field_columns() and those of the optional ones that this field has.
std::vector<LengthColumn> columns_of(const DisplacementField& field);

/// Displacement of many places between two instants, each with all that it takes to be believed.
/// Vectors have size() entries; lengths are metres of `frame`; NaN = no value, see `reason`.
struct DisplacementField {
  std::string method;  ///< "m3c2", "radar_los", ...
  Frame frame;
  Instant from = kNoInstant;
  Instant to = kNoInstant;
  Points position_m;                    ///< N x 3 local.
  Points direction;                     ///< N x 3 unit vectors along which `value_m` is measured.
  std::vector<double> value_m;          ///< Displacement along `direction`.
  std::vector<double> sigma_m;          ///< One standard deviation of it.
  std::vector<double> lod95_m;          ///< Detection limit at 95 %.
  std::vector<double> spread_before_m;  ///< Standard deviation (or IQR) of the first epoch's points.
  std::vector<double> spread_after_m;
  std::vector<std::uint32_t> n_before;  ///< Support: points of the first epoch.
  std::vector<std::uint32_t> n_after;
  std::vector<Reason> reason;
  // Empty where they were not asked for.
  std::vector<double> normal_radius_m;  ///< The one of several radii that gave the normal.
  std::vector<double> calibrated_m;     ///< Displacement by the sharper estimator.
  std::vector<double> lod95_calibrated_m;
  std::vector<double> shared_shift_m;  ///< What ground at rest is off by together, along `direction`: not in calibrated_m.
  std::vector<Reason> reason_calibrated;
  /// One standard deviation of what all places of the epoch share, along `direction`: part of sigma_m and lod95_m.
  std::vector<double> registration_m;
  Points vector_m;  ///< N x 3 displacement in space, along the axes of `frame`.
  Eigen::Matrix<double, Eigen::Dynamic, 6, Eigen::RowMajor> vector_covariance_m2;  ///< N x 6: xx xy xz yy yz zz.
  std::vector<Reason> reason_vector;

  std::size_t size() const noexcept { return value_m.size(); }
  /// A field of n places, all NaN with the given reason.
  static DisplacementField of_size(std::size_t n, Reason reason);
};

}  // namespace highwall
