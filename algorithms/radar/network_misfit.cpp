#include "algorithms/radar/network_misfit.hpp"

#include <algorithm>
#include <cmath>

namespace highwall {
namespace {

constexpr double kLeastCoherence = 0.05;
constexpr double kMostCoherence = 0.99;
/// Part of the largest weight that holds dates which nothing connects.
constexpr double kHold = 1e-9;

}  // namespace

double phase_weight(double coherence, double looks) noexcept {
  const double known = std::isnan(coherence) ? kLeastCoherence : std::clamp(coherence, kLeastCoherence, kMostCoherence);
  return 2.0 * (std::isnan(looks) ? 1.0 : looks) * known * known / (1.0 - known * known);
}

NetworkMisfit::NetworkMisfit(const InterferogramNetwork& network) : looks_(network.looks) {
  const auto dates = static_cast<Eigen::Index>(network.instants.size());
  std::vector<Eigen::Triplet<double>> entries;
  for (Eigen::Index d = 0; d < dates; ++d) entries.emplace_back(d, d, 1.0);
  for (const Interferogram& pair : network.pairs) {
    ends_.push_back({static_cast<Eigen::Index>(pair.first), static_cast<Eigen::Index>(pair.second)});
    entries.emplace_back(ends_.back().second, ends_.back().first, 1.0);
  }
  normal_.resize(dates, dates);
  normal_.setFromTriplets(entries.begin(), entries.end());
  const auto place = [&](Eigen::Index row, Eigen::Index col) { return &normal_.coeffRef(row, col) - normal_.valuePtr(); };
  for (Eigen::Index d = 0; d < dates; ++d) diagonal_.push_back(place(d, d));
  for (const Ends& e : ends_) place_.push_back(place(e.second, e.first));
  factor_.analyzePattern(normal_);
  phase_.resize(ends_.size());
  weight_.resize(ends_.size());
  gradient_.resize(ends_.size());
  right_.resize(dates);
}

std::size_t NetworkMisfit::set(std::span<const float> phase, std::span<const float> coherence, std::size_t stride,
                               std::span<const double> offset_rad) {
  std::size_t present = 0;
  for (std::size_t p = 0; p < ends_.size(); ++p) {
    const double value = double(phase[p * stride]) - offset_rad[p];
    const bool there = !std::isnan(value);
    phase_[p] = there ? value : 0.0;
    weight_[p] = !there ? 0.0 : coherence.empty() ? 1.0 : phase_weight(double(coherence[p * stride]), looks_);
    present += there ? 1U : 0U;
  }
  solve_normal();
  return present;
}

void NetworkMisfit::solve_normal() {
  double* value = normal_.valuePtr();
  std::fill_n(value, normal_.nonZeros(), 0.0);
  right_.setZero();
  for (std::size_t p = 0; p < ends_.size(); ++p) {
    if (weight_[p] == 0.0) continue;
    value[diagonal_[static_cast<std::size_t>(ends_[p].first)]] += weight_[p];
    value[diagonal_[static_cast<std::size_t>(ends_[p].second)]] += weight_[p];
    value[place_[p]] -= weight_[p];
    right_[ends_[p].first] -= weight_[p] * phase_[p];
    right_[ends_[p].second] += weight_[p] * phase_[p];
  }
  double largest = 0.0;
  for (const std::ptrdiff_t d : diagonal_) largest = std::max(largest, value[d]);
  for (const std::ptrdiff_t d : diagonal_) value[d] += kHold * std::max(largest, 1.0);
  factor_.factorize(normal_);
  solution_ = factor_.solve(right_);
  for (std::size_t p = 0; p < ends_.size(); ++p) {
    gradient_[p] = weight_[p] == 0.0 ? 0.0 : weight_[p] * (phase_[p] - (solution_[ends_[p].second] - solution_[ends_[p].first]));
  }
}

void NetworkMisfit::curvature(std::span<const std::uint32_t> pairs, std::vector<double>& out) {
  out.assign(pairs.size() * pairs.size(), 0.0);
  for (std::size_t a = 0; a < pairs.size(); ++a) {
    right_.setZero();
    right_[ends_[pairs[a]].first] = -1.0;
    right_[ends_[pairs[a]].second] = 1.0;
    solution_ = factor_.solve(right_);
    for (std::size_t b = 0; b < pairs.size(); ++b) {
      const Ends& e = ends_[pairs[b]];
      out[a * pairs.size() + b] =
          (a == b ? weight_[pairs[a]] : 0.0) - weight_[pairs[a]] * weight_[pairs[b]] * (solution_[e.second] - solution_[e.first]);
    }
  }
}

}  // namespace highwall
