#include "io/archive/archive.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/error.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class ArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() /
            ("highwall-archive-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
  }
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
  EXPECT_DOUBLE_EQ(third.changed[0].stored_m, 0.003);
  const auto merged = archive.load_series("gnss");
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0].size(), 15U);
  EXPECT_DOUBLE_EQ(merged[0].value(3), 0.003);
}

TEST_F(ArchiveTest, SealingChangesNothingThatIsRead) {
  Archive archive = writer();
  archive.append(cloud_epoch(0.0), now_);
  archive.append_series("gnss", {series(0, 10)}, {{"file_sha256", "1"}}, now_);
  archive.append_series("gnss", {series(0, 40)}, {{"file_sha256", "2"}}, now_);
  const auto before = archive.load_series("gnss");
  EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 3U);
  EXPECT_EQ(archive.seal(*parse_iso8601("2026-03-03T00:00:00Z"), now_), 0U);
  const auto after = archive.load_series("gnss");
  ASSERT_EQ(after[0].size(), 40U);
  EXPECT_EQ(after[0].value_m, before[0].value_m);
  EXPECT_EQ(archive.epochs().size(), 3U);
  EXPECT_TRUE(archive.verify(highwall::Run()).problems.empty());
  EXPECT_EQ(archive.append(cloud_epoch(0.0, "bb"), now_).what, Appended::duplicate);
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

TEST_F(ArchiveTest, CutsATornJournalLineAndRefusesADamagedOne) {
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
  EXPECT_THROW(writer(), Error);
}

TEST_F(ArchiveTest, ActsWaitForNobody) {
  const Archive archive = writer();
  record_act(root_, {Act::Kind::acknowledge, "north", "p07", "", now_});
  record_act(root_, {Act::Kind::acknowledge, "north", "p07", "", now_});
  record_act(root_, {Act::Kind::release, "north", "p09", "inspected", now_ + hours(1)});
  EXPECT_THROW(record_act(root_, {Act::Kind::release, "north", "p09", "", now_}), Error);
  const auto acts = read_acts(root_);
  ASSERT_EQ(acts.size(), 2U);
  EXPECT_EQ(acts[1].reason, "inspected");
}

}  // namespace
}  // namespace highwall
