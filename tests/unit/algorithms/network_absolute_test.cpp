#include "algorithms/radar/network_absolute.hpp"

#include <coin/Clp_C_Interface.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cstring>
#include <memory>

#include "algorithms/radar/network_inversion.hpp"
#include "tests/support/networks.hpp"

namespace highwall {
namespace {

using testing::network_of;
using testing::pairs_up_to;
using testing::simulate_pairs;
using testing::SimulatedPairs;

InvertedTile invert_l1(const InterferogramNetwork& n, const SimulatedPairs& s, NetworkWeights weights, int threads = 1) {
  InversionOptions options;
  options.norm = NetworkNorm::l1;
  options.weights = weights;
  InvertedTile out;
  NetworkInversion(n, std::vector<double>(n.pairs.size(), 0.0), options)
      .invert({n.cells(), s.phase, s.coherence}, out, Run(threads));
  return out;
}

/// Sum of |residual| x root of weight, of one pixel.
double absolute_sum(const InterferogramNetwork& n, const SimulatedPairs& s, std::size_t cell, const std::vector<double>& weight,
                    const std::vector<double>& x) {
  double sum = 0.0;
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    const double phase = s.phase[p * n.cells() + cell];
    if (std::isnan(phase)) continue;
    sum += std::sqrt(weight[p]) * std::abs(phase - (x[n.pairs[p].second] - x[n.pairs[p].first]));
  }
  return sum;
}

/// The least that it can be: min sum c (u + v), x_second - x_first + u - v = phase, by Clp.
double least_sum(const InterferogramNetwork& n, const SimulatedPairs& s, std::size_t cell, const std::vector<double>& weight) {
  std::vector<CoinBigIndex> start{0};
  std::vector<int> index;
  std::vector<double> value, cost, lower, upper, right;
  std::vector<std::size_t> rows;
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    if (!std::isnan(s.phase[p * n.cells() + cell])) rows.push_back(p);
  }
  for (const std::size_t p : rows) right.push_back(s.phase[p * n.cells() + cell]);
  const auto end_column = [&](double c, double least) {
    start.push_back(static_cast<CoinBigIndex>(index.size()));
    cost.push_back(c);
    lower.push_back(least);
    upper.push_back(1e30);
  };
  for (std::size_t k = 1; k < n.instants.size(); ++k) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const Interferogram& pair = n.pairs[rows[r]];
      if (pair.first != k && pair.second != k) continue;
      index.push_back(static_cast<int>(r));
      value.push_back(pair.second == k ? 1.0 : -1.0);
    }
    end_column(0.0, -1e30);
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const double sign : {1.0, -1.0}) {
      index.push_back(static_cast<int>(r));
      value.push_back(sign);
      end_column(std::sqrt(weight[rows[r]]), 0.0);
    }
  }
  const std::unique_ptr<Clp_Simplex, void (*)(Clp_Simplex*)> model(Clp_newModel(), Clp_deleteModel);
  Clp_setLogLevel(model.get(), 0);
  Clp_loadProblem(model.get(), static_cast<int>(cost.size()), static_cast<int>(rows.size()), start.data(), index.data(),
                  value.data(), lower.data(), upper.data(), cost.data(), right.data(), right.data());
  Clp_primal(model.get(), 0);
  EXPECT_EQ(Clp_status(model.get()), 0);
  return Clp_objectiveValue(model.get());
}

TEST(LeastAbsolute, IsTheLinearProgramsOptimum) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const std::size_t instants = 4 + 6 * seed;
    const InterferogramNetwork n = network_of(instants, pairs_up_to(instants, 1 + seed % 4), 1, 12);
    const SimulatedPairs s = simulate_pairs(n, seed % 2 == 0 ? 0.1 : 0.0, 0.5, seed);
    const NetworkWeights kind = seed % 2 == 0 ? NetworkWeights::coherence : NetworkWeights::none;
    const InvertedTile out = invert_l1(n, s, kind);
    for (std::size_t cell = 0; cell < n.cells(); ++cell) {
      if (out.gaps[cell] != 0) continue;  // What no pair ties has no optimum.
      std::vector<double> weight, x;
      for (std::size_t p = 0; p < n.pairs.size(); ++p) {
        const float c = s.coherence[p * n.cells() + cell];
        weight.push_back(kind == NetworkWeights::none ? 1.0 : std::max(c, 0.05F));
      }
      bool whole = true;
      for (std::size_t k = 0; k < instants; ++k) {
        x.push_back(out.displacement_m[k * n.cells() + cell] / n.metres_per_radian);
        whole = whole && std::isfinite(x.back());
      }
      if (!whole) continue;
      const double least = least_sum(n, s, cell, weight);
      // Displacements are in single precision.
      EXPECT_NEAR(absolute_sum(n, s, cell, weight, x), least, 2e-5 * (1.0 + least)) << "seed " << seed << " cell " << cell;
    }
  }
}

TEST(LeastAbsolute, IsNotMovedByWholeCyclesWhereLeastSquaresAre) {
  const InterferogramNetwork n = network_of(20, pairs_up_to(20, 4), 1, 8);
  SimulatedPairs s = simulate_pairs(n, 0.0, 0.0, 3);
  const InvertedTile truth = invert_l1(n, s, NetworkWeights::none);
  for (const std::size_t pair : {std::size_t{5}, std::size_t{22}, std::size_t{47}}) {
    for (std::size_t c = 0; c < n.cells(); ++c) s.phase[pair * n.cells() + c] += static_cast<float>(2.0 * M_PI);
  }
  const InvertedTile l1 = invert_l1(n, s, NetworkWeights::none);
  InversionOptions squares;
  squares.weights = NetworkWeights::none;
  InvertedTile l2;
  NetworkInversion(n, std::vector<double>(n.pairs.size(), 0.0), squares).invert({n.cells(), s.phase, {}}, l2, highwall::Run(1));
  double off_l1 = 0.0, off_l2 = 0.0;
  for (std::size_t k = 0; k < truth.displacement_m.size(); ++k) {
    off_l1 = std::max<double>(off_l1, std::abs(l1.displacement_m[k] - truth.displacement_m[k]));
    off_l2 = std::max<double>(off_l2, std::abs(l2.displacement_m[k] - truth.displacement_m[k]));
  }
  EXPECT_LT(off_l1, 1e-7);
  EXPECT_GT(off_l2, 1e-3);
}

TEST(LeastAbsolute, SigmaIsWhatItScattersBy) {
  // 2000 pixels of the same truth: none moves, noise of 0.3 rad. Least absolute residuals of few pairs scatter a little less than
  // those of many.
  const InterferogramNetwork n = network_of(12, pairs_up_to(12, 5), 40, 50);
  SimulatedPairs s = simulate_pairs(n, 0.0, 0.3, 5);
  const SimulatedPairs still = simulate_pairs(n, 0.0, 0.0, 5);
  const InvertedTile out = invert_l1(n, s, NetworkWeights::none);
  const InvertedTile walk = invert_l1(n, still, NetworkWeights::none);
  double squares = 0.0, stated = 0.0;
  const std::size_t last = (n.instants.size() - 1) * n.cells();
  for (std::size_t c = 0; c < n.cells(); ++c) {
    const double off = out.displacement_m[last + c] - walk.displacement_m[last + c];
    squares += off * off;
    stated += static_cast<double>(out.sigma_m[last + c]) * out.sigma_m[last + c];
  }
  EXPECT_NEAR(std::sqrt(stated / squares), 1.0, 0.15);
}

TEST(LeastAbsolute, GivesTheSameBitsOnAnyThreadsAndTakesGaps) {
  InterferogramNetwork n = network_of(14, pairs_up_to(14, 2), 10, 10);
  SimulatedPairs s = simulate_pairs(n, 0.3, 0.2, 9);
  const InvertedTile one = invert_l1(n, s, NetworkWeights::variance, 1);
  std::size_t bridged = 0;
  for (std::size_t c = 0; c < n.cells(); ++c) bridged += one.gaps[c] > 0 ? 1 : 0;
  EXPECT_GT(bridged, 0u);
  for (const int threads : {2, 4}) {
    const InvertedTile other = invert_l1(n, s, NetworkWeights::variance, threads);
    const std::size_t bytes = one.displacement_m.size() * sizeof(float);
    EXPECT_EQ(std::memcmp(one.displacement_m.data(), other.displacement_m.data(), bytes), 0);
    EXPECT_EQ(std::memcmp(one.sigma_m.data(), other.sigma_m.data(), bytes), 0);
  }
}

}  // namespace
}  // namespace highwall
