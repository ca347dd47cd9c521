#pragma once

#include <cstdint>
#include <vector>

#include "algorithms/radar/components.hpp"
#include "algorithms/radar/state_bytes.hpp"
#include "core/run.hpp"

namespace highwall {

/// Which cells rest, by what their velocities have shown since the last test. Of these, none may be near an area that moves.
class StableCells {
 public:
  /// @param allowed  not 0 = may be stable
  StableCells(CellShape shape, std::vector<std::uint8_t> allowed);

  /// What a scan showed of a cell; called for every cell, from any thread.
  /// @param size  largest |z| of its windows; NaN = none is known
  void note(std::size_t cell, bool has_value, double size) noexcept;
  void end_scan() noexcept { ++scans_; }
  /// Chooses anew. The first cells are all that are allowed.
  void test();

  const std::vector<std::uint8_t>& mask() const noexcept { return stable_; }
  /// The stable ones, ascending.
  const std::vector<std::uint32_t>& list() const noexcept { return list_; }

  void save(StateWriter& out) const;
  void restore(StateReader& in);
  std::size_t bytes_held() const noexcept;

 private:
  void list_cells();

  CellShape shape_;
  std::vector<std::uint8_t> allowed_;
  std::vector<std::uint8_t> stable_;
  std::vector<std::uint32_t> list_;
  std::vector<std::uint16_t> seen_;    ///< Scans with a value since the last test ...
  std::vector<std::uint16_t> judged_;  ///< ... with a z ...
  std::vector<std::uint16_t> moved_;   ///< ... with one beyond kMoves.
  std::vector<std::uint8_t> now_;      ///< z at the newest scan was beyond kMovesNow.
  std::uint32_t scans_ = 0;
};

}  // namespace highwall
