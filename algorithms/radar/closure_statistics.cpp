#include "algorithms/radar/closure_statistics.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numbers>
#include <utility>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

/// Cells that one pass over the triangles works on: their phases of all pairs stay in the cache.
constexpr std::size_t kCells = 256;

struct PairPhase {
  const float* phase;
  double reference;
};

struct CellCounts {
  std::array<std::uint16_t, kCells> open{};
  std::array<std::uint16_t, kCells> absent{};
};

TriangleCounts count_triangle(const PairPhase& ij, const PairPhase& jk, const PairPhase& ik, std::size_t n, CellCounts& cells) {
  constexpr double kPi = std::numbers::pi;
  std::uint64_t present = 0;
  std::uint64_t open = 0;
  for (std::size_t c = 0; c < n; ++c) {
    const double closure =
        (double(ij.phase[c]) - ij.reference) + (double(jk.phase[c]) - jk.reference) - (double(ik.phase[c]) - ik.reference);
    // integer_closure() != 0 without its division: the interval [-pi, pi) is missed.
    const auto is_open = static_cast<std::uint16_t>((closure < -kPi) | (closure >= kPi));
    const auto is_absent = static_cast<std::uint16_t>(closure != closure);
    cells.open[c] = static_cast<std::uint16_t>(cells.open[c] + is_open);
    cells.absent[c] = static_cast<std::uint16_t>(cells.absent[c] + is_absent);
    open += is_open;
    present += 1U - is_absent;
  }
  return {present, open};
}

}  // namespace

ClosureCounter::ClosureCounter(const InterferogramNetwork& network, std::vector<double> reference_rad)
    : pairs_(network.pairs.size()), reference_rad_(std::move(reference_rad)) {
  if (reference_rad_.empty()) reference_rad_.assign(pairs_, 0.0);
  if (reference_rad_.size() != pairs_) throw Error(ErrorKind::input, "closures need one reference phase for each interferogram");
  counted_.triangles = triangles_of(network);
  if (counted_.triangles.size() > std::numeric_limits<std::uint16_t>::max()) {
    throw Error(ErrorKind::input, "a network of more than 65535 triangles", {}, "leave interferograms out");
  }
  counted_.per_triangle.resize(counted_.triangles.size());
  counted_.open_triangles.assign(network.cells(), std::numeric_limits<float>::quiet_NaN());
  counted_.absent_triangles.assign(network.cells(), 0);
}

void ClosureCounter::add(std::size_t first_cell, std::size_t cells, std::span<const float> phase, const Run& run) {
  if (first_cell + cells > counted_.open_triangles.size() || phase.size() != cells * pairs_) {
    throw Error(ErrorKind::internal, "closures of cells that are not there");
  }
  if (counted_.triangles.empty()) return;
  struct Part {
    std::vector<TriangleCounts> triangles;
    std::size_t in_all = 0;
    std::size_t open = 0;
  };
  const auto count = [&](const Block& block) {
    Part part{std::vector<TriangleCounts>(counted_.triangles.size())};
    for (std::size_t at = block.begin; at < block.end; at += kCells) {
      const std::size_t n = std::min(kCells, block.end - at);
      const auto of = [&](std::uint32_t pair) { return PairPhase{phase.data() + pair * cells + at, reference_rad_[pair]}; };
      CellCounts sums;
      for (std::size_t t = 0; t < counted_.triangles.size(); ++t) {
        const Triangle& loop = counted_.triangles[t];
        const TriangleCounts one = count_triangle(of(loop.ij), of(loop.jk), of(loop.ik), n, sums);
        part.triangles[t].present += one.present;
        part.triangles[t].open += one.open;
      }
      for (std::size_t c = 0; c < n; ++c) {
        counted_.absent_triangles[first_cell + at + c] = sums.absent[c];
        if (sums.absent[c] != 0) continue;
        counted_.open_triangles[first_cell + at + c] = static_cast<float>(sums.open[c]);
        ++part.in_all;
        part.open += sums.open[c] != 0 ? 1U : 0U;
      }
    }
    return part;
  };
  const Part sum = reduce_blocks(
      cells, Part{std::vector<TriangleCounts>(counted_.triangles.size())}, count,
      [](Part& total, Part&& part) {
        for (std::size_t t = 0; t < part.triangles.size(); ++t) {
          total.triangles[t].present += part.triangles[t].present;
          total.triangles[t].open += part.triangles[t].open;
        }
        total.in_all += part.in_all;
        total.open += part.open;
      },
      run, {}, 4 * kCells);
  for (std::size_t t = 0; t < sum.triangles.size(); ++t) {
    counted_.per_triangle[t].present += sum.triangles[t].present;
    counted_.per_triangle[t].open += sum.triangles[t].open;
  }
  counted_.pixels_in_all_loops += sum.in_all;
  counted_.pixels_open += sum.open;
}

ClosureStatistics ClosureCounter::take() && { return std::move(counted_); }

std::size_t rows_at_once(const InterferogramSource& source, std::size_t block_bytes) {
  const InterferogramNetwork& network = source.network();
  const std::size_t row_bytes = std::max<std::size_t>(1, network.pairs.size() * network.geometry.cols * sizeof(float));
  const std::size_t rows = std::clamp<std::size_t>(block_bytes / row_bytes, 1, std::max<std::size_t>(1, network.geometry.rows));
  const std::size_t together = std::max<std::size_t>(1, source.row_block());
  return rows >= together ? rows - rows % together : rows;
}

ClosureStatistics closure_statistics(const InterferogramSource& source, std::vector<double> reference_rad, const Run& run,
                                     std::size_t block_bytes) {
  const InterferogramNetwork& network = source.network();
  ClosureCounter counter(network, std::move(reference_rad));
  const std::size_t rows = network.geometry.rows;
  const std::size_t cols = network.geometry.cols;
  const std::size_t step = rows_at_once(source, block_bytes);
  std::vector<float> phase;
  for (std::size_t row = 0; row < rows; row += step) {
    run.check_stop();
    const std::size_t end = std::min(rows, row + step);
    phase.resize(network.pairs.size() * (end - row) * cols);
    source.read_rows(row, end, phase, {});
    counter.add(row * cols, (end - row) * cols, phase, run);
    run.progress("closures", end, rows);
  }
  return std::move(counter).take();
}

}  // namespace highwall
