// Points of any vendor: one a row, with one date a column. What the columns do not say, people must: nothing is assumed.
#include <fmt/format.h>

#include <algorithm>

#include "io/crs/crs.hpp"
#include "io/readers/point_table.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

int sniff(std::string_view head, std::string_view) {
  if (looks_binary(head)) return 0;
  Lines lines(head);
  std::string_view line;
  while (lines.next(line) && (trim(line).empty() || line[0] == '#')) {
  }
  return count_date_columns(line) >= 2 ? 78 : 0;
}

/// The column that the option names as the header does, else the first of the usual names.
int column_of(const PointTable& table, const std::string& told, std::initializer_list<std::string_view> usual, const char* flag,
              const std::string& where) {
  if (told.empty()) return table.find(usual);
  const int column = table.find({name_and_unit(told).first});
  if (column >= 0) return column;
  throw Error(ErrorKind::config, fmt::format("there is no column \"{}\"", told), flag, "the header is in " + where);
}

[[noreturn]] void ask(const std::string& what, const std::string& where, const char* hint) {
  throw Error(ErrorKind::config, what, where, hint);
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  PointTable table = point_table(input, options, report);
  const std::string where = fmt::format("{}:{}", input.name, table.header_line);
  table.place = {column_of(table, options.x_column, {"x", "easting", "east", "longitude", "lon"}, "--x-column", where),
                 column_of(table, options.y_column, {"y", "northing", "north", "latitude", "lat"}, "--y-column", where),
                 column_of(table, options.height_column, {"z", "height", "elevation"}, "--height-column", where)};
  if (table.place[0] < 0 || table.place[1] < 0)
    ask("the header does not tell where the points lie", where, "name the columns: --x-column and --y-column");
  table.target =
      column_of(table, options.target_column, {"pid", "id", "code", "point", "point_id", "target"}, "--target-column", where);
  table.sigma = column_of(table, options.sigma_column, {"sigma", "rmse"}, "--sigma-column", where);
  table.sight = {table.find({"los_east", "los_e"}), table.find({"los_north", "los_n"}), table.find({"los_up", "los_u"})};
  if (table.sight[1] < 0 || table.sight[2] < 0) table.sight[0] = PointTable::kNone;
  if (table.unit.empty() && options.unit == "auto")
    ask("no date column names its unit (20200101_mm)", where, "tell it: --unit mm, cm or m");
  if (options.sign == "auto") {
    ask("the table does not tell the sign of motion towards the sensor", where,
        "ask who made it, and tell it: --sign toward_positive or toward_negative");
  }
  if (options.crs == "file")
    ask("the table does not tell the CRS of its coordinates", where, "tell it: --crs EPSG:CODE, or local");
  PointRules rules;
  rules.metres_per_sigma = metres_per_unit(options, table.unit, report);
  rules.metres_per_value = rules.metres_per_sigma * sign_factor(options, report);
  if (options.crs != "local") rules.frame.crs = describe_crs(options.crs, input.name).crs;
  if (options.vertical != "file") rules.frame.vertical = options.vertical;
  reading.data = read_points(input, options, table, rules, report, run);
  return reading;
}

}  // namespace

extern const Reader pixel_csv_reader;
const Reader pixel_csv_reader{"pixel_csv", "Points of any vendor, one a row, with one date a column", ".csv .txt", sniff, read};

}  // namespace highwall
