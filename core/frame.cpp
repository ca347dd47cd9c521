#include "core/frame.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace highwall {

std::string Frame::to_string() const {
  std::string text = crs.empty() ? "unknown" : crs;
  if (!vertical.empty()) text += "+" + vertical;
  if (epoch_year != 0.0) text += fmt::format(" at {}", epoch_year);
  return text + fmt::format(" origin ({}, {}, {}) m", origin_m[0], origin_m[1], origin_m[2]);
}

void require_same(const Frame& a, const Frame& b, std::string_view what) {
  if (a == b) return;
  throw Error(ErrorKind::frame, fmt::format("{}: the frames differ: {} and {}", what, a.to_string(), b.to_string()), {},
              "bring both into one frame first");
}

}  // namespace highwall
