// Compiled once for each instruction set by Highway's foreach_target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "algorithms/radar/network_kernel.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
//
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/kernel_choice.hpp"
#include "algorithms/radar/network_kernel.hpp"

HWY_BEFORE_NAMESPACE();
namespace highwall::network::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::CappedTag<float, 16>;
using I = hn::RebindToSigned<F>;
using D = hn::CappedTag<double, 8>;
using H = hn::Rebind<float, D>;
using VF = hn::Vec<F>;
using MF = hn::Mask<F>;
using VD = hn::Vec<D>;
constexpr std::size_t kWidth = hn::MaxLanes(F());
constexpr std::size_t kHalf = hn::MaxLanes(D());
constexpr std::size_t kHalves = kWidth / kHalf;

/// Arrays of one group of pixels, a vector an entry.
struct Lanes {
  float* at = nullptr;
  HWY_INLINE VF operator[](std::size_t k) const { return hn::Load(F(), at + k * kWidth); }
  HWY_INLINE void set(std::size_t k, VF v) const { hn::Store(v, F(), at + k * kWidth); }
};

struct Room {
  Lanes phase, weight, pulled, factor, inverse, row, pivot, right, change, x, diagonal, reached;
  double* doubles = nullptr;

  Room(const NetworkPlan& plan, const KernelMemory& memory) : doubles(memory.doubles) {
    const std::size_t n = plan.instants;
    float* scratch = memory.floats;
    const auto take = [&scratch](std::size_t entries) {
      Lanes lanes{scratch};
      scratch += entries * kWidth;
      return lanes;
    };
    for (Lanes* of_pair : {&phase, &weight, &pulled}) *of_pair = take(plan.pairs);
    for (Lanes* of_entry : {&factor, &inverse}) *of_entry = take(plan.entries());
    for (Lanes* of_instant : {&row, &pivot, &right, &change, &x, &diagonal, &reached}) *of_instant = take(n);
  }
};

std::size_t Floats(const NetworkPlan& plan) { return kWidth * (3 * plan.pairs + 2 * plan.entries() + 7 * plan.instants); }
std::size_t Doubles(const NetworkPlan& plan) { return kHalf * plan.instants; }

HWY_INLINE VF load_cells(const float* row, const NetworkCells& cells, bool together) {
  if (together) return hn::LoadU(F(), row + cells.cell[0]);
  HWY_ALIGN float lane[kWidth];
  for (std::size_t i = 0; i < kWidth; ++i) lane[i] = row[cells.cell[i]];
  return hn::Load(F(), lane);
}

HWY_INLINE void store_cells(float* row, const NetworkCells& cells, bool together, VF v) {
  if (together) {
    hn::StoreU(v, F(), row + cells.cell[0]);
    return;
  }
  HWY_ALIGN float lane[kWidth];
  hn::Store(v, F(), lane);
  for (std::size_t i = 0; i < cells.count; ++i) row[cells.cell[i]] = lane[i];
}

HWY_INLINE bool are_together(const NetworkCells& cells) {
  return cells.count == kWidth && cells.cell[kWidth - 1] - cells.cell[0] == kWidth - 1;
}

/// Weights of the bins that coherences fall into. The bin is PhaseVarianceTable::bin_of(), to the last bit: single precision
/// decides where it is sure of it.
HWY_INLINE VF variance_weight(VF coherence, const float* weight_of_bin) {
  const F f;
  const I i;
  const VF bin = hn::Sub(hn::Mul(coherence, hn::Set(f, 200.0F)), hn::Set(f, 0.5F));
  const VF off = hn::Abs(hn::Sub(bin, hn::Round(bin)));
  // The last bin is left to it, too: where it ends is a matter of double rounding.
  const MF sure = hn::And(hn::Gt(off, hn::Set(f, 1e-4F)), hn::Lt(bin, hn::Set(f, 198.5F)));
  if (HWY_LIKELY(hn::AllTrue(f, sure))) {
    return hn::GatherIndex(f, weight_of_bin, hn::ConvertTo(i, bin));
  }
  HWY_ALIGN float lane[kWidth];
  hn::Store(coherence, f, lane);
  for (float& c : lane) c = weight_of_bin[PhaseVarianceTable::bin_of(c)];
  return hn::Load(f, lane);
}

HWY_INLINE VF weight_of(const NetworkProblem& problem, const NetworkCells& cells, bool together, std::size_t pair) {
  const F f;
  if (problem.weights == KernelWeights::none) return hn::Set(f, 1.0F);
  const VF raw = load_cells(cells.coherence + pair * cells.stride, cells, together);
  const VF least = hn::Set(f, kLeastCoherence);
  const VF held = hn::IfThenElse(hn::Ge(raw, least), raw, least);  // NaN is not greater.
  if (problem.weights == KernelWeights::coherence) return held;
  return variance_weight(held, problem.weight_of_bin.data());
}

/// Phases less the reference's, and weights: zero where there is no phase. @return the number of pairs there are
HWY_INLINE VF pack(const NetworkProblem& problem, const NetworkCells& cells, const Room& room) {
  const F f;
  const bool together = are_together(cells);
  VF count = hn::Zero(f);
  for (std::size_t p = 0; p < problem.plan->pairs; ++p) {
    const VF phase = load_cells(cells.phase + p * cells.stride, cells, together);
    const MF there = hn::Eq(hn::Sub(phase, phase), hn::Zero(f));  // Neither NaN nor infinite.
    room.phase.set(p, hn::IfThenElseZero(there, hn::Sub(phase, hn::Set(f, problem.reference_rad[p]))));
    room.weight.set(p, hn::IfThenElseZero(there, weight_of(problem, cells, together, p)));
    count = hn::Add(count, hn::IfThenElseZero(there, hn::Set(f, 1.0F)));
  }
  return count;
}

/// Makes row i of the factor from its weights. @return the pivot, and in `right` the forward solution of the row
HWY_INLINE void factor_row(const NetworkPlan& plan, const Room& room, std::size_t i, VF pivot, VF right) {
  const F f;
  const std::size_t first = plan.first[i];
  const std::size_t begin = plan.row_begin[i];
  for (std::size_t j = first; j < i; ++j) {
    const std::uint32_t pair = plan.entry_pair[begin + j - first];
    VF s = pair == NetworkPlan::kNoPair ? hn::Zero(f) : hn::Neg(room.weight[pair]);
    const std::size_t other = plan.first[j];
    const std::size_t from = std::max(first, other);
    const std::size_t other_begin = plan.row_begin[j];
    for (std::size_t k = from; k < j; ++k) {
      s = hn::Sub(s, hn::Mul(room.row[k - first], room.factor[other_begin + k - other]));
    }
    room.row.set(j - first, s);
  }
  for (std::size_t j = first; j < i; ++j) {
    const VF s = room.row[j - first];
    const VF l = hn::Mul(s, room.pivot[j]);
    room.factor.set(begin + j - first, l);
    pivot = hn::Sub(pivot, hn::Mul(s, l));
    right = hn::Sub(right, hn::Mul(l, room.right[j]));
  }
  room.pivot.set(i, hn::Div(hn::Set(f, 1.0F), pivot));
  room.right.set(i, right);
}

/// Normal equations, factor and forward solution in one sweep; `reached` tells where pairs lead from the first instant.
HWY_INLINE void assemble(const NetworkPlan& plan, const Room& room) {
  const F f;
  const VF zero = hn::Zero(f);
  room.reached.set(0, hn::Set(f, 1.0F));
  for (std::size_t i = 0; i < plan.unknowns(); ++i) {
    VF pivot = zero;
    VF right = zero;
    VF reached = zero;
    for (std::size_t k = plan.back_begin[i + 1]; k < plan.back_begin[i + 2]; ++k) {
      const VF w = room.weight[plan.back[k].pair];
      pivot = hn::Add(pivot, w);
      right = hn::Add(right, hn::Mul(w, room.phase[plan.back[k].pair]));
      reached = hn::Max(reached, hn::IfThenElseZero(hn::Gt(w, zero), room.reached[plan.back[k].other]));
    }
    for (std::size_t k = plan.forward_begin[i + 1]; k < plan.forward_begin[i + 2]; ++k) {
      const VF w = room.weight[plan.forward[k].pair];
      pivot = hn::Add(pivot, w);
      right = hn::Sub(right, hn::Mul(w, room.phase[plan.forward[k].pair]));
    }
    room.reached.set(i + 1, reached);
    factor_row(plan, room, i, pivot, right);
  }
}

HWY_INLINE MF all_reached(const NetworkPlan& plan, const Room& room) {
  const F f;
  VF least = hn::Set(f, 1.0F);
  for (std::size_t k = 1; k < plan.instants; ++k) least = hn::Min(least, room.reached[k]);
  return hn::Gt(least, hn::Zero(f));
}
/// Pixels whose instants are all tied to the first, found by one sweep forward and one back.
HWY_INLINE MF tied(const NetworkPlan& plan, const Room& room) {
  const F f;
  const MF forward = all_reached(plan, room);
  if (hn::AllTrue(f, forward)) return forward;
  for (std::size_t k = plan.instants - 1; k > 0; --k) {
    VF reached = room.reached[k];
    for (std::size_t m = plan.forward_begin[k]; m < plan.forward_begin[k + 1]; ++m) {
      const VF w = room.weight[plan.forward[m].pair];
      reached = hn::Max(reached, hn::IfThenElseZero(hn::Gt(w, hn::Zero(f)), room.reached[plan.forward[m].other]));
    }
    room.reached.set(k, reached);
  }
  return all_reached(plan, room);
}

/// Back substitution of `right` into `change`.
HWY_INLINE void substitute_back(const NetworkPlan& plan, const Room& room) {
  const std::size_t n = plan.unknowns();
  for (std::size_t i = 0; i < n; ++i) room.change.set(i, hn::Mul(room.right[i], room.pivot[i]));
  for (std::size_t i = n; i-- > 0;) {
    const VF x = room.change[i];
    const std::size_t first = plan.first[i];
    for (std::size_t j = first; j < i; ++j) {
      room.change.set(j, hn::Sub(room.change[j], hn::Mul(room.factor[plan.row_begin[i] + j - first], x)));
    }
  }
}

HWY_INLINE VF residual(const NetworkPlan& plan, const Room& room, std::size_t pair) {
  return hn::Sub(room.phase[pair], hn::Sub(room.x[plan.pair_second[pair]], room.x[plan.pair_first[pair]]));
}

/// One step of refinement: `change` becomes what the residuals still ask for.
HWY_INLINE void refine(const NetworkPlan& plan, const Room& room) {
  const F f;
  for (std::size_t p = 0; p < plan.pairs; ++p) room.pulled.set(p, hn::Mul(room.weight[p], residual(plan, room, p)));
  for (std::size_t i = 0; i < plan.unknowns(); ++i) {
    VF right = hn::Zero(f);
    for (std::size_t k = plan.back_begin[i + 1]; k < plan.back_begin[i + 2]; ++k) {
      right = hn::Add(right, room.pulled[plan.back[k].pair]);
    }
    for (std::size_t k = plan.forward_begin[i + 1]; k < plan.forward_begin[i + 2]; ++k) {
      right = hn::Sub(right, room.pulled[plan.forward[k].pair]);
    }
    const std::size_t first = plan.first[i];
    for (std::size_t j = first; j < i; ++j) {
      right = hn::Sub(right, hn::Mul(room.factor[plan.row_begin[i] + j - first], room.right[j]));
    }
    room.right.set(i, right);
  }
  substitute_back(plan, room);
}

// Each step takes the error down by the share that the first one changed; where steps do not help, the exact way does.
constexpr float kGoodEnough = 1e-7F;
constexpr int kMostSteps = 5;

/// The solution in single precision, refined once, and again in the pixels that need it. @return pixels where it is good
HWY_INLINE MF solve(const NetworkPlan& plan, const Room& room) {
  const F f;
  const std::size_t n = plan.unknowns();
  substitute_back(plan, room);
  room.x.set(0, hn::Zero(f));
  for (std::size_t i = 0; i < n; ++i) room.x.set(i + 1, room.change[i]);
  MF open = hn::FirstN(f, kWidth);
  VF first_change = hn::Zero(f);
  for (int step = 0; step < kMostSteps; ++step) {
    refine(plan, room);
    VF change = hn::Zero(f);
    VF size = hn::Zero(f);
    for (std::size_t i = 0; i < n; ++i) {
      const VF dx = hn::IfThenElseZero(open, room.change[i]);
      const VF x = hn::Add(room.x[i + 1], dx);
      room.x.set(i + 1, x);
      change = hn::Max(change, hn::Abs(dx));
      size = hn::Max(size, hn::Abs(x));
    }
    if (step == 0) first_change = change;
    // NaN, of pixels that are not tied, stays open.
    const MF good = hn::Le(hn::Mul(change, first_change), hn::Mul(hn::Set(f, kGoodEnough), hn::Mul(size, size)));
    open = hn::And(open, hn::Not(good));
    if (hn::AllFalse(f, open)) break;
  }
  return hn::Not(open);
}

/// Diagonal of the inverse, from the last row up: its entries inside the envelope follow from those below them (Takahashi 1973).
HWY_INLINE void invert_diagonal(const NetworkPlan& plan, const Room& room) {
  const F f;
  for (std::size_t i = plan.unknowns(); i-- > 0;) {
    const std::size_t begin = plan.column_begin[i];
    const std::size_t end = plan.column_begin[i + 1];
    VF diagonal = room.pivot[i];
    for (std::size_t c = begin; c < end; ++c) {
      const std::size_t j = plan.column_row[c];
      VF z = hn::Zero(f);
      for (std::size_t e = begin; e < end; ++e) {
        const std::size_t k = plan.column_row[e];
        const VF inverse = k == j ? room.diagonal[k] : room.inverse[plan.at(std::max(j, k), std::min(j, k))];
        z = hn::Sub(z, hn::Mul(room.factor[plan.at(k, i)], inverse));
      }
      room.inverse.set(plan.at(j, i), z);
    }
    for (std::size_t c = begin; c < end; ++c) {
      const std::size_t entry = plan.at(plan.column_row[c], i);
      diagonal = hn::Sub(diagonal, hn::Mul(room.factor[entry], room.inverse[entry]));
    }
    room.diagonal.set(i, diagonal);
  }
}

/// Sine and cosine to 1e-7, for phases of up to 4000 half turns.
HWY_INLINE void sine_cosine(VF r, VF& sine, VF& cosine) {
  const F f;
  const I i;
  const VF half_turns = hn::Round(hn::Mul(r, hn::Set(f, 0.318309886F)));
  const VF u =
      hn::Sub(hn::Sub(r, hn::Mul(half_turns, hn::Set(f, 3.1416015625F))), hn::Mul(half_turns, hn::Set(f, -8.9089102e-6F)));
  const VF flip = hn::BitCast(f, hn::ShiftLeft<31>(hn::ConvertTo(i, half_turns)));
  const VF u2 = hn::Mul(u, u);
  VF s = hn::Set(f, 2.599125898e-06F);
  s = hn::Add(hn::Mul(s, u2), hn::Set(f, -0.00019806133083F));
  s = hn::Add(hn::Mul(s, u2), hn::Set(f, 0.0083330093689F));
  s = hn::Add(hn::Mul(s, u2), hn::Set(f, -0.1666665669198F));
  s = hn::Add(hn::Mul(hn::Mul(s, u2), u), u);
  VF c = hn::Set(f, 2.318748909e-05F);
  c = hn::Add(hn::Mul(c, u2), hn::Set(f, -0.0013855593656634F));
  c = hn::Add(hn::Mul(c, u2), hn::Set(f, 0.0416639394962F));
  c = hn::Add(hn::Mul(c, u2), hn::Set(f, -0.4999993005108F));
  c = hn::Add(hn::Mul(c, u2), hn::Set(f, 1.0F));
  sine = hn::Xor(s, flip);
  cosine = hn::Xor(c, flip);
}

struct Fit {
  VF coherence;  ///< Temporal coherence.
  VF squares;    ///< Sum of weighted squares of residuals.
};

// Sums are kept in two levels of so many terms: their rounding does not grow with the pairs.
constexpr std::size_t kTerms = 16;

/// How well the solution fits the pairs; of all pairs with weight one when not `kWeighted`.
template <bool kWeighted>
HWY_INLINE Fit fit_of(const NetworkPlan& plan, const Room& room, VF count) {
  const F f;
  const VF zero = hn::Zero(f);
  VF sine_sum = zero, cosine_sum = zero, squares = zero;
  for (std::size_t begin = 0; begin < plan.pairs; begin += kTerms) {
    const std::size_t end = std::min(plan.pairs, begin + kTerms);
    VF sines = zero, cosines = zero, some = zero;
    for (std::size_t p = begin; p < end; ++p) {
      const VF r = residual(plan, room, p);
      VF sine, cosine;
      sine_cosine(r, sine, cosine);
      if constexpr (kWeighted) {
        const VF w = room.weight[p];
        const MF there = hn::Gt(w, zero);
        sine = hn::IfThenElseZero(there, sine);
        cosine = hn::IfThenElseZero(there, cosine);
        some = hn::Add(some, hn::Mul(w, hn::Mul(r, r)));
      } else {
        some = hn::Add(some, hn::Mul(r, r));
      }
      sines = hn::Add(sines, sine);
      cosines = hn::Add(cosines, cosine);
    }
    sine_sum = hn::Add(sine_sum, sines);
    cosine_sum = hn::Add(cosine_sum, cosines);
    squares = hn::Add(squares, some);
  }
  const VF length = hn::Sqrt(hn::Add(hn::Mul(sine_sum, sine_sum), hn::Mul(cosine_sum, cosine_sum)));
  return {hn::Div(length, count), squares};
}

/// What is one a pixel. @return standard deviation of unit weight, NaN where no pair is redundant
HWY_INLINE VF store_fit(const NetworkPlan& plan, const NetworkCells& cells, const NetworkResults& results, const Fit& fit,
                        VF count) {
  const F f;
  const bool together = are_together(cells);
  const VF redundant = hn::Sub(count, hn::Set(f, static_cast<float>(plan.unknowns())));
  const VF variance = hn::Div(fit.squares, redundant);
  const VF unit =
      hn::IfThenElse(hn::Gt(redundant, hn::Zero(f)), hn::Sqrt(variance), hn::Set(f, std::numeric_limits<float>::quiet_NaN()));
  store_cells(results.temporal_coherence, cells, together, fit.coherence);
  store_cells(results.unit_weight_sigma, cells, together, unit);
  HWY_ALIGN float counts[kWidth];
  hn::Store(count, f, counts);
  for (std::size_t i = 0; i < cells.count; ++i) results.pairs[cells.cell[i]] = static_cast<std::uint16_t>(counts[i]);
  return unit;
}

std::uint32_t Weighted(const NetworkProblem& problem, const NetworkCells& cells, const NetworkResults& results,
                       const KernelMemory& memory) {
  const F f;
  const NetworkPlan& plan = *problem.plan;
  const Room room(plan, memory);
  const bool together = are_together(cells);
  const VF count = pack(problem, cells, room);
  assemble(plan, room);
  const MF all_tied = tied(plan, room);
  const MF good = hn::And(all_tied, solve(plan, room));
  const VF unit = store_fit(plan, cells, results, fit_of<true>(plan, room, count), count);
  const VF scale = hn::Set(f, problem.metres_per_radian);
  for (std::size_t k = 0; k < plan.instants; ++k) {
    store_cells(results.displacement_m + k * cells.stride, cells, together, hn::Mul(room.x[k], scale));
  }
  if (results.sigma_m != nullptr) {
    invert_diagonal(plan, room);
    const VF factor = hn::Mul(unit, hn::Abs(scale));
    store_cells(results.sigma_m, cells, together, hn::Zero(f));
    for (std::size_t i = 0; i < plan.unknowns(); ++i) {
      store_cells(results.sigma_m + (i + 1) * cells.stride, cells, together, hn::Mul(factor, hn::Sqrt(room.diagonal[i])));
    }
  }
  std::uint8_t bits[8] = {};
  hn::StoreMaskBits(f, hn::Not(good), bits);
  return static_cast<std::uint32_t>(bits[0]) | static_cast<std::uint32_t>(bits[1]) << 8U;
}

/// Right-hand side, forward and back substitution in double by the shared factor; half `h` of the lanes.
HWY_INLINE void solve_half(const NetworkProblem& problem, const Room& room, std::size_t h) {
  const D d;
  const H half;
  const NetworkPlan& plan = *problem.plan;
  double* x = room.doubles;
  const float* phase = room.phase.at + h * kHalf;
  for (std::size_t i = 0; i < plan.unknowns(); ++i) {
    VD right = hn::Zero(d);
    for (std::size_t k = plan.back_begin[i + 1]; k < plan.back_begin[i + 2]; ++k) {
      right = hn::Add(right, hn::PromoteTo(d, hn::Load(half, phase + plan.back[k].pair * kWidth)));
    }
    for (std::size_t k = plan.forward_begin[i + 1]; k < plan.forward_begin[i + 2]; ++k) {
      right = hn::Sub(right, hn::PromoteTo(d, hn::Load(half, phase + plan.forward[k].pair * kWidth)));
    }
    const std::size_t first = plan.first[i];
    for (std::size_t j = first; j < i; ++j) {
      right = hn::Sub(right, hn::Mul(hn::Set(d, problem.factor[plan.row_begin[i] + j - first]), hn::Load(d, x + j * kHalf)));
    }
    hn::Store(right, d, x + i * kHalf);
  }
  for (std::size_t i = 0; i < plan.unknowns(); ++i) {
    hn::Store(hn::Mul(hn::Load(d, x + i * kHalf), hn::Set(d, problem.inverse_pivot[i])), d, x + i * kHalf);
  }
  for (std::size_t i = plan.unknowns(); i-- > 0;) {
    const VD value = hn::Load(d, x + i * kHalf);
    const std::size_t first = plan.first[i];
    for (std::size_t j = first; j < i; ++j) {
      const VD step = hn::Mul(hn::Set(d, problem.factor[plan.row_begin[i] + j - first]), value);
      hn::Store(hn::Sub(hn::Load(d, x + j * kHalf), step), d, x + j * kHalf);
    }
    hn::Store(hn::DemoteTo(half, value), half, room.x.at + (i + 1) * kWidth + h * kHalf);
  }
}

void Uniform(const NetworkProblem& problem, const NetworkCells& cells, const NetworkResults& results,
             const KernelMemory& memory) {
  const F f;
  const NetworkPlan& plan = *problem.plan;
  const Room room(plan, memory);
  const bool together = are_together(cells);
  for (std::size_t p = 0; p < plan.pairs; ++p) {
    const VF phase = load_cells(cells.phase + p * cells.stride, cells, together);
    room.phase.set(p, hn::Sub(phase, hn::Set(f, problem.reference_rad[p])));
  }
  room.x.set(0, hn::Zero(f));
  for (std::size_t h = 0; h < kHalves; ++h) solve_half(problem, room, h);
  const VF count = hn::Set(f, static_cast<float>(plan.pairs));
  const VF unit = store_fit(plan, cells, results, fit_of<false>(plan, room, count), count);
  const VF scale = hn::Set(f, problem.metres_per_radian);
  for (std::size_t k = 0; k < plan.instants; ++k) {
    store_cells(results.displacement_m + k * cells.stride, cells, together, hn::Mul(room.x[k], scale));
  }
  if (results.sigma_m == nullptr) return;
  const VF factor = hn::Mul(unit, hn::Abs(scale));
  store_cells(results.sigma_m, cells, together, hn::Zero(f));
  for (std::size_t i = 0; i < plan.unknowns(); ++i) {
    const VF root = hn::Set(f, static_cast<float>(std::sqrt(problem.inverse_diagonal[i])));
    store_cells(results.sigma_m + (i + 1) * cells.stride, cells, together, hn::Mul(factor, root));
  }
}

NetworkKernel Make() { return {hwy::TargetName(HWY_TARGET), kWidth, Floats, Doubles, Weighted, Uniform}; }

}  // namespace highwall::network::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace highwall {
namespace network {

HWY_EXPORT(Make);

namespace {
KernelChoice<NetworkKernel>& choice() {
  static KernelChoice<NetworkKernel> made([] { return HWY_DYNAMIC_DISPATCH(Make)(); });
  return made;
}
}  // namespace
}  // namespace network

const NetworkKernel& network_kernel() { return network::choice().chosen(); }
std::vector<NetworkKernel> network_kernels() { return network::choice().all(); }
bool use_network_kernel(std::string_view name) { return network::choice().choose(name); }

}  // namespace highwall
#endif
