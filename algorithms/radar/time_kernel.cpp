// Compiled once for each instruction set by Highway's foreach_target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "algorithms/radar/time_kernel.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/kernel_choice.hpp"
#include "algorithms/radar/time_kernel.hpp"

HWY_BEFORE_NAMESPACE();
namespace highwall::time_terms::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using H = hn::Rebind<float, D>;
using VD = hn::Vec<D>;
constexpr std::size_t kWidth = hn::MaxLanes(D());

HWY_INLINE VD load_samples(const float* from) { return hn::PromoteTo(D(), hn::LoadU(H(), from)); }
HWY_INLINE VD load_samples(const double* from) { return hn::LoadU(D(), from); }

/// Pixels that are fitted together: a line of the cache, and sums that need not wait for each other.
constexpr std::size_t kTogether = std::min<std::size_t>(16, 4 * kWidth);

/// Terms of kVectors x as many pixels as a vector has lanes; with `kTermsOf` known at compile time, or 0.
template <std::size_t kTermsOf, std::size_t kVectors, class T>
HWY_INLINE void fit_terms(const TermProblem& problem, const T* series, std::size_t stride, double* value, double* sigma,
                          double* residual, std::size_t out_stride) {
  const D d;
  const std::size_t terms = kTermsOf > 0 ? kTermsOf : problem.terms;
  VD sum[kTermsOf > 0 ? kTermsOf : kMostTerms][kVectors];
  for (std::size_t t = 0; t < terms; ++t) {
    for (std::size_t v = 0; v < kVectors; ++v) sum[t][v] = hn::Zero(d);
  }
  for (std::size_t i = 0; i < problem.samples; ++i) {
    const T* row = series + i * stride;
    const double* solver = problem.solver + i * terms;
    for (std::size_t v = 0; v < kVectors; ++v) {
      const VD sample = load_samples(row + v * kWidth);
      for (std::size_t t = 0; t < terms; ++t) sum[t][v] = hn::Add(sum[t][v], hn::Mul(hn::Set(d, solver[t]), sample));
    }
  }
  VD squares[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) squares[v] = hn::Zero(d);
  for (std::size_t i = 0; i < problem.samples; ++i) {
    const T* row = series + i * stride;
    const double* design = problem.design + i * terms;
    // Meanwhile the next pixels come from far memory.
    if constexpr (kVectors > 1) hwy::Prefetch(row + kVectors * kWidth);
    for (std::size_t v = 0; v < kVectors; ++v) {
      VD rest = load_samples(row + v * kWidth);
      for (std::size_t t = 0; t < terms; ++t) rest = hn::Sub(rest, hn::Mul(hn::Set(d, design[t]), sum[t][v]));
      squares[v] = hn::Add(squares[v], hn::Mul(rest, rest));
    }
  }
  const std::size_t more = problem.samples - terms;
  for (std::size_t v = 0; v < kVectors; ++v) {
    const VD variance = more > 0 ? hn::Div(squares[v], hn::Set(d, static_cast<double>(more)))
                                 : hn::Set(d, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t t = 0; t < terms; ++t) {
      hn::StoreU(sum[t][v], d, value + t * out_stride + v * kWidth);
      const VD spread = hn::Sqrt(hn::Mul(variance, hn::Set(d, problem.cofactor[t])));
      hn::StoreU(spread, d, sigma + t * out_stride + v * kWidth);
    }
    hn::StoreU(hn::Sqrt(squares[v]), d, residual + v * kWidth);
  }
}

/// The last pixels, fewer than a vector has lanes: by way of a copy, whose other lanes are zero.
template <class T>
void fit_last_terms(const TermProblem& problem, const T* series, std::size_t begin, std::size_t end, const TermResults& results) {
  const std::size_t count = end - begin;
  std::vector<T> copy(problem.samples * kWidth, T{0});
  for (std::size_t i = 0; i < problem.samples; ++i) {
    for (std::size_t c = 0; c < count; ++c) copy[i * kWidth + c] = series[i * problem.stride + begin + c];
  }
  std::vector<double> out((2 * problem.terms + 1) * kWidth);
  double* sigma = out.data() + problem.terms * kWidth;
  double* residual = sigma + problem.terms * kWidth;
  fit_terms<0, 1, T>(problem, copy.data(), kWidth, out.data(), sigma, residual, kWidth);
  for (std::size_t c = 0; c < count; ++c) {
    for (std::size_t t = 0; t < problem.terms; ++t) {
      results.value[t * problem.stride + begin + c] = out[t * kWidth + c];
      results.sigma[t * problem.stride + begin + c] = sigma[t * kWidth + c];
    }
    results.residual[begin + c] = residual[c];
  }
}

template <class T>
void Terms(const TermProblem& problem, const T* series, std::size_t begin, std::size_t end, const TermResults& results) {
  std::size_t cell = begin;
  const auto run = [&](const auto& fit, std::size_t pixels) {
    for (; cell + pixels <= end; cell += pixels) {
      fit(problem, series + cell, problem.stride, results.value + cell, results.sigma + cell, results.residual + cell,
          problem.stride);
    }
  };
  if (problem.terms == 2) run(fit_terms<2, kTogether / kWidth, T>, kTogether);
  run(problem.terms == 2 ? fit_terms<2, 1, T> : fit_terms<0, 1, T>, kWidth);
  if (cell < end) fit_last_terms(problem, series, cell, end, results);
}

TimeKernel Make() { return {hwy::TargetName(HWY_TARGET), Terms<float>, Terms<double>}; }

}  // namespace highwall::time_terms::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace highwall {
namespace time_terms {

HWY_EXPORT(Make);

namespace {
KernelChoice<TimeKernel>& choice() {
  static KernelChoice<TimeKernel> made([] { return HWY_DYNAMIC_DISPATCH(Make)(); });
  return made;
}
}  // namespace
}  // namespace time_terms

const TimeKernel& time_kernel() { return time_terms::choice().chosen(); }
std::vector<TimeKernel> time_kernels() { return time_terms::choice().all(); }
bool use_time_kernel(std::string_view name) { return time_terms::choice().choose(name); }

}  // namespace highwall
#endif
