#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace highwall {

/// What one epoch's points in a cylinder say of the surface's height along the normal, m.
struct Support {
  std::size_t n = 0;
  double centre = 0.0;                                         ///< Mean, or median.
  double spread = std::numeric_limits<double>::quiet_NaN();    ///< Standard deviation (n - 1), or interquartile range.
  double variance = std::numeric_limits<double>::quiet_NaN();  ///< Of the centre, were the points independent.
};

/// With the mean of n values, and their standard deviation.
Support support_of_mean(std::size_t n, double mean, double standard_deviation);
/// Mean and standard deviation in one pass over doubles.
Support mean_support(std::span<const double> heights);
/// Median and interquartile range (linear between order statistics); the variance is that of the median of Gaussian
/// values with this range: (1.2533 IQR / 1.349)^2 / n. Puts the heights into ascending order.
Support median_support(std::span<double> heights);

/// Keeps the heights of the shortest cylinder that holds the surface: half lengths of one radius, two, ... are tried
/// until |mean| + 2 standard deviations of at least five points are shorter, as CloudCompare does (Lague et al. 2013,
/// section 3.3). The kept ones come first.
/// @param unsure  set when a height is so near to a tried end that single precision cannot tell its side
/// @return how many are kept
template <class T>
std::size_t keep_progressively(std::span<T> heights, double radius, double half_length, double rounding, bool& unsure) {
  constexpr std::size_t kFewest = 5;
  for (double end = radius; end < half_length; end += radius) {
    std::size_t kept = 0;
    double sum = 0.0;
    double square = 0.0;
    for (std::size_t k = 0; k < heights.size(); ++k) {
      const double h = static_cast<double>(heights[k]);
      if (std::abs(std::abs(h) - end) <= rounding) unsure = true;
      if (std::abs(h) > end) continue;
      ++kept;
      sum += h;
      square += h * h;
    }
    if (kept < kFewest) continue;
    const double n = static_cast<double>(kept);
    const double mean = sum / n;
    const double deviation = std::sqrt(std::max(0.0, square - sum * mean) / (n - 1.0));
    const double needed = std::abs(mean) + 2.0 * deviation;
    if (std::abs(needed - end) <= 4.0 * rounding) unsure = true;
    if (needed >= end) continue;
    std::size_t next = 0;
    for (std::size_t k = 0; k < heights.size(); ++k) {
      if (std::abs(static_cast<double>(heights[k])) <= end) heights[next++] = heights[k];
    }
    return kept;
  }
  return heights.size();
}

}  // namespace highwall
