#include "core/stack_scans.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace highwall {

ScanGrid scan_grid_of(const GridGeometry& geometry) {
  ScanGrid grid;
  grid.rows = geometry.rows;
  grid.cols = geometry.cols;
  grid.frame = geometry.frame;
  return grid;
}

StackScans::StackScans(const Stack& stack, std::optional<ScanValue> value)
    : stack_(stack),
      value_(value.value_or(stack.increments ? ScanValue::increment : ScanValue::cumulative)),
      grid_(scan_grid_of(stack.geometry())) {
  const auto& instants = stack.instants();
  for (std::size_t e = 1; e < instants.size(); ++e) {
    if (instants[e] <= instants[e - 1]) {
      throw Error(ErrorKind::input,
                  fmt::format("scan {} of {} does not come after {}", e, to_iso8601(instants[e]), to_iso8601(instants[e - 1])),
                  stack.source, "scans must be in order of time, each instant once");
    }
  }
  const std::size_t n = stack.cells();
  for (const std::size_t size : {stack.cell_position_m.size(), stack.line_of_sight_per_cell.size()}) {
    if (size != 0 && size != n) {
      throw Error(ErrorKind::input, fmt::format("{} places or directions for {} cells", size, n), stack.source);
    }
  }
  grid_.position_m = stack.cell_position_m;
  grid_.line_of_sight_unit = stack.line_of_sight_per_cell;
  grid_.line_of_sight = stack.line_of_sight;
  grid_.range_m = stack.range_m;
  grid_.azimuth_rad = stack.azimuth_rad;
  if (stack.wavelength_m > 0.0) grid_.wavelength_m = stack.wavelength_m;
}

RadarScan StackScans::read(std::size_t index) const {
  RadarScan scan;
  scan.instant = stack_.instants().at(index);
  scan.name = fmt::format("{}: scan {}", stack_.source, index);
  const auto map = stack_.at(index);
  scan.displacement_m.assign(map.begin(), map.end());
  return scan;
}

}  // namespace highwall
