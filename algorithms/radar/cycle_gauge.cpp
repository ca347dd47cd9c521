#include "algorithms/radar/cycle_gauge.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace highwall {
namespace {

/// Interferograms that get a cycle more (+1) or less (-1) when some acquisitions do.
using Shift = std::vector<std::pair<std::uint32_t, std::int32_t>>;

Shift shift_of(const InterferogramNetwork& network, std::size_t from, std::size_t to) {
  Shift out;
  for (std::uint32_t p = 0; p < network.pairs.size(); ++p) {
    const auto has = [&](std::size_t date) { return date >= from && date < to ? 1 : 0; };
    const int change = has(network.pairs[p].second) - has(network.pairs[p].first);
    if (change != 0) out.emplace_back(p, change);
  }
  return out;
}

/// A region, and its borders with what is around it: cells inside and their neighbours outside.
struct Outline {
  std::vector<std::size_t> cells;
  std::vector<std::pair<std::size_t, std::size_t>> borders;
};

std::vector<Outline> outlines_of(const Regions& regions, std::size_t rows, std::size_t cols) {
  std::vector<Outline> out(regions.cells.size());
  for (std::size_t cell = 0; cell < regions.of.size(); ++cell) {
    const std::uint32_t number = regions.of[cell];
    if (number == 0) continue;
    out[number].cells.push_back(cell);
    const auto look = [&](std::size_t near) {
      if (regions.of[near] != number) out[number].borders.emplace_back(cell, near);
    };
    if (cell >= cols) look(cell - cols);
    if (cell % cols != 0) look(cell - 1);
    if (cell % cols + 1 != cols) look(cell + 1);
    if (cell + cols < rows * cols) look(cell + cols);
  }
  return out;
}

/// Length of borders with `times` the shift less that without it.
std::int64_t border_change(const CycleMap& cycles, const Outline& outline, const Shift& shift, std::int32_t times) {
  std::int64_t change = 0;
  for (const auto& [pair, sign] : shift) {
    if (cycles.runs(pair).empty()) {
      change += static_cast<std::int64_t>(outline.borders.size());
      continue;
    }
    for (const auto& [in, out] : outline.borders) {
      const std::int32_t here = cycles.at(pair, in);
      const std::int32_t there = cycles.at(pair, out);
      change += (here + sign * times != there ? 1 : 0) - (here != there ? 1 : 0);
    }
  }
  return change;
}

/// Adds the shift to the region's cells.
void apply(CycleMap& cycles, const Outline& outline, const Shift& shift, std::int32_t times) {
  for (const auto& [pair, sign] : shift) {
    std::vector<std::int8_t> image = cycles.image(pair);
    for (const std::size_t cell : outline.cells) image[cell] = static_cast<std::int8_t>(image[cell] + sign * times);
    cycles.set_image(pair, image);
  }
}

void set(CycleMap& map, std::size_t pair, const Outline& outline, std::int8_t value) {
  std::vector<std::int8_t> image = map.image(pair);
  for (const std::size_t cell : outline.cells) image[cell] = value;
  map.set_image(pair, image);
}

class Gauge {
 public:
  explicit Gauge(const InterferogramNetwork& network) : shifts_of_(network.pairs.size()) {
    const std::size_t dates = network.instants.size();
    std::set<Shift> all;
    for (std::size_t d = 1; d < dates; ++d) {
      all.insert(shift_of(network, d, dates));
      all.insert(shift_of(network, d, d + 1));
    }
    for (const Shift& shift : all) {
      for (const auto& [pair, sign] : shift) shifts_of_[pair].push_back(shift);
    }
  }

  /// Takes other explanations of an interferogram's regions that are clearly shorter. @return whether there were any
  bool exchange(CycleMap& cycles, std::size_t pair) const {
    bool any = false;
    for (const Outline& outline : outlines(cycles, pair)) {
      const Choice choice = best_of(cycles, pair, outline);
      if (choice.shift == nullptr || 2 * choice.border_change >= -border(outline)) continue;
      apply(cycles, outline, *choice.shift, choice.times);
      any = true;
    }
    return any;
  }

  /// Takes out regions with other explanations that are about as short.
  void withdraw(CycleMap& cycles, CycleMap& undecided, std::size_t pair) const {
    for (const Outline& outline : outlines(cycles, pair)) {
      if (outline.borders.empty()) continue;
      const std::int32_t label = cycles.at(pair, outline.cells.front());
      bool sure = true;
      for (const Shift& shift : shifts_of_[pair]) {
        if (label == 0 || 2 * border_change(cycles, outline, shift, times(shift, pair, label)) >= border(outline)) continue;
        sure = false;
        for (const auto& [other, sign] : shift) set(undecided, other, outline, 1);
      }
      if (!sure) set(cycles, pair, outline, 0);
    }
  }

 private:
  struct Choice {
    const Shift* shift = nullptr;
    std::int32_t times = 0;
    std::int64_t border_change = 0;
  };

  static std::vector<Outline> outlines(const CycleMap& cycles, std::size_t pair) {
    return outlines_of(regions_of(cycles.image(pair), cycles.rows(), cycles.cols()), cycles.rows(), cycles.cols());
  }
  static std::int64_t border(const Outline& outline) { return static_cast<std::int64_t>(outline.borders.size()); }

  Choice best_of(const CycleMap& cycles, std::size_t pair, const Outline& outline) const {
    Choice best;
    if (outline.borders.empty()) return best;
    const std::int32_t label = cycles.at(pair, outline.cells.front());
    if (label == 0) return best;  // A region before this one has changed it.
    for (const Shift& shift : shifts_of_[pair]) {
      const std::int32_t n = times(shift, pair, label);
      const std::int64_t change = border_change(cycles, outline, shift, n);
      if (best.shift == nullptr || change < best.border_change) best = {&shift, n, change};
    }
    return best;
  }

  /// How often to shift, so that the pair has no cycles left.
  static std::int32_t times(const Shift& shift, std::size_t pair, std::int32_t label) {
    const auto at = std::find_if(shift.begin(), shift.end(), [&](const auto& s) { return s.first == pair; });
    return -label * at->second;
  }

  std::vector<std::vector<Shift>> shifts_of_;  ///< Per pair: those that change it.
};

}  // namespace

void settle_gauge(const InterferogramNetwork& network, CycleMap& cycles, CycleMap& undecided, const Run& run) {
  constexpr int kMostSweeps = 10;
  const Gauge gauge(network);
  bool changed = true;
  for (int sweep = 0; changed && sweep < kMostSweeps; ++sweep) {
    changed = false;
    for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) {
      run.check_stop();
      if (!cycles.runs(pair).empty() && gauge.exchange(cycles, pair)) changed = true;
    }
  }
  for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) {
    if (!cycles.runs(pair).empty()) gauge.withdraw(cycles, undecided, pair);
  }
}

}  // namespace highwall
