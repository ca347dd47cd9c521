#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/grid.hpp"

namespace highwall {

/// One layer of a raster in HDF5.
struct MapLayer {
  std::string name;                             ///< "velocity_24h".
  std::string unit;                             ///< "mm/day".
  const std::vector<double>* values = nullptr;  ///< Row-major, NaN = no value.
};

/// Layers of one raster as HDF5 bytes (schema "highwall.map/1"): datasets of rows x cols with their units, the
/// affine (GDAL's order, world coordinates of `crs`) and `notes` as attributes. Equal maps give equal bytes.
std::string encode_map(const GridGeometry& geometry, const std::vector<MapLayer>& layers,
                       const std::vector<std::pair<std::string, std::string>>& notes);

}  // namespace highwall
