// The parts of the closure correction, each against a plain search or a dense solution.
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include "algorithms/radar/cycle_gauge.hpp"
#include "algorithms/radar/cycle_map.hpp"
#include "algorithms/radar/loop_program.hpp"
#include "algorithms/radar/min_cut.hpp"
#include "algorithms/radar/network_misfit.hpp"
#include "core/error.hpp"
#include "tests/support/closure_networks.hpp"

namespace highwall {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(MinCut, CostsWhatTheBestOfAllLabellingsCosts) {
  std::mt19937 generator(3);
  std::uniform_int_distribution<int> price(-9, 9);
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t n = 1 + generator() % 10;
    std::vector<std::int64_t> node(n);
    std::vector<std::array<std::int64_t, 3>> edges;
    MinCut cut(n);
    for (std::size_t i = 0; i < n; ++i) {
      node[i] = price(generator);
      cut.add_price(i, node[i]);
      for (std::size_t j = 0; j < i; ++j) {
        if (generator() % 2 == 0) continue;
        edges.push_back({std::int64_t(i), std::int64_t(j), std::abs(price(generator))});
        cut.add_edge(i, j, edges.back()[2]);
      }
    }
    const auto cost = [&](auto label) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += label(i) ? node[i] : 0;
      for (const auto& [a, b, p] : edges) sum += label(std::size_t(a)) != label(std::size_t(b)) ? p : 0;
      return sum;
    };
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    std::size_t fewest = n;
    for (unsigned bits = 0; bits < (1U << n); ++bits) {
      const std::int64_t c = cost([&](std::size_t i) { return ((bits >> i) & 1U) != 0; });
      const auto ones = static_cast<std::size_t>(std::popcount(bits));
      if (c < best || (c == best && ones < fewest)) best = c, fewest = ones;
    }
    const std::vector<std::uint8_t> label = cut.solve();
    EXPECT_EQ(cost([&](std::size_t i) { return label[i] != 0; }), best);
    EXPECT_EQ(static_cast<std::size_t>(std::count(label.begin(), label.end(), 1)), fewest);
  }
}

/// All U in {-2..2}^pairs of least cost for these closures.
std::vector<std::vector<int>> best_cycles(const std::vector<Triangle>& triangles, std::size_t pairs,
                                          const std::vector<int>& closure, const std::vector<std::uint8_t>& absent, int price) {
  std::vector<std::vector<int>> best;
  int least = std::numeric_limits<int>::max();
  std::vector<int> u(pairs, -2);
  while (true) {
    int cost = 0;
    for (const int n : u) cost += std::abs(n);
    for (std::size_t t = 0; t < triangles.size() && cost <= least; ++t) {
      if (absent[t] != 0) continue;
      cost += price * std::abs(closure[t] + u[triangles[t].ij] + u[triangles[t].jk] - u[triangles[t].ik]);
    }
    if (cost < least) best.clear(), least = cost;
    if (cost == least) best.push_back(u);
    std::size_t p = 0;
    while (p < pairs && u[p] == 2) u[p++] = -2;
    if (p == pairs) return best;
    ++u[p];
  }
}

TEST(LoopSolver, FindsWhatAFullSearchFinds) {
  std::mt19937 generator(5);
  for (int trial = 0; trial < 60; ++trial) {
    const InterferogramNetwork network =
        span_network(1, 1, 5, trial % 3 == 0 ? std::vector<std::size_t>{1, 2, 4} : std::vector<std::size_t>{1, 2});
    const std::vector<Triangle> triangles = triangles_of(network);
    const std::size_t pairs = network.pairs.size();
    std::vector<int> jump(pairs, 0);
    for (int& n : jump) n = generator() % 4 == 0 ? int(generator() % 3) - 1 : 0;
    std::vector<int> closure;
    std::vector<LoopCycles> open;
    std::vector<std::uint8_t> absent(triangles.size(), 0);
    for (std::uint32_t t = 0; t < triangles.size(); ++t) {
      int c = jump[triangles[t].ij] + jump[triangles[t].jk] - jump[triangles[t].ik];
      if (generator() % 10 == 0) c += 1;  // Noise: no cycles of interferograms explain it alone.
      if (generator() % 8 == 0) absent[t] = 1;
      closure.push_back(c);
      if (c != 0 && absent[t] == 0) open.push_back({t, c});
    }
    LoopSolver solver(triangles, pairs, 2.0);
    std::map<std::uint32_t, PairCycles> found;
    for (const PairCycles& p : solver.solve(open, absent)) found[p.pair] = p;
    const std::vector<std::vector<int>> best = best_cycles(triangles, pairs, closure, absent, 2);
    for (std::uint32_t p = 0; p < pairs; ++p) {
      std::set<int> values;
      for (const std::vector<int>& u : best) values.insert(u[p]);
      const bool unique = values.size() == 1;
      if (unique && values.contains(0)) {
        EXPECT_FALSE(found.contains(p)) << trial << " pair " << p;
      } else if (found.contains(p)) {
        EXPECT_EQ(found[p].unique, unique) << trial << " pair " << p;
        if (unique) {
          EXPECT_EQ(found[p].cycles, *values.begin());
        }
      } else {
        // Of equal solutions those with cycles of interferograms in closed loops only need not be named.
        EXPECT_TRUE(values.contains(0)) << trial << " pair " << p;
        EXPECT_TRUE(std::none_of(open.begin(), open.end(),
                                 [&](const LoopCycles& loop) {
                                   const Triangle& t = triangles[loop.triangle];
                                   return t.ij == p || t.jk == p || t.ik == p;
                                 }))
            << trial << " pair " << p;
      }
    }
  }
}

TEST(LoopSolver, RemembersPatterns) {
  const InterferogramNetwork network = span_network(1, 1, 30, {1, 2, 3});
  const std::vector<Triangle> triangles = triangles_of(network);
  LoopSolver solver(triangles, network.pairs.size(), 2.0);
  const std::uint32_t early = solver.loops_of(5).front();
  const std::vector<std::uint8_t> absent(triangles.size(), 0);
  for (int i = 0; i < 3; ++i) solver.solve(std::vector<LoopCycles>{{early, 1}}, absent);
  EXPECT_EQ(solver.programs(), 1U);
  // Two patterns far apart are solved one by one, and the first is known.
  const std::uint32_t late = static_cast<std::uint32_t>(triangles.size()) - 2;
  solver.solve(std::vector<LoopCycles>{{early, 1}, {late, 1}}, absent);
  EXPECT_EQ(solver.programs(), 2U);
}

TEST(LoopSolver, LeavesPatternsOfNoiseAlone) {
  const InterferogramNetwork network = span_network(1, 1, 40, {1, 2, 3});
  const std::vector<Triangle> triangles = triangles_of(network);
  LoopSolver solver(triangles, network.pairs.size(), 2.0);
  const std::vector<std::uint8_t> absent(triangles.size(), 0);
  const std::uint32_t pair = 30;
  std::vector<LoopCycles> error;  // What a cycle too many in one interferogram opens.
  for (const std::uint32_t t : solver.loops_of(pair)) error.push_back({t, triangles[t].ik == pair ? -1 : 1});
  std::vector<std::uint32_t> numbers;
  solver.note(error, absent, numbers);
  ASSERT_EQ(numbers.size(), 1U);
  // While patterns are few, one that occurs once is solved.
  ASSERT_EQ(solver.solution(numbers[0]).size(), 1U);
  EXPECT_EQ(solver.solution(numbers[0])[0].pair, pair);
  EXPECT_EQ(solver.solution(numbers[0])[0].cycles, -1);
  solver.forget();
  numbers.clear();
  for (std::int32_t n = 1; n <= 100; ++n) {
    for (std::uint32_t t = 0; t < 60; ++t) solver.note(std::vector<LoopCycles>{{t, n}}, absent, numbers);
  }
  for (int i = 0; i < 3; ++i) solver.note(error, absent, numbers);
  ASSERT_EQ(numbers.size(), 6003U);
  EXPECT_EQ(numbers[6000], numbers[6002]);
  const std::size_t before = solver.programs();
  EXPECT_TRUE(solver.solution(numbers[17]).empty());
  ASSERT_EQ(solver.solution(numbers[6000]).size(), 1U);
  EXPECT_EQ(solver.solution(numbers[6000])[0].pair, pair);
  EXPECT_EQ(solver.programs(), before);  // It was known.
  // Open nearly everywhere.
  std::vector<LoopCycles> noise;
  for (std::uint32_t t = 0; t < triangles.size(); ++t) noise.push_back({t, 1});
  numbers.clear();
  solver.note(noise, absent, numbers);
  EXPECT_TRUE(numbers.empty());
}

TEST(NetworkMisfit, ChangesAsADenseSolutionSays) {
  const InterferogramNetwork network = [] {
    InterferogramNetwork n = span_network(1, 1, 9, {1, 2, 5});
    n.has_coherence = true;
    return n;
  }();
  const std::size_t pairs = network.pairs.size();
  std::mt19937 generator(9);
  std::normal_distribution<float> normal;
  std::vector<float> phase(pairs);
  std::vector<float> coherence(pairs);
  for (std::size_t p = 0; p < pairs; ++p) {
    phase[p] = 3.0F * normal(generator);
    coherence[p] = 0.2F + 0.6F * static_cast<float>(generator() % 100) / 100.0F;
  }
  phase[4] = kNaN;
  const std::vector<double> offset(pairs, 0.25);
  const auto misfit = [&](const std::vector<int>& u) {
    Eigen::MatrixXd a = Eigen::MatrixXd::Zero(Eigen::Index(pairs), 8);
    Eigen::VectorXd y = Eigen::VectorXd::Zero(Eigen::Index(pairs));
    for (std::size_t p = 0; p < pairs; ++p) {
      if (std::isnan(phase[p])) continue;
      const auto row = static_cast<Eigen::Index>(p);
      const double root = std::sqrt(phase_weight(double(coherence[p]), 7.0));
      if (network.pairs[p].first > 0) a(row, Eigen::Index(network.pairs[p].first) - 1) = -root;
      a(row, Eigen::Index(network.pairs[p].second) - 1) = root;
      y[row] = root * (double(phase[p]) - 0.25 + 2.0 * std::numbers::pi * u[p]);
    }
    return 0.5 * (y - a * a.colPivHouseholderQr().solve(y)).squaredNorm();
  };
  NetworkMisfit model(network);
  EXPECT_EQ(model.set(phase, coherence, 1, offset), pairs - 1);
  const std::vector<std::uint32_t> some{0, 3, 4, 7};
  std::vector<double> curvature;
  model.curvature(some, curvature);
  const double before = misfit(std::vector<int>(pairs, 0));
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<int> u(pairs, 0);
    double expected = 0.0;
    constexpr double kCycle = 2.0 * std::numbers::pi;
    for (const std::uint32_t p : some) u[p] = int(generator() % 5) - 2;
    for (std::size_t i = 0; i < some.size(); ++i) {
      expected += kCycle * model.gradient()[some[i]] * u[some[i]];
      for (std::size_t j = 0; j < some.size(); ++j) {
        expected += 0.5 * kCycle * kCycle * curvature[i * some.size() + j] * u[some[i]] * u[some[j]];
      }
    }
    EXPECT_NEAR(misfit(u) - before, expected, 1e-6 * (1.0 + std::abs(expected)));
  }
}

TEST(PhaseWeight, GrowsWithCoherenceAndHasNoInfinity) {
  EXPECT_DOUBLE_EQ(phase_weight(0.6, 5.0), 2.0 * 5.0 * 0.36 / 0.64);
  EXPECT_EQ(phase_weight(double(kNaN), 5.0), phase_weight(0.0, 5.0));
  EXPECT_TRUE(std::isfinite(phase_weight(1.0, double(kNaN))));
  EXPECT_GT(phase_weight(0.0, 1.0), 0.0);
}

TEST(CycleMap, HoldsWhatAnImageHolds) {
  std::mt19937 generator(2);
  const std::size_t rows = 17;
  const std::size_t cols = 23;
  std::vector<std::int8_t> image(rows * cols);
  for (std::int8_t& v : image) v = static_cast<std::int8_t>(generator() % 3 == 0 ? 1 : generator() % 2 == 0 ? 0 : -2);
  CycleMap map(2, rows, cols);
  EXPECT_TRUE(map.empty());
  map.set_image(1, image);
  EXPECT_FALSE(map.empty());
  EXPECT_EQ(map.image(1), image);
  EXPECT_EQ(map.cells(0), 0U);
  EXPECT_EQ(map.cells(1),
            static_cast<std::uint64_t>(rows * cols) - static_cast<std::uint64_t>(std::count(image.begin(), image.end(), 0)));
  for (std::size_t c = 0; c < image.size(); ++c) EXPECT_EQ(map.at(1, c), image[c]);
  std::size_t part = 0;
  for (const CycleRun& run : map.runs(1, 4, 9)) {
    EXPECT_GE(run.row, 4U);
    EXPECT_LT(run.row, 9U);
    ++part;
  }
  EXPECT_EQ(part, static_cast<std::size_t>(std::count_if(map.runs(1).begin(), map.runs(1).end(),
                                                         [](const CycleRun& run) { return run.row >= 4 && run.row < 9; })));
}

TEST(CycleMap, SmallRegionsAreConnectedOverCorners) {
  std::vector<std::int8_t> image{1, 0, 0, 2,  2,  //
                                 0, 1, 0, 0,  0,  //
                                 0, 0, 1, -1, 0};
  std::vector<std::int8_t> any = image;
  drop_small_regions(image, 3, 5, 3);
  EXPECT_EQ(image, (std::vector<std::int8_t>{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0}));
  drop_small_regions(any, 3, 5, 4, false);
  EXPECT_EQ(any, (std::vector<std::int8_t>{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, -1, 0}));
}

TEST(CorrectedSource, AddsWholeCyclesToWhatIsThere) {
  const InterferogramNetwork network = span_network(3, 4, 3, {1, 2});
  std::vector<float> phase(network.pairs.size() * 12, 0.5F);
  phase[12 + 5] = kNaN;
  const InterferogramStack stack(network, phase, {});
  CycleMap map(network.pairs.size(), 3, 4);
  map.append(1, 1, 0, -2);
  map.append(1, 1, 1, -2);
  const CorrectedSource corrected(stack, map);
  std::vector<float> rows(network.pairs.size() * 8);
  corrected.read_rows(1, 3, rows, {});
  EXPECT_FLOAT_EQ(rows[8], static_cast<float>(0.5 - 4.0 * std::numbers::pi));
  EXPECT_TRUE(std::isnan(rows[9]));
  EXPECT_EQ(rows[10], 0.5F);
  EXPECT_EQ(rows[0], 0.5F);
  EXPECT_THROW(CorrectedSource(stack, CycleMap(1, 3, 4)), Error);
}

/// Rectangles of a pair with cycles.
void fill(CycleMap& map, std::size_t pair, std::size_t row, std::size_t col, std::size_t height, std::size_t width,
          std::int8_t n) {
  std::vector<std::int8_t> image = map.image(pair);
  for (std::size_t r = row; r < row + height; ++r) {
    for (std::size_t c = col; c < col + width; ++c) image[r * map.cols() + c] = n;
  }
  map.set_image(pair, image);
}

TEST(SettleGauge, TwoErrorsThatOverlapAreNoThirdOne) {
  const InterferogramNetwork network = span_network(30, 30, 8, {1, 2});
  const auto pair_of = [&](std::size_t first, std::size_t second) {
    return static_cast<std::size_t>(std::find_if(network.pairs.begin(), network.pairs.end(),
                                                 [&](const Interferogram& p) { return p.first == first && p.second == second; }) -
                                    network.pairs.begin());
  };
  CycleMap truth(network.pairs.size(), 30, 30);
  fill(truth, pair_of(2, 4), 5, 5, 12, 12, 1);
  fill(truth, pair_of(3, 5), 10, 10, 12, 12, 1);
  // Where they overlap one cycle less of 3-4 closes the same loops.
  CycleMap fewest = truth;
  fill(fewest, pair_of(2, 4), 10, 10, 7, 7, 0);
  fill(fewest, pair_of(3, 5), 10, 10, 7, 7, 0);
  fill(fewest, pair_of(3, 4), 10, 10, 7, 7, -1);
  CycleMap undecided(network.pairs.size(), 30, 30);
  settle_gauge(network, fewest, undecided, highwall::Run(1));
  EXPECT_EQ(fewest, truth);
  EXPECT_TRUE(undecided.empty());
  // One alone stays what it is.
  CycleMap alone(network.pairs.size(), 30, 30);
  fill(alone, pair_of(3, 4), 10, 10, 7, 7, -1);
  const CycleMap before = alone;
  settle_gauge(network, alone, undecided, highwall::Run(1));
  EXPECT_EQ(alone, before);
  EXPECT_TRUE(undecided.empty());
  // At the end of the network it may as well be the other one.
  CycleMap end(network.pairs.size(), 30, 30);
  fill(end, pair_of(0, 2), 10, 10, 7, 7, 1);
  settle_gauge(network, end, undecided, highwall::Run(1));
  EXPECT_TRUE(end.empty());
  EXPECT_EQ(undecided.cells(pair_of(0, 1)), 49U);
  EXPECT_EQ(undecided.cells(pair_of(0, 2)), 49U);
  EXPECT_EQ(undecided.cells(pair_of(1, 2)), 0U);
}

}  // namespace
}  // namespace highwall
