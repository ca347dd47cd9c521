#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
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

  /// The same in two steps, for many pixels. note() counts the patterns that hang together in a pixel's open loops, and appends
  /// their numbers; patterns of more than kMostOpenLoops are noise all over and have none.
  void note(std::span<const LoopCycles> open, std::span<const std::uint8_t> absent, std::vector<std::uint32_t>& numbers);
  /// Solution of a pattern, after all pixels were noted. Where there are more than kFewPatterns, those that occurred less than
  /// kLeastOccurrences times have none: in noise nearly each pixel has one of its own, which no neighbour confirms.
  const std::vector<PairCycles>& solution(std::uint32_t number);
  /// Forgets what was noted.
  void forget();

  static constexpr std::size_t kMostOpenLoops = 40;
  static constexpr std::size_t kFewPatterns = 5000;
  static constexpr std::size_t kLeastOccurrences = 3;

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
  /// Open loops, then the absent ones that matter (with cycles 0).
  using Key = std::vector<LoopCycles>;
  struct Pattern {
    std::size_t count = 0;
    Key key;  ///< Of those after the first kFewPatterns from the second time on: most occur once.
    bool solved = false;
    std::vector<PairCycles> solution;
  };
  std::vector<Part> parts_of(std::span<const LoopCycles> open) const;
  static Key key_of(const Part& part, std::span<const std::uint8_t> absent);
  std::vector<PairCycles> solve_key(const Key& key);
  std::vector<PairCycles> solve_part(const Part& part, const std::vector<std::uint32_t>& absent) const;

  std::span<const Triangle> triangles_;
  double price_;
  std::vector<std::vector<std::uint32_t>> loops_of_;  ///< Per pair.
  std::unordered_map<std::uint64_t, std::uint32_t>
      number_of_;  ///< By a hash of the key; of a million two are the same once in 10^7 stacks.
  std::vector<Pattern> patterns_;
  std::map<Key, std::vector<PairCycles>> solved_;
  std::size_t programs_ = 0;
};

}  // namespace highwall
