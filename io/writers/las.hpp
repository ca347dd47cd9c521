#pragma once

#include <string>

#include "core/displacement.hpp"

namespace highwall {

/// A displacement field as LAS 1.4 bytes, point format 6, coordinates to 0.1 mm, everything else as extra
/// bytes of its own type: distance_m, sigma_m, lod95_m, std1_m, std2_m, nx, ny, nz (double), n1, n2
/// (uint32), reason (uint8). NaN stays NaN. The CRS goes in as WKT, vertical part included. The file carries no
/// creation date.
/// @param unit  suffix of the length attributes, see length_unit_of()
std::string field_las(const DisplacementField& field, const std::string& unit = "m");

}  // namespace highwall
