#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "algorithms/radar/closure_triangles.hpp"
#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

/// What the loops of a network say of one triangle.
struct TriangleCounts {
  std::uint64_t present = 0;  ///< Pixels with a phase in all three interferograms; in the others the loop is absent, not closed.
  std::uint64_t open = 0;     ///< Those of them whose integer closure is not zero.
};

/// How well the loops of a stack close (Yunjun et al. 2019, doi:10.1016/j.cageo.2019.104331).
struct ClosureStatistics {
  /// Per pixel: number of triangles whose integer closure is not zero. NaN where a loop is absent or the network has none:
  /// a small count of few loops would look better than a pixel that was seen in all.
  std::vector<float> open_triangles;
  std::vector<std::uint16_t> absent_triangles;  ///< Per pixel: loops that miss an interferogram there.
  std::vector<Triangle> triangles;
  std::vector<TriangleCounts> per_triangle;  ///< As long as `triangles`; over all pixels where that one loop is present.
  std::size_t pixels_in_all_loops = 0;
  std::size_t pixels_open = 0;  ///< Of pixels_in_all_loops: those with a count above zero.
};

/// Counts closures while a stack goes by, block of rows after block of rows.
class ClosureCounter {
 public:
  /// @param reference_rad  phase that is subtracted from each interferogram, one a pair (the reference pixel's or area's);
  ///                       NaN = this interferogram has no reference, so that its loops are absent. Empty = the phase is
  ///                       referenced already.
  /// @throws Error(input) when there is not one a pair
  ClosureCounter(const InterferogramNetwork& network, std::vector<double> reference_rad);

  /// Takes the cells [first, first + cells): `phase` is pair-major as InterferogramSource::read_rows() gives it, unfiltered.
  /// Works on run.threads() threads; one call at a time. @throws Error(internal) for cells that are not there or a wrong size
  void add(std::size_t first_cell, std::size_t cells, std::span<const float> phase, const Run& run);

  /// What was counted; every cell must have been added once.
  ClosureStatistics take() &&;

 private:
  std::size_t pairs_ = 0;
  std::vector<double> reference_rad_;
  ClosureStatistics counted_;
};

/// Reads a source once, by blocks of rows that hold about `block_bytes`, and counts.
ClosureStatistics closure_statistics(const InterferogramSource& source, std::vector<double> reference_rad, const Run& run,
                                     std::size_t block_bytes = std::size_t{64} << 20U);

/// Rows that a pass over a source takes at once: about `block_bytes` of phase, whole blocks of the source where they fit.
std::size_t rows_at_once(const InterferogramSource& source, std::size_t block_bytes);

}  // namespace highwall
