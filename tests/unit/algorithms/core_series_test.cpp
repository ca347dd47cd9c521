#include "algorithms/compare/core_series.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

/// Three places; the last one is never seen.
DisplacementField field(int day, double distance_m) {
  DisplacementField f = DisplacementField::of_size(3, Reason::ok);
  f.from = Instant{};
  f.to = Instant{} + days(day);
  f.frame.origin_m = {500000.0, 4000000.0, 100.0};
  for (Eigen::Index i = 0; i < 3; ++i) f.position_m.row(i) << 1.0 + static_cast<double>(i), 2.0, 3.0;
  f.value_m = {distance_m, day == 2 ? kNaN : 2.0 * distance_m, kNaN};
  f.sigma_m = {0.001, day == 2 ? kNaN : 0.002, kNaN};
  f.registration_m = {0.0005, 0.0006, kNaN};
  f.reason[2] = Reason::empty_after;
  return f;
}

TEST(CoreSeries, OneSeriesAPlaceWithItsSigmaAndWhereItIs) {
  CoreSeries series(field(1, 0.01), CoreValue::m3c2);
  for (const int day : {1, 2, 3}) series.add(field(day, 0.01 * day));
  const std::vector<TimeSeries> all = std::move(series).take("scan");
  ASSERT_EQ(all.size(), 2U) << "a place that no epoch shows is none";
  EXPECT_EQ(all[1].target, "scan/core0000001");
  EXPECT_EQ(all[1].components, std::vector<std::string>{"along_normal"});
  EXPECT_EQ(*all[1].position_m, (std::array<double, 3>{500002.0, 4000002.0, 103.0}));
  ASSERT_EQ(all[1].size(), 4U);
  EXPECT_EQ(all[1].time[0], Instant{});
  EXPECT_EQ(all[1].value(0), 0.0);
  EXPECT_EQ(all[1].sigma(0), 0.0006);
  EXPECT_EQ(all[1].value(1), 0.02);
  EXPECT_TRUE(std::isnan(all[1].value(2)));
  EXPECT_EQ(all[1].value(3), 0.06);
  EXPECT_EQ(all[1].sigma(3), 0.002);
}

TEST(CoreSeries, TheCalibratedDistanceHasItsLimitForASigma) {
  DisplacementField f = field(1, 0.01);
  f.calibrated_m = {0.011, 0.012, kNaN};
  f.lod95_calibrated_m = {0.00196, 0.00392, kNaN};
  CoreSeries series(f, CoreValue::calibrated);
  series.add(f);
  const std::vector<TimeSeries> all = std::move(series).take("scan");
  EXPECT_EQ(all[0].value(1), 0.011);
  EXPECT_NEAR(all[1].sigma(1), 0.002, 1e-12);
}

TEST(CoreSeries, VectorsKeepTheirCovariance) {
  DisplacementField f = field(1, 0.01);
  f.vector_m = Points::Constant(3, 3, kNaN);
  f.vector_covariance_m2.setConstant(3, 6, kNaN);
  f.vector_m.row(0) << 0.1, 0.2, -0.3;
  f.vector_covariance_m2.row(0) << 4e-6, 1e-6, 2e-6, 9e-6, 3e-6, 16e-6;  // xx xy xz yy yz zz
  CoreSeries series(f, CoreValue::vector);
  series.add(f);
  const std::vector<TimeSeries> all = std::move(series).take("scan");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].value(1, 2), -0.3);
  EXPECT_NEAR(all[0].sigma(1, 0), 0.002, 1e-12);
  EXPECT_NEAR(all[0].sigma(1, 1), 0.003, 1e-12);
  EXPECT_NEAR(all[0].sigma(1, 2), 0.004, 1e-12);
  ASSERT_EQ(all[0].covariance_m2.size(), 6U);
  EXPECT_EQ(all[0].covariance_m2[3], 1e-6);  // east-north
  EXPECT_EQ(all[0].covariance_m2[4], 3e-6);  // north-up
  EXPECT_EQ(all[0].covariance_m2[5], 2e-6);  // up-east
}

TEST(CoreSeries, WhatIsNotOneSeriesIsRefused) {
  CoreSeries series(field(1, 0.01), CoreValue::calibrated);
  EXPECT_THROW(series.add(field(1, 0.01)), Error) << "a field without the value";
  CoreSeries other(field(1, 0.01), CoreValue::m3c2);
  DisplacementField f = field(2, 0.01);
  f.from = Instant{} + hours(1);
  EXPECT_THROW(other.add(f), Error) << "another reference";
  EXPECT_THROW(other.add(DisplacementField::of_size(2, Reason::ok)), Error);
  EXPECT_EQ(core_value_of("vector"), CoreValue::vector);
  EXPECT_THROW(core_value_of("median"), Error);
}

}  // namespace
}  // namespace highwall
