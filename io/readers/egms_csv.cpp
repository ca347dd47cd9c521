// European Ground Motion Service: one point a row, one date a column, millimetres in EPSG:3035. Releases rename columns and
// move them, so they are found by name. Product description 2023, eea.github.io/CLMS_documents.
#include <fmt/format.h>

#include <filesystem>

#include "io/crs/crs.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/map_place.hpp"
#include "io/readers/point_table.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr const char* kCrs = "EPSG:3035";

int sniff(std::string_view head, std::string_view) {
  if (looks_binary(head)) return 0;
  Lines lines(head);
  std::string_view line;
  if (!lines.next(line)) return 0;
  bool pid = false;
  bool own = false;
  for (const std::string& field : split(line, guess_separator(line))) {
    const std::string name = lower(field);
    pid = pid || name == "pid";
    own = own || name == "mean_velocity" || name == "easting" || name == "los_east";
  }
  return pid && own && count_date_columns(line) > 0 ? 95 : 0;
}

/// Products of level 3 give one component of a 100 m grid, which only the name tells: EGMS_L3_E32N35_100km_U_2018_2022_1.csv.
/// @throws Error(config) when it does not
LineOfSight direction_of(const std::string& file) {
  const std::string name = "_" + lower(std::filesystem::path(file).stem().string()) + "_";
  LineOfSight direction;
  if (name.find("_u_") != std::string::npos) direction.unit = Eigen::Vector3d::UnitZ();
  if (name.find("_e_") != std::string::npos) direction.unit = Eigen::Vector3d::UnitX();
  if (!direction.known()) {
    throw Error(ErrorKind::config, "neither columns nor the name of the file tell whether it is up, east or a line of sight",
                file, "keep the name that EGMS gave it: ..._U_... or ..._E_... for level 3");
  }
  return direction;
}

/// What the column crs says, which tables that are not of EPSG:3035 have; "" = there is none.
/// @throws Error(input) when rows say different things
std::string crs_of(const Input& input, const PointTable& table) {
  const int column = table.find({"crs"});
  if (column < 0) return {};
  const auto at = static_cast<std::size_t>(column);
  std::string crs;
  Lines lines(input.bytes);
  std::string_view line;
  while (lines.next(line)) {
    if (lines.number() <= table.header_line || trim(line).empty()) continue;
    const auto fields = split(line.substr(0, 4096), table.separator);
    if (fields.size() <= at || fields[at].empty() || fields[at] == crs) continue;
    if (crs.empty()) {
      crs = fields[at];
      continue;
    }
    throw Error(ErrorKind::input, "the column crs names several systems", fmt::format("{}:{}", input.name, lines.number()),
                "make one table of each");
  }
  return crs;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  PointTable table = point_table(input, options, report);
  table.target = table.find({"pid"});
  table.place = {table.find({"easting"}), table.find({"northing"}),
                 table.find({"height", "height_ortho", "height_wgs84", "height_ellipse"})};
  const bool projected = table.place[0] >= 0 && table.place[1] >= 0;
  const std::string own = crs_of(input, table);
  if (!projected && !own.empty()) {
    table.place[0] = table.find({"longitude"});
    table.place[1] = table.find({"latitude"});
  }
  if (table.place[0] < 0 || table.place[1] < 0) {
    throw Error(ErrorKind::input, "the columns easting and northing are not both there",
                fmt::format("{}:{}", input.name, table.header_line),
                "export it again, or read it as pixel_csv with a column map");
  }
  table.sight = {table.find({"los_east"}), table.find({"los_north"}), table.find({"los_up"})};
  if (table.sight[1] < 0 || table.sight[2] < 0) table.sight[0] = PointTable::kNone;
  table.incidence = table.find({"incidence_angle"});
  table.heading = table.find({"track_angle"});
  table.sigma = table.find({"rmse", "rmse_ts"});
  PointRules rules;
  ReadOptions told = options;
  if (table.sight[0] >= 0 || (table.incidence >= 0 && table.heading >= 0)) {
    told = with_sign_of_file(options, "toward_positive", report);
  } else {
    rules.direction = direction_of(input.name);
    rules.components = {"displacement"};
    told.sign = "toward_positive";
  }
  rules.metres_per_sigma = metres_per_unit(told, table.unit.empty() ? "mm" : table.unit, report);
  rules.metres_per_value = rules.metres_per_sigma * sign_factor(told, report);
  const std::string of_file = own.empty() ? kCrs : own;
  const std::string crs = options.crs == "file" ? of_file : options.crs;
  if (crs != options.crs || crs == "local" || of_file == "local") {
    rules.frame.crs = crs == "local" ? crs : describe_crs(crs, input.name, ErrorKind::input).crs;
  } else {
    tell_other_crs(of_file, crs, report);
    rules.frame.crs = describe_crs(crs, input.name).crs;
  }
  if (options.vertical != "file") rules.frame.vertical = options.vertical;
  reading.data = read_points(input, told, table, rules, report, run);
  return reading;
}

}  // namespace

extern const Reader egms_csv_reader;
const Reader egms_csv_reader{"egms_csv", "Points of the European Ground Motion Service", ".csv", sniff, read};

}  // namespace highwall
