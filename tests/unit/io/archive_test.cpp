#include "io/archive/archive.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/error.hpp"
#include "io/archive/layout.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/outbox.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class ArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override { root_ = test_folder(); }
  void TearDown() override { fs::remove_all(root_); }
  Archive writer() const { return Archive::open_for_writing(root_, frame_); }

  fs::path root_;
  Frame frame_{"EPSG:4548", "EPSG:5737", {512000.0, 3880000.0, 80.0}, 0.0};
  Instant now_ = *parse_iso8601("2026-03-02T00:00:00Z");
};

Epoch cloud_epoch(double shift, const std::string& sha = "aa") {
  PointCloud cloud;
  cloud.instant = *parse_iso8601("2026-03-01T06:00:00Z");
  cloud.xyz = Points::Random(50, 3);
  cloud.xyz.col(2).setLinSpaced(50, shift, shift + 1.0);
  cloud.xyz.col(0).setLinSpaced(50, 0.0, 1.0);
  cloud.xyz.col(1).setLinSpaced(50, 2.0, 3.0);
  cloud.channels["intensity"] = std::vector<std::uint16_t>(50, 7);
  return {"scan", cloud.instant, cloud, {{"file", "a.las"}, {"file_sha256", sha}}};
}

TimeSeries series(int first, int count) {
  TimeSeries s;
  s.target = "G01";
  s.kind = SensorKind::gnss;
  for (int i = first; i < first + count; ++i) s.push(*parse_iso8601("2026-03-01T00:00:00Z") + hours(i), {0.001 * i});
  return s;
}

TEST_F(ArchiveTest, KeepsACloudOnceAndReadsItBack) {
  {
    Archive archive = writer();
    EXPECT_EQ(archive.append(cloud_epoch(0.0), now_).what, Appended::stored);
    EXPECT_EQ(archive.append(cloud_epoch(0.0, "bb"), now_).what, Appended::duplicate);
    EXPECT_EQ(archive.append(cloud_epoch(0.5), now_).what, Appended::conflict);
  }
  const Archive archive = Archive::open_for_reading(root_);
  ASSERT_EQ(archive.epochs().size(), 1U);
  const Epoch back = archive.load(archive.epochs()[0]);
  EXPECT_EQ(content_digest(back), content_digest(cloud_epoch(0.0)));
  EXPECT_TRUE(archive.verify(highwall::Run()).problems.empty());
}

TEST_F(ArchiveTest, TakesOnlyNewRowsAndSetsChangedOnesAside) {
  Archive archive = writer();
  EXPECT_EQ(archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_).new_rows, 10U);
  const SeriesResult again = archive.append_series("gnss", {series(0, 14)}, {{"file_sha256", "2"}}, now_);
  EXPECT_EQ(again.new_rows, 4U);
  EXPECT_EQ(again.equal_rows, 10U);
  TimeSeries edited = series(0, 15);
  edited.value_m[3] += 0.002;
  const SeriesResult third = archive.append_series("gnss", {edited}, {{"file_sha256", "3"}}, now_);
  EXPECT_EQ(third.new_rows, 1U);
  ASSERT_EQ(third.changed.size(), 1U);
  EXPECT_DOUBLE_EQ(third.changed[0].stored_m.at(0), 0.003);
  const auto merged = archive.load_series("gnss");
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0].size(), 15U);
  EXPECT_DOUBLE_EQ(merged[0].value(3), 0.003);
}

TEST_F(ArchiveTest, ASeriesOfAnotherSortIsRefusedAndNothingIsStored) {
  TimeSeries enu;
  enu.target = "G01";
  enu.kind = SensorKind::gnss;
  enu.components = {"east", "north", "up"};
  for (int i = 0; i < 5; ++i) enu.push(*parse_iso8601("2026-03-01T00:00:00Z") + hours(i), {0.001 * i, 0.0, 0.0});
  Archive archive = writer();
  archive.append_series("gnss", {enu}, {{"file_sha256", "1"}}, now_);
  TimeSeries other;
  other.target = "G00";
  other.push(*parse_iso8601("2026-03-01T09:00:00Z"), {0.001});
  try {
    archive.append_series("gnss", {other, series(3, 5)}, {{"file_sha256", "2"}}, now_);
    FAIL() << "glued in";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    for (const char* word : {"G01", "3 components", "1 component "})
      EXPECT_NE(e.message().find(word), std::string::npos) << e.what();
  }
  TimeSeries meaning = enu;
  meaning.meaning = SeriesMeaning::position;
  EXPECT_THROW(archive.append_series("gnss", {meaning}, {{"file_sha256", "3"}}, now_), Error);
  TimeSeries kind = enu;
  kind.kind = SensorKind::prism;
  EXPECT_THROW(archive.append_series("gnss", {kind}, {{"file_sha256", "4"}}, now_), Error);
  EXPECT_THROW(archive.append_series("gnss", {enu, series(20, 3)}, {{"file_sha256", "5"}}, now_), Error);
  EXPECT_EQ(archive.epochs("gnss").size(), 1U);
  ASSERT_EQ(archive.load_series("gnss").size(), 1U);
  EXPECT_EQ(archive.load_series("gnss")[0].value_m, enu.value_m);
}

TEST(SeriesMergeTest, ABlockWithAnotherNumberOfComponentsIsNotJoined) {
  TimeSeries one = series(0, 2);
  TimeSeries three;
  three.target = "G01";
  three.components = {"east", "north", "up"};
  three.push(*parse_iso8601("2026-03-02T00:00:00Z"), {0.0, 0.0, 0.0});
  SeriesMerge merge;
  merge.add(one.time[0], "a", {one});
  EXPECT_THROW(merge.add(three.time[0], "b", {three}), Error);
}

TEST_F(ArchiveTest, SealingChangesNothingThatIsRead) {
  Archive archive = writer();
  archive.append(cloud_epoch(0.0), now_);
  for (const int n : {5, 10, 20, 40}) {
    archive.append_series("gnss", {series(0, n)}, {{"file_sha256", std::to_string(n)}}, now_);
  }
  const auto before = archive.load_series("gnss");
  EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 1U);
  EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 0U);
  const auto after = archive.load_series("gnss");
  ASSERT_EQ(after[0].size(), 40U);
  EXPECT_EQ(after[0].value_m, before[0].value_m);
  EXPECT_EQ(archive.epochs().size(), 5U);
  EXPECT_TRUE(archive.verify(highwall::Run()).problems.empty());
  EXPECT_EQ(archive.append(cloud_epoch(0.0, "bb"), now_).what, Appended::duplicate);
  EXPECT_EQ(Archive::open_for_reading(root_).load_series("gnss")[0].value_m, before[0].value_m);
}

TEST_F(ArchiveTest, CloudsAndDaysOfOneEpochAreNotSealed) {
  Archive archive = writer();
  archive.append(cloud_epoch(0.0), now_);
  Epoch noon = cloud_epoch(1.0);
  noon.instant = *parse_iso8601("2026-03-01T12:00:00Z");
  archive.append(noon, now_);
  archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 0U);
  for (const EpochInfo& e : archive.epochs()) EXPECT_FALSE(e.sealed) << e.id;
}

TEST_F(ArchiveTest, ListsASealedDayFromTheJournalAlone) {
  {
    Archive archive = writer();
    for (const int n : {5, 10, 20}) archive.append_series("gnss", {series(0, n)}, {{"file_sha256", std::to_string(n)}}, now_);
    ASSERT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 1U);
  }
  const auto infos = Archive::open_for_reading(root_).epochs("gnss");
  ASSERT_EQ(infos.size(), 3U);
  ASSERT_TRUE(infos[0].sealed);
  EXPECT_EQ(infos[0].kind, "series");
  const std::string bytes = read_whole(infos[0].path);
  // A list that opened it would fail now.
  write_whole(infos[0].path, "no HDF5 at all");
  EXPECT_EQ(Archive::open_for_reading(root_).epochs("gnss").size(), 3U);
  {
    Archive again = writer();
    EXPECT_EQ(again.epochs().size(), 3U);
  }
  write_whole(infos[0].path, bytes);
  // Without its line, or with the line of an older program, the segment itself tells.
  const fs::path log = root_ / "journal" / "2026-03.log";
  const auto lines = LineLog::read(log);
  remove_file(log);
  {
    LineLog older(log);
    for (const std::string& line : lines) {
      if (line.find("\"seal\"") == std::string::npos) older.append(line);
    }
    older.append(R"({"act":"seal","at":"2026-03-02T00:00:00Z","segment":")" + infos[0].path.stem().string() +
                 R"(","source":"gnss"})");
  }
  EXPECT_EQ(Archive::open_for_reading(root_).epochs("gnss").size(), 3U);
  Archive archive = writer();
  EXPECT_EQ(archive.epochs().size(), 3U);
  EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 0U);
  EXPECT_EQ(LineLog::read(log).size(), lines.size() + 1) << "the ids are in the journal now";
  EXPECT_TRUE(archive.verify(highwall::Run()).problems.empty());
}

TEST_F(ArchiveTest, AnArchiveWithoutTheNewWordsInItsJournalIsReadAndContinued) {
  {
    Archive archive = writer();
    archive.append(cloud_epoch(0.0), now_);
    archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  }
  const fs::path log = root_ / "journal" / "2026-03.log";
  const auto lines = LineLog::read(log);
  remove_file(log);
  {
    LineLog older(log);
    for (std::string line : lines) {
      for (const std::string key : {"\"epoch_sha256\":\"", "\"kind\":\""}) {
        const std::size_t at = line.find(key);
        ASSERT_NE(at, std::string::npos);
        line.erase(at, line.find("\",", at + key.size()) + 2 - at);
      }
      older.append(line);
    }
  }
  Archive archive = writer();
  EXPECT_TRUE(archive.verify(highwall::Run()).problems.empty());
  EXPECT_EQ(archive.append(cloud_epoch(0.0, "bb"), now_).what, Appended::duplicate);
  EXPECT_EQ(archive.append_series("gnss", {series(0, 14)}, {{"file_sha256", "2"}}, now_).new_rows, 4U);
  EXPECT_EQ(archive.load_series("gnss").at(0).size(), 14U);
  EXPECT_FALSE(archive.load_stack("gnss").has_value());
}

TEST_F(ArchiveTest, OneWriterAtATimeAndOneFrame) {
  const Archive archive = writer();
  EXPECT_THROW(writer(), BusyError);
  EXPECT_NO_THROW(Archive::open_for_reading(root_));
  Frame other = frame_;
  other.origin_m[0] += 1.0;
  const Archive moved = std::move(const_cast<Archive&>(archive));
  EXPECT_THROW(Archive::open_for_writing(root_, other), BusyError);
}

TEST_F(ArchiveTest, TheSameFrameInOtherWordsIsAskedForInTheArchivesOwn) {
  frame_.crs = "EPSG:32650";
  writer();
  frame_.crs = "+proj=utm +zone=50 +datum=WGS84";
  try {
    writer();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::frame);
    EXPECT_NE(e.hint().find("EPSG:32650"), std::string::npos);
  }
}

TEST_F(ArchiveTest, RefusesTheFrameOfAnotherSite) {
  writer();
  frame_.origin_m[0] += 1.0;
  try {
    writer();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::frame);
  }
}

TEST_F(ArchiveTest, VerifyFindsLostDamagedAndUnexpectedEpochs) {
  Archive archive = writer();
  archive.append(cloud_epoch(0.0), now_);
  archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  const auto infos = archive.epochs();
  {
    std::fstream file(infos[0].path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(infos[0].path) / 2));
    file.put('\x5a');
  }
  fs::rename(infos[1].path, root_ / "elsewhere.bin");
  const VerifyReport report = archive.verify(highwall::Run());
  EXPECT_GE(report.problems.size(), 2U);
}

TEST_F(ArchiveTest, VerifyReadsEveryMessageOfTheOutbox) {
  Archive archive = writer();
  WarningMessage message;
  message.mine_no = "M1";
  message.stream = "wall";
  message.msg_type = "raise";
  message.event_time = message.published_time = message.episode_start = now_;
  {
    Outbox outbox(root_);
    for (int i = 0; i < 4; ++i) outbox.post(message);
    outbox.settle(3);
  }
  const std::string undisturbed = tree_digest(root_);
  const VerifyReport sound = archive.verify(highwall::Run());
  EXPECT_TRUE(sound.problems.empty());
  EXPECT_EQ(sound.messages, 4U);
  EXPECT_EQ(tree_digest(root_), undisturbed) << "it changes nothing";
  std::vector<fs::path> messages = {root_ / "outbox" / "000000000004_wall.json"};
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "sent")) {
    if (entry.path().filename() == "000000000002_wall.json") messages.push_back(entry.path());
  }
  ASSERT_EQ(messages.size(), 2U);
  for (const fs::path& path : messages) {
    const std::string good = read_whole(path);
    std::vector<std::string> damaged = {"{}\n", "", good + " ", good.substr(0, good.size() / 2)};
    for (std::size_t at = 0; at < good.size(); at += 7) {
      damaged.push_back(good);
      damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 1);
    }
    for (const std::string& bytes : damaged) {
      write_whole(path, bytes);
      const auto problems = archive.verify(highwall::Run()).problems;
      ASSERT_EQ(problems.size(), 1U) << bytes;
      EXPECT_NE(problems[0].find(path.string()), std::string::npos) << problems[0];
    }
    write_whole(path, good);
  }
  EXPECT_TRUE(archive.verify(highwall::Run()).problems.empty());
}

TEST_F(ArchiveTest, ACrashBetweenFileAndJournalLeavesNoTrace) {
  // The epoch's file is there, its journal line is not: as after a kill right behind the rename.
  std::string undisturbed;
  {
    Archive archive = writer();
    archive.append(cloud_epoch(0.0), now_);
    archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
    undisturbed = tree_digest(root_);
  }
  const auto log = root_ / "journal" / "2026-03.log";
  const std::string lines = read_whole(log);
  write_whole(log, lines.substr(0, lines.find('\n') + 1));
  Archive archive = writer();
  const SeriesResult result = archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  EXPECT_EQ(result.new_rows, 10U);
  EXPECT_EQ(tree_digest(root_), undisturbed);
}

TEST_F(ArchiveTest, AFormatThatIsGoneIsNotMadeUp) {
  { writer().append(cloud_epoch(0.0), now_); }
  fs::remove(root_ / "format.toml");
  for (const bool writing : {true, false}) {
    try {
      writing ? writer() : Archive::open_for_reading(root_);
      FAIL() << "opened";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::storage);
      EXPECT_NE(std::string(e.what()).find("restore format.toml"), std::string::npos) << e.what();
    }
  }
  EXPECT_FALSE(fs::exists(root_ / "format.toml"));
}

TEST_F(ArchiveTest, SwappedEpochsAreRefusedByName) {
  Archive archive = writer();
  archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  archive.append_series("gnss", {series(0, 14)}, {{"file_sha256", "2"}}, now_);
  const auto epochs = archive.epochs("gnss");
  ASSERT_EQ(epochs.size(), 2U);
  fs::rename(epochs[0].path, root_ / "aside");
  fs::rename(epochs[1].path, epochs[0].path);
  fs::rename(root_ / "aside", epochs[1].path);
  try {
    Archive::open_for_reading(root_).load_series("gnss");
    FAIL() << "read";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::storage);
    for (const auto& epoch : epochs) EXPECT_NE(std::string(e.what()).find(epoch.id), std::string::npos) << e.what();
  }
}

TEST_F(ArchiveTest, CutsATornJournalLineAndNamesADamagedOne) {
  {
    Archive archive = writer();
    archive.append(cloud_epoch(0.0), now_);
    archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  }
  const auto log = root_ / "journal" / "2026-03.log";
  const std::string lines = read_whole(log);
  std::ofstream(log, std::ios::app | std::ios::binary) << "{\"act\":\"ing";
  { const Archive archive = writer(); }
  EXPECT_EQ(read_whole(log), lines);
  std::string damaged = lines;
  damaged[5] = 'X';
  write_whole(log, damaged);
  for (int night = 0; night < 2; ++night) {
    Archive archive = writer();
    archive.notice_losses(now_);
    archive.settle_leftover({});
    const auto told = archive.losses(now_);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_NE(told[0].find(log.string() + ":1: this line of the journal"), std::string::npos) << told[0];
    EXPECT_NE(told[1].find("is in no journal"), std::string::npos) << told[1];  // Kept, as nothing else tells of it.
    EXPECT_EQ(files_below(root_ / "epochs", ".h5").size(), 2U);
    EXPECT_EQ(archive.load_series("gnss").at(0).size(), 10U);
    EXPECT_EQ(read_whole(log), damaged);
    EXPECT_EQ(archive.verify(highwall::Run()).problems.size(), 2U);
  }
}

TEST_F(ArchiveTest, NoDamagedJournalLineLosesWhatWasAcknowledged) {
  const auto scan = cloud_epoch(0.0);
  {
    Archive archive = writer();
    for (int k = 0; k < 3; ++k) {
      const std::string sha = std::to_string(k);
      archive.append_series("gnss", {series(0, 10 + 4 * k)}, {{"file_sha256", sha}}, now_);
      archive.note_file({"gnss", "g.csv", sha, "stored", "", 0, "", {}, now_, ""});
    }
    archive.append(scan, now_);
    archive.note_file({scan.source, "a.las", provenance_of(scan.provenance, "file_sha256"), "stored", "", 0, "", {}, now_, ""});
    archive.append_series("other", {series(0, 5)}, {{"file_sha256", "9"}}, now_);
  }
  const auto log = root_ / "journal" / "2026-03.log";
  const std::string whole = read_whole(log);
  const std::string kept = root_.string() + ".kept";
  fs::copy(root_, kept, fs::copy_options::recursive);
  std::size_t line = 0;
  for (std::size_t at = 0; whole.find('\n', at) + 1 < whole.size(); at = whole.find('\n', at) + 1, ++line) {
    fs::remove_all(root_);
    fs::copy(kept, root_, fs::copy_options::recursive);
    std::string damaged = whole;
    damaged[at + 3] = static_cast<char>(damaged[at + 3] ^ 1);
    write_whole(log, damaged);
    Archive archive = writer();
    archive.notice_losses(now_);
    archive.settle_leftover({});
    EXPECT_NE(archive.losses(now_).at(0).find(fmt::format("{}:{}: this line", log.string(), line + 1)), std::string::npos)
        << line;
    EXPECT_EQ(archive.load_series("gnss").at(0).size(), 18U) << line;
    EXPECT_EQ(archive.epochs(scan.source).size(), 1U) << line;
    EXPECT_EQ(archive.load_series("other").at(0).size(), 5U) << line;
  }
  EXPECT_EQ(line, 8U);
  fs::remove_all(kept);
}

TEST_F(ArchiveTest, AJournalLineThatIsNoRecordIsNamed) {
  { writer().append(cloud_epoch(0.0), now_); }
  LineLog(root_ / "journal" / "2026-03.log").append("{\"act\":\"ingest\"}");
  try {
    Archive::open_for_reading(root_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::storage);
    EXPECT_NE(e.where().find("2026-03.log:2"), std::string::npos) << e.where();
  }
}

TEST_F(ArchiveTest, DamagedRecordsAreStorageErrorsWithTheirPath) {
  { writer(); }
  const auto storage_error = [](const auto& act, const std::string& place) {
    try {
      act();
      ADD_FAILURE() << place;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::storage);
      EXPECT_NE(e.where().find(place), std::string::npos) << e.where();
    }
  };
  write_whole(root_ / "quarantine" / "x.json", "{\"source\": 3}");
  storage_error([&] { Archive::open_for_reading(root_).quarantined(); }, "x.json");
  write_whole(root_ / "format.toml", "format = 7\n");
  storage_error([&] { Archive::open_for_reading(root_); }, "format.toml");
}

/// A map of 20 x 30 cells, most of them without data: long runs of equal bytes, as real maps have.
Epoch map_epoch(int i) {
  GridGeometry g;
  g.rows = 20;
  g.cols = 30;
  g.affine = {0.0, 5.0, 0.0, 0.0, 0.0, -5.0};
  const Instant t = *parse_iso8601("2026-03-01T00:00:00Z") + hours(i);
  Stack scan(g, {t});
  for (std::size_t c = 0; c < 100; ++c) scan.at(0)[c] = 0.001 * i + 1e-5 * static_cast<double>(c);
  scan.line_of_sight.unit = {0.6, 0.0, 0.8};
  scan.source = "radar";
  return {"radar", t, scan, {{"file_sha256", "m" + std::to_string(i)}}};
}

TEST_F(ArchiveTest, ReadsScansOneByOneAndBetweenTwoInstants) {
  Archive archive = writer();
  for (const int i : {3, 0, 1, 2, 4}) archive.append(map_epoch(i), now_);
  std::vector<Instant> seen;
  archive.for_each_scan("radar", [&](Stack&& scan) {
    ASSERT_EQ(scan.epochs(), 1U);
    seen.push_back(scan.instants()[0]);
  });
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  for (const bool sealed : {false, true}) {
    if (sealed) {
      EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 1U);
    }
    const auto some = archive.load_stack("radar", seen[1], seen[3]);
    ASSERT_TRUE(some.has_value());
    EXPECT_EQ(some->instants(), (std::vector<Instant>{seen[1], seen[2], seen[3]}));
    EXPECT_DOUBLE_EQ(some->at(2)[0], 0.003);
    EXPECT_DOUBLE_EQ(some->line_of_sight.unit.z(), 0.8);
    EXPECT_EQ(some->source, "radar");
    EXPECT_EQ(archive.load_stack("radar")->epochs(), 5U);
    EXPECT_FALSE(archive.load_stack("radar", seen[4] + hours(1)).has_value());
    EXPECT_TRUE(archive.load_series("radar").empty());
  }
  GridGeometry other = archive.load_stack("radar")->geometry();
  other.cols = 31;
  const Instant late = seen[4] + hours(5);
  archive.append({"radar", late, Stack(other, {late}), {}}, now_);
  EXPECT_THROW(archive.load_stack("radar"), Error);
}

TEST_F(ArchiveTest, TwoImagesAreOpenAtOnceAndNotTakenForOne) {
  SegmentWriter half;
  half.add(epoch_id_of(map_epoch(0)), map_epoch(0));
  const std::string bytes = encode_epoch(map_epoch(1));
  EXPECT_EQ(content_digest(decode_epoch(bytes, "one")), content_digest(map_epoch(1)));
  half.add(epoch_id_of(map_epoch(2)), map_epoch(2));
  const SegmentReader whole(half.bytes(), "day");
  EXPECT_EQ(content_digest(decode_epoch(bytes, "one")), content_digest(map_epoch(1)));
  EXPECT_EQ(content_digest(whole.read(epoch_id_of(map_epoch(2)))), content_digest(map_epoch(2)));
}

TEST_F(ArchiveTest, EveryFlippedBitOfAMapIsFoundByVerify) {
  Archive archive = writer();
  for (const int i : {0, 1, 2}) archive.append(map_epoch(i), now_);
  for (const bool sealed : {false, true}) {
    if (sealed) {
      ASSERT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 1U);
    }
    const EpochInfo info = archive.epochs("radar")[1];
    const std::string good = read_whole(info.path);
    ASSERT_TRUE(archive.verify(highwall::Run()).problems.empty());
    std::size_t silently_wrong = 0;
    for (std::size_t at = 0; at < good.size(); at += 97) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
      std::ofstream(info.path, std::ios::binary) << bad;
      EXPECT_EQ(archive.verify(highwall::Run()).problems.size(), 1U) << "byte " << at;
      try {
        const Epoch back = archive.load(info);
        const auto& scan = std::get<Stack>(back.data);
        const bool same = content_digest(back) == content_digest(map_epoch(1)) && scan.line_of_sight.unit.z() == 0.8;
        silently_wrong += same ? 0 : 1;
      } catch (const Error&) {
      }
    }
    EXPECT_EQ(silently_wrong, 0U);
    std::ofstream(info.path, std::ios::binary) << good;
  }
}

TEST_F(ArchiveTest, RowsKeptInAWritersLifeAreThoseThatAreRead) {
  // Blocks of three targets in an order that is not that of their instants, with stamps that stand twice.
  const auto piece = [](const std::string& target, int first, int count, int twice) {
    TimeSeries s = series(first, count);
    s.target = target;
    if (twice >= 0) s.push(*parse_iso8601("2026-03-01T00:00:00Z") + hours(twice), {0.5});
    return s;
  };
  const std::vector<std::vector<TimeSeries>> exports{{piece("B", 20, 10, -1)}, {piece("A", 40, 5, 42), piece("B", 60, 3, -1)},
                                                     {piece("B", 0, 12, 3)},   {piece("A", 0, 10, 42)},
                                                     {piece("C", 5, 5, 7)},    {piece("B", 0, 70, 61)},
                                                     {piece("A", 42, 30, 42)}, {piece("C", 0, 9, 7)}};
  fs::path other = root_;
  other += "-other";
  fs::remove_all(other);
  Archive kept = writer();
  int number = 0;
  for (const auto& one : exports) {
    const std::vector<std::pair<std::string, std::string>> from{{"file_sha256", std::to_string(++number)}};
    const SeriesResult a = kept.append_series("gnss", one, from, now_);
    const SeriesResult b = Archive::open_for_writing(other, frame_).append_series("gnss", one, from, now_);
    EXPECT_EQ(a.new_rows, b.new_rows);
    EXPECT_EQ(a.equal_rows, b.equal_rows);
    EXPECT_EQ(a.changed.size(), b.changed.size());
    EXPECT_EQ(a.id, b.id);
  }
  EXPECT_EQ(tree_digest(root_), tree_digest(other));
  const auto a = kept.load_series("gnss");
  const auto b = Archive::open_for_reading(other).load_series("gnss");
  ASSERT_EQ(a.size(), 3U);
  ASSERT_EQ(b.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(a[i].target, b[i].target);
    EXPECT_EQ(a[i].time, b[i].time);
    EXPECT_EQ(a[i].value_m, b[i].value_m);
  }
  fs::remove_all(other);
}

TEST_F(ArchiveTest, RowsWithOneStampAreHeldAgainstEachOtherInOrder) {
  Archive archive = writer();
  TimeSeries twice = series(0, 3);
  twice.push(twice.time[1], {0.7});
  EXPECT_EQ(archive.append_series("gnss", {twice}, {{"file_sha256", "1"}}, now_).new_rows, 4U);
  const SeriesResult again = archive.append_series("gnss", {twice}, {{"file_sha256", "2"}}, now_);
  EXPECT_EQ(again.equal_rows, 4U);
  EXPECT_TRUE(again.changed.empty());
  twice.value_m[3] = 0.8;
  const SeriesResult third = archive.append_series("gnss", {twice}, {{"file_sha256", "3"}}, now_);
  EXPECT_EQ(third.equal_rows, 3U);
  ASSERT_EQ(third.changed.size(), 1U);
  EXPECT_DOUBLE_EQ(third.changed[0].stored_m.at(0), 0.7);
  EXPECT_DOUBLE_EQ(third.changed[0].told_m.at(0), 0.8);
}

TEST_F(ArchiveTest, ATargetInTwoPiecesIsOneSeries) {
  Archive archive = writer();
  EXPECT_EQ(archive.append_series("gnss", {series(10, 5), series(0, 10)}, {{"file_sha256", "1"}}, now_).new_rows, 15U);
  const SeriesResult again = archive.append_series("gnss", {series(10, 5), series(0, 10)}, {{"file_sha256", "2"}}, now_);
  EXPECT_EQ(again.equal_rows, 15U);
  EXPECT_TRUE(again.changed.empty());
}

TEST(MatchRows, AHundredThousandRowsOfOneStampAreLookedAtOnce) {
  TimeSeries many;
  many.target = "G01";
  for (int i = 0; i < 100000; ++i) many.push(*parse_iso8601("2026-03-01T00:00:00Z"), {0.001});
  const RowMatch first = match_rows(nullptr, many);
  EXPECT_EQ(first.added.size(), 100000U);
  EXPECT_LE(first.looked_at, 100000U);
  many.push(many.time[0], {0.001});
  const RowMatch second = match_rows(&many, many);
  EXPECT_EQ(second.equal, 100001U);
  EXPECT_LE(second.looked_at, 100001U);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
double kilobytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1));
  }
  return 0.0;
}

TEST_F(ArchiveTest, ALargeCloudIsInMemoryTwiceAtMost) {
  Archive archive = writer();
  const double points_kB = 24.0 * 2e6 / 1024.0;
  Epoch epoch = cloud_epoch(0.0);
  std::get<PointCloud>(epoch.data).xyz = Points::Constant(2000000, 3, 1.5);
  std::get<PointCloud>(epoch.data).channels.clear();
  std::ofstream("/proc/self/clear_refs") << "5";  // Forgets the greatest size so far.
  const double before_kB = kilobytes("VmRSS");
  if (kilobytes("VmHWM") > before_kB + 0.1 * points_kB) GTEST_SKIP() << "the greatest size cannot be reset here";
  archive.append(std::move(epoch), now_);
  // The points are in `before`: the image of the file is the second copy.
  EXPECT_LT(kilobytes("VmHWM") - before_kB, 1.5 * points_kB);
}
#endif

TEST_F(ArchiveTest, ActsWaitForNobody) {
  const Archive archive = writer();
  record_act(root_, {Act::Kind::acknowledge, "north", "p07", "", now_});
  record_act(root_, {Act::Kind::acknowledge, "north", "p07", "", now_});
  record_act(root_, {Act::Kind::release, "north", "p09", "inspected", now_ + hours(1)});
  EXPECT_THROW(record_act(root_, {Act::Kind::release, "north", "p09", "", now_}), Error);
  for (const char* blank : {" ", "\t \n", "\u3000", "\u00A0 "}) {
    EXPECT_THROW(record_act(root_, {Act::Kind::release, "north", "p09", blank, now_}), Error);
    EXPECT_THROW(record_act(root_, {Act::Kind::acknowledge, "north", blank, "seen", now_}), Error);
    EXPECT_THROW(record_act(root_, {Act::Kind::acknowledge, blank, "p07", "seen", now_}), Error);
  }
  std::vector<std::string> findings;
  const auto acts = read_acts(root_, findings);
  ASSERT_EQ(acts.size(), 2U);
  EXPECT_EQ(acts[1].reason, "inspected");
  EXPECT_TRUE(findings.empty());
}

TEST_F(ArchiveTest, ADamagedActIsAFindingAndTheOthersCount) {
  const Archive archive = writer();
  const fs::path garbage = record_act(root_, {Act::Kind::acknowledge, "north", "p07", "", now_});
  const fs::path other_target = record_act(root_, {Act::Kind::release, "north", "p09", "inspected", now_ + hours(1)});
  record_act(root_, {Act::Kind::release, "south", "p09", "inspected", now_ + hours(2)});
  write_whole(garbage, "not json");
  std::string text = read_whole(other_target);
  text.replace(text.find("north"), 5, "nprth");  // JSON still, but nobody's word.
  write_whole(other_target, text);
  std::vector<std::string> findings;
  const auto acts = read_acts(root_, findings);
  ASSERT_EQ(acts.size(), 1U);
  EXPECT_EQ(acts[0].target, "south");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_NE(findings[0].find(garbage.filename().string()), std::string::npos) << findings[0];
  EXPECT_NE(findings[1].find(other_target.filename().string()), std::string::npos) << findings[1];
}

}  // namespace
}  // namespace highwall
