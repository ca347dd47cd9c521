#include "algorithms/radar/velocity_fit.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstring>
#include <random>

#include "algorithms/radar/time_kernel.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

std::vector<double> years_of(std::size_t n) {
  std::vector<double> years;
  for (std::size_t k = 0; k < n; ++k) years.push_back(2019.0 + 12.0 * static_cast<double>(k) / 365.25);
  return years;
}

std::vector<float> noise(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, 0.01F);
  std::vector<float> out(n);
  for (float& v : out) v = normal(random);
  return out;
}

TEST(VelocityFit, IsTheRegressionOfTheTextbook) {
  const std::size_t n = 40, cells = 37;
  const std::vector<double> years = years_of(n);
  std::vector<float> d = noise(n * cells, 1);
  for (std::size_t k = 0; k < n; ++k) d[k * cells + 5] += static_cast<float>(0.03 * (years[k] - years[0]));
  d[7 * cells + 11] = std::numeric_limits<float>::quiet_NaN();
  FittedTile out;
  fit_time_model<float>(TimeModel(years, {}), cells, d, {}, out, highwall::Run(1));
  for (std::size_t c = 0; c < cells; ++c) {
    double m = 0, t = 0, x = 0;
    for (std::size_t k = 0; k < n; ++k) {
      if (std::isnan(d[k * cells + c])) continue;
      m += 1, t += years[k] - years[0], x += d[k * cells + c];
    }
    t /= m, x /= m;
    double tt = 0, tx = 0, ee = 0;
    for (std::size_t k = 0; k < n; ++k) {
      if (std::isnan(d[k * cells + c])) continue;
      tt += std::pow(years[k] - years[0] - t, 2), tx += (years[k] - years[0] - t) * (d[k * cells + c] - x);
    }
    const double slope = tx / tt;
    for (std::size_t k = 0; k < n; ++k) {
      if (!std::isnan(d[k * cells + c])) ee += std::pow(d[k * cells + c] - x - slope * (years[k] - years[0] - t), 2);
    }
    EXPECT_EQ(out.samples[c], static_cast<std::uint16_t>(m));
    EXPECT_NEAR(out.value[cells + c], slope, 1e-9) << c;
    EXPECT_NEAR(out.value[c], x - slope * t, 1e-8) << c;
    EXPECT_NEAR(out.sigma[cells + c], std::sqrt(ee / (m - 2) / tt), 1e-9) << c;
    EXPECT_NEAR(out.residual_m[c], std::sqrt(ee), 1e-8) << c;
  }
}

TEST(VelocityFit, FindsTermsThatAreThere) {
  const std::size_t n = 60;
  const std::vector<double> years = years_of(n);
  std::vector<float> d;
  for (const double y : years) {
    const double t = y - years[0];
    d.push_back(static_cast<float>(0.002 + 0.03 * t - 0.5 * 0.04 * t * t + 0.004 * std::cos(2 * M_PI * t) -
                                   0.003 * std::sin(2 * M_PI * t)));
  }
  VelocityFitOptions options;
  options.polynomial = 2;
  options.periods_years = {1.0};
  const TimeModel model(years, options);
  EXPECT_EQ(model.names(), (std::vector<std::string>{"intercept", "velocity", "acceleration", "cos1", "sin1"}));
  FittedTile out;
  fit_time_model<float>(model, 1, d, {}, out, highwall::Run(1));
  const std::vector<double> truth{0.002, 0.03, -0.04, 0.004, -0.003};
  for (std::size_t t = 0; t < 5; ++t) EXPECT_NEAR(out.value[t], truth[t], 2e-7) << t;
  EXPECT_LT(out.sigma[1], 1e-6);
}

TEST(VelocityFit, GivesPartsAnInterceptEach) {
  // However the second part is shifted, velocity and sigma are those of slopes within parts.
  const std::size_t n = 20;
  const std::vector<double> years = years_of(n);
  std::vector<float> d = noise(n, 2);
  PartedCell parts{0, std::vector<std::uint16_t>(n, 0)};
  for (std::size_t k = 10; k < n; ++k) parts.part[k] = 1;
  const TimeModel model(years, {});
  FittedTile first, second;
  fit_time_model<float>(model, 1, d, {&parts, 1}, first, highwall::Run(1));
  for (std::size_t k = 10; k < n; ++k) d[k] += 0.5F;
  fit_time_model<float>(model, 1, d, {&parts, 1}, second, highwall::Run(1));
  EXPECT_NEAR(first.value[1], second.value[1], 1e-6);
  EXPECT_NEAR(first.sigma[1], second.sigma[1], 1e-6);
  double tt = 0, tx = 0, ee = 0;
  for (const std::size_t from : {0U, 10U}) {
    double t = 0, x = 0;
    for (std::size_t k = from; k < from + 10; ++k) t += years[k] / 10, x += d[k] / 10.0;
    for (std::size_t k = from; k < from + 10; ++k) tt += std::pow(years[k] - t, 2), tx += (years[k] - t) * (d[k] - x);
  }
  const double slope = tx / tt;
  for (const std::size_t from : {0U, 10U}) {
    double t = 0, x = 0;
    for (std::size_t k = from; k < from + 10; ++k) t += years[k] / 10, x += d[k] / 10.0;
    for (std::size_t k = from; k < from + 10; ++k) ee += std::pow(d[k] - x - slope * (years[k] - t), 2);
  }
  EXPECT_NEAR(second.value[1], slope, 1e-6);
  EXPECT_NEAR(second.sigma[1], std::sqrt(ee / 17 / tt), 1e-6);
}

TEST(VelocityFit, GivesNoValueThatItCannotTell) {
  const std::vector<double> years = years_of(5);
  std::vector<float> d(5 * 3, 0.0F);
  const float none = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t k = 0; k < 5; ++k) {
    d[k * 3] = none;
    if (k != 2) d[k * 3 + 1] = none;
    if (k > 1) d[k * 3 + 2] = none;
  }
  d[2] = 0.0F, d[3 + 2] = 0.01F;
  FittedTile out;
  fit_time_model<float>(TimeModel(years, {}), 3, d, {}, out, highwall::Run(1));
  EXPECT_TRUE(std::isnan(out.value[3]));
  EXPECT_TRUE(std::isnan(out.value[4]));
  EXPECT_NEAR(out.value[5], 0.01 / (12 / 365.25), 1e-6);  // Two samples make a line, but no sigma.
  EXPECT_TRUE(std::isnan(out.sigma[5]));
  EXPECT_EQ(out.samples, (std::vector<std::uint16_t>{0, 1, 2}));
  VelocityFitOptions options;
  options.polynomial = 4;
  options.periods_years = {1.0};
  EXPECT_THROW(TimeModel(years, options), Error);
}

TEST(VelocityFit, GivesTheSameBitsOnAnyThreadsAndInstructions) {
  const std::size_t n = 30, cells = 1003;
  const std::vector<float> d = noise(n * cells, 3);
  for (const int polynomial : {1, 3}) {
    VelocityFitOptions options;
    options.polynomial = polynomial;
    const TimeModel model(years_of(n), options);
    FittedTile once;
    fit_time_model<float>(model, cells, d, {}, once, highwall::Run(1));
    const auto same = [&](const char* what, int threads) {
      FittedTile out;
      fit_time_model<float>(model, cells, d, {}, out, highwall::Run(threads));
      EXPECT_EQ(std::memcmp(out.value.data(), once.value.data(), out.value.size() * sizeof(double)), 0) << what << threads;
      EXPECT_EQ(std::memcmp(out.sigma.data(), once.sigma.data(), out.sigma.size() * sizeof(double)), 0) << what << threads;
    };
    for (const int threads : {2, 3}) same("threads ", threads);
    for (const TimeKernel& kernel : time_kernels()) {
      ASSERT_TRUE(use_time_kernel(kernel.name));
      same(std::string(kernel.name).c_str(), 1);
    }
    use_time_kernel("");
  }
}

}  // namespace
}  // namespace highwall
