#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/displacement.hpp"
#include "core/grid.hpp"
#include "core/polygon.hpp"

namespace highwall {

/// A band of a raster file.
struct RasterBand {
  std::string name;                             ///< "velocity", "sigma".
  std::string unit;                             ///< "mm/day".
  const std::vector<double>* values = nullptr;  ///< Row-major, NaN = no data.
};

/// GeoTIFF bytes: float32, deflate, NaN as no data, CRS of the frame, names and units of the bands.
/// @param tags  metadata of the whole file, e.g. INSTANT
std::string geotiff_bytes(const GridGeometry& geometry, const std::vector<RasterBand>& bands,
                          const std::vector<std::pair<std::string, std::string>>& tags);

/// The same as a Cloud Optimized GeoTIFF: tiles, and overviews of larger rasters that are means of what has data.
std::string cog_bytes(const GridGeometry& geometry, const std::vector<RasterBand>& bands,
                      const std::vector<std::pair<std::string, std::string>>& tags);

/// A column of a vector file; texts or numbers, one a feature.
struct VectorColumn {
  std::string name;
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

/// Points of a field as GeoPackage bytes, world coordinates in the frame's CRS, vertical part included.
/// @param unit  suffix of the length columns, see length_unit_of()
std::string points_gpkg(const DisplacementField& field, const std::string& unit = "m");
/// Zones with attributes as GeoPackage ("GPKG") or GeoJSON ("GeoJSON", WGS84 by RFC 7946) bytes.
std::string zones_file(const std::string& driver, const std::vector<Polygon>& zones, const std::vector<VectorColumn>& columns);
/// Places with attributes, the same way: one point a target, none where its place is not known.
/// @param places  local metres of `frame`; NaN = not known
std::string places_file(const std::string& driver, const Frame& frame, const std::vector<std::array<double, 2>>& places,
                        const std::vector<VectorColumn>& columns);

}  // namespace highwall
