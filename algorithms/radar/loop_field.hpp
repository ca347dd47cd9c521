#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "algorithms/radar/closure_triangles.hpp"
#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

inline constexpr std::int8_t kLoopAbsent = -128;

/// Filtered integer closures of some rows, one map a triangle: cycles, or kLoopAbsent.
struct LoopRows {
  std::size_t begin = 0;  ///< Rows [begin, end) of the image.
  std::size_t end = 0;
  std::size_t cols = 0;
  std::vector<std::vector<std::int8_t>> cycles;  ///< Per triangle: (end - begin) x cols.

  std::int8_t at(std::size_t triangle, std::size_t row, std::size_t col) const {
    return cycles[triangle][(row - begin) * cols + col];
  }
};

/// How integer closures are made quiet enough to see errors that neighbours share.
struct LoopFilter {
  std::vector<double> offset_rad;  ///< One a pair, subtracted: what the reference's own noise adds to every pixel.
  std::size_t least_cells = 9;     ///< Open regions of fewer cells are noise: their loops count as closed.
};

/// Reads a source from top to bottom and hands on its rows: integer closures, 3 x 3 median of the loops that are there, open
/// regions of fewer than least_cells put to zero. What comes out does not depend on how the rows are cut: neighbours beyond them
/// are read too.
void for_loop_rows(const InterferogramSource& source, std::span<const Triangle> triangles, const LoopFilter& filter,
                   std::size_t block_bytes, const Run& run, const std::function<void(const LoopRows&)>& body);

/// Phase offset per pair, in radians, that explains the median closure of each triangle over the image best (least squares):
/// nearly all of it is noise of the reference, and whole cycles that all of the image but the reference has.
/// @param sample  phases of some pixels, pair-major
std::vector<double> loop_offsets(std::span<const Triangle> triangles, std::size_t pairs, std::span<const float> sample);

}  // namespace highwall
