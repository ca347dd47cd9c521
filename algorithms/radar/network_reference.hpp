#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

/// Pixels [row0, row1) x [col0, col1), counted from 0.
struct PixelArea {
  std::size_t row0 = 0, row1 = 0, col0 = 0, col1 = 0;
  std::array<std::size_t, 2> middle() const noexcept { return {(row0 + row1 - 1) / 2, (col0 + col1 - 1) / 2}; }
  bool is_pixel() const noexcept { return row1 == row0 + 1 && col1 == col0 + 1; }
  friend bool operator==(const PixelArea&, const PixelArea&) = default;
};

/// "ROW,COL" or "ROW:ROW,COL:COL" (the second of each not included). @throws Error(config) for anything else
PixelArea parse_pixel_area(const std::string& text, const std::string& where);

/// What displacements are relative to.
struct NetworkReference {
  PixelArea area;
  std::vector<double> phase_rad;  ///< Of each pair.
  std::string how;                ///< "given", "the source's", "found: ...": for the summary.
};

/// Mean phase of an area in each pair, outliers (beyond three scaled median deviations) left out.
/// @throws Error(input) naming a pair in which less than half of the area has a phase
NetworkReference reference_of(const InterferogramSource& source, const PixelArea& area, const Run& run);

/// The area of 5 x 5 pixels (3 x 3, or one, where there is none) that all pairs see whole, away from the edges, of the highest
/// mean coherence; of a stack without coherence that of the smoothest phase. Reads the stack once, by rows.
/// @throws Error(input) when no pixel has a phase in all pairs
NetworkReference find_reference(const InterferogramSource& source, const Run& run);

/// The reference pixel that the source names has phase zero by its meaning, also where the source's rule for no data takes it
/// out.
void restore_reference(const InterferogramNetwork& network, std::size_t row_begin, std::size_t row_end,
                       std::vector<float>& phase);

}  // namespace highwall
