// Finished series of displacement in HDF5: MintPy's timeseries.h5 and LiCSBAS' cum.h5.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/insar/h5_product.hpp"
#include "io/readers/insar/mintpy_raster.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/insar/sights.hpp"
#include "io/readers/map_place.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

using insar::H5Product;

constexpr std::size_t kMostValues = std::size_t{1} << 28U;

int sniff(std::string_view head, std::string_view) {
  using namespace std::string_view_literals;
  return head.substr(0, 8) == "\x89HDF\r\n\x1a\n"sv ? 85 : 0;
}

/// A series of maps as it lies in its file.
struct Source {
  const char* data;
  const char* program;
  std::vector<std::string> dates;
  std::string unit;
  insar::MintpyRaster raster;
  std::vector<Eigen::Vector3d> line_of_sight_per_cell;
  bool zero_series_is_missing = false;
};

std::array<std::size_t, 3> shape_of(const H5Product& file, const char* data) {
  const H5Product::Data d = file.open(data);
  if (d.shape.size() != 3 || d.count == 0) file.fail(fmt::format("{} has not three dimensions: date, row, column", data));
  if (d.count > kMostValues) {
    file.fail(fmt::format("{} x {} x {} values are more than are read at once", d.shape[0], d.shape[1], d.shape[2]),
              "cut it to the slope: subset.py of MintPy, clip of LiCSBAS");
  }
  return {d.shape[0], d.shape[1], d.shape[2]};
}

Source mintpy(const H5Product& file) {
  Source source{"timeseries", "MintPy", file.texts("date"), file.attribute("UNIT").value_or("m"), {}, {}, true};
  const auto shape = shape_of(file, source.data);
  source.raster = insar::mintpy_raster(file, shape[1], shape[2]);
  return source;
}

/// Unit vectors target -> sensor, which LiCSBAS keeps in three rasters.
std::vector<Eigen::Vector3d> directions(const H5Product& file, std::size_t cells) {
  std::vector<Eigen::Vector3d> all;
  if (!file.has("E.geo") || !file.has("N.geo") || !file.has("U.geo")) return all;
  const std::vector<double> e = file.numbers("E.geo", cells);
  const std::vector<double> n = file.numbers("N.geo", cells);
  const std::vector<double> u = file.numbers("U.geo", cells);
  if (e.size() != cells || n.size() != cells || u.size() != cells) file.fail("E.geo, N.geo and U.geo have not the shape of cum");
  for (std::size_t c = 0; c < cells; ++c) {
    const Eigen::Vector3d unit(e[c], n[c], u[c]);
    const bool is_unit = std::abs(unit.norm() - 1.0) < 0.01;
    all.push_back(is_unit ? Eigen::Vector3d(unit.normalized()) : Eigen::Vector3d::Constant(std::nan("")));
  }
  return all;
}

double single(const H5Product& file, const char* name) {
  const std::vector<double> value = file.numbers(name, 1);
  if (value.size() != 1 || !std::isfinite(value[0])) file.fail(fmt::format("{} is no number", name));
  return value[0];
}

Source licsbas(const H5Product& file) {
  Source source{"cum", "LiCSBAS", {}, "mm", {}, {}, false};
  const auto shape = shape_of(file, source.data);
  for (const double date : file.numbers("imdates", shape[0])) source.dates.push_back(fmt::format("{:.0f}", date));
  GridGeometry& g = source.raster.geometry;
  g.rows = shape[1];
  g.cols = shape[2];
  g.frame.crs.clear();
  if (file.has("corner_lat") && file.has("corner_lon")) {
    const double dx = single(file, "post_lon");
    const double dy = single(file, "post_lat");
    source.raster.placed = true;
    // LiCSBAS' corners are centres of pixels, of WGS 84.
    g.affine = {single(file, "corner_lon") - 0.5 * dx, dx, 0.0, single(file, "corner_lat") - 0.5 * dy, 0.0, dy};
    g.frame.crs = "EPSG:4326";
  }
  source.line_of_sight_per_cell = directions(file, g.cells());
  return source;
}

Source source_of(const H5Product& file) {
  if (file.has("timeseries") && file.has("date")) return mintpy(file);
  if (file.has("cum") && file.has("imdates")) return licsbas(file);
  if (file.has("unwrapPhase") || file.has("science/LSAR/GUNW")) {
    file.fail("the file holds interferograms, not displacement", "highwall radar invert makes displacement of them");
  }
  file.fail("this HDF5 file is neither a timeseries.h5 of MintPy nor a cum.h5 of LiCSBAS");
}

std::vector<Instant> instants_of(const H5Product& file, const Source& source, std::size_t count) {
  if (source.dates.size() != count) file.fail(fmt::format("there are {} dates for {} maps", source.dates.size(), count));
  std::vector<Instant> instants;
  for (std::size_t i = 0; i < count; ++i) {
    const auto stamp = insar::parse_stamp(source.dates[i]);
    if (!stamp) file.fail(fmt::format("date {} is \"{}\", which is none", i, source.dates[i]));
    if (i > 0 && stamp->at <= instants.back())
      file.fail(fmt::format("date {} ({}) is not after the one before", i, source.dates[i]));
    instants.push_back(stamp->at);
  }
  return instants;
}

GridGeometry placed(const Source& source, const ReadOptions& options, Report& report) {
  GridGeometry g = source.raster.geometry;
  const std::string own = g.frame.crs;
  g.frame = Frame{};
  if (!source.raster.placed) {
    assume(options, report, "crs", "the maps are in rows and columns of the radar: cells count as metres");
    return g;
  }
  place_on_earth(g, own, options, report);
  if (options.origin_m.size() == 3) {
    g.frame.origin_m = {options.origin_m[0], options.origin_m[1], options.origin_m[2]};
    g.affine[0] -= options.origin_m[0];
    g.affine[3] -= options.origin_m[1];
  }
  return g;
}

/// MintPy writes 0 in all maps where it has no series; the reference pixel is 0 by definition.
void drop_zero_series(Stack& stack, const Source& source, Report& report) {
  std::vector<char> moves(stack.cells(), 0);
  for (std::size_t e = 0; e < stack.epochs(); ++e) {
    const auto map = stack.at(e);
    for (std::size_t c = 0; c < map.size(); ++c) moves[c] = static_cast<char>(moves[c] | static_cast<char>(map[c] != 0.0));
  }
  const auto& reference = source.raster.reference;
  if (reference) moves[(*reference)[0] * stack.geometry().cols + (*reference)[1]] = 1;
  const auto still = std::count(moves.begin(), moves.end(), 0);
  if (still == 0) return;
  report.warn(fmt::format("{} cells are 0 in all maps: they have no data", still));
  for (std::size_t e = 0; e < stack.epochs(); ++e) {
    const auto map = stack.at(e);
    for (std::size_t c = 0; c < map.size(); ++c) {
      if (moves[c] == 0) map[c] = std::numeric_limits<double>::quiet_NaN();
    }
  }
}

/// Lines of sight of MintPy's pixels, and in a projected system their positions, which lie in a file beside the series.
void add_geometry(Source& source, const std::string& file, Stack& stack, Report& report) {
  const GridGeometry& g = stack.geometry();
  const insar::MintpyGeometry found = insar::mintpy_geometry_beside(file, g.rows, g.cols, source.raster.placed, report);
  if (!found.sights) return;
  for (const Eigen::Vector3f& s : *found.sights) source.line_of_sight_per_cell.emplace_back(s.cast<double>().normalized());
  source.raster.line_of_sight = insar::mean_of(*found.sights);
  const bool projected = !g.frame.is_local() && !g.frame.crs.empty() && !describe_crs(g.frame.crs).geographic;
  if (found.height_m.empty() || !projected) return;
  for (std::size_t c = 0; c < g.cells(); ++c) {
    const auto [x, y] = g.centre(c / g.cols, c % g.cols);
    stack.cell_position_m.emplace_back(x, y, static_cast<double>(found.height_m[c]) - g.frame.origin_m[2]);
  }
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const auto file = std::make_shared<const H5Product>(input.bytes, input.name);
  Source source = source_of(*file);
  const auto shape = shape_of(*file, source.data);
  Stack stack(placed(source, options, report), instants_of(*file, source, shape[0]));
  // Both write displacement positive towards the sensor.
  const ReadOptions told = with_sign_of_file(options, "toward_positive", report);
  const double scale = metres_per_unit(told, source.unit, report) * sign_factor(told, report);
  std::vector<std::size_t> planes(shape[0]);
  for (std::size_t e = 0; e < planes.size(); ++e) planes[e] = e;
  const auto pixels = insar::planes_of(file, source.data, planes);
  std::vector<float> values(stack.cells());
  for (std::size_t e = 0; e < planes.size(); ++e) {
    run.check_stop();
    run.progress("read", e, planes.size());
    pixels[e]->read({0, shape[1], 0, shape[2]}, values.data());
    const auto map = stack.at(e);
    for (std::size_t c = 0; c < values.size(); ++c) {
      const double v = values[c];
      map[c] = std::isfinite(v) ? scaled(v, scale) : std::numeric_limits<double>::quiet_NaN();
    }
    ++report.accepted;
  }
  if (source.zero_series_is_missing) drop_zero_series(stack, source, report);
  if (source.zero_series_is_missing) add_geometry(source, input.name, stack, report);
  stack.line_of_sight = source.raster.line_of_sight;
  stack.line_of_sight_per_cell = std::move(source.line_of_sight_per_cell);
  stack.source = source.program;
  reading.data = std::move(stack);
  return reading;
}

}  // namespace

extern const Reader insar_series_reader;
const Reader insar_series_reader{"insar_series", "displacement maps of MintPy (timeseries.h5) and LiCSBAS (cum.h5)", ".h5 .hdf5",
                                 sniff, read};

}  // namespace highwall
