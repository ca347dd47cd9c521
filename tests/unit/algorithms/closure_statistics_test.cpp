// Integer closures, counted: hand-made loops, a plain triple loop as oracle, loops that are not there.
#include "algorithms/radar/closure_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>

#include "core/error.hpp"
#include "tests/support/closure_networks.hpp"

namespace highwall {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

Run on(int threads) { return Run(threads); }

InterferogramStack noisy(const InterferogramNetwork& network, double share_absent) {
  std::mt19937 generator(11);
  std::normal_distribution<double> noise(0.0, 2.0);
  std::bernoulli_distribution absent(share_absent);
  std::vector<float> phase(network.pairs.size() * network.cells());
  for (float& v : phase) v = absent(generator) ? kNaN : static_cast<float>(noise(generator));
  return {network, phase, {}};
}

TEST(Triangles, AreAllTriplesOfPairsThatClose) {
  EXPECT_TRUE(triangles_of(span_network(1, 1, 9, {1})).empty());
  EXPECT_EQ(triangles_of(span_network(1, 1, 9, {1, 2})).size(), 7U);
  InterferogramNetwork network = span_network(1, 1, 12, {1, 2, 3, 7});
  std::reverse(network.pairs.begin() + 3, network.pairs.end() - 2);
  std::size_t expected = 0;
  for (const Interferogram& a : network.pairs) {
    for (const Interferogram& b : network.pairs) {
      for (const Interferogram& c : network.pairs) {
        if (a.second == b.first && a.first == c.first && b.second == c.second) ++expected;
      }
    }
  }
  const std::vector<Triangle> found = triangles_of(network);
  EXPECT_EQ(found.size(), expected);
  for (const Triangle& t : found) {
    EXPECT_EQ(network.pairs[t.ij].second, network.pairs[t.jk].first);
    EXPECT_EQ(network.pairs[t.ij].first, network.pairs[t.ik].first);
    EXPECT_EQ(network.pairs[t.jk].second, network.pairs[t.ik].second);
  }
}

TEST(IntegerClosure, CountsCyclesOutsideOfMinusPiToPi) {
  EXPECT_EQ(integer_closure(3.1), 0.0);
  EXPECT_EQ(integer_closure(-kPi), 0.0);
  EXPECT_EQ(integer_closure(kPi), 1.0);
  EXPECT_EQ(integer_closure(-3.2), -1.0);
  EXPECT_EQ(integer_closure(4.0 * kPi + 0.5), 2.0);
  EXPECT_TRUE(std::isnan(integer_closure(kNaN)));
}

TEST(ClosureStatistics, AgreeWithAPlainLoopOverPixelsAndTriangles) {
  const InterferogramStack stack = noisy(span_network(23, 31, 10, {1, 2, 3}), 0.02);
  const std::size_t cells = stack.network().cells();
  std::vector<double> reference;
  for (std::size_t p = 0; p < stack.network().pairs.size(); ++p) reference.push_back(0.1 * static_cast<double>(p));
  const ClosureStatistics got = closure_statistics(stack, reference, on(1));
  std::vector<float> phase(stack.network().pairs.size() * cells);
  stack.read_rows(0, 23, phase, {});
  std::size_t in_all = 0;
  std::size_t open_pixels = 0;
  std::vector<TriangleCounts> per_triangle(got.triangles.size());
  for (std::size_t c = 0; c < cells; ++c) {
    unsigned open = 0;
    unsigned absent = 0;
    for (std::size_t t = 0; t < got.triangles.size(); ++t) {
      const auto at = [&](std::uint32_t p) { return double(phase[p * cells + c]) - reference[p]; };
      const double n = integer_closure(at(got.triangles[t].ij) + at(got.triangles[t].jk) - at(got.triangles[t].ik));
      if (std::isnan(n)) {
        ++absent;
        continue;
      }
      ++per_triangle[t].present;
      if (n != 0.0) ++per_triangle[t].open, ++open;
    }
    EXPECT_EQ(got.absent_triangles[c], absent);
    if (absent != 0) {
      EXPECT_TRUE(std::isnan(got.open_triangles[c]));
    } else {
      EXPECT_EQ(got.open_triangles[c], static_cast<float>(open));
      ++in_all;
      if (open != 0) ++open_pixels;
    }
  }
  EXPECT_EQ(got.pixels_in_all_loops, in_all);
  EXPECT_EQ(got.pixels_open, open_pixels);
  EXPECT_GT(open_pixels, 100U);
  for (std::size_t t = 0; t < per_triangle.size(); ++t) {
    EXPECT_EQ(got.per_triangle[t].present, per_triangle[t].present);
    EXPECT_EQ(got.per_triangle[t].open, per_triangle[t].open);
  }
}

TEST(ClosureStatistics, ALoopThatIsNotThereIsNotClosed) {
  const InterferogramStack chain = noisy(span_network(4, 4, 6, {1}), 0.0);
  const ClosureStatistics none = closure_statistics(chain, {}, on(1));
  EXPECT_EQ(none.pixels_in_all_loops, 0U);
  for (const float v : none.open_triangles) EXPECT_TRUE(std::isnan(v));

  const InterferogramStack stack = noisy(span_network(4, 4, 6, {1, 2}), 0.0);
  std::vector<double> reference(stack.network().pairs.size(), 0.0);
  reference[0] = kNaN;  // No reference phase in one interferogram: its only loop is absent everywhere.
  const ClosureStatistics some = closure_statistics(stack, reference, on(1));
  EXPECT_EQ(some.pixels_in_all_loops, 0U);
  EXPECT_EQ(some.per_triangle[0].present, 0U);
  EXPECT_EQ(some.per_triangle[1].present, 16U);
}

TEST(ClosureStatistics, DoNotDependOnBlocksAndThreads) {
  const InterferogramStack stack = noisy(span_network(67, 53, 12, {1, 2, 4}), 0.01);
  const ClosureStatistics one = closure_statistics(stack, {}, on(1));
  for (const int threads : {2, 3, 7}) {
    const ClosureStatistics other = closure_statistics(stack, {}, on(threads), 1);
    EXPECT_EQ(std::memcmp(one.open_triangles.data(), other.open_triangles.data(), one.open_triangles.size() * sizeof(float)), 0);
    EXPECT_EQ(one.absent_triangles, other.absent_triangles);
    EXPECT_EQ(one.pixels_open, other.pixels_open);
    for (std::size_t t = 0; t < one.per_triangle.size(); ++t) EXPECT_EQ(one.per_triangle[t].open, other.per_triangle[t].open);
  }
}

TEST(ClosureStatistics, WrongSizesAreErrors) {
  const InterferogramStack stack = noisy(span_network(4, 4, 6, {1, 2}), 0.0);
  EXPECT_THROW(closure_statistics(stack, {1.0, 2.0}, on(1)), Error);
  ClosureCounter counter(stack.network(), {});
  const std::vector<float> phase(stack.network().pairs.size() * 4);
  EXPECT_THROW(counter.add(14, 4, phase, on(1)), Error);
  EXPECT_THROW(counter.add(0, 8, phase, on(1)), Error);
}

}  // namespace
}  // namespace highwall
