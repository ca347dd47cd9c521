// Compiled once for each instruction set by Highway's foreach_target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "algorithms/radar/time_kernel.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
//
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

/// Terms of as many pixels as a vector has lanes; with `kTermsOf` known at compile time, or 0.
template <std::size_t kTermsOf, class T>
HWY_INLINE void fit_terms(const TermProblem& problem, const T* series, std::size_t stride, double* value, double* sigma,
                          double* residual, std::size_t out_stride) {
  const D d;
  const std::size_t terms = kTermsOf > 0 ? kTermsOf : problem.terms;
  VD sum[kTermsOf > 0 ? kTermsOf : kMostTerms];
  for (std::size_t t = 0; t < terms; ++t) sum[t] = hn::Zero(d);
  for (std::size_t i = 0; i < problem.samples; ++i) {
    const VD sample = load_samples(series + i * stride);
    const double* solver = problem.solver + i * terms;
    for (std::size_t t = 0; t < terms; ++t) sum[t] = hn::Add(sum[t], hn::Mul(hn::Set(d, solver[t]), sample));
  }
  VD squares = hn::Zero(d);
  for (std::size_t i = 0; i < problem.samples; ++i) {
    VD rest = load_samples(series + i * stride);
    const double* design = problem.design + i * terms;
    for (std::size_t t = 0; t < terms; ++t) rest = hn::Sub(rest, hn::Mul(hn::Set(d, design[t]), sum[t]));
    squares = hn::Add(squares, hn::Mul(rest, rest));
  }
  const std::size_t more = problem.samples - terms;
  const VD variance =
      more > 0 ? hn::Div(squares, hn::Set(d, static_cast<double>(more))) : hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t t = 0; t < terms; ++t) {
    hn::StoreU(sum[t], d, value + t * out_stride);
    const VD spread = hn::Sqrt(hn::Mul(variance, hn::Set(d, problem.cofactor[t])));
    hn::StoreU(spread, d, sigma + t * out_stride);
  }
  hn::StoreU(hn::Sqrt(squares), d, residual);
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
  fit_terms<0, T>(problem, copy.data(), kWidth, out.data(), sigma, residual, kWidth);
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
  for (; cell + kWidth <= end; cell += kWidth) {
    const auto fit = problem.terms == 2 ? fit_terms<2, T> : fit_terms<0, T>;
    fit(problem, series + cell, problem.stride, results.value + cell, results.sigma + cell, results.residual + cell,
        problem.stride);
  }
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
