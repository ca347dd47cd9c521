#include "io/readers/no_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace highwall {
namespace {

constexpr std::array<double, 5> kUsual{-999.0, -9999.0, -99999.0, -999999.0, -32768.0};

/// Values come back from metres with a rounding.
bool is(double value, double number) { return std::abs(value - number) <= 1e-9 * std::abs(number); }

std::size_t drop(std::span<double> values, double number) {
  std::size_t count = 0;
  for (double& v : values) {
    if (!is(v, number)) continue;
    v = kNaN;
    ++count;
  }
  return count;
}

void tell(std::size_t count, double number, Report& report) {
  if (count > 0) report.warn(fmt::format("{} values of {} are taken as missing", count, number));
}

}  // namespace

void drop_no_data(std::span<double> values, const ReadOptions& options, Report& report) {
  for (const double number : options.no_data) tell(drop(values, number), number, report);
  double largest = 0.0;  // of the values that cannot stand for a missing one
  bool any = false;
  for (const double v : values) {
    const bool usual = std::any_of(kUsual.begin(), kUsual.end(), [&](double number) { return is(v, number); });
    any = any || usual;
    if (!usual && std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  if (!any) return;
  for (const double number : kUsual) {
    if (2.0 * largest < std::abs(number)) tell(drop(values, number), number, report);
  }
}

void drop_no_data(TimeSeries& series, std::size_t component, double scale, const ReadOptions& options, Report& report) {
  const std::size_t width = series.width();
  std::vector<double> values(series.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = series.value(i, component) / scale;
  drop_no_data(values, options, report);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) series.value_m[width * i + component] = kNaN;
  }
}

}  // namespace highwall
