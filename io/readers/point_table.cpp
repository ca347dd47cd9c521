#include "io/readers/point_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/printable.hpp"
#include "io/readers/insar/geometry.hpp"
#include "io/readers/no_data.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostValues = std::size_t{1} << 28U;

/// The name of a column as a date.
struct DateName {
  Civil civil;
  bool has_clock = false;
  std::optional<Instant> at;  ///< Where the name tells its zone.
};

std::optional<DateName> date_of(std::string_view name, const std::string& pattern) {
  if (!pattern.empty()) {
    if (const auto civil = parse_civil(name, pattern)) return DateName{*civil, pattern.find("%H") != std::string::npos, {}};
    return std::nullopt;
  }
  if (name.size() > 8 && (name[0] == 'd' || name[0] == 'x')) name.remove_prefix(name[1] == '_' ? 2 : 1);
  // Day numbers, identifiers and angles are numbers too: four digits of a year and a whole date are asked for.
  if (name.size() < 8 || name.size() > 32 || !(name[0] == '1' || name[0] == '2')) return std::nullopt;
  for (const char* compact : {"%Y%m%d", "%Y%m%dt%H%M", "%Y%m%dt%H%M%S"}) {
    const std::size_t digits = compact == std::string_view("%Y%m%d") ? 8 : compact == std::string_view("%Y%m%dt%H%M") ? 13 : 15;
    if (name.size() != digits) continue;
    if (const auto civil = parse_civil(name, compact); civil && from_civil_utc(*civil)) return DateName{*civil, digits > 8, {}};
  }
  std::string upper(name);
  std::replace(upper.begin(), upper.end(), 't', 'T');
  std::replace(upper.begin(), upper.end(), 'z', 'Z');
  if (upper.find('-') == std::string::npos) return std::nullopt;
  const auto t = parse_iso8601(upper);
  if (!t) return std::nullopt;
  if (has_zone(upper)) return DateName{to_civil_utc(*t), true, *t};
  return DateName{to_civil_utc(*t), upper.size() > 10, {}};
}

/// Fields of a line; `held` keeps the text of those that were quoted.
void fields_of(std::string_view line, char separator, std::vector<std::string>& held, std::vector<std::string_view>& fields) {
  fields.clear();
  if (line.find('"') != std::string_view::npos) {
    held = split(line, separator);
    fields.assign(held.begin(), held.end());
    return;
  }
  for (std::size_t begin = 0;;) {
    const std::size_t end = line.find(separator, begin);
    fields.push_back(trim(line.substr(begin, end == std::string_view::npos ? end : end - begin)));
    if (end == std::string_view::npos) return;
    begin = end + 1;
  }
}

/// A field as a number: NaN for what is left empty, nullopt for what is none.
std::optional<double> value_of(std::string_view field, char separator) {
  if (field.empty()) return kNaN;
  const auto v = separator == ';' ? to_number_with_comma(field) : to_number(field);
  if (v && std::isinf(*v)) return std::nullopt;
  return v;
}

class PointRows {
 public:
  PointRows(const Input& input, const ReadOptions& options, const PointTable& table, const PointRules& rules, Report& report)
      : input_(input), options_(options), table_(table), rules_(rules), report_(report) {
    for (const PointTable::Date& d : table.dates) times_.push_back(d.at);
  }

  /// @return an empty text, or why the row is none
  std::string take(std::string_view line, std::uint64_t line_number) {
    fields_of(line, table_.separator, held_, fields_);
    if (fields_.size() < table_.names.size()) return fmt::format("{} fields, {} are wanted", fields_.size(), table_.names.size());
    for (std::size_t i = table_.names.size(); i < fields_.size(); ++i) {
      if (!fields_[i].empty()) return fmt::format("{} fields, but {} in the header", fields_.size(), table_.names.size());
    }
    TimeSeries s;
    s.position_m = {kNaN, kNaN, kNaN};
    for (std::size_t k = 0; k < 3; ++k) {
      const auto v = number(table_.place[k]);
      if (!v || (k < 2 && std::isnan(*v))) return wrong(table_.place[k]);
      (*s.position_m)[k] = *v;
    }
    const auto& p = *s.position_m;
    if (!options_.box.empty() &&
        !(p[0] >= options_.box[0] && p[0] <= options_.box[2] && p[1] >= options_.box[1] && p[1] <= options_.box[3])) {
      ++outside_;
      return {};
    }
    if (std::string why = take_values(s); !why.empty()) return why;
    s.target = table_.target < 0 ? fmt::format("line_{}", line_number) : std::string(fields_[index(table_.target)]);
    if (s.target.empty()) return "the point has no name";
    const auto [known, is_new] = lines_.try_emplace(s.target, line_number);
    if (!is_new) return fmt::format("{} stands in line {} already", printable(s.target), known->second);
    set_sight(s);
    s.kind = kind_or(options_, SensorKind::radar);
    s.components = rules_.components;
    s.frame = rules_.frame;
    s.flags.assign(times_.size(), 0);
    Report own;
    drop_no_data(s, 0, rules_.metres_per_value, options_, own);
    with_codes_ += own.warnings.empty() ? 0 : 1;
    if ((series_.size() + 1) * times_.size() > kMostValues) {
      throw Error(ErrorKind::input,
                  fmt::format("more than {} points of {} dates are more than are read at once", series_.size(), times_.size()),
                  fmt::format("{}:{}", input_.name, line_number), "cut it to the slope: box");
    }
    series_.push_back(std::move(s));
    ++report_.accepted;
    return {};
  }

  std::vector<TimeSeries> finish() {
    if (outside_ > 0) report_.warn(fmt::format("{} points outside the box are left out", outside_));
    if (without_sight_ > 0)
      report_.warn(fmt::format("{} points have no unit vector to the sensor: their line of sight is not known", without_sight_));
    if (with_codes_ > 0) report_.warn(fmt::format("{} points have numbers that stand for no data", with_codes_));
    return std::move(series_);
  }

 private:
  static std::size_t index(int column) { return static_cast<std::size_t>(column); }
  /// NaN where there is no such column.
  std::optional<double> number(int column) const {
    return column < 0 ? std::optional<double>(kNaN) : value_of(fields_[index(column)], table_.separator);
  }
  std::string wrong(int column) const {
    return fmt::format("{} is \"{}\", which is no number", table_.names[index(column)],
                       printable(std::string(fields_[index(column)].substr(0, 40))));
  }

  std::string take_values(TimeSeries& s) const {
    double sigma = kNaN;
    if (const auto v = number(table_.sigma); v && *v > 0.0) sigma = *v * rules_.metres_per_sigma;
    s.time = times_;
    s.value_m.resize(times_.size());
    s.sigma_m.assign(times_.size(), sigma);
    for (std::size_t i = 0; i < times_.size(); ++i) {
      const auto v = value_of(fields_[table_.dates[i].column], table_.separator);
      if (!v) return wrong(static_cast<int>(table_.dates[i].column));
      s.value_m[i] = std::isnan(*v) ? kNaN : scaled(*v, rules_.metres_per_value);
    }
    return {};
  }

  void set_sight(TimeSeries& s) {
    s.line_of_sight = rules_.direction;
    if (table_.sight[0] >= 0) {
      Eigen::Vector3d unit;
      for (std::size_t k = 0; k < 3; ++k) unit[static_cast<Eigen::Index>(k)] = number(table_.sight[k]).value_or(kNaN);
      if (std::abs(unit.norm() - 1.0) < 0.01) s.line_of_sight.unit = unit.normalized();
    } else if (table_.incidence >= 0 && table_.heading >= 0) {
      s.line_of_sight =
          insar::line_of_sight(number(table_.incidence).value_or(kNaN), number(table_.heading).value_or(kNaN), 90.0);
    }
    without_sight_ += s.line_of_sight.known() ? 0 : 1;
  }

  const Input& input_;
  const ReadOptions& options_;
  const PointTable& table_;
  const PointRules& rules_;
  Report& report_;
  std::vector<Instant> times_;
  std::vector<TimeSeries> series_;
  std::unordered_map<std::string, std::uint64_t> lines_;
  std::vector<std::string> held_;
  std::vector<std::string_view> fields_;
  std::size_t outside_ = 0, without_sight_ = 0, with_codes_ = 0;
};

/// Dates of a header, in its order; names lose their units.
std::vector<std::pair<std::size_t, DateName>> dates_of(PointTable& table, const std::vector<std::string>& header,
                                                       const std::string& pattern, const std::string& where) {
  std::vector<std::pair<std::size_t, DateName>> found;
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto [name, unit] = name_and_unit(header[i]);
    if (const auto date = date_of(pattern.empty() ? name : std::string(trim(header[i])), pattern)) {
      if (!found.empty() && unit != table.unit)
        throw Error(ErrorKind::input, fmt::format("column {} is in another unit than those before it", header[i]), where);
      table.unit = unit;
      found.emplace_back(i, *date);
    }
    table.names.push_back(std::move(name));
  }
  return found;
}

}  // namespace

int PointTable::find(std::initializer_list<std::string_view> aliases) const {
  for (const std::string_view alias : aliases) {
    const auto at = std::find(names.begin(), names.end(), alias);
    if (at != names.end()) return static_cast<int>(at - names.begin());
  }
  return kNone;
}

std::size_t count_date_columns(std::string_view header) {
  std::size_t count = 0;
  for (const std::string& field : split(header, guess_separator(header))) {
    count += date_of(name_and_unit(field).first, {}) ? 1 : 0;
  }
  return count;
}

PointTable point_table(const Input& input, const ReadOptions& options, Report& report) {
  PointTable table;
  Lines lines(input.bytes);
  std::string_view line;
  while (lines.next(line) && (trim(line).empty() || line[0] == '#')) {
  }
  if (trim(line).empty() || line[0] == '#') throw Error(ErrorKind::input, "the table has no header", input.name);
  table.header_line = lines.number();
  table.separator = guess_separator(line);
  const std::string where = fmt::format("{}:{}", input.name, table.header_line);
  const auto header = split(line, table.separator);
  const auto found = dates_of(table, header, options.time_pattern, where);
  if (found.empty()) {
    throw Error(ErrorKind::input, "no column of the header is a date", where,
                "dates are YYYYMMDD or ISO 8601; else tell their pattern with --time-pattern");
  }
  bool clock = false;
  bool dated = false;
  for (const auto& [column, date] : found) {
    clock = clock || (date.has_clock && !date.at);
    dated = dated || !date.has_clock;
  }
  if (clock && options.time_zone == "auto") {
    throw Error(ErrorKind::config, "the times in the header name no zone", where, "tell it: --time-zone");
  }
  const TimeZone zone = options.time_zone == "auto" ? TimeZone::utc() : TimeZone::of(options.time_zone);
  if (dated && options.time_zone == "auto") report.warn("dates without a time of day stand for 00:00 UTC");
  for (const auto& [column, date] : found) {
    const auto at = date.at ? date.at : zone.to_instant(date.civil);
    if (!at) throw Error(ErrorKind::input, fmt::format("column {} is no one moment in its zone", header[column]), where);
    table.dates.push_back({*at, column});
  }
  std::stable_sort(table.dates.begin(), table.dates.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (std::size_t i = 1; i < table.dates.size(); ++i) {
    if (table.dates[i].at != table.dates[i - 1].at) continue;
    throw Error(ErrorKind::input, fmt::format("{} stands there twice", header[table.dates[i].column]), where,
                "take one of the two columns out");
  }
  return table;
}

std::vector<TimeSeries> read_points(const Input& input, const ReadOptions& options, const PointTable& table,
                                    const PointRules& rules, Report& report, const Run& run) {
  PointRows rows(input, options, table, rules, report);
  Lines lines(input.bytes);
  std::string_view line;
  while (lines.next(line)) {
    pulse(lines, run);
    if (lines.number() <= table.header_line || trim(line).empty()) continue;
    if (std::string why = rows.take(line, lines.number()); !why.empty()) report.reject(lines.number(), std::move(why));
  }
  return rows.finish();
}

}  // namespace highwall
