#pragma once

#include <cstddef>
#include <vector>

#include "algorithms/compare/cell_index.hpp"
#include "core/displacement.hpp"

namespace highwall {

/// A point of a cylinder: in two directions across the normal and along it, m; r2 = a^2 + b^2.
struct Spot {
  double r2, a, b, h;
};

/// The points of a cloud in the cylinders about the normals of a field's places, each in the place's own directions.
class CylinderPoints {
 public:
  /// @param most  the nearest to the axis are kept where there are more
  CylinderPoints(const DisplacementField& field, double radius_m, double half_length_m, std::size_t most)
      : field_(field), radius_m_(radius_m), half_length_m_(half_length_m), most_(most) {}

  /// @param cloud  made for searches of at least the radius and the reach of the cylinder
  void operator()(const CellIndex& cloud, std::size_t place, std::vector<Spot>& spots) const;

 private:
  const DisplacementField& field_;
  double radius_m_;
  double half_length_m_;
  std::size_t most_;
};

}  // namespace highwall
