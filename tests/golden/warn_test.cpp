// The shipped policy on real slopes: one that failed, the same at rest, and a radar wall that did not.
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/series/freeze.hpp"
#include "algorithms/warn/judge.hpp"
#include "io/config/policy.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

std::vector<TargetInput> zone_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ReadOptions options;
  options.kind = "extensometer";
  std::vector<TargetInput> targets;
  for (const auto& file : files) {
    TargetInput target;
    target.series = std::get<std::vector<TimeSeries>>(read_file(file, options, highwall::Run()).data).at(0);
    vet(target.series, CleanOptions{}, FreezeOptions{});
    target.max_silence_h = 48.0;
    targets.push_back(std::move(target));
  }
  return targets;
}

TEST(RealDataWarn, PreonzoIsOrangeAWeekBeforeOnEverySensor) {
  HIGHWALL_NEED_REALDATA();
  const Instant failure = *parse_iso8601("2012-05-15T00:00:00Z");
  const auto histories =
      judge_targets(zone_of(realdata() / "failures" / "preonzo"), load_policy({}), {}, failure, highwall::Run());
  ASSERT_EQ(histories.size(), 5U);
  for (const History& h : histories) {
    Instant first[5] = {kNoInstant, kNoInstant, kNoInstant, kNoInstant, kNoInstant};
    for (const LampEntry& e : h.entries) {
      for (int level = 0; level <= static_cast<int>(e.level); ++level) {
        if (first[level] == kNoInstant) first[level] = e.at;
      }
    }
    std::printf("%s: equal speed %.2f mm/d;", h.target.c_str(), 1000.0 * h.equal_speed_m_per_day);
    for (int level = 1; level <= 4; ++level) {
      const bool reached = first[level] != kNoInstant;
      std::printf(" %s %.0f d", std::string(name_of(static_cast<Level>(level))).c_str(),
                  reached ? to_days(failure - first[level]).value : -1.0);
    }
    std::printf("\n");
    ASSERT_NE(first[3], kNoInstant);
    EXPECT_GE(to_days(failure - first[3]).value, 7.0) << h.target;
  }
}

TEST(RealDataWarn, NothingAboveBlueOnTheStableTwin) {
  HIGHWALL_NEED_REALDATA();
  const auto histories = judge_targets(zone_of(realdata() / "failures" / "preonzo_stable"), load_policy({}), {},
                                       *parse_iso8601("2012-02-01T00:00:00Z"), highwall::Run());
  for (const History& h : histories) {
    for (const LampEntry& e : h.entries) {
      EXPECT_LE(static_cast<int>(e.level), static_cast<int>(Level::blue))
          << h.target << " " << to_iso8601(e.at) << " " << e.evidence.rule << " " << e.evidence.value;
    }
  }
}

TEST(RealDataWarn, NoOrangeInSeventyEightDaysOfRadarAndYellowWhenItMoved) {
  HIGHWALL_NEED_REALDATA();
  ReadOptions options;
  options.sign = "toward_negative";
  options.time_zone = "UTC";
  const auto path = realdata() / "radar" / "arcsar_area" / "ARCSAR_ALT-079_displacement.csv";
  TargetInput target;
  target.series = std::get<std::vector<TimeSeries>>(read_file(path, options, highwall::Run()).data).at(0);
  vet(target.series, CleanOptions{}, FreezeOptions{});
  target.max_silence_h = 2.0;
  const auto histories = judge_targets({target}, load_policy({}), {}, target.series.time.back(), highwall::Run());
  const Instant from = *parse_iso8601("2025-09-02T00:00:00Z");
  const Instant to = *parse_iso8601("2025-09-10T00:00:00Z");
  std::size_t in_motion = 0;
  std::size_t yellow = 0;
  std::size_t above = 0;
  for (const LampEntry& e : histories[0].entries) {
    if (e.level >= Level::orange) ++above;
    if (e.cause != LampEntry::Cause::sample || e.at < from || e.at >= to) continue;
    ++in_motion;
    if (e.level == Level::yellow) ++yellow;
  }
  const double share = static_cast<double>(yellow) / static_cast<double>(in_motion);
  std::printf("samples at orange or above: %zu; yellow in %.1f %% of %zu samples of 2-9 September\n", above, 100.0 * share,
              in_motion);
  EXPECT_EQ(above, 0U);
  EXPECT_GE(share, 0.8);
}

}  // namespace
}  // namespace highwall
