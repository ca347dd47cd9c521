#include "algorithms/surface/scanner_view.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "algorithms/surface/volumes.hpp"
#include "core/series.hpp"

namespace highwall {
namespace {

constexpr double kScale = 1000.0;  // Angles in thousandths of a radian: lengths that the index is made for.
constexpr double kSpacings = 1.5;
constexpr double kOfDistance = 0.2;  // A point far from the place must lie so much off its plane: planes are not exact.

}  // namespace

ScannerView::ScannerView(PointsView cloud, const Eigen::Vector3d& scanner_m, double ray_rad, const Run& run)
    : cloud_(cloud), scanner_m_(scanner_m) {
  // Azimuths are counted from the middle of the view, so that it is not cut in two.
  Eigen::Vector2d sum = Eigen::Vector2d::Zero();
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    const Eigen::Vector2d level = (cloud[i] - scanner_m).head<2>();
    if (cloud[i].allFinite() && level.norm() > 0.0) sum += level.normalized();
  }
  middle_rad_ = std::atan2(sum.y(), sum.x());
  angles_.resize(static_cast<Eigen::Index>(cloud.size()), 3);
  for (std::size_t i = 0; i < cloud.size(); ++i) angles_.row(static_cast<Eigen::Index>(i)) = angles_of(cloud[i]).transpose();
  ray_ = ray_rad > 0.0 ? ray_rad * kScale : kSpacings * median_spacing(angles_, run);
  if (!(ray_ > 0.0)) return;
  index_ = std::make_unique<CellIndex>(PointsView(angles_), ray_, ray_, run);
  order_ = index_->order();
}

Eigen::Vector3d ScannerView::angles_of(const Eigen::Vector3d& place) const {
  const Eigen::Vector3d d = place - scanner_m_;
  if (!d.allFinite()) return Eigen::Vector3d::Constant(kNaN);
  const double azimuth = std::remainder(std::atan2(d.y(), d.x()) - middle_rad_, 2.0 * std::numbers::pi);
  return {kScale * azimuth, kScale * std::atan2(d.z(), d.head<2>().norm()), 0.0};
}

ScannerView::Sight ScannerView::to(const Eigen::Vector3d& place, const Eigen::Vector3d& normal, double margin_m,
                                   double* behind_m) const {
  const Eigen::Vector3d at = angles_of(place);
  if (!index_ || !at.allFinite()) return Sight::nothing;
  const double range = (place - scanner_m_).norm();
  std::size_t nearer = 0;
  std::size_t farther = 0;
  index_->for_runs(at, at, ray_, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const auto row = static_cast<Eigen::Index>(order_[k]);
      if (!((angles_.row(row).transpose() - at).norm() <= ray_)) continue;
      const Eigen::Vector3d p = cloud_[order_[k]];
      const double off = (p - place).dot(normal);
      const double least = std::max(margin_m, kOfDistance * (p - place).norm());
      const double longer = (p - scanner_m_).norm() - range;
      if (longer < -margin_m && off > 0.5 * margin_m) ++nearer;
      if (!(longer > margin_m && off < -least)) continue;
      ++farther;
      if (behind_m != nullptr) *behind_m = farther == 1 ? -off : std::min(*behind_m, -off);
    }
  });
  if (nearer > 0) return Sight::blocked;
  return farther > 1 ? Sight::through : Sight::nothing;
}

}  // namespace highwall
