#pragma once

#include "core/scan.hpp"
#include "core/stack.hpp"

namespace highwall {

/// The maps of a stack as the scans of a radar: one a cell of its raster, cumulative. The stack is not copied and must live on.
class StackScans final : public ScanSource {
 public:
  /// @param value  cumulative, as stacks are, or what its source says
  /// @throws Error(input) for instants that are not strictly ascending, or places and directions of another number of cells
  explicit StackScans(const Stack& stack, ScanValue value = ScanValue::cumulative);

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
