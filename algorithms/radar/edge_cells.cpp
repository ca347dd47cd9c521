#include "algorithms/radar/edge_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "algorithms/radar/closure_statistics.hpp"
#include "algorithms/radar/network_misfit.hpp"
#include "algorithms/radar/refine_cycles.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

/// Share of an interferogram's weight that the rest of the network must control, for its cycles to be told from its pixel's
/// motion.
constexpr double kLeastControl = 0.05;

/// Cells within `reach` (rows and columns) of two neighbours of different cycles.
std::vector<std::int8_t> near_borders(const std::vector<std::int8_t>& image, std::size_t rows, std::size_t cols,
                                      std::size_t reach) {
  std::vector<std::int8_t> out(image.size(), 0);
  const auto mark = [&](std::size_t row, std::size_t col) {
    for (std::size_t r = row - std::min(row, reach - 1); r < std::min(rows, row + reach); ++r) {
      for (std::size_t c = col - std::min(col, reach - 1); c < std::min(cols, col + reach); ++c) out[r * cols + c] = 1;
    }
  };
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < cols; ++col) {
      const std::int8_t here = image[row * cols + col];
      const bool right = col + 1 < cols && image[row * cols + col + 1] != here;
      const bool below = row + 1 < rows && image[(row + 1) * cols + col] != here;
      if (right || below) mark(row, col);
      if (right) mark(row, col + 1);
      if (below) mark(row + 1, col);
    }
  }
  return out;
}

CycleMap edges_of(const CycleMap& cycles, std::size_t reach, const Run& run) {
  CycleMap out(cycles.pairs(), cycles.rows(), cycles.cols());
  for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) {
    if (cycles.runs(pair).empty()) continue;
    run.check_stop();
    out.set_image(pair, near_borders(cycles.image(pair), cycles.rows(), cycles.cols(), reach));
  }
  return out;
}

/// Number of cycles of a run that holds this column, 0 = none does. Runs are of one row.
std::int32_t cycles_at(std::span<const CycleRun> runs, std::size_t col) {
  const auto at =
      std::upper_bound(runs.begin(), runs.end(), col, [](std::size_t c, const CycleRun& run) { return c < run.begin; });
  return at == runs.begin() || (at - 1)->end <= col ? 0 : (at - 1)->cycles;
}

/// Rows of a source that are in memory.
struct Rows {
  std::size_t height;
  std::size_t cols;
  std::vector<float> phase;
  std::vector<float> coherence;
};

}  // namespace

/// Lists the cells of these rows that are near a border of some interferogram, and the interferograms that matter there.
void EdgeCells::keep_rows(const CycleMap& cycles, const CycleMap& edges, const CycleMap& doubtful, std::size_t begin,
                          std::size_t end) {
  struct OfPair {
    std::uint32_t pair;
    std::span<const CycleRun> edges;
    std::span<const CycleRun> cycles;
    std::span<const CycleRun> doubtful;
  };
  std::vector<OfPair> in_row;
  std::vector<std::uint8_t> near(cycles.cols());
  for (std::size_t row = begin; row < end; ++row) {
    std::fill(near.begin(), near.end(), std::uint8_t{0});
    in_row.clear();
    for (std::uint32_t pair = 0; pair < cycles.pairs(); ++pair) {
      const OfPair of{pair, edges.runs(pair, row, row + 1), cycles.runs(pair, row, row + 1), doubtful.runs(pair, row, row + 1)};
      if (!of.edges.empty() || !of.cycles.empty()) in_row.push_back(of);
      for (const CycleRun& run : of.edges) std::fill(near.begin() + run.begin, near.begin() + run.end, std::uint8_t{1});
    }
    for (std::size_t col = 0; col < cycles.cols(); ++col) {
      if (near[col] == 0) continue;
      Kept kept{row * cycles.cols() + col, slots_.size(), curvature_.size(), 0};
      for (const OfPair& of : in_row) {
        const bool near_edge = cycles_at(of.edges, col) != 0;
        const auto label = static_cast<std::int8_t>(cycles_at(of.cycles, col));
        if (!near_edge && label == 0) continue;
        const bool free = near_edge && (label != 0 || cycles_at(of.doubtful, col) == 0);
        slots_.push_back({of.pair, label, free, 0.0F});
        if (near_edge) places_[of.pair].push_back({static_cast<std::uint32_t>(kept_.size()), kept.slots});
        ++kept.slots;
      }
      curvature_.resize(curvature_.size() + std::size_t{kept.slots} * kept.slots);
      kept_.push_back(kept);
    }
  }
}

EdgeCells::EdgeCells(const InterferogramSource& source, const CycleMap& cycles, const CycleMap& doubtful, const EdgeModel& model,
                     const Run& run)
    : places_(cycles.pairs()) {
  const InterferogramNetwork& network = source.network();
  const CycleMap edges = edges_of(cycles, model.edge_cells, run);
  const std::size_t step = rows_at_once(source, model.block_bytes / 2);
  Rows rows{0, cycles.cols(), {}, {}};
  for (std::size_t begin = 0; begin < cycles.rows(); begin += step) {
    const std::size_t end = std::min(cycles.rows(), begin + step);
    const std::size_t first = kept_.size();
    keep_rows(cycles, edges, doubtful, begin, end);
    if (kept_.size() == first) continue;
    rows.height = end - begin;
    rows.phase.resize(network.pairs.size() * rows.height * rows.cols);
    rows.coherence.resize(network.has_coherence ? rows.phase.size() : 0);
    source.read_rows(begin, end, rows.phase, rows.coherence);
    for_blocks(
        kept_.size() - first,
        [&](const Block& block) {
          NetworkMisfit misfit(network);
          std::vector<std::uint32_t> pairs;
          std::vector<double> curvature;
          for (std::size_t i = first + block.begin; i < first + block.end; ++i) {
            const Kept& kept = kept_[i];
            const std::size_t at = kept.cell - begin * rows.cols;
            misfit.set(std::span(rows.phase).subspan(at),
                       network.has_coherence ? std::span(rows.coherence).subspan(at) : std::span<const float>{},
                       rows.height * rows.cols, model.offset_rad);
            pairs.clear();
            for (std::uint32_t s = 0; s < kept.slots; ++s) pairs.push_back(slots_[kept.first + s].pair);
            misfit.curvature(pairs, curvature);
            std::transform(curvature.begin(), curvature.end(), curvature_.begin() + static_cast<std::ptrdiff_t>(kept.curvature),
                           [](double q) { return static_cast<float>(q); });
            for (std::uint32_t s = 0; s < kept.slots; ++s) {
              Slot& slot = slots_[kept.first + s];
              slot.gradient = static_cast<float>(misfit.gradient()[slot.pair]);
              if (!(curvature[s * kept.slots + s] > kLeastControl * misfit.weight()[slot.pair])) slot.free = false;
            }
          }
        },
        run, {}, 64);
  }
}

double EdgeCells::misfit_change(const Place& p, int n) const {
  constexpr double kCycle = 2.0 * std::numbers::pi;
  const Kept& kept = kept_[p.cell];
  const float* curvature = curvature_.data() + kept.curvature + std::size_t{p.slot} * kept.slots;
  double slope = slots_[kept.first + p.slot].gradient;
  for (std::uint32_t s = 0; s < kept.slots; ++s) {
    if (s != p.slot) slope += kCycle * double(curvature[s]) * slots_[kept.first + s].label;
  }
  return n * kCycle * slope + 0.5 * kCycle * kCycle * double(curvature[p.slot]) * n * n;
}

}  // namespace highwall
