#include "core/displacement.hpp"

#include <limits>

namespace highwall {

std::string_view name_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::ok: return "ok";
    case Reason::no_normal: return "no_normal";
    case Reason::empty_before: return "empty_before";
    case Reason::empty_after: return "empty_after";
    case Reason::empty_both: return "empty_both";
    case Reason::few_points: return "few_points";
    case Reason::not_finite: return "not_finite";
    case Reason::too_few_samples: return "too_few_samples";
    case Reason::window_not_filled: return "window_not_filled";
    case Reason::no_line_of_sight: return "no_line_of_sight";
    case Reason::no_sigma: return "no_sigma";
    case Reason::decorrelated: return "decorrelated";
  }
  return "unknown";
}

std::string_view explain(Reason reason) noexcept {
  switch (reason) {
    case Reason::ok: return "a measurement";
    case Reason::no_normal: return "too few neighbours, or all on a line: no surface normal";
    case Reason::empty_before: return "no point of the first epoch in the cylinder";
    case Reason::empty_after: return "no point of the second epoch in the cylinder";
    case Reason::empty_both: return "no point of either epoch in the cylinder";
    case Reason::few_points: return "too few points for a detection limit";
    case Reason::not_finite: return "the core point's own coordinates are not finite";
    case Reason::too_few_samples: return "too few samples in the window";
    case Reason::window_not_filled: return "the samples span too little of the window";
    case Reason::no_line_of_sight: return "the line of sight is not known or does not see the motion";
    case Reason::no_sigma: return "the uncertainty of the value cannot be told";
    case Reason::decorrelated: return "the radar saw no coherent signal";
  }
  return "unknown";
}

DisplacementField DisplacementField::of_size(std::size_t n, Reason reason) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  DisplacementField field;
  field.position_m = Points::Constant(static_cast<Eigen::Index>(n), 3, nan);
  field.direction = field.position_m;
  field.value_m.assign(n, nan);
  field.sigma_m = field.lod95_m = field.spread_before_m = field.spread_after_m = field.value_m;
  field.n_before.assign(n, 0);
  field.n_after.assign(n, 0);
  field.reason.assign(n, reason);
  return field;
}

}  // namespace highwall
