#include "io/readers/insar/raster_stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall::insar {
namespace {

constexpr float kRoundedOne = 1.001F;
constexpr std::size_t kCellsAtOnce = 32768;
constexpr std::size_t kCellsWorthAThread = std::size_t{1} << 20U;

Window window_of(const RasterStack::Raster& raster, std::size_t begin, std::size_t end, std::size_t cols) {
  return {raster.shift.row + begin, end - begin, raster.shift.col, cols};
}

/// Whole blocks of the file, few enough to be in the cache of the processor while their numbers are judged.
std::size_t rows_at_once(const RasterStack::Raster& raster, std::size_t cols) {
  const std::size_t block = raster.pixels->row_block();
  return std::max<std::size_t>(1, kCellsAtOnce / cols / block) * block;
}

}  // namespace

RasterStack::RasterStack(InterferogramNetwork network, std::vector<Raster> phase, std::vector<Raster> coherence, Rules rules,
                         const Run& run)
    : network_(std::move(network)),
      phase_(std::move(phase)),
      coherence_(std::move(coherence)),
      rules_(std::move(rules)),
      run_(run) {
  require_valid(network_, phase_.empty() ? std::string("the stack") : phase_.front().name);
  network_.has_coherence = !coherence_.empty();
  for (const Raster& raster : phase_) row_block_ = std::max(row_block_, raster.pixels->row_block());
  row_block_ = std::min(row_block_, network_.geometry.rows);
}

void RasterStack::read_phase(std::size_t pair, std::size_t begin, std::size_t end, float* to) const {
  const Raster& raster = phase_[pair];
  const std::size_t cols = network_.geometry.cols;
  const std::size_t cells = (end - begin) * cols;
  raster.pixels->read(window_of(raster, begin, end, cols), to);
  const auto& reference = network_.reference;
  const bool has_reference = reference && (*reference)[0] >= begin && (*reference)[0] < end;
  const std::size_t at = has_reference ? ((*reference)[0] - begin) * cols + (*reference)[1] : 0;
  const bool zero_at_reference = has_reference && to[at] == 0.0F;
  for (const float number : rules_.no_data) {
    for (std::size_t i = 0; i < cells; ++i) to[i] = to[i] == number ? kMissing : to[i];
  }
  // One simple loop for each rule: so the compiler makes SIMD of them, and the numbers are in the cache.
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < cells; ++i) to[i] = to[i] > kLargest ? kMissing : to[i];
  for (std::size_t i = 0; i < cells; ++i) to[i] = to[i] < -kLargest ? kMissing : to[i];
  if (rules_.zero_is_missing) {
    for (std::size_t i = 0; i < cells; ++i) to[i] = to[i] == 0.0F ? kMissing : to[i];
  }
  if (raster.scale != 1.0F) {
    for (std::size_t i = 0; i < cells; ++i) to[i] *= raster.scale;
  }
  if (zero_at_reference) to[at] = 0.0F;
}

void RasterStack::read_coherence(std::size_t pair, std::size_t begin, std::size_t end, float* to) const {
  const Raster& raster = coherence_[pair];
  const std::size_t cols = network_.geometry.cols;
  const std::size_t cells = (end - begin) * cols;
  raster.pixels->read(window_of(raster, begin, end, cols), to);
  const float scale = raster.scale;
  int impossible = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    const float v = to[i] * scale;
    impossible |= static_cast<int>(v > kRoundedOne);
    const float most = v > 1.0F ? 1.0F : v;
    to[i] = v >= 0.0F ? most : kMissing;
  }
  if (impossible != 0) {
    throw Error(ErrorKind::input, "coherence is 0 to 1, but there are larger numbers", raster.name,
                "name the files of coherence with --coherence, or leave it out: --coherence none");
  }
}

void RasterStack::read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const {
  const std::size_t block = (end - begin) * network_.geometry.cols;
  const std::size_t pairs = network_.pairs.size();
  if (begin > end || end > network_.geometry.rows || phase.size() != block * pairs ||
      (!coherence.empty() && coherence.size() != phase.size())) {
    throw Error(ErrorKind::internal, "rows of a stack were asked for that it has not");
  }
  if (block == 0) return;
  if (!coherence.empty() && coherence_.empty()) std::fill(coherence.begin(), coherence.end(), kMissing);
  const bool with_coherence = !coherence.empty() && !coherence_.empty();
  const std::size_t cols = network_.geometry.cols;
  const auto read = [&](const Block& some) {
    for (std::size_t i = some.begin; i < some.end; ++i) {
      const bool is_phase = i < pairs;
      const Raster& raster = is_phase ? phase_[i] : coherence_[i - pairs];
      float* to = is_phase ? phase.data() + i * block : coherence.data() + (i - pairs) * block;
      const std::size_t step = rows_at_once(raster, cols);
      for (std::size_t r = begin; r < end;) {
        // Up to the next border of the file's blocks, so that none is unpacked twice.
        const std::size_t next = std::min(end, ((r + raster.shift.row) / step + 1) * step - raster.shift.row);
        float* rows = to + (r - begin) * cols;
        is_phase ? read_phase(i, r, next, rows) : read_coherence(i - pairs, r, next, rows);
        r = next;
      }
    }
  };
  // A few rows are read sooner than threads are woken.
  const std::size_t together = std::max<std::size_t>(1, kCellsWorthAThread / block);
  for_blocks(with_coherence ? 2 * pairs : pairs, read, run_, {}, together);
}

}  // namespace highwall::insar
