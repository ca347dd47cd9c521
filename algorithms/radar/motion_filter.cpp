#include "algorithms/radar/motion_filter.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"

namespace highwall {
namespace {

/// Noise of the velocity, in units of the value's own noise: it may change by so much an hour within an hour.
constexpr double kAgility = 10.0;
/// Wander of the level, in the same units, by the square root of an hour.
constexpr double kWander = 0.5;
constexpr std::int8_t kOddly = 127;
constexpr int kMostHalves = 100;
/// Cells that are off together by no whole number and are an area, not noise.
constexpr std::size_t kArea = 4;
/// Share of the cells around an area that must move fast for it to be a front.
constexpr double kFrontShare = 0.25;

}  // namespace

MotionFilter::MotionFilter(CellShape shape, double half_wavelength)
    : shape_(shape), half_(half_wavelength), track_(shape.cells()), waiting_(shape.cells()) {}

MotionFilter::Variance MotionFilter::foretell_variance(const Track& track, double hours, double noise) noexcept {
  const double q = kAgility * noise * kAgility * noise;
  const double w = kWander * noise * kWander * noise;
  return {track.xx + 2.0 * hours * track.xv + hours * hours * track.vv + w * hours + q * hours * hours * hours / 3.0,
          track.xv + hours * track.vv + 0.5 * q * hours * hours, track.vv + q * hours};
}

void MotionFilter::reset(std::size_t cell, double noise) noexcept {
  const double v = kAgility * noise;
  track_[cell] = {0.0F, 0.0F, static_cast<float>(noise * noise), 0.0F, static_cast<float>(v * v)};
  waiting_[cell] = 0;
}

void MotionFilter::update(std::size_t cell, double innovation, double hours, double noise) noexcept {
  Track& track = track_[cell];
  const Variance p = foretell_variance(track, hours, noise);
  const double s = p.xx + noise * noise;
  const double gain_x = s > 0.0 ? p.xx / s : 1.0;
  const double gain_v = s > 0.0 ? p.xv / s : 0.0;
  track.x = static_cast<float>((gain_x - 1.0) * innovation);
  track.v = static_cast<float>(track.v + gain_v * innovation);
  track.xx = static_cast<float>((1.0 - gain_x) * p.xx);
  track.xv = static_cast<float>((1.0 - gain_x) * p.xv);
  track.vv = static_cast<float>(std::max(0.0, p.vv - gain_v * p.xv));
  waiting_[cell] = 0;
}

bool MotionFilter::is_front(const std::vector<std::uint32_t>& part, const std::vector<std::uint8_t>& off,
                            const Scan& scan) const {
  std::size_t around = 0;
  std::size_t fast = 0;
  std::size_t fast_before = 0;
  const auto rows = static_cast<std::ptrdiff_t>(shape_.rows);
  const auto cols = static_cast<std::ptrdiff_t>(shape_.cols);
  for (const std::uint32_t cell : part) {
    // The cell itself went this fast before the jump: it is no surprise that it got too fast.
    if (std::abs(track_[cell].v) * scan.step_h > 0.25 * half_) ++fast_before;
    const auto r0 = static_cast<std::ptrdiff_t>(cell / shape_.cols);
    const auto c0 = static_cast<std::ptrdiff_t>(cell % shape_.cols);
    for (std::ptrdiff_t dr = -1; dr <= 1; ++dr) {
      for (std::ptrdiff_t dc = -1; dc <= 1; ++dc) {
        const std::ptrdiff_t r = r0 + dr;
        std::ptrdiff_t c = c0 + dc;
        if (shape_.wraps) c = (c + cols) % cols;
        if (r < 0 || r >= rows || c < 0 || c >= cols) continue;
        const auto other = static_cast<std::size_t>(r * cols + c);
        if (off[other] != 0 || !std::isfinite(scan.innovation[other])) continue;
        ++around;
        const double moves = std::max<double>(std::abs(scan.innovation[other]), std::abs(track_[other].v) * scan.step_h);
        if (moves > 0.25 * half_) ++fast;
      }
    }
  }
  if (2 * fast_before > part.size()) return true;
  // With nothing around it to be compared with, it cannot be told from a front.
  return around == 0 || static_cast<double>(fast) > kFrontShare * static_cast<double>(around);
}

void MotionFilter::judge(Scan& scan, const std::vector<float>& hours, double noise, const Run& run) {
  const std::size_t n = shape_.cells();
  scan.halves.assign(n, 0);
  scan.at_risk.assign(n, 0);
  scan.verdict.assign(n, Verdict::none);
  if (!(half_ > 0.0)) {
    for (std::size_t i = 0; i < n; ++i) {
      if (std::isfinite(scan.innovation[i])) scan.verdict[i] = Verdict::take;
    }
    return;
  }
  std::vector<std::uint8_t> off(n, 0);
  for_blocks(
      n,
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double e = scan.innovation[i];
          if (!std::isfinite(e)) continue;
          scan.verdict[i] = Verdict::take;
          const Variance p = foretell_variance(track_[i], hours[i], noise);
          const double sigma = std::sqrt(p.xx + noise * noise);
          const double moves = std::abs(track_[i].v) * scan.step_h;
          if (moves > 0.25 * half_ && std::abs(track_[i].v) > 3.0 * std::sqrt(p.vv)) scan.at_risk[i] = 1;
          // Where the filter itself cannot foretell to a quarter of a wavelength, nothing can be told.
          if (3.0 * sigma > 0.5 * half_) continue;
          const double halves = std::clamp(std::round(e / half_), -1.0 * kMostHalves, 1.0 * kMostHalves);
          if (halves == 0.0) continue;
          const bool whole = std::abs(e - halves * half_) < 3.0 * sigma;
          scan.halves[i] = whole ? static_cast<std::int8_t>(halves) : kOddly;
          off[i] = 1;
        }
      },
      run);
  if (std::find(off.begin(), off.end(), 1) == off.end()) {
    std::fill(waiting_.begin(), waiting_.end(), std::int8_t{0});
    return;
  }
  for (const std::vector<std::uint32_t>& part : components_of(off, shape_)) {
    const bool front = is_front(part, off, scan);
    std::size_t odd = 0;
    for (const std::uint32_t i : part) odd += scan.halves[i] == kOddly ? 1 : 0;
    // An area that jumped by anything but whole half wavelengths did move: how far, cannot be told.
    const bool moved = odd >= kArea && 2 * odd > part.size();
    for (const std::uint32_t i : part) {
      const bool again = waiting_[i] != 0 && waiting_[i] == scan.halves[i];
      if (front || moved || (again && scan.halves[i] == kOddly)) {
        scan.verdict[i] = Verdict::aliased;
      } else {
        scan.verdict[i] = again ? Verdict::correct : Verdict::hold;
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) waiting_[i] = scan.verdict[i] == Verdict::hold ? scan.halves[i] : std::int8_t{0};
}

void MotionFilter::save(StateWriter& out) const {
  out.put(track_);
  out.put(waiting_);
}

void MotionFilter::restore(StateReader& in) {
  in.get(track_);
  in.get(waiting_);
}

}  // namespace highwall
