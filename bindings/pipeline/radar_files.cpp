#include "bindings/pipeline/radar_files.hpp"

#include <algorithm>

#include "bindings/pipeline/bare.hpp"
#include "core/error.hpp"
#include "io/readers/zones.hpp"

namespace highwall {
namespace {

/// Which cells lie within the outlines of a file; empty for no file.
std::vector<std::uint8_t> cells_within(const std::filesystem::path& file, const ScanGrid& grid,
                                       const std::function<void(const Report&)>& tell) {
  if (file.empty()) return {};
  if (grid.position_m.empty()) {
    throw Error(ErrorKind::config, "outlines say nothing while it is not known where the cells lie", file.string(),
                "give the ground, and the place of the radar");
  }
  Report report;
  const std::vector<Polygon> outlines = read_polygons(file, grid.frame, report);
  tell(report);
  if (outlines.empty()) throw Error(ErrorKind::input, "there is no outline in it", file.string());
  std::vector<std::uint8_t> marks(grid.cells(), 0);
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    const Eigen::Vector3d& p = grid.position_m[i];
    const auto holds = [&](const Polygon& outline) { return outline.contains(p.x(), p.y()); };
    marks[i] = p.allFinite() && std::any_of(outlines.begin(), outlines.end(), holds) ? 1 : 0;
  }
  return marks;
}

}  // namespace

OpenedRadar open_radar(const RadarFiles& files, const std::function<void(const Report&)>& tell, const Run& run) {
  OpenedRadar out{open_scans(files.scans, files.reading, run), {}};
  tell(out.scans.report);
  out.cells.grid = out.scans.source->grid();
  if (!files.ground.empty()) {
    Report report;
    const PointCloud cloud = read_cloud(files.ground, {}, report, run);
    tell(report);
    PlacedScan placed = place_scan(out.cells.grid, cloud, files.place, {}, {}, run);
    out.cells.grid = std::move(placed.grid);
    out.cells.sensitivity = std::move(placed.sensitivity);
  }
  out.cells.masked = cells_within(files.mask, out.cells.grid, tell);
  out.cells.calibrate.stable = cells_within(files.stable, out.cells.grid, tell);
  return out;
}

}  // namespace highwall
