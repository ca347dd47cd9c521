#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/series.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// Columns of a table that has one point a row and one date a column. Indices count from 0; -1 = there is none.
struct PointTable {
  static constexpr int kNone = -1;
  struct Date {
    Instant at;
    std::size_t column = 0;
  };

  char separator = ',';
  std::vector<std::string> names;  ///< Of all columns, lower case, without their unit.
  std::uint64_t header_line = 0;
  std::vector<Date> dates;                        ///< Ascending.
  std::string unit;                               ///< That the names of the date columns carry; "" = none.
  int target = kNone;                             ///< Name of the point; none: its line.
  std::array<int, 3> place{kNone, kNone, kNone};  ///< x (east), y (north), height.
  std::array<int, 3> sight{kNone, kNone, kNone};  ///< East, north, up of the unit vector target -> sensor.
  int incidence = kNone;                          ///< Degrees from the vertical.
  int heading = kNone;                            ///< Degrees clockwise from north; the radar looks to the right.
  int sigma = kNone;

  /// Index of the first of the names that is there.
  int find(std::initializer_list<std::string_view> aliases) const;
};

/// Finds the header and its date columns: YYYYMMDD or ISO 8601, with or without a clock, a letter before it (D20200101) and a
/// unit behind it (20200101_mm); by options.time_pattern where that is given. Stamps without a zone are of options.time_zone.
/// @throws Error(input) for a file without a header or with a date twice; Error(config) for clocks whose zone is not told
PointTable point_table(const Input& input, const ReadOptions& options, Report& report);
/// Date columns in (a part of) a header, for sniffing.
std::size_t count_date_columns(std::string_view header);

/// What the numbers of a table are.
struct PointRules {
  double metres_per_value = 1.0;  ///< With the sign.
  double metres_per_sigma = 1.0;
  Frame frame;
  LineOfSight direction;  ///< Of all points where the columns tell none.
  std::vector<std::string> components{"los"};
};

/// One series a point, within options.box; empty fields are NaN, bad rows are reported.
/// @throws Error(input) for more values than are held at once
std::vector<TimeSeries> read_points(const Input& input, const ReadOptions& options, const PointTable& table,
                                    const PointRules& rules, Report& report, const Run& run);

}  // namespace highwall
