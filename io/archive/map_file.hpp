#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/grid.hpp"

namespace highwall {

/// One layer of a raster in HDF5.
struct MapLayer {
  std::string name;                             ///< "velocity_24h".
  std::string unit;                             ///< "mm/day".
  const std::vector<double>* values = nullptr;  ///< Row-major, NaN = no value.
  bool single = false;                          ///< Written in single precision, for what was measured in it.
};

/// Layers of one raster as HDF5 bytes (schema "highwall.map/1"): datasets of rows x cols with their units, the
/// affine (GDAL's order, world coordinates of `crs`) and `notes` as attributes. Equal maps give equal bytes.
std::string encode_map(const GridGeometry& geometry, const std::vector<MapLayer>& layers,
                       const std::vector<std::pair<std::string, std::string>>& notes);

/// A map as its file tells it.
struct DecodedMap {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::map<std::string, std::vector<double>> layers;  ///< By name, row-major.
};
/// @throws Error(storage) for bytes that are damaged or no map
DecodedMap decode_map(std::string_view bytes, const std::string& name);

}  // namespace highwall
