// Generic series table: a header whose names carry the unit ("date,displacement_mm,sigma_mm") is
// understood by itself, anything else by a column map.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/printable.hpp"
#include "io/readers/local_stamps.hpp"
#include "io/readers/no_data.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr std::array<std::string_view, 12> kTimeNames{"time",    "date", "datetime", "timestamp", "time_utc", "date_time",
                                                      "instant", "时间", "日期",     "观测时间",  "监测时间", "采集时间"};
constexpr std::array<std::string_view, 11> kValueNames{"displacement", "disp",   "value",    "deformation", "los", "cumulative",
                                                       "位移",         "位移量", "累计位移", "形变",        "变形"};
constexpr std::array<std::string_view, 21> kTargetNames{
    "target", "target_id",  "point",       "point_id", "point_name", "station",    "station_id",
    "sensor", "sensor_id",  "sensor_name", "prism",    "测点",       "测点编号",   "测点名称",
    "监测点", "监测点编号", "点号",        "点名",     "传感器",     "传感器编号", "棱镜"};

struct Column {
  int index = -1;
  std::string unit;  // "m", "cm", "mm" or ""
  bool there() const { return index >= 0; }
};

struct Table {
  char separator = ',';
  bool decimal_comma = false;
  Column time;
  Column clock;                 // "date" and "time" in columns of their own: this is the time
  std::array<Column, 3> value;  // displacement, or east, north, up
  std::array<Column, 3> sigma;
  Column target;
  std::size_t width = 1;
  std::size_t columns = 0;  // fields of the header
};

template <std::size_t N>
bool is_one_of(const std::string& name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// "sigma", "sigma_digitise"; not the sigma of a component.
bool is_sigma(const std::string& name) {
  return name.rfind("sigma", 0) == 0 && name != "sigma_east" && name != "sigma_north" && name != "sigma_up";
}

std::optional<Table> understand(std::string_view line, const ReadOptions& o) {
  Table table;
  table.separator = guess_separator(line);
  table.decimal_comma = table.separator == ';';
  const auto fields = split(line, table.separator);
  const std::array<std::string, 3> enu{"east", "north", "up"};
  std::array<Column, 3> components;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const int index = static_cast<int>(i);
    const auto [name, unit] = name_and_unit(fields[i]);
    const auto mapped = [&](const std::string& wanted) { return !wanted.empty() && fields[i] == wanted; };
    const auto guess = [&](const std::string& wanted, bool by_name) { return wanted.empty() ? by_name : mapped(wanted); };
    if (guess(o.time_column, is_one_of(name, kTimeNames)) && !table.time.there()) {
      table.time = {index, ""};
    } else if (guess(o.displacement_column, is_one_of(name, kValueNames)) && !table.value[0].there()) {
      table.value[0] = {index, unit};
    } else if (o.time_column.empty() && name == "time" && table.time.there() &&
               lower(fields[static_cast<std::size_t>(table.time.index)]) == "date") {
      table.clock = {index, ""};
    } else if (guess(o.sigma_column, is_sigma(name)) && !table.sigma[0].there()) {
      table.sigma[0] = {index, unit};
    } else if (guess(o.target_column, is_one_of(name, kTargetNames))) {
      table.target = {index, ""};
    }
    for (std::size_t c = 0; c < 3; ++c) {
      const std::string& wanted = c == 0 ? o.east_column : c == 1 ? o.north_column : o.up_column;
      if (guess(wanted, name == enu[c])) components[c] = {index, unit};
      if (name == "sigma_" + enu[c]) table.sigma[c] = {index, unit};
    }
  }
  table.columns = fields.size();
  if (!table.value[0].there() && components[0].there() && components[1].there() && components[2].there()) {
    table.value = components;
    table.width = 3;
  }
  if (!table.time.there() || !table.value[0].there()) return std::nullopt;
  for (const auto& [wanted, found] :
       {std::pair{&o.sigma_column, table.sigma[0].there()}, std::pair{&o.target_column, table.target.there()}}) {
    if (!wanted->empty() && !found) return std::nullopt;
  }
  return table;
}

int sniff(std::string_view head, std::string_view) {
  if (looks_binary(head)) return 0;
  Lines lines(head);
  std::string_view line;
  while (lines.next(line) && lines.number() < 20) {
    if (line.empty() || line[0] == '#') continue;
    return understand(line, ReadOptions{}) ? 80 : 0;
  }
  return 0;
}

/// The year first leaves nothing open: "2026/3/1 8:00", "2026-3-1", "2026年3月1日 8:00".
std::optional<Civil> year_first(const std::string& text) {
  for (const char* day : {"%Y/%m/%d", "%Y-%m-%d", "%Y年%m月%d日"}) {
    for (const char* clock : {"", " %H:%M", " %H:%M:%S"}) {
      if (const auto civil = parse_civil(text, std::string(day) + clock)) return civil;
    }
  }
  return std::nullopt;
}

/// "45678.25" is a day number of a spreadsheet (1995 to 2064): which of two calendars it counts by is not told.
bool is_serial_date(const std::string& text) {
  const auto day = to_number(text);
  return day && *day > 34700.0 && *day < 60000.0;
}

struct Rows {
  const Table& table;
  const ReadOptions& options;
  TimeZone zone;
  bool zone_told = false;
  std::array<double, 3> scale{1.0, 1.0, 1.0};
  std::array<double, 3> sigma_scale{1.0, 1.0, 1.0};
};

/// @return an empty text, or why the stamp is none
std::string read_stamp(const std::string& text, Rows& rows, Report& report, Stamp& stamp) {
  const std::string no_time =
      fmt::format("\"{}\" is not a time{}", text,
                  is_serial_date(text) ? ", but may be a day number of a spreadsheet: export the column as ISO 8601 text" : "");
  const std::string& pattern = rows.options.time_pattern;
  std::optional<Civil> civil;
  if (!pattern.empty()) {
    civil = parse_civil(text, pattern);
  } else if (const auto t = parse_iso8601(text)) {
    if (has_zone(text)) {
      stamp.earlier = stamp.later = *t;
      return {};
    }
    civil = to_civil_utc(*t);
  } else {
    civil = year_first(text);
  }
  if (!civil) return no_time;
  if (!rows.zone_told) {
    rows.zone = stamp_zone(rows.options, report);
    rows.zone_told = true;
  }
  const TimeZone::Instants found = rows.zone.instants_of(*civil);
  if (found.count == 0) return fmt::format("\"{}\" is in an hour that the clock change skips", text);
  stamp.earlier = found.at[0];
  stamp.later = found.at[static_cast<std::size_t>(found.count - 1)];
  return {};
}

std::optional<double> number_of(const std::string& text, bool comma) {
  return comma ? to_number_with_comma(text) : to_number(text);
}

struct Collected {
  TimeSeries series;
  std::vector<Stamp> stamps;  // one a row
};

std::string read_row(const std::vector<std::string>& f, std::uint64_t line, Rows& rows, const Input& input,
                     std::map<std::string, Collected>& all, std::vector<std::string>& order, Report& report) {
  const Table& table = rows.table;
  for (std::size_t i = table.columns; i < f.size(); ++i) {
    // A decimal comma in a table that is separated by commas would shift every field behind it.
    if (!f[i].empty()) return fmt::format("{} fields, but {} in the header", f.size(), table.columns);
  }
  const auto field = [&](const Column& c) -> const std::string* {
    return c.there() && static_cast<std::size_t>(c.index) < f.size() ? &f[static_cast<std::size_t>(c.index)] : nullptr;
  };
  const std::string* time = field(table.time);
  if (time == nullptr) return "the row has no time";
  const std::string* clock = field(table.clock);
  Stamp stamp{kNoInstant, kNoInstant, line};
  if (std::string wrong = read_stamp(clock == nullptr ? *time : *time + " " + *clock, rows, report, stamp); !wrong.empty())
    return wrong;
  std::vector<double> values(table.width);
  std::vector<double> sigmas(table.width, kNaN);
  for (std::size_t c = 0; c < table.width; ++c) {
    const std::string* text = field(table.value[c]);
    if (text == nullptr) return "the row has no displacement";
    const auto v = text->empty() ? std::optional<double>(kNaN) : number_of(*text, table.decimal_comma);
    if (!v || std::isinf(*v)) return fmt::format("\"{}\" is not a number", *text);
    values[c] = scaled(*v, rows.scale[c]);
    const std::string* sigma = field(table.sigma[c]);
    const auto s = sigma != nullptr ? number_of(*sigma, table.decimal_comma) : std::nullopt;
    if (s && *s > 0.0 && std::isfinite(*s)) sigmas[c] = *s * rows.sigma_scale[c];
  }
  const std::string* named = field(table.target);
  const std::string target = named != nullptr ? *named : target_name(rows.options, input);
  const auto [found, added] = all.try_emplace(target);
  TimeSeries& series = found->second.series;
  if (added) {
    series.target = target;
    series.kind = kind_or(rows.options, SensorKind::unknown);
    if (table.width == 3) {
      series.components = {"east", "north", "up"};
    } else {
      series.components = {series.kind == SensorKind::radar ? "los" : "displacement"};
    }
    order.push_back(target);
  }
  found->second.stamps.push_back(stamp);
  series.push(stamp.earlier, values, sigmas);
  return {};
}

bool same_values(const TimeSeries& s, std::size_t a, std::size_t b) {
  for (std::size_t c = 0; c < s.width(); ++c) {
    const double x = s.value(a, c);
    const double y = s.value(b, c);
    if (x != y && !(std::isnan(x) && std::isnan(y))) return false;
  }
  return true;
}

/// One place has one value at a time: rows that say two are of two sensors, or of a logger whose stamps are too coarse, and
/// which of them is right nobody can tell. Takes all of them out, in no order of the rows. @return rows taken out
std::size_t refuse_contradictions(TimeSeries& series, const std::vector<Stamp>& stamps, Report& report) {
  const std::vector<std::size_t> order = time_order(series);
  std::vector<std::uint64_t> other(series.size(), 0);  // Line that a row contradicts; 0 = none.
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    bool differs = false;
    for (last = first + 1; last < order.size() && series.time[order[last]] == series.time[order[first]]; ++last)
      differs = differs || !same_values(series, order[first], order[last]);
    for (std::size_t k = first; differs && k < last; ++k) other[order[k]] = stamps[order[k == first ? last - 1 : first]].line;
  }
  std::vector<std::size_t> keep;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (other[i] == 0) {
      keep.push_back(i);
      continue;
    }
    report.reject(stamps[i].line,
                  fmt::format("line {} gives {} another value at the same time, {}: if they are two sensors, name the "
                              "column that tells them apart (target_column), else correct the stamps",
                              other[i], series.target, to_iso8601(series.time[i])));
  }
  const std::size_t refused = series.size() - keep.size();
  if (refused > 0) series = select(series, keep);
  return refused;
}

/// @throws Error(config) under strict for a displacement whose column does not name its unit, and no option either
void require_unit(const Table& table, const ReadOptions& options, const std::string& file) {
  if (!options.strict || options.unit != "auto") return;
  for (std::size_t c = 0; c < table.width; ++c) {
    if (!table.value[c].unit.empty()) continue;
    throw Error(
        ErrorKind::config, fmt::format("column {} holds the displacement, but does not name its unit", table.value[c].index + 1),
        file,
        fmt::format("set unit for its source, or write the unit into the header (displacement_mm). Is it another column? {}",
                    kColumnMapHint));
  }
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  Lines lines(input.bytes);
  std::string_view line;
  std::optional<Table> table;
  while (!table && lines.next(line)) {
    if (trim(line).empty() || line[0] == '#') continue;
    table = understand(line, options);
    if (!table && !is_utf8(line)) {
      throw Error(ErrorKind::input, "the header is not UTF-8 text", fmt::format("{}:{}", input.name, lines.number()),
                  "convert the file if it is GBK: iconv -f GBK -t UTF-8 FILE > NEW");
    }
    if (!table) {
      throw Error(ErrorKind::input, fmt::format("the header \"{}\" does not tell time and displacement", line.substr(0, 120)),
                  fmt::format("{}:{}", input.name, lines.number()), std::string(kColumnMapHint));
    }
  }
  if (!table) throw Error(ErrorKind::input, "the table has no header", input.name);
  if (kind_or(options, SensorKind::unknown) == SensorKind::unknown) {
    report.warn("unknown instrument: rules for radar alone do not apply; give --kind");
  }
  Rows rows{*table, options, TimeZone::utc()};
  const bool by_radar = options.kind == "radar";
  const double sign = by_radar || options.sign != "auto" ? sign_factor(options, report) : 1.0;
  require_unit(*table, options, input.name);
  for (std::size_t c = 0; c < table->width; ++c) {
    rows.scale[c] = metres_per_unit(options, table->value[c].unit, report) * sign;
    const std::string& unit = table->sigma[c].unit.empty() ? table->value[c].unit : table->sigma[c].unit;
    rows.sigma_scale[c] = table->sigma[c].there() ? metres_per_unit(options, unit, report) : 1.0;
  }
  std::map<std::string, Collected> all;
  std::vector<std::string> order;
  while (lines.next(line)) {
    pulse(lines, run);
    if (trim(line).empty() || line[0] == '#') continue;
    std::string wrong = read_row(split(line, table->separator), lines.number(), rows, input, all, order, report);
    if (wrong.empty()) {
      ++report.accepted;
    } else {
      report.reject(lines.number(), std::move(wrong));
    }
  }
  std::vector<TimeSeries> out;
  for (const std::string& target : order) {
    Collected& one = all[target];
    report.accepted -= set_times(one.series, one.stamps, report);
    report.accepted -= refuse_contradictions(one.series, one.stamps, report);
    for (std::size_t c = 0; c < table->width; ++c) drop_no_data(one.series, c, rows.scale[c], options, report);
    out.push_back(std::move(one.series));
  }
  reading.data = std::move(out);
  return reading;
}

}  // namespace

extern const Reader series_csv_reader;
const Reader series_csv_reader{"series_csv", "Table of a time and a displacement, or east, north, up", ".csv .txt", sniff, read};

}  // namespace highwall
