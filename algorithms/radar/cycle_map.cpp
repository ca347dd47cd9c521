#include "algorithms/radar/cycle_map.hpp"

#include <algorithm>
#include <numbers>
#include <utility>

#include "core/error.hpp"

namespace highwall {

std::span<const CycleRun> CycleMap::runs(std::size_t pair, std::size_t begin, std::size_t end) const {
  const auto before = [](const CycleRun& run, std::size_t row) { return run.row < row; };
  const std::vector<CycleRun>& all = runs_[pair];
  const auto first = std::lower_bound(all.begin(), all.end(), begin, before);
  const auto last = std::lower_bound(first, all.end(), end, before);
  return {first, last};
}

std::uint64_t CycleMap::cells(std::size_t pair) const {
  std::uint64_t sum = 0;
  for (const CycleRun& run : runs_[pair]) sum += run.end - run.begin;
  return sum;
}

std::int32_t CycleMap::at(std::size_t pair, std::size_t cell) const {
  const std::pair key(cell / cols_, cell % cols_);
  const std::vector<CycleRun>& all = runs_[pair];
  const auto after = std::upper_bound(all.begin(), all.end(), key, [](const auto& k, const CycleRun& run) {
    return k < std::pair<std::size_t, std::size_t>(run.row, run.begin);
  });
  if (after == all.begin()) return 0;
  const CycleRun& run = *(after - 1);
  return run.row == key.first && key.second < run.end ? run.cycles : 0;
}

bool CycleMap::empty() const noexcept {
  return std::all_of(runs_.begin(), runs_.end(), [](const std::vector<CycleRun>& runs) { return runs.empty(); });
}

void CycleMap::append(std::size_t pair, std::size_t row, std::size_t col, std::int32_t cycles) {
  if (cycles == 0) return;
  std::vector<CycleRun>& runs = runs_[pair];
  if (!runs.empty() && runs.back().row == row && runs.back().end == col && runs.back().cycles == cycles) {
    ++runs.back().end;
  } else {
    runs.push_back(
        {static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(col), static_cast<std::uint32_t>(col) + 1U, cycles});
  }
}

std::vector<std::int8_t> CycleMap::image(std::size_t pair) const {
  std::vector<std::int8_t> image(rows_ * cols_, 0);
  for (const CycleRun& run : runs_[pair]) {
    std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(run.row * cols_ + run.begin), run.end - run.begin,
                static_cast<std::int8_t>(run.cycles));
  }
  return image;
}

void CycleMap::set_image(std::size_t pair, std::span<const std::int8_t> image) {
  runs_[pair].clear();
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t col = 0; col < cols_; ++col) append(pair, row, col, image[row * cols_ + col]);
  }
}

CorrectedSource::CorrectedSource(const InterferogramSource& source, CycleMap cycles)
    : source_(source), cycles_(std::move(cycles)) {
  const InterferogramNetwork& network = source_.network();
  if (cycles_.pairs() != network.pairs.size() || cycles_.rows() != network.geometry.rows ||
      cycles_.cols() != network.geometry.cols) {
    throw Error(ErrorKind::input, "cycles of another stack");
  }
}

void CorrectedSource::read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const {
  source_.read_rows(begin, end, phase, coherence);
  const std::size_t cols = cycles_.cols();
  for (std::size_t pair = 0; pair < cycles_.pairs(); ++pair) {
    for (const CycleRun& run : cycles_.runs(pair, begin, end)) {
      const double add = 2.0 * std::numbers::pi * run.cycles;
      float* at = phase.data() + (pair * (end - begin) + run.row - begin) * cols;
      for (std::uint32_t col = run.begin; col < run.end; ++col) at[col] = static_cast<float>(double(at[col]) + add);
    }
  }
}

Regions regions_of(std::span<const std::int8_t> image, std::size_t rows, std::size_t cols, bool equal) {
  Regions out{std::vector<std::uint32_t>(image.size(), 0), {0}};
  std::vector<std::size_t> open;
  for (std::size_t start = 0; start < image.size(); ++start) {
    if (image[start] == 0 || out.of[start] != 0) continue;
    const auto number = static_cast<std::uint32_t>(out.cells.size());
    out.cells.push_back(0);
    out.of[start] = number;
    open.push_back(start);
    while (!open.empty()) {
      const std::size_t cell = open.back();
      open.pop_back();
      ++out.cells[number];
      const std::size_t row = cell / cols;
      const std::size_t col = cell % cols;
      for (std::size_t r = row == 0 ? 0 : row - 1; r <= std::min(rows - 1, row + 1); ++r) {
        for (std::size_t c = col == 0 ? 0 : col - 1; c <= std::min(cols - 1, col + 1); ++c) {
          const std::size_t near = r * cols + c;
          if (out.of[near] != 0 || image[near] == 0 || (equal && image[near] != image[cell])) continue;
          out.of[near] = number;
          open.push_back(near);
        }
      }
    }
  }
  return out;
}

void drop_small_regions(std::span<std::int8_t> image, std::size_t rows, std::size_t cols, std::size_t least_cells, bool equal) {
  if (std::all_of(image.begin(), image.end(), [](std::int8_t v) { return v == 0; })) return;
  const Regions regions = regions_of(image, rows, cols, equal);
  for (std::size_t cell = 0; cell < image.size(); ++cell) {
    if (regions.cells[regions.of[cell]] < least_cells) image[cell] = 0;
  }
}

}  // namespace highwall
