#include "core/interferogram.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"

namespace highwall {
namespace {

InterferogramNetwork triangle_of_2_by_3() {
  InterferogramNetwork network;
  network.geometry.rows = 2;
  network.geometry.cols = 3;
  network.instants = {Instant{0}, Instant{10}, Instant{20}};
  network.pairs = {{0, 1, "a"}, {1, 2, "b"}, {0, 2, "c"}};
  network.wavelength_m = 0.0174;
  network.metres_per_radian = -0.0174 / (4.0 * 3.14159265358979);
  return network;
}

TEST(Interferogram, RowsAreCutOutOfEachPair) {
  std::vector<float> phase(18);
  for (std::size_t i = 0; i < phase.size(); ++i) phase[i] = static_cast<float>(i);
  const InterferogramStack stack(triangle_of_2_by_3(), phase, {});
  std::vector<float> rows(9);
  std::vector<float> coherence(9, 1.0F);
  stack.read_rows(1, 2, rows, coherence);
  EXPECT_EQ(rows, (std::vector<float>{3, 4, 5, 9, 10, 11, 15, 16, 17}));
  for (const float c : coherence) EXPECT_TRUE(std::isnan(c)) << "no coherence is no coherence of zero";
  EXPECT_FALSE(stack.network().has_coherence);
}

TEST(Interferogram, ANetworkThatCannotBeIsRefused) {
  const auto refused = [](auto spoil) {
    InterferogramNetwork network = triangle_of_2_by_3();
    spoil(network);
    EXPECT_THROW(require_valid(network, "test"), Error);
  };
  EXPECT_NO_THROW(require_valid(triangle_of_2_by_3(), "test"));
  refused([](auto& n) { n.pairs.clear(); });
  refused([](auto& n) { n.pairs.push_back(n.pairs[0]); });
  refused([](auto& n) { n.pairs[0] = {1, 0, "backwards"}; });
  refused([](auto& n) { n.pairs[0].second = 3; });
  refused([](auto& n) { std::swap(n.instants[0], n.instants[1]); });
  refused([](auto& n) { n.instants[1] = n.instants[0]; });
  refused([](auto& n) { n.wavelength_m = NAN; });
  refused([](auto& n) { n.metres_per_radian = 0.0; });
  refused([](auto& n) { n.reference = {2, 0}; });
  refused([](auto& n) { n.geometry.rows = 0; });
  EXPECT_THROW(InterferogramStack(triangle_of_2_by_3(), std::vector<float>(17), {}), Error);
  EXPECT_THROW(InterferogramStack(triangle_of_2_by_3(), std::vector<float>(18), std::vector<float>(3)), Error);
}

}  // namespace
}  // namespace highwall
