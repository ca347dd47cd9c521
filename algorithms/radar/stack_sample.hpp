#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

/// Phases and coherences of pixels spread evenly over a stack, pair-major.
struct StackSample {
  std::size_t cells = 0;
  std::vector<float> phase;
  std::vector<float> coherence;  ///< Empty when the network has none.
};
StackSample sample_of(const InterferogramSource& source, std::size_t most_cells, std::size_t block_bytes, const Run& run);

/// Standard deviation of the residuals of a network, in units of what phase_weight() tells (median absolute residual: errors of a
/// cycle do not count). NaN where no pixel has more interferograms than motion needs.
double noise_factor(const InterferogramNetwork& network, const StackSample& sample, std::span<const double> offset_rad);

}  // namespace highwall
