#include <gtest/gtest.h>

#include "tests/support/coverage_runs.hpp"

namespace highwall {
namespace {

TEST(VelocityCoverage, IntervalsHoldWhatTheyShouldInAllWindows) {
  // 60 runs: atmosphere common to none, half and all of its variance, with and without a daily wave, and with or without the
  // trend in range taken off; sigma from other cells of the same range. benchmarks/time_coverage prints the table of more.
  std::vector<Coverage> mean;
  constexpr int kRuns = 5;
  constexpr double kConditions = 12.0;
  for (const char* atmosphere : {"off", "trend"}) {
    for (int k = 0; k < 6; ++k) {
      const double diurnal_mm = k < 3 ? 0.0 : 0.5;
      const double share = 0.5 * (k % 3);
      RadarScene scene;
      scene.step_s = 600.0;
      scene.diurnal_mm = diurnal_mm;
      scene.common_share = share;
      VelocityStreamOptions options;
      options.atmosphere = atmosphere;
      const std::vector<Coverage> one = coverage_of(scene, options, kRuns, highwall::Run(1));
      if (mean.empty()) {
        for (const Coverage& c : one) mean.push_back({c.window_h});
      }
      for (std::size_t w = 0; w < one.size(); ++w) {
        EXPECT_GT(one[w].mean, 0.92) << one[w].window_h << " h, share " << share << ", diurnal " << diurnal_mm;
        EXPECT_LT(one[w].mean, 0.98) << one[w].window_h << " h, share " << share << ", diurnal " << diurnal_mm;
        mean[w].mean += one[w].mean / kConditions;
      }
    }
  }
  ASSERT_EQ(mean.size(), 6u);
  for (const Coverage& c : mean) {
    EXPECT_GT(c.mean, 0.93) << c.window_h << " h";
    EXPECT_LT(c.mean, 0.97) << c.window_h << " h";
    RecordProperty("coverage_" + std::to_string(static_cast<int>(c.window_h)) + "h", std::to_string(c.mean));
  }
}

}  // namespace
}  // namespace highwall
