#include "algorithms/compare/lod.hpp"

#include <cmath>
#include <iterator>

#include "core/statistics.hpp"

namespace highwall {
namespace {
constexpr std::string_view kWords[] = {"classic", "welch", "ep"};
}  // namespace

std::string_view name_of(Lod lod) noexcept { return kWords[static_cast<std::size_t>(lod)]; }

bool read_word(std::string_view word, Lod& lod) noexcept {
  for (std::size_t k = 0; k < std::size(kWords); ++k) {
    if (word != kWords[k]) continue;
    lod = static_cast<Lod>(k);
    return true;
  }
  return false;
}

double student95(double degrees_of_freedom) {
  if (degrees_of_freedom >= 3.0) return kNormal95 * student_widening(degrees_of_freedom);
  return degrees_of_freedom >= 2.0 ? 4.3027 : 12.7062;  // Of the whole number below: the limit is rather too wide.
}

Limit scatter_limit(const Support& before, const Support& after, double registration_error_m, bool welch) {
  const double v1 = before.variance;
  const double v2 = after.variance;
  const double sigma = std::sqrt(v1 + v2);
  double factor = kNormal95;
  if (welch && sigma > 0.0) {
    const double n1 = static_cast<double>(before.n);
    const double n2 = static_cast<double>(after.n);
    factor = student95((v1 + v2) * (v1 + v2) / (v1 * v1 / (n1 - 1.0) + v2 * v2 / (n2 - 1.0)));
  }
  return {sigma + registration_error_m, factor * sigma + kNormal95 * registration_error_m};
}

Limit propagated_limit(const Support& before, const Support& after, const Eigen::Vector3d& place, const Eigen::Vector3d& normal,
                       const ScannerNoise& noise, double registration_error_m) {
  const Eigen::Vector3d beam = place - noise.scanner_m;
  const double range = beam.norm();
  const double cosine = range > 0.0 ? beam.dot(normal) / range : 1.0;
  const double across = range * noise.angle_sigma_rad;
  const double variance = noise.range_sigma_m * noise.range_sigma_m * cosine * cosine + across * across * (1.0 - cosine * cosine);
  const double sigma = std::sqrt(variance * (1.0 / static_cast<double>(before.n) + 1.0 / static_cast<double>(after.n)) +
                                 registration_error_m * registration_error_m);
  return {sigma, kNormal95 * sigma};
}

}  // namespace highwall
