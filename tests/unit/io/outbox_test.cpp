#include "io/outbox/outbox.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "core/error.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/delivery_state.hpp"
#include "io/outbox/publisher.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder();
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  static WarningMessage message(const std::string& stream, int episode, int hour, Level level = Level::yellow) {
    WarningMessage m;
    m.mine_no = "M1";
    m.slope_no = "S1";
    m.stream = stream;
    m.msg_type = "raise";
    m.episode_start = *parse_iso8601("2026-03-01T00:00:00Z") + days(episode);
    m.event_time = m.episode_start + hours(hour);
    m.published_time = m.event_time;
    m.level = level;
    return m;
  }
  /// Runs `act` in a child with a fault planted. @return true when it was killed or threw
  static bool broken(const std::string& plan, const std::function<void()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("HIGHWALL_FAULT", plan.c_str(), 1);
      try {
        act();
      } catch (const Error&) {
        std::_Exit(3);
      }
      std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 3;
  }
  std::set<std::int64_t> numbers_on_disk() const {
    std::set<std::int64_t> numbers;
    for (const char* folder : {"outbox", "sent"}) {
      if (!fs::exists(root_ / folder)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(root_ / folder)) {
        if (entry.path().extension() != ".json") continue;
        EXPECT_TRUE(numbers.insert(std::stoll(entry.path().filename().string())).second) << entry.path() << " is there twice";
      }
    }
    return numbers;
  }

  fs::path root_;
};

TEST_F(OutboxTest, GivesNumbersOutInOneOrderAcrossRestarts) {
  std::string hash;
  for (int i = 0; i < 4; ++i) {
    Outbox outbox(root_);
    const Posted north = outbox.post(message("north", i / 2, i));
    EXPECT_EQ(north.seq, 2 * i + 1);
    EXPECT_EQ(north.rev, i % 2 + 1) << "rev counts within an episode";
    EXPECT_NE(read_whole(north.path).find("\"prev_hash\": \"" + hash + "\""), std::string::npos);
    hash = north.hash;
    EXPECT_EQ(outbox.post(message("south", 0, i)).seq, 2 * i + 2);
    EXPECT_EQ(outbox.last("south")->rev, i + 1);
  }
  Outbox outbox(root_);
  const auto waiting = outbox.waiting();
  ASSERT_EQ(waiting.size(), 8U);
  for (std::size_t i = 0; i < waiting.size(); ++i) EXPECT_EQ(waiting[i].seq, static_cast<std::int64_t>(i) + 1);
  EXPECT_FALSE(outbox.last("west").has_value());
}

TEST_F(OutboxTest, SentMessagesAreFiledByMonthAndNotReadAgain) {
  {
    Outbox outbox(root_);
    outbox.post(message("north", 0, 1));
    outbox.post(message("south", 40, 1, Level::red));
    outbox.settle(1);
    EXPECT_EQ(outbox.waiting().size(), 1U);
    outbox.settle(2);
    EXPECT_EQ(outbox.last("south")->path.parent_path(), root_ / "sent" / "2026" / "04");
  }
  const fs::path filed = root_ / "sent" / "2026" / "03" / "000000000001_north.json";
  ASSERT_TRUE(fs::exists(filed));
  std::ofstream(filed) << "a start that read it would stop here";
  Outbox outbox(root_);
  EXPECT_TRUE(outbox.waiting().empty());
  const auto streams = outbox.streams();
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].stream, "north");
  EXPECT_EQ(streams[0].path, filed);
  EXPECT_EQ(streams[1].level, Level::red);
  EXPECT_EQ(streams[1].event_time, message("south", 40, 1).event_time);
  const Posted next = outbox.post(message("north", 0, 5));
  EXPECT_EQ(next.seq, 3);
  EXPECT_EQ(next.rev, 2);
}

TEST_F(OutboxTest, AMissingTornOrOldMemoryIsMadeAgainFromTheMessages) {
  const auto fill = [&](int first, int last) {
    Outbox outbox(root_);
    for (int i = first; i < last; ++i) outbox.post(message(i % 2 == 0 ? "north" : "south", 20 * i, 1));
    outbox.settle(last);
  };
  const fs::path memory = root_ / "sent" / "streams.log";
  fill(0, 4);
  const std::string old = read_whole(memory);
  fill(4, 6);
  const std::string good = read_whole(memory);
  const std::string whole = tree_digest(root_);
  for (const std::string& text : {std::string(), good.substr(0, good.size() / 2), std::string("{}|00000000\n"), old}) {
    write_whole(memory, text);
    {
      const Outbox outbox(root_);
      EXPECT_EQ(outbox.last("south")->seq, 6);
    }
    EXPECT_EQ(tree_digest(root_), whole) << text;
  }
  remove_file(memory);
  EXPECT_EQ(Outbox(root_).post(message("north", 0, 9)).rev, 2) << "ids of old episodes are remembered too";
}

TEST_F(OutboxTest, TheFlatFolderOfOlderProgramsIsUnderstood) {
  {
    Outbox outbox(root_);
    outbox.post(message("north", 0, 1));
    outbox.post(message("north", 0, 2));
    outbox.settle(2);
  }
  for (const char* name : {"000000000001_north.json", "000000000002_north.json"}) {
    fs::rename(root_ / "sent" / "2026" / "03" / name, root_ / "sent" / name);
  }
  for (const bool remembered : {true, false}) {
    if (!remembered) remove_file(root_ / "sent" / "streams.log");
    const Outbox outbox(root_);
    EXPECT_EQ(outbox.last("north")->seq, 2);
    EXPECT_EQ(outbox.last("north")->path, root_ / "sent" / "000000000002_north.json");
  }
}

TEST_F(OutboxTest, KilledOrRefusedAtAnyStepNothingIsLostOrNumberedTwice) {
  const auto work = [&] {
    Outbox outbox(root_);
    const auto newest = [&](const char* stream) { return outbox.last(stream) ? outbox.last(stream)->rev : 0; };
    while (newest("north") < 3) outbox.post(message("north", 0, static_cast<int>(newest("north"))));
    while (newest("south") < 2) outbox.post(message("south", 40, static_cast<int>(newest("south"))));
    outbox.settle(5);
  };
  work();
  const std::string undisturbed = tree_digest(root_);
  int tried = 0;
  for (const char* point : {"after_write", "before_fsync", "fsync_fails", "before_rename", "after_rename", "before_dirsync"}) {
    for (const char* action : {"kill", "EIO"}) {
      // Refusals look alike behind the point: one of them is tried at each passage, kills at all.
      if (std::string(action) == "EIO" && std::string(point) != "fsync_fails") continue;
      for (int nth = 1; nth < 30; ++nth) {
        fs::remove_all(root_);
        fs::create_directories(root_);
        if (!broken(fmt::format("{}:{}:{}", point, action, nth), work)) break;  // passed for the last time
        ++tried;
        sweep_temporary_files(root_);
        const auto before = numbers_on_disk();
        work();
        for (const std::int64_t n : before) EXPECT_EQ(numbers_on_disk().count(n), 1U);
        EXPECT_EQ(numbers_on_disk(), (std::set<std::int64_t>{1, 2, 3, 4, 5}));
        EXPECT_EQ(tree_digest(root_), undisturbed) << point << " " << action << " " << nth;
      }
    }
  }
  EXPECT_GT(tried, 50);
}

TEST_F(OutboxTest, ADamagedMessageIsSetAsideAndTheOthersGoOn) {
  {
    Outbox outbox(root_);
    outbox.post(message("north", 0, 1));
    outbox.post(message("north", 0, 2, Level::red));
    outbox.post(message("south", 0, 3));
  }
  const fs::path damaged = root_ / "outbox" / "000000000002_north.json";
  std::string text = read_whole(damaged);
  text.replace(text.find("\"red\""), 5, "\"rad\"");
  for (const std::string& bytes : {std::string("{"), std::string(), text}) {
    const fs::path copy = root_ / "copy";
    fs::remove_all(copy);
    fs::create_directories(copy);
    fs::copy(root_ / "outbox", copy / "outbox", fs::copy_options::recursive);
    write_whole(copy / "outbox" / damaged.filename(), bytes);
    for (int start = 0; start < 2; ++start) {
      Outbox outbox(copy);
      const auto findings = outbox.set_damaged_aside();
      ASSERT_EQ(findings.size(), 1U) << "it is told at each start";
      EXPECT_NE(findings[0].find("000000000002_north.json"), std::string::npos) << findings[0];
      EXPECT_TRUE(outbox.is_newest_lost("north"));
      EXPECT_FALSE(outbox.is_newest_lost("south"));
      ASSERT_EQ(outbox.waiting().size(), 2U);
      EXPECT_EQ(outbox.waiting()[1].seq, 3);
    }
    EXPECT_EQ(read_whole(copy / "quarantine" / "messages" / "000000000002_north.json.damaged"), bytes);
    Outbox outbox(copy);
    const Posted next = outbox.post(message("north", 0, 4));
    EXPECT_EQ(next.seq, 4);
    EXPECT_GT(next.rev, 2) << "a receiver that had the second would take rev 2 for a repeat";
    EXPECT_FALSE(outbox.is_newest_lost("north"));
    EXPECT_EQ(outbox.post(message("north", 0, 5)).rev, next.rev + 1);
    EXPECT_EQ(outbox.post(message("north", 9, 1)).rev, 1) << "an episode that began later has no part in the loss";
  }
}

TEST_F(OutboxTest, AFlippedDigitOfAMessageIsDamage) {
  { Outbox(root_).post(message("north", 0, 1, Level::red)); }
  const fs::path path = root_ / "outbox" / "000000000001_north.json";
  std::string text = read_whole(path);
  text.replace(text.find("\"rev\": 1"), 8, "\"rev\": 7");
  write_whole(path, text);
  EXPECT_EQ(Outbox(root_).set_damaged_aside().size(), 1U);
}

TEST_F(OutboxTest, ADamagedNewestMessageKeepsItsNumber) {
  {
    Outbox outbox(root_);
    outbox.post(message("north", 0, 1));
    outbox.post(message("south", 0, 2));
    outbox.settle(2);
  }
  std::ofstream(root_ / "sent" / "2026" / "03" / "000000000002_south.json") << "{";
  remove_file(root_ / "sent" / "streams.log");
  for (int start = 0; start < 2; ++start) {
    Outbox outbox(root_);
    EXPECT_EQ(outbox.set_damaged_aside().size(), 1U);
    EXPECT_EQ(outbox.last("north")->seq, 1);
    const Posted next = outbox.post(message("south", 0, 3 + start));
    EXPECT_EQ(next.seq, 3 + start);
    EXPECT_EQ(next.rev, 3 + start);
  }
}

TEST_F(OutboxTest, NumbersNeverGoBackBehindWhatWasDelivered) {
  {
    Outbox outbox(root_);
    for (int i = 0; i < 5; ++i) outbox.post(message(i < 3 ? "north" : "south", 0, i));
    outbox.settle(5);
  }
  save_delivery_state(delivery_state_path(root_, "control_room"), {5, 1, ""});
  save_delivery_state(delivery_state_path(root_, "slow"), {2, 1, "caf\xe9"});
  fs::remove_all(root_ / "sent");
  for (int start = 0; start < 2; ++start) {
    Outbox outbox(root_);
    const Posted north = outbox.post(message("north", 0, 7 + start));
    EXPECT_EQ(north.seq, 6 + 2 * start);
    EXPECT_GT(north.rev, 3 + start) << "revs that receivers know are not given out again";
    EXPECT_GT(outbox.post(message("south", 0, 7 + start)).rev, 2 + start);
  }
  EXPECT_EQ(Outbox(root_).waiting().size(), 4U);
}

TEST_F(OutboxTest, AHeartbeatThatCannotBeReadLeavesWhatSingleMessagesTold) {
  Outbox outbox(root_);
  outbox.post(message("north", 0, 1, Level::red));
  WarningMessage beat = message("heartbeat", 0, 2, Level::red);
  beat.msg_type = "heartbeat";
  write_whole(outbox.post(beat).path, "{");
  std::vector<std::string> findings;
  const auto states = outbox.told_states(findings);
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].level, Level::red);
  EXPECT_EQ(findings.size(), 1U);
}

TEST_F(OutboxTest, AStreamToldAfterTheHeartbeatHasItsZone) {
  const auto target = [](int hour, const std::string& zone) {
    WarningMessage m = message("crack/E1", 0, hour, Level::orange);
    m.is_zone = false;
    m.zone = zone;
    return m;
  };
  WarningMessage beat = message("heartbeat", 0, 1);
  beat.msg_type = "heartbeat";
  beat.states = {{"wall", Level::none, Health::live, kNoInstant, "", true},
                 {"crack/E2", Level::none, Health::live, kNoInstant, "old", false}};
  Outbox outbox(root_);
  outbox.post(beat);
  outbox.post(target(2, "wall"));
  WarningMessage moved = target(2, "wall");
  moved.stream = "crack/E2";
  outbox.post(moved);
  outbox.post(message("toe", 0, 3));
  const auto state_of = [&](const std::string& name) {
    std::vector<std::string> findings;
    const auto states = outbox.told_states(findings);
    EXPECT_TRUE(findings.empty());
    return *std::find_if(states.begin(), states.end(), [&](const StateLine& s) { return s.name == name; });
  };
  for (const bool sent : {false, true}) {
    if (sent) outbox.settle(4);
    EXPECT_EQ(state_of("crack/E1").zone, "wall");
    EXPECT_FALSE(state_of("crack/E1").is_zone);
    EXPECT_EQ(state_of("crack/E1").level, Level::orange);
    EXPECT_EQ(state_of("crack/E2").zone, "wall") << "where it is now, not where the heartbeat had it";
    EXPECT_TRUE(state_of("toe").is_zone);
  }
}

TEST_F(OutboxTest, AHeartbeatInSentThatIsNotWhatWasPostedIsNotTrusted) {
  WarningMessage beat = message("heartbeat", 0, 1);
  beat.msg_type = "heartbeat";
  beat.states = {{"wall", Level::red, Health::live, kNoInstant, "", true}};
  Outbox outbox(root_);
  outbox.post(beat);
  outbox.settle(1);
  const fs::path path = outbox.last("heartbeat")->path;
  const std::string good = read_whole(path);
  std::string calm = good;
  calm.replace(calm.find("\"red\""), 5, "\"none\"");
  // Another message of ours in its place has a hash of its own.
  const std::string other = envelope_text(message("heartbeat", 0, 9), 1, 1, "");
  for (const std::string& text : {calm, other}) {
    write_whole(path, text);
    std::vector<std::string> findings;
    EXPECT_TRUE(Outbox(root_).told_states(findings).empty());
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_NE(findings[0].find(path.string()), std::string::npos) << findings[0];
  }
  write_whole(path, good);
  std::vector<std::string> findings;
  EXPECT_EQ(Outbox(root_).told_states(findings).at(0).level, Level::red);
}

TEST_F(OutboxTest, AWrongWordForLevelOrHealthIsNamed) {
  { Outbox(root_).post(message("north", 0, 1, Level::red)); }
  const fs::path path = root_ / "outbox" / "000000000001_north.json";
  const std::string good = read_whole(path);
  for (const auto& [right, wrong, key] : {std::array{"\"level\": \"red\"", "\"level\": \"rad\"", "level"},
                                          std::array{"\"health\": \"live\"", "\"health\": 7", "health"}}) {
    std::string text = good;
    text.replace(text.find(right), std::string(right).size(), wrong);
    fs::remove_all(root_ / "quarantine");
    write_whole(path, text);
    const auto findings = Outbox(root_).set_damaged_aside();
    ASSERT_EQ(findings.size(), 1U);
    const std::string word = std::string(wrong).substr(std::string(wrong).find(": ") + 2);
    for (const std::string& part : {path.string(), std::string("\"") + key + "\"", word}) {
      EXPECT_NE(findings[0].find(part), std::string::npos) << part << " is not in " << findings[0];
    }
    EXPECT_EQ(findings[0].find("optional"), std::string::npos) << findings[0];
  }
}

TEST_F(OutboxTest, DeletedMessagesAreToldByNameUntilSomebodyDeletesTheNote) {
  const auto told = [&] {
    Outbox outbox(root_);
    auto findings = outbox.set_damaged_aside();
    for (std::string& loss : outbox.note_missing()) findings.push_back(std::move(loss));
    return findings;
  };
  {
    Outbox outbox(root_);
    for (int i = 0; i < 6; ++i) outbox.post(message(i < 3 ? "north" : "south", 0, i));
    outbox.settle(4);
  }
  const std::string undisturbed = tree_digest(root_);
  EXPECT_TRUE(told().empty());
  EXPECT_EQ(tree_digest(root_), undisturbed);
  const fs::path sent = root_ / "sent" / "2026" / "03";
  for (const fs::path& path :
       {sent / "000000000001_north.json", sent / "000000000003_north.json", root_ / "outbox" / "000000000005_south.json"}) {
    const std::string bytes = read_whole(path);
    remove_file(path);
    for (int night = 0; night < 2; ++night) {
      const auto findings = told();
      ASSERT_EQ(findings.size(), 1U) << path;
      EXPECT_NE(findings[0].find(path.filename().string().substr(0, 12)), std::string::npos) << findings[0];
    }
    remove_file(root_ / "quarantine" / "messages" / (path.filename().string().substr(0, 12) + ".missing"));
    EXPECT_TRUE(told().empty()) << "it was meant";
    write_whole(path, bytes);
    EXPECT_TRUE(told().empty());
    remove_file(root_ / "sent" / "streams.log");  // Forgets what was meant.
  }
  // A month that is pruned is one finding, not hundreds; a damaged message that somebody has looked at and deleted is none.
  fs::remove_all(sent);
  const auto findings = told();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].find("4 messages"), std::string::npos) << findings[0];
  EXPECT_NE(findings[0].find("message 1"), std::string::npos) << findings[0];
  fs::remove_all(root_ / "quarantine");
  write_whole(root_ / "outbox" / "000000000006_south.json", "{");
  EXPECT_EQ(told().size(), 1U);
  fs::remove_all(root_ / "quarantine");
  EXPECT_TRUE(told().empty());
}

class DeliveryOutboxTest : public OutboxTest {
 protected:
  void SetUp() override {
    OutboxTest::SetUp();
    site_.publish.to.push_back({});
    site_.publish.to[0].name = "room";
    site_.publish.to[0].transport = "folder";
    site_.publish.to[0].dir = (root_ / "feed").string();
  }
  fs::path state() const { return root_ / "delivery" / "room" / "state.json"; }
  void write_state(const std::string& text) const {
    make_folders(state().parent_path());
    write_whole(state(), text);
  }
  /// A state as people or older programs write it: without a checksum.
  static std::string claim_alone(const std::string& seq) {
    return fmt::format("{{\"delivered_seq\": {}, \"attempts\": 1, \"last_error\": \"\"}}", seq);
  }
  /// One night: posts a message and forwards all.
  Delivery night(int hour) const {
    Outbox outbox(root_);
    outbox.post(message("north", 0, hour));
    return forward(outbox, site_, root_, highwall::Run()).at(0);
  }
  std::size_t received() const { return fs::exists(root_ / "feed") ? numbers_in(root_ / "feed") : 0; }
  static std::size_t numbers_in(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  Site site_;
};

TEST_F(DeliveryOutboxTest, AnImpossibleStateIsToldAndEndsNoNight) {
  for (const char* seq : {"9223372036854775807", "999999999999999999", "1000000000000000000", "18446744073709551615", "-5",
                          "1e300", "2.5", "\"many\"", "null", "{}"}) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    EXPECT_TRUE(night(1).damage.empty());
    write_state(fmt::format("{{\"delivered_seq\": {}, \"attempts\": 18446744073709551615, \"last_error\": \"\"}}", seq));
    const Delivery told = night(2);
    EXPECT_NE(told.damage.find(state().string()), std::string::npos) << seq << ": " << told.damage;
    EXPECT_EQ(told.error, "") << seq;
    EXPECT_EQ(told.delivered_seq, 2) << seq;
    EXPECT_EQ(received(), 2U) << seq;
    const Delivery next = night(3);
    EXPECT_TRUE(next.damage.empty()) << seq << ": " << next.damage;
    EXPECT_EQ(next.delivered_seq, 3) << seq;
  }
}

TEST_F(DeliveryOutboxTest, TextThatIsNoStateIsTold) {
  for (const char* text : {"", "{", "[]", "\xff", "{\"delivered_seq\": 1}"}) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    write_state(text);
    const Delivery told = night(1);
    EXPECT_NE(told.damage.find("delivery state"), std::string::npos) << text;
    EXPECT_EQ(told.delivered, 1U) << text;
    EXPECT_TRUE(night(2).damage.empty()) << text;
  }
}

TEST_F(DeliveryOutboxTest, AStateBeyondWhatWaitsFilesNothingAsSentThatNeverWent) {
  {
    Outbox outbox(root_);
    outbox.post(message("north", 0, 1));
    outbox.post(message("south", 0, 1));
  }
  for (const char* seq : {"1000", "3"}) {
    const fs::path copy = root_ / seq;
    fs::create_directories(copy);
    fs::copy(root_ / "outbox", copy / "outbox", fs::copy_options::recursive);
    make_folders(copy / "delivery" / "room");
    write_whole(copy / "delivery" / "room" / "state.json",
                fmt::format("{{\"delivered_seq\": {}, \"attempts\": 1, \"last_error\": \"\"}}", seq));
    // A night that is killed before it delivers must not make the number look right to the next one.
    { Outbox(copy).post(message("north", 0, 2)); }
    site_.publish.to[0].dir = (copy / "feed").string();
    Outbox outbox(copy);
    const Delivery told = forward(outbox, site_, copy, highwall::Run()).at(0);
    EXPECT_NE(told.damage.find(fmt::format("message {}", seq)), std::string::npos) << told.damage;
    EXPECT_EQ(told.delivered, 3U);
    EXPECT_EQ(numbers_in(copy / "feed"), 3U);
    EXPECT_TRUE(Outbox(copy).waiting().empty());
    EXPECT_EQ(told.delivered_seq, 3);
  }
}

TEST_F(DeliveryOutboxTest, AStateThatTheProgramDidNotWriteMovesNoNumbers) {
  for (int hour = 1; hour <= 11; ++hour) night(hour);
  ASSERT_TRUE(Outbox(root_).waiting().empty());
  const std::string good = read_whole(state());
  const std::string claim = "\"delivered_seq\": ";
  for (const char* seq : {"12", "5000", "999999999999"}) {
    std::string changed = good;
    changed.replace(changed.find(claim), claim.size() + 2, claim + seq);
    for (const std::string& text : {changed, claim_alone(seq)}) {
      const fs::path copy = root_ / "copy";
      fs::remove_all(copy);
      fs::create_directories(copy);
      fs::copy(root_ / "sent", copy / "sent", fs::copy_options::recursive);
      make_folders(delivery_state_path(copy, "room").parent_path());
      write_whole(delivery_state_path(copy, "room"), text);
      site_.publish.to[0].dir = (copy / "feed").string();
      {
        Outbox outbox(copy);
        EXPECT_TRUE(outbox.note_missing().empty()) << text;
        const Delivery told = forward(outbox, site_, copy, highwall::Run()).at(0);
        EXPECT_NE(told.damage.find(fmt::format("message {}", seq)), std::string::npos) << text << told.damage;
      }
      // A night that is killed before it delivers must not make the number look right to the next one.
      { EXPECT_EQ(Outbox(copy).post(message("north", 0, 12)).seq, 12) << text; }
      Outbox outbox(copy);
      EXPECT_TRUE(outbox.note_missing().empty()) << text;
      EXPECT_EQ(forward(outbox, site_, copy, highwall::Run()).at(0).delivered, 1U) << text;
      EXPECT_TRUE(forward(outbox, site_, copy, highwall::Run()).at(0).damage.empty()) << text;
    }
  }
}

TEST_F(DeliveryOutboxTest, ADeletedMessageThatAReceiverHasLeavesItsStateSound) {
  site_.publish.to.push_back(site_.publish.to[0]);
  site_.publish.to[1].name = "blocked";
  site_.publish.to[1].dir = (root_ / "file").string();
  write_whole(root_ / "file", "no folder");
  for (int hour = 1; hour <= 14; ++hour) EXPECT_EQ(night(hour).delivered, 1U);
  remove_file(root_ / "outbox" / "000000000014_north.json");
  for (int start = 0; start < 2; ++start) {
    Outbox outbox(root_);
    EXPECT_EQ(outbox.note_missing().size(), 1U);
    const auto deliveries = forward(outbox, site_, root_, highwall::Run());
    EXPECT_EQ(deliveries[0].damage, "");
    EXPECT_EQ(deliveries[0].delivered, 0U);
    EXPECT_EQ(deliveries[0].delivered_seq, 14);
    EXPECT_EQ(deliveries[1].waiting, 13U);
  }
  remove_file(root_ / "file");
  Outbox outbox(root_);
  EXPECT_EQ(outbox.post(message("north", 0, 15)).seq, 15) << "the number of the deleted message is not given out again";
  const auto deliveries = forward(outbox, site_, root_, highwall::Run());
  EXPECT_EQ(deliveries[0].delivered, 1U);
  EXPECT_EQ(deliveries[1].delivered, 14U);
  EXPECT_TRUE(Outbox(root_).waiting().empty());
}

TEST_F(DeliveryOutboxTest, AFileWithAnAbsurdNumberLeavesNumbersForTheNextMessages) {
  make_folders(root_ / "outbox");
  write_whole(root_ / "outbox" / "999999999999999999_north.json", "{");
  // What an older program remembered of such a state, before the numbers ended.
  const std::string memory = R"({"lost_until":1000000000000000000,"rev_of_id":{},"seq":0,"streams":[]})";
  make_folders(root_ / "sent");
  write_whole(root_ / "sent" / "streams.log", fmt::format("{}|{:08x}\n", memory, crc32c(memory)));
  EXPECT_EQ(night(1).delivered_seq, 1);
  EXPECT_EQ(night(2).delivered_seq, 2);
}

}  // namespace
}  // namespace highwall
