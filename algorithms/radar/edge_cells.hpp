#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/radar/cycle_map.hpp"
#include "core/interferogram.hpp"
#include "core/run.hpp"

namespace highwall {

struct EdgeModel;

/// Cells near borders of cycles, and what changes of their cycles cost the network: for each the interferograms that have cycles
/// there or may get some, with the misfit's gradient and curvature in these.
class EdgeCells {
 public:
  struct Place {
    std::uint32_t cell;  ///< Index into the cells kept.
    std::uint32_t slot;  ///< Which of the cell's interferograms.
  };

  /// Reads the rows that have such cells. What is in `doubtful` is not free.
  EdgeCells(const InterferogramSource& source, const CycleMap& cycles, const CycleMap& doubtful, const EdgeModel& model,
            const Run& run);

  /// Where an interferogram has cells near its borders, in order of cell.
  const std::vector<Place>& slots_of(std::size_t pair) const { return places_[pair]; }
  std::size_t cell(const Place& p) const { return kept_[p.cell].cell; }
  std::int8_t label(const Place& p) const { return slots_[kept_[p.cell].first + p.slot].label; }
  void set_label(const Place& p, std::int8_t label) { slots_[kept_[p.cell].first + p.slot].label = label; }
  bool is_free(const Place& p) const { return slots_[kept_[p.cell].first + p.slot].free; }
  /// Misfit with n cycles less misfit with none, the cell's other interferograms as they are.
  double misfit_change(const Place& p, int n) const;

 private:
  struct Slot {
    std::uint32_t pair;
    std::int8_t label;
    bool free;
    float gradient;
  };
  struct Kept {
    std::size_t cell;
    std::size_t first;      ///< Of its slots.
    std::size_t curvature;  ///< First of slots x slots elements.
    std::uint32_t slots;
  };
  void keep_rows(const CycleMap& cycles, const CycleMap& edges, const CycleMap& doubtful, std::size_t begin, std::size_t end);

  std::vector<Kept> kept_;
  std::vector<Slot> slots_;
  std::vector<float> curvature_;
  std::vector<std::vector<Place>> places_;  ///< Per pair.
};

}  // namespace highwall
