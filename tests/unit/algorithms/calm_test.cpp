// Situations in which a slope must not look calm, and some in which it must not look bad.
#include "algorithms/warn/judge.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "algorithms/series/freeze.hpp"
#include "io/config/policy.hpp"

namespace highwall {
namespace {

const Instant kStart = *parse_iso8601("2026-03-01T00:00:00Z");

Instant at_hour(double h) { return kStart + duration_from_seconds(3600.0 * h); }

/// One-component series in mm, with normal noise, at the hours given.
class Series {
 public:
  explicit Series(double noise_mm = 0.3, unsigned seed = 1) : noise_mm_(noise_mm), generator_(seed) { series_.target = "T"; }

  template <class F>
  Series& add(double from_h, double to_h, double step_h, F&& mm) {
    for (double h = from_h; h < to_h - 1e-9; h += step_h)
      series_.push(at_hour(h), {(mm(h) + noise_mm_ * normal_(generator_)) / 1000.0});
    return *this;
  }
  Series& nothing(double from_h, double to_h, double step_h) {
    for (double h = from_h; h < to_h - 1e-9; h += step_h) series_.push(at_hour(h), {kNaN});
    return *this;
  }
  TargetInput target(SensorKind kind = SensorKind::extensometer, double max_silence_h = 12.0) {
    TargetInput t;
    t.series = series_;
    t.series.kind = kind;
    t.max_silence_h = max_silence_h;
    return t;
  }

 private:
  double noise_mm_;
  std::mt19937 generator_;
  std::normal_distribution<double> normal_;
  TimeSeries series_;
};

double rest(double) { return 0.0; }

Policy shipped() { return load_policy({}); }

History judged(const TargetInput& target, double now_h, const std::vector<Act>& acts = {}) {
  return judge_targets({target}, shipped(), acts, at_hour(now_h), highwall::Run(1)).at(0);
}

Level highest(const History& h, double from_h = 0.0) {
  Level level = Level::none;
  for (const LampEntry& e : h.entries) {
    if (e.at >= at_hour(from_h)) level = std::max(level, e.level);
  }
  return level;
}

bool has_doubt(const History& h, const std::string& words) {
  return std::any_of(h.doubts.begin(), h.doubts.end(), [&](const std::string& d) { return d.find(words) != std::string::npos; });
}

// ---- gaps ----

TEST(JudgeGap, AJumpDuringADayLongOutageIsRed) {
  Series s(1.0);
  s.add(0, 128, 1, rest).add(200, 288, 1, [](double) { return 500.0; });
  const History h = judged(s.target(), 288);
  EXPECT_EQ(h.entries.back().level, Level::red);
  for (const LampEntry& e : h.entries) {
    if (e.at == at_hour(200)) {
      EXPECT_EQ(e.health, Health::degraded);
    }
  }
}

TEST(JudgeGap, AJumpOverMissedDailyReadingsIsRed) {
  Series s(1.0);
  s.add(0, 24 * 17, 24, rest).add(24 * 20, 24 * 30, 24, [](double) { return 500.0; });
  EXPECT_EQ(highest(judged(s.target(SensorKind::extensometer, 48), 24 * 30)), Level::red);
}

TEST(JudgeGap, TwoGapsInARowHideNothing) {
  Series s(1.0);
  s.add(0, 24 * 17, 24, rest).add(24 * 20, 24 * 20 + 1, 24, [](double) { return 60.0; });
  s.add(24 * 23, 24 * 30, 24, [](double) { return 60.0; });
  EXPECT_EQ(highest(judged(s.target(SensorKind::extensometer, 96), 24 * 30)), Level::red);
}

TEST(JudgeGap, OneBlunderAfterAGapConfirmsNothing) {
  Series s(1.0);
  s.add(0, 128, 1, rest).add(200, 201, 1, [](double) { return 500.0; }).add(201, 288, 1, rest);
  TargetInput t = s.target();
  clean(t.series, CleanOptions{});
  EXPECT_LE(highest(judged(t, 288)), Level::blue);
}

TEST(JudgeGap, CreepThatGoesOnThroughAGapIsNoJump) {
  Series s(0.3);
  const auto creep = [](double h) { return 4.0 * h / 24.0; };
  s.add(0, 240, 1, creep).add(360, 480, 1, creep);
  EXPECT_LT(highest(judged(s.target(), 480)), Level::orange);
}

TEST(JudgeGap, AGapAtRestRaisesNothing) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Series s(2.0, seed);
    s.add(0, 200, 1, rest).add(290, 480, 1, rest);
    EXPECT_LE(highest(judged(s.target(SensorKind::gnss), 480)), Level::blue) << seed;
  }
}

// ---- what cannot be calibrated ----

TEST(JudgeStart, FastMotionInTheFirstDaysIsSeen) {
  Series s(1.0);
  s.add(0, 93, 1, [](double h) { return 100.0 * h / 24.0; });
  const History h = judged(s.target(), 93);
  EXPECT_EQ(h.entries.back().level, Level::red);
  EXPECT_EQ(h.entries.back().health, Health::degraded);
}

TEST(JudgeStart, RestInTheFirstDaysIsNotOrange) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Series s(2.0, seed);
    s.add(0, 93, 1, rest);
    EXPECT_EQ(highest(judged(s.target(SensorKind::gnss), 93)), Level::none) << seed;
  }
}

TEST(JudgeStart, AnAcceleratingSlopeThatIsNewIsRedBeforeItFails) {
  Series s(0.3);
  s.add(0, 144, 1, [](double h) { return -60.0 * std::log(std::max(1e-3, 1.0 - h / 144.0)); });
  const History h = judged(s.target(), 143);
  EXPECT_EQ(h.entries.back().level, Level::red);
}

TEST(JudgeStart, AQuietPeriodBeforeTheTargetExistedFallsBackAndSaysSo) {
  Series s(0.3);
  s.add(192, 480, 1, [](double h) { return h < 312 ? 0.0 : 100.0 * (h - 312) / 24.0; });
  TargetInput t = s.target(SensorKind::gnss);
  t.quiet = {{at_hour(0), at_hour(96)}};
  const History h = judged(t, 480);
  EXPECT_EQ(h.entries.back().level, Level::red);
  EXPECT_TRUE(has_doubt(h, "quiet period"));
}

TEST(JudgeStart, ASeriesWithoutAnyValueCannotBeJudged) {
  Series s;
  s.nothing(0, 200, 1);
  const History h = judged(s.target(), 200);
  EXPECT_TRUE(has_doubt(h, "cannot be judged"));
  EXPECT_EQ(h.entries.back().health, Health::silent);
}

TEST(JudgeQuiet, MotionInADeclaredQuietPeriodIsSaidAndDoesNotBlind) {
  Series s(0.3);
  s.add(0, 480, 1, [](double h) { return h < 240 ? 20.0 * h / 24.0 : 200.0 + 45.0 * (h - 240) / 24.0; });
  TargetInput t = s.target();
  t.quiet = {{at_hour(0), at_hour(216)}};
  const History h = judged(t, 480);
  EXPECT_TRUE(has_doubt(h, "within its declared quiet period"));
  EXPECT_GE(h.entries.back().level, Level::orange);
}

TEST(JudgeQuiet, RestInADeclaredQuietPeriodGivesNoDoubt) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Series s(0.3, seed);
    s.add(0, 300, 1, rest);
    TargetInput t = s.target();
    t.quiet = {{at_hour(0), at_hour(216)}};
    EXPECT_TRUE(judged(t, 300).doubts.empty()) << seed;
  }
}

// ---- a calibration time with bad samples ----

/// Rest, then 48 mm a day from the 200th hour on; mm(h) is what a bad sample shows beside it.
template <class F>
Series fails_after(F&& bad, unsigned seed) {
  Series s(0.2, seed);
  s.add(0, 260, 1, [&](double h) { return 2.0 * std::max(0.0, h - 200.0) + bad(h); });
  return s;
}

TEST(JudgeCalibration, BadSamplesDoNotBlind) {
  const std::vector<std::pair<std::string, std::function<double(double)>>> cases{
      {"a pair", [](double h) { return h == 30 || h == 31 ? 100.0 : 0.0; }},
      {"a small pair", [](double h) { return h == 30 || h == 31 ? 20.0 : 0.0; }},
      {"five samples", [](double h) { return h >= 30 && h < 35 ? 100.0 : 0.0; }},
      {"a wrong first value", [](double h) { return h == 0 ? 1000.0 : 0.0; }},
      {"first rows that are not zeroed", [](double h) { return h < 3 ? -412.0 : 0.0; }},
      {"a re-zeroing", [](double h) { return h < 20 ? 50.0 : 0.0; }},
      {"40 h of installation", [](double h) { return h < 40 ? 20.0 * std::sin(7.0 * h * h) : 0.0; }},
  };
  for (const auto& [name, bad] : cases) {
    for (const bool declared : {false, true}) {
      for (unsigned seed = 1; seed <= 5; ++seed) {
        TargetInput t = fails_after(bad, seed).target();
        if (declared) t.quiet = {{at_hour(0), at_hour(180)}};
        clean(t.series, CleanOptions{});
        const History h = judged(t, 260);
        EXPECT_GE(h.entries.back().level, Level::orange) << name << " " << declared << " " << seed;
        EXPECT_TRUE(has_doubt(h, "of its calibration time")) << name << " " << declared << " " << seed;
        EXPECT_FALSE(has_doubt(h, "cannot see orange")) << name << " " << declared << " " << seed;
      }
    }
  }
}

TEST(JudgeCalibration, DailyReadingsWithAWrongFirstOneAreCalibratedOnTheOthers) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Series s(0.3, seed);
    s.add(0, 24 * 30, 24, [](double h) { return h == 0 ? 1000.0 : std::max(0.0, h / 24.0 - 20.0) * 30.0; });
    EXPECT_GE(highest(judged(s.target(SensorKind::extensometer, 48), 24 * 30)), Level::orange) << seed;
  }
}

TEST(JudgeCalibration, HonestNoiseIsNotCut) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    for (const double step_h : {0.1, 1.0, 24.0}) {
      Series s(0.3, seed);
      s.add(0, 24 * 12, step_h, [](double h) { return 0.5 * std::sin(h / 24.0 * 6.28); });
      EXPECT_TRUE(judged(s.target(), 24 * 12).doubts.empty()) << seed << " " << step_h;
    }
  }
}

TEST(JudgeCalibration, BlundersAtItsEndAreNoMotionLater) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    for (const double samples : {2.0, 5.0}) {
      Series s(0.2, seed);
      s.add(0, 260, 1, [&](double h) { return h >= 70 && h < 70 + samples ? 100.0 : 0.0; });
      TargetInput t = s.target();
      clean(t.series, CleanOptions{});
      const History h = judged(t, 260);
      for (const LampEntry& e : h.entries) {
        if (e.at < at_hour(100)) continue;
        EXPECT_LT(e.raise.rule < 0 ? 0 : e.raise.sample, 96U) << seed << " " << samples;
      }
      EXPECT_EQ(h.entries.back().unlatched, Level::none) << seed << " " << samples;
    }
  }
}

TEST(JudgeCalibration, MotionThatBeginsAtItsEndIsNoBlunder) {
  Series s(0.2);
  s.add(0, 140, 1, [&](double h) { return h >= 95 ? 100.0 : 0.0; });
  EXPECT_GE(highest(judged(s.target(), 140)), Level::orange);
}

TEST(JudgeCalibration, ASensorThatCannotSeeOrangeIsNotLiveAndSaysSo) {
  Series s(40.0);
  s.add(0, 300, 1, rest);
  const History h = judged(s.target(), 300);
  EXPECT_EQ(h.entries.back().health, Health::degraded);
  EXPECT_TRUE(has_doubt(h, "cannot see orange: sigma")) << h.doubts.size();
  EXPECT_TRUE(has_doubt(h, "against a limit of 10 mm/day since 2026-03-05T00:00:00Z"));
  Series good(5.0);
  good.add(0, 300, 1, rest);
  EXPECT_EQ(judged(good.target(), 300).entries.back().health, Health::live);
  EXPECT_TRUE(judged(good.target(), 300).doubts.empty());
}

TEST(JudgeCalibration, RowsOfACommissioningLongBeforeSayNothing) {
  for (const double before_h : {2400.0, 240.0}) {
    for (const int rows : {1, 2, 10}) {
      for (unsigned seed = 1; seed <= 5; ++seed) {
        Series s(0.02, seed);
        for (int k = 0; k < rows; ++k) s.add(k - before_h, k - before_h + 0.5, 1, rest);
        Series real(3.0, seed);
        real.add(0, 400, 1, rest);
        TargetInput t = real.target();
        TimeSeries all = s.target().series;
        for (std::size_t i = 0; i < t.series.size(); ++i) all.push(t.series.time[i], {t.series.value_m[i]});
        t.series = all;
        t.series.kind = SensorKind::extensometer;
        EXPECT_LE(highest(judged(t, 400), 24), Level::blue) << before_h << " " << rows << " " << seed;
      }
    }
  }
}

// ---- signs of life ----

TEST(JudgeSilence, ASensorThatSendsOnlyEmptyValuesIsSilent) {
  Series s;
  s.add(0, 288, 1, rest).nothing(288, 600, 1);
  const History h = judged(s.target(), 600);
  EXPECT_EQ(h.entries.back().health, Health::silent);
  for (const LampEntry& e : h.entries) {
    if (e.measured && e.cause == LampEntry::Cause::sample) {
      EXPECT_LT(e.at, at_hour(288));
    }
  }
}

TEST(JudgeSilence, AFrozenLoggerIsSilentInTheEnd) {
  Series s;
  s.add(0, 288, 1, rest);
  TargetInput t = s.target();
  const double frozen = t.series.value_m.back();
  for (int h = 288; h < 480; ++h) t.series.push(at_hour(h), {frozen});
  EXPECT_EQ(flag_frozen(t.series, {}), 192U - 11U);
  const History h = judged(t, 480);
  EXPECT_EQ(h.entries.back().health, Health::silent);
}

TEST(JudgeSilence, ACoarseScaleIsNotFrozen) {
  TimeSeries s;
  for (int h = 0; h < 480; ++h) s.push(at_hour(h), {0.001 * std::floor(h / 40.0)});
  // Until its first step nobody can tell it from a dead sensor.
  EXPECT_EQ(flag_frozen(s, {}), 40U - 12U);
  EXPECT_EQ(s.flags[39], kFlagFrozen);
}

TEST(JudgeSilence, AFrozenDailySensorLowersNoLevel) {
  Series s;
  s.add(0, 40 * 24, 24, [](double h) { return h < 30 * 24 ? 0.0 : 30.0 * (h - 30 * 24) / 24.0; });
  TargetInput t = s.target(SensorKind::extensometer, 48.0);
  const History before = judged(t, 39 * 24);
  ASSERT_GE(before.entries.back().level, Level::yellow);
  const double frozen = t.series.value_m.back();
  for (int d = 40; d < 50; ++d) t.series.push(at_hour(24.0 * d), {frozen});
  const auto doubts = vet(t.series, {}, {});
  ASSERT_EQ(doubts.size(), 1U);
  EXPECT_NE(doubts[0].find("since 2026-04-09T00:00:00Z"), std::string::npos) << doubts[0];
  const History h = judged(t, 49 * 24);
  EXPECT_EQ(h.entries.back().unlatched, before.entries.back().unlatched);
  EXPECT_EQ(h.entries.back().health, Health::silent);
}

TEST(Vet, NamesRowsOfAWrongClock) {
  TimeSeries s;
  s.push(*parse_iso8601("1970-01-01"), {0.0});
  for (int h = 0; h < 48; ++h) s.push(at_hour(h), {0.0001 * (h % 7)});
  auto doubts = vet(s, {}, {});
  ASSERT_EQ(doubts.size(), 1U);
  EXPECT_EQ(doubts[0], "has a row of 1970-01-01T00:00:00Z, 20513 days before the next one: a wrong clock, not used");
  s.push(*parse_iso8601("1970-01-01T00:05:00Z"), {0.0});
  doubts = vet(s, {}, {});
  ASSERT_EQ(doubts.size(), 1U);
  EXPECT_EQ(
      doubts[0],
      "has 2 rows of 1970-01-01T00:00:00Z to 1970-01-01T00:05:00Z, 20513 days before the next one: a wrong clock, not used");
}

TEST(JudgeSilence, ADailyCoarseScaleIsNotFrozen) {
  TimeSeries s;
  for (int d = 0; d < 200; ++d) s.push(at_hour(24.0 * d), {0.001 * (d / 4)});
  EXPECT_EQ(flag_frozen(s, {}), 0U);
}

TEST(JudgeSilence, ALongFreezeMakesNoCoarseScale) {
  Series s;
  s.add(0, 20 * 24, 24, rest);
  TimeSeries t = s.target().series;
  for (int d = 20; d < 60; ++d) t.push(at_hour(24.0 * d), {t.value_m.back()});
  for (int d = 60; d < 70; ++d) t.push(at_hour(24.0 * d), {0.0001 * (d % 7)});
  for (int d = 70; d < 80; ++d) t.push(at_hour(24.0 * d), {t.value_m.back()});
  EXPECT_EQ(flag_frozen(t, {}), 50U);
}

TEST(JudgeSilence, ASensorThatNeverShowedAnotherValueIsFrozen) {
  for (const double value_m : {0.0, 1.2345e-3}) {
    TargetInput t;
    for (int h = 0; h < 360; ++h) t.series.push(at_hour(h), {value_m});
    t.series.target = "T";
    t.max_silence_h = 12.0;
    const auto doubts = vet(t.series, {}, {});
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_NE(doubts[0].find("since 2026-03-01T00:00:00Z: frozen"), std::string::npos) << doubts[0];
    EXPECT_EQ(judged(t, 359).entries.back().health, Health::silent);
  }
}

TEST(JudgeSilence, ASensorThatFreezesEarlyIsFrozen) {
  for (int alive = 1; alive < 12; ++alive) {
    for (const double step_h : {1.0, 24.0}) {
      Series s(0.3, static_cast<unsigned>(alive));
      s.add(0, alive * step_h, step_h, rest);
      TimeSeries t = s.target().series;
      for (int i = alive; i < 60; ++i) t.push(at_hour(step_h * i), {t.value_m.back()});
      flag_frozen(t, {});
      EXPECT_EQ(t.flags[static_cast<std::size_t>(alive) + 12], kFlagFrozen) << alive << " " << step_h;
      EXPECT_NE(frozen_since(t), kNoInstant);
    }
  }
}

TEST(JudgeSilence, ASensorThatComesToLifeIsBelieved) {
  TimeSeries t;
  for (int h = 0; h < 360; ++h) t.push(at_hour(h), {0.0});
  for (int h = 360; h < 400; ++h) t.push(at_hour(h), {1e-4 * ((h * h) % 17 + 1)});
  for (int h = 400; h < 460; ++h) t.push(at_hour(h), {t.value_m.back()});
  flag_frozen(t, {});
  EXPECT_EQ(t.flags[359], kFlagFrozen);
  for (std::size_t h = 360; h < 400; ++h) EXPECT_EQ(t.flags[h], kFlagNone);
  EXPECT_EQ(t.flags.back(), kFlagFrozen);  // What it did before it lived says nothing of its scale.
}

TEST(JudgeSilence, EqualNeighboursOfAHealthyDailySensorAreChance) {
  std::size_t flagged = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Series s(0.3, seed);
    s.add(0, 100 * 24, 24, rest);
    TimeSeries t = s.target().series;
    for (double& v : t.value_m) v = 1e-4 * std::round(v / 1e-4);
    flagged += flag_frozen(t, {});
    for (int d = 100; d < 110; ++d) t.push(at_hour(24.0 * d), {t.value_m.back()});
    t.flags.clear();
    flag_frozen(t, {});
    EXPECT_NE(t.flags[106], kFlagNone) << seed;  // A freeze is told within a week all the same.
  }
  EXPECT_LE(flagged, 2U);
}

TEST(JudgeSilence, AScaleCoarserThanTheNoiseMayRestAfterMotion) {
  for (const double mm_per_day : {3.0, 2.7, 0.4}) {
    TimeSeries t;
    for (int d = 0; d < 120; ++d) t.push(at_hour(24.0 * d), {0.001 * std::round(mm_per_day * std::min(d, 40))});
    EXPECT_EQ(flag_frozen(t, {}), 0U) << mm_per_day;
  }
}

TEST(JudgeSilence, TwoEqualDaysOfAFineScaleAreFrozen) {
  Series s;
  s.add(0, 40 * 24, 24, rest);
  TimeSeries t = s.target().series;
  for (double& v : t.value_m) v = 1e-6 * std::round(v / 1e-6);
  for (int d = 40; d < 50; ++d) t.push(at_hour(24.0 * d), {t.value_m.back()});
  EXPECT_EQ(flag_frozen(t, {}), 9U);
}

TEST(JudgeSilence, NoFreezeDependsOnWhatCameAfterIt) {
  Series s(0.3, 5);
  s.add(0, 60, 1, rest);
  TimeSeries t = s.target().series;
  for (std::size_t i = 0; i < t.size(); ++i) t.value_m[i] = 1e-4 * std::round(t.value_m[i] / 1e-4);
  for (int h = 60; h < 90; ++h) t.push(at_hour(h), {t.value_m.back()});
  for (int h = 90; h < 120; ++h) t.push(at_hour(h), {1e-4 * ((h * h) % 17)});
  TimeSeries whole = t;
  flag_frozen(whole, {});
  for (std::size_t n = 1; n <= t.size(); ++n) {
    std::vector<std::size_t> first(n);
    for (std::size_t i = 0; i < n; ++i) first[i] = i;
    TimeSeries part = select(t, first);
    flag_frozen(part, {});
    ASSERT_TRUE(std::equal(part.flags.begin(), part.flags.end(), whole.flags.begin())) << n;
  }
}

TEST(JudgeKinds, RainIsNoDisplacement) {
  Series s(0.0);
  s.add(0, 480, 1, [](double h) { return 3.0 * std::max(0.0, h - 300.0); });
  EXPECT_EQ(highest(judged(s.target(SensorKind::rain), 480)), Level::none);
  EXPECT_FALSE(shipped().judges(SensorKind::rain));
  EXPECT_FALSE(shipped().judges(SensorKind::piezometer));
}

// ---- steps and blasts ----

TEST(JudgeStep, TheVelocityOfAStepIsNoVelocity) {
  // 15 mm in a moment: a least-squares line over 24 h would be 22 mm/day steep.
  Series s(0.3);
  s.add(0, 480, 1, [](double h) { return h < 240 ? 0.0 : 15.0; });
  const History h = judged(s.target(), 480);
  EXPECT_LT(highest(h), Level::red);
  EXPECT_GE(highest(h), Level::orange);
}

TEST(JudgeStep, ABlastStepIsAtMostOrange) {
  Series s(0.3);
  s.add(0, 480, 1, [](double h) { return h < 240 ? 0.0 : 80.0; });
  TargetInput t = s.target();
  t.blasts = {at_hour(239.5)};
  EXPECT_EQ(highest(judged(t, 262)), Level::orange);
}

TEST(JudgeStep, MotionThatGoesOnAfterABlastIsRed) {
  Series s(0.3);
  s.add(0, 480, 1, [](double h) { return h < 240 ? 0.0 : 15.0 + 100.0 * (h - 240) / 24.0; });
  TargetInput t = s.target();
  t.blasts = {at_hour(239.5)};
  EXPECT_EQ(highest(judged(t, 262)), Level::red);
}

TEST(KnownStep, MotionAcrossTheEventIsNotSwallowed) {
  Series s(0.3);
  s.add(0, 336, 1, [](double h) { return h > 230 ? (h - 230) * 100.0 / 24.0 : 0.0; });
  TargetInput t = s.target();
  const double end = t.series.value_m.back();
  absorb_step(t.series, at_hour(240), StepOptions{});
  EXPECT_NEAR(t.series.value_m.back(), end, 0.010);
  EXPECT_EQ(highest(judged(t, 336)), Level::red);
}

TEST(KnownStep, AStepOnRestIsTakenOutWithItsSigma) {
  Series s(0.3);
  s.add(0, 336, 1, [](double h) { return h >= 240 ? 60.0 : 0.0; });
  TargetInput t = s.target();
  const KnownStep step = absorb_step(t.series, at_hour(240), StepOptions{});
  ASSERT_EQ(step.step_m.size(), 1U);
  EXPECT_TRUE(step.absorbed);
  EXPECT_NEAR(step.step_m[0], 0.060, 4.0 * step.sigma_m[0]);
  EXPECT_GT(step.sigma_m[0], 0.00005);
  t.steps = {step};
  const History h = judged(t, 336);
  EXPECT_LE(highest(h), Level::blue);
  EXPECT_EQ(entry_at(h, at_hour(250))->health, Health::degraded);
  EXPECT_EQ(entry_at(h, at_hour(280))->health, Health::live);
}

TEST(KnownStep, OneThatCannotBeToldYetIsNotJudged) {
  Series s(0.3);
  s.add(0, 242, 1, [](double h) { return h >= 240 ? 60.0 : 0.0; });
  TargetInput t = s.target();
  EXPECT_TRUE(absorb_step(t.series, at_hour(240), StepOptions{}).step_m.empty());
  EXPECT_EQ(t.series.flags.back(), kFlagStep);
}

// ---- references ----

TEST(Reference, ABlunderOfTheBaseIsNobodysMotion) {
  Series base(1.0, 9);
  base.add(0, 288, 1, [](double h) { return h == 200 ? 200.0 : 0.0; });
  TimeSeries b = base.target().series;
  clean(b, CleanOptions{});
  std::vector<TargetInput> targets;
  for (unsigned k = 1; k <= 3; ++k) {
    Series rover(1.0, k);
    TargetInput t = rover.add(0, 288, 1, rest).target(SensorKind::gnss);
    t.series.target = "G" + std::to_string(k);
    clean(t.series, CleanOptions{});
    t.series = without_common_mode(t.series, {&b}, ReferenceOptions{});
    t.reference = "BASE";
    EXPECT_TRUE(std::isnan(t.series.value(200)));
    targets.push_back(std::move(t));
  }
  for (const History& h : judge_targets(targets, shipped(), {}, at_hour(288), highwall::Run(1)))
    EXPECT_LE(highest(h), Level::blue);
}

TEST(Reference, ANewestBlunderOfTheBaseIsNotConfirmedByItsRovers) {
  std::vector<TargetInput> targets;
  for (unsigned k = 1; k <= 3; ++k) {
    Series rover(1.0, k);
    TargetInput t = rover.add(0, 201, 1, [](double h) { return h == 200 ? -200.0 : 0.0; }).target(SensorKind::gnss);
    t.series.target = "G" + std::to_string(k);
    t.reference = "BASE";
    targets.push_back(std::move(t));
  }
  for (const History& h : judge_targets(targets, shipped(), {}, at_hour(200), highwall::Run(1)))
    EXPECT_LE(highest(h), Level::blue);
}

// ---- zones ----

TEST(JudgeZone, DeadSensorsDoNotOutvoteTheOneThatLives) {
  std::vector<TargetInput> targets;
  for (unsigned k = 1; k <= 3; ++k) {
    Series s(0.3, k);
    s.add(0, 288, 1, rest);
    if (k == 1) s.add(288, 338, 1, [](double h) { return 100.0 * (h - 288) / 24.0; });
    TargetInput t = s.target(SensorKind::gnss, 6.0);
    t.series.target = "P" + std::to_string(k);
    targets.push_back(std::move(t));
  }
  const auto histories = judge_targets(targets, shipped(), {}, at_hour(337), highwall::Run(1));
  const History zone = judge_zone("z", histories, 2, 1e9);
  EXPECT_EQ(zone.entries.back().level, Level::red);
  EXPECT_EQ(zone.entries.back().health, Health::degraded);
}

TEST(JudgeZone, OneOfThreeLiveSensorsIsNoQuorumOfTwo) {
  std::vector<TargetInput> targets;
  for (unsigned k = 1; k <= 3; ++k) {
    Series s(0.3, k);
    s.add(0, 338, 1, [&](double h) { return k == 1 && h > 288 ? 100.0 * (h - 288) / 24.0 : 0.0; });
    TargetInput t = s.target(SensorKind::gnss, 6.0);
    t.series.target = "P" + std::to_string(k);
    targets.push_back(std::move(t));
  }
  EXPECT_LT(judge_zone("z", judge_targets(targets, shipped(), {}, at_hour(337), highwall::Run(1)), 2, 1e9).entries.back().level,
            Level::orange);
}

TEST(JudgeNoise, SensorsAtRestWhoseNoiseIsNearALimitConfirmNothing) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    for (const double noise_mm : {15.0, 20.0}) {  // 24 h velocity: 10 and 13 mm/day against 10
      const History h = judged(Series(noise_mm, seed).add(0, 40 * 24, 1, rest).target(SensorKind::prism), 40 * 24);
      EXPECT_LT(highest(h), Level::orange) << seed << " " << noise_mm;
    }
  }
}

TEST(JudgeNoise, MotionAboveTheNoiseIsOrangeWithinThreeDays) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const auto moves = [](double h) { return std::max(0.0, h - 240.0) * 60.0 / 24.0; };
    const History h = judged(Series(12.0, seed).add(0, 312, 1, moves).target(SensorKind::prism), 312);
    EXPECT_GE(highest(h, 240), Level::orange) << seed;
  }
}

TEST(JudgeNoise, OfMotionAboveTheNoiseHalfIsOrangeWithinADayAndSoAreTwoOfThreeTargets) {
  const auto moves = [](double h) { return std::max(0.0, h - 240.0) * 60.0 / 24.0; };
  const auto hours_to = [](const History& h, Level level) {
    for (const LampEntry& e : h.entries) {
      if (e.level >= level && e.at >= at_hour(240)) return to_hours(e.at - at_hour(240));
    }
    return 1e9;
  };
  std::vector<double> hours, zone_hours;
  for (unsigned seed = 1; seed <= 21; ++seed) {
    std::vector<TargetInput> targets;
    for (unsigned k = 0; k < 3; ++k) {
      targets.push_back(Series(12.0, 3 * seed + k).add(0, 312, 1, moves).target(SensorKind::prism));
      targets.back().series.target = "P" + std::to_string(k);
    }
    const auto histories = judge_targets(targets, shipped(), {}, at_hour(312), highwall::Run(1));
    for (const History& h : histories) hours.push_back(hours_to(h, Level::orange));
    zone_hours.push_back(hours_to(judge_zone("z", histories, 2, 1e9), Level::orange));
  }
  std::sort(hours.begin(), hours.end());
  std::sort(zone_hours.begin(), zone_hours.end());
  EXPECT_LE(hours[hours.size() / 2], 20.0);
  EXPECT_LE(hours[hours.size() * 3 / 4], 36.0);
  EXPECT_LE(hours.back(), 56.0);
  EXPECT_LE(zone_hours[zone_hours.size() / 2], 20.0);
  EXPECT_LE(zone_hours.back(), 50.0);
}

}  // namespace
}  // namespace highwall
