#include "algorithms/radar/phase_variance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace highwall {
namespace {

constexpr double kStep = 0.005;
constexpr std::size_t kPhases = 200;

/// Value i of n evenly spaced ones from `from` to `to`.
double evenly(double from, double to, std::size_t n, std::size_t i) {
  return i + 1 == n ? to : from + static_cast<double>(i) * ((to - from) / static_cast<double>(n - 1));
}

double centre_of(std::size_t bin) { return evenly(kStep, 1.0, PhaseVarianceTable::kBins, bin) - kStep / 2.0; }

/// The finite sum of the distribution for a whole number of looks, at beta = coherence cos(phase).
double finite_sum(int looks, double beta) {
  const double l = looks;
  double sum = 0.0;
  for (int r = 0; r < looks - 1; ++r) {
    const double log_factor = std::lgamma(l - 0.5) - std::lgamma(l - 0.5 - r) + std::lgamma(l - 1.0 - r) - std::lgamma(l - 1.0);
    sum += std::exp(log_factor) * (1.0 + (2.0 * r + 1.0) * beta * beta) / std::pow(1.0 - beta * beta, r + 2);
  }
  return looks > 1 ? sum / (2.0 * (l - 1.0)) : 0.0;
}

double density(int looks, double coherence, double phase) {
  const double l = looks;
  const double beta = coherence * std::cos(phase);
  const double rest = 1.0 - beta * beta;
  const double scale = std::exp(std::lgamma(2.0 * l - 1.0) - 2.0 * std::lgamma(l) - 2.0 * (l - 1.0) * std::numbers::ln2);
  const double peak =
      (2.0 * l - 1.0) * beta / std::pow(rest, l + 0.5) * (std::numbers::pi / 2.0 + std::asin(beta)) + 1.0 / std::pow(rest, l);
  return std::pow(1.0 - coherence * coherence, l) / (2.0 * std::numbers::pi) * (scale * peak + finite_sum(looks, beta));
}

}  // namespace

PhaseVarianceTable::PhaseVarianceTable(double looks) : looks_(static_cast<int>(std::clamp(std::nearbyint(looks), 1.0, 80.0))) {
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    double sum = 0.0;
    for (std::size_t k = 0; k < kPhases; ++k) {
      const double phase = evenly(-std::numbers::pi, std::numbers::pi, kPhases, k);
      sum += phase * phase * density(looks_, centre_of(bin), phase) * (2.0 * std::numbers::pi / static_cast<double>(kPhases));
    }
    variance_[bin] = sum;
    if (sum > 0.0) smallest = std::min(smallest, sum);
  }
  // Near coherence 1 rounding may leave nothing: the smallest of the others then.
  for (double& v : variance_) {
    if (!(v > 0.0)) v = smallest;
  }
}

std::size_t PhaseVarianceTable::bin_of(float coherence) noexcept {
  static const double lowest = centre_of(0);
  static const double highest = centre_of(kBins - 1);
  const float floored = coherence >= kLeastCoherence ? coherence : kLeastCoherence;
  const double held = std::clamp(static_cast<double>(floored), lowest, highest);
  return static_cast<std::size_t>((held - lowest) / kStep);
}

}  // namespace highwall
