#pragma once

#include <utility>
#include <vector>

#include "algorithms/surface/dem.hpp"

namespace highwall {

/// Elevations of bench floors (berms, floors, roads of one level), ascending, local metres: levels at which the DEM has much
/// near-level ground, at least `least_apart_m` from each other. Fewer than two: no benches.
std::vector<double> find_bench_floors(const Dem& surface, double least_apart_m);

/// Benches as bands of elevation, each from its floor to the next: bench k reaches from floor k to floor k + 1, the last one up,
/// and what lies below the lowest floor belongs to bench 0 too.
class Benches {
 public:
  /// @param floors_m  ascending
  explicit Benches(std::vector<double> floors_m);
  std::size_t size() const noexcept { return floors_.size(); }
  const std::vector<double>& floors_m() const noexcept { return floors_; }
  /// Shares of a column of change between two heights, by bench, of sum 1. A column is cut at a floor only where it reaches
  /// beyond it by more than a quarter of the bench (2 m at most), so that a bench mined to its floor, rough as it is, is one
  /// bench's; the ground of a berm belongs to the bench above it.
  void split(double z1, double z2, std::vector<std::pair<std::size_t, double>>& shares) const;

 private:
  std::size_t bench_at(double z) const;
  std::vector<double> floors_;
  double tolerance_ = 0.0;
};

}  // namespace highwall
