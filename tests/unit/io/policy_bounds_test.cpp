#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "io/config/policy.hpp"
#include "io/config/site.hpp"

namespace highwall {
namespace {

bool policy_is_read(const std::string& rule, const std::string& timing = "") {
  try {
    parse_policy(fmt::format("schema = \"highwall.policy/1\"\nid = \"x\"\nversion = \"1\"\n{}\n[[rule]]\nname = \"r\"\nlevel = "
                             "\"red\"\nsource = \"s\"\n{}\n",
                             timing, rule),
                 "test");
    return true;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config) << e.what();
    return false;
  }
}

bool velocity_is_read(const std::string& window_h, const std::string& threshold, const std::string& k) {
  return policy_is_read(
      fmt::format("family = \"velocity\"\nwindow_h = {}\nthreshold_mm_per_day = {}\nk_sigma = {}", window_h, threshold, k));
}

TEST(PolicyBounds, NumbersThatWouldNeverWarnOrAlwaysAreRefused) {
  EXPECT_TRUE(velocity_is_read("24", "1", "2"));
  for (const char* window : {"1e300", "0", "-1", "nan", "inf"}) EXPECT_FALSE(velocity_is_read(window, "1", "2")) << window;
  for (const char* threshold : {"1e-300", "inf", "nan", "-1", "0", "1e300"})
    EXPECT_FALSE(velocity_is_read("24", threshold, "2")) << threshold;
  for (const char* k : {"inf", "1e9", "-1", "nan"}) EXPECT_FALSE(velocity_is_read("24", "1", k)) << k;
  EXPECT_FALSE(policy_is_read("family = \"tangent\"\nthreshold_degrees = 90"));
  EXPECT_FALSE(policy_is_read("family = \"tangent\"\nthreshold_degrees = 80\nmargin_degrees = 20"));
  EXPECT_TRUE(policy_is_read("family = \"jump\"\nthreshold_mm = 10"));
  EXPECT_FALSE(policy_is_read("family = \"jump\"\nthreshold_mm = 10", "[timing]\noff_delay_h = 1e300"));
  EXPECT_FALSE(policy_is_read("family = \"jump\"\nthreshold_mm = 10", "[floor_sigma_mm]\ngnss = 0"));
  EXPECT_FALSE(policy_is_read("family = \"jump\"\nthreshold_mm = 10", "[floor_sigma_mm]\nrain = 1"));
}

TEST(PolicyBounds, AreaRulesAreWholeOrRefused) {
  const auto read = [](const std::string& rest) {
    return policy_is_read("family = \"jump\"\nthreshold_mm = 10\n[[area_rule]]\n" + rest);
  };
  EXPECT_TRUE(read("name = \"a\"\nsource = \"s\""));
  EXPECT_FALSE(read("name = \"a\"")) << "no source";
  EXPECT_FALSE(read("source = \"s\"")) << "no name";
  EXPECT_FALSE(read("name = \"r\"\nsource = \"s\"")) << "the name of another rule";
  EXPECT_FALSE(read("name = \"a\"\nsource = \"s\"\nscans = 4\nof_scans = 3"));
  EXPECT_FALSE(read("name = \"a\"\nsource = \"s\"\nk_sigma = 0")) << "neither threshold nor significance";
  EXPECT_FALSE(read("name = \"a\"\nsource = \"s\"\nleast_cell = 3")) << "a key that is none";
  EXPECT_FALSE(read("name = \"a\"\nsource = \"s\"\nquantity = \"area\""));
}

TEST(PolicyBounds, TheShippedPolicyHasTheThreeAnglesAndFloors) {
  const Policy policy = load_policy({});
  std::vector<double> angles;
  for (const PolicyRule& r : policy.rules) {
    if (r.family == "tangent") angles.push_back(r.threshold);
  }
  EXPECT_EQ(angles, (std::vector<double>{85, 80, 45, 45, 45}));  // Blue has a rule of its own for GNSS.
  EXPECT_DOUBLE_EQ(policy.floor_sigma(SensorKind::gnss), 0.005);
  EXPECT_DOUBLE_EQ(policy.floor_sigma(SensorKind::radar), 0.0005);
}

bool site_is_read(const std::string& rest) {
  try {
    parse_site(
        "schema = \"highwall.site/1\"\n[mine]\nno = \"1\"\nname = \"m\"\ntime_zone = \"UTC\"\n[frame]\ncrs = "
        "\"local\"\n[[zone]]\nid = \"z\"\n" +
            rest,
        "/tmp/site.toml");
    return true;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config) << e.what();
    return false;
  }
}

TEST(SiteBounds, HoursHaveAnUpperEnd) {
  const auto silence = [](const char* h) {
    return site_is_read(fmt::format("[[source]]\nid = \"s\"\nkind = \"gnss\"\nfiles = \"*\"\nmax_silence_h = {}\n", h));
  };
  EXPECT_TRUE(silence("8760"));
  for (const char* h : {"1e15", "2.6e6", "1e300", "0", "-1", "inf", "nan"}) EXPECT_FALSE(silence(h)) << h;
  for (const char* h : {"1e300", "0", "inf"}) EXPECT_FALSE(site_is_read(fmt::format("[publish]\nheartbeat_h = {}\n", h))) << h;
}

TEST(SiteBounds, AnAntennaEventNeedsItsTargetOrZone) {
  const auto event = [](const std::string& more) {
    return site_is_read("[[event]]\nkind = \"antenna\"\nat = \"2026-03-11T00:00:00Z\"\n" + more);
  };
  EXPECT_FALSE(event(""));
  EXPECT_TRUE(event("target = \"G1\"\n"));
  EXPECT_TRUE(event("zone = \"z\"\n"));
  EXPECT_TRUE(site_is_read("[[event]]\nkind = \"blast\"\nat = \"2026-03-11T00:00:00Z\"\n"));
}

}  // namespace
}  // namespace highwall
