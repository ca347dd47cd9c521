#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace highwall {

/// A trend in range and height, in the unit of the values: b0 + b1 r + b2 r^2 + b3 r h, r and h in km from the middle of the
/// cells.
struct AtmosphereTrend {
  static constexpr std::size_t kTerms = 4;
  std::array<double, kTerms> coefficient{};
  bool solved = false;
  std::size_t stable = 0;
  double before = 0.0;  ///< Robust standard deviation of the stable cells' values: before ...
  double after = 0.0;   ///< ... and after the trend is taken off.
};

/// 1.4826 times the median absolute deviation from the median, of evenly chosen values; NaN of nothing. NaN values do not count.
double robust_scatter(std::span<const float> values);

/// Fits the trend of each scan, robustly, on what stable cells show beside their own motion. b0 is an offset at range zero, b1 a
/// change of the refractivity (Noferini et al. 2005, doi:10.1109/TGRS.2005.849068; Iannini and Monti Guarnieri 2011,
/// doi:10.1109/LGRS.2010.2062492).
class TrendFitter {
 public:
  /// @param range_m, height_m  one a cell or empty; terms that the cells cannot tell apart are left out
  TrendFitter(std::span<const float> range_m, std::span<const float> height_m);

  /// @param stable  cells to fit on; @param value  what each of them is off by; NaN = not known
  AtmosphereTrend fit(std::span<const float> value, std::span<const std::uint32_t> stable, std::size_t least) const;
  double at(const AtmosphereTrend& trend, std::size_t cell) const noexcept;
  /// The same trend about range and height zero: b0, b1, b2, b3 per km; NaN for a term that was not fitted.
  std::array<double, AtmosphereTrend::kTerms> about_zero(const AtmosphereTrend& trend) const noexcept;

 private:
  std::array<double, AtmosphereTrend::kTerms> row_of(std::size_t cell) const noexcept;
  std::span<const float> range_m_;
  std::span<const float> height_m_;
  double middle_km_ = 0.0;
  double height_km_ = 0.0;
  bool has_range_ = false;
  bool has_square_ = false;
  bool has_height_ = false;
};

}  // namespace highwall
