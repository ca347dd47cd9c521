#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "algorithms/radar/closure_triangles.hpp"

namespace highwall {

/// A loop and the cycles that it misses.
struct LoopCycles {
  std::uint32_t triangle = 0;
  std::int32_t cycles = 0;

  friend auto operator<=>(const LoopCycles&, const LoopCycles&) = default;
};

/// Cycles that close the loops when they are added to an interferogram.
struct PairCycles {
  std::uint32_t pair = 0;
  std::int32_t cycles = 0;  ///< 0 where only other solutions of the same cost have some.
  bool unique = false;      ///< false: another solution of the same cost gives another number, and loops alone cannot tell.
  bool closes = false;      ///< No loop of what hangs together is absent or left open. Then solutions of the same cost differ by
                        ///< whole cycles of acquisitions only, and neighbours may tell (settle_gauge()).
};

/// Finds the interferograms whose whole cycles explain open loops: minimal sum |U| + price x (loops left open), C U = -C_int
/// (Yunjun et al. 2019, doi:10.1016/j.cageo.2019.104331, eq. 14, there without the price and within connected components). A
/// linear program, solved by Clp once for each pattern that occurs.
class LoopSolver {
 public:
  /// @param price  cost of a cycle that a loop is left open by; above 1, or one interferogram would not be corrected for one loop
  LoopSolver(std::span<const Triangle> triangles, std::size_t pairs, double price);

  /// Interferograms that the open loops of a pixel may come from.
  /// @param open    loops that are not closed, in order of triangle
  /// @param absent  one entry a triangle, not 0 = the loop is absent at this pixel: nothing is known of it
  std::vector<PairCycles> solve(std::span<const LoopCycles> open, std::span<const std::uint8_t> absent);

  /// Linear programs set up so far.
  std::size_t programs() const noexcept { return programs_; }
  const std::vector<std::uint32_t>& loops_of(std::size_t pair) const { return loops_of_[pair]; }

 private:
  /// What hangs together: open loops, the interferograms in them, and all loops of those.
  struct Part {
    std::vector<LoopCycles> open;
    std::vector<std::uint32_t> pairs;
    std::vector<std::uint32_t> loops;
  };
  std::vector<Part> parts_of(std::span<const LoopCycles> open) const;
  std::vector<PairCycles> solve_part(const Part& part, const std::vector<std::uint32_t>& absent) const;

  std::span<const Triangle> triangles_;
  double price_;
  std::vector<std::vector<std::uint32_t>> loops_of_;  ///< Per pair.
  std::map<std::vector<LoopCycles>, std::vector<Part>> parts_;
  /// By open loops, then absent ones (those with cycles 0).
  std::map<std::vector<LoopCycles>, std::vector<PairCycles>> solved_;
  std::size_t programs_ = 0;
};

}  // namespace highwall
