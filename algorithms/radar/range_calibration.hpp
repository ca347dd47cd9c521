#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace highwall {

/// Cells of one bin of ranges, and the stable ones among them that calibrate it.
class RangeBins {
 public:
  static constexpr std::uint16_t kNone = 0xffff;

  /// Bins of about twice `least` stable cells or more, at most 48, in order of range; one where ranges are not known.
  /// @param range_m  one a cell, or empty; NaN = not known
  /// @param stable   not 0 = stable
  RangeBins(std::span<const float> range_m, std::span<const std::uint8_t> stable, std::size_t least);

  std::size_t size() const noexcept { return stable_.size(); }
  /// Bin of each cell; kNone where no stable cell is at its range.
  const std::vector<std::uint16_t>& of_cell() const noexcept { return of_cell_; }
  /// Stable cells of a bin, ascending; evenly chosen ones where there are very many.
  const std::vector<std::uint32_t>& stable(std::size_t bin) const noexcept { return stable_[bin]; }
  double near_m(std::size_t bin) const noexcept { return near_m_[bin]; }
  double far_m(std::size_t bin) const noexcept { return far_m_[bin]; }
  double middle_m(std::size_t bin) const noexcept { return 0.5 * (near_m_[bin] + far_m_[bin]); }
  std::size_t bytes_held() const noexcept;

 private:
  std::vector<std::uint16_t> of_cell_;
  std::vector<std::vector<std::uint32_t>> stable_;
  std::vector<double> near_m_;
  std::vector<double> far_m_;
};

/// Middle and scatter of what stable cells show.
struct RobustSpread {
  std::uint32_t count = 0;
  double middle = 0.0;
  double per_m = 0.0;  ///< What the middle grows by with the range, from the middle of the bin on.
  double sigma = 0.0;  ///< Such that 1.96 of it hold 95 % of other cells: the scatter of middle and MAD is in it. NaN = too few.
};

/// @param values  NaN = none; @param least  fewer give no sigma
RobustSpread robust_spread(std::span<const float> values, std::span<const std::uint32_t> cells, std::size_t least);
/// The same about a line in range through the medians of the nearest and the farthest third of the cells (Tukey 1977, Exploratory
/// data analysis, chapter 5).
/// @param range_m  of every cell; @param middle_m  where the line is `middle`
RobustSpread robust_spread_about_line(std::span<const float> values, std::span<const std::uint32_t> cells, std::size_t least,
                                      std::span<const float> range_m, double middle_m);

}  // namespace highwall
