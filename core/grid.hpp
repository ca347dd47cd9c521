#pragma once

#include <array>
#include <cstddef>

#include "core/frame.hpp"

namespace highwall {

/// Shape and place of a raster. Pixel (row, col) has its outer upper-left corner at
/// x = a0 + col a1 + row a2, y = a3 + col a4 + row a5 (GDAL's order), in local metres of `frame`
/// (degrees when the CRS is geographic).
struct GridGeometry {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::array<double, 6> affine{0.0, 1.0, 0.0, 0.0, 0.0, -1.0};
  Frame frame;

  friend bool operator==(const GridGeometry&, const GridGeometry&) = default;
  std::size_t cells() const noexcept { return rows * cols; }
  /// Centre of a pixel.
  std::array<double, 2> centre(std::size_t row, std::size_t col) const {
    const double c = static_cast<double>(col) + 0.5;
    const double r = static_cast<double>(row) + 0.5;
    return {affine[0] + c * affine[1] + r * affine[2], affine[3] + c * affine[4] + r * affine[5]};
  }
};

}  // namespace highwall
