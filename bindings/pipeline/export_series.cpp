#include "bindings/pipeline/export_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "algorithms/radar/velocity_fit.hpp"
#include "core/error.hpp"
#include "core/stack.hpp"
#include "io/durable/durable.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/point_csv.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

using Tags = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMostTableBytes = std::size_t{1} << 31U;

bool has_value(std::span<const double> values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

/// One component of the lines of sight as a map.
std::vector<double> sight_map(const Stack& stack, Eigen::Index component) {
  std::vector<double> map(stack.cells(), stack.line_of_sight.unit[component]);
  for (std::size_t c = 0; c < stack.line_of_sight_per_cell.size(); ++c) map[c] = stack.line_of_sight_per_cell[c][component];
  return map;
}

ExportedSeries export_maps(const fs::path& out, const Stack& stack, bool cog, const Run& run) {
  ExportedSeries done;
  const auto bytes_of = cog ? cog_bytes : geotiff_bytes;
  make_folders(out);
  std::vector<char> known(stack.cells(), 0);
  for (std::size_t e = 0; e < stack.epochs(); ++e) {
    run.check_stop();
    run.progress("export", e, stack.epochs());
    const auto map = stack.at(e);
    const std::vector<double> values(map.begin(), map.end());
    for (std::size_t c = 0; c < values.size(); ++c) known[c] = static_cast<char>(known[c] | (std::isfinite(values[c]) ? 1 : 0));
    const Tags tags{{"INSTANT", to_iso8601(stack.instants()[e])},
                    {"FIRST_DATE", to_iso8601(stack.instants().front())},
                    {"SIGN", "toward_positive"},
                    {"VALUES", "cumulative"},
                    {"DATA_UNITS", "m"}};
    write_whole(out / (to_compact_iso8601(stack.instants()[e]) + ".tif"),
                bytes_of(stack.geometry(), {{"displacement", "m", &values}}, tags));
    ++done.files;
  }
  if (stack.line_of_sight.known() || !stack.line_of_sight_per_cell.empty()) {
    const std::array<std::vector<double>, 3> sight{sight_map(stack, 0), sight_map(stack, 1), sight_map(stack, 2)};
    // In a folder of its own, so that all files of the maps' folder are maps.
    make_folders(out / "geometry");
    write_whole(out / "geometry" / "line_of_sight.tif",
                bytes_of(stack.geometry(), {{"east", "1", &sight[0]}, {"north", "1", &sight[1]}, {"up", "1", &sight[2]}},
                         {{"DIRECTION", "target to sensor"}}));
    ++done.files;
  }
  done.dates = stack.epochs();
  done.points = static_cast<std::size_t>(std::count(known.begin(), known.end(), 1));
  return done;
}

/// Rows of a table of points, with their mean velocities.
class PointTableWriter {
 public:
  PointTableWriter(const Frame& frame, std::vector<Instant> instants)
      : instants_(std::move(instants)), csv_(frame, instants_), with_velocity_(instants_.size() > 2) {
    if (with_velocity_) model_.emplace(instants_, VelocityFitOptions{});
  }

  void add(PointRow row, std::span<const double> values, const Run& run) {
    if (!has_value(values)) return;
    row.velocity_m_per_year = row.velocity_sigma_m_per_year = kNaN;
    if (with_velocity_) {
      fit_time_model<double>(*model_, 1, values, {}, fit_, run);
      constexpr std::size_t kVelocity = 1;
      row.velocity_m_per_year = fit_.value[kVelocity];
      row.velocity_sigma_m_per_year = fit_.sigma[kVelocity];
    }
    csv_.add(row, values);
    if (csv_.text().size() > kMostTableBytes) {
      throw Error(ErrorKind::config, fmt::format("the table is more than 2 GB after {} points", csv_.points()), "as",
                  "cut the maps to the slope, or export them as geotiff");
    }
  }

  ExportedSeries write(const fs::path& out) const {
    write_whole(out, csv_.text());
    return {instants_.size(), csv_.points(), 1};
  }

 private:
  std::vector<Instant> instants_;
  PointCsv csv_;
  bool with_velocity_;
  std::optional<TimeModel> model_;
  FittedTile fit_;
};

ExportedSeries export_cells(const fs::path& out, const Stack& stack, const Run& run) {
  PointTableWriter table(stack.geometry().frame, stack.instants());
  const GridGeometry& g = stack.geometry();
  for (std::size_t c = 0; c < stack.cells(); ++c) {
    if (c % g.cols == 0) {
      run.check_stop();
      run.progress("export", c, stack.cells());
    }
    PointRow row;
    row.id = fmt::format("r{}c{}", c / g.cols, c % g.cols);
    const auto [x, y] = g.centre(c / g.cols, c % g.cols);
    row.place = {x + g.frame.origin_m[0], y + g.frame.origin_m[1], kNaN};
    row.line_of_sight = stack.line_of_sight;
    if (!stack.line_of_sight_per_cell.empty()) row.line_of_sight.unit = stack.line_of_sight_per_cell[c];
    table.add(std::move(row), stack.of(c), run);
  }
  return table.write(out);
}

ExportedSeries export_targets(const fs::path& out, const std::vector<TimeSeries>& all, const Run& run) {
  if (all.empty()) throw Error(ErrorKind::input, "there is no series to export");
  PointTableWriter table(all.front().frame, all.front().time);
  for (const TimeSeries& s : all) {
    run.check_stop();
    require_same(s.frame, all.front().frame, "points of one table");
    if (s.width() != 1)
      throw Error(ErrorKind::config, "a table of points has one component a point", s.target, "export maps or one");
    if (s.time != all.front().time) {
      throw Error(ErrorKind::config, fmt::format("its times are not those of {}", all.front().target), s.target,
                  "a table of points has one column a date: read series of one product");
    }
    PointRow row;
    row.id = s.target;
    row.place = s.position_m.value_or(std::array<double, 3>{kNaN, kNaN, kNaN});
    row.line_of_sight = s.line_of_sight;
    table.add(std::move(row), s.value_m, run);
  }
  return table.write(out);
}

}  // namespace

ExportedSeries export_series(const fs::path& out, const Payload& data, const ExportOptions& options, const Run& run) {
  validate(options, "export");
  if (std::holds_alternative<PointCloud>(data)) {
    throw Error(ErrorKind::input, "a cloud has no series of displacement", {}, "highwall convert writes clouds");
  }
  const Stack* stack = std::get_if<Stack>(&data);
  if (options.as == "csv") {
    return stack != nullptr ? export_cells(out, *stack, run) : export_targets(out, std::get<std::vector<TimeSeries>>(data), run);
  }
  if (stack == nullptr) {
    throw Error(ErrorKind::config, "these are series of points, not maps", "as", "export them as csv");
  }
  return export_maps(out, *stack, options.as == "cog", run);
}

}  // namespace highwall
