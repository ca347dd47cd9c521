#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace highwall {

/// A model of series that is linear in its terms, for pixels that have all samples; arrays as TimeModel's.
struct TermProblem {
  std::size_t samples = 0;
  std::size_t terms = 0;   ///< kMostTerms at most.
  std::size_t stride = 0;  ///< Pixels of the tile.
  const double* design = nullptr;
  const double* solver = nullptr;
  const double* cofactor = nullptr;
};
inline constexpr std::size_t kMostTerms = 32;

/// Where they go: term-major with the tile's stride, or one a pixel. All NaN where a sample is.
struct TermResults {
  double* value = nullptr;
  double* sigma = nullptr;     ///< NaN where there are no more samples than terms.
  double* residual = nullptr;  ///< Root of the sum of squares.
};

/// Least squares in double, one pixel a lane, for one instruction set; the same bits on each.
struct TimeKernel {
  std::string_view name;
  /// Pixels begin ... end - 1 of a tile.
  void (*of_floats)(const TermProblem& problem, const float* series, std::size_t begin, std::size_t end,
                    const TermResults& results);
  void (*of_doubles)(const TermProblem& problem, const double* series, std::size_t begin, std::size_t end,
                     const TermResults& results);
};

/// As network_kernel() and its like.
const TimeKernel& time_kernel();
std::vector<TimeKernel> time_kernels();
bool use_time_kernel(std::string_view name);

}  // namespace highwall
