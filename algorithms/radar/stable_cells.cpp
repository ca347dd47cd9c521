#include "algorithms/radar/stable_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace highwall {
namespace {

constexpr double kMoves = 3.0;
constexpr double kMovesNow = 5.0;
/// A cell that is beyond kMoves in a larger share of the scans moves: noise is there 0.3 % of the time, though in runs.
constexpr double kMovedShare = 0.3;
constexpr double kSeenShare = 0.8;
/// Cells that move together and are an area; fewer are noise.
constexpr std::size_t kArea = 4;
/// Cells around a moving area that may move with it, too slowly to be seen.
constexpr std::ptrdiff_t kGuard = 2;

void count(std::uint16_t& n) noexcept {
  if (n < std::numeric_limits<std::uint16_t>::max()) ++n;
}

}  // namespace

StableCells::StableCells(CellShape shape, std::vector<std::uint8_t> allowed)
    : shape_(shape),
      allowed_(std::move(allowed)),
      stable_(allowed_),
      seen_(shape.cells()),
      judged_(shape.cells()),
      moved_(shape.cells()),
      now_(shape.cells()) {
  list_cells();
}

void StableCells::list_cells() {
  list_.clear();
  for (std::size_t i = 0; i < stable_.size(); ++i) {
    if (stable_[i] != 0) list_.push_back(static_cast<std::uint32_t>(i));
  }
  list_.shrink_to_fit();
}

void StableCells::note(std::size_t cell, bool has_value, double size) noexcept {
  if (has_value) count(seen_[cell]);
  now_[cell] = size > kMovesNow ? 1 : 0;
  if (!std::isfinite(size)) return;
  count(judged_[cell]);
  if (size > kMoves) count(moved_[cell]);
}

void StableCells::test() {
  std::vector<std::uint8_t> moves(shape_.cells());
  for (std::size_t i = 0; i < moves.size(); ++i) {
    moves[i] = now_[i] != 0 || moved_[i] > kMovedShare * judged_[i] ? 1 : 0;
    const bool seen = seen_[i] >= kSeenShare * std::min<double>(scans_, std::numeric_limits<std::uint16_t>::max());
    stable_[i] = allowed_[i] != 0 && seen && moves[i] == 0 ? 1 : 0;
  }
  const auto rows = static_cast<std::ptrdiff_t>(shape_.rows);
  const auto cols = static_cast<std::ptrdiff_t>(shape_.cols);
  for (const std::vector<std::uint32_t>& part : components_of(moves, shape_)) {
    if (part.size() < kArea) continue;
    for (const std::uint32_t cell : part) {
      const auto r0 = static_cast<std::ptrdiff_t>(cell) / cols;
      const auto c0 = static_cast<std::ptrdiff_t>(cell) % cols;
      for (std::ptrdiff_t r = std::max<std::ptrdiff_t>(0, r0 - kGuard); r <= std::min(rows - 1, r0 + kGuard); ++r) {
        for (std::ptrdiff_t c = c0 - kGuard; c <= c0 + kGuard; ++c) {
          if (!shape_.wraps && (c < 0 || c >= cols)) continue;
          stable_[static_cast<std::size_t>(r * cols + ((c % cols) + cols) % cols)] = 0;
        }
      }
    }
  }
  list_cells();
  scans_ = 0;
  for (auto* counts : {&seen_, &judged_, &moved_}) std::fill(counts->begin(), counts->end(), std::uint16_t{0});
}

void StableCells::save(StateWriter& out) const {
  out.put(allowed_);
  out.put(stable_);
  out.put(seen_);
  out.put(judged_);
  out.put(moved_);
  out.put(now_);
  out.put(scans_);
}

void StableCells::restore(StateReader& in) {
  in.get(allowed_);
  in.get(stable_);
  in.get(seen_);
  in.get(judged_);
  in.get(moved_);
  in.get(now_);
  scans_ = in.get<std::uint32_t>();
  list_cells();
}

std::size_t StableCells::bytes_held() const noexcept { return shape_.cells() * 9 + list_.capacity() * sizeof(std::uint32_t); }

}  // namespace highwall
