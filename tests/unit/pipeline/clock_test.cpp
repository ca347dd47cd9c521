// Clocks that are wrong, and quiet periods without data.
#include "bindings/pipeline/clock.hpp"

#include <gtest/gtest.h>

#include "bindings/pipeline/measure.hpp"

namespace highwall {
namespace {

const Instant kStart = *parse_iso8601("2026-03-01T00:00:00Z");

class ClockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.sources.emplace_back();
    site_.sources[0].id = "crack";
    site_.sources[0].kind = "extensometer";
  }

  /// Findings about hourly rows of two days and one more at `odd`.
  std::vector<std::string> findings(Instant now, Instant odd = kStart, bool real_clock = true) {
    TargetInput target;
    target.series.target = "crack/E1";
    HeldTimes times{.name = "crack/E1"};
    std::vector<Instant> rows;
    for (int h = 0; h < 48; ++h) rows.push_back(kStart + hours(h));
    if (odd != kStart) rows.push_back(odd);
    for (const Instant t : rows) {
      times.take(t, now);
      if (t <= now) target.series.push(t, {0.001});
    }
    measured_.times["crack"] = {times};
    measured_.targets["wall"] = {target};
    return clock_findings(site_, measured_, now, real_clock);
  }

  Site site_;
  Measurements measured_;
};

TEST_F(ClockTest, GoodTimesAreNoFinding) {
  EXPECT_TRUE(findings(kStart + days(2)).empty());
  EXPECT_TRUE(findings(kStart + days(2), kStart, false).empty());
}

TEST_F(ClockTest, ARowOfTheFutureIsNamed) {
  for (const bool real_clock : {true, false}) {
    const auto found = findings(kStart + days(2), *parse_iso8601("2031-01-01T00:00:00Z"), real_clock);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("1 rows, clouds or maps"), std::string::npos) << found[0];
    EXPECT_NE(found[0].find("crack/E1 at 2031-01-01T00:00:00Z"), std::string::npos) << found[0];
  }
}

TEST_F(ClockTest, AReplayWithinTheDataIsClean) {
  EXPECT_TRUE(findings(kStart + hours(6), kStart, false).empty());
  EXPECT_EQ(findings(kStart + hours(6)).size(), 1U);  // Of a machine's clock it is not.
}

TEST_F(ClockTest, ANowBeforeAllDataIsNamed) {
  for (const bool real_clock : {true, false}) {
    const auto found = findings(kStart - days(700), kStart, real_clock);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0], "all data are later than 2024-03-31T00:00:00Z: the clock of this machine or --now is wrong");
  }
}

TEST_F(ClockTest, ANowLongAfterAllDataIsNamed) {
  const auto found = findings(kStart + days(700));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("no source has data newer than 2026-03-02T23:00:00Z"), std::string::npos) << found[0];
  site_.sources[0].max_silence_h = 8760;
  EXPECT_TRUE(findings(kStart + days(700)).empty());
}

TEST_F(ClockTest, OneSourceThatGoesOnIsEnough) {
  site_.sources.push_back(site_.sources[0]);
  site_.sources[1].id = "other";
  HeldTimes alive{.name = "other/E2"};
  alive.take(kStart + days(700), kStart + days(700));
  measured_.times["other"] = {alive};
  EXPECT_TRUE(findings(kStart + days(700)).empty());
  measured_.times.erase("other");
  EXPECT_EQ(findings(kStart + days(700)).size(), 1U);
  measured_.failed = {"other"};  // Nobody knows what it has.
  EXPECT_TRUE(findings(kStart + days(700)).empty());
}

TEST_F(ClockTest, QuietPeriodsOfTheFutureOrWithoutDataAreNamed) {
  site_.sources[0].quiet_periods = {
      {kStart, kStart + days(1)}, {kStart - days(9), kStart - days(8)}, {kStart + days(9), kStart + days(10)}};
  const auto found = findings(kStart + days(2));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(found[0].find("2026-02-20T00:00:00Z..2026-02-21T00:00:00Z holds no value"), std::string::npos) << found[0];
  EXPECT_NE(found[1].find("lies in the future"), std::string::npos) << found[1];
}

TEST_F(ClockTest, AQuietPeriodMayHoldMapsOnlyOrNotBeOver) {
  site_.sources[0].quiet_periods = {{kStart + days(2) + hours(1), kStart + days(4)}};
  EXPECT_TRUE(findings(kStart + days(3)).empty());
  EXPECT_EQ(findings(kStart + days(5)).size(), 1U);
  HeldTimes maps{.name = "crack", .epochs = true};
  maps.take(kStart + days(3), kStart + days(5));
  measured_.times["crack"] = {maps};
  EXPECT_TRUE(clock_findings(site_, measured_, kStart + days(5), true).empty());
}

}  // namespace
}  // namespace highwall
