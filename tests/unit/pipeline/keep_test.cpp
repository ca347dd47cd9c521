// Messages of nights that follow each other, when the past is told otherwise.
#include "bindings/pipeline/keep.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bindings/pipeline/warn.hpp"
#include "io/durable/durable.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
const Instant kStart = kSeriesStart;

Instant at_h(double h) { return kStart + duration_from_seconds(3600.0 * h); }

LampEntry entry(double h, Level level, Health health = Health::live, LampEntry::Cause cause = LampEntry::Cause::sample) {
  LampEntry e;
  e.at = at_h(h);
  e.level = e.unlatched = level;
  e.health = health;
  e.cause = cause;
  e.evidence = {"orange", 12.0, 1.0, 10.0, "mm_per_day", "24h", {}, {}, {}};
  if (level != Level::none) e.raised = std::make_shared<const Evidence>(e.evidence);
  return e;
}

History target(const std::string& name, std::vector<LampEntry> entries) {
  History h;
  h.target = name;
  h.entries = std::move(entries);
  h.epochs = {"first", "last"};
  return h;
}

class Nights : public testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder();
    site_.mine.no = "1";
    site_.mine.time_zone = "Asia/Shanghai";
    ZoneConfig wall;
    wall.id = "wall";
    wall.slope = "0101";
    site_.zones = {wall};
    policy_ = simple_policy();
  }
  void TearDown() override { fs::remove_all(root_); }

  struct Night {
    std::vector<nlohmann::json> messages;  ///< Without heartbeats.
    std::vector<std::string> findings;
    std::vector<NightState> states;
    const NightState& state(const std::string& name) const {
      return *std::find_if(states.begin(), states.end(), [&](const NightState& s) { return s.name == name; });
    }
    std::size_t count(const std::string& stream) const {
      return static_cast<std::size_t>(
          std::count_if(messages.begin(), messages.end(), [&](const auto& m) { return m["stream"] == stream; }));
    }
  };

  Night night(double now_h, std::vector<History> targets, std::vector<Act> acts = {}) {
    Night out;
    Outbox outbox(root_);
    const auto before = outbox.waiting().size();
    std::vector<ZoneHistories> zones(1);
    zones[0].zone = site_.zones[0].id;
    zones[0].targets = std::move(targets);
    zones[0].own = judge_zone(zones[0].zone, zones[0].targets, site_.zones[0].quorum.targets, site_.zones[0].quorum.area_m2);
    keep_published(site_, policy_, acts, outbox, at_h(now_h), zones, out.findings);
    out.states = states_of(zones);
    post_changes(site_, policy_, zones, {}, at_h(now_h), {}, outbox);
    const auto waiting = outbox.waiting();
    for (std::size_t k = before; k < waiting.size(); ++k) {
      auto m = nlohmann::json::parse(read_whole(waiting[k].path));
      if (m["msg_type"] != "heartbeat") out.messages.push_back(std::move(m));
    }
    return out;
  }

  static Act release(const std::string& name, double h) { return {Act::Kind::release, name, "p09", "seen", at_h(h)}; }

  fs::path root_;
  Site site_;
  Policy policy_;
};

std::vector<History> two_orange() {
  return {target("gnss/A", {entry(0, Level::none), entry(10, Level::orange)}),
          target("gnss/B", {entry(0, Level::none), entry(11, Level::orange)})};
}
std::vector<History> two_at_rest() {
  return {target("gnss/A", {entry(0, Level::none), entry(30, Level::none)}),
          target("gnss/B", {entry(0, Level::none), entry(30, Level::none)})};
}

TEST_F(Nights, ARaiseAnUpgradeAndAClearAreOneEpisode) {
  const auto first = night(24, {target("gnss/A", {entry(0, Level::none), entry(10, Level::yellow)})});
  ASSERT_EQ(first.count("gnss/A"), 1U);
  const auto raise = first.messages[first.messages[0]["stream"] == "gnss/A" ? 0 : 1];
  EXPECT_EQ(raise["msg_type"], "raise");
  EXPECT_EQ(raise["target_id"], "gnss/A");
  EXPECT_EQ(raise["zone_id"], "wall");
  EXPECT_EQ(raise["slope_no"], "0101");
  EXPECT_EQ(raise["rev"], 1);
  EXPECT_EQ(raise["evidence"][0]["epochs"], (std::vector<std::string>{"first", "last"}));
  EXPECT_EQ(raise["evidence"][0]["source"], "a test");
  const auto second = night(48, {target("gnss/A", {entry(0, Level::none), entry(10, Level::yellow), entry(30, Level::red)})});
  const auto upgrade = second.messages.back();
  EXPECT_EQ(upgrade["msg_type"], "update");
  EXPECT_EQ(upgrade["id"], raise["id"]);
  EXPECT_EQ(upgrade["rev"], 2);
  EXPECT_EQ(upgrade["prev_level"], "yellow");
  EXPECT_EQ(upgrade["prev_hash"], raise["hash"]);
  const auto third = night(72,
                           {target("gnss/A", {entry(0, Level::none), entry(10, Level::yellow), entry(30, Level::red),
                                              entry(50, Level::none, Health::live, LampEntry::Cause::act)})},
                           {release("gnss/A", 50)});
  const auto clear = third.messages.back();
  EXPECT_EQ(clear["msg_type"], "clear");
  EXPECT_EQ(clear["id"], raise["id"]);
  EXPECT_TRUE(third.findings.empty());
  const auto fourth =
      night(96,
            {target("gnss/A", {entry(0, Level::none), entry(10, Level::yellow), entry(30, Level::red),
                               entry(50, Level::none, Health::live, LampEntry::Cause::act), entry(80, Level::blue)})},
            {release("gnss/A", 50)});
  EXPECT_EQ(fourth.messages.back()["msg_type"], "raise");
  EXPECT_NE(fourth.messages.back()["id"], raise["id"]);
}

TEST_F(Nights, ANightAgainPostsNothing) {
  night(24, two_orange());
  EXPECT_TRUE(night(24, two_orange()).messages.empty());
  EXPECT_TRUE(night(25, two_orange()).messages.empty());
}

TEST_F(Nights, ARecomputedPastDoesNotClearOrange) {
  night(24, two_orange());
  const auto after = night(48, two_at_rest());
  // Both targets stay, say so, and are findings; so the zone has its quorum still.
  EXPECT_EQ(after.findings.size(), 2U);
  ASSERT_EQ(after.messages.size(), 2U);
  for (const auto& m : after.messages) {
    EXPECT_EQ(m["msg_type"], "update");
    EXPECT_EQ(m["level"], "orange");
    EXPECT_EQ(m["prev_level"], "orange");
    EXPECT_EQ(m["historical"], true);
    EXPECT_EQ(m["quality"]["flags"].back(), "kept_as_published");
    EXPECT_NE(m["explanation"].get<std::string>().find("stays orange"), std::string::npos);
  }
  for (const char* name : {"wall", "gnss/A", "gnss/B"}) EXPECT_EQ(after.state(name).level, Level::orange) << name;
  EXPECT_EQ(after.state("gnss/A").since, at_h(10));
  EXPECT_EQ(after.state("gnss/A").unlatched, Level::none);
  // Said once; the finding comes every night, and the night run again is the same.
  const auto again = night(48, two_at_rest());
  EXPECT_TRUE(again.messages.empty());
  EXPECT_EQ(again.findings, after.findings);
  const auto next = night(72, two_at_rest());
  EXPECT_TRUE(next.messages.empty());
  EXPECT_EQ(next.findings.size(), 2U);
  EXPECT_EQ(next.state("wall").level, Level::orange);
}

TEST_F(Nights, OnlyAReleaseAfterTheMessageLowersIt) {
  night(24, two_orange());
  const auto early = night(48, two_at_rest(), {release("wall", 12), release("gnss/A", 23.9)});
  EXPECT_EQ(early.state("wall").level, Level::orange);
  EXPECT_EQ(early.state("gnss/A").level, Level::orange);
  const auto acknowledged = night(60, two_at_rest(), {{Act::Kind::acknowledge, "wall", "p07", "", at_h(50)}});
  EXPECT_EQ(acknowledged.state("wall").level, Level::orange);
  const auto released = night(72, two_at_rest(), {release("wall", 61)});
  EXPECT_TRUE(released.findings.empty());
  ASSERT_EQ(released.messages.size(), 3U);
  for (const auto& m : released.messages) EXPECT_EQ(m["msg_type"], "clear");
  EXPECT_TRUE(night(72, two_at_rest(), {release("wall", 61)}).messages.empty());
  EXPECT_TRUE(night(96, two_at_rest(), {release("wall", 61)}).messages.empty());
}

TEST_F(Nights, ARecomputedPastIsNotLoweredOnItsWayEither) {
  night(24, two_orange());
  auto targets = two_at_rest();
  targets[0].entries = {entry(0, Level::none), entry(30, Level::yellow), entry(40, Level::red)};
  const auto after = night(48, targets);
  ASSERT_EQ(after.count("gnss/A"), 1U);
  EXPECT_EQ(after.state("gnss/A").level, Level::red);
}

TEST_F(Nights, BelowTheLatchARecomputedPastIsCorrected) {
  night(24, {target("gnss/A", {entry(0, Level::none), entry(10, Level::yellow)})});
  const auto after = night(48, {target("gnss/A", {entry(0, Level::none), entry(30, Level::none)})});
  EXPECT_TRUE(after.findings.empty());
  for (const auto& m : after.messages) {
    EXPECT_EQ(m["msg_type"], "clear");
    EXPECT_EQ(m["historical"], true);
  }
}

TEST_F(Nights, AZoneThatALaterQuorumLowersKeepsItsLevel) {
  night(24, two_orange());
  site_.zones[0].quorum.targets = 3;
  auto targets = two_orange();
  targets.push_back(target("gnss/C", {entry(0, Level::none)}));
  const auto after = night(48, targets);
  EXPECT_EQ(after.state("wall").level, Level::orange);
  EXPECT_EQ(after.findings.size(), 1U);
}

TEST_F(Nights, ATargetThatIsGoneIsSilentAtItsLevelAndCountsInItsZone) {
  night(24, two_orange());
  const auto after = night(48, {two_orange()[0]});
  ASSERT_EQ(after.messages.size(), 1U);
  const auto& gone = after.messages[0];
  EXPECT_EQ(gone["stream"], "gnss/B");
  EXPECT_EQ(gone["msg_type"], "update");
  EXPECT_EQ(gone["level"], "orange");
  EXPECT_EQ(gone["health"], "silent");
  EXPECT_EQ(after.state("gnss/B").zone, "wall");
  EXPECT_EQ(after.state("wall").level, Level::orange);
  EXPECT_EQ(after.state("wall").health, Health::degraded);
  EXPECT_EQ(after.findings.size(), 1U);
  const auto again = night(72, {two_orange()[0]});
  EXPECT_TRUE(again.messages.empty());
  EXPECT_EQ(again.state("gnss/B").level, Level::orange);
  // All gone: the zone too is silent at its level.
  const auto all = night(96, {});
  EXPECT_EQ(all.state("wall").level, Level::orange);
  EXPECT_EQ(all.state("wall").health, Health::silent);
}

TEST_F(Nights, ATargetThatIsGoneGoesByARelease) {
  night(24, {target("gnss/A", {entry(0, Level::none), entry(10, Level::yellow)})});
  EXPECT_EQ(night(48, {}).state("gnss/A").level, Level::yellow);
  const auto released = night(72, {}, {release("gnss/A", 60), release("wall", 60)});
  EXPECT_EQ(released.state("gnss/A").level, Level::none);
  EXPECT_EQ(released.messages.front()["msg_type"], "clear");
  EXPECT_TRUE(released.findings.empty());
  const auto again = night(72, {}, {release("gnss/A", 60), release("wall", 60)});
  EXPECT_TRUE(again.messages.empty());
  EXPECT_EQ(again.states.size(), released.states.size());
  EXPECT_EQ(night(96, {}, {release("gnss/A", 60), release("wall", 60)}).states.size(), 1U);
}

TEST_F(Nights, AZoneThatIsGoneIsSilentAtItsLevel) {
  night(24, two_orange());
  site_.zones[0].id = "wall_renamed";
  const auto after = night(48, {});
  EXPECT_EQ(after.state("wall").level, Level::orange);
  EXPECT_TRUE(after.state("wall").is_zone);
  EXPECT_EQ(after.findings.size(), 3U);
}

TEST_F(Nights, AReleaseOfAZoneGoesOnForItsTargetsWhenItIsRenamed) {
  night(24, two_orange());
  Act act = release("wall", 30);
  act.targets = std::vector<std::string>{"gnss/A", "gnss/B"};
  site_.zones[0].id = "wall_renamed";
  const auto after = night(48, {}, {act});
  EXPECT_EQ(after.state("gnss/A").level, Level::none);
  EXPECT_EQ(after.state("gnss/B").level, Level::none);
  EXPECT_EQ(after.state("wall").level, Level::none);
}

TEST_F(Nights, TheZoneTellsSilenceOnceAndSoTheReturn) {
  const auto sick = [](std::vector<LampEntry> more) {
    std::vector<LampEntry> entries{entry(0, Level::none), entry(10, Level::red)};
    entries.insert(entries.end(), more.begin(), more.end());
    return std::vector<History>{target("gnss/A", entries)};
  };
  night(24, sick({}));
  const LampEntry silent = entry(34, Level::red, Health::silent, LampEntry::Cause::health);
  const auto quiet = night(48, sick({silent}));
  ASSERT_EQ(quiet.messages.size(), 2U);  // The zone, and its target that stands at red.
  for (const nlohmann::json& m : quiet.messages) {
    EXPECT_EQ(m["health"], "silent");
    EXPECT_EQ(m["level"], "red");
  }
  EXPECT_TRUE(night(72, sick({silent})).messages.empty());
  const auto back = night(96, sick({silent, entry(90, Level::red)}));
  ASSERT_EQ(back.messages.size(), 2U);
  EXPECT_EQ(back.messages[0]["health"], "live");
  EXPECT_EQ(back.messages[0]["msg_type"], "update");
}

TEST_F(Nights, ARaisedTargetThatFallsSilentIsToldThoughItsZoneGoesOn) {
  const auto pair = [](Level level, std::vector<LampEntry> more) {
    std::vector<LampEntry> b{entry(0, Level::none), entry(10, level)};
    b.insert(b.end(), more.begin(), more.end());
    return std::vector<History>{target("gnss/A", {entry(0, Level::none), entry(10, level), entry(46, level)}),
                                target("gnss/B", b)};
  };
  for (const Level level : {Level::orange, Level::yellow}) {
    fs::remove_all(root_);
    night(24, pair(level, {}));
    const auto after = night(48, pair(level, {entry(40, level, Health::silent, LampEntry::Cause::health)}));
    if (level == Level::yellow) {
      EXPECT_TRUE(after.messages.empty());
      continue;
    }
    ASSERT_EQ(after.messages.size(), 1U);
    EXPECT_EQ(after.messages[0]["stream"], "gnss/B");
    EXPECT_EQ(after.messages[0]["health"], "silent");
    EXPECT_EQ(after.messages[0]["level"], "orange");
  }
}

TEST(Doubts, ARaisedTargetWithoutDataIsOne) {
  ZoneHistories wall;
  wall.zone = "wall";
  wall.targets = {target("gnss/A", {entry(10, Level::orange)}), target("gnss/B", {entry(10, Level::orange, Health::silent)}),
                  target("gnss/C", {entry(10, Level::yellow, Health::silent)})};
  EXPECT_EQ(doubts_of({wall}, Level::orange),
            std::vector<std::string>{"gnss/B stands at orange and is silent: nobody sees what it does"});
}

TEST(Doubts, ManyRaisedTargetsWithoutDataAreOne) {
  ZoneHistories wall;
  wall.zone = "wall";
  for (int i = 0; i < 7; ++i)
    wall.targets.push_back(target(fmt::format("map/{}", i), {entry(10, i == 6 ? Level::red : Level::orange, Health::stale)}));
  wall.targets[0].doubts = {"cannot be judged"};
  EXPECT_EQ(doubts_of({wall}, Level::orange),
            (std::vector<std::string>{"map/0 cannot be judged",
                                      "zone wall: 7 targets stand at up to red and are silent (map/0, map/1, map/2, map/3, "
                                      "map/4, ...): nobody sees what they do"}));
}

TEST(Doubts, TargetsInNoZoneAreToldAsSuch) {
  ZoneHistories nowhere;
  for (int i = 0; i < 7; ++i) {
    nowhere.targets.push_back(target(fmt::format("map/{}", i), {entry(10, Level::red, Health::silent)}));
    nowhere.targets.back().doubts = {"cannot be judged"};
  }
  const std::vector<std::string> findings = doubts_of({nowhere}, Level::orange);
  ASSERT_EQ(findings.size(), 7U);
  EXPECT_EQ(findings[5], "2 more targets in no zone have doubts");
  EXPECT_EQ(findings[6],
            "7 targets in no zone stand at up to red and are silent (map/0, map/1, map/2, map/3, map/4, ...): nobody sees what "
            "they do");
}

TEST_F(Nights, ASilenceOfARaisedTargetThatLastsIsToldOnce) {
  std::vector<LampEntry> entries{entry(0, Level::none), entry(10, Level::orange)};
  night(24, {target("gnss/A", entries)});
  entries.push_back(entry(40, Level::orange, Health::stale, LampEntry::Cause::health));
  EXPECT_EQ(night(41, {target("gnss/A", entries)}).count("gnss/A"), 1U);
  entries.push_back(entry(48, Level::orange, Health::silent, LampEntry::Cause::health));
  EXPECT_EQ(night(49, {target("gnss/A", entries)}).count("gnss/A"), 0U);
  entries.push_back(entry(60, Level::orange));
  EXPECT_EQ(night(61, {target("gnss/A", entries)}).count("gnss/A"), 1U) << "it speaks again";
}

TEST_F(Nights, AStreamWhoseNewestMessageIsDamagedIsToldAnew) {
  const auto red = [] { return std::vector<History>{target("gnss/A", {entry(0, Level::none), entry(10, Level::red)})}; };
  night(24, red());
  night(48,
        {target("gnss/A",
                {entry(0, Level::none), entry(10, Level::red), entry(40, Level::none, Health::live, LampEntry::Cause::act)})},
        {release("gnss/A", 40)});
  {
    Outbox outbox(root_);
    const Posted cleared = *outbox.last("gnss/A");
    ASSERT_EQ(cleared.level, Level::none);
    write_whole(cleared.path, "{");
  }
  { EXPECT_EQ(Outbox(root_).set_damaged_aside().size(), 1U); }
  // The clear may have arrived: the red that is back must be told although red is the last that is known.
  const auto back = night(72, red());
  ASSERT_EQ(back.count("gnss/A"), 1U);
  EXPECT_EQ(night(73, red()).count("gnss/A"), 0U) << "once";
}

TEST_F(Nights, TheHeartbeatTellsEveryStateOnceADay) {
  const auto beats = [&] {
    const Outbox outbox(root_);
    std::vector<nlohmann::json> out;
    for (const Posted& p : outbox.waiting()) {
      if (p.stream == "heartbeat") out.push_back(nlohmann::json::parse(read_whole(p.path)));
    }
    return out;
  };
  night(24, two_orange());
  ASSERT_EQ(beats().size(), 1U);
  EXPECT_EQ(beats()[0]["level"], "orange");
  EXPECT_EQ(beats()[0]["states"].size(), 1U);
  EXPECT_EQ(beats()[0]["target_states"]["wall"].size(), 2U);
  night(47, two_orange());
  EXPECT_EQ(beats().size(), 1U);
  night(48, {});
  ASSERT_EQ(beats().size(), 2U);
  EXPECT_EQ(beats()[1]["target_states"]["wall"]["gnss/B"][0], "orange");
  EXPECT_EQ(beats()[1]["health"], "silent");
  EXPECT_NE(beats()[1]["id"], beats()[0]["id"]);
}

TEST(Acts, OfAZoneAreAboutTheTargetsThatItHadThen) {
  Act act{Act::Kind::release, "wall", "p09", "seen", kStart};
  EXPECT_TRUE(act.is_about("gnss/A", "wall"));
  EXPECT_FALSE(act.is_about("gnss/A", "side"));
  act.targets = std::vector<std::string>{"gnss/A"};
  EXPECT_TRUE(act.is_about("gnss/A", "side")) << "the zone was cut anew";
  EXPECT_FALSE(act.is_about("gnss/B", "wall")) << "it came later: nobody has seen it";
  EXPECT_TRUE(act.is_about("wall", "wall"));
  act.targets = std::vector<std::string>{};
  EXPECT_FALSE(act.is_about("gnss/A", "wall")) << "it had none";
}

TEST(NameTargets, ABareNameIsEnoughWhereItIsUnique) {
  Site site;
  ZoneConfig zone;
  zone.id = "G03";
  site.zones = {zone};
  Measurements m;
  for (const char* name : {"gnss/G01", "gnss/G02", "prism/G02", "gnss/G03"}) {
    TargetInput t;
    t.series.target = name;
    m.targets["wall"].push_back(t);
  }
  std::vector<Act> acts;
  for (const char* name : {"G01", "G02", "prism/G02", "G03", "G04"})
    acts.push_back({Act::Kind::release, name, "p09", "seen", kStart});
  const auto problems = name_targets(acts, site, m, kStart + hours(1));
  EXPECT_EQ(acts[0].target, "gnss/G01");
  EXPECT_EQ(acts[1].target, "G02");
  EXPECT_EQ(acts[2].target, "prism/G02");
  EXPECT_EQ(acts[3].target, "G03");  // The zone.
  EXPECT_EQ(acts[4].target, "G04");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("gnss/G02, prism/G02"), std::string::npos);
  EXPECT_TRUE(name_targets(acts, site, m, kStart + days(3)).empty());
}

}  // namespace
}  // namespace highwall
