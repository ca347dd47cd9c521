#include "core/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace highwall {
namespace {

TEST(Statistics, TheMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(median({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median({4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_EQ(median({7.0}), 7.0);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(Statistics, TukeysWeightFallsFromOneToNothing) {
  EXPECT_EQ(tukey_weight(0.0), 1.0);
  EXPECT_NEAR(tukey_weight(0.5 * kTukey), 0.5625, 1e-12);
  EXPECT_EQ(tukey_weight(kTukey), 0.0);
  EXPECT_EQ(tukey_weight(-1e300), 0.0);
}

}  // namespace
}  // namespace highwall
