#include "algorithms/align/plausible.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kFewestPoints = 4.0;    // Of a cylinder, as registration asks.
constexpr double kTimesExpected = 10.0;  // A shift beyond is told.

/// "15.2 m east, 0.1 m north and 0.3 m below".
std::string in_words(const Eigen::Vector3d& v) {
  return fmt::format("{:.3g} m {}, {:.3g} m {} and {:.3g} m {}", std::abs(v.x()), v.x() < 0.0 ? "west" : "east", std::abs(v.y()),
                     v.y() < 0.0 ? "south" : "north", std::abs(v.z()), v.z() < 0.0 ? "below" : "above");
}

/// How far the scan lay off at the places that both show: the middle one of each coordinate. Empty when there are none.
struct Offset {
  Eigen::Vector3d off_m = Eigen::Vector3d::Zero();
  std::size_t seen = 0;   ///< Of what the reference shows.
  std::size_t shown = 0;  ///< The reference against itself would have a distance there.
};

Offset offset_of(const Registration& fit, const DisplacementField& field) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> z;
  Offset out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (static_cast<double>(field.n_before[i]) >= kFewestPoints) ++out.shown;
    if (field.reason[i] != Reason::ok) continue;
    ++out.seen;
    const Eigen::Vector3d place = field.position_m.row(static_cast<Eigen::Index>(i)).transpose();
    const Eigen::Vector3d off = fit.transform.inverse() * place - place;
    x.push_back(off.x());
    y.push_back(off.y());
    z.push_back(off.z());
  }
  if (out.seen > 0) out.off_m = {median(std::move(x)), median(std::move(y)), median(std::move(z))};
  return out;
}

constexpr const char* kCheck = "check the scan's coordinates (CRS, station, units) against an older one";

}  // namespace

void require_plausible(const Registration& fit, const DisplacementField& field, const RegisterOptions& options) {
  const auto [off, seen, shown] = offset_of(fit, field);
  if (seen == 0) return;  // Too little stable ground, which is said elsewhere.
  const std::string check = kCheck;
  if (off.norm() > options.largest_shift_m) {
    throw Error(ErrorKind::input,
                fmt::format("the scan seems to lie {:.3g} m off the reference ({}), more than the {:.3g} m of largest_shift_m",
                            off.norm(), in_words(off), options.largest_shift_m),
                {}, check + "; where scans lie freely in a frame of their own, raise largest_shift_m of [calculate] register");
  }
  if (fit.rms_m > options.largest_rms_m) {
    throw Error(
        ErrorKind::input,
        fmt::format("the best fit, {:.3g} m off the reference ({}), leaves {:.0f} mm between their stable ground, more than the "
                    "{:.0f} mm of largest_rms_m: it is not the same ground",
                    off.norm(), in_words(off), 1000.0 * fit.rms_m, 1000.0 * options.largest_rms_m),
        {}, check);
  }
  if (static_cast<double>(seen) < options.least_seen_share * static_cast<double>(shown)) {
    throw Error(
        ErrorKind::input,
        fmt::format("the scan, registered {:.3g} m off the reference ({}), shows {} of its {} places, less than the share of "
                    "{:.2g} of least_seen_share",
                    off.norm(), in_words(off), seen, shown, options.least_seen_share),
        {}, check + ", and whether it is complete");
  }
}

std::string tell_shift(const Registration& fit, const DisplacementField& field, const RegisterOptions& options,
                       double nearest_rms_m) {
  const Eigen::Vector3d off = offset_of(fit, field).off_m;
  if (off.norm() <= kTimesExpected * options.expected_shift_m) return {};
  std::string text =
      fmt::format("the scan lies {:.3g} m off the reference ({}) and was moved back by as much", off.norm(), in_words(off));
  if (nearest_rms_m > fit.rms_m) {
    text +=
        fmt::format(", where {:.1f} mm are left between their stable ground; the fit nearest to its coordinates left {:.1f} mm",
                    1000.0 * fit.rms_m, 1000.0 * nearest_rms_m);
  }
  return text + fmt::format(": {}; where scans lie so far off as a rule, raise expected_shift_m of [calculate] register", kCheck);
}

}  // namespace highwall
