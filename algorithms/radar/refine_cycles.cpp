#include "algorithms/radar/refine_cycles.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "algorithms/radar/closure_statistics.hpp"
#include "algorithms/radar/edge_cells.hpp"
#include "algorithms/radar/min_cut.hpp"

namespace highwall {
namespace {

constexpr int kMostSweeps = 10;
/// Prices are whole numbers of this part of a unit of log-likelihood, and none is larger than kMostPrice units.
constexpr double kPriceStep = 1.0 / 1024.0;
constexpr double kMostPrice = 1e6;

std::int64_t whole_price(double price) {
  return static_cast<std::int64_t>(std::llround(std::clamp(price, -kMostPrice, kMostPrice) / kPriceStep));
}

/// One interferogram's share of the work: swaps 0 and n cycles of its free cells, the other interferograms as they are.
class PairSwap {
 public:
  PairSwap(EdgeCells& cells, std::size_t pair, std::vector<std::int8_t>& image, std::size_t rows, std::size_t cols,
           double noise_variance, std::int64_t smoothness)
      : cells_(cells),
        slots_(cells.slots_of(pair)),
        image_(image),
        rows_(rows),
        cols_(cols),
        noise_(noise_variance),
        edge_(smoothness) {}

  std::size_t run(std::int8_t n, std::vector<std::int32_t>& node_of) {
    std::vector<const EdgeCells::Place*> nodes;
    for (const EdgeCells::Place& place : slots_) {
      const std::int8_t label = cells_.label(place);
      if (!cells_.is_free(place) || (label != 0 && label != n)) continue;
      node_of[cells_.cell(place)] = static_cast<std::int32_t>(nodes.size());
      nodes.push_back(&place);
    }
    MinCut cut(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      cut.add_price(i, whole_price(cells_.misfit_change(*nodes[i], n) / noise_));
      add_neighbours(cut, i, cells_.cell(*nodes[i]), n, node_of);
    }
    const std::vector<std::uint8_t> label = cut.solve();
    std::size_t changed = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto now = static_cast<std::int8_t>(label[i] != 0 ? n : 0);
      const std::size_t cell = cells_.cell(*nodes[i]);
      node_of[cell] = -1;
      if (image_[cell] == now) continue;
      image_[cell] = now;
      cells_.set_label(*nodes[i], now);
      ++changed;
    }
    return changed;
  }

 private:
  void add_neighbours(MinCut& cut, std::size_t node, std::size_t cell, std::int8_t n,
                      const std::vector<std::int32_t>& node_of) const {
    const std::size_t row = cell / cols_;
    const std::size_t col = cell % cols_;
    const auto look = [&](std::size_t near) {
      if (node_of[near] >= 0) {
        if (near > cell) cut.add_edge(node, static_cast<std::size_t>(node_of[near]), edge_);
      } else {
        cut.add_price(node, (image_[near] != n ? edge_ : 0) - (image_[near] != 0 ? edge_ : 0));
      }
    };
    if (row > 0) look(cell - cols_);
    if (row + 1 < rows_) look(cell + cols_);
    if (col > 0) look(cell - 1);
    if (col + 1 < cols_) look(cell + 1);
  }

  EdgeCells& cells_;
  const std::vector<EdgeCells::Place>& slots_;
  std::vector<std::int8_t>& image_;
  std::size_t rows_;
  std::size_t cols_;
  double noise_;
  std::int64_t edge_;
};

std::set<std::int8_t> cycles_in(const CycleMap& map, std::size_t pair) {
  std::set<std::int8_t> out;
  for (const CycleRun& run : map.runs(pair)) out.insert(static_cast<std::int8_t>(run.cycles));
  return out;
}

}  // namespace

void refine_cycles(const InterferogramSource& source, CycleMap& cycles, const CycleMap& doubtful, const EdgeModel& model,
                   const Run& run) {
  EdgeCells cells(source, cycles, doubtful, model, run);
  std::vector<std::int32_t> node_of(cycles.rows() * cycles.cols(), -1);
  std::vector<std::set<std::int8_t>> values;
  for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) values.push_back(cycles_in(cycles, pair));
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    std::size_t changed = 0;
    for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) {
      if (values[pair].empty()) continue;
      run.check_stop();
      std::vector<std::int8_t> image = cycles.image(pair);
      PairSwap swap(cells, pair, image, cycles.rows(), cycles.cols(), model.noise_variance, whole_price(model.smoothness));
      std::size_t of_pair = 0;
      for (const std::int8_t n : values[pair]) of_pair += swap.run(n, node_of);
      if (of_pair != 0) cycles.set_image(pair, image);
      changed += of_pair;
    }
    if (changed == 0) return;
  }
}

}  // namespace highwall
