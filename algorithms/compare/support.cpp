#include "algorithms/compare/support.hpp"

#include <algorithm>

namespace highwall {
namespace {

double quantile_of_sorted(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace

Support support_of_mean(std::size_t n, double mean, double standard_deviation) {
  Support out;
  out.n = n;
  if (n == 0) return out;
  out.centre = mean;
  if (n == 1) return out;
  out.spread = standard_deviation;
  out.variance = standard_deviation * standard_deviation / static_cast<double>(n);
  return out;
}

Support mean_support(std::span<const double> heights) {
  const double n = static_cast<double>(heights.size());
  double sum = 0.0;
  for (const double v : heights) sum += v;
  const double mean = sum / n;
  double squares = 0.0;
  for (const double v : heights) squares += (v - mean) * (v - mean);
  return support_of_mean(heights.size(), mean, std::sqrt(squares / (n - 1.0)));
}

Support median_support(std::span<double> heights) {
  Support out;
  out.n = heights.size();
  if (out.n == 0) return out;
  std::sort(heights.begin(), heights.end());
  out.centre = quantile_of_sorted(heights, 0.5);
  if (out.n == 1) return out;
  constexpr double kGaussianRange = 1.3489795;  // Interquartile range of a Gaussian, in standard deviations.
  constexpr double kMedianToMean = 1.2533141;   // sqrt(pi / 2): the median's standard error over the mean's.
  out.spread = quantile_of_sorted(heights, 0.75) - quantile_of_sorted(heights, 0.25);
  const double error = kMedianToMean * out.spread / kGaussianRange;
  out.variance = error * error / static_cast<double>(out.n);
  return out;
}

}  // namespace highwall
