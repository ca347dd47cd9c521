#include "algorithms/align/plane_offsets.hpp"

#include <Eigen/Cholesky>

#include <cmath>

#include "core/parallel.hpp"
#include "core/series.hpp"

namespace highwall {

PlaneOffset offset_on_common_plane(const std::vector<Spot>& before, const std::vector<Spot>& after) {
  Eigen::Matrix4d normal = Eigen::Matrix4d::Zero();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();
  double squares = 0.0;
  for (const auto* epoch : {&before, &after}) {
    for (const Spot& s : *epoch) {
      const Eigen::Vector4d row(1.0, s.a, s.b, epoch == &after ? 1.0 : 0.0);
      normal += row * row.transpose();
      right += s.h * row;
      squares += s.h * s.h;
    }
  }
  const Eigen::LDLT<Eigen::Matrix4d> solver(normal);
  if (!(solver.vectorD().minCoeff() > 1e-6 * solver.vectorD().maxCoeff())) return {kNaN, kNaN};
  const Eigen::Vector4d plane = solver.solve(right);
  const double spare = static_cast<double>(before.size() + after.size()) - 4.0;
  const double variance = spare > 0.0 ? std::max(0.0, squares - plane.dot(right)) / spare : kNaN;
  return {plane[3], std::sqrt(variance * solver.solve(Eigen::Vector4d::Unit(3))[3])};
}

void measure_on_planes(const CellIndex& before, const CellIndex& after, double radius_m, double half_length_m,
                       DisplacementField& field, const Run& run) {
  const CylinderPoints gather(field, radius_m, half_length_m, kMostPlanePoints);
  for_blocks(
      field.size(),
      [&](const Block& block) {
        std::vector<Spot> here;
        std::vector<Spot> there;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (field.reason[i] != Reason::ok) continue;
          gather(before, i, here);
          gather(after, i, there);
          field.value_m[i] = offset_on_common_plane(here, there).value_m;
          if (std::isnan(field.value_m[i])) field.reason[i] = Reason::no_fit;
        }
      },
      run);
}

}  // namespace highwall
