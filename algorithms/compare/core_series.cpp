#include "algorithms/compare/core_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

/// The zero of the reference is exact; what all places of an epoch share stands for it, as in the series of patches.
double sigma_at_reference(const DisplacementField& first, std::size_t i) {
  return first.registration_m.empty() ? kNaN : first.registration_m[i];
}

void push_vector(const DisplacementField& f, Eigen::Index row, TimeSeries& s) {
  const auto c = f.vector_covariance_m2.row(row);  // xx xy xz yy yz zz
  s.push(f.to, {f.vector_m(row, 0), f.vector_m(row, 1), f.vector_m(row, 2)}, {std::sqrt(c[0]), std::sqrt(c[3]), std::sqrt(c[5])});
  s.covariance_m2.insert(s.covariance_m2.end(), {c[1], c[4], c[2]});
}

bool has(const DisplacementField& f, CoreValue value) {
  if (value == CoreValue::calibrated) return !f.calibrated_m.empty();
  if (value == CoreValue::vector) return f.vector_m.rows() > 0;
  return true;
}

}  // namespace

CoreValue core_value_of(std::string_view word) {
  for (std::size_t k = 0; k < std::size(kCoreValues); ++k) {
    if (word == kCoreValues[k]) return static_cast<CoreValue>(k);
  }
  throw Error(ErrorKind::config, fmt::format("\"{}\" is no displacement of core points", word), {},
              fmt::format("write one of {}", fmt::join(kCoreValues, ", ")));
}

CoreSeries::CoreSeries(const DisplacementField& first, CoreValue value) : value_(value), reference_(first.from) {
  series_.resize(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    TimeSeries& s = series_[i];
    const auto row = static_cast<Eigen::Index>(i);
    s.kind = SensorKind::lidar;
    s.frame = first.frame;
    s.components =
        value == CoreValue::vector ? std::vector<std::string>{"east", "north", "up"} : std::vector<std::string>{"along_normal"};
    std::array<double, 3> place{};
    for (Eigen::Index c = 0; c < 3; ++c)
      place[static_cast<std::size_t>(c)] = first.position_m(row, c) + first.frame.origin_m[static_cast<std::size_t>(c)];
    s.position_m = place;
    s.push(reference_, std::vector<double>(s.width(), 0.0), std::vector<double>(s.width(), sigma_at_reference(first, i)));
    if (value == CoreValue::vector) s.covariance_m2.assign(3, kNaN);
  }
}

void CoreSeries::add(const DisplacementField& f) {
  if (f.size() != series_.size() || f.from != reference_) {
    throw Error(ErrorKind::input, "fields over different places, or against different epochs, are not one series");
  }
  if (!has(f, value_)) {
    throw Error(ErrorKind::input,
                fmt::format("the field of {} has no \"{}\"", to_iso8601(f.to), kCoreValues[static_cast<std::size_t>(value_)]), {},
                "choose another displacement, or measure the epochs again with it");
  }
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (value_ == CoreValue::m3c2) series_[i].push(f.to, {f.value_m[i]}, {f.sigma_m[i]});
    if (value_ == CoreValue::calibrated) series_[i].push(f.to, {f.calibrated_m[i]}, {f.lod95_calibrated_m[i] / kNormal95});
    if (value_ == CoreValue::vector) push_vector(f, static_cast<Eigen::Index>(i), series_[i]);
  }
}

std::vector<TimeSeries> CoreSeries::take(const std::string& source) && {
  for (std::size_t i = 0; i < series_.size(); ++i) series_[i].target = fmt::format("{}/core{:07d}", source, i);
  std::erase_if(series_, [](const TimeSeries& s) {
    const auto begin = s.value_m.begin() + static_cast<std::ptrdiff_t>(s.width());
    return std::none_of(begin, s.value_m.end(), [](double v) { return std::isfinite(v); });
  });
  return std::move(series_);
}

}  // namespace highwall
