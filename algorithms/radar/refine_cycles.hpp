#pragma once

#include <cstddef>
#include <vector>

#include "algorithms/radar/cycle_map.hpp"
#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

/// How borders of cycles are drawn.
struct EdgeModel {
  std::vector<double> offset_rad;  ///< One a pair, subtracted from the phase.
  double noise_variance = 1.0;     ///< Variance of phase times its weight: scale of the misfit.
  double smoothness = 2.0;         ///< Price of two neighbours of different cycles, in units of log-likelihood.
  std::size_t edge_cells = 3;      ///< Cells that a border may move by.
  std::size_t block_bytes = std::size_t{64} << 20U;
};

/// Moves the borders of cycles to where the weighted misfit of the network plus a price of each piece of border is least (a Potts
/// model; Boykov, Veksler and Zabih 2001, doi:10.1109/34.969114, swap moves by exact cuts), one interferogram after another until
/// nothing changes. Cells further from a border than edge_cells keep what they have; so do those in `doubtful`, and those where
/// the network says nothing of the interferogram.
void refine_cycles(const InterferogramSource& source, CycleMap& cycles, const CycleMap& doubtful, const EdgeModel& model,
                   const Run& run);

}  // namespace highwall
