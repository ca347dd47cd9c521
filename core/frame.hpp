#pragma once

#include <array>
#include <string>
#include <string_view>

namespace highwall {

/// Where coordinates live. Inside the program a point is a local double: world minus `origin`.
///
/// `crs` and `vertical` are texts that PROJ reads ("EPSG:4548", WKT), or "local" for a frame that is
/// tied to nothing; "" means not known. `epoch` is the coordinate epoch in years (ITRF), 0 = none.
/// Two texts that mean the same CRS are made equal by io/crs before they get here.
struct Frame {
  std::string crs = "local";
  std::string vertical;
  std::array<double, 3> origin_m{0.0, 0.0, 0.0};
  double epoch_year = 0.0;

  friend bool operator==(const Frame&, const Frame&) = default;
  bool is_local() const noexcept { return crs == "local"; }
  /// "EPSG:4548+EPSG:5737 origin (512000, 3880000, 80)".
  std::string to_string() const;
};

/// @throws Error(frame) naming both frames and `what` was about to mix them.
void require_same(const Frame& a, const Frame& b, std::string_view what);

}  // namespace highwall
