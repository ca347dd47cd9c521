#include "core/statistics.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace highwall {

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto k = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + k, values.end());
  return values[static_cast<std::size_t>(k)];
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

double tukey_weight(double residual_over_sigma) noexcept {
  const double u = residual_over_sigma / kTukey;
  const double rest = 1.0 - u * u;
  return rest > 0.0 ? rest * rest : 0.0;
}

double student_widening(double degrees_of_freedom) noexcept {
  const double n = std::max(3.0, degrees_of_freedom);
  return 1.0 + (1.2103 + (1.4402 + 1.3043 / n) / n) / n;
}

}  // namespace highwall
