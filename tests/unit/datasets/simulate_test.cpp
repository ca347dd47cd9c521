#include "datasets/simulate.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/error.hpp"
#include "datasets/pit.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::vector<std::string>> rows_of(const fs::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text_of(path));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string>& row = rows.emplace_back();
    for (std::string word; std::getline(words, word, ',');) row.push_back(word);
  }
  return rows;
}

class Simulated : public testing::Test {
 protected:
  fs::path folder_ = test_folder();
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
};

SimulateOptions few_nights(std::int64_t nights) {
  SimulateOptions options;
  options.nights = nights;
  options.beam_step_deg = 1.0;
  options.radar_interval_min = 240.0;
  options.area_interval_min = 60.0;
  return options;
}

TEST(PitWall, TheHaulRoadFallsThroughTheBenches) {
  for (double y = 0.0; y <= PitWall::kLength_m; y += 0.5) {
    const double edge = PitWall::road_edge(y);
    for (const double behind : {0.1, 10.0, 19.9}) {
      EXPECT_DOUBLE_EQ(PitWall::profile(edge - behind, y), PitWall::road_height(y)) << y;
    }
  }
  EXPECT_NEAR(PitWall::road_height(0.0) - PitWall::road_height(PitWall::kLength_m), 30.0, 1e-9);
  EXPECT_DOUBLE_EQ(PitWall::profile(0.1, 150.0), 0.0);
  EXPECT_DOUBLE_EQ(PitWall::profile(-PitWall::depth_m() - 0.1, 150.0), PitWall::kHeight_m);
  for (double y = 0.0; y <= PitWall::kLength_m; y += 7.0) {
    for (double x = 0.0; x > -PitWall::depth_m(); x -= 0.1) {
      const double rise = PitWall::profile(x - 0.1, y) - PitWall::profile(x, y);
      EXPECT_GE(rise, -1e-9) << x << " " << y;
      EXPECT_LE(rise, 0.1 * 2.75) << x << " " << y;
    }
  }
}

TEST_F(Simulated, RefusesAFolderOfSomebodyElseAndChangesNothing) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "site.toml") << "mine";
  try {
    simulate(folder_, few_nights(1), highwall::Run(1));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    EXPECT_NE(std::string(e.hint()).find("empty folder"), std::string::npos);
  }
  EXPECT_EQ(text_of(folder_ / "site.toml"), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(Simulated, RefusesTheSimulationOfAnotherPitAndGoesOnWithItsOwn) {
  SimulateOptions options = few_nights(2);
  options.night = 1;
  simulate(folder_, options, highwall::Run(1));
  const std::string first = text_of(folder_ / "drop" / "lidar" / "scan_20260301T220000.las");
  ASSERT_FALSE(first.empty());
  options.night = 2;
  simulate(folder_, options, highwall::Run(2));
  EXPECT_EQ(text_of(folder_ / "drop" / "lidar" / "scan_20260301T220000.las"), first);
  EXPECT_TRUE(fs::exists(folder_ / "drop" / "lidar" / "scan_20260302T220000.las"));
  options.seed += 1;
  EXPECT_THROW(simulate(folder_, options, highwall::Run(1)), Error);
}

TEST_F(Simulated, HasTheSameBytesOnAnyNumberOfThreadsAndInOneGo) {
  SimulateOptions options = few_nights(2);
  simulate(folder_ / "one", options, highwall::Run(1));
  for (std::int64_t night : {1, 2}) {
    options.night = night;
    simulate(folder_ / "three", options, highwall::Run(3));
  }
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "one")) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const fs::path other = folder_ / "three" / fs::relative(entry.path(), folder_ / "one");
    EXPECT_EQ(text_of(entry.path()), text_of(other)) << other;
  }
  EXPECT_GT(files, 20U);
}

TEST_F(Simulated, MostScansHitTheTruckAndThePerson) {
  SimulateOptions options = few_nights(8);
  options.beam_step_deg = SimulateOptions{}.beam_step_deg;
  simulate(folder_, options, highwall::Run(2));
  int truck = 0;
  int person = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "truth" / "moving_objects")) {
    const auto rows = rows_of(entry.path());
    ASSERT_EQ(rows.size(), 3U);
    truck += std::stoi(rows[1].back()) >= 5 ? 1 : 0;
    person += std::stoi(rows[2].back()) >= 1 ? 1 : 0;
  }
  EXPECT_EQ(truck, 8);
  EXPECT_GE(person, 5);
}

TEST_F(Simulated, TheRadarSeesFacesButNotTheBermsAboveIt) {
  SimulateOptions options = few_nights(1);
  options.radar_cell_m = 3.0;
  simulate(folder_, options, highwall::Run(2));
  const auto cells = rows_of(folder_ / "truth" / "radar_cells.csv");
  const double share = static_cast<double>(cells.size() - 1) / (std::floor(PitWall::depth_m() / 3.0) * 100.0);
  EXPECT_GT(share, 0.4);
  EXPECT_LT(share, 0.85);
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const double z = std::stod(cells[i][4]) - 80.0;
    const double length = std::hypot(std::stod(cells[i][5]), std::stod(cells[i][6]), std::stod(cells[i][7]));
    EXPECT_NEAR(length, 1.0, 2e-6);
    // A flat place above the radar would be seen from below.
    const double x = std::stod(cells[i][2]) - 512000.0;
    const double y = std::stod(cells[i][3]) - 3880000.0;
    const bool flat = z > 70.0 && std::abs(PitWall::profile(x - 3.0, y) - PitWall::profile(x + 3.0, y)) < 1e-9;
    EXPECT_FALSE(flat) << x << " " << y;
  }
}

TEST_F(Simulated, TruthHoldsWhatIsTrue) {
  simulate(folder_, few_nights(1), highwall::Run(2));
  const std::string truth = text_of(folder_ / "truth" / "truth.json");
  for (const char* key : {"\"scenario\"", "\"seed\"", "\"failure\": \"2026-03-31T06:00:00Z\"", "\"zones\"", "\"gnss_outage\"",
                          "\"gnss_antenna_step\"", "\"radar_atmosphere\"", "\"moving_objects\""}) {
    EXPECT_NE(truth.find(key), std::string::npos) << key;
  }
  EXPECT_EQ(rows_of(folder_ / "truth" / "registration.csv").size(), 2U);
  EXPECT_EQ(rows_of(folder_ / "truth" / "gnss.csv").size(), 1U + 8U * 24U);
  EXPECT_EQ(rows_of(folder_ / "truth" / "wedge_motion.csv")[0].size(), 5U);
}

}  // namespace
}  // namespace highwall
