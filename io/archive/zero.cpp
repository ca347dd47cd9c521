#include "io/archive/zero.hpp"

#include <fmt/format.h>

#include <Eigen/Core>

#include "core/error.hpp"
#include "core/geodesy.hpp"

namespace highwall {
namespace {

/// Two formats of one solution round their zero apart; more than this is another zero.
constexpr double kSameZero_m = 1e-3;

bool counts_from_zero(const TimeSeries& s) { return s.meaning == SeriesMeaning::position && s.width() == 3; }

}  // namespace

void require_same_zero(const TimeSeries& known, const TimeSeries& told) {
  if (!counts_from_zero(known) || !counts_from_zero(told) || known.origin_ecef_m == told.origin_ecef_m) return;
  if (!known.origin_ecef_m || !told.origin_ecef_m) {
    throw Error(ErrorKind::input, fmt::format("positions of {} come once with and once without their zero", told.target), {},
                "give the two kinds of file sources of their own");
  }
  const double moved = (Eigen::Vector3d(known.origin_ecef_m->data()) - Eigen::Vector3d(told.origin_ecef_m->data())).norm();
  if (moved > kSameZero_m) {
    throw Error(ErrorKind::input,
                fmt::format("the zero of {} (its base) is {:.3f} m away from that of the archive", told.target, moved), {},
                "a base that moved needs a source of its own; otherwise keep its coordinates fixed (RTKLIB: -l or -r)");
  }
}

TimeSeries about_zero_of(const TimeSeries& other, TimeSeries s) {
  if (!counts_from_zero(s) || !counts_from_zero(other) || s.origin_ecef_m == other.origin_ecef_m) return s;
  if (!s.origin_ecef_m || !other.origin_ecef_m) return s;
  const Eigen::Vector3d from(s.origin_ecef_m->data());
  const Eigen::Vector3d to(other.origin_ecef_m->data());
  const Eigen::Vector3d llh_from = llh_of(from);
  const Eigen::Vector3d llh_to = llh_of(to);
  const Eigen::Matrix3d axes_to = enu_axes(llh_to.x(), llh_to.y());
  const Eigen::Matrix3d turn = axes_to * enu_axes(llh_from.x(), llh_from.y()).transpose();
  const Eigen::Vector3d shift = axes_to * (from - to);
  for (std::size_t i = 0; i < s.size(); ++i) {
    Eigen::Map<Eigen::Vector3d> value(s.value_m.data() + 3 * i);
    value = (turn * value + shift).eval();
  }
  s.origin_ecef_m = other.origin_ecef_m;
  return s;
}

}  // namespace highwall
