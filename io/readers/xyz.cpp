// Text clouds: x y z and further numeric columns, separated by blanks, ',', ';', tab or '|'; a header with
// names is optional; '#' and '//' begin comments.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "io/readers/cloud_builder.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

bool is_comment(std::string_view line) {
  line = trim(line);
  return line.empty() || line[0] == '#' || line.substr(0, 2) == "//" || line[0] == '%';
}

std::vector<std::string> fields_of(std::string_view line, char separator) {
  if (separator != ' ') return split(line, separator);
  std::vector<std::string_view> views;
  split_blanks(line, views);
  return {views.begin(), views.end()};
}

std::optional<double> number_of(const std::string& text, char separator) {
  return separator == ';' ? to_number_with_comma(text) : to_number(text);
}

struct Table {
  char separator = ' ';
  std::vector<std::string> names;  // empty = the file has no header
  std::array<std::size_t, 3> xyz{0, 1, 2};
  std::uint64_t first_line = 1;
};

/// Separator, header and places of x, y, z from the first line that says something.
std::optional<Table> understand(std::string_view head) {
  Lines lines(head);
  std::string_view line;
  while (lines.next(line)) {
    if (is_comment(line)) continue;
    Table table;
    table.separator = guess_separator(line);
    const auto fields = fields_of(line, table.separator);
    table.first_line = lines.number();
    if (fields.size() < 3) return std::nullopt;
    const bool data = std::all_of(fields.begin(), fields.begin() + 3,
                                  [&](const std::string& f) { return number_of(f, table.separator).has_value(); });
    if (data) return table;
    std::array<bool, 3> found{};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string name = lower(fields[i]);
      table.names.push_back(name);
      for (std::size_t c = 0; c < 3; ++c) {
        const std::string axis(1, static_cast<char>('x' + c));
        if (name != axis && name != axis + "_m" && name != "//" + axis) continue;
        table.xyz[c] = i;
        found[c] = true;
      }
    }
    if (!(found[0] && found[1] && found[2])) return std::nullopt;
    ++table.first_line;
    return table;
  }
  return std::nullopt;
}

int sniff(std::string_view head, std::string_view) {
  if (looks_binary(head)) return 0;
  const auto table = understand(head);
  if (!table) return 0;
  return table->names.empty() ? 30 : 75;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const auto table = understand(input.bytes);
  if (!table) {
    throw Error(ErrorKind::input, "the first line gives neither three numbers nor the names x, y, z", input.name,
                "name the columns x, y and z in a header line");
  }
  std::vector<double> xyz;
  std::vector<std::vector<double>> further;
  std::vector<std::size_t> columns;
  Lines lines(input.bytes);
  std::string_view line;
  while (lines.next(line)) {
    pulse(lines, run);
    if (lines.number() < table->first_line || is_comment(line)) continue;
    const auto fields = fields_of(line, table->separator);
    const std::size_t last = std::max({table->xyz[0], table->xyz[1], table->xyz[2]});
    std::array<double, 3> p{};
    std::string defect = fields.size() > last ? "" : "too few fields";
    for (std::size_t c = 0; c < 3 && defect.empty(); ++c) {
      const auto v = number_of(fields[table->xyz[c]], table->separator);
      defect = !v ? "a coordinate is not a number" : !std::isfinite(*v) ? "a coordinate is not finite" : "";
      if (v) p[c] = *v;
    }
    if (!defect.empty()) {
      report.reject(lines.number(), defect);
      continue;
    }
    if (xyz.empty()) {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i != table->xyz[0] && i != table->xyz[1] && i != table->xyz[2]) columns.push_back(i);
      }
      further.resize(columns.size());
    }
    xyz.insert(xyz.end(), p.begin(), p.end());
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const auto v = columns[k] < fields.size() ? number_of(fields[columns[k]], table->separator) : std::nullopt;
      further[k].push_back(v.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    ++report.accepted;
  }
  PointCloud cloud;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const std::string name =
        columns[k] < table->names.size() ? table->names[columns[k]] : fmt::format("column_{}", columns[k] + 1);
    cloud.channels.emplace(name, std::move(further[k]));
  }
  WorldPoints world;
  world.xyz = Eigen::Map<const Points>(xyz.data(), static_cast<Eigen::Index>(xyz.size() / 3), 3);
  cloud.instant = find_instant(options, input, kNoInstant, kNoInstant, report);
  place_cloud(std::move(world), options, run, cloud, report);
  reading.data = std::move(cloud);
  return reading;
}

}  // namespace

extern const Reader xyz_reader;
const Reader xyz_reader{"xyz", "Text cloud: x, y, z and further numbers", ".xyz .txt .csv .asc .pts", sniff, read};

}  // namespace highwall
