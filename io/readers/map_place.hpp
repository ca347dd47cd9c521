#pragma once

#include <string>

#include "core/grid.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// Frame of a map, its cells in metres: by the option crs, or by `own`, the CRS that the file tells ("" = none).
/// @throws Error(config) under strict when nobody tells the CRS
void place_on_earth(GridGeometry& g, const std::string& own, const ReadOptions& options, Report& report);

/// The file's own sign where it has one. @throws Error(input) under strict when the options say the opposite: one of the
/// two would turn a slope that comes down into one that recedes.
ReadOptions with_sign_of_file(const ReadOptions& options, const std::string& sign, Report& report);

}  // namespace highwall
