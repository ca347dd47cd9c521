#pragma once

#include <vector>

namespace highwall {

/// Median absolute deviation of a normal distribution times this is its standard deviation.
inline constexpr double kMadToSigma = 1.4826;
/// Tukey's biweight at 95 % efficiency: farther off than so many robust standard deviations counts nothing.
inline constexpr double kTukey = 4.685;

/// A Gaussian lies within so many standard deviations in 95 % of all cases, as detection limits round it.
inline constexpr double kNormal95 = 1.96;

/// The value below which the share q of them lies (no interpolation); NaN of nothing. No value may be NaN.
double quantile(std::vector<double> values, double q);
/// Middle value; the mean of the two middle ones when their number is even; NaN of nothing. No value may be NaN.
double median(std::vector<double> values);
/// How much wider than 1.96 sigma a 95 % interval is when sigma itself rests on few degrees of freedom: Student's
/// 97.5 % quantile over that of the normal distribution (Abramowitz and Stegun 1964, 26.7.5), within 1 % from 3 on;
/// fewer count as 3.
double student_widening(double degrees_of_freedom) noexcept;
/// Tukey's biweight of a residual in units of its robust standard deviation.
double tukey_weight(double residual_over_sigma) noexcept;

}  // namespace highwall
