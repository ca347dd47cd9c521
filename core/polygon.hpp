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

}  // namespace highwall
