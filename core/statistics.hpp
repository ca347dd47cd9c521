#pragma once

#include <vector>

namespace highwall {

/// Median absolute deviation of a normal distribution times this is its standard deviation.
inline constexpr double kMadToSigma = 1.4826;
/// Tukey's biweight at 95 % efficiency: farther off than so many robust standard deviations counts nothing.
inline constexpr double kTukey = 4.685;

/// Middle value; the mean of the two middle ones when their number is even; NaN of nothing. No value may be NaN.
double median(std::vector<double> values);
/// Tukey's biweight of a residual in units of its robust standard deviation.
double tukey_weight(double residual_over_sigma) noexcept;

}  // namespace highwall
