#pragma once

#include <string>
#include <vector>

#include "io/readers/insar/layers.hpp"

namespace highwall::insar {

/// "EPSG:32619" of "19N", "19 S" or "19"; "" when it is no zone.
std::string utm_crs(const std::string& zone);

/// Unit vector target -> sensor of a side-looking radar. Degrees: incidence from the vertical, heading clockwise from north,
/// looking angle clockwise from the heading (90 = to the right). Not known where one of them is no number.
LineOfSight line_of_sight(double incidence_deg, double heading_deg, double looking_deg);

/// Where a layer's rows and columns are in the part that all layers have.
struct Shift {
  std::size_t row = 0;
  std::size_t col = 0;
};

/// Cuts all layers to the part that they share. @return its geometry; `shifts` tells where it begins in each layer
/// @throws Error(input) naming the layer that does not fit: other pixels, another CRS, no common part
GridGeometry common_geometry(const std::vector<Layer>& layers, std::vector<Shift>& shifts, Report& report);

/// Gives the frame a CRS by the option and what the files say, its lengths in metres.
/// @throws Error(config) when the coordinates have a CRS that nobody tells
void settle_crs(GridGeometry& geometry, bool placed, const std::string& where, const InsarOptions& options, Report& report);

}  // namespace highwall::insar
