#include "core/time.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/error.hpp"

namespace highwall {
namespace {

TEST(Time, ReadsAndWritesIso8601) {
  EXPECT_EQ(to_iso8601(*parse_iso8601("2025-08-13")), "2025-08-13T00:00:00Z");
  EXPECT_EQ(to_iso8601(*parse_iso8601("2025-08-13T01:02:03.5+08:00")), "2025-08-12T17:02:03.5Z");
  EXPECT_EQ(to_iso8601(*parse_iso8601("2026-01-01T05Z")), "2026-01-01T05:00:00Z");
  EXPECT_EQ(to_iso8601(*parse_iso8601("2026-01-01T05+08:00")), "2025-12-31T21:00:00Z");
  EXPECT_EQ(to_iso8601(*parse_iso8601("1969-12-31 23:59:59.25")), "1969-12-31T23:59:59.25Z");
  for (const char* wrong : {"", "2025", "2025-13-01", "2025-02-30", "2025-08-13T25:00", "2025-08-13T01:", "2025-08-13T0100Z",
                            "2025-08-13T01.5Z", "2025-08-13T01:02:03+0", "13-08-2025", "x"}) {
    EXPECT_FALSE(parse_iso8601(wrong)) << wrong;
  }
  EXPECT_FALSE(parse_iso8601("2025-08-13T01:02:03", false));
}

TEST(Time, GpsIsAheadOfUtcByTheLeapSeconds) {
  EXPECT_EQ(gps_minus_utc_seconds(*parse_iso8601("1980-06-01")), 0);
  EXPECT_EQ(gps_minus_utc_seconds(*parse_iso8601("2016-12-31T23:59:59Z")), 17);
  EXPECT_EQ(gps_minus_utc_seconds(*parse_iso8601("2017-01-01T00:00:00Z")), 18);
  EXPECT_EQ(to_iso8601(from_gps_week(2320, 116400.0)), "2024-06-24T08:19:42Z");
  EXPECT_EQ(from_gps_seconds(std::numeric_limits<double>::infinity()), kNoInstant);
  EXPECT_EQ(from_gps_week(0, std::numeric_limits<double>::quiet_NaN()), kNoInstant);
}

TEST(Time, LocalReadingsFollowTheirZone) {
  const TimeZone shanghai = TimeZone::of("Asia/Shanghai");
  EXPECT_EQ(to_iso8601(*shanghai.to_instant({2026, 3, 1, 8, 0, 0.0})), "2026-03-01T00:00:00Z");
  EXPECT_EQ(shanghai.to_rfc3339(*parse_iso8601("2026-03-01T00:00:00Z")), "2026-03-01T08:00:00+08:00");
  // Santiago: the hour from 23:00 repeats on 2025-04-05, and that from 00:00 is skipped on 2025-09-07.
  const TimeZone santiago = TimeZone::of("America/Santiago");
  EXPECT_FALSE(santiago.to_instant({2025, 4, 5, 23, 30, 0.0}));
  const TimeZone::Instants both = santiago.instants_of({2025, 4, 5, 23, 30, 0.0});
  ASSERT_EQ(both.count, 2);
  EXPECT_EQ(to_iso8601(both.at[0]), "2025-04-06T02:30:00Z");
  EXPECT_EQ(to_iso8601(both.at[1]), "2025-04-06T03:30:00Z");
  EXPECT_EQ(santiago.instants_of({2025, 9, 7, 0, 30, 0.0}).count, 0);
  EXPECT_FALSE(santiago.to_instant({2025, 9, 7, 0, 30, 0.0}));
  EXPECT_EQ(to_iso8601(*santiago.to_instant({2025, 9, 7, 1, 0, 0.0})), "2025-09-07T04:00:00Z");
  EXPECT_FALSE(santiago.to_instant({2025, 2, 30, 0, 0, 0.0}));
  try {
    TimeZone::of("Asia/Shangai");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("Asia/Shanghai"), std::string::npos);
  }
}

TEST(Time, PatternsMustMatchWhole) {
  EXPECT_TRUE(parse_civil("20260211", "%Y%m%d"));
  EXPECT_FALSE(parse_civil("202602111", "%Y%m%d"));
  EXPECT_FALSE(parse_civil("2026021", "%Y%m%d"));
  EXPECT_EQ(parse_civil("31-07-2025 1:59", "%d-%m-%Y %H:%M")->hour, 1);
  EXPECT_EQ(parse_civil("07DEC31", "%y%b%d")->month, 12);
  EXPECT_EQ(parse_civil("2024 366", "%Y %j")->day, 31);
  EXPECT_FALSE(parse_civil("2025 366", "%Y %j"));
  EXPECT_FALSE(parse_civil("5590 60", "%Y %j"));
}

TEST(Time, DatesBeyond2038AndBefore1901) {
  // Seconds as `date -u -d ... +%s` gives them.
  EXPECT_EQ(parse_iso8601("2038-01-20T00:00:00Z")->ns, 2147558400LL * kNsPerSecond);
  EXPECT_EQ(parse_iso8601("2261-12-31T23:59:59Z")->ns, 9214646399LL * kNsPerSecond);
  EXPECT_EQ(parse_iso8601("1701-06-01T00:00:00Z")->ns, -8475753600LL * kNsPerSecond);
  EXPECT_EQ(to_iso8601(*parse_iso8601("2107-02-28T12:00:00Z")), "2107-02-28T12:00:00Z");
}

TEST(Time, LengthsBeyondWhatAnInstantHoldsAreRefused) {
  EXPECT_EQ(duration_from_seconds(-1.5).ns, -1500000000LL);
  EXPECT_EQ(duration_from_seconds(7.8e9).ns, 7800000000LL * kNsPerSecond);
  for (const double s : {8e9, -8e9, 1e300, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(duration_from_seconds(s), Error) << s;
  }
}

TEST(Time, ModifiedJulianDates) {
  EXPECT_EQ(to_iso8601(from_mjd(51544.0)), "2000-01-01T00:00:00Z");
  EXPECT_EQ(to_mjd(*parse_iso8601("2000-01-01T12:00:00Z")), 51544.5);
  EXPECT_EQ(from_mjd(1e9), kNoInstant);
}

}  // namespace
}  // namespace highwall
