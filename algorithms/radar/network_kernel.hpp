#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "algorithms/radar/network_plan.hpp"
#include "algorithms/radar/phase_variance.hpp"

namespace highwall {

enum class KernelWeights { none, coherence, variance };

/// What all pixels of a stack share.
struct NetworkProblem {
  const NetworkPlan* plan = nullptr;
  KernelWeights weights = KernelWeights::none;
  std::array<float, PhaseVarianceTable::kBins> weight_of_bin{};  ///< Of KernelWeights::variance.
  std::vector<float> reference_rad;                              ///< Of each pair, taken off its phase.
  float metres_per_radian = 0.0F;
  bool with_sigma = false;
  // Factor of the network without weights, with all its pairs; empty where that is not connected.
  std::vector<double> factor, inverse_pivot, inverse_diagonal;
};

/// Some pixels of a tile whose arrays are pair-major, `stride` pixels a pair.
struct NetworkCells {
  const float* phase = nullptr;
  const float* coherence = nullptr;  ///< Null when the weights need none.
  std::size_t stride = 0;
  const std::uint32_t* cell = nullptr;  ///< As many as the kernel has lanes; the last is repeated beyond `count`.
  std::size_t count = 0;
};

/// Where their results go: instant-major with the tile's stride, or one a pixel.
struct NetworkResults {
  float* displacement_m = nullptr;
  float* sigma_m = nullptr;  ///< Null when not wanted.
  float* temporal_coherence = nullptr;
  float* unit_weight_sigma = nullptr;
  std::uint16_t* pairs = nullptr;
};

/// Memory of a call, on borders of 64 bytes.
struct KernelMemory {
  float* floats = nullptr;
  double* doubles = nullptr;
};

/// Least squares of a network for many pixels at once, one a lane of a vector, for one instruction set. No lane knows of another
/// and no multiplication is fused with an addition, so that a pixel's result is the same bits on every instruction set.
struct NetworkKernel {
  std::string_view name;  ///< "AVX2", "AVX3", ...
  std::size_t lanes = 0;
  std::size_t (*floats)(const NetworkPlan& plan);  ///< How many a call wants.
  std::size_t (*doubles)(const NetworkPlan& plan);
  /// Weighted, pairs without a phase left out, in single precision and refined.
  /// @return bits of the pixels that must be inverted the exact way: the pairs there are do not tie their instants together in
  /// plain sight, or their weights are too uneven for single precision. Their results are rubbish
  std::uint32_t (*weighted)(const NetworkProblem& problem, const NetworkCells& cells, const NetworkResults& results,
                            const KernelMemory& memory);
  /// All pairs there and all weights one: by the shared factor, in double precision.
  void (*uniform)(const NetworkProblem& problem, const NetworkCells& cells, const NetworkResults& results,
                  const KernelMemory& memory);
};

/// The best for this machine, unless use_network_kernel() said otherwise.
const NetworkKernel& network_kernel();
/// All that this machine can run, the best first.
std::vector<NetworkKernel> network_kernels();
/// Makes network_kernel() return the one of this name; "" = the best again. For tests and measurements.
/// @return false when this machine has no such kernel
bool use_network_kernel(std::string_view name);

}  // namespace highwall
