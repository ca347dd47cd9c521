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

TEST(Statistics, AFewDegreesOfFreedomWidenAsStudentSays) {
  // 97.5 % quantiles of Student's t: 3.1824, 2.5706, 2.2281, 2.0423.
  const std::pair<double, double> table[] = {{3, 3.1824}, {5, 2.5706}, {10, 2.2281}, {30, 2.0423}};
  for (const auto& [n, t] : table) EXPECT_NEAR(1.95996 * student_widening(n), t, 0.01 * t) << n;
  EXPECT_EQ(student_widening(1.0), student_widening(3.0));
  EXPECT_NEAR(student_widening(1e9), 1.0, 1e-8);
}

TEST(Statistics, TukeysWeightFallsFromOneToNothing) {
  EXPECT_EQ(tukey_weight(0.0), 1.0);
  EXPECT_NEAR(tukey_weight(0.5 * kTukey), 0.5625, 1e-12);
  EXPECT_EQ(tukey_weight(kTukey), 0.0);
  EXPECT_EQ(tukey_weight(-1e300), 0.0);
}

}  // namespace
}  // namespace highwall
