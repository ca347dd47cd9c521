#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/cloud.hpp"
#include "core/report.hpp"
#include "io/readers/field_table.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// World coordinates as a reader found them, N x 3, the CRS text of the file ("" = none), and units of length that the
/// file names beside it (metres; NaN = none). Those count more than the unit that the CRS usually has.
struct WorldPoints {
  Points xyz;
  std::string crs;
  double horizontal_unit_m = std::numeric_limits<double>::quiet_NaN();
  double vertical_unit_m = std::numeric_limits<double>::quiet_NaN();
  bool in_box = false;  ///< The reader has left out what is not in options.box.
};

/// Turns a file's coordinates into local metres: the CRS by options or file, length units converted
/// (with a line in the report), the local origin taken off, points outside of options.box left out. Fills cloud.frame
/// and cloud.xyz.
/// @throws Error(input) for coordinates beyond 1e9 m, which a damaged header makes;
///         Error for a CRS that PROJ cannot read, or that counts in degrees: input when the file says so,
///         config when the options do; Error(config) for a CRS that is left open under strict.
void place_cloud(WorldPoints&& world, const ReadOptions& options, const Run& run, PointCloud& cloud, Report& report);

/// How world coordinates become local metres: v * factor - origin.
struct Placement {
  Frame frame;  ///< Its origin counts once settle_origin() has been called.
  std::array<double, 3> factor{1.0, 1.0, 1.0};
};

/// What place_cloud() does with the CRS and the units, before any point is seen; `world` needs no points.
/// @throws Error as place_cloud()
Placement placement_of(const WorldPoints& world, const ReadOptions& options, Report& report);
/// Sets the origin by the options, or by the least world coordinates.
/// @param farthest  largest size of any coordinate, in the file's unit
/// @throws Error(input) for coordinates beyond 1e9 m
void settle_origin(Placement& placement, const std::array<double, 3>& low, double farthest, const ReadOptions& options,
                   const std::string& name);

/// A line in the report, which names both, where the CRS of the file ("" = none) and that of the option crs are two
/// systems by their meaning, horizontally or in height.
/// @throws Error(config) for an option that PROJ cannot read
void tell_other_crs(const std::string& of_file, const std::string& of_option, Report& report);

/// A cloud from columns, of which three are called x, y and z; the others become channels. Points with a coordinate that
/// is not finite are refused rows.
/// @throws Error(input) when one of the three is missing.
PointCloud cloud_of_columns(std::vector<FieldColumn>&& columns, const Input& input, const ReadOptions& options, const Run& run,
                            Report& report);

/// Time of acquisition by the rules of options.instant: "filename:PATTERN" finds the pattern anywhere
/// in the file's name, "gps_time" is `mean_gps` and "header_date" is `header_date` (kNoInstant = the
/// file has none). None works: kNoInstant and a warning.
Instant find_instant(const ReadOptions& options, const Input& input, Instant mean_gps, Instant header_date, Report& report);

/// The first place in the text where the pattern matches; nullopt when it is nowhere.
std::optional<Civil> find_civil(std::string_view text, std::string_view pattern);

}  // namespace highwall
