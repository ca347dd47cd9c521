// Counts of open triangles against those of MintPy 1.5.1 (numTriNonzeroIntAmbiguity.h5 of synthetic_mintpy_small).
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "algorithms/radar/closure_statistics.hpp"
#include "tests/support/mintpy_stack.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

TEST(RealDataClosure, CountsOpenTrianglesAsMintPyDoes) {
  HIGHWALL_NEED_REALDATA();
  const std::string folder = (realdata() / "radar" / "synthetic_mintpy_small").string();
  const InterferogramStack stack = mintpy_small(folder + "/ifgramStack.h5");
  const std::vector<float> mintpy = hdf5_floats(folder + "/numTriNonzeroIntAmbiguity.h5", "mask");
  const ClosureStatistics got = closure_statistics(stack, {}, highwall::Run(2));
  EXPECT_EQ(got.triangles.size(), 130U);
  EXPECT_EQ(got.open_triangles, mintpy);
  EXPECT_EQ(*std::max_element(mintpy.begin(), mintpy.end()), 18.0F);
  EXPECT_NEAR(std::accumulate(mintpy.begin(), mintpy.end(), 0.0) / 3600.0, 4.846, 5e-4);
  EXPECT_EQ(got.pixels_in_all_loops, 3600U);
  EXPECT_EQ(got.pixels_open,
            static_cast<std::size_t>(std::count_if(mintpy.begin(), mintpy.end(), [](float v) { return v > 0.0F; })));
}

}  // namespace
}  // namespace highwall
