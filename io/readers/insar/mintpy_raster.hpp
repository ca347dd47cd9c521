#pragma once

#include <array>
#include <optional>

#include "core/grid.hpp"
#include "core/sensor.hpp"
#include "io/readers/insar/h5_product.hpp"

namespace highwall::insar {

/// What MintPy's attributes say of the raster of any of its files.
struct MintpyRaster {
  GridGeometry geometry;  ///< frame.crs is "" where it is not told.
  bool placed = false;
  std::optional<std::array<std::size_t, 2>> reference;
  LineOfSight line_of_sight;
};
MintpyRaster mintpy_raster(const H5Product& file, std::size_t rows, std::size_t cols);

double number_or_nan(const H5Product& file, const char* name);

}  // namespace highwall::insar
