#include "algorithms/warn/lamp.hpp"

#include <gtest/gtest.h>

namespace highwall {
namespace {

const Instant kStart = *parse_iso8601("2026-03-01T00:00:00Z");

/// One sample an hour: a digit a sample for the raised level, holds the same.
std::vector<LampSample> hourly(const std::string& levels) {
  std::vector<LampSample> samples;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    LampSample s;
    s.at = kStart + hours(static_cast<std::int64_t>(i));
    s.usable = levels[i] != 'x';
    s.raise = s.hold = s.usable ? static_cast<Level>(levels[i] - '0') : Level::none;
    samples.push_back(s);
  }
  return samples;
}

std::string published(const std::string& levels, std::vector<Act> acts = {}, PolicyTiming timing = {}) {
  timing.off_delay_h = 3.0;
  const auto samples = hourly(levels);
  std::string out;
  for (const LampEntry& e : run_lamp(samples, timing, {6.0, 0.9}, std::move(acts), samples.back().at)) {
    if (e.cause == LampEntry::Cause::sample) out += std::to_string(static_cast<int>(e.level));
  }
  return out;
}

TEST(Lamp, ALoneSampleRaisesNothing) { EXPECT_EQ(published("004000400"), "000000000"); }
TEST(Lamp, TwoInARowRaise) { EXPECT_EQ(published("0022000000"), "0002222000"); }
TEST(Lamp, OrangeAndRedStayUntilReleased) {
  EXPECT_EQ(published("0330000000000"), "0033333333333");
  EXPECT_EQ(published("0330000000", {{Act::Kind::acknowledge, "t", "p", "", kStart + hours(8)}}), "0033333333");
  EXPECT_EQ(published("0330000000", {{Act::Kind::release, "t", "p", "seen", kStart + hours(8)}}), "0033333300");
}
TEST(Lamp, AReleaseWhileItStillMovesLowersNothing) {
  EXPECT_EQ(published("0333333333", {{Act::Kind::release, "t", "p", "seen", kStart + hours(5)}}), "0033333333");
}
TEST(Lamp, UnusableSamplesNeitherRaiseNorLower) {
  EXPECT_EQ(published("022xxxxxxxxx"), "002222222222");
  EXPECT_EQ(published("02x2000000"), "0002222000");
}
TEST(Lamp, ANeighbourConfirmsAtOnce) {
  const auto samples = hourly("003");
  const auto history = run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {}, samples.back().at, [](Instant, Level) { return true; });
  EXPECT_EQ(history.back().level, Level::orange);
}
TEST(Lamp, ANeighbourDoesNotConfirmAnOutlierOfTheNoise) {
  auto samples = hourly("0033");
  for (LampSample& s : samples) s.significant = Level::yellow;
  const auto history = run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {}, samples.back().at, [](Instant, Level) { return true; });
  EXPECT_EQ(history[2].level, Level::yellow) << "which its neighbour confirms";
  EXPECT_EQ(history[3].level, Level::orange) << "its own second sample does";
}
TEST(Lamp, ASilentSensorKeepsItsLevel) {
  const auto samples = hourly("0444");
  const auto history = run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {}, samples.back().at + hours(100));
  EXPECT_EQ(history.back().level, Level::red);
  EXPECT_EQ(history.back().health, Health::silent);
  EXPECT_EQ(history.back().at, samples.back().at + hours(6));
}
TEST(Lamp, ARestartAnywhereGivesTheSameHistory) {
  const auto samples = hourly("00112203300220044001100");
  PolicyTiming timing;
  timing.off_delay_h = 3.0;
  const auto whole = run_lamp(samples, timing, {6.0, 0.9}, {}, samples.back().at);
  for (std::size_t n = 1; n <= samples.size(); ++n) {
    const auto part =
        run_lamp({samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(n)}, timing, {6.0, 0.9}, {}, samples[n - 1].at);
    ASSERT_EQ(part.size(), n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(part[i].level, whole[i].level);
  }
}

TEST(Lamp, ScansOfOneWindowDoNotConfirmEachOtherAtOnce) {
  std::vector<LampSample> samples;
  for (int i = 0; i < 20; ++i) {
    LampSample s;
    s.at = kStart + duration_from_seconds(240.0 * i);
    s.raise = s.hold = Level::orange;
    s.on_delay_h = {0.0, 1.0, 1.0, 1.0, 1.0};
    samples.push_back(s);
  }
  for (const LampEntry& e : run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {}, samples.back().at)) {
    EXPECT_EQ(e.level, to_hours(e.at - kStart) >= 0.95 ? Level::orange : Level::none) << to_iso8601(e.at);
  }
}
TEST(Lamp, SilenceIsNotDataTime) {
  std::vector<LampSample> samples = hourly("022000");  // Below for 2 h.
  LampSample late;
  late.at = samples.back().at + hours(40);
  samples.push_back(late);
  PolicyTiming timing;
  timing.off_delay_h = 24.0;
  EXPECT_EQ(run_lamp(samples, timing, {6.0, 0.9}, {}, late.at).back().level, Level::yellow);
}
TEST(Lamp, AReleaseInSilenceLowersToWhatTheLastDataSaid) {
  const auto samples = hourly("03300");
  const Act release{Act::Kind::release, "t", "p", "lost", samples.back().at + hours(50)};
  const auto history = run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {release}, samples.back().at + hours(60));
  EXPECT_EQ(history.back().level, Level::none);
  EXPECT_EQ(history.back().health, Health::silent);
  EXPECT_FALSE(history.back().note.empty());
}
TEST(Lamp, AReleaseInSilenceAfterMotionStaysAndSaysWhy) {
  const auto samples = hourly("03333");
  const Act release{Act::Kind::release, "t", "p", "lost", samples.back().at + hours(50)};
  const auto history = run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {release}, samples.back().at + hours(60));
  EXPECT_EQ(history.back().level, Level::orange);
  EXPECT_NE(history.back().note.find("the level stays"), std::string::npos);
}
TEST(Lamp, UnmeasuredSamplesAreNoSignOfLife) {
  auto samples = hourly("0000xxxxxxxxxxxx");
  for (LampSample& s : samples) s.measured = s.usable;
  const auto history = run_lamp(samples, PolicyTiming{}, {6.0, 0.9}, {}, samples.back().at);
  EXPECT_EQ(history.back().health, Health::silent);
}

}  // namespace
}  // namespace highwall
