#include "algorithms/radar/scan_atmosphere.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/robust_fit.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

/// Cells that the fit takes, evenly chosen: its noise is then below a hundredth of a cell's.
constexpr std::size_t kMostCells = 10000;
constexpr double kFlat_km = 0.02;

double scatter_of(const Eigen::VectorXd& values) {
  const Eigen::VectorXf narrow = values.cast<float>();
  return robust_scatter({narrow.data(), static_cast<std::size_t>(narrow.size())});
}

/// Least and largest of the finite ones.
std::array<double, 2> extent(std::span<const float> values) {
  std::array<double, 2> both{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const float v : values) {
    if (!std::isfinite(v)) continue;
    both[0] = std::min<double>(both[0], v);
    both[1] = std::max<double>(both[1], v);
  }
  return both;
}

}  // namespace

double robust_scatter(std::span<const float> values) {
  std::vector<double> own;
  const std::size_t step = std::max<std::size_t>(1, values.size() / kMostCells);
  for (std::size_t k = 0; k < values.size(); k += step) {
    if (std::isfinite(values[k])) own.push_back(values[k]);
  }
  const double middle = median(own);
  for (double& v : own) v = std::abs(v - middle);
  return kMadToSigma * median(std::move(own));
}

TrendFitter::TrendFitter(std::span<const float> range_m, std::span<const float> height_m)
    : range_m_(range_m), height_m_(height_m) {
  const auto [near, far] = extent(range_m);
  has_range_ = 1e-3 * (far - near) > kFlat_km;
  has_square_ = 1e-3 * (far - near) > 5.0 * kFlat_km;
  if (has_range_) middle_km_ = 5e-4 * (near + far);
  const auto [low, high] = extent(height_m);
  has_height_ = has_range_ && 1e-3 * (high - low) > kFlat_km;
  if (has_height_) height_km_ = 5e-4 * (low + high);
}

std::array<double, AtmosphereTrend::kTerms> TrendFitter::row_of(std::size_t cell) const noexcept {
  std::array<double, AtmosphereTrend::kTerms> row{1.0, 0.0, 0.0, 0.0};
  if (!has_range_) return row;
  const double r = 1e-3 * range_m_[cell] - middle_km_;
  row[1] = r;
  if (has_square_) row[2] = r * r;
  // r h about the middle: its parts in r alone are in the other terms; that in h alone is what r = middle adds.
  if (has_height_) row[3] = 1e-3 * range_m_[cell] * (1e-3 * height_m_[cell] - height_km_);
  return row;
}

AtmosphereTrend TrendFitter::fit(std::span<const float> value, std::span<const std::uint32_t> stable, std::size_t least) const {
  AtmosphereTrend trend;
  std::vector<std::uint32_t> own;  // Index into both.
  for (std::size_t k = 0; k < stable.size(); ++k) {
    const std::uint32_t i = stable[k];
    const bool placed = (!has_range_ || std::isfinite(range_m_[i])) && (!has_height_ || std::isfinite(height_m_[i]));
    if (placed && std::isfinite(value[k])) own.push_back(static_cast<std::uint32_t>(k));
  }
  trend.stable = own.size();
  if (own.size() < std::max<std::size_t>(least, 3 * AtmosphereTrend::kTerms)) return trend;
  const std::size_t step = (own.size() + kMostCells - 1) / kMostCells;
  std::vector<Eigen::Index> terms{0};
  for (Eigen::Index k = 1; k < static_cast<Eigen::Index>(AtmosphereTrend::kTerms); ++k) {
    if (k == 1 ? has_range_ : k == 2 ? has_square_ : has_height_) terms.push_back(k);
  }
  const auto n = static_cast<Eigen::Index>((own.size() + step - 1) / step);
  Eigen::MatrixXd rows(n, static_cast<Eigen::Index>(terms.size()));
  Eigen::VectorXd values(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::uint32_t from = own[static_cast<std::size_t>(i) * step];
    const auto row = row_of(stable[from]);
    for (std::size_t k = 0; k < terms.size(); ++k)
      rows(i, static_cast<Eigen::Index>(k)) = row[static_cast<std::size_t>(terms[k])];
    values[i] = value[from];
  }
  RobustRules rules;
  rules.absolute_passes = 2;
  rules.tukey_passes = 6;
  rules.least_sigma = 1e-9;
  rules.least_ratio = 1e-9;
  const RobustFit fit = robust_fit(rows, values, rules);
  trend.before = scatter_of(values);
  trend.after = trend.before;
  if (!fit.solved) return trend;
  trend.solved = true;
  trend.after = scatter_of(fit.residual);
  for (std::size_t k = 0; k < terms.size(); ++k) {
    trend.coefficient[static_cast<std::size_t>(terms[k])] = fit.unknowns[static_cast<Eigen::Index>(k)];
  }
  return trend;
}

double TrendFitter::at(const AtmosphereTrend& trend, std::size_t cell) const noexcept {
  const auto row = row_of(cell);
  double sum = 0.0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    if (trend.coefficient[k] != 0.0) sum += trend.coefficient[k] * row[k];
  }
  return sum;
}

std::array<double, AtmosphereTrend::kTerms> TrendFitter::about_zero(const AtmosphereTrend& trend) const noexcept {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (!trend.solved) return {nan, nan, nan, nan};
  const auto& c = trend.coefficient;
  const double m = middle_km_;
  return {c[0] - c[1] * m + c[2] * m * m, has_range_ ? c[1] - 2.0 * c[2] * m - c[3] * height_km_ : nan, has_square_ ? c[2] : nan,
          has_height_ ? c[3] : nan};
}

}  // namespace highwall
