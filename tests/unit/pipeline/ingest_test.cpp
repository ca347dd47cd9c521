#include "bindings/pipeline/ingest.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>

#include "core/error.hpp"
#include "core/move_origin.hpp"
#include "io/archive/archive.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class IngestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder();
    put("site.toml", R"(schema = "highwall.site/1"
[mine]
no = "1"
name = "Pit"
time_zone = "UTC"
[frame]
crs = "EPSG:32650"
origin_m = [500000.0, 3880000.0, 0.0]
[output]
products = []
[[zone]]
id = "wall"
)" + source("crack", "extensometer"));
    put("drop/crack/E1.csv", rows({0.1, 0.2}));
  }
  void TearDown() override { fs::remove_all(root_); }

  static std::string source(const std::string& id, const std::string& kind) {
    return "[[source]]\nid = \"" + id + "\"\nkind = \"" + kind + "\"\nfiles = \"drop/" + id + "/*.csv\"\nzone = \"wall\"\n";
  }
  static std::string rows(const std::vector<double>& values_mm, const std::string& day = "2026-03-01") {
    std::string text = "time,displacement_mm\n";
    for (std::size_t i = 0; i < values_mm.size(); ++i) {
      text += day + "T" + (i < 10 ? "0" : "") + std::to_string(i) + ":00:00Z," + std::to_string(values_mm[i]) + "\n";
    }
    return text;
  }
  static std::string enu_rows() {
    return "time,east_mm,north_mm,up_mm\n2026-03-01T05:00:00Z,1,2,3\n2026-03-01T06:00:00Z,1,2,3\n";
  }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  void add_to_site(const std::string& text) const { std::ofstream(root_ / "site.toml", std::ios::app) << text; }

  NightOptions options(const std::string& now = "2026-03-02T00:00:00Z") const {
    NightOptions o;
    o.now = *parse_iso8601(now);
    o.settle = false;
    return o;
  }
  NightSummary night(const std::string& now = "2026-03-02T00:00:00Z") const {
    return run_night(read_site(root_ / "site.toml"), options(now), highwall::Run(1));
  }
  CheckReport check(const std::string& now = "2026-03-02T00:00:00Z") const {
    return check_site(read_site(root_ / "site.toml"), options(now), highwall::Run(1));
  }
  static bool tells(const std::vector<std::string>& findings, std::initializer_list<const char*> words) {
    return std::any_of(findings.begin(), findings.end(), [&](const std::string& f) {
      return std::all_of(words.begin(), words.end(), [&](const char* w) { return f.find(w) != std::string::npos; });
    });
  }
  static std::string all(const std::vector<std::string>& findings) {
    std::string text;
    for (const std::string& f : findings) text += f + "\n";
    return text;
  }
  static const FileOutcome& outcome(const NightSummary& summary, const std::string& name) {
    const auto found =
        std::find_if(summary.files.begin(), summary.files.end(), [&](const FileOutcome& f) { return f.file.ends_with(name); });
    if (found == summary.files.end()) throw std::runtime_error(name + " is in no list");
    return *found;
  }

  /// Takes the lines with all of the words out of the journal, as a careless edit would.
  void forget(std::initializer_list<const char*> words) const {
    for (const auto& entry : fs::directory_iterator(root_ / "archive/journal")) {
      std::ifstream in(entry.path());
      std::string kept;
      for (std::string line; std::getline(in, line);) {
        if (!tells({line}, words)) kept += line + "\n";
      }
      std::ofstream(entry.path()) << kept;
    }
  }
  std::size_t kept_rows() const {
    const auto series = Archive::open_for_reading(root_ / "archive").load_series("crack");
    return series.empty() ? 0 : series[0].size();
  }

  fs::path root_;
};

TEST_F(IngestTest, ASeriesOfAnotherWidthIsQuarantinedAndCheckSaysSoBefore) {
  night();
  put("drop/crack/E1.csv", enu_rows());
  const CheckReport report = check();
  EXPECT_TRUE(tells(report.problems, {"E1.csv", "3 components", "1 component "})) << all(report.problems);
  const NightSummary summary = night();
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "quarantined");
  EXPECT_TRUE(tells(summary.findings, {"E1.csv", "3 components", "1 component "})) << all(summary.findings);
}

TEST_F(IngestTest, TwoNewFilesThatDoNotGoTogetherAreToldByCheckToo) {
  put("drop/crack/E1.csv", "time,target,displacement_mm\n2026-03-01T00:00:00Z,A,1\n2026-03-01T01:00:00Z,A,1\n");
  put("drop/crack/E2.csv", "time,target,east_mm,north_mm,up_mm\n2026-03-01T05:00:00Z,A,1,2,3\n2026-03-01T06:00:00Z,A,1,2,3\n");
  const CheckReport report = check();
  EXPECT_TRUE(tells(report.problems, {"E2.csv", "A is known with 1 component "})) << all(report.problems);
}

TEST_F(IngestTest, ABlockThatCannotBeReadLetsTheFilesOfItsSourceWait) {
  add_to_site(source("other", "extensometer"));
  put("drop/other/F1.csv", rows({0.1, 0.2}));
  night();
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "archive/epochs")) {
    if (entry.path().string().find("-crack-") != std::string::npos) fs::resize_file(entry.path(), 100);
  }
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  put("drop/other/F1.csv", rows({0.1, 0.2, 0.3}));
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "waiting");
  EXPECT_TRUE(tells(summary.findings, {"E1.csv", "cannot be read"})) << all(summary.findings);
  EXPECT_EQ(outcome(summary, "F1.csv").outcome, "stored");
}

TEST_F(IngestTest, ALostEpochIsAFindingEachNightUntilItsFileBringsItBack) {
  night();
  fs::path epoch;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "archive/epochs")) {
    if (entry.path().extension() == ".h5") epoch = entry.path();
  }
  fs::rename(epoch, root_ / "kept.h5");
  fs::rename(root_ / "drop/crack/E1.csv", root_ / "E1.csv");
  const std::string id = epoch.stem().string();
  for (const char* now : {"2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"}) {
    EXPECT_TRUE(tells(night(now).findings, {"lost", id.c_str()})) << now;
  }
  fs::rename(root_ / "E1.csv", root_ / "drop/crack/E1.csv");
  const NightSummary healed = night("2026-03-05T00:00:00Z");
  EXPECT_EQ(outcome(healed, "E1.csv").outcome, "stored");
  EXPECT_FALSE(tells(healed.findings, {"has lost"})) << all(healed.findings);
  EXPECT_TRUE(fs::exists(epoch));
  EXPECT_FALSE(tells(night("2026-03-06T00:00:00Z").findings, {id.c_str()}));
}

TEST_F(IngestTest, AGrownExportBringsBackALostBlockTheSameNight) {
  night();
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3, 0.4}));
  night("2026-03-03T00:00:00Z");
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "archive/epochs")) {
    if (entry.path().filename().string().starts_with("20260301T010000")) fs::remove(entry.path());
  }
  const NightSummary summary = night("2026-03-04T00:00:00Z");
  EXPECT_TRUE(tells(summary.findings, {"was missing", "20260301T010000Z-crack-"})) << all(summary.findings);
  EXPECT_EQ(night("2026-03-04T00:00:00Z").findings, summary.findings);
  const auto series = Archive::open_for_reading(root_ / "archive").load_series("crack");
  ASSERT_EQ(series.at(0).size(), 4U);
  EXPECT_TRUE(night("2026-03-05T00:00:00Z").findings.empty());
}

TEST_F(IngestTest, AKillBeforeTheJournalLineAndAGrownExportDoubleNoRow) {
  night();
  fs::remove(root_ / "archive/journal/2026-03.log");  // as if killed right behind the first epoch's rename
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  EXPECT_TRUE(Archive::open_for_reading(root_ / "archive").load_series("crack").empty());
  night("2026-03-03T00:00:00Z");
  const auto series = Archive::open_for_reading(root_ / "archive").load_series("crack");
  ASSERT_EQ(series.at(0).size(), 3U);
  EXPECT_TRUE(Archive::open_for_reading(root_ / "archive").verify(highwall::Run()).problems.empty());
}

TEST_F(IngestTest, EpochsThatACrashCannotExplainAreKeptAndToldNotUsed) {
  night();
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  night("2026-03-03T00:00:00Z");
  fs::remove(root_ / "archive/journal/2026-03.log");
  fs::remove(root_ / "drop/crack/E1.csv");
  const NightSummary summary = night("2026-03-04T00:00:00Z");
  EXPECT_TRUE(tells(summary.findings, {"20260301T010000Z-crack-", "in no journal"})) << all(summary.findings);
  EXPECT_TRUE(tells(summary.findings, {"20260301T020000Z-crack-", "in no journal"})) << all(summary.findings);
}

TEST_F(IngestTest, AnEpochThatLostItsLineIsNotedAgainNotDeleted) {
  night();
  forget({"\"act\":\"ingest\""});
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_EQ(kept_rows(), 2U);
  EXPECT_TRUE(tells(summary.findings, {"20260301T010000Z-crack-", "noted again"})) << all(summary.findings);
  EXPECT_EQ(night("2026-03-03T00:00:00Z").findings, summary.findings);
  EXPECT_TRUE(Archive::open_for_reading(root_ / "archive").verify(highwall::Run()).problems.empty());
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  EXPECT_TRUE(night("2026-03-04T00:00:00Z").findings.empty());
  EXPECT_EQ(kept_rows(), 3U);
}

TEST_F(IngestTest, NewRowsOfAFileWithChangedOnesSurviveTheLossOfTheirLine) {
  night();
  put("drop/crack/E1.csv", rows({7.1, 0.2, 0.3}));
  night("2026-03-03T00:00:00Z");
  ASSERT_EQ(kept_rows(), 3U);
  forget({"\"act\":\"ingest\"", "20260301T020000Z-crack-"});
  const NightSummary summary = night("2026-03-04T00:00:00Z");
  EXPECT_EQ(kept_rows(), 3U);
  EXPECT_TRUE(tells(summary.findings, {"20260301T020000Z-crack-", "noted again"})) << all(summary.findings);
}

TEST_F(IngestTest, AnEpochBehindWhichTheJournalWentOnIsKeptAndTold) {
  night();
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  night("2026-03-03T00:00:00Z");
  forget({"20260301T010000Z-crack-"});
  forget({"\"act\":\"file\"", "2026-03-02"});
  fs::remove(root_ / "drop/crack/E1.csv");
  const NightSummary summary = night("2026-03-04T00:00:00Z");
  EXPECT_TRUE(tells(summary.findings, {"20260301T010000Z-crack-", "in no journal"})) << all(summary.findings);
}

TEST_F(IngestTest, ASealedEpochThatLostItsLineIsNotedAgain) {
  night();
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  night("2026-03-03T00:00:00Z");
  {
    Archive archive = Archive::open_for_writing(root_ / "archive", read_site(root_ / "site.toml").frame);
    ASSERT_EQ(archive.seal(*parse_iso8601("2026-03-02T00:00:00Z"), *parse_iso8601("2026-03-03T00:00:00Z")), 1U);
  }
  forget({"\"act\":\"ingest\"", "20260301T010000Z-crack-"});
  ASSERT_EQ(kept_rows(), 1U);
  const NightSummary summary = night("2026-03-04T00:00:00Z");
  EXPECT_EQ(kept_rows(), 3U);
  EXPECT_TRUE(tells(summary.findings, {"20260301T010000Z-crack-", "noted again"})) << all(summary.findings);
}

TEST_F(IngestTest, WhatAKillLeftBehindANewerBlockOfItsSourceIsNoFindingWhenItsFileHasGrown) {
  put("drop/crack/E2.csv", rows({0.5}));
  night();
  // As if killed before the line of E2, whose rows are older than those of E1.
  forget({"20260301T000000Z-crack-"});
  forget({"\"act\":\"file\"", "E2.csv"});
  put("drop/crack/E2.csv", rows({0.5, 0.6, 0.7}));
  EXPECT_FALSE(tells(night("2026-03-03T00:00:00Z").findings, {"crack"}));
  EXPECT_FALSE(tells(night("2026-03-04T00:00:00Z").findings, {"crack"}));
  EXPECT_EQ(Archive::open_for_reading(root_ / "archive").load_series("crack").at(1).size(), 3U);
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "archive/epochs")) {
    EXPECT_EQ(entry.path().string().find("20260301T000000Z-crack-"), std::string::npos) << entry.path();
  }
}

TEST_F(IngestTest, ALoneEpochWithoutLinesIsKeptAndToldWhereNoFileBringsItsRows) {
  night();
  fs::remove(root_ / "archive/journal/2026-03.log");  // The newest lines were cut; of a kill it would look the same.
  fs::rename(root_ / "drop/crack/E1.csv", root_ / "E1.csv");
  for (const char* now : {"2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"}) {
    EXPECT_TRUE(tells(night(now).findings, {"20260301T010000Z-crack-", "in no journal"})) << now;
  }
  fs::rename(root_ / "E1.csv", root_ / "drop/crack/E1.csv");
  const NightSummary healed = night("2026-03-05T00:00:00Z");
  EXPECT_FALSE(tells(healed.findings, {"20260301T010000Z-crack-"})) << all(healed.findings);
  EXPECT_EQ(kept_rows(), 2U);
  EXPECT_TRUE(Archive::open_for_reading(root_ / "archive").verify(highwall::Run(1)).problems.empty());
}

TEST_F(IngestTest, WhatAKillLeftOfAFileThatHasGrownSinceIsDeletedTheSameNight) {
  night();
  fs::remove(root_ / "archive/journal/2026-03.log");
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3}));
  EXPECT_FALSE(tells(night("2026-03-03T00:00:00Z").findings, {"in no journal"}));
  std::size_t epochs = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "archive/epochs"))
    epochs += entry.path().extension() == ".h5" ? 1 : 0;
  EXPECT_EQ(epochs, 1U) << "the block of the grown export holds the rows of what was left";
}

TEST_F(IngestTest, ChangedRowsAreKeptOneByOneAlsoAfterAKillBehindTheIngestLine) {
  night();
  put("drop/crack/E1.csv", rows({7.1, 7.2, 0.3}));
  const fs::path log = root_ / "archive/journal/2026-03.log";
  const NightSummary undisturbed = night("2026-03-03T00:00:00Z");
  EXPECT_EQ(outcome(undisturbed, "E1.csv").outcome, "quarantined");
  // As if killed behind the ingest line: neither record nor line of the file.
  std::ifstream in(log);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    if (line.find("\"act\":\"file\"") == std::string::npos || line.find("2026-03-03") == std::string::npos) kept += line + "\n";
  }
  std::ofstream(log) << kept;
  fs::remove_all(root_ / "archive/quarantine");
  const NightSummary again = night("2026-03-03T00:00:00Z");
  EXPECT_EQ(again.findings, undisturbed.findings);
  EXPECT_EQ(outcome(again, "E1.csv").outcome, "quarantined");
  const auto records = Archive::open_for_reading(root_ / "archive").quarantined();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].changed_rows, 2U);
  std::ifstream table(root_ / "archive/quarantine" / records[0].rows);
  const std::string text((std::istreambuf_iterator<char>(table)), {});
  EXPECT_EQ(text,
            "target,time,component,stored_m,told_m\nE1,2026-03-01T00:00:00Z,displacement,0.0001,0.0071\n"
            "E1,2026-03-01T01:00:00Z,displacement,0.0002,0.0072\n");
}

TEST_F(IngestTest, AFileThatTwoSourcesOfOneKindTakeWaits) {
  add_to_site("[[source]]\nid = \"again\"\nkind = \"extensometer\"\nfiles = \"drop/crack/E1.*\"\nzone = \"wall\"\n");
  put("drop/crack/E2.csv", rows({0.1, 0.2}));
  for (const char* id : {"crack", "again"}) EXPECT_TRUE(tells(check().problems, {"E1.csv", "not taken in as", id}));
  const NightSummary summary = night();
  for (const char* id : {"crack", "again"})
    EXPECT_TRUE(tells(summary.findings, {"E1.csv", "not taken in as", id})) << all(summary.findings);
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "waiting");
  EXPECT_EQ(outcome(summary, "E2.csv").outcome, "stored") << "the others are taken in";
}

TEST_F(IngestTest, AFileThatTwoKindsOfDisplacementTakeWaitsThroughALinkToo) {
  fs::create_directory_symlink(root_ / "drop/crack", root_ / "drop/linked");
  add_to_site("[[source]]\nid = \"prisms\"\nkind = \"prism\"\nfiles = \"drop/linked/E*.csv\"\nzone = \"wall\"\n");
  const NightSummary summary = night();
  EXPECT_EQ(outcome(summary, "crack/E1.csv").outcome, "waiting") << all(summary.findings);
  EXPECT_EQ(outcome(summary, "linked/E1.csv").outcome, "waiting") << all(summary.findings);
}

TEST_F(IngestTest, ACopyWhoseNameTellsAnotherTargetIsAFinding) {
  night();
  put("drop/crack/A1.csv", rows({0.1, 0.2}));
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_TRUE(tells(summary.findings, {"A1.csv", "E1.csv", "target A1 instead of E1"})) << all(summary.findings);
  const auto series = Archive::open_for_reading(root_ / "archive").load_series("crack");
  ASSERT_EQ(series.size(), 1U);
  EXPECT_EQ(series[0].target, "E1");
}

TEST_F(IngestTest, SwappedEpochsAreTheTroubleOfTheirSource) {
  night();
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3, 0.4}));
  night("2026-03-03T00:00:00Z");
  const auto epochs = Archive::open_for_reading(root_ / "archive").epochs("crack");
  ASSERT_EQ(epochs.size(), 2U);
  fs::rename(epochs[0].path, root_ / "aside");
  fs::rename(epochs[1].path, epochs[0].path);
  fs::rename(root_ / "aside", epochs[1].path);
  put("drop/crack/E1.csv", rows({0.1, 0.2, 0.3, 0.4, 0.5}));
  EXPECT_TRUE(tells(check("2026-03-04T00:00:00Z").problems, {"E1.csv", "but holds", epochs[0].id.c_str()}));
  const NightSummary summary = night("2026-03-04T00:00:00Z");
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "waiting");
  for (const auto& words : {std::array{"E1.csv", "cannot be read"}, std::array{"20260301", "unsealed"}}) {
    EXPECT_TRUE(tells(summary.findings, {words[0], words[1], epochs[0].id.c_str()})) << all(summary.findings);
  }
}

TEST_F(IngestTest, TheSameBytesUnderTwoSourcesAreAFinding) {
  add_to_site(source("other", "extensometer"));
  put("drop/other/F1.csv", rows({0.1, 0.2}));
  EXPECT_TRUE(tells(check().problems, {"F1.csv", "the same bytes as", "E1.csv", "crack"}));
  EXPECT_TRUE(tells(night().findings, {"F1.csv", "the same bytes as", "E1.csv", "crack"}));
  EXPECT_TRUE(tells(night("2026-03-03T00:00:00Z").findings, {"F1.csv", "the same bytes as", "E1.csv", "crack"}));
}

TEST_F(IngestTest, OneFileThatTwoKindsReadIsNoCopy) {
  add_to_site("[[source]]\nid = \"water\"\nkind = \"piezometer\"\nfiles = \"drop/crack/E*.csv\"\nzone = \"wall\"\n");
  EXPECT_FALSE(tells(check().problems, {"the same bytes"})) << all(check().problems);
  EXPECT_FALSE(tells(night().findings, {"the same bytes"}));
}

TEST_F(IngestTest, NewRowsAboutAnotherZeroAreHeldBack) {
  std::vector<double> values;
  for (int i = 0; i < 12; ++i) values.push_back(0.1 * i);
  put("drop/crack/E1.csv", rows(values));
  night();
  for (double& v : values) v += 12.5;
  values[4] -= 12.5;  // One that is as it was
  values[5] += 0.04;  // and one that was rounded otherwise.
  values.push_back(14.0);
  put("drop/crack/E1.csv", rows(values));
  const CheckReport report = check("2026-03-03T00:00:00Z");
  EXPECT_TRUE(tells(report.problems, {"E1.csv", "11 of 12 known rows", "+12.50 mm", "held back"})) << all(report.problems);
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "quarantined");
  EXPECT_TRUE(tells(summary.findings, {"E1.csv", "11 of 12 known rows", "+12.50 mm", "held back"})) << all(summary.findings);
  EXPECT_EQ(kept_rows(), 12U);
}

TEST_F(IngestTest, AnotherZeroOfOneTargetHoldsNoOtherTargetBack) {
  const auto text = [](int count, double zero1_mm, double zero2_mm) {
    std::string csv = "time,target,displacement_mm\n";
    for (int i = 0; i < count; ++i) {
      for (int t = 1; t <= 4; ++t) {
        const double zero_mm = t == 1 ? zero1_mm : t == 2 ? zero2_mm : 0.0;
        csv += fmt::format("2026-03-01T{:02}:00:00Z,T{},{:.3f}\n", i, t, zero_mm + 0.1 * i + (t > 2 && i >= 12 ? 2.5 : 0.0));
      }
    }
    return csv;
  };
  put("drop/crack/E1.csv", text(12, 0, 0));
  night();
  put("drop/crack/E1.csv", text(16, 5, -7));
  const std::array<const char*, 7> told{
      "E1.csv", "12 of 12 known rows of T1", "+5.00 mm", "12 of 12 known rows of T2", "-7.00 mm", "held back", "24 rows differ"};
  const CheckReport report = check("2026-03-03T00:00:00Z");
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  for (const char* word : told) {
    EXPECT_TRUE(tells(report.problems, {"E1.csv", word})) << word << "\n" << all(report.problems);
    EXPECT_TRUE(tells(summary.findings, {"E1.csv", word})) << word << "\n" << all(summary.findings);
  }
  EXPECT_FALSE(tells(summary.findings, {"rows of T3"})) << all(summary.findings);
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "quarantined");
  std::map<std::string, std::size_t> kept;
  for (const TimeSeries& s : Archive::open_for_reading(root_ / "archive").load_series("crack")) kept[s.target] = s.size();
  EXPECT_EQ(kept, (std::map<std::string, std::size_t>{{"T1", 12}, {"T2", 12}, {"T3", 16}, {"T4", 16}}));
}

TEST_F(IngestTest, NewRowsOfAnExportThatIsCorrectedHereAndThereAreTaken) {
  std::vector<double> values;
  for (int i = 0; i < 12; ++i) values.push_back(0.1 * i);
  const std::vector<double> known = values;
  const std::vector<std::vector<double>> corrections{
      {0, 0, 0, 12.5, 0, 0, 0, 0, 0, 0, 0, 0},                                    // one row
      {12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 0, 0},         // 83 %
      {1, -1, 2, -2, 1, 3, -1, -2, 2, 1, -1, -3},                                 // smoothed anew
      {2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3}};  // rounded otherwise
  put("drop/crack/E1.csv", rows(values));
  night();
  int day = 3;
  for (const auto& correction : corrections) {
    values.push_back(1.2);
    std::vector<double> told = values;
    for (std::size_t i = 0; i < correction.size(); ++i) told[i] = known[i] + correction[i];
    put("drop/crack/E1.csv", rows(told));
    night(fmt::format("2026-03-{:02}T00:00:00Z", day++));
    EXPECT_EQ(kept_rows(), values.size()) << day;
  }
}

TEST_F(IngestTest, AFewRowsAreNoProofOfAnotherZero) {
  put("drop/crack/E1.csv", rows({0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}));
  night();
  put("drop/crack/E1.csv", rows({5.0, 5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7, 5.8, 5.9}));
  night("2026-03-03T00:00:00Z");
  EXPECT_EQ(kept_rows(), 10U);
}

TEST_F(IngestTest, NamesThatAreNoUtf8AreToldAndEndNoNight) {
  put("drop/crack/\xB1\xB1\xB1.csv", rows({0.3, 0.2}));
  put("drop/crack/T.csv", "time,target,displacement_mm\n2026-03-01T00:00:00Z,\xB1\xB1,1\n2026-03-01T01:00:00Z,\xB1\xB1,1\n");
  put("drop/crack/P.csv", "time,target,displacement_mm\n2026-03-01T00:00:00Z,a/b,1\n2026-03-01T01:00:00Z,a/b,1\n");
  const NightSummary summary = night();
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "stored");
  for (const char* name : {"%B1%B1%B1.csv", "T.csv", "P.csv"}) {
    EXPECT_EQ(outcome(summary, name).outcome, "quarantined") << name;
    EXPECT_TRUE(tells(summary.findings, {name, "UTF-8"})) << all(summary.findings);
  }
  EXPECT_EQ(night("2026-03-03T00:00:00Z").files.size(), 4U);  // and it ends
}

TEST_F(IngestTest, AQuarantinedFileIsTriedAgainWhenItsSourceIsReadOtherwise) {
  put("drop/crack/M.csv", "stamp;v\n2026-03-01T00:00:00Z;1\n2026-03-01T01:00:00Z;2\n");
  EXPECT_EQ(outcome(night(), "M.csv").outcome, "quarantined");
  EXPECT_EQ(outcome(night("2026-03-03T00:00:00Z"), "M.csv").outcome, "quarantined");
  add_to_site("unit = \"mm\"\n[source.columns]\ntime = \"stamp\"\ndisplacement = \"v\"\n");
  fs::remove(root_ / "drop/crack/E1.csv");
  const NightSummary mended = night("2026-03-04T00:00:00Z");
  EXPECT_EQ(outcome(mended, "M.csv").outcome, "stored") << outcome(mended, "M.csv").detail;
}

TEST_F(IngestTest, ARenamedFileIsTriedAgainAndTwoCopiesAreNotedOnce) {
  put("drop/crack/\xB1.csv", rows({0.4, 0.5}));
  put("drop/crack/\xB2.csv", rows({0.4, 0.5}));
  night();
  const auto lines = [&] { return Archive::open_for_reading(root_ / "archive").journal().size(); };
  const std::size_t before = lines();
  night();
  night("2026-03-03T00:00:00Z");
  EXPECT_EQ(lines(), before);
  fs::rename(root_ / "drop/crack/\xB1.csv", root_ / "drop/crack/N.csv");
  fs::remove(root_ / "drop/crack/\xB2.csv");
  EXPECT_EQ(outcome(night("2026-03-04T00:00:00Z"), "N.csv").outcome, "stored");
}

TEST_F(IngestTest, WhatASourceOfItsKindCannotBeMeasuredByIsQuarantined) {
  add_to_site(source("scan", "lidar") + "crs = \"local\"\n");
  put("drop/scan/F1.csv", rows({0.1, 0.2}));
  const NightSummary summary = night();
  EXPECT_EQ(outcome(summary, "F1.csv").outcome, "quarantined");
  EXPECT_TRUE(tells(summary.findings, {"F1.csv", "series of values", "lidar"})) << all(summary.findings);
  EXPECT_TRUE(Archive::open_for_reading(root_ / "archive").epochs("scan").empty());
}

TEST_F(IngestTest, FoldersPatternsAndThingsThatBringNoDataAreFindings) {
  add_to_site(source("gone", "extensometer") + source("empty", "extensometer"));
  fs::create_directories(root_ / "drop/empty");
  fs::create_directories(root_ / "drop/crack/folder.csv");
  fs::create_symlink("loop.csv", root_ / "drop/crack/loop.csv");
  ASSERT_EQ(::mkfifo((root_ / "drop/crack/pipe.csv").c_str(), 0600), 0);
  for (const auto& findings : {night().findings, check().problems}) {
    EXPECT_TRUE(tells(findings, {"source gone", "cannot be read"})) << all(findings);
    EXPECT_TRUE(tells(findings, {"source empty", "never had one"})) << all(findings);
    for (const char* name : {"folder.csv", "loop.csv", "pipe.csv"})
      EXPECT_TRUE(tells(findings, {name, "no file"})) << name << all(findings);
    EXPECT_FALSE(tells(findings, {"source crack"})) << all(findings);
  }
}

TEST_F(IngestTest, SilenceOfAllSourcesIsAFinding) {
  night();
  fs::remove(root_ / "drop/crack/E1.csv");
  EXPECT_TRUE(tells(night("2026-03-03T00:00:00Z").findings, {"nothing has come"}));
  fs::remove_all(root_ / "drop");
  EXPECT_TRUE(tells(night("2026-03-03T00:00:00Z").findings, {"drop folder drop cannot be read"}));
}

TEST_F(IngestTest, AFileFromTheFutureIsToldWhileItWaits) {
  fs::last_write_time(root_ / "drop/crack/E1.csv", fs::file_time_type::clock::now() + std::chrono::hours(24 * 365 * 20));
  NightOptions o = options();
  o.settle = true;
  const NightSummary summary = run_night(read_site(root_ / "site.toml"), o, highwall::Run(1));
  EXPECT_EQ(outcome(summary, "E1.csv").outcome, "waiting");
  EXPECT_TRUE(tells(summary.findings, {"E1.csv", "in the future"})) << all(summary.findings);
}

/// A rough wall of 60 m x 60 m, seen from half a metre south of `south_m` on.
std::string wall_from(double south_m) {
  std::string text;
  for (int i = 0; i < 150; ++i) {
    for (int k = 0; k < 150; ++k) {
      const double y = 7412000.0 + 0.4 * i;
      if (y < south_m) continue;
      const double z = 50.0 + 0.5 * std::sin(0.9 * i) + 0.5 * std::cos(0.7 * k) + 0.2 * std::sin(0.31 * i * k);
      text += fmt::format("{:.3f} {:.3f} {:.3f}\n", 512345.0 + 0.4 * k, y - 0.5, z);
    }
  }
  return text;
}

class LocalLidarTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    add_to_site(
        "[[source]]\nid = \"scan\"\nkind = \"lidar\"\nfiles = \"drop/scan/*.xyz\"\nzone = \"wall\"\ncrs = \"local\"\n"
        "instant = [\"filename:%Y%m%d\"]\n");
    put("drop/scan/20260301.xyz", wall_from(7412001.0));  // its minimum is 7412000.5, that of the whole wall 7411999.5
  }
  std::vector<std::array<double, 3>> origins() const {
    std::vector<std::array<double, 3>> all;
    const Archive archive = Archive::open_for_reading(root_ / "archive");
    for (const EpochInfo& info : archive.epochs("scan"))
      all.push_back(std::get<PointCloud>(archive.load(info).data).frame.origin_m);
    return all;
  }
};

TEST_F(LocalLidarTest, AllEpochsOfASourceHaveTheOriginOfTheFirstOneInTheArchive) {
  night();
  put("drop/scan/20260302.xyz", wall_from(7412000.0));
  EXPECT_FALSE(tells(check("2026-03-03T00:00:00Z").problems, {"scan"})) << all(check("2026-03-03T00:00:00Z").problems);
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_FALSE(tells(summary.findings, {"could not be compared"})) << all(summary.findings);
  const std::array<double, 3> first{512000.0, 7412000.0, 0.0};
  EXPECT_EQ(origins(), (std::vector{first, first}));
}

TEST_F(LocalLidarTest, AllFilesOfAFirstNightHaveTheOriginOfTheFirstOneTried) {
  put("drop/scan/20260302.xyz", wall_from(7412000.0));
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_FALSE(tells(summary.findings, {"could not be compared"})) << all(summary.findings);
  const std::array<double, 3> first{512000.0, 7412000.0, 0.0};
  EXPECT_EQ(origins(), (std::vector{first, first}));
}

TEST_F(LocalLidarTest, EpochsThatWereKeptAboutOtherOriginsAreComparedAllTheSame) {
  night();
  {
    Archive archive = Archive::open_for_writing(root_ / "archive", read_site(root_ / "site.toml").frame);
    PointCloud cloud = std::get<PointCloud>(archive.load(archive.epochs("scan").at(0)).data);
    cloud.instant = *parse_iso8601("2026-03-02T00:00:00Z");
    move_origin(cloud, {512000.0, 7411000.0, 0.0});
    archive.append({"scan", cloud.instant, std::move(cloud), {}}, *parse_iso8601("2026-03-02T12:00:00Z"));
  }
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_FALSE(tells(summary.findings, {"could not be compared"})) << all(summary.findings);
}

TEST_F(LocalLidarTest, AFirstEpochThatCannotBeReadLetsTheNewFilesOfItsSourceWait) {
  night();
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "archive/epochs")) {
    if (entry.path().string().find("-scan-") != std::string::npos) fs::resize_file(entry.path(), 100);
  }
  put("drop/scan/20260302.xyz", wall_from(7412000.0));
  EXPECT_TRUE(tells(check("2026-03-03T00:00:00Z").problems, {"20260302.xyz", "cannot be read"}));
  const NightSummary summary = night("2026-03-03T00:00:00Z");
  EXPECT_EQ(outcome(summary, "20260302.xyz").outcome, "waiting");
  EXPECT_TRUE(tells(summary.findings, {"20260302.xyz", "cannot be read"})) << all(summary.findings);
}

}  // namespace
}  // namespace highwall
