#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/polygon.hpp"

namespace highwall {

/// Reads the outline that "FILE:NAME" names: the feature whose attribute `name`, `id` or `zone` is
/// NAME, or all features of a layer called NAME; a FILE with one feature needs no NAME. GeoJSON and
/// GeoPackage. Coordinates are brought into the site frame.
/// @throws Error(config) when the file has no such outline (the message lists what it has), or
///         Error(input) when it cannot be read.
Polygon read_polygon(const std::filesystem::path& folder, const std::string& reference, const Frame& site);

/// Every outline of a file, by name.
std::vector<Polygon> read_polygons(const std::filesystem::path& file, const Frame& site);

}  // namespace highwall
