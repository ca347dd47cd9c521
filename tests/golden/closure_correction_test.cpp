// Unwrapping errors of synthetic_mintpy_small, of which the generator's random numbers tell the truth.
#include "algorithms/radar/closure_correction.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>

#include "algorithms/radar/closure_statistics.hpp"
#include "io/readers/insar/insar.hpp"
#include "tests/support/mintpy_stack.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

/// A patch of 12 x 12 pixels whose phase has a cycle too much or too little, as gen_stack.py of that folder put it there: rerun
/// with the same seed (NumPy 2.4) it makes the same phases within 4e-6 rad, and prints these.
struct Jump {
  std::size_t pair, row, col;
  int cycles;
};
constexpr Jump kJumps[] = {{4, 5, 19, 1},    {30, 30, 22, 1}, {44, 9, 8, 1},     {52, 21, 38, 1},
                           {56, 40, 18, 1},  {58, 40, 20, 1}, {59, 41, 23, -1},  {69, 2, 14, -1},
                           {78, 28, 31, -1}, {87, 16, 14, 1}, {92, 33, 15, 1},   {95, 16, 30, -1},
                           {108, 2, 33, 1},  {115, 34, 6, 1}, {116, 21, 15, -1}, {119, 13, 25, 1}};

TEST(RealDataClosureCorrection, RemovesEveryJumpAndNothingElse) {
  HIGHWALL_NEED_REALDATA();
  const std::string folder = (realdata() / "radar" / "synthetic_mintpy_small").string();
  const InterferogramStack stack = mintpy_small(folder + "/ifgramStack.h5");
  CycleMap truth(stack.network().pairs.size(), 60, 60);
  for (const Jump& jump : kJumps) {
    for (std::size_t row = jump.row; row < jump.row + 12; ++row) {
      for (std::size_t col = jump.col; col < jump.col + 12; ++col) truth.append(jump.pair, row, col, -jump.cycles);
    }
  }
  const ClosureCorrection got = correct_unwrapping(stack, {}, highwall::Run(2));
  std::size_t right = 0;
  std::size_t wrong = 0;
  for (std::size_t pair = 0; pair < truth.pairs(); ++pair) {
    const std::vector<std::int8_t> want = truth.image(pair);
    const std::vector<std::int8_t> have = got.cycles.image(pair);
    std::size_t missed = 0;
    std::size_t changed = 0;
    for (std::size_t c = 0; c < want.size(); ++c) {
      if (want[c] != 0 && have[c] == want[c]) ++right;
      if (want[c] != 0 && have[c] != want[c]) ++missed;
      if (want[c] == 0 && have[c] != 0) ++changed;
    }
    wrong += changed;
    if (truth.runs(pair).empty()) {
      EXPECT_EQ(changed, 0U) << stack.network().pairs[pair].name;
    } else {
      EXPECT_LT(missed, 144U) << stack.network().pairs[pair].name;
    }
  }
  std::cout << right << " of 2304 wrong phases corrected, " << wrong << " right ones changed\n";
  EXPECT_GE(right, 2302U);
  EXPECT_LE(wrong, 2U);
}

TEST(RealDataClosureCorrection, FindsNoErrorInACropOfMexicoCity) {
  HIGHWALL_NEED_REALDATA();
  const std::filesystem::path folder = realdata() / "radar" / "pyrate_cropA";
  Report report;
  const std::vector<std::filesystem::path> paths{folder / "geotiffs", folder / "coherence_30"};
  const auto source = open_interferograms(paths, {}, report, highwall::Run(1));
  const InterferogramNetwork& network = source->network();
  ASSERT_EQ(network.pairs.size(), 30U);
  const ClosureCorrection got = correct_unwrapping(*source, {}, highwall::Run(1));
  // PyRate's reference pixel, and what the median over the image takes the reference for.
  std::vector<float> row(network.pairs.size() * network.geometry.cols);
  source->read_rows(39, 40, row, {});
  std::vector<double> reference;
  for (std::size_t p = 0; p < network.pairs.size(); ++p) reference.push_back(double(row[p * network.geometry.cols + 3]));
  const ClosureStatistics by_pixel = closure_statistics(*source, reference, highwall::Run(1));
  const ClosureStatistics by_median = closure_statistics(*source, got.offset_rad, highwall::Run(1));
  std::cout << got.triangles << " triangles, " << by_pixel.pixels_in_all_loops << " of 6000 pixels in all; open "
            << by_pixel.pixels_open << " referenced to pixel (39, 3), " << by_median.pixels_open << " to the median; noise "
            << got.noise_factor << "\n";
  // No region of nine pixels: single pixels whose noise exceeds half a cycle.
  EXPECT_EQ(by_median.pixels_in_all_loops, by_pixel.pixels_in_all_loops);
  EXPECT_LT(by_median.pixels_open, 20U);
  EXPECT_TRUE(got.cycles.empty());
  EXPECT_TRUE(got.detected.empty());
}

}  // namespace
}  // namespace highwall
