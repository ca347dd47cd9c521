#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "algorithms/radar/network_plan.hpp"

namespace highwall {

enum class NetworkNorm;

/// One pixel's phases, less the reference's, and weights; what is not there has weight 0.
struct PixelPairs {
  std::vector<double> phase_rad, weight;
};

/// One pixel's answer, in radians; NaN = no value.
struct PixelSeries {
  std::vector<double> phase_rad, sigma_rad;  ///< Of each instant, relative to the first.
  double temporal_coherence = std::numeric_limits<double>::quiet_NaN();
  double unit_weight_sigma = std::numeric_limits<double>::quiet_NaN();
  std::size_t pairs = 0;
  std::size_t gaps = 0;             ///< Parts that no pair ties to the first instant.
  std::vector<std::uint16_t> part;  ///< Of each instant, PartedCell::kNoPart where no pair has it.
};

/// LDL^T of the normal equations inside their envelope, in double. For one pixel with what is missing in it, and once for all
/// where nothing is.
struct EnvelopeFactor {
  std::vector<double> factor, inverse_pivot;
};
/// @param grounded  unknowns that are held at zero; the first instant always is
EnvelopeFactor factor_normal_equations(const NetworkPlan& plan, const std::vector<double>& weight,
                                       const std::vector<std::uint32_t>& grounded);
/// Solves in place for the right-hand side of the unknowns.
void solve_by(const NetworkPlan& plan, const EnvelopeFactor& f, std::vector<double>& right);
/// Diagonal of the inverse.
std::vector<double> inverse_diagonal(const NetworkPlan& plan, const EnvelopeFactor& f);

/// One pixel by least squares, whatever pairs it has. Parts of the network that no pair ties to the first instant are bridged,
/// when wanted, by the limit of what a straight line of vanishing weight does (as NSBAS, Doin et al. 2011): each is shifted to
/// where all parts lie closest to one line in time, which is that of their common slope.
/// With NetworkNorm::l1 least absolute residuals; sigmas are then those of Gaussian noise of the same mean absolute residual.
PixelSeries invert_pixel(const NetworkPlan& plan, const PixelPairs& pairs, const std::vector<double>& years, bool bridge,
                         NetworkNorm norm);

}  // namespace highwall
