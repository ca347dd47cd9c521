#include "io/readers/insar/geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

/// Of a pixel: rasters that were cut from one another are off by less.
constexpr double kSamePixel = 0.05;

bool same_steps(const GridGeometry& a, const GridGeometry& b) {
  const double step = std::hypot(a.affine[1], a.affine[4]);
  const double reach = static_cast<double>(std::max({a.rows, a.cols, b.rows, b.cols}));
  for (const int i : {1, 2, 4, 5}) {
    if (!(std::abs(a.affine[static_cast<std::size_t>(i)] - b.affine[static_cast<std::size_t>(i)]) * reach < kSamePixel * step)) {
      return false;
    }
  }
  return true;
}

/// Column and row of b's first pixel in a, where both have the same steps.
std::array<double, 2> offset(const GridGeometry& a, const GridGeometry& b) {
  const double dx = b.affine[0] - a.affine[0];
  const double dy = b.affine[3] - a.affine[3];
  const double det = a.affine[1] * a.affine[5] - a.affine[2] * a.affine[4];
  return {(dx * a.affine[5] - dy * a.affine[2]) / det, (dy * a.affine[1] - dx * a.affine[4]) / det};
}

[[noreturn]] void misfit(const Layer& layer, const std::string& what) {
  throw Error(ErrorKind::input, what, layer.name,
              "a stack is made of rasters of one size and place: take out the file, or write it again on the grid of the others");
}

}  // namespace

std::string utm_crs(const std::string& zone) {
  const std::string text = lower(trim(zone));
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto number = to_integer(text.substr(0, digits));
  const std::string_view rest = trim(std::string_view(text).substr(digits));
  if (!number || *number < 1 || *number > 60 || (rest != "" && rest != "n" && rest != "s")) return {};
  return fmt::format("EPSG:{}", (rest == "s" ? 32700 : 32600) + *number);
}

LineOfSight line_of_sight(double incidence_deg, double heading_deg, double looking_deg) {
  constexpr double radian = std::numbers::pi / 180.0;
  LineOfSight los;
  if (!(incidence_deg >= 0.0 && incidence_deg <= 90.0) || !std::isfinite(heading_deg) || !std::isfinite(looking_deg)) return los;
  const double towards_ground = (heading_deg + looking_deg) * radian;
  const double i = incidence_deg * radian;
  los.unit = {-std::sin(i) * std::sin(towards_ground), -std::sin(i) * std::cos(towards_ground), std::cos(i)};
  return los;
}

GridGeometry common_geometry(const std::vector<Layer>& layers, std::vector<Shift>& shifts, Report& report) {
  const Layer& base = layers.front();
  if (base.placed &&
      !(std::abs(base.geometry.affine[1] * base.geometry.affine[5] - base.geometry.affine[2] * base.geometry.affine[4]) > 0.0)) {
    throw Error(ErrorKind::input, "the size of a pixel is not a number above 0", base.name);
  }
  // Of the common part, in rows and columns of the first layer.
  long long top = 0;
  long long left = 0;
  long long bottom = static_cast<long long>(base.geometry.rows);
  long long right = static_cast<long long>(base.geometry.cols);
  std::vector<std::array<long long, 2>> starts;
  for (const Layer& layer : layers) {
    const GridGeometry& g = layer.geometry;
    std::array<long long, 2> start{0, 0};
    if (layer.placed != base.placed)
      misfit(layer, fmt::format("it has {}coordinates, unlike {}", layer.placed ? "" : "no ", base.name));
    if (!layer.placed && (g.rows != base.geometry.rows || g.cols != base.geometry.cols)) {
      misfit(layer, fmt::format("it has {} rows and {} columns, {} has {} and {}, and there are no coordinates to cut them by",
                                g.rows, g.cols, base.name, base.geometry.rows, base.geometry.cols));
    }
    if (layer.placed) {
      if (g.frame.crs != base.geometry.frame.crs && !same_crs(g.frame.crs, base.geometry.frame.crs)) {
        misfit(layer, fmt::format("its CRS ({}) is not that of {}", g.frame.crs.empty() ? "none" : g.frame.crs.substr(0, 80),
                                  base.name));
      }
      if (!same_steps(base.geometry, g)) misfit(layer, "its pixels have not the size of those of " + base.name);
      const auto at = offset(base.geometry, g);
      start = {std::llround(at[1]), std::llround(at[0])};
      if (!(std::abs(at[0] - static_cast<double>(start[1])) < kSamePixel) ||
          !(std::abs(at[1] - static_cast<double>(start[0])) < kSamePixel)) {
        misfit(layer, "its pixels lie between those of " + base.name);
      }
    }
    starts.push_back(start);
    top = std::max(top, start[0]);
    left = std::max(left, start[1]);
    bottom = std::min(bottom, start[0] + static_cast<long long>(g.rows));
    right = std::min(right, start[1] + static_cast<long long>(g.cols));
    if (top >= bottom || left >= right)
      misfit(layer, "it has no pixel in common with the others, of which the first is " + base.name);
  }
  shifts.clear();
  bool cut = false;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    shifts.push_back({static_cast<std::size_t>(top - starts[i][0]), static_cast<std::size_t>(left - starts[i][1])});
    cut = cut || layers[i].geometry.rows != static_cast<std::size_t>(bottom - top) ||
          layers[i].geometry.cols != static_cast<std::size_t>(right - left);
  }
  GridGeometry g = base.geometry;
  g.affine[0] += static_cast<double>(left) * g.affine[1] + static_cast<double>(top) * g.affine[2];
  g.affine[3] += static_cast<double>(left) * g.affine[4] + static_cast<double>(top) * g.affine[5];
  g.rows = static_cast<std::size_t>(bottom - top);
  g.cols = static_cast<std::size_t>(right - left);
  if (cut)
    report.warn(
        fmt::format("the rasters are not all of one extent: they are cut to the {} x {} pixels that all have", g.rows, g.cols));
  return g;
}

void settle_crs(GridGeometry& geometry, bool placed, const std::string& where, const InsarOptions& options, Report& report) {
  const std::string own = geometry.frame.crs;
  geometry.frame = Frame{};
  if (!placed) {
    if (options.crs != "file" && options.crs != "local") {
      throw Error(ErrorKind::config, "the rasters have no coordinates that the option crs could be of", where,
                  "they are in rows and columns of the radar: leave the option out");
    }
    geometry.affine = {0.0, 1.0, 0.0, 0.0, 0.0, 1.0};
    report.warn("the rasters have no coordinates: their place is counted in columns and rows");
    return;
  }
  const bool stated = options.crs != "file" && options.crs != "local";
  if (options.crs == "file" && own.empty()) {
    throw Error(ErrorKind::config, "the CRS of the coordinates is not known", where,
                "tell it with --crs EPSG:CODE, or --crs local for a frame of its own");
  }
  if (stated && !own.empty() && !same_crs(own, options.crs)) {
    report.warn(fmt::format("the files are in {}, the option says {}: the option is used", own.substr(0, 80), options.crs));
  }
  const std::string& text = stated ? options.crs : own;
  if (text.empty()) return;  // local, and the files say nothing
  const CrsInfo info = describe_crs(text, where, stated ? ErrorKind::config : ErrorKind::input);
  const bool foreign = !info.geographic && info.horizontal_unit_m != 1.0;
  if (foreign) {
    report.warn(fmt::format("coordinates are converted to metres from a unit of {} m", info.horizontal_unit_m));
    for (double& a : geometry.affine) a *= info.horizontal_unit_m;
  }
  if (options.crs == "local") return;
  geometry.frame.crs = foreign ? in_metres(info.crs, where) : info.crs;
  geometry.frame.vertical = info.vertical;
}

}  // namespace highwall::insar
