#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall {

/// Columns [begin, end) of a row to which the same number of cycles belongs.
struct CycleRun {
  std::uint32_t row = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::int32_t cycles = 0;

  friend bool operator==(const CycleRun&, const CycleRun&) = default;
};

/// Whole cycles, one number for each pixel of each interferogram, of which nearly all are zero: runs of the others, in order of
/// row and column. Its size goes with the borders of what has cycles, not with the stack.
class CycleMap {
 public:
  CycleMap() = default;
  CycleMap(std::size_t pairs, std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), runs_(pairs) {}

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }
  std::size_t pairs() const noexcept { return runs_.size(); }
  const std::vector<CycleRun>& runs(std::size_t pair) const { return runs_[pair]; }
  /// Those of rows [begin, end).
  std::span<const CycleRun> runs(std::size_t pair, std::size_t begin, std::size_t end) const;
  std::uint64_t cells(std::size_t pair) const;
  /// Of cell row * cols + col.
  std::int32_t at(std::size_t pair, std::size_t cell) const;
  bool empty() const noexcept;

  /// Sets one cell more; cells of a pair come in order of row and column.
  void append(std::size_t pair, std::size_t row, std::size_t col, std::int32_t cycles);

  /// One interferogram as an image (rows x columns), and back.
  std::vector<std::int8_t> image(std::size_t pair) const;
  void set_image(std::size_t pair, std::span<const std::int8_t> image);

  friend bool operator==(const CycleMap&, const CycleMap&) = default;

 private:
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::vector<std::vector<CycleRun>> runs_;
};

/// A source with whole cycles added to its phase: phase + 2 pi cycles. What is absent stays absent.
class CorrectedSource final : public InterferogramSource {
 public:
  /// `source` must outlive this one. @throws Error(input) when the map is of another stack.
  CorrectedSource(const InterferogramSource& source, CycleMap cycles);

  const InterferogramNetwork& network() const noexcept override { return source_.network(); }
  void read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const override;
  std::size_t row_block() const noexcept override { return source_.row_block(); }
  const CycleMap& cycles() const noexcept { return cycles_; }

 private:
  const InterferogramSource& source_;
  CycleMap cycles_;
};

/// Regions of an image: 8-connected cells whose values are equal and not zero.
struct Regions {
  std::vector<std::uint32_t> of;     ///< Per cell: number of its region, 0 = none.
  std::vector<std::uint32_t> cells;  ///< Per region, from number 1 on ([0] is unused).
};
/// @param equal  false: cells of any value that is not zero are connected
Regions regions_of(std::span<const std::int8_t> image, std::size_t rows, std::size_t cols, bool equal = true);

/// Puts to zero what is in regions of fewer cells.
void drop_small_regions(std::span<std::int8_t> image, std::size_t rows, std::size_t cols, std::size_t least_cells,
                        bool equal = true);

}  // namespace highwall
