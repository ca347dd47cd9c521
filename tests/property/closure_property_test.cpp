// Unwrapping errors of simulated networks against what was put in.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "algorithms/radar/closure_correction.hpp"
#include "algorithms/radar/closure_statistics.hpp"
#include "core/error.hpp"
#include "tests/support/closure_simulator.hpp"

namespace highwall {
namespace {

/// Sum over eight seeds, of which each must reach the floors.
Score score_seeds(const StackPlan& plan, const char* what, double least_recall, double least_precision) {
  Score sum;
  double worst_recall = 1.0;
  double worst_precision = 1.0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const SimulatedStack simulated = simulate_stack(plan, seed);
    const ClosureCorrection got = correct_unwrapping(simulated.stack, {}, highwall::Run(2));
    const Score score = score_of(simulated.errors, got.cycles, got.detected);
    EXPECT_GE(score.recall(), least_recall) << what << ", seed " << seed;
    EXPECT_GE(score.precision(), least_precision) << what << ", seed " << seed;
    worst_recall = std::min(worst_recall, score.recall());
    worst_precision = std::min(worst_precision, score.precision());
    sum += score;
  }
  std::cout << what << ": of " << sum.errors << " wrong phases " << sum.right << " corrected and " << sum.told
            << " told of; recall " << sum.recall() << " (worst seed " << worst_recall << "), precision " << sum.precision()
            << " (" << worst_precision << ")\n";
  return sum;
}

StackPlan plan_of(double share_jumped, double noise_rad) {
  StackPlan plan;
  plan.share_jumped = share_jumped;
  plan.noise_rad = noise_rad;
  return plan;
}

TEST(ClosureCorrection, FindsErrorsOfFivePercentOfTheInterferograms) {
  const Score score = score_seeds(plan_of(0.05, 0.0), "5 %", 0.995, 0.995);
  EXPECT_GE(score.recall(), 0.999);
  EXPECT_GE(score.precision(), 0.999);
}

TEST(ClosureCorrection, FindsErrorsOfFifteenPercentOfTheInterferograms) {
  const Score score = score_seeds(plan_of(0.15, 0.0), "15 %", 0.995, 0.995);
  EXPECT_GE(score.recall(), 0.999);
  EXPECT_GE(score.precision(), 0.999);
}

TEST(ClosureCorrection, FindsErrorsInNoiseOfOneRadian) {
  for (const double share : {0.05, 0.15}) {
    const Score score = score_seeds(plan_of(share, 1.0), share < 0.1 ? "5 %, 1 rad" : "15 %, 1 rad", 0.99, 0.99);
    EXPECT_GE(score.recall(), 0.999);
    EXPECT_GE(score.precision(), 0.999);
  }
}

TEST(ClosureCorrection, BearsPhasesThatAreAbsent) {
  StackPlan plan = plan_of(0.1, 0.0);
  plan.share_absent = 0.03;
  const Score score = score_seeds(plan, "10 %, 3 % absent", 0.995, 0.995);
  EXPECT_GE(score.recall(), 0.995);
  EXPECT_GE(score.precision(), 0.995);
}

TEST(ClosureCorrection, OfSpansOneAndTwoTheEndsAreToldNotGuessed) {
  StackPlan plan = plan_of(0.15, 0.0);
  plan.spans = {1, 2};
  const Score score = score_seeds(plan, "15 %, spans 1 and 2", 0.7, 0.995);
  EXPECT_GE(score.precision(), 0.995);
  EXPECT_GE(double(score.right + score.told) / double(score.errors), 0.995);
  // One error at each end, one in the middle.
  const std::size_t pairs = 2 * plan.dates - 3;
  plan.jumped = {1, 20, pairs - 1};
  const SimulatedStack simulated = simulate_stack(plan, 3);
  const ClosureCorrection got = correct_unwrapping(simulated.stack, {}, highwall::Run(1));
  const Score ends = score_of(simulated.errors, got.cycles, got.detected);
  EXPECT_EQ(ends.changed, ends.right);
  EXPECT_GE(double(ends.right), 0.99 * double(simulated.errors.cells(20)));
  EXPECT_GE(double(ends.told), 0.95 * double(ends.errors - ends.right));
  for (const std::size_t pair : {std::size_t{0}, std::size_t{1}, pairs - 2, pairs - 1}) {
    EXPECT_EQ(got.per_pair[pair].corrected, 0U);
    EXPECT_GT(got.per_pair[pair].detected, 0U);
    EXPECT_GT(got.per_pair[pair].open, 0U);
  }
}

TEST(ClosureCorrection, OfAChainNothingIsKnown) {
  StackPlan plan = plan_of(0.5, 0.0);
  plan.spans = {1};
  const SimulatedStack simulated = simulate_stack(plan, 1);
  ASSERT_FALSE(simulated.errors.empty());
  const ClosureCorrection got = correct_unwrapping(simulated.stack, {}, highwall::Run(1));
  EXPECT_EQ(got.triangles, 0U);
  EXPECT_TRUE(got.cycles.empty());
  for (const PairCorrection& pair : got.per_pair) EXPECT_EQ(pair.loops, 0U);
}

TEST(ClosureCorrection, OneTriangleTellsThatNotWhere) {
  StackPlan plan = plan_of(0.0, 0.3);
  plan.dates = 3;
  plan.spans = {1, 2};
  plan.jumped = {1};
  const SimulatedStack simulated = simulate_stack(plan, 2);
  const ClosureCorrection got = correct_unwrapping(simulated.stack, {}, highwall::Run(1));
  EXPECT_TRUE(got.cycles.empty());
  const auto errors = static_cast<double>(simulated.errors.cells(1));
  for (const PairCorrection& pair : got.per_pair) EXPECT_NEAR(static_cast<double>(pair.detected), errors, 0.1 * errors);
}

TEST(ClosureCorrection, LeavesAsManyLoopsOpenAsNoiseDoes) {
  const SimulatedStack simulated = simulate_stack(plan_of(0.1, 0.0), 5);
  const SimulatedStack without = simulate_stack(plan_of(0.0, 0.0), 5);  // The same noise, no errors.
  const auto open = [](const InterferogramSource& source, const std::vector<double>& reference) {
    return closure_statistics(source, reference, highwall::Run(1)).pixels_open;
  };
  const ClosureCorrection got = correct_unwrapping(simulated.stack, {}, highwall::Run(1));
  const ClosureCorrection nothing = correct_unwrapping(without.stack, {}, highwall::Run(1));
  EXPECT_TRUE(nothing.cycles.empty());
  const std::size_t before = open(simulated.stack, nothing.offset_rad);
  const std::size_t after = open(CorrectedSource(simulated.stack, got.cycles), nothing.offset_rad);
  const std::size_t noise = open(without.stack, nothing.offset_rad);
  std::cout << "pixels with open loops: " << before << ", corrected " << after << ", without errors " << noise << "\n";
  EXPECT_GT(before, noise + 400U);
  EXPECT_NEAR(double(after), double(noise), 5.0);
}

TEST(ClosureCorrection, TakesBackWhatLeavesLoopsOpen) {
  // Interferograms 10-11 and 11-12 are off by 2 rad each, which is no cycle but opens the loop of both; 10-12 has a cycle too
  // many.
  StackPlan plan = plan_of(0.0, 0.2);
  const InterferogramNetwork network = simulate_stack(plan, 4).stack.network();
  const auto pair_of = [&](std::size_t first, std::size_t second) {
    const auto is = [&](const Interferogram& p) { return p.first == first && p.second == second; };
    return static_cast<std::size_t>(std::find_if(network.pairs.begin(), network.pairs.end(), is) - network.pairs.begin());
  };
  plan.jumped = {pair_of(10, 12)};
  const SimulatedStack simulated = simulate_stack(plan, 4);
  const std::size_t cells = network.cells();
  std::vector<float> phase(network.pairs.size() * cells);
  simulated.stack.read_rows(0, plan.side, phase, {});
  const std::vector<std::int8_t> patch = simulated.errors.image(plan.jumped[0]);
  for (std::size_t c = 0; c < cells; ++c) {
    if (patch[c] == 0) continue;
    phase[pair_of(10, 11) * cells + c] += 2.0F * static_cast<float>(patch[c]);
    phase[pair_of(11, 12) * cells + c] += 2.0F * static_cast<float>(patch[c]);
  }
  const InterferogramStack stack(network, phase, {});
  ClosureOptions strict;
  strict.least_closed = 0.9;
  const PairCorrection usual = correct_unwrapping(stack, {}, highwall::Run(1)).per_pair[plan.jumped[0]];
  const PairCorrection taken_back = correct_unwrapping(stack, strict, highwall::Run(1)).per_pair[plan.jumped[0]];
  const auto errors = static_cast<double>(simulated.errors.cells(plan.jumped[0]));
  EXPECT_NEAR(static_cast<double>(usual.corrected), errors, 0.05 * errors);
  EXPECT_GT(static_cast<double>(usual.open), 0.9 * errors);
  EXPECT_EQ(taken_back.corrected, 0U);
  EXPECT_NEAR(static_cast<double>(taken_back.detected), errors, 0.05 * errors);
}

TEST(ClosureCorrection, IsTheSameForAnyThreadsAndBlocks) {
  StackPlan plan = plan_of(0.15, 1.0);
  plan.share_absent = 0.02;
  const SimulatedStack simulated = simulate_stack(plan, 6);
  const ClosureCorrection one = correct_unwrapping(simulated.stack, {}, highwall::Run(1));
  for (const int threads : {2, 3, 7}) {
    const ClosureCorrection other = correct_unwrapping(simulated.stack, {}, highwall::Run(threads), threads == 3 ? 1 : 300000);
    EXPECT_EQ(one.cycles, other.cycles);
    EXPECT_EQ(one.detected, other.detected);
    EXPECT_EQ(one.noise_factor, other.noise_factor);
    for (std::size_t p = 0; p < one.per_pair.size(); ++p) EXPECT_EQ(one.per_pair[p].open, other.per_pair[p].open);
  }
}

TEST(ClosureCorrection, BearsStacksWithoutData) {
  const InterferogramNetwork network = span_network(12, 9, 6, {1, 2, 3});
  for (const float value : {0.0F, 1e6F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const InterferogramStack stack(network, std::vector<float>(network.pairs.size() * 108, value), {});
    const ClosureCorrection got = correct_unwrapping(stack, {}, highwall::Run(1));
    EXPECT_TRUE(got.cycles.empty()) << value;
  }
  ClosureOptions bad;
  bad.loop_price = 1.0;
  const InterferogramStack stack(network, std::vector<float>(network.pairs.size() * 108, 0.0F), {});
  EXPECT_THROW(correct_unwrapping(stack, bad, highwall::Run(1)), Error);
}

}  // namespace
}  // namespace highwall
