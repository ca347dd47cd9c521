#include "core/displacement.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace highwall {

std::string_view name_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::ok:
      return "ok";
    case Reason::no_normal:
      return "no_normal";
    case Reason::empty_before:
      return "empty_before";
    case Reason::empty_after:
      return "empty_after";
    case Reason::empty_both:
      return "empty_both";
    case Reason::few_points:
      return "few_points";
    case Reason::not_finite:
      return "not_finite";
    case Reason::too_few_samples:
      return "too_few_samples";
    case Reason::window_not_filled:
      return "window_not_filled";
    case Reason::no_line_of_sight:
      return "no_line_of_sight";
    case Reason::no_sigma:
      return "no_sigma";
    case Reason::decorrelated:
      return "decorrelated";
  }
  return "unknown";
}

std::string reason_codes() {
  std::string text;
  for (std::uint8_t code = 0; code <= static_cast<std::uint8_t>(Reason::decorrelated); ++code) {
    text += (code == 0 ? "" : ", ") + std::to_string(code) + " " + std::string(name_of(static_cast<Reason>(code)));
  }
  return text;
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
