#include "bindings/pipeline/calculate.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace highwall {
namespace {

Site site_with(const std::string& calculate) {
  return parse_site("schema = \"highwall.site/1\"\n[mine]\nno = \"1\"\ntime_zone = \"UTC\"\n[calculate]\n" + calculate,
                    "/mine/site.toml");
}

std::string message_of(const std::string& calculate) {
  try {
    calculation_of(site_with(calculate));
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    return e.what();
  }
  return {};
}

TEST(Calculation, TheNightRestsOnNoSpreadOfTwoOrThreePointsUnlessToldSo) {
  const Calculation usual = calculation_of(site_with("m3c2 = { statistic = \"median\" }"));
  EXPECT_EQ(usual.m3c2.statistic, "median");
  EXPECT_EQ(usual.m3c2.lod, Lod::welch);
  EXPECT_EQ(usual.m3c2.min_points, 4);
  const Calculation told = calculation_of(site_with("m3c2 = { lod = \"classic\", min_points = 2 }"));
  EXPECT_EQ(told.m3c2.lod, Lod::classic);
  EXPECT_EQ(told.m3c2.min_points, 2);
}

TEST(Calculation, EveryNumberCanBeSet) {
  const Calculation c = calculation_of(site_with(R"(
cores = { spacing_m = 1.5 }
register = { far_apart_m = 0.5, formal_to_real = 2.0 }
m3c2 = { normal_radius_m = 2 }
calibrate = { least_stable = 50 }
patches = { size_m = 10, fewest_cores = 5, shared = 2 }
map = { window_h = 12 }
downslope = { least_sensitivity = 0.2 }
clean = { threshold = 6 }
freeze = { repeats = 5 }
step = { samples = 20 }
reference = { tolerance_s = 60 }
rate = { min_samples = 6, min_fill = 0.4 }
noise = { start_days = 2, start_samples = 20 }
)"));
  EXPECT_EQ(c.cores.spacing_m, 1.5);
  EXPECT_EQ(c.align.far_apart_m, 0.5);
  EXPECT_EQ(c.m3c2.normal_radius_m, 2.0);
  EXPECT_EQ(c.calibrate.least_stable, 50);
  EXPECT_EQ(c.patches.size_m, 10.0);
  EXPECT_EQ(c.patches.fewest_cores, 5);
  EXPECT_EQ(c.map.window_h, 12.0);
  EXPECT_EQ(c.downslope.least_sensitivity, 0.2);
  EXPECT_EQ(c.clean.threshold, 6.0);
  EXPECT_EQ(c.freeze.repeats, 5);
  EXPECT_EQ(c.step.samples, 20);
  EXPECT_EQ(c.reference.tolerance_s, 60.0);
  EXPECT_EQ(c.rate.min_samples, 6);
  EXPECT_EQ(c.noise.start_days, 2.0);
}

TEST(Calculation, AFreezeIsToldBeforeALevelCanFall) {
  PolicyTiming timing;
  EXPECT_EQ(before_levels_fall({}, timing).span_h, 12.0);
  timing.off_delay_h = 4.0;
  EXPECT_EQ(before_levels_fall({}, timing).span_h, 2.0);
}

TEST(Calculation, WhatHasNoEffectIsRefusedWithItsPlace) {
  EXPECT_EQ(message_of(""), "");
  EXPECT_NE(message_of("m3c3 = { normal_radius_m = 1 }\n").find("\"m3c2\""), std::string::npos);
  EXPECT_NE(message_of("m3c2 = { normal_radius = 1 }\n").find("site.toml:6:"), std::string::npos);
  EXPECT_NE(message_of("m3c2 = { normal_radius_m = -1 }\n"), "");
  EXPECT_NE(message_of("rate = { windows_h = [1] }\n").find("policy"), std::string::npos);
  EXPECT_NE(message_of("midas = { period_days = 100 }\n"), "");
  EXPECT_NE(message_of("patches = { two_directions = 0.1, two_directions_later = 0.2 }\n"), "");
}

}  // namespace
}  // namespace highwall
