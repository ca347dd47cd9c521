#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall::testing {

/// Acquisitions every 12 days and the pairs between them that are told by index.
inline InterferogramNetwork network_of(std::size_t instants, const std::vector<std::pair<std::size_t, std::size_t>>& pairs,
                                       std::size_t rows, std::size_t cols) {
  InterferogramNetwork n;
  n.geometry.rows = rows;
  n.geometry.cols = cols;
  for (std::size_t i = 0; i < instants; ++i) {
    n.instants.push_back(*parse_iso8601("2019-01-01") + days(12 * static_cast<std::int64_t>(i)));
  }
  for (const auto& [a, b] : pairs) n.pairs.push_back({a, b, std::to_string(a) + "_" + std::to_string(b), 0.0});
  n.wavelength_m = 0.05546576;
  n.metres_per_radian = -n.wavelength_m / (4.0 * M_PI);
  n.looks = 7.0;
  n.has_coherence = true;
  return n;
}

/// Every pair of at most `span` steps.
inline std::vector<std::pair<std::size_t, std::size_t>> pairs_up_to(std::size_t instants, std::size_t span) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < instants; ++i) {
    for (std::size_t k = 1; k <= span && i + k < instants; ++k) pairs.emplace_back(i, i + k);
  }
  return pairs;
}

/// Phase of a random walk with noise, coherence at random, some of it missing.
struct SimulatedPairs {
  std::vector<float> phase, coherence;  ///< Pair-major.
};

inline SimulatedPairs simulate_pairs(const InterferogramNetwork& n, double missing, double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const std::size_t cells = n.cells();
  std::vector<double> walk(n.instants.size() * cells, 0.0);
  for (std::size_t k = 1; k < n.instants.size(); ++k) {
    for (std::size_t c = 0; c < cells; ++c) walk[k * cells + c] = walk[(k - 1) * cells + c] + normal(random);
  }
  SimulatedPairs out;
  for (const Interferogram& p : n.pairs) {
    for (std::size_t c = 0; c < cells; ++c) {
      const double phase = walk[p.second * cells + c] - walk[p.first * cells + c] + noise * normal(random);
      out.phase.push_back(uniform(random) < missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(phase));
      out.coherence.push_back(static_cast<float>(uniform(random)));
    }
  }
  return out;
}

}  // namespace highwall::testing
