#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "algorithms/compare/cylinder_points.hpp"
#include "core/displacement.hpp"
#include "core/run.hpp"

namespace highwall {

/// How well an epoch, shifted, fits the reference: the robust scatter of distances about the best rigid motion, at a sample of
/// the places where the reference has a surface. Both clouds are indexed once, and shifting looks at other places.
class ShiftedFit {
 public:
  /// @param field  of the places: position, direction, and n_before; those without a normal are left out
  /// @param before, after  clouds, indexed for cylinders of this radius and half length; they outlive this
  ShiftedFit(const CellIndex& before, const CellIndex& after, const DisplacementField& field, double radius_m,
             double half_length_m, const Run& run);

  struct Score {
    double rms_m;       ///< Robust; NaN when too few places are compared.
    double sampling_m;  ///< Median standard deviation that the points' own scatter gives a distance.
    std::size_t places;
  };
  /// The epoch moved by `shift_m` from where its index has it.
  Score operator()(const Eigen::Vector3d& shift_m) const;

 private:
  const CellIndex& after_;
  double radius_m_;
  double half_length_m_;
  const Run& run_;
  DisplacementField places_;
  std::vector<std::vector<Spot>> before_;
  Eigen::Vector3d centre_m_;
};

/// How well an epoch fits about where it lies.
struct Surroundings {
  double here_m = 0.0;      ///< Robust scatter where it lies.
  double sampling_m = 0.0;  ///< What the points' own scatter makes of that.
  double best_m = 0.0;      ///< The least, and the shift to it.
  Eigen::Vector3d shift_m = Eigen::Vector3d::Zero();
  double aside_m = 0.0;  ///< Median of shifts of half the reach and more; NaN when none can be compared.
};

/// Shifts along each direction (columns, unit) by steps up to the reach, to both sides.
Surroundings look_around(const ShiftedFit& fit, const Eigen::Matrix3Xd& directions, double reach_m, double step_m);

/// Whether the ground has relief enough, as these points show it, to tell where an epoch lies: metres aside the misfit is several
/// times what the points' own scatter makes. Sparse points on benches, whose misfit changes by a half from place to place, do
/// not.
bool tells_place(const Surroundings& around);

/// Refuses an epoch whose misfit is more than the points' own scatter makes and that fits better aside, or lies anywhere: the
/// misfit is no less metres aside, and is what the reference's own relief, shifted by metres, would leave. On ground without
/// relief nothing can be said.
/// @param relief_m  gives aside_m of the reference on itself; called when the rest speaks for it
/// @throws Error(input)
void require_own_place(const Surroundings& around, const std::function<double()>& relief_m, double reach_m);

}  // namespace highwall
