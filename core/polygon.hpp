#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "core/frame.hpp"

namespace highwall {

/// Outline of a zone in the xy plane: one or more rings; a place is inside when a ray from it crosses
/// the rings an odd number of times, so that holes and several parts come out by themselves.
struct Polygon {
  std::string name;
  std::vector<std::vector<Eigen::Vector2d>> rings;  ///< Local metres of `frame`, open or closed.
  Frame frame;

  bool empty() const noexcept { return rings.empty(); }
  /// A place on the outline may count as in or out, but always the same.
  bool contains(double x, double y) const noexcept;
};

/// Every place on earth and in any local frame (to a million kilometres).
Polygon everywhere(std::string name = {});

/// A ring, closed: its first point is its last.
using Ring = std::vector<Eigen::Vector2d>;
/// One part of a zone: its outline, then its holes.
using ZonePart = std::vector<Ring>;

/// The rings by parts, closed, by the rule of Polygon::contains(): a ring inside an even number of others is the
/// outline of a part, the rest are holes of the part right around them. Empty rings are left out.
/// Local metres of the polygon's frame.
std::vector<ZonePart> parts_of(const Polygon& polygon);

}  // namespace highwall
