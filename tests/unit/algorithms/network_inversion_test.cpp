#include "algorithms/radar/network_inversion.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cstring>

#include "algorithms/radar/network_kernel.hpp"
#include "algorithms/radar/phase_variance.hpp"
#include "core/error.hpp"
#include "tests/support/networks.hpp"

namespace highwall {
namespace {

using testing::network_of;
using testing::pairs_up_to;
using testing::simulate_pairs;
using testing::SimulatedPairs;

InvertedTile invert(const InterferogramNetwork& n, const SimulatedPairs& s, const InversionOptions& options, int threads = 1) {
  const std::vector<double> zero(n.pairs.size(), 0.0);
  const NetworkInversion inversion(n, zero, options);
  InvertedTile out;
  inversion.invert({n.cells(), s.phase, s.coherence}, out, Run(threads));
  return out;
}

/// The same pixel by a dense matrix in double, of the instants that pairs tie to the first.
struct Dense {
  Eigen::VectorXd x, sigma;
  double temporal_coherence = 0.0, unit = 0.0;
};

Dense solve_dense(const InterferogramNetwork& n, const SimulatedPairs& s, std::size_t cell, NetworkWeights weights) {
  static const PhaseVarianceTable table(n.looks);  // All networks here have 7 looks.
  std::vector<Eigen::Index> rows;
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    if (!std::isnan(s.phase[p * n.cells() + cell])) rows.push_back(static_cast<Eigen::Index>(p));
  }
  const auto unknowns = static_cast<Eigen::Index>(n.instants.size()) - 1;
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(rows.size()), unknowns);
  Eigen::VectorXd d(a.rows()), w(a.rows());
  for (Eigen::Index r = 0; r < a.rows(); ++r) {
    const auto p = static_cast<std::size_t>(rows[static_cast<std::size_t>(r)]);
    if (n.pairs[p].first > 0) a(r, static_cast<Eigen::Index>(n.pairs[p].first) - 1) = -1.0;
    a(r, static_cast<Eigen::Index>(n.pairs[p].second) - 1) = 1.0;
    d[r] = s.phase[p * n.cells() + cell];
    const float c = s.coherence[p * n.cells() + cell];
    w[r] = weights == NetworkWeights::none        ? 1.0
           : weights == NetworkWeights::coherence ? std::max(0.05, static_cast<double>(c))
                                                  : 1.0 / table.variance_rad2(PhaseVarianceTable::bin_of(c));
  }
  const Eigen::MatrixXd scaled = w.cwiseSqrt().asDiagonal() * a;
  Dense out;
  out.x = scaled.completeOrthogonalDecomposition().solve(w.cwiseSqrt().cwiseProduct(d));
  const Eigen::VectorXd e = d - a * out.x;
  std::complex<double> sum = 0.0;
  for (const double r : e) sum += std::polar(1.0, r);
  out.temporal_coherence = std::abs(sum) / static_cast<double>(a.rows());
  out.unit = std::sqrt(e.dot(w.cwiseProduct(e)) / static_cast<double>(a.rows() - unknowns));
  out.sigma = (scaled.transpose() * scaled).inverse().diagonal().cwiseSqrt() * out.unit;
  return out;
}

/// Largest difference from the dense answers over the largest of them, of pixels without gaps.
void expect_like_dense(const InterferogramNetwork& n, const SimulatedPairs& s, NetworkWeights weights, double tolerance) {
  InversionOptions options;
  options.weights = weights;
  const InvertedTile out = invert(n, s, options);
  double off = 0.0, largest = 0.0, off_sigma = 0.0, largest_sigma = 0.0, off_coherence = 0.0, off_unit = 0.0;
  std::size_t compared = 0;
  for (std::size_t c = 0; c < n.cells(); ++c) {
    if (out.gaps[c] != 0 || std::isnan(out.displacement_m[c])) continue;
    bool whole = true;
    for (std::size_t k = 0; k < n.instants.size(); ++k) whole = whole && !std::isnan(out.displacement_m[k * n.cells() + c]);
    if (!whole) continue;
    ++compared;
    const Dense dense = solve_dense(n, s, c, weights);
    EXPECT_EQ(out.displacement_m[c], 0.0F);
    EXPECT_EQ(out.sigma_m[c], 0.0F);
    off_coherence = std::max(off_coherence, std::abs(out.temporal_coherence[c] - dense.temporal_coherence));
    const bool redundant = out.pairs[c] >= n.instants.size();
    EXPECT_EQ(std::isnan(out.unit_weight_sigma[c]), !redundant);
    if (redundant) off_unit = std::max(off_unit, std::abs(out.unit_weight_sigma[c] / dense.unit - 1.0));
    for (std::size_t k = 1; k < n.instants.size(); ++k) {
      const auto i = static_cast<Eigen::Index>(k) - 1;
      const double x = dense.x[i] * n.metres_per_radian;
      off = std::max(off, std::abs(out.displacement_m[k * n.cells() + c] - x));
      largest = std::max(largest, std::abs(x));
      if (!redundant) continue;
      const double sigma = dense.sigma[i] * std::abs(n.metres_per_radian);
      off_sigma = std::max(off_sigma, std::abs(out.sigma_m[k * n.cells() + c] - sigma));
      largest_sigma = std::max(largest_sigma, sigma);
    }
  }
  EXPECT_GT(compared, n.cells() / 2);
  EXPECT_LT(off, tolerance * largest);
  EXPECT_LT(off_coherence, 1e-6);
  // Formal sigmas are in single precision without refinement.
  EXPECT_LE(off_sigma, 1e-3 * largest_sigma);
  EXPECT_LT(off_unit, 1e-4);
}

TEST(NetworkInversion, IsWhatADenseMatrixSays) {
  for (const NetworkWeights w : {NetworkWeights::none, NetworkWeights::coherence, NetworkWeights::variance}) {
    for (const double missing : {0.0, 0.02, 0.15}) {
      const InterferogramNetwork n = network_of(30, pairs_up_to(30, 4), 7, 13);
      SCOPED_TRACE(::testing::Message() << name_of(w) << ", missing " << missing);
      expect_like_dense(n, simulate_pairs(n, missing, 0.5, 1), w, w == NetworkWeights::none && missing == 0.0 ? 2e-7 : 1e-6);
    }
  }
}

TEST(NetworkInversion, TakesNetworksOfAnyShape) {
  std::vector<std::pair<std::size_t, std::size_t>> star, ring = pairs_up_to(24, 1), all = pairs_up_to(15, 14);
  for (std::size_t k = 0; k < 24; ++k) {
    if (k != 11) star.emplace_back(std::min<std::size_t>(k, 11), std::max<std::size_t>(k, 11));
  }
  ring.emplace_back(0, 23);
  auto years = pairs_up_to(60, 2);
  for (std::size_t k = 0; k + 30 < 60; ++k) years.emplace_back(k, k + 30);
  const std::vector<std::pair<std::size_t, std::vector<std::pair<std::size_t, std::size_t>>>> networks{
      {24, star}, {24, ring}, {15, all}, {60, years}, {24, pairs_up_to(24, 1)}, {2, {{0, 1}}}};
  for (const auto& [instants, pairs] : networks) {
    const InterferogramNetwork n = network_of(instants, pairs, 5, 9);
    SCOPED_TRACE(::testing::Message() << instants << " instants, " << pairs.size() << " pairs");
    for (const NetworkWeights w : {NetworkWeights::none, NetworkWeights::variance}) {
      expect_like_dense(n, simulate_pairs(n, 0.0, 0.3, 2), w, 1e-6);
    }
  }
}

TEST(NetworkInversion, GivesTheSameBitsOnAnyThreadsAndInstructions) {
  const InterferogramNetwork n = network_of(40, pairs_up_to(40, 3), 37, 41);
  const SimulatedPairs s = simulate_pairs(n, 0.05, 0.5, 3);
  for (const NetworkWeights w : {NetworkWeights::none, NetworkWeights::coherence, NetworkWeights::variance}) {
    InversionOptions options;
    options.weights = w;
    const InvertedTile once = invert(n, s, options);
    const auto same = [&](const InvertedTile& other) {
      const auto equal = [](const auto& a, const auto& b) {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
      };
      return equal(once.displacement_m, other.displacement_m) && equal(once.sigma_m, other.sigma_m) &&
             equal(once.temporal_coherence, other.temporal_coherence) && equal(once.unit_weight_sigma, other.unit_weight_sigma) &&
             equal(once.pairs, other.pairs) && equal(once.gaps, other.gaps);
    };
    for (const int threads : {2, 3, 7}) EXPECT_TRUE(same(invert(n, s, options, threads))) << threads << " threads";
    std::size_t kernels = 0;
    for (const NetworkKernel& kernel : network_kernels()) {
      ASSERT_TRUE(use_network_kernel(kernel.name));
      EXPECT_TRUE(same(invert(n, s, options))) << kernel.name;
      ++kernels;
    }
    use_network_kernel("");
    EXPECT_GE(kernels, 2U);
    // A pixel does not know its neighbours: the same when it comes alone.
    const InterferogramNetwork one = network_of(40, pairs_up_to(40, 3), 1, 1);
    for (const std::size_t cell : {0U, 700U, 1516U}) {
      SimulatedPairs alone;
      for (std::size_t p = 0; p < n.pairs.size(); ++p) {
        alone.phase.push_back(s.phase[p * n.cells() + cell]);
        alone.coherence.push_back(s.coherence[p * n.cells() + cell]);
      }
      const InvertedTile out = invert(one, alone, options);
      for (std::size_t k = 0; k < 40; ++k) {
        EXPECT_EQ(std::memcmp(&out.displacement_m[k], &once.displacement_m[k * n.cells() + cell], sizeof(float)), 0);
      }
    }
  }
}

/// Two runs of instants that no pair ties together: 0..9 and 10..19, and the pixel moves along a line.
TEST(NetworkInversion, BridgesAGapAlongALineAndSaysSo) {
  auto pairs = pairs_up_to(10, 3);
  for (const auto& [a, b] : pairs_up_to(10, 3)) pairs.emplace_back(a + 10, b + 10);
  const InterferogramNetwork n = network_of(20, pairs, 1, 1);
  SimulatedPairs s;
  for (const auto& [a, b] : pairs) {
    s.phase.push_back(0.25F * static_cast<float>(b - a));
    s.coherence.push_back(0.7F);
  }
  InversionOptions options;
  for (const NetworkWeights w : {NetworkWeights::none, NetworkWeights::variance}) {
    options.weights = w;
    options.gaps = NetworkGaps::bridge;
    const InvertedTile out = invert(n, s, options);
    EXPECT_EQ(out.gaps[0], 1);
    ASSERT_EQ(out.parted.size(), 1U);
    EXPECT_EQ(out.parted[0].part[9], 0);
    EXPECT_EQ(out.parted[0].part[10], 1);
    EXPECT_NEAR(out.temporal_coherence[0], 1.0, 1e-6);
    // Calendar years count days by 365.25 from each New Year: a line in them is one of days to a third of a per cent.
    for (std::size_t k = 0; k < 20; ++k) {
      EXPECT_NEAR(out.displacement_m[k], 0.25 * static_cast<double>(k) * n.metres_per_radian, 2e-5) << k;
      EXPECT_EQ(std::isnan(out.sigma_m[k]), k >= 10) << k;
    }
    options.gaps = NetworkGaps::leave;
    const InvertedTile left = invert(n, s, options);
    EXPECT_EQ(left.gaps[0], 1);
    for (std::size_t k = 0; k < 20; ++k) EXPECT_EQ(std::isnan(left.displacement_m[k]), k >= 10) << k;
  }
  EXPECT_EQ(NetworkInversion(n, std::vector<double>(pairs.size(), 0.0), options).rank(), 18U);
}

TEST(NetworkInversion, BridgesAsAStraightLineOfVanishingWeight) {
  const InterferogramNetwork n = network_of(16, pairs_up_to(16, 3), 1, 1);
  SimulatedPairs s = simulate_pairs(n, 0.0, 0.4, 4);
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    const bool across = (n.pairs[p].first < 5) != (n.pairs[p].second < 5) || (n.pairs[p].first < 11) != (n.pairs[p].second < 11);
    if (across) s.phase[p] = std::numeric_limits<float>::quiet_NaN();
  }
  InversionOptions options;
  options.weights = NetworkWeights::coherence;
  const InvertedTile out = invert(n, s, options);
  EXPECT_EQ(out.gaps[0], 2);
  // Dense: pairs, and beside them x_k = v t_k + c with a tiny weight.
  const NetworkInversion inversion(n, std::vector<double>(n.pairs.size(), 0.0), options);
  std::vector<Eigen::RowVectorXd> rows;
  std::vector<double> right;
  const double tiny = 1e-5;
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    if (std::isnan(s.phase[p])) continue;
    const double w = std::sqrt(std::max(0.05F, s.coherence[p]));
    Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(18);
    row[static_cast<Eigen::Index>(n.pairs[p].first)] = -w;
    row[static_cast<Eigen::Index>(n.pairs[p].second)] = w;
    rows.push_back(row);
    right.push_back(w * s.phase[p]);
  }
  for (Eigen::Index k = 0; k < 16; ++k) {
    Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(18);
    row[k] = tiny;
    row[16] = -tiny * (inversion.years()[static_cast<std::size_t>(k)] - inversion.years()[0]);
    row[17] = -tiny;
    rows.push_back(row);
    right.push_back(0.0);
  }
  Eigen::MatrixXd a(static_cast<Eigen::Index>(rows.size()) + 1, 18);
  for (std::size_t r = 0; r < rows.size(); ++r) a.row(static_cast<Eigen::Index>(r)) = rows[r];
  a.bottomRows(1) = Eigen::RowVectorXd::Unit(18, 0);
  Eigen::VectorXd d(a.rows());
  for (std::size_t r = 0; r < right.size(); ++r) d[static_cast<Eigen::Index>(r)] = right[r];
  d[d.size() - 1] = 0.0;
  const Eigen::VectorXd x = a.colPivHouseholderQr().solve(d);
  for (std::size_t k = 0; k < 16; ++k) {
    EXPECT_NEAR(out.displacement_m[k] / n.metres_per_radian, x[static_cast<Eigen::Index>(k)], 2e-5) << k;
  }
}

TEST(NetworkInversion, GivesNoValueWhereNoPairIs) {
  const InterferogramNetwork n = network_of(12, pairs_up_to(12, 2), 1, 3);
  SimulatedPairs s = simulate_pairs(n, 0.0, 0.2, 5);
  const float none = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    s.phase[p * 3] = none;                                                           // Nothing at all.
    if (n.pairs[p].first == 6 || n.pairs[p].second == 6) s.phase[p * 3 + 1] = none;  // Instant 6 unseen.
    if (n.pairs[p].first == 0) s.phase[p * 3 + 2] = none;                            // The first one unseen.
  }
  const InvertedTile out = invert(n, s, {});
  ASSERT_EQ(out.parted.size(), 3U);
  EXPECT_EQ(out.pairs[0], 0);
  EXPECT_TRUE(std::isnan(out.temporal_coherence[0]));
  EXPECT_EQ(out.gaps[1], 0);
  EXPECT_EQ(out.gaps[2], 1);
  for (std::size_t k = 0; k < 12; ++k) {
    EXPECT_TRUE(std::isnan(out.displacement_m[k * 3]));
    EXPECT_EQ(std::isnan(out.displacement_m[k * 3 + 1]), k == 6) << k;
    EXPECT_EQ(std::isnan(out.displacement_m[k * 3 + 2]), k == 0) << k;
  }
}

TEST(NetworkInversion, TakesInfinityForNoPhase) {
  const InterferogramNetwork n = network_of(12, pairs_up_to(12, 3), 1, 2);
  SimulatedPairs s = simulate_pairs(n, 0.0, 0.2, 6);
  for (const NetworkWeights w : {NetworkWeights::none, NetworkWeights::coherence}) {
    InversionOptions options;
    options.weights = w;
    SimulatedPairs infinite = s, missing = s;
    infinite.phase[2 * 5] = std::numeric_limits<float>::infinity();
    missing.phase[2 * 5] = std::numeric_limits<float>::quiet_NaN();
    const InvertedTile a = invert(n, infinite, options), b = invert(n, missing, options);
    EXPECT_EQ(a.displacement_m, b.displacement_m);
    EXPECT_EQ(a.pairs, b.pairs);
    EXPECT_EQ(a.pairs[0] + 1, a.pairs[1]);
  }
}

TEST(NetworkInversion, FindsTiesThatOnlyLaterInstantsMake) {
  // 1 hangs on 2, 2 on 3, and only 3 on 0.
  const InterferogramNetwork n = network_of(4, {{0, 3}, {1, 2}, {2, 3}}, 1, 1);
  SimulatedPairs s{{3.0F, 1.0F, 1.0F}, {0.5F, 0.5F, 0.5F}};
  const InvertedTile out = invert(n, s, {});
  EXPECT_EQ(out.gaps[0], 0);
  EXPECT_TRUE(out.parted.empty());
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(out.displacement_m[k], static_cast<double>(k) * n.metres_per_radian, 1e-8);
  }
}

TEST(NetworkInversion, SaysWhatItsWeightsLack) {
  InterferogramNetwork n = network_of(4, pairs_up_to(4, 2), 1, 1);
  const std::vector<double> zero(n.pairs.size(), 0.0);
  InversionOptions options;
  EXPECT_EQ(NetworkInversion(n, zero, options).weights(), NetworkWeights::variance);
  n.looks = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(NetworkInversion(n, zero, options).weights(), NetworkWeights::coherence);
  options.weights = NetworkWeights::variance;
  EXPECT_THROW(NetworkInversion(n, zero, options), Error);
  n.looks = 3.0;
  EXPECT_EQ(NetworkInversion(n, zero, options).weights(), NetworkWeights::variance);
  n.has_coherence = false;
  EXPECT_THROW(NetworkInversion(n, zero, options), Error);
  options.weights = NetworkWeights::automatic;
  EXPECT_EQ(NetworkInversion(n, zero, options).weights(), NetworkWeights::none);
}

/// Numbers of MintPy 1.6.4, mintpy.simulation.decorrelation.phase_variance_ds.
TEST(PhaseVariance, IsThatOfMintPy) {
  struct Known {
    double looks;
    std::size_t bin;
    double variance;
  };
  for (const Known& k : {Known{1, 0, 3.3149263949375776}, Known{1, 100, 1.7883493310306233}, Known{7, 9, 2.886410819846453},
                         Known{7, 100, 0.35577610825308115}, Known{7, 199, 0.00042893473348957887},
                         Known{20, 150, 0.02051247840698048}, Known{80, 10, 1.8171471521807756}}) {
    EXPECT_NEAR(PhaseVarianceTable(k.looks).variance_rad2(k.bin) / k.variance, 1.0, 1e-9) << k.looks << " " << k.bin;
  }
  EXPECT_EQ(PhaseVarianceTable(6.6).looks(), 7);
  EXPECT_EQ(PhaseVarianceTable(500.0).looks(), 80);
  EXPECT_EQ(PhaseVarianceTable::bin_of(0.0F), PhaseVarianceTable::bin_of(0.05F));
  EXPECT_EQ(PhaseVarianceTable::bin_of(std::numeric_limits<float>::quiet_NaN()), PhaseVarianceTable::bin_of(0.05F));
}

}  // namespace
}  // namespace highwall
