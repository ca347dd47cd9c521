#include "algorithms/radar/closure_correction.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algorithms/radar/closure_triangles.hpp"
#include "algorithms/radar/cycle_gauge.hpp"
#include "algorithms/radar/loop_field.hpp"
#include "algorithms/radar/loop_program.hpp"
#include "algorithms/radar/refine_cycles.hpp"
#include "algorithms/radar/stack_sample.hpp"

namespace highwall {
namespace {

constexpr std::size_t kSampleCells = 8192;
/// Noise below this (radians, or of what the coherence tells) is a simulation without noise; dividing by it would say too much.
constexpr double kLeastNoise = 0.05;

/// Everything that the steps of a correction share.
struct Task {
  const InterferogramSource& source;
  const ClosureOptions& options;
  const Run& run;
  std::size_t block_bytes;
  std::vector<Triangle> triangles;
  LoopSolver solver;
  LoopFilter filter;
  EdgeModel edges;
  CycleMap undecided;  ///< 1 = what settle_gauge() could not tell.

  std::size_t pairs() const { return source.network().pairs.size(); }
  CycleMap empty_map() const { return {pairs(), source.network().geometry.rows, source.network().geometry.cols}; }
};

/// What the loops of all pixels say.
struct Findings {
  CycleMap cycles;                  ///< The only explanation, or one that neighbours are to judge.
  CycleMap doubtful;                ///< 1 = one of several.
  std::vector<std::uint64_t> open;  ///< Per pair: pixels with an open loop of it.
};

/// Open loops of a pixel, and which are absent.
void gather(const LoopRows& rows, std::size_t row, std::size_t col, std::vector<LoopCycles>& open,
            std::vector<std::uint8_t>& absent) {
  open.clear();
  for (std::uint32_t t = 0; t < rows.cycles.size(); ++t) {
    const std::int8_t n = rows.at(t, row, col);
    absent[t] = n == kLoopAbsent ? 1 : 0;
    if (n != 0 && n != kLoopAbsent) open.push_back({t, n});
  }
}

void count_open(const Task& task, std::span<const LoopCycles> open, std::vector<std::uint32_t>& pairs,
                std::vector<std::uint64_t>& counts) {
  pairs.clear();
  for (const LoopCycles& loop : open) {
    const Triangle& t = task.triangles[loop.triangle];
    pairs.insert(pairs.end(), {t.ij, t.jk, t.ik});
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  for (const std::uint32_t pair : pairs) ++counts[pair];
}

/// Cells of `image` that are in a full 3 x 3 square of it: thin lines are where filtered borders of several loops disagree.
std::vector<std::int8_t> opened(const std::vector<std::int8_t>& image, std::size_t rows, std::size_t cols) {
  std::vector<std::int8_t> out(image.size(), 0);
  for (std::size_t row = 1; row + 1 < rows; ++row) {
    for (std::size_t col = 1; col + 1 < cols; ++col) {
      bool full = true;
      for (std::size_t i = 0; full && i < 9; ++i) full = image[(row + i / 3 - 1) * cols + col + i % 3 - 1] != 0;
      for (std::size_t i = 0; full && i < 9; ++i) out[(row + i / 3 - 1) * cols + col + i % 3 - 1] = 1;
    }
  }
  return out;
}

Findings look(Task& task, const InterferogramSource& source, const std::function<void(const LoopRows&)>& also) {
  Findings out{task.empty_map(), task.empty_map(), std::vector<std::uint64_t>(task.pairs(), 0)};
  std::vector<LoopCycles> open;
  std::vector<std::uint8_t> absent(task.triangles.size());
  std::vector<std::uint32_t> pairs;
  std::vector<std::uint32_t> numbers;
  struct Noted {
    std::size_t cell;
    std::uint32_t pattern;
  };
  std::vector<Noted> noted;
  task.solver.forget();
  for_loop_rows(source, task.triangles, task.filter, task.block_bytes, task.run, [&](const LoopRows& rows) {
    std::vector<std::uint8_t> any((rows.end - rows.begin) * rows.cols, 0);
    for (const std::vector<std::int8_t>& map : rows.cycles) {
      for (std::size_t c = 0; c < any.size(); ++c) any[c] |= static_cast<std::uint8_t>(map[c] != 0 && map[c] != kLoopAbsent);
    }
    for (std::size_t c = 0; c < any.size(); ++c) {
      if (any[c] == 0) continue;
      const std::size_t row = rows.begin + c / rows.cols;
      const std::size_t col = c % rows.cols;
      gather(rows, row, col, open, absent);
      count_open(task, open, pairs, out.open);
      numbers.clear();
      task.solver.note(open, absent, numbers);
      for (const std::uint32_t number : numbers) noted.push_back({row * rows.cols + col, number});
    }
    if (also) also(rows);
  });
  for (const Noted& cell : noted) {
    for (const PairCycles& found : task.solver.solution(cell.pattern)) {
      CycleMap& map = found.unique || found.closes ? out.cycles : out.doubtful;
      map.append(found.pair, cell.cell / map.cols(), cell.cell % map.cols(), &map == &out.cycles ? found.cycles : 1);
    }
  }
  const auto least = static_cast<std::size_t>(task.options.least_cells);
  for (std::size_t pair = 0; pair < task.pairs(); ++pair) {
    for (CycleMap* map : {&out.cycles, &out.doubtful}) {
      if (map->runs(pair).empty()) continue;
      std::vector<std::int8_t> image = map->image(pair);
      if (map == &out.doubtful) image = opened(image, map->rows(), map->cols());
      drop_small_regions(image, map->rows(), map->cols(), least);
      map->set_image(pair, image);
    }
  }
  return out;
}

void add(CycleMap& to, const CycleMap& more) {
  for (std::size_t pair = 0; pair < to.pairs(); ++pair) {
    if (more.runs(pair).empty()) continue;
    std::vector<std::int8_t> image = to.image(pair);
    const std::vector<std::int8_t> other = more.image(pair);
    std::transform(image.begin(), image.end(), other.begin(), image.begin(),
                   [](std::int8_t a, std::int8_t b) { return static_cast<std::int8_t>(std::clamp(a + b, -100, 100)); });
    to.set_image(pair, image);
  }
}

void drop_small(CycleMap& cycles, std::size_t least_cells) {
  for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) {
    if (cycles.runs(pair).empty()) continue;
    std::vector<std::int8_t> image = cycles.image(pair);
    drop_small_regions(image, cycles.rows(), cycles.cols(), least_cells);
    cycles.set_image(pair, image);
  }
}

/// Of the loops of each corrected region, those that are closed now.
class Verifier {
 public:
  Verifier(const Task& task, const CycleMap& cycles)
      : task_(task), cycles_(cycles), of_run_(cycles.pairs()), counts_(cycles.pairs()) {
    for (std::size_t pair = 0; pair < cycles.pairs(); ++pair) {
      if (cycles.runs(pair).empty()) continue;
      const Regions regions = regions_of(cycles.image(pair), cycles.rows(), cycles.cols());
      for (const CycleRun& run : cycles.runs(pair)) of_run_[pair].push_back(regions.of[run.row * cycles.cols() + run.begin]);
      counts_[pair].resize(regions.cells.size());
    }
  }

  void add(const LoopRows& rows) {
    for (std::size_t pair = 0; pair < cycles_.pairs(); ++pair) {
      for (const CycleRun& run : cycles_.runs(pair, rows.begin, rows.end)) {
        Count& count = counts_[pair][of_run_[pair][static_cast<std::size_t>(&run - cycles_.runs(pair).data())]];
        for (const std::uint32_t t : task_.solver.loops_of(pair)) {
          for (std::size_t col = run.begin; col < run.end; ++col) {
            const std::int8_t n = rows.at(t, run.row, col);
            count.present += n != kLoopAbsent ? 1U : 0U;
            count.closed += n == 0 ? 1U : 0U;
          }
        }
      }
    }
  }

  /// Cells of regions whose loops are not closed: out of `cycles`, into `detected`. @return whether there are any
  bool take_back(CycleMap& cycles, CycleMap& detected, double least_closed) const {
    bool any = false;
    for (std::size_t pair = 0; pair < cycles_.pairs(); ++pair) {
      std::vector<CycleRun> bad;
      for (std::size_t i = 0; i < of_run_[pair].size(); ++i) {
        const Count& count = counts_[pair][of_run_[pair][i]];
        if (count.present == 0 || double(count.closed) < least_closed * double(count.present))
          bad.push_back(cycles_.runs(pair)[i]);
      }
      if (bad.empty()) continue;
      any = true;
      std::vector<std::int8_t> image = cycles.image(pair);
      std::vector<std::int8_t> told = detected.image(pair);
      for (const CycleRun& run : bad) {
        const auto at = static_cast<std::ptrdiff_t>(run.row * cycles.cols() + run.begin);
        std::fill_n(image.begin() + at, run.end - run.begin, std::int8_t{0});
        std::fill_n(told.begin() + at, run.end - run.begin, std::int8_t{1});
      }
      cycles.set_image(pair, image);
      detected.set_image(pair, told);
    }
    return any;
  }

 private:
  struct Count {
    std::uint64_t present = 0;
    std::uint64_t closed = 0;
  };
  const Task& task_;
  const CycleMap cycles_;
  std::vector<std::vector<std::uint32_t>> of_run_;  ///< Per pair and run: region.
  std::vector<std::vector<Count>> counts_;          ///< Per pair and region.
};

/// Rounds of finding and refining. @return rounds that changed something
std::size_t find(Task& task, CycleMap& cycles) {
  std::size_t rounds = 0;
  while (rounds < static_cast<std::size_t>(task.options.rounds)) {
    const Findings found = look(task, CorrectedSource(task.source, cycles), {});
    if (found.cycles.empty()) break;
    CycleMap next = cycles;
    add(next, found.cycles);
    refine_cycles(task.source, next, found.doubtful, task.edges, task.run);
    drop_small(next, static_cast<std::size_t>(task.options.least_cells));
    settle_gauge(task.source.network(), next, task.undecided, task.run);
    drop_small(next, static_cast<std::size_t>(task.options.least_cells));
    if (next == cycles) break;
    cycles = std::move(next);
    ++rounds;
  }
  return rounds;
}

void verify(Task& task, ClosureCorrection& out) {
  CycleMap taken_back = task.empty_map();
  while (true) {
    Verifier verifier(task, out.cycles);
    const Findings now = look(task, CorrectedSource(task.source, out.cycles), [&](const LoopRows& rows) { verifier.add(rows); });
    out.detected = now.doubtful;
    for (std::size_t pair = 0; pair < task.pairs(); ++pair) out.per_pair[pair].open = now.open[pair];
    if (!verifier.take_back(out.cycles, taken_back, task.options.least_closed)) break;
  }
  add(out.detected, taken_back);
  add(out.detected, task.undecided);
  for (std::size_t pair = 0; pair < task.pairs(); ++pair) {
    if (out.detected.runs(pair).empty()) continue;
    std::vector<std::int8_t> image = out.detected.image(pair);
    const std::vector<std::int8_t> corrected = out.cycles.image(pair);
    for (std::size_t c = 0; c < image.size(); ++c) image[c] = image[c] != 0 && corrected[c] == 0 ? 1 : 0;
    out.detected.set_image(pair, image);
  }
}

}  // namespace

ClosureCorrection correct_unwrapping(const InterferogramSource& source, const ClosureOptions& options, const Run& run,
                                     std::size_t block_bytes) {
  validate(options, "closure");
  const InterferogramNetwork& network = source.network();
  const std::size_t pairs = network.pairs.size();
  std::vector<Triangle> triangles = triangles_of(network);
  LoopSolver solver(triangles, pairs, options.loop_price);
  Task task{source, options, run, block_bytes, std::move(triangles), std::move(solver), {}, {}, {}};
  task.undecided = task.empty_map();
  ClosureCorrection out;
  out.cycles = task.empty_map();
  out.detected = task.empty_map();
  out.triangles = task.triangles.size();
  out.per_pair.resize(pairs);
  for (std::size_t pair = 0; pair < pairs; ++pair) out.per_pair[pair].loops = task.solver.loops_of(pair).size();
  if (task.triangles.empty()) return out;

  const StackSample sample = sample_of(source, kSampleCells, block_bytes, run);
  out.offset_rad = loop_offsets(task.triangles, pairs, sample.phase);
  out.noise_factor = noise_factor(network, sample, out.offset_rad);
  const double noise = std::max(kLeastNoise, std::isnan(out.noise_factor) ? 1.0 : out.noise_factor);
  task.filter = {out.offset_rad, static_cast<std::size_t>(options.least_cells)};
  task.edges = {out.offset_rad, noise * noise, options.smoothness, static_cast<std::size_t>(options.edge_cells), block_bytes};
  out.rounds = find(task, out.cycles);
  verify(task, out);
  out.programs = task.solver.programs();
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    out.per_pair[pair].corrected = out.cycles.cells(pair);
    out.per_pair[pair].detected = out.detected.cells(pair);
  }
  return out;
}

}  // namespace highwall
