#pragma once

#include <cstdint>
#include <vector>

#include "algorithms/radar/cycle_map.hpp"
#include "core/interferogram.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// Options of correct_unwrapping().
struct ClosureOptions {
  std::int64_t least_cells = 9;
  double loop_price = 2.0;
  double smoothness = 2.0;
  std::int64_t edge_cells = 3;
  std::int64_t rounds = 3;
  double least_closed = 0.5;

  static void describe(auto& d) {
    using O = ClosureOptions;
    d.field(&O::least_cells, "least_cells", "", between(1, 1000),
            "Errors of fewer connected pixels are taken for noise and left");
    d.field(&O::loop_price, "loop_price", "", above(1),
            "Price of leaving a loop open by a cycle, where adding a cycle to an interferogram costs 1");
    d.field(&O::smoothness, "smoothness", "", at_least(0),
            "Price of a border between two neighbouring pixels, in units of log-likelihood");
    d.field(&O::edge_cells, "edge_cells", "", between(1, 50),
            "Pixels by which the border of an error may be moved to where the phases fit best");
    d.field(&O::rounds, "rounds", "", between(1, 20), "Times that the loops are looked at again after a correction, at most");
    d.field(&O::least_closed, "least_closed", "", between(0, 1),
            "A correction that leaves more of its loops open than this share closes is taken back");
  }
};

/// What was found in one interferogram; pixels.
struct PairCorrection {
  std::size_t loops = 0;        ///< Triangles it is in; 0 = its errors cannot be seen.
  std::uint64_t corrected = 0;  ///< Whole cycles were added.
  std::uint64_t detected = 0;   ///< May have an error, not corrected: other interferograms explain the open loops as well, or the
                                ///< correction did not close them.
  std::uint64_t open = 0;       ///< A loop of it stays open, after all corrections (filtered, without regions below least_cells).
};

/// Whole cycles found from the loops of a network, and how sure they are.
struct ClosureCorrection {
  CycleMap cycles;    ///< To be added, in cycles: see CorrectedSource.
  CycleMap detected;  ///< 1 = PairCorrection::detected.
  std::vector<PairCorrection> per_pair;
  std::vector<double> offset_rad;  ///< Per pair: what the noise of the reference was taken for.
  double noise_factor = 0.0;       ///< Phase noise in units of what the coherence tells (without coherence: in radians).
  std::size_t triangles = 0;
  std::size_t programs = 0;  ///< Linear programs solved.
  std::size_t rounds = 0;    ///< Rounds that changed something.
};

/// Unwrapping errors: finds whole cycles that close the loops, without connected components. Closures less their median over the
/// image; 3 x 3 median, rounded; per pixel the fewest cycles that explain them (LoopSolver); regions below least_cells dropped;
/// borders moved to where the weighted network fits best (refine_cycles); what no loop sees judged by neighbours (settle_gauge);
/// all again on the corrected phase, until nothing changes; a correction whose loops stay open is taken back. Where several
/// interferograms explain the loops equally well and neighbours do not tell either (ends of a network, loops that are absent)
/// nothing is corrected, and all of them are reported as detected. A network without loops is not corrected.
/// Errors that all pixels have relative to the reference pixel come out as cycles of the reference's region: phases are to be
/// referenced after the correction.
/// Reads the source a few times by blocks of rows of about `block_bytes`. The same on any number of threads.
/// @throws Error(config) for bad options
ClosureCorrection correct_unwrapping(const InterferogramSource& source, const ClosureOptions& options, const Run& run,
                                     std::size_t block_bytes = std::size_t{64} << 20U);

}  // namespace highwall
