#include "algorithms/radar/patch_line_of_sight.hpp"

#include <cmath>

#include "core/parallel.hpp"

namespace highwall {

std::vector<Patch> patch_line_of_sight(const Stack& stack, const Polygon& outline, const PatchOptions& options, const Run& run) {
  validate(options, "patches");
  const GridGeometry& g = stack.geometry();
  const auto place_of = [&](std::size_t i) {
    const auto centre = g.centre(i / g.cols, i % g.cols);
    return std::pair(centre[0], centre[1]);
  };
  auto by_cell = places_by_patch(stack.cells(), place_of, options.size_m, outline);
  std::erase_if(by_cell, [&](const auto& p) { return p.second.size() < static_cast<std::size_t>(options.fewest_cells); });
  const std::vector<std::pair<PatchCell, std::vector<std::size_t>>> work(by_cell.begin(), by_cell.end());
  const double cell_area = std::abs(g.affine[1] * g.affine[5] - g.affine[2] * g.affine[4]);
  std::vector<Patch> patches(work.size());
  std::vector<std::uint8_t> seen(work.size(), 0);
  for_blocks(
      work.size(),
      [&](const Block& block) {
        for (std::size_t p = block.begin; p < block.end; ++p) {
          const auto& [cell, cells] = work[p];
          Patch& patch = patches[p];
          patch.cell = cell;
          std::vector<std::uint8_t> known(cells.size(), 0);
          std::size_t coherent = 0;  // Cells that had a value so far: the others lie in the wall's own shadow.
          patch.series.kind = SensorKind::radar;
          for (std::size_t e = 0; e < stack.epochs(); ++e) {
            const auto map = stack.at(e);
            double sum = 0.0;
            double n = 0.0;
            for (std::size_t k = 0; k < cells.size(); ++k) {
              if (!std::isfinite(map[cells[k]])) continue;
              sum += map[cells[k]];
              n += 1.0;
              coherent += known[k] == 0 ? 1 : 0;
              known[k] = 1;
            }
            const bool enough = n > 0.0 && n >= options.least_share_of_cells * static_cast<double>(coherent) &&
                                coherent >= static_cast<std::size_t>(options.fewest_cells);
            if (enough) seen[p] = 1;
            patch.series.push(stack.instants()[e], {enough ? sum / n : kNaN});
          }
          patch.area_m2 = cell_area * static_cast<double>(coherent);
        }
      },
      run, {}, 1);
  std::vector<Patch> out;  // What was never coherent the radar does not see.
  for (std::size_t p = 0; p < patches.size(); ++p) {
    if (seen[p] != 0) out.push_back(std::move(patches[p]));
  }
  return out;
}

}  // namespace highwall
