#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string_view>

#include "algorithms/compare/support.hpp"

namespace highwall {

/// Noise of a scanner, as its maker states it.
struct ScannerNoise {
  Eigen::Vector3d scanner_m = Eigen::Vector3d::Zero();  ///< Place of the scanner, local.
  double range_sigma_m = 0.0;
  double angle_sigma_rad = 0.0;
};

/// How the detection limit of a distance is had.
enum class Lod : std::uint8_t {
  classic,  ///< 1.96 (sqrt(s1^2/n1 + s2^2/n2) + registration error): Lague et al. 2013, doi:10.1016/j.isprsjprs.2013.04.009.
  welch,    ///< The same with Student's t for few points: Welch 1947, doi:10.1093/biomet/34.1-2.28.
  ep,       ///< Error propagation of range and angles: Winiwarter et al. 2021, doi:10.1016/j.isprsjprs.2021.06.011.
};

std::string_view name_of(Lod lod) noexcept;
bool read_word(std::string_view word, Lod& lod) noexcept;

struct Limit {
  double sigma_m = 0.0;
  double lod95_m = 0.0;
};

/// From the scatter of the points. The registration error, one scalar, is added to sigma as the paper has it.
Limit scatter_limit(const Support& before, const Support& after, double registration_error_m, bool welch);

/// From the scanner's noise: each point's covariance is that of range and two angles; the mean of n points has an n-th of
/// the variance along the normal at the core point; the registration error is added in quadrature. Roughness is no error.
Limit propagated_limit(const Support& before, const Support& after, const Eigen::Vector3d& place, const Eigen::Vector3d& normal,
                       const ScannerNoise& noise, double registration_error_m);

/// Quantile of Student's t that 95 % lie within, two-sided; 1.96 for many degrees of freedom. Below three that of the
/// whole number below.
double student95(double degrees_of_freedom);

}  // namespace highwall
