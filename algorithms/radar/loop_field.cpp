#include "algorithms/radar/loop_field.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>

#include "algorithms/radar/closure_statistics.hpp"
#include "algorithms/radar/cycle_map.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

/// Integer closures of one triangle; `phase` is pair-major, n cells a pair.
std::vector<std::int8_t> integer_closures(const Triangle& t, std::span<const float> phase, std::size_t n,
                                          const std::vector<double>& offset) {
  const float* ij = phase.data() + t.ij * n;
  const float* jk = phase.data() + t.jk * n;
  const float* ik = phase.data() + t.ik * n;
  const double shift = offset[t.ij] + offset[t.jk] - offset[t.ik];
  std::vector<std::int8_t> out(n);
  for (std::size_t c = 0; c < n; ++c) {
    const double cycles = integer_closure(double(ij[c]) + double(jk[c]) - double(ik[c]) - shift);
    out[c] = cycles != cycles ? kLoopAbsent : static_cast<std::int8_t>(std::clamp(cycles, -100.0, 100.0));
  }
  return out;
}

/// Values of a 3 x 3 window that are there, in order.
struct Window {
  std::array<std::int8_t, 9> value{};
  std::size_t n = 0;

  void insert(std::int8_t v) {
    std::size_t at = n++;
    for (; at > 0 && value[at - 1] > v; --at) value[at] = value[at - 1];
    value[at] = v;
  }
  /// Of two middle ones the nearer to zero.
  std::int8_t median() const {
    const std::int8_t low = value[(n - 1) / 2];
    const std::int8_t high = value[n / 2];
    return std::abs(low) <= std::abs(high) ? low : high;
  }
};

std::vector<std::int8_t> median_3x3(const std::vector<std::int8_t>& in, std::size_t rows, std::size_t cols) {
  std::vector<std::int8_t> out(in.size(), 0);
  std::vector<bool> quiet(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto at = in.begin() + static_cast<std::ptrdiff_t>(row * cols);
    quiet[row] = std::all_of(at, at + static_cast<std::ptrdiff_t>(cols), [](std::int8_t v) { return v == 0; });
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t top = row == 0 ? 0 : row - 1;
    const std::size_t bottom = std::min(rows - 1, row + 1);
    if (quiet[row] && quiet[top] && quiet[bottom]) continue;
    for (std::size_t col = 0; col < cols; ++col) {
      if (in[row * cols + col] == kLoopAbsent) {
        out[row * cols + col] = kLoopAbsent;
        continue;
      }
      Window window;
      for (std::size_t r = top; r <= bottom; ++r) {
        for (std::size_t c = col == 0 ? 0 : col - 1; c <= std::min(cols - 1, col + 1); ++c) {
          if (in[r * cols + c] != kLoopAbsent) window.insert(in[r * cols + c]);
        }
      }
      out[row * cols + col] = window.median();
    }
  }
  return out;
}

/// Small open regions to zero; what is absent neither connects nor counts.
void drop_small(std::vector<std::int8_t>& map, std::size_t rows, std::size_t cols, std::size_t least_cells) {
  std::vector<std::int8_t> open(map.size());
  std::transform(map.begin(), map.end(), open.begin(), [](std::int8_t v) { return v == kLoopAbsent ? std::int8_t{0} : v; });
  drop_small_regions(open, rows, cols, least_cells, false);
  for (std::size_t c = 0; c < map.size(); ++c) {
    if (map[c] != kLoopAbsent) map[c] = open[c];
  }
}

}  // namespace

void for_loop_rows(const InterferogramSource& source, std::span<const Triangle> triangles, const LoopFilter& filter,
                   std::size_t block_bytes, const Run& run, const std::function<void(const LoopRows&)>& body) {
  const InterferogramNetwork& network = source.network();
  const std::size_t rows = network.geometry.rows;
  const std::size_t cols = network.geometry.cols;
  // The median looks one row further; whether a region has least_cells is known within as many rows.
  const std::size_t halo = filter.least_cells + 1;
  const std::size_t step = std::max(rows_at_once(source, block_bytes), std::min(rows, 2 * halo));
  std::vector<float> phase;
  for (std::size_t begin = 0; begin < rows; begin += step) {
    run.check_stop();
    LoopRows out{begin, std::min(rows, begin + step), cols, {}};
    const std::size_t from = begin - std::min(begin, halo);
    const std::size_t height = std::min(rows, out.end + halo) - from;
    phase.resize(network.pairs.size() * height * cols);
    source.read_rows(from, from + height, phase, {});
    out.cycles.resize(triangles.size());
    for_blocks(
        triangles.size(),
        [&](const Block& block) {
          for (std::size_t t = block.begin; t < block.end; ++t) {
            std::vector<std::int8_t> map =
                median_3x3(integer_closures(triangles[t], phase, height * cols, filter.offset_rad), height, cols);
            drop_small(map, height, cols, filter.least_cells);
            const auto first = map.begin() + static_cast<std::ptrdiff_t>((begin - from) * cols);
            out.cycles[t].assign(first, first + static_cast<std::ptrdiff_t>((out.end - begin) * cols));
          }
        },
        run, {}, 1);
    body(out);
    run.progress("loops", out.end, rows);
  }
}

std::vector<double> loop_offsets(std::span<const Triangle> triangles, std::size_t pairs, std::span<const float> sample) {
  const std::size_t n = pairs == 0 ? 0 : sample.size() / pairs;
  const auto size = static_cast<Eigen::Index>(pairs);
  Eigen::MatrixXd normal = Eigen::MatrixXd::Identity(size, size) * 1e-6;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(size);
  std::vector<double> closures;
  for (const Triangle& t : triangles) {
    closures.clear();
    for (std::size_t c = 0; c < n; ++c) {
      const double closure = double(sample[t.ij * n + c]) + double(sample[t.jk * n + c]) - double(sample[t.ik * n + c]);
      if (!std::isnan(closure)) closures.push_back(closure);
    }
    if (closures.empty()) continue;
    const auto middle = closures.begin() + static_cast<std::ptrdiff_t>(closures.size() / 2);
    std::nth_element(closures.begin(), middle, closures.end());
    const std::array<std::pair<Eigen::Index, double>, 3> terms{
        {{Eigen::Index{t.ij}, 1.0}, {Eigen::Index{t.jk}, 1.0}, {Eigen::Index{t.ik}, -1.0}}};
    for (const auto& [a, sign_a] : terms) {
      right[a] += sign_a * *middle;
      for (const auto& [b, sign_b] : terms) normal(a, b) += sign_a * sign_b;
    }
  }
  const Eigen::VectorXd offset = normal.llt().solve(right);
  return {offset.data(), offset.data() + size};
}

}  // namespace highwall
