#include "algorithms/radar/network_exact.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "algorithms/radar/network_absolute.hpp"
#include "algorithms/radar/network_inversion.hpp"

namespace highwall {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
/// Standard deviation of a Gaussian over its mean absolute value; also what least absolute residuals scatter by, over what least
/// squares do, in Gaussian noise and many pairs (Bassett and Koenker 1978, doi:10.1080/01621459.1978.10480065).
const double kSigmaOfMean = std::sqrt(0.5 * std::numbers::pi);

/// Names the parts of two instants and more; the others are none.
struct Tied {
  std::vector<std::uint16_t> part;
  std::vector<std::uint32_t> grounded;  ///< First unknown of each part without the first instant, and unknowns of no part.
  std::size_t parts = 0;
  std::size_t observed = 0;  ///< Instants in them.
};

Tied tie(const NetworkPlan& plan, const PixelPairs& pairs) {
  std::vector<std::uint8_t> present(plan.pairs);
  for (std::size_t p = 0; p < plan.pairs; ++p) present[p] = pairs.weight[p] > 0.0 ? 1 : 0;
  std::size_t count = 0;
  const std::vector<std::uint32_t> raw = connected_parts(plan, present, count);
  std::vector<std::uint32_t> size(count, 0);
  for (const std::uint32_t r : raw) ++size[r];
  std::vector<std::uint16_t> name(count, PartedCell::kNoPart);
  Tied tied;
  tied.part.assign(plan.instants, PartedCell::kNoPart);
  std::vector<bool> begun(count, false);
  for (std::uint32_t k = 0; k < plan.instants; ++k) {
    const std::uint32_t r = raw[k];
    if (k > 0 && !begun[r]) tied.grounded.push_back(k - 1);
    begun[r] = true;
    if (size[r] < 2) continue;
    if (name[r] == PartedCell::kNoPart) name[r] = static_cast<std::uint16_t>(tied.parts++);
    tied.part[k] = name[r];
    ++tied.observed;
  }
  return tied;
}

std::vector<double> right_of(const NetworkPlan& plan, const PixelPairs& pairs) {
  std::vector<double> right(plan.unknowns(), 0.0);
  for (std::size_t p = 0; p < plan.pairs; ++p) {
    const double pull = pairs.weight[p] * pairs.phase_rad[p];
    if (plan.pair_first[p] > 0) right[plan.pair_first[p] - 1] -= pull;
    right[plan.pair_second[p] - 1] += pull;
  }
  return right;
}

void measure_fit(const NetworkPlan& plan, const PixelPairs& pairs, const Tied& tied, NetworkNorm norm, PixelSeries& out) {
  double sine = 0.0, cosine = 0.0, squares = 0.0, sizes = 0.0;
  for (std::size_t p = 0; p < plan.pairs; ++p) {
    if (!(pairs.weight[p] > 0.0)) continue;
    const double r = pairs.phase_rad[p] - (out.phase_rad[plan.pair_second[p]] - out.phase_rad[plan.pair_first[p]]);
    sine += std::sin(r);
    cosine += std::cos(r);
    squares += pairs.weight[p] * r * r;
    sizes += std::sqrt(pairs.weight[p]) * std::abs(r);
    ++out.pairs;
  }
  const std::size_t rank = tied.observed - tied.parts;
  if (out.pairs > 0) out.temporal_coherence = std::hypot(sine, cosine) / static_cast<double>(out.pairs);
  if (out.pairs <= rank) return;
  // Of the least absolute residuals as many as there are unknowns are zero.
  const auto redundant = static_cast<double>(out.pairs - rank);
  out.unit_weight_sigma = norm == NetworkNorm::l1 ? kSigmaOfMean * sizes / redundant : std::sqrt(squares / redundant);
}

/// Shifts the parts onto their common slope; the line goes through the first instant's part, or through its zero.
void bridge_parts(const Tied& tied, const std::vector<double>& years, std::vector<double>& x) {
  std::vector<double> n(tied.parts, 0.0), t(tied.parts, 0.0), d(tied.parts, 0.0);
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (tied.part[k] == PartedCell::kNoPart) continue;
    n[tied.part[k]] += 1.0;
    t[tied.part[k]] += years[k] - years[0];
    d[tied.part[k]] += x[k];
  }
  for (std::size_t c = 0; c < tied.parts; ++c) {
    t[c] /= n[c];
    d[c] /= n[c];
  }
  double stt = 0.0, std = 0.0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const std::uint16_t c = tied.part[k];
    if (c == PartedCell::kNoPart) continue;
    const double from_mean = years[k] - years[0] - t[c];
    stt += from_mean * from_mean;
    std += from_mean * (x[k] - d[c]);
  }
  const double slope = std / stt;
  const bool with_first = tied.part[0] != PartedCell::kNoPart;
  const double start = with_first ? d[tied.part[0]] - slope * t[tied.part[0]] : 0.0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const std::uint16_t c = tied.part[k];
    if (c != PartedCell::kNoPart && !(with_first && c == tied.part[0])) x[k] += start + slope * t[c] - d[c];
  }
}

}  // namespace

EnvelopeFactor factor_normal_equations(const NetworkPlan& plan, const std::vector<double>& weight,
                                       const std::vector<std::uint32_t>& grounded) {
  const std::size_t n = plan.unknowns();
  EnvelopeFactor f;
  f.factor.assign(plan.entries(), 0.0);
  f.inverse_pivot.assign(n, 0.0);
  std::vector<double> pivot(n, 0.0);
  for (std::size_t p = 0; p < plan.pairs; ++p) {
    if (plan.pair_first[p] > 0) pivot[plan.pair_first[p] - 1] += weight[p];
    pivot[plan.pair_second[p] - 1] += weight[p];
  }
  for (const std::uint32_t g : grounded) pivot[g] = pivot[g] > 0.0 ? 2.0 * pivot[g] : 1.0;
  std::vector<double> row(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t first = plan.first[i];
    for (std::size_t j = first; j < i; ++j) {
      const std::uint32_t pair = plan.entry_pair[plan.at(i, j)];
      double s = pair == NetworkPlan::kNoPair ? 0.0 : -weight[pair];
      for (std::size_t k = std::max<std::size_t>(first, plan.first[j]); k < j; ++k) s -= row[k] * f.factor[plan.at(j, k)];
      row[j] = s;
    }
    for (std::size_t j = first; j < i; ++j) {
      const double l = row[j] * f.inverse_pivot[j];
      f.factor[plan.at(i, j)] = l;
      pivot[i] -= row[j] * l;
    }
    f.inverse_pivot[i] = 1.0 / pivot[i];
  }
  return f;
}

void solve_by(const NetworkPlan& plan, const EnvelopeFactor& f, std::vector<double>& x) {
  const std::size_t n = plan.unknowns();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = plan.first[i]; j < i; ++j) x[i] -= f.factor[plan.at(i, j)] * x[j];
  }
  for (std::size_t i = 0; i < n; ++i) x[i] *= f.inverse_pivot[i];
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = plan.first[i]; j < i; ++j) x[j] -= f.factor[plan.at(i, j)] * x[i];
  }
}

std::vector<double> inverse_diagonal(const NetworkPlan& plan, const EnvelopeFactor& f) {
  std::vector<double> inverse(plan.entries(), 0.0), diagonal = f.inverse_pivot;
  for (std::size_t i = plan.unknowns(); i-- > 0;) {
    for (std::size_t c = plan.column_begin[i]; c < plan.column_begin[i + 1]; ++c) {
      const std::size_t j = plan.column_row[c];
      double z = 0.0;
      for (std::size_t e = plan.column_begin[i]; e < plan.column_begin[i + 1]; ++e) {
        const std::size_t k = plan.column_row[e];
        z -= f.factor[plan.at(k, i)] * (k == j ? diagonal[k] : inverse[plan.at(std::max(j, k), std::min(j, k))]);
      }
      inverse[plan.at(j, i)] = z;
    }
    for (std::size_t c = plan.column_begin[i]; c < plan.column_begin[i + 1]; ++c) {
      const std::size_t entry = plan.at(plan.column_row[c], i);
      diagonal[i] -= f.factor[entry] * inverse[entry];
    }
  }
  return diagonal;
}

PixelSeries invert_pixel(const NetworkPlan& plan, const PixelPairs& pairs, const std::vector<double>& years, bool bridge,
                         NetworkNorm norm) {
  const Tied tied = tie(plan, pairs);
  PixelSeries out;
  out.phase_rad.assign(plan.instants, kNone);
  out.sigma_rad.assign(plan.instants, kNone);
  out.part = tied.part;
  if (tied.parts == 0) return out;
  const EnvelopeFactor f = factor_normal_equations(plan, pairs.weight, tied.grounded);
  std::vector<double> x = right_of(plan, pairs);
  solve_by(plan, f, x);
  x.insert(x.begin(), 0.0);
  const bool absolute = norm == NetworkNorm::l1;
  if (absolute) least_absolute(plan, pairs, x);
  out.phase_rad = x;
  measure_fit(plan, pairs, tied, norm, out);
  const bool with_first = tied.part[0] != PartedCell::kNoPart;
  out.gaps = tied.parts - (with_first ? 1 : 0);
  if (bridge && out.gaps > 0) bridge_parts(tied, years, out.phase_rad);
  const std::vector<double> variance = inverse_diagonal(plan, f);
  const double scatter = (absolute ? kSigmaOfMean : 1.0) * out.unit_weight_sigma;
  for (std::size_t k = 0; k < plan.instants; ++k) {
    const bool at_first = with_first && tied.part[k] == tied.part[0];
    if (tied.part[k] == PartedCell::kNoPart || !(at_first || bridge)) out.phase_rad[k] = kNone;
    if (at_first) out.sigma_rad[k] = k == 0 ? 0.0 : scatter * std::sqrt(variance[k - 1]);
  }
  return out;
}

}  // namespace highwall
