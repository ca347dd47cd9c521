#include "io/readers/gnss_series.hpp"

#include <cmath>
#include <numbers>

#include "core/geodesy.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

double sigma_of(double variance) { return variance > 0.0 && std::isfinite(variance) ? std::sqrt(variance) : kNaN; }

}  // namespace

GnssSeries::GnssSeries(const Input& input, const ReadOptions& options, std::optional<Eigen::Vector3d> file_reference_ecef,
                       Report& report) {
  series_.target = target_name(options, input);
  series_.kind = kind_or(options, SensorKind::gnss);
  series_.meaning = SeriesMeaning::position;
  rounded_zero_ = options.strict;
  series_.components = {"east", "north", "up"};
  if (options.reference_llh.size() == 3) {
    const Eigen::Vector3d wanted =
        ecef_of(options.reference_llh[0] * kRadians, options.reference_llh[1] * kRadians, options.reference_llh[2]);
    set_zero(wanted);
    if (file_reference_ecef) baseline_shift_ = axes_ * (*file_reference_ecef - wanted);
  } else if (file_reference_ecef) {
    set_zero(*file_reference_ecef);
  } else {
    report.warn(options.strict ? "the file names no reference: positions are about the first one, rounded"
                               : "the file names no reference: positions are about the first one");
  }
}

void GnssSeries::set_zero(const Eigen::Vector3d& ecef_m) {
  zero_ = ecef_m;
  const Eigen::Vector3d llh = llh_of(ecef_m);
  axes_ = enu_axes(llh.x(), llh.y());
  series_.origin_ecef_m = {ecef_m.x(), ecef_m.y(), ecef_m.z()};
}

void GnssSeries::set_zero_near(const Eigen::Vector3d& first) {
  if (!rounded_zero_) return set_zero(first);
  const Eigen::Vector3d llh = llh_of(first);
  constexpr double kStep = 0.01 * kRadians;
  set_zero(
      ecef_of(std::round(llh.x() / kStep) * kStep, std::round(llh.y() / kStep) * kStep, std::round(llh.z() / 100.0) * 100.0));
}

void GnssSeries::add_ecef(Instant t, const Eigen::Vector3d& ecef_m, const Eigen::Matrix3d& cov, std::uint32_t flag) {
  if (!has_zero()) set_zero_near(ecef_m);
  push(t, axes_ * (ecef_m - zero_), cov, flag);
}

void GnssSeries::add_baseline(Instant t, const Eigen::Vector3d& enu_m, const Eigen::Matrix3d& cov, std::uint32_t flag) {
  // About a zero that is not the file's own base the axes differ by less than the baseline over the
  // Earth's radius: for kilometres of shift it stays below the formats' rounding.
  push(t, enu_m + baseline_shift_, cov, flag);
}

void GnssSeries::push(Instant t, const Eigen::Vector3d& enu_m, const Eigen::Matrix3d& cov, std::uint32_t flag) {
  series_.push(t, {enu_m.x(), enu_m.y(), enu_m.z()}, {sigma_of(cov(0, 0)), sigma_of(cov(1, 1)), sigma_of(cov(2, 2))}, flag);
  series_.covariance_m2.insert(series_.covariance_m2.end(), {cov(0, 1), cov(1, 2), cov(2, 0)});
}

}  // namespace highwall
