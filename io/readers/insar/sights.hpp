#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/report.hpp"
#include "core/sensor.hpp"

namespace highwall::insar {

/// Unit vectors target -> sensor of the pixels of a raster, row-major; NaN = not known.
using Sights = std::vector<Eigen::Vector3f>;

/// By the angles of MintPy and ISCE2: incidence from the vertical, azimuth of target -> sensor from north, anticlockwise.
/// NaN for angles that are none, and for an incidence of 0, which both write where they have none.
Eigen::Vector3f sight_of(double incidence_deg, double azimuth_deg);
/// Mean of those that are known.
LineOfSight mean_of(const Sights& sights);

/// What MintPy's geometry*.h5 tells of the pixels of a series or stack.
struct MintpyGeometry {
  std::shared_ptr<const Sights> sights;
  std::vector<float> height_m;  ///< Empty where it has none.
};
/// Looks for geometry*.h5 beside the file and in `inputs` there, of as many rows and columns, and placed likewise. Nothing is
/// found for bytes that are in no file. Which file was taken is told; one that is damaged is told and passed over.
MintpyGeometry mintpy_geometry_beside(const std::filesystem::path& file, std::size_t rows, std::size_t cols, bool placed,
                                      Report& report);

}  // namespace highwall::insar
