#include "algorithms/radar/window_sums.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kParts = 64;
constexpr std::int64_t kMostCount = 255;
constexpr double kHuber = 1.345;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Rounds to the nearest, halves up.
std::int64_t round_divide(std::int64_t a, std::int64_t b) { return floor_divide(2 * a + b, 2 * b); }

/// Median of the first n, without memory of its own.
template <std::size_t kMost>
double median_of(std::array<double, kMost> values, std::size_t n) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(values.begin(), middle, values.begin() + static_cast<std::ptrdiff_t>(n));
  return n % 2 == 1 ? *middle : 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

std::uint64_t u(std::int64_t v) { return static_cast<std::uint64_t>(v); }

}  // namespace

WindowSums::WindowSums(std::size_t cells, double window_h)
    : cells_(cells),
      window_h_(window_h),
      unit_ns_(std::max<std::int64_t>(1, std::llround(window_h * 3.6e12 / static_cast<double>(kBins * kParts)))),
      units_per_hour_(3.6e12 / static_cast<double>(unit_ns_)),
      newest_(kNone),
      sums_(cells),
      open_(cells),
      level_(kBins * cells),
      part_of_(kBins * cells),
      count_(kBins * cells) {
  std::fill(std::begin(bin_of_slot_), std::end(bin_of_slot_), kNone);
}

void WindowSums::Sums::add(std::int64_t weight, std::int64_t time, std::int64_t level) noexcept {
  const std::int64_t wt = weight * time;
  const std::int64_t wtt = wt * time;
  t += static_cast<std::int32_t>(wt);
  tt += static_cast<std::uint32_t>(u(wtt));
  ttt += u(wtt * time);
  tttt += u(wtt * time * time);
  d += u(weight) * u(level);
  td += u(wt) * u(level);
  ttd += u(wtt) * u(level);
}

void WindowSums::Sums::shift(std::int64_t n, std::int64_t by) noexcept {
  const std::uint64_t s = u(by);
  const std::uint64_t n1 = u(n);
  const std::uint64_t t1 = u(t);
  const std::uint64_t t2 = tt;
  tttt += s * (u(-4) * ttt + s * (6 * t2 + s * (u(-4) * t1 + s * n1)));
  ttt += s * (u(-3) * t2 + s * (3 * t1 - s * n1));
  tt += static_cast<std::uint32_t>(s * (u(-2) * t1 + s * n1));
  ttd += s * (u(-2) * td + s * d);
  td -= s * d;
  t = static_cast<std::int32_t>(t - n * by);
}

void WindowSums::begin_step(Instant scan) {
  const std::int64_t bin_ns = kParts * unit_ns_;
  next_ = floor_divide(scan.ns, bin_ns);
  part_ = static_cast<std::int32_t>((scan.ns - next_ * bin_ns) / unit_ns_);
}

WindowSums::Point WindowSums::mean_of(const Open& open) noexcept {
  return {std::min<std::int64_t>(open.n, kMostCount), round_divide(open.t, open.n), round_divide(open.d, open.n)};
}

void WindowSums::advance(std::size_t begin, std::size_t end) {
  if (newest_ == next_) return;
  if (newest_ == kNone || next_ - newest_ > kBins) {
    // Nothing of the old window is left. (The scan before was kBins bins ago or more: its bin is over, too.)
    std::fill(sums_.begin() + static_cast<std::ptrdiff_t>(begin), sums_.begin() + static_cast<std::ptrdiff_t>(end), Sums{});
    std::fill(open_.begin() + static_cast<std::ptrdiff_t>(begin), open_.begin() + static_cast<std::ptrdiff_t>(end), Open{});
    return;
  }
  // A window holds the newest bin and kBins before it; the slot of the bin that is over now holds one that has to go.
  std::array<std::size_t, kBins> going{};
  std::size_t n_going = 0;
  for (std::size_t s = 0; s < kBins; ++s) {
    if (bin_of_slot_[s] != kNone && bin_of_slot_[s] < next_ - kBins) going[n_going++] = s;
  }
  const auto slot = static_cast<std::size_t>(((newest_ % kBins) + kBins) % kBins);
  const std::int64_t by = (next_ - newest_) * kParts;
  for (std::size_t cell = begin; cell < end; ++cell) {
    Sums& sums = sums_[cell];
    Open& open = open_[cell];
    for (std::size_t k = 0; k < n_going; ++k) {
      const std::size_t i = at(going[k], cell);
      if (count_[i] == 0) continue;
      sums.add(-std::int64_t{count_[i]}, time_of(bin_of_slot_[going[k]], part_of_[i]), level_[i]);
      open.closed = static_cast<std::uint16_t>(open.closed - count_[i]);
    }
    const std::size_t i = at(slot, cell);
    if (open.n == 0) {
      count_[i] = 0;
    } else {
      const Point mean = mean_of(open);
      level_[i] = static_cast<std::int32_t>(mean.level);
      part_of_[i] = static_cast<std::uint8_t>(mean.time);
      count_[i] = static_cast<std::uint8_t>(mean.weight);
      sums.add(mean.weight, time_of(newest_, mean.time), mean.level);
      open = {0, 0, 0, static_cast<std::uint16_t>(open.closed + mean.weight)};
    }
    sums.shift(open.closed, by);
  }
}

void WindowSums::end_step() {
  if (newest_ == next_) return;
  if (newest_ == kNone || next_ - newest_ > kBins) {
    std::fill(std::begin(bin_of_slot_), std::end(bin_of_slot_), kNone);
  } else {
    bin_of_slot_[((newest_ % kBins) + kBins) % kBins] = newest_;
    for (std::int64_t& bin : bin_of_slot_) {
      if (bin != kNone && bin < next_ - kBins) bin = kNone;
    }
  }
  newest_ = next_;
}

void WindowSums::add(std::size_t cell, std::int32_t level) {
  Open& open = open_[cell];
  if (open.n == std::numeric_limits<std::uint16_t>::max()) return;
  open.d += level;
  open.t += part_;
  ++open.n;
}

void WindowSums::reset(std::size_t cell) {
  sums_[cell] = Sums{};
  open_[cell] = Open{};
  for (std::size_t s = 0; s < kBins; ++s) count_[at(s, cell)] = 0;
}

WindowSums::Fit WindowSums::solve(const Sums& sums, std::int64_t count, std::int32_t about) const {
  Fit fit;
  fit.count = count;
  if (count < 2) return fit;
  const std::uint64_t base = u(about);
  const auto n = static_cast<double>(count);
  const double d = static_cast<double>(static_cast<std::int64_t>(sums.d - u(count) * base));
  const double td = static_cast<double>(static_cast<std::int64_t>(sums.td - u(sums.t) * base));
  const double ttd = static_cast<double>(static_cast<std::int64_t>(sums.ttd - std::uint64_t{sums.tt} * base));
  const double tt = sums.tt;
  const double ttt = static_cast<double>(static_cast<std::int64_t>(sums.ttt));
  const double tttt = static_cast<double>(static_cast<std::int64_t>(sums.tttt));
  // Moments about the mean time. Divisions are what this costs most.
  const double by_n = 1.0 / n;
  const double m = sums.t * by_n;
  const double s2 = tt - sums.t * m;
  if (!(s2 > 0.0)) return fit;
  const double by_s2 = 1.0 / s2;
  const double s3 = ttt - 3.0 * m * tt + 2.0 * n * m * m * m;
  const double s4 = tttt - 4.0 * m * ttt + 6.0 * m * m * tt - 3.0 * n * m * m * m * m;
  const double c1 = td - m * d;
  const double c2 = ttd - 2.0 * m * td + m * m * d;
  constexpr double kLength = kBins * kParts;
  fit.fill_squared = 12.0 / (kLength * kLength) * s2 * by_n;
  fit.velocity = c1 * by_s2 * units_per_hour_;
  // The part of u^2 that is neither constant nor linear.
  const double bend = s3 * by_s2;
  const double mean_square = s2 * by_n;
  const double q2 = s4 - s3 * bend - s2 * mean_square;
  if (count < 3 || !(q2 > 1e-6 * s4)) return fit;
  fit.acceleration = 2.0 * (c2 - bend * c1 - mean_square * d) / q2 * units_per_hour_ * units_per_hour_;
  fit.has_acceleration = true;
  return fit;
}

WindowSums::Fit WindowSums::fit(std::size_t cell, std::int32_t about) const {
  Sums sums = sums_[cell];
  const Open& open = open_[cell];
  std::int64_t n = open.closed;
  if (open.n > 0) {
    const Point mean = mean_of(open);
    sums.add(mean.weight, time_of(newest_, mean.time), mean.level);
    n += mean.weight;
  }
  return solve(sums, n, about);
}

WindowSums::Fit WindowSums::robust_fit(std::size_t cell, std::int32_t about) const {
  std::array<double, kBins + 1> time{};
  std::array<double, kBins + 1> level{};
  std::array<double, kBins + 1> weight{};
  std::size_t n = 0;
  const auto take = [&](std::int64_t t, std::int64_t d, std::int64_t w) {
    time[n] = static_cast<double>(t) / static_cast<double>(kBins * kParts);
    level[n] = static_cast<double>(d - about);
    weight[n++] = static_cast<double>(w);
  };
  for (std::int64_t bin = newest_ - kBins; bin < newest_; ++bin) {
    const auto s = static_cast<std::size_t>(((bin % kBins) + kBins) % kBins);
    const std::size_t i = at(s, cell);
    if (bin_of_slot_[s] == bin && count_[i] != 0) take(time_of(bin, part_of_[i]), level_[i], count_[i]);
  }
  if (open_[cell].n > 0) {
    const Point mean = mean_of(open_[cell]);
    take(time_of(newest_, mean.time), mean.level, mean.weight);
  }
  Fit fit = this->fit(cell, about);
  constexpr std::size_t kFewest = 6;
  if (n < kFewest) return fit;
  std::array<double, kBins + 1> trust{};
  trust.fill(1.0);
  double linear = 0.0;
  double curvature = 0.0;
  for (int pass = 0; pass < 6; ++pass) {
    double w = 0.0, m = 0.0, md = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      w += weight[i] * trust[i];
      m += weight[i] * trust[i] * time[i];
      md += weight[i] * trust[i] * level[i];
    }
    m /= w;
    md /= w;
    double s2 = 0.0, s3 = 0.0, s4 = 0.0, c1 = 0.0, c2 = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double wi = weight[i] * trust[i];
      const double x = time[i] - m;
      const double y = level[i] - md;
      s2 += wi * x * x;
      s3 += wi * x * x * x;
      s4 += wi * x * x * x * x;
      c1 += wi * x * y;
      c2 += wi * x * x * y;
    }
    if (!(s2 > 0.0)) return fit;
    linear = c1 / s2;
    const double q2 = s4 - s3 * s3 / s2 - s2 * s2 / w;
    curvature = q2 > 1e-9 * s4 ? (c2 - s3 / s2 * c1) / q2 : 0.0;
    std::array<double, kBins + 1> residual{};
    for (std::size_t i = 0; i < n; ++i) {
      const double x = time[i] - m;
      residual[i] = std::abs(level[i] - md - linear * x - curvature * (x * x - s3 / s2 * x - s2 / w));
    }
    const double scale = kHuber * std::max(kMadToSigma * median_of(residual, n), 1.0);
    for (std::size_t i = 0; i < n; ++i) trust[i] = residual[i] > scale ? scale / residual[i] : 1.0;
  }
  const double per_hour = static_cast<double>(kBins * kParts) * static_cast<double>(unit_ns_) / 3.6e12;
  fit.velocity = linear / per_hour;
  if (fit.has_acceleration) fit.acceleration = 2.0 * curvature / (per_hour * per_hour);
  return fit;
}

void WindowSums::save(StateWriter& out) const {
  out.put(newest_);
  out.put(bin_of_slot_);
  out.put(sums_);
  out.put(open_);
  out.put(level_);
  out.put(part_of_);
  out.put(count_);
}

void WindowSums::restore(StateReader& in) {
  newest_ = in.get<std::int64_t>();
  for (std::int64_t& bin : bin_of_slot_) bin = in.get<std::int64_t>();
  in.get(sums_);
  in.get(open_);
  in.get(level_);
  in.get(part_of_);
  in.get(count_);
}

std::size_t WindowSums::bytes_held() const noexcept {
  return cells_ * (sizeof(Sums) + sizeof(Open) + kBins * (sizeof(std::int32_t) + 2));
}

}  // namespace highwall
