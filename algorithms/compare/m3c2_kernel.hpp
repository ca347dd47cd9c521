#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/plane_normal.hpp"

namespace highwall {

/// A core point, on the lattice of an index.
struct KernelPlace {
  std::array<std::int32_t, 3> lattice;
  Eigen::Vector3d from_origin_m;  ///< From the index's origin.
};

/// A cylinder about a core point.
struct KernelCylinder {
  Eigen::Vector3d normal;
  double radius_m;
  double half_length_m;
  double normal_error;  ///< The normal may be off by so much, rad.
};

/// Heights along the normal of the points of a cylinder, in index order, in lattice units.
struct KernelHeights {
  std::vector<float> values;  ///< The first `count` of them; room beyond.
  std::size_t count = 0;
};

/// The inner loops of M3C2 in single precision, for one instruction set. What they return is the same bits on each of
/// them: eight lanes in fixed order, no fused multiplication. Each decides only what it can be sure of: `false` says that
/// a point lies within the rounding of a border and the question must be asked again in double.
struct M3c2Kernel {
  std::string_view name;  ///< "AVX2", "SSE4", ...
  /// Moments, in lattice units about the place, of the points within the closed sphere.
  bool (*sphere)(const Cells& cells, const KernelPlace& place, double radius_m, Moments& moments);
  /// Heights of the points in the closed cylinder.
  bool (*cylinder)(const Cells& cells, const KernelPlace& place, const KernelCylinder& cylinder, KernelHeights& heights);
  /// Mean and standard deviation (n - 1) of n > 0 values.
  void (*spread)(const float* values, std::size_t n, double& mean, double& standard_deviation);
};

/// Rounding of the moments that sphere() returns, relative to their size.
inline constexpr double kMomentRounding = 1.0 / 4194304.0;

/// The best for this machine, unless use_m3c2_kernel() said otherwise.
const M3c2Kernel& m3c2_kernel();
/// All that this machine can run, the best first.
std::vector<M3c2Kernel> m3c2_kernels();
/// Makes m3c2_kernel() return the one of this name; "" = the best again. For tests and measurements.
/// @return false when this machine has no such kernel
bool use_m3c2_kernel(std::string_view name);

}  // namespace highwall
