#include "algorithms/align/fit_elsewhere.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "algorithms/align/plane_offsets.hpp"
#include "algorithms/robust_fit.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::uint32_t kFewestPoints = 4;  // Of either epoch at a place that is compared.
constexpr std::size_t kMostPlaces = 1000;
constexpr std::size_t kFewestPlaces = 30;

}  // namespace

ShiftedFit::ShiftedFit(const CellIndex& before, const CellIndex& after, const DisplacementField& field, double radius_m,
                       double half_length_m, const Run& run)
    : after_(after), radius_m_(radius_m), half_length_m_(half_length_m), run_(run) {
  std::vector<Eigen::Index> shown;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.reason[i] != Reason::no_normal && field.n_before[i] >= kFewestPoints) shown.push_back(static_cast<Eigen::Index>(i));
  }
  const std::size_t every = shown.size() / kMostPlaces + 1;
  const std::size_t count = (shown.size() + every - 1) / every;
  places_ = DisplacementField::of_size(count, Reason::ok);
  for (std::size_t k = 0; k < count; ++k) {
    places_.position_m.row(static_cast<Eigen::Index>(k)) = field.position_m.row(shown[k * every]);
    places_.direction.row(static_cast<Eigen::Index>(k)) = field.direction.row(shown[k * every]);
  }
  centre_m_ = count > 0 ? Eigen::Vector3d(places_.position_m.colwise().mean().transpose()) : Eigen::Vector3d::Zero();
  before_.resize(count);
  const CylinderPoints gather(places_, radius_m_, half_length_m_, kMostPlanePoints);
  for_blocks(
      count,
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) gather(before, i, before_[i]);
      },
      run);
}

ShiftedFit::Score ShiftedFit::operator()(const Eigen::Vector3d& shift_m) const {
  DisplacementField looked = places_;
  looked.position_m.rowwise() -= shift_m.transpose();
  const CylinderPoints gather(looked, radius_m_, half_length_m_, kMostPlanePoints);
  std::vector<PlaneOffset> offsets(places_.size(), {kNaN, kNaN});
  for_blocks(
      places_.size(),
      [&](const Block& block) {
        std::vector<Spot> there;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          gather(after_, i, there);
          if (there.size() >= kFewestPoints) offsets[i] = offset_on_common_plane(before_[i], there);
        }
      },
      run_);
  std::vector<Eigen::Index> used;
  std::vector<double> sampling;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (!std::isfinite(offsets[i].value_m)) continue;
    used.push_back(static_cast<Eigen::Index>(i));
    if (std::isfinite(offsets[i].sigma_m)) sampling.push_back(offsets[i].sigma_m);
  }
  if (used.size() < kFewestPlaces || sampling.empty()) return {kNaN, kNaN, used.size()};
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(used.size()), 6);
  Eigen::VectorXd values(rows.rows());
  for (Eigen::Index k = 0; k < rows.rows(); ++k) {
    const Eigen::Index i = used[static_cast<std::size_t>(k)];
    const Eigen::Vector3d n = places_.direction.row(i).transpose();
    const Eigen::Vector3d arm = places_.position_m.row(i).transpose() - centre_m_;
    rows.row(k) << n.transpose(), arm.cross(n).transpose();
    values[k] = offsets[static_cast<std::size_t>(i)].value_m;
  }
  const RobustFit fit = robust_fit(rows, values, {20, 20, 1e-9, 0.0});
  return {fit.solved ? fit.sigma : kNaN, median(std::move(sampling)), used.size()};
}

Surroundings look_around(const ShiftedFit& fit, const Eigen::Matrix3Xd& directions, double reach_m, double step_m) {
  const ShiftedFit::Score here = fit(Eigen::Vector3d::Zero());
  Surroundings out{here.rms_m, here.sampling_m, here.rms_m, Eigen::Vector3d::Zero(), kNaN};
  std::vector<double> aside;
  const auto steps = static_cast<int>(reach_m / step_m + 1e-9);
  for (Eigen::Index d = 0; d < directions.cols(); ++d) {
    for (int k = -steps; k <= steps; ++k) {
      if (k == 0) continue;
      const Eigen::Vector3d shift = k * step_m * directions.col(d);
      const ShiftedFit::Score there = fit(shift);
      if (!(there.rms_m > 0.0) || 2 * there.places < here.places) continue;
      if (2 * std::abs(k) >= steps) aside.push_back(there.rms_m);
      if (there.rms_m >= out.best_m) continue;
      out.best_m = there.rms_m;
      out.shift_m = shift;
    }
  }
  if (!aside.empty()) out.aside_m = median(std::move(aside));
  return out;
}

bool tells_place(const Surroundings& around) { return around.aside_m > 3.0 * around.sampling_m; }

void require_own_place(const Surroundings& around, const std::function<double()>& relief_m, double reach_m) {
  constexpr double kMoreThanSampling = 1.5;
  constexpr double kBetter = 0.85;
  constexpr double kAsAside = 0.8;
  constexpr double kRelief[2] = {0.7, 1.5};
  if (!(around.here_m > kMoreThanSampling * around.sampling_m)) return;
  const std::string left =
      fmt::format("{:.0f} mm are left between their stable ground, of which the points' own scatter makes {:.0f} mm",
                  1000.0 * around.here_m, 1000.0 * around.sampling_m);
  const std::string check = "check the scan's coordinates (CRS, station, units) against an older one";
  if (around.best_m < kBetter * around.here_m) {
    throw Error(ErrorKind::input,
                fmt::format("the scan fits the reference nowhere well within {:.3g} m along the wall: {}; the best fit, {:.2g} m "
                            "aside, leaves {:.0f} mm",
                            reach_m, left, around.shift_m.norm(), 1000.0 * around.best_m),
                {}, check);
  }
  if (!(around.here_m > kAsAside * around.aside_m)) return;
  const double relief = relief_m();
  if (!(around.here_m > kRelief[0] * relief && around.here_m < kRelief[1] * relief)) return;
  throw Error(
      ErrorKind::input,
      fmt::format("the scan fits the reference no better where it lies than metres aside: {}; the reference shifted by metres "
                  "leaves {:.0f} mm on itself. No better place was found within {:.3g} m along the wall",
                  left, 1000.0 * relief, reach_m),
      {}, check + "; where it can lie farther off, raise largest_shift_m of [calculate] register");
}

}  // namespace highwall
