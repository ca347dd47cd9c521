#include "core/series.hpp"

#include <algorithm>
#include <numeric>

#include "core/error.hpp"

namespace highwall {
namespace {

template <class T>
std::vector<T> rows_of(const std::vector<T>& values, const std::vector<std::size_t>& samples, std::size_t width) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(samples.size() * width);
  for (const std::size_t s : samples) {
    for (std::size_t c = 0; c < width; ++c) out.push_back(values.at(s * width + c));
  }
  return out;
}

/// All but the samples themselves.
TimeSeries without_samples(const TimeSeries& series) {
  TimeSeries out;
  out.target = series.target;
  out.kind = series.kind;
  out.meaning = series.meaning;
  out.components = series.components;
  out.origin_ecef_m = series.origin_ecef_m;
  out.position_m = series.position_m;
  out.frame = series.frame;
  out.line_of_sight = series.line_of_sight;
  return out;
}

}  // namespace

void TimeSeries::push(Instant t, const std::vector<double>& values, const std::vector<double>& sigmas, std::uint32_t flag) {
  if (values.size() != width() || (!sigmas.empty() && sigmas.size() != width())) {
    throw Error(ErrorKind::internal, "a sample does not have the series' number of components", target);
  }
  time.push_back(t);
  value_m.insert(value_m.end(), values.begin(), values.end());
  if (sigmas.empty()) {
    sigma_m.insert(sigma_m.end(), width(), kNaN);
  } else {
    sigma_m.insert(sigma_m.end(), sigmas.begin(), sigmas.end());
  }
  flags.push_back(flag);
}

TimeSeries TimeSeries::component(std::size_t c) const {
  TimeSeries out = without_samples(*this);
  out.components = {components.at(c)};
  out.time = time;
  out.time_dejittered = time_dejittered;
  out.flags = flags;
  for (std::size_t i = 0; i < size(); ++i) {
    out.value_m.push_back(value(i, c));
    out.sigma_m.push_back(sigma(i, c));
  }
  return out;
}

std::vector<std::size_t> time_order(const TimeSeries& series) {
  std::vector<std::size_t> order(series.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return series.time[a] < series.time[b]; });
  return order;
}

TimeSeries select(const TimeSeries& series, const std::vector<std::size_t>& samples) {
  TimeSeries out = without_samples(series);
  out.time = rows_of(series.time, samples, 1);
  out.time_dejittered = rows_of(series.time_dejittered, samples, 1);
  out.value_m = rows_of(series.value_m, samples, series.width());
  out.sigma_m = rows_of(series.sigma_m, samples, series.width());
  out.covariance_m2 = rows_of(series.covariance_m2, samples, 3);
  out.flags = rows_of(series.flags, samples, 1);
  return out;
}

}  // namespace highwall
