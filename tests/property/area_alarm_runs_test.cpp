// Alarms by significance alone, on simulated walls under an atmosphere like that of a real radar. benchmarks/radar_alarms prints
// the same for more seeds.
#include <gtest/gtest.h>

#include "tests/support/alarm_runs.hpp"

namespace highwall {
namespace {

const highwall::Run two_threads(2);
double hours_of(Instant t) { return to_hours(t - RadarSimulator::kStart); }

TEST(AreaAlarmRuns, AWallAtRestAlarmsWithSigmaFromResidualsOnly) {
  for (const std::uint64_t seed : {1U, 2U}) {
    const AlarmRun run = alarm_run("stable", seed, 5.0, true, two_threads);
    EXPECT_TRUE(run.calibrated.empty()) << seed;
    EXPECT_GT(static_cast<double>(run.residual.size()) / run.judged_days, 5.0) << seed;
  }
}

TEST(AreaAlarmRuns, AnAcceleratingBlockIsFoundFourHoursBeforeItFails) {
  for (const std::uint64_t seed : {1U, 2U}) {
    const AlarmRun run = alarm_run("accelerating", seed, 5.0, false, two_threads);
    ASSERT_FALSE(run.calibrated.empty()) << seed;
    EXPECT_LT(hours_of(run.calibrated[0].raised), AlarmScene::kFailure_h - 4.0) << seed;
    EXPECT_TRUE(run.calibrated[0].stands());
    EXPECT_EQ(run.calibrated[0].kind, AreaKind::motion);
    EXPECT_EQ(run.calibrated[0].trend, CellMotion::progressive);
    for (const AreaAlarm& alarm : run.calibrated) EXPECT_TRUE(is_of_block(alarm)) << seed;
  }
}

TEST(AreaAlarmRuns, ABlockThatSlowsDownIsNotCalledProgressive) {
  for (const std::uint64_t seed : {1U, 2U}) {
    const AlarmRun run = alarm_run("regressive", seed, 5.0, false, two_threads);
    ASSERT_FALSE(run.calibrated.empty()) << seed;
    EXPECT_EQ(run.progressive_after_peak, 0U) << seed;
    EXPECT_EQ(run.calibrated[0].kind, AreaKind::motion);
  }
}

TEST(AreaAlarmRuns, ABlastIsOneStepThatClearsWithItsWindow) {
  for (const std::uint64_t seed : {1U, 2U}) {
    const AlarmRun run = alarm_run("blast-step", seed, 5.0, false, two_threads);
    ASSERT_EQ(run.calibrated.size(), 1U) << seed;
    EXPECT_EQ(run.calibrated[0].kind, AreaKind::step);
    ASSERT_NE(run.calibrated[0].cleared, kNoInstant);
    EXPECT_LE(hours_of(run.calibrated[0].cleared), AlarmScene::kBlast_h + 3.0 + 5.0 / 12.0) << "window and 5 scans of 5 minutes";
  }
}

TEST(AreaAlarmRuns, TheSameOnAnyNumberOfThreads) {
  const auto text = [](const AlarmRun& run) {
    std::string out;
    for (const AreaAlarm& a : run.calibrated) {
      out += std::to_string(a.id) + " " + std::to_string(a.raised.ns) + " " + std::to_string(a.fastest_m_per_day) + "\n";
    }
    return out;
  };
  const std::string one = text(alarm_run("accelerating", 3, 4.0, false, highwall::Run(1)));
  EXPECT_FALSE(one.empty());
  for (const int threads : {2, 3}) EXPECT_EQ(one, text(alarm_run("accelerating", 3, 4.0, false, highwall::Run(threads))));
}

}  // namespace
}  // namespace highwall
