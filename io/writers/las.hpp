#pragma once

#include <string>
#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/run.hpp"

namespace highwall {

/// A displacement field as LAS 1.4 bytes, point format 6, coordinates to 0.1 mm, everything else as extra
/// bytes of its own type: distance_m, sigma_m, lod95_m, std1_m, std2_m, nx, ny, nz (double), n1, n2
/// (uint32), reason (uint8). NaN stays NaN. The CRS goes in as WKT, vertical part included. The file carries no
/// creation date.
/// @param unit  suffix of the length attributes, see length_unit_of()
std::string field_las(const DisplacementField& field, const std::string& unit = "m");

/// A cloud as LAS 1.4 bytes, point format 6, 7 (colours) or 8 (near infrared too). Coordinates have a step of 1 mm where
/// they all are whole millimetres, else 0.1 mm, about the cloud's local origin. Channels go where LAS has a place of their
/// type for them, GPS time in 64 bits; all others are extra bytes of their own type. Where there is no GPS time, the
/// header's date is the day of acquisition.
/// @throws Error(frame) for points more than 200 km from the origin, Error(input) for what LAS cannot name
std::string cloud_las(const PointCloud& cloud, const Run& run);

/// Points of a chunk of compressed ones.
inline constexpr std::size_t kLazChunkPoints = 50000;
/// LAS bytes of point format 6 to 8, as above, compressed by LASzip 3.5 (Apache-2.0) in chunks of kLazChunkPoints points.
std::string compress_las(const std::string& las, const Run& run);
/// What stands behind the chunks and tells how many bytes each has.
std::string laz_chunk_table(const std::vector<std::size_t>& chunk_bytes);

}  // namespace highwall
