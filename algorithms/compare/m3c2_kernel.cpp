// Compiled once for each instruction set by Highway's foreach_target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "algorithms/compare/m3c2_kernel.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
//
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "algorithms/compare/m3c2_kernel.hpp"
#include "algorithms/kernel_choice.hpp"

#ifndef HIGHWALL_M3C2_KERNEL_ONCE
#define HIGHWALL_M3C2_KERNEL_ONCE
namespace highwall {
/// For every set of eight lanes the lanes that are in it, in order.
inline constexpr auto kLanesOf = [] {
  std::array<std::array<std::uint8_t, 8>, 256> lanes{};
  for (std::size_t bits = 0; bits < 256; ++bits) {
    std::size_t next = 0;
    for (std::uint8_t lane = 0; lane < 8; ++lane) {
      if ((bits >> lane & 1U) != 0) lanes[bits][next++] = lane;
    }
  }
  return lanes;
}();
}  // namespace highwall
#endif

HWY_BEFORE_NAMESPACE();
namespace highwall::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Eight lanes on every machine: in one vector of eight, or two of four.
constexpr std::size_t kLanes = 8;
using F = hn::CappedTag<float, kLanes>;
using I = hn::RebindToSigned<F>;
constexpr std::size_t kWidth = hn::MaxLanes(F());
constexpr std::size_t kParts = kLanes / kWidth;
using D = hn::CappedTag<double, kLanes / 2>;
constexpr std::size_t kHalves = kLanes / 2 / hn::MaxLanes(D());
using VF = hn::Vec<F>;
using VI = hn::Vec<I>;
using MF = hn::Mask<F>;

struct Difference {
  VF x, y, z;
};

/// Of eight points' part from a place: exact when below 2^24 units.
HWY_INLINE Difference difference(const Cells& cells, std::size_t k, VI px, VI py, VI pz) {
  const I i;
  const F f;
  return {hn::ConvertTo(f, hn::Sub(hn::LoadU(i, cells.x + k), px)), hn::ConvertTo(f, hn::Sub(hn::LoadU(i, cells.y + k), py)),
          hn::ConvertTo(f, hn::Sub(hn::LoadU(i, cells.z + k), pz))};
}

HWY_INLINE MF lanes_before(std::size_t count) { return hn::FirstN(F(), count); }

HWY_INLINE unsigned bits_of(MF mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(F(), mask, bytes);
  return bytes[0];
}

/// Writes the lanes of the mask one after another (and rubbish behind them); returns their number.
HWY_INLINE std::size_t store_lanes(VF v, MF mask, float* to) {
  const F f;
#if HWY_TARGET == HWY_SCALAR
  hn::StoreU(v, f, to);
#elif HWY_TARGET <= HWY_AVX3
  hn::StoreU(hn::Compress(v, mask), f, to);
#else
  const hn::Rebind<std::uint8_t, I> bytes;
  const VI lanes = hn::PromoteTo(I(), hn::LoadU(bytes, kLanesOf[bits_of(mask)].data()));
  hn::StoreU(hn::TableLookupLanes(v, hn::IndicesFromVec(f, lanes)), f, to);
#endif
  return hn::CountTrue(f, mask);
}

/// Calls visit(begin, end) for the runs of points of a row's cells in [col0, col1] that test(row, first column) has
/// bits for, eight cells at a time.
template <class Test, class Visit>
HWY_INLINE void for_runs(const Cells& cells, std::ptrdiff_t row, std::ptrdiff_t col0, std::ptrdiff_t col1, const Test& test,
                         const Visit& visit) {
  const std::uint32_t* start = cells.start + cells.at(row, col0);
  std::size_t begin = 0;
  std::size_t end = 0;
  for (std::ptrdiff_t col = col0; col <= col1; col += static_cast<std::ptrdiff_t>(kLanes)) {
    unsigned bits = test(row, col);
    if (col1 - col < 7) bits &= (1U << (col1 - col + 1)) - 1U;
    while (bits != 0) {
      const std::size_t skipped = hwy::Num0BitsBelowLS1Bit_Nonzero32(bits);
      const std::uint32_t* first = start + (col - col0) + skipped;
      const std::size_t many = hwy::Num0BitsBelowLS1Bit_Nonzero32(~(bits >> skipped));
      if (*first != end) {
        if (begin < end) visit(begin, end);
        begin = *first;
      }
      end = first[many];
      bits &= ~(((1U << many) - 1U) << skipped);
    }
  }
  if (begin < end) visit(begin, end);
}

// The sums of a lane are flushed to double after so many additions, so that their rounding does not grow.
constexpr std::size_t kFlush = 64;

/// Adds lanes of float to as many of double.
HWY_INLINE void add_to(double* total, VF v) {
  HWY_ALIGN float lane[kWidth];
  hn::Store(v, F(), lane);
  for (std::size_t i = 0; i < kWidth; ++i) total[i] += static_cast<double>(lane[i]);
}

/// Which of eight cells in a row a sphere may touch: nothing that has a point in it is missed.
class SphereTest {
 public:
  SphereTest(const Cells& cells, const KernelPlace& place, double radius_m) : cells_(cells) {
    const F f;
    const double slack = 1e-3 * radius_m + 1e-6 * std::abs(place.from_origin_m.z());
    half_cell_m_ = 0.5 * cells.cell_m;
    reach2_m2_ = (radius_m + slack) * (radius_m + slack);
    x_m_ = half_cell_m_ - place.from_origin_m.x();
    y_m_ = half_cell_m_ - place.from_origin_m.y();
    half_ = hn::Set(f, static_cast<float>(half_cell_m_));
    height_ = hn::Set(f, static_cast<float>(place.from_origin_m.z()));
    step_ = hn::Mul(hn::Iota(f, 0.0F), hn::Set(f, static_cast<float>(cells.cell_m)));
  }

  /// Bits of the cells first ... first + 7 of a row.
  unsigned operator()(std::ptrdiff_t row, std::ptrdiff_t first) const {
    const F f;
    const VF none = hn::Zero(f);
    const double y = std::max(0.0, std::abs(y_m_ + cells_.cell_m * static_cast<double>(row)) - half_cell_m_);
    const VF left2 = hn::Set(f, static_cast<float>(reach2_m2_ - y * y));
    const std::ptrdiff_t base = cells_.at(row, first);
    unsigned bits = 0;
    for (std::size_t p = 0; p < kParts; ++p) {
      const double x0 = x_m_ + cells_.cell_m * (static_cast<double>(first) + static_cast<double>(p * kWidth));
      const VF centre = hn::Abs(hn::Add(hn::Set(f, static_cast<float>(x0)), step_));
      const VF x = hn::Max(hn::Sub(centre, half_), none);
      const VF above = hn::Sub(hn::LoadU(f, cells_.low + base + p * kWidth), height_);
      const VF below = hn::Sub(height_, hn::LoadU(f, cells_.high + base + p * kWidth));
      const VF z = hn::Max(hn::Max(above, below), none);
      bits |= bits_of(hn::Le(hn::Add(hn::Mul(x, x), hn::Mul(z, z)), left2)) << (p * kWidth);
    }
    return bits;
  }

 private:
  const Cells& cells_;
  VF half_, height_, step_;
  double half_cell_m_, reach2_m2_, x_m_, y_m_;
};

bool Sphere(const Cells& cells, const KernelPlace& place, double radius_m, Moments& moments) {
  const F f;
  const I i;
  moments = {};
  if (cells.rows == 0) return true;
  const double radius = radius_m / cells.unit_m;
  // Place and point are each off by half a unit on every axis; the float square adds 5 roundings. The border itself is
  // closed by five nanometres a metre.
  const double off = 1.75 / radius + 3.0e-7;
  const double r2 = radius * radius * (1.0 + 1e-8);
  const VF sure2 = hn::Set(f, static_cast<float>(r2 * (1.0 - 2.0 * off)));
  const VF maybe2 = hn::Set(f, static_cast<float>(r2 * (1.0 + 2.0 * off)));
  const VI px = hn::Set(i, place.lattice[0]);
  const VI py = hn::Set(i, place.lattice[1]);
  const VI pz = hn::Set(i, place.lattice[2]);

  VF sum[9][kParts];
  VI count[kParts];
  MF doubtful = hn::FirstN(f, 0);
  for (std::size_t p = 0; p < kParts; ++p) {
    for (auto& s : sum) s[p] = hn::Zero(f);
    count[p] = hn::Zero(i);
  }
  HWY_ALIGN double total[9][kLanes] = {};
  std::size_t added = 0;
  const auto flush = [&]() HWY_ATTR {
    for (std::size_t s = 0; s < 9; ++s) {
      for (std::size_t p = 0; p < kParts; ++p) {
        add_to(&total[s][p * kWidth], sum[s][p]);
        sum[s][p] = hn::Zero(f);
      }
    }
    added = 0;
  };
  const auto add = [&](std::size_t k, std::size_t p, MF valid) HWY_ATTR {
    const Difference d = difference(cells, k, px, py, pz);
    const VF xx = hn::Mul(d.x, d.x);
    const VF yy = hn::Mul(d.y, d.y);
    const VF zz = hn::Mul(d.z, d.z);
    const VF d2 = hn::Add(hn::Add(xx, yy), zz);
    const MF sure = hn::And(valid, hn::Le(d2, sure2));
    const MF maybe = hn::And(valid, hn::Le(d2, maybe2));
    doubtful = hn::Or(doubtful, hn::Xor(sure, maybe));
    const VF x = hn::IfThenElseZero(sure, d.x);
    const VF y = hn::IfThenElseZero(sure, d.y);
    const VF z = hn::IfThenElseZero(sure, d.z);
    sum[0][p] = hn::Add(sum[0][p], x);
    sum[1][p] = hn::Add(sum[1][p], y);
    sum[2][p] = hn::Add(sum[2][p], z);
    sum[3][p] = hn::Add(sum[3][p], hn::IfThenElseZero(sure, xx));
    sum[4][p] = hn::Add(sum[4][p], hn::Mul(x, d.y));
    sum[5][p] = hn::Add(sum[5][p], hn::Mul(x, d.z));
    sum[6][p] = hn::Add(sum[6][p], hn::IfThenElseZero(sure, yy));
    sum[7][p] = hn::Add(sum[7][p], hn::Mul(y, d.z));
    sum[8][p] = hn::Add(sum[8][p], hn::IfThenElseZero(sure, zz));
    count[p] = hn::Sub(count[p], hn::VecFromMask(i, hn::RebindMask(i, sure)));
  };

  const MF all = hn::FirstN(f, kWidth);
  const auto visit = [&](std::size_t k, std::size_t end) HWY_ATTR {
    while (k < end) {
      const std::size_t stop = std::min(end, k + kLanes * (kFlush - added));
      for (; k + kLanes <= stop; k += kLanes) {
        for (std::size_t p = 0; p < kParts; ++p) add(k + p * kWidth, p, all);
        ++added;
      }
      if (k < stop) {
        const std::size_t left = stop - k;
        for (std::size_t p = 0; p < kParts; ++p) {
          add(k + p * kWidth, p, lanes_before(left > p * kWidth ? std::min(left - p * kWidth, kWidth) : 0));
        }
        k = stop;
        ++added;
      }
      if (added == kFlush) flush();
    }
  };

  const SphereTest touches(cells, place, radius_m);
  const double to_cells = 1.0 / cells.cell_m;
  const double fx = place.from_origin_m.x() * to_cells;
  const double fy = place.from_origin_m.y() * to_cells;
  const double reach = radius_m * to_cells + 1e-5;
  const auto row0 = cells.row_near(fy - reach);
  const auto row1 = cells.row_near(fy + reach);
  for (std::ptrdiff_t row = row0; row <= row1; ++row) {
    const double across = std::max({static_cast<double>(row) - fy, fy - static_cast<double>(row + 1), 0.0});
    const double half = std::sqrt(std::max(0.0, reach * reach - across * across)) + 1e-5;
    const auto col0 = cells.col_near(fx - half);
    const auto col1 = cells.col_near(fx + half);
    for_runs(cells, row, col0, col1, touches, visit);
  }
  flush();
  double one[9];
  for (std::size_t s = 0; s < 9; ++s) {
    const double* t = total[s];
    one[s] = ((t[0] + t[4]) + (t[1] + t[5])) + ((t[2] + t[6]) + (t[3] + t[7]));
  }
  double n = 0.0;
  HWY_ALIGN std::int32_t counts[kWidth];
  for (std::size_t p = 0; p < kParts; ++p) {
    hn::Store(count[p], i, counts);
    for (const std::int32_t c : counts) n += c;
  }
  moments.n = n;
  moments.sum = {one[0], one[1], one[2]};
  moments.square << one[3], one[4], one[5], one[4], one[6], one[7], one[5], one[7], one[8];
  return hn::AllFalse(f, doubtful);
}

/// Which of eight cells in a row a cylinder may touch: nothing that has a point in it is missed.
class CellTest {
 public:
  CellTest(const Cells& cells, const KernelPlace& place, const KernelCylinder& c) : cells_(cells) {
    const F f;
    const double level = std::sqrt(c.normal.x() * c.normal.x() + c.normal.y() * c.normal.y());
    const double ux = level > 1e-9 ? c.normal.x() / level : 1.0;
    const double uy = level > 1e-9 ? c.normal.y() / level : 0.0;
    const double half_cell = 0.7072 * cells.cell_m;
    const double slack = 1e-3 * c.radius_m + 1e-6 * (std::abs(place.from_origin_m.z()) + c.half_length_m);
    const auto set = [&](double v) HWY_ATTR { return hn::Set(f, static_cast<float>(v)); };
    ux_ = set(ux);
    uy_ = set(uy);
    level_ = set(level);
    up_ = set(c.normal.z());
    side_ = set(c.radius_m + half_cell + slack);
    strip_ = set(c.radius_m + half_cell * std::abs(c.normal.z()) + slack);
    length_ = set(c.half_length_m + half_cell * level + slack);
    height_ = set(place.from_origin_m.z());
    x_m_ = 0.5 * cells.cell_m - place.from_origin_m.x();
    y_m_ = 0.5 * cells.cell_m - place.from_origin_m.y();
    step_ = hn::Mul(hn::Iota(f, 0.0F), set(cells.cell_m));
  }

  /// Bits of the cells first ... first + 7 of a row.
  unsigned operator()(std::ptrdiff_t row, std::ptrdiff_t first) const {
    const F f;
    unsigned bits = 0;
    const VF y = hn::Set(f, static_cast<float>(y_m_ + cells_.cell_m * static_cast<double>(row)));
    const std::ptrdiff_t base = cells_.at(row, first);
    for (std::size_t p = 0; p < kParts; ++p) {
      const double x0 = x_m_ + cells_.cell_m * (static_cast<double>(first) + static_cast<double>(p * kWidth));
      const VF x = hn::Add(hn::Set(f, static_cast<float>(x0)), step_);
      const VF along = hn::Add(hn::Mul(x, ux_), hn::Mul(y, uy_));
      const VF aside = hn::Sub(hn::Mul(y, ux_), hn::Mul(x, uy_));
      const VF low = hn::Sub(hn::LoadU(f, cells_.low + base + p * kWidth), height_);
      const VF high = hn::Sub(hn::LoadU(f, cells_.high + base + p * kWidth), height_);
      // Across the axis in its vertical plane, and along it.
      const VF tilt = hn::Mul(along, up_);
      const VF strip_low = hn::Sub(tilt, hn::Mul(high, level_));
      const VF strip_high = hn::Sub(tilt, hn::Mul(low, level_));
      const VF run = hn::Mul(along, level_);
      const VF a = hn::Mul(low, up_);
      const VF b = hn::Mul(high, up_);
      const VF length_low = hn::Add(run, hn::Min(a, b));
      const VF length_high = hn::Add(run, hn::Max(a, b));
      const MF inside =
          hn::And(hn::And(hn::Le(hn::Abs(aside), side_), hn::And(hn::Le(strip_low, strip_), hn::Ge(strip_high, hn::Neg(strip_)))),
                  hn::And(hn::Le(length_low, length_), hn::Ge(length_high, hn::Neg(length_))));
      bits |= bits_of(inside) << (p * kWidth);
    }
    return bits;
  }

 private:
  const Cells& cells_;
  VF ux_, uy_, level_, up_, side_, strip_, length_, height_, step_;
  double x_m_, y_m_;
};

bool Cylinder(const Cells& cells, const KernelPlace& place, const KernelCylinder& c, KernelHeights& heights) {
  const F f;
  const I i;
  heights.count = 0;
  if (cells.rows == 0) return true;
  const double radius = c.radius_m / cells.unit_m;
  const double half_length = c.half_length_m / cells.unit_m;
  const double reach = std::sqrt(radius * radius + half_length * half_length);
  // Lattice (place and point), seven roundings of a product within reach, the normal's own error along the axis.
  constexpr double kLattice = 1.75;
  constexpr double kRounding = 4.2e-7;
  const double off = kLattice + reach * (kRounding + c.normal_error);
  const double closed = 1.0 + 1e-8;
  const double r2 = radius * radius * closed;
  const VF sure2 = hn::Set(f, static_cast<float>(std::max(0.0, r2 - 2.0 * radius * off)));
  const VF maybe2 = hn::Set(f, static_cast<float>(r2 + 2.0 * radius * off + off * off));
  const VF sure_h = hn::Set(f, static_cast<float>(half_length * closed - off));
  const VF maybe_h = hn::Set(f, static_cast<float>(half_length * closed + off));
  const VF border2 = hn::Set(f, static_cast<float>(r2));
  const VF two_radii = hn::Set(f, static_cast<float>(2.0 * radius));
  const VF near_core = hn::Set(f, static_cast<float>(kLattice + radius * kRounding));
  const VF a_length = hn::Set(f, static_cast<float>(kRounding + c.normal_error));
  const VI px = hn::Set(i, place.lattice[0]);
  const VI py = hn::Set(i, place.lattice[1]);
  const VI pz = hn::Set(i, place.lattice[2]);
  const VF nx = hn::Set(f, static_cast<float>(c.normal.x()));
  const VF ny = hn::Set(f, static_cast<float>(c.normal.y()));
  const VF nz = hn::Set(f, static_cast<float>(c.normal.z()));
  MF doubtful = hn::FirstN(f, 0);

  float* out = heights.values.data();
  std::size_t room = heights.values.size();
  std::size_t count = 0;
  const auto test = [&](std::size_t k, MF valid) HWY_ATTR {
    const Difference d = difference(cells, k, px, py, pz);
    const VF h = hn::Add(hn::Add(hn::Mul(d.x, nx), hn::Mul(d.y, ny)), hn::Mul(d.z, nz));
    const VF ax = hn::Sub(d.x, hn::Mul(h, nx));
    const VF ay = hn::Sub(d.y, hn::Mul(h, ny));
    const VF az = hn::Sub(d.z, hn::Mul(h, nz));
    const VF d2 = hn::Add(hn::Add(hn::Mul(ax, ax), hn::Mul(ay, ay)), hn::Mul(az, az));
    const VF length = hn::Abs(h);
    MF inside = hn::And(valid, hn::And(hn::Le(d2, sure2), hn::Le(length, sure_h)));
    const MF maybe = hn::And(valid, hn::And(hn::Le(d2, maybe2), hn::Le(length, maybe_h)));
    const MF unsure = hn::Xor(inside, maybe);
    if (HWY_UNLIKELY(!hn::AllFalse(f, unsure))) {
      // Near the core point the rounding is less than at the cylinder's ends: most can be told after all.
      const VF band = hn::Add(near_core, hn::Mul(length, a_length));
      const MF on_mantle = hn::Le(hn::Abs(hn::Sub(d2, border2)), hn::Mul(band, hn::Add(two_radii, band)));
      const MF on_end = hn::Gt(length, sure_h);
      doubtful = hn::Or(doubtful, hn::And(unsure, hn::Or(on_mantle, on_end)));
      inside = hn::Or(inside, hn::And(unsure, hn::Le(d2, border2)));
    }
    count += store_lanes(h, inside, out + count);
  };
  const MF all = hn::FirstN(f, kWidth);
  const auto visit = [&](std::size_t k, std::size_t end) HWY_ATTR {
    if (count + (end - k) + 2 * kLanes > room) {
      heights.values.resize(2 * (count + (end - k) + 2 * kLanes));
      out = heights.values.data();
      room = heights.values.size();
    }
    for (; k + kWidth <= end; k += kWidth) test(k, all);
    if (k < end) test(k, lanes_before(end - k));
  };

  const CellTest touches(cells, place, c);
  const double to_cells = 1.0 / cells.cell_m;
  const double fx = place.from_origin_m.x() * to_cells;
  const double fy = place.from_origin_m.y() * to_cells;
  const double rim = c.radius_m * to_cells + 1e-3;
  const double lx = c.normal.x() * c.half_length_m * to_cells;
  const double ly = std::abs(c.normal.y()) * c.half_length_m * to_cells;
  const auto row0 = cells.row_near(fy - ly - rim);
  const auto row1 = cells.row_near(fy + ly + rim);
  const double slope = ly > 1e-9 ? (c.normal.y() > 0.0 ? lx : -lx) / ly : 0.0;
  for (std::ptrdiff_t row = row0; row <= row1; ++row) {
    // The part of the axis whose neighbourhood reaches this row: from x0 to x1.
    double x0 = -std::abs(lx);
    double x1 = std::abs(lx);
    if (ly > 1e-9) {
      const double y0 = std::clamp(static_cast<double>(row) - rim - fy, -ly, ly);
      const double y1 = std::clamp(static_cast<double>(row + 1) + rim - fy, -ly, ly);
      x0 = std::min(slope * y0, slope * y1);
      x1 = std::max(slope * y0, slope * y1);
    }
    const auto col0 = cells.col_near(fx + x0 - rim);
    const auto col1 = cells.col_near(fx + x1 + rim);
    for_runs(cells, row, col0, col1, touches, visit);
  }
  heights.count = count;
  return hn::AllFalse(f, doubtful);
}

void Spread(const float* values, std::size_t n, double& mean, double& standard_deviation) {
  // Sums of floats and of their squares in double are all but exact: one pass will do. Four lanes on every machine.
  const D d;
  const hn::Rebind<float, D> f;
  hn::Vec<D> sums[kHalves];
  hn::Vec<D> squares[kHalves];
  for (std::size_t p = 0; p < kHalves; ++p) sums[p] = squares[p] = hn::Zero(d);
  std::size_t k = 0;
  for (; k + kLanes / 2 <= n; k += kLanes / 2) {
    for (std::size_t p = 0; p < kHalves; ++p) {
      const hn::Vec<D> v = hn::PromoteTo(d, hn::LoadU(f, values + k + p * hn::MaxLanes(d)));
      sums[p] = hn::Add(sums[p], v);
      squares[p] = hn::Add(squares[p], hn::Mul(v, v));
    }
  }
  HWY_ALIGN double sum[4];
  HWY_ALIGN double square[4];
  for (std::size_t p = 0; p < kHalves; ++p) {
    hn::Store(sums[p], d, sum + p * hn::MaxLanes(d));
    hn::Store(squares[p], d, square + p * hn::MaxLanes(d));
  }
  for (std::size_t j = 0; k < n; ++k, ++j) {
    const double v = static_cast<double>(values[k]);
    sum[j] += v;
    square[j] += v * v;
  }
  const double count = static_cast<double>(n);
  const double s = (sum[0] + sum[2]) + (sum[1] + sum[3]);
  const double q = (square[0] + square[2]) + (square[1] + square[3]);
  mean = s / count;
  standard_deviation = std::sqrt(std::max(0.0, q - s * mean) / (count - 1.0));
}

M3c2Kernel Make() { return {hwy::TargetName(HWY_TARGET), Sphere, Cylinder, Spread}; }

}  // namespace highwall::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace highwall {

HWY_EXPORT(Make);

namespace {
KernelChoice<M3c2Kernel>& choice() {
  static KernelChoice<M3c2Kernel> made([] { return HWY_DYNAMIC_DISPATCH(Make)(); });
  return made;
}
}  // namespace

const M3c2Kernel& m3c2_kernel() { return choice().chosen(); }
std::vector<M3c2Kernel> m3c2_kernels() { return choice().all(); }
bool use_m3c2_kernel(std::string_view name) { return choice().choose(name); }

}  // namespace highwall
#endif
