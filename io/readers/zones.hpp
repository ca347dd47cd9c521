#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/polygon.hpp"
#include "core/report.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// Reads the outline that "FILE:NAME" names: the feature whose attribute `name`, `id` or `zone` is
/// NAME, or all features of a layer called NAME; a FILE with one feature needs no NAME. GeoJSON and
/// GeoPackage. Coordinates are brought into the site frame.
/// @throws Error(config) when the file has no such outline (the message lists what it has), or
///         Error(input) when it cannot be read, or the outline that is meant is damaged.
Polygon read_polygon(const std::filesystem::path& folder, const std::string& reference, const Frame& site);

/// Every sound outline of a file, by name; damaged ones (no outline, a corner that is not a number) are refused rows of
/// the report, counted by feature.
std::vector<Polygon> read_polygons(const std::filesystem::path& file, const Frame& site, Report& report);

/// True for what begins like GeoJSON or GeoPackage.
bool holds_zones(std::string_view bytes);

/// What a file of zones holds, as `highwall info` lists it.
struct ZoneList {
  struct Zone {
    std::string name;  ///< Of the feature, else of its layer.
    std::string crs;   ///< "EPSG:4548", WKT, or "local" for none.
    double area_m2 = 0.0;
  };
  std::vector<Zone> zones;
  Report report;
};
/// @throws Error(input) when the file cannot be read
ZoneList list_zones(const Input& input);

}  // namespace highwall
