// What is told to people: zone summaries, message content, tables and rasters.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "bindings/pipeline/product_tables.hpp"
#include "bindings/pipeline/zone_summary.hpp"

namespace highwall {
namespace {

const Instant kStart = *parse_iso8601("2026-03-01T00:00:00Z");

LampEntry entry(double hours, Level level, Health health, double value, double threshold = 10.0) {
  LampEntry e;
  e.at = kStart + duration_from_seconds(hours * 3600.0);
  e.level = e.unlatched = level;
  e.health = health;
  e.evidence.rule = "velocity_24h_orange";
  e.evidence.value = value;
  e.evidence.sigma = 0.5;
  e.evidence.threshold = threshold;
  e.evidence.unit = "mm_per_day";
  e.evidence.window = "24h";
  return e;
}

History history(const std::string& name, double area_m2, std::vector<LampEntry> entries) {
  History h;
  h.target = name;
  h.area_m2 = area_m2;
  h.entries = std::move(entries);
  return h;
}

ZoneHistories wedge() {
  ZoneHistories z;
  z.zone = "wedge";
  z.targets = {history("gnss/G01", 0.0, {entry(0, Level::none, Health::live, 1.0), entry(10, Level::orange, Health::live, 12.0)}),
               history("radar/-0007+0007", 400.0, {entry(10, Level::orange, Health::live, 30.0)}),
               history("radar/-0007+0008", 400.0, {entry(10, Level::yellow, Health::silent, 4.0)}),
               history("radar/-0007+0009", 400.0, {})};
  z.own = history("wedge", 0.0, {entry(0, Level::none, Health::live, 1.0), entry(10, Level::orange, Health::degraded, 30.0)});
  return z;
}

NightState state_of(const ZoneHistories& z) {
  NightState s;
  s.name = s.zone = z.zone;
  s.is_zone = true;
  s.level = s.unlatched = z.own.entries.back().level;
  s.since = z.own.entries.back().at;
  return s;
}

TEST(ZoneSummary, SaysWhoDecidesHowManyAreRaisedAndOnHowMuchWall) {
  const ZoneHistories z = wedge();
  const Instant now = kStart + days(1);
  const auto s = zone_summaries({z}, {state_of(z)}, {}, now).at(0);
  EXPECT_EQ(s.decided_by, "radar/-0007+0007");
  EXPECT_EQ(s.targets, 4u);
  EXPECT_EQ(s.raised_targets, 3u);
  EXPECT_EQ(s.at_level_targets, 2u);
  EXPECT_EQ(s.live_targets, 2u);
  EXPECT_EQ(s.doubtful_targets, 0u);
  EXPECT_DOUBLE_EQ(s.area_at_level_m2, 400.0);
  EXPECT_EQ(s.acknowledged_by, "");
}

TEST(ZoneSummary, CountsDoubtfulTargetsAmongTheLiveOnes) {
  ZoneHistories z = wedge();
  z.targets[0].entries.back().health = Health::degraded;
  const auto s = zone_summaries({z}, {state_of(z)}, {}, kStart + days(1)).at(0);
  EXPECT_EQ(s.live_targets, 2u);
  EXPECT_EQ(s.doubtful_targets, 1u);
}

TEST(ZoneSummary, AnAcknowledgementBeforeTheLevelBeganDoesNotCount) {
  const ZoneHistories z = wedge();
  const Instant now = kStart + days(1);
  const Act early{Act::Kind::acknowledge, "wedge", "p01", "", kStart + duration_from_seconds(3600)};
  const Act later{Act::Kind::acknowledge, "gnss/G01", "p02", "", kStart + duration_from_seconds(12 * 3600)};
  const Act future{Act::Kind::acknowledge, "wedge", "p03", "", now + days(1)};
  EXPECT_EQ(zone_summaries({z}, {state_of(z)}, {early, future}, now)[0].acknowledged_by, "");
  EXPECT_EQ(zone_summaries({z}, {state_of(z)}, {early, later, future}, now)[0].acknowledged_by, "p02");
}

TEST(ZoneSummary, AZoneWithoutDataHasNoDeciderAndNoArea) {
  ZoneHistories z;
  z.zone = "empty";
  NightState s;
  s.name = "empty";
  s.is_zone = true;
  const auto summary = zone_summaries({z}, {s}, {}, kStart).at(0);
  EXPECT_EQ(summary.decided_by, "");
  EXPECT_TRUE(std::isnan(summary.area_at_level_m2));
}

TEST(MessageContent, AZoneListsTargetsAtItsLevelAndThoseWithoutData) {
  Policy policy;
  PolicyRule rule;
  rule.name = "velocity_24h_orange";
  rule.family = "velocity";
  policy.rules.push_back(rule);
  WarningMessage m;
  m.level = Level::orange;
  m.health = Health::degraded;
  m.event_time = kStart + days(1);
  m.episode_start = kStart;
  m.evidence = {entry(10, Level::orange, Health::live, 30.0).evidence};
  describe_zone(wedge(), policy, m);
  ASSERT_EQ(m.contributions.size(), 4u);
  EXPECT_EQ(m.contributions[0].target, "radar/-0007+0007");
  EXPECT_EQ(m.contributions[1].target, "gnss/G01");
  EXPECT_TRUE(std::isnan(m.contributions[1].area_m2));
  EXPECT_EQ(m.contributions[2].health, Health::silent);
  EXPECT_TRUE(std::isnan(m.contributions[3].value)) << "never delivered: no value, not 0";
  EXPECT_EQ(m.targets_total, 4u);
  EXPECT_DOUBLE_EQ(m.area_m2, 400.0);
  EXPECT_DOUBLE_EQ(m.duration_h, 24.0);
  EXPECT_DOUBLE_EQ(m.quality.coverage, 0.5);
  EXPECT_DOUBLE_EQ(m.quality.uncertainty_mm, 0.5);
  EXPECT_EQ(m.equip_nos, (std::vector<std::string>{"radar", "gnss/G01"}));
  ASSERT_EQ(m.quantities.size(), 1u);
  EXPECT_EQ(m.quantities[0].name, "velocity_24h_mm_per_day");
}

TEST(SourceOfEpoch, IsBetweenTheInstantAndTheDigest) {
  EXPECT_EQ(source_of_epoch("20260211T031200Z-radar_north-7f3a9c21"), "radar_north");
  EXPECT_EQ(source_of_epoch("20260211T031200Z-a-b-7f3a9c21"), "a-b");
  EXPECT_EQ(source_of_epoch(""), "");
}

TEST(EvidenceFiles, AreTheFilesOfTheEpochsEachOnce) {
  const EpochFiles files =
      files_of_epochs({R"({"act":"ingest","file_sha256":"aa","id":"e1","source":"gnss"})",
                       R"({"act":"ingest","file_sha256":"aa","id":"e2","source":"gnss"})",
                       R"({"act":"file","file_sha256":"aa","file":"drop/a.pos","source":"gnss"})",
                       R"({"act":"file","file_sha256":"aa","file":"drop/copy.pos","source":"gnss"})", "no line at all"});
  Evidence e;
  e.epochs = {"e1", "e2", "unknown"};
  const auto found = files_of({e}, files);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].path, "drop/a.pos");
  EXPECT_EQ(found[0].sha256, "aa");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(SeriesTable, CountsFromTheFirstGoodEpochAndSaysWhyANumberIsMissing) {
  TargetInput t;
  t.series.target = "G,01";
  t.series.components = {"east"};
  t.series.push(kStart, {kNaN}, {kNaN});
  t.series.push(kStart + days(1), {-529.861}, {0.002});
  t.series.push(kStart + days(2), {-529.851}, {0.002});
  t.series.push(kStart + days(3), {-520.0}, {0.002}, kFlagOutlier);
  Measurements m;
  m.targets["wedge"].push_back(t);
  const auto lines = lines_of(series_csv(m, kStart + days(3), 60));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1], "wedge,\"G,01\",2026-03-01T00:00:00Z,east,nan,nan,2026-03-02T00:00:00Z,no_value");
  EXPECT_EQ(lines[2], "wedge,\"G,01\",2026-03-02T00:00:00Z,east,0,2,2026-03-02T00:00:00Z,ok");
  EXPECT_EQ(lines[3], "wedge,\"G,01\",2026-03-03T00:00:00Z,east,10,2,2026-03-02T00:00:00Z,ok");
  EXPECT_TRUE(lines[4].ends_with(",outlier"));
}

TEST(FieldRaster, OnlyPlacesWithADetectionLimitAreInTheMean) {
  DisplacementField f = DisplacementField::of_size(5, Reason::ok);
  f.position_m << 1, 1, 0, 2, 2, 0, 3, 3, 0, 8, 1, 0, 1, 8, 0;
  f.value_m = {0.010, 0.030, 9.0, 0.001, kNaN};
  f.lod95_m = {0.005, 0.007, kNaN, 0.004, kNaN};
  f.reason = {Reason::ok, Reason::ok, Reason::few_points, Reason::ok, Reason::empty_after};
  const FieldRaster r = field_raster(f, 6.0);
  ASSERT_EQ(r.geometry.rows, 2u);
  ASSERT_EQ(r.geometry.cols, 2u);
  EXPECT_NEAR(r.distance_mm[2], 20.0, 1e-9);  // row 1 is the southern one
  EXPECT_NEAR(r.lod95_mm[2], 6.0, 1e-9);
  EXPECT_EQ(r.count[2], 2.0);
  EXPECT_EQ(r.without[2], 1.0);
  EXPECT_EQ(r.beyond[3], 0.0);
  EXPECT_TRUE(std::isnan(r.distance_mm[0]));
  EXPECT_EQ(r.without[0], 1.0);
  EXPECT_EQ(field_raster(DisplacementField::of_size(0, Reason::ok), 6.0).geometry.cells(), 0u);
}

TEST(TargetTables, VelocitiesHaveTheirSignAndEveryJudgedWindow) {
  Policy policy;
  PolicyRule rule;
  rule.name = "v";
  rule.family = "velocity";
  rule.window_h = 6.0;
  policy.rules.push_back(rule);
  TargetInput t;
  t.series.target = "radar/E";
  t.series.kind = SensorKind::radar;
  for (int i = 0; i < 400; ++i) {
    t.series.push(kStart + duration_from_seconds(1800.0 * i), {-0.010 * i / 48.0 + 0.0002 * ((i * 7919) % 13 - 6)});
  }
  Measurements m;
  m.targets["wedge"].push_back(t);
  NightSummary night;
  night.now = t.series.time.back();
  Site site;
  const TargetTables tables = target_tables(site, m, policy, {}, night, highwall::Run(1));
  ASSERT_EQ(tables.rows.size(), 1u);
  EXPECT_NEAR(tables.rows[0].speed_m_per_day, 0.010, 0.002);
  const auto lines = lines_of(tables.velocity_csv);
  EXPECT_EQ(lines[0], "zone,target,kind,time,window_h,component,velocity_mm_per_day,sigma_mm_per_day,reason");
  const std::string& last = lines.back();
  EXPECT_NE(last.find(",24,los,-"), std::string::npos) << last;
  EXPECT_TRUE(
      std::any_of(lines.begin(), lines.end(), [](const std::string& l) { return l.find(",6,los,") != std::string::npos; }));
  EXPECT_TRUE(lines[1].ends_with("too_few_samples") || lines[1].ends_with("window_not_filled")) << lines[1];
}

/// Half-hourly in two components, with a step that was taken out `hours` before the end.
TargetInput exchanged_antenna(double hours) {
  TargetInput t;
  t.series.target = "gnss/G01";
  t.series.kind = SensorKind::gnss;
  t.series.components = {"east", "up"};
  for (int i = 0; i < 480; ++i) {
    const double noise = 0.0002 * ((i * 7919) % 13 - 6);
    t.series.push(kStart + duration_from_seconds(1800.0 * i), {noise, -0.010 * i / 48.0 - noise});
  }
  t.steps = {{t.series.time.back() - duration_from_seconds(hours * 3600.0), {0.050, 0.020}, {0.004, 0.002}, true}};
  return t;
}

/// Velocity and sigma of the last row of a window and component, mm/day.
std::array<double, 2> last_velocity(const std::string& csv, const std::string& window_and_component) {
  std::array<double, 2> out{kNaN, kNaN};
  for (const std::string& line : lines_of(csv)) {
    const std::size_t at = line.find(window_and_component);
    if (at == std::string::npos) continue;
    std::istringstream numbers(line.substr(at + window_and_component.size()));
    char comma = 0;
    numbers >> out[0] >> comma >> out[1];
  }
  return out;
}

TEST(TargetTables, ShowTheSigmaThatWasJudgedAfterAnExchangeOfTheAntenna) {
  Policy policy;
  PolicyRule rule;
  rule.name = "v";
  rule.family = "velocity";
  rule.unit = "mm_per_day";
  rule.level = Level::orange;
  rule.threshold = 1.0;
  policy.rules.push_back(rule);
  Measurements m;
  m.targets["wedge"].push_back(exchanged_antenna(12));
  NightSummary night;
  night.now = m.targets["wedge"][0].series.time.back();
  ZoneHistories judged;
  judged.zone = "wedge";
  judged.targets = judge_targets(m.targets["wedge"], policy, {}, night.now, highwall::Run(1));
  const Evidence& evidence = judged.targets.at(0).entries.back().evidence;
  for (const std::vector<ZoneHistories>& zones : {std::vector{judged}, {}}) {  // {}: no rule judges it
    const TargetTables tables = target_tables(Site(), m, policy, zones, night, highwall::Run(1));
    // A window of a day across a step of 4 mm sigma is no better than 1.5 x 4 mm/day, by component 1.5 x 2.
    const double rounding = 1e-6;
    EXPECT_GT(1000.0 * tables.rows.at(0).speed_sigma_m_per_day, 6.0 - rounding);
    EXPECT_NEAR(1000.0 * tables.rows[0].speed_sigma_m_per_day, evidence.sigma, 1e-9);
    EXPECT_NEAR(1000.0 * tables.rows[0].speed_m_per_day, evidence.value, 1e-9);
    const auto east = last_velocity(tables.velocity_csv, ",24,east,");
    const auto up = last_velocity(tables.velocity_csv, ",24,up,");
    EXPECT_GT(east[1], 6.0 - rounding);
    EXPECT_GT(up[1], 3.0 - rounding);
    EXPECT_LT(up[1], 6.0) << "the step of up alone";
    EXPECT_NEAR(up[0], -10.0, 2.0);
  }
}

TEST(TargetTables, ShowTheRatesOfTheHistory) {
  Policy policy;
  TargetInput t = exchanged_antenna(12);
  Measurements m;
  m.targets["wedge"].push_back(t);
  NightSummary night;
  night.now = t.series.time.back();
  t.steps.clear();
  for (double& v : t.series.value_m) v *= 2.0;
  ZoneHistories judged;
  judged.zone = "wedge";
  judged.targets = judge_targets({t}, policy, {}, night.now, highwall::Run(1));
  ASSERT_TRUE(judged.targets[0].rates);
  const TargetTables tables = target_tables(Site(), m, policy, {judged}, night, highwall::Run(1));
  EXPECT_NEAR(last_velocity(tables.velocity_csv, ",24,up,")[0], -20.0, 4.0) << "nothing is measured a second time";
}

TEST(TargetTables, AVelocityAcrossAGapHasTheSignOfWhatMovedInIt) {
  Policy policy;
  TargetInput t;
  t.series.target = "prism/P1";
  t.series.kind = SensorKind::prism;
  for (int i = 0; i < 200; ++i) {
    if (i >= 100 && i < 195) continue;
    t.series.push(kStart + duration_from_seconds(3600.0 * i), {(i >= 100 ? -0.200 : 0.0) + 0.0002 * ((i * 7919) % 13 - 6)});
  }
  Measurements m;
  m.targets["wedge"].push_back(t);
  NightSummary night;
  night.now = t.series.time[100];  // the first sample after the gap
  m.targets["wedge"][0].series = select(t.series, [] {
    std::vector<std::size_t> first(101);
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = i;
    return first;
  }());
  const TargetTables tables = target_tables(Site(), m, policy, {}, night, highwall::Run(1));
  EXPECT_NEAR(last_velocity(tables.velocity_csv, ",24,los,")[0], -200.0 / 4.0, 2.0);
}

}  // namespace
}  // namespace highwall
