#include "io/readers/insar/mintpy_raster.hpp"

#include <fmt/format.h>

#include <cmath>

#include "io/readers/insar/geometry.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

std::string crs_of(const H5Product& file) {
  if (const auto epsg = file.attribute("EPSG")) {
    const auto code = to_integer(trim(*epsg));
    if (code && *code > 0) return fmt::format("EPSG:{}", *code);
  }
  if (const auto zone = file.attribute("UTM_ZONE")) return utm_crs(*zone);
  const std::string unit = lower(file.attribute("Y_UNIT").value_or(""));
  return unit.rfind("degree", 0) == 0 ? "EPSG:4326" : "";
}

}  // namespace

double number_or_nan(const H5Product& file, const char* name) {
  return file.number_attribute(name).value_or(std::numeric_limits<double>::quiet_NaN());
}

MintpyRaster mintpy_raster(const H5Product& file, std::size_t rows, std::size_t cols) {
  MintpyRaster raster;
  raster.geometry = without_crs();
  raster.geometry.rows = rows;
  raster.geometry.cols = cols;
  const auto x = file.number_attribute("X_FIRST");
  const auto y = file.number_attribute("Y_FIRST");
  if (x && y) {
    raster.placed = true;
    raster.geometry.affine = {*x, number_or_nan(file, "X_STEP"), 0.0, *y, 0.0, number_or_nan(file, "Y_STEP")};
    raster.geometry.frame.crs = crs_of(file);
    for (const double a : raster.geometry.affine) {
      if (!std::isfinite(a)) file.fail("X_FIRST, X_STEP, Y_FIRST and Y_STEP are not all numbers");
    }
  }
  const auto row = file.number_attribute("REF_Y");
  const auto col = file.number_attribute("REF_X");
  if (row && col && *row >= 0.0 && *col >= 0.0 && *row < static_cast<double>(rows) && *col < static_cast<double>(cols)) {
    raster.reference = {static_cast<std::size_t>(*row), static_cast<std::size_t>(*col)};
  }
  double incidence = number_or_nan(file, "INCIDENCE_ANGLE");
  if (std::isnan(incidence)) incidence = number_or_nan(file, "CENTER_INCIDENCE_ANGLE");
  const bool left = file.number_attribute("ANTENNA_SIDE").value_or(-1.0) > 0.0;
  raster.line_of_sight = line_of_sight(incidence, number_or_nan(file, "HEADING"), left ? -90.0 : 90.0);
  return raster;
}

}  // namespace highwall::insar
