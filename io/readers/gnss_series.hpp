#pragma once

#include <optional>
#include <string>

#include <Eigen/Core>

#include "core/report.hpp"
#include "core/series.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// Collects positions of one GNSS station as east, north, up about one point, in metres.
class GnssSeries {
 public:
  /// The zero: options.reference_llh, else `file_reference_ecef`, else the first position; with
  /// options.strict that one rounded to 0.01 degrees and 100 m: files that come one after the other
  /// must share their zero, or each would start anew at rest.
  GnssSeries(const Input& input, const ReadOptions& options, std::optional<Eigen::Vector3d> file_reference_ecef, Report& report);

  /// @param ecef_m        position
  /// @param enu_cov_m2    covariance in east, north, up; NaN on the diagonal = not known
  void add_ecef(Instant t, const Eigen::Vector3d& ecef_m, const Eigen::Matrix3d& enu_cov_m2, std::uint32_t flag);
  /// A baseline that is already east, north, up about the file's reference.
  void add_baseline(Instant t, const Eigen::Vector3d& enu_m, const Eigen::Matrix3d& enu_cov_m2, std::uint32_t flag);
  /// Axes of the zero point, to turn covariances from ECEF. Unset before the first position.
  const Eigen::Matrix3d& axes() const noexcept { return axes_; }
  void set_zero(const Eigen::Vector3d& ecef_m);
  /// The zero when nothing else tells it.
  void set_zero_near(const Eigen::Vector3d& first_ecef_m);
  bool has_zero() const noexcept { return series_.origin_ecef_m.has_value(); }

  TimeSeries take() && { return std::move(series_); }

 private:
  void push(Instant t, const Eigen::Vector3d& enu_m, const Eigen::Matrix3d& cov, std::uint32_t flag);

  TimeSeries series_;
  bool rounded_zero_ = false;
  Eigen::Vector3d zero_ = Eigen::Vector3d::Zero();
  Eigen::Matrix3d axes_ = Eigen::Matrix3d::Identity();
  Eigen::Vector3d baseline_shift_ = Eigen::Vector3d::Zero();
};

}  // namespace highwall
