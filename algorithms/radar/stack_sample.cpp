#include "algorithms/radar/stack_sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/radar/closure_statistics.hpp"
#include "algorithms/radar/network_misfit.hpp"

namespace highwall {
namespace {

/// Median absolute value of a standard normal variable.
constexpr double kMedianOfNormal = 0.6744897501960817;

}  // namespace

StackSample sample_of(const InterferogramSource& source, std::size_t most_cells, std::size_t block_bytes, const Run& run) {
  const InterferogramNetwork& network = source.network();
  const std::size_t rows = network.geometry.rows;
  const std::size_t cols = network.geometry.cols;
  const std::size_t pairs = network.pairs.size();
  const double share = static_cast<double>(network.cells()) / static_cast<double>(std::max<std::size_t>(1, most_cells));
  const auto stride = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(std::sqrt(share))));
  std::vector<std::vector<float>> phase(pairs);
  std::vector<std::vector<float>> coherence(network.has_coherence ? pairs : 0);
  std::vector<float> block;
  std::vector<float> block_coherence;
  const std::size_t step = rows_at_once(source, block_bytes / 2);
  for (std::size_t begin = 0; begin < rows; begin += step) {
    run.check_stop();
    const std::size_t end = std::min(rows, begin + step);
    const std::size_t first = (begin + stride - 1) / stride * stride;
    if (first >= end) continue;
    block.resize(pairs * (end - begin) * cols);
    block_coherence.resize(network.has_coherence ? block.size() : 0);
    source.read_rows(begin, end, block, block_coherence);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      for (std::size_t row = first; row < end; row += stride) {
        for (std::size_t col = 0; col < cols; col += stride) {
          const std::size_t at = (pair * (end - begin) + row - begin) * cols + col;
          phase[pair].push_back(block[at]);
          if (network.has_coherence) coherence[pair].push_back(block_coherence[at]);
        }
      }
    }
  }
  StackSample out;
  out.cells = phase.empty() ? 0 : phase.front().size();
  for (const std::vector<float>& of_pair : phase) out.phase.insert(out.phase.end(), of_pair.begin(), of_pair.end());
  for (const std::vector<float>& of_pair : coherence) out.coherence.insert(out.coherence.end(), of_pair.begin(), of_pair.end());
  return out;
}

double noise_factor(const InterferogramNetwork& network, const StackSample& sample, std::span<const double> offset_rad) {
  constexpr std::size_t kCells = 1000;
  const std::size_t pairs = network.pairs.size();
  NetworkMisfit misfit(network);
  std::vector<double> residuals;
  const std::size_t stride = std::max<std::size_t>(1, sample.cells / kCells);
  for (std::size_t cell = 0; cell < sample.cells; cell += stride) {
    const std::size_t present =
        misfit.set(std::span(sample.phase).subspan(cell),
                   sample.coherence.empty() ? std::span<const float>{} : std::span(sample.coherence).subspan(cell), sample.cells,
                   offset_rad);
    if (present < network.instants.size()) continue;
    // Of `present` numbers the motion took one for each date but the first.
    const double control = static_cast<double>(present + 1 - network.instants.size()) / static_cast<double>(present);
    for (std::size_t p = 0; p < pairs; ++p) {
      const double weight = misfit.weight()[p];
      if (weight > 0.0) residuals.push_back(std::abs(misfit.gradient()[p]) / std::sqrt(weight * control));
    }
  }
  if (residuals.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = residuals.begin() + static_cast<std::ptrdiff_t>(residuals.size() / 2);
  std::nth_element(residuals.begin(), middle, residuals.end());
  return *middle / kMedianOfNormal;
}

}  // namespace highwall
