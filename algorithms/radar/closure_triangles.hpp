#pragma once

#include <cstdint>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall {

/// Three interferograms of acquisitions i < j < k whose phases ij + jk - ik close where no one has an unwrapping error
/// (and noise is small). Indices into InterferogramNetwork::pairs.
struct Triangle {
  std::uint32_t ij = 0;
  std::uint32_t jk = 0;
  std::uint32_t ik = 0;
};

/// All triangles of a network, in order of i, then j, then k.
std::vector<Triangle> triangles_of(const InterferogramNetwork& network);

/// Cycles by which a sum of phases around a loop misses the interval [-pi, pi): (C - wrap(C)) / 2 pi. NaN stays NaN.
double integer_closure(double closure_rad) noexcept;

}  // namespace highwall
