#pragma once

#include <optional>

#include "core/scan.hpp"
#include "core/stack.hpp"

namespace highwall {

/// The maps of a stack as the scans of a radar: one a cell of its raster, cumulative. The stack is not copied and must live on.
class StackScans final : public ScanSource {
 public:
  /// @param value  what its source says; nullopt = what the stack says
  /// @throws Error(input) for instants that are not strictly ascending, or places and directions of another number of cells
  explicit StackScans(const Stack& stack, std::optional<ScanValue> value = std::nullopt);

  const ScanGrid& grid() const noexcept override { return grid_; }
  ScanValue value() const noexcept override { return value_; }
  std::size_t size() const noexcept override { return stack_.epochs(); }
  RadarScan read(std::size_t index) const override;

 private:
  const Stack& stack_;
  ScanValue value_;
  ScanGrid grid_;
};

/// The raster of maps as a grid of scans: places in the plane of its frame, height not known.
ScanGrid scan_grid_of(const GridGeometry& geometry);

}  // namespace highwall
