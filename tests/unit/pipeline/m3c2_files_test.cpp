// m3c2 of files by tiles: the bytes of the whole, bounded room, and clear refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/m3c2_files.hpp"
#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

class FilesOfM3c2 : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "scratch");
    RoughSlope slope;
    slope.side_m = 30.0;
    write(slope.scan(1), "before.las");
    slope.side_m = 26.0;
    write(slope.scan(2), "after.laz");
    write(slope.scan(2), "after.las");
    slope.side_m = 33.0;
    slope.spacing_m = 0.5;
    write(slope.scan(3), "cores.las");
    std::ofstream text(folder_ / "cores.xyz");
    const Points cores = slope.scan(3);
    for (Eigen::Index i = 0; i < cores.rows(); ++i) {
      text << 512000.0 + cores(i, 0) << ' ' << 7412000.0 + cores(i, 1) << ' ' << 100.0 + cores(i, 2) << '\n';
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const Points& points, const std::string& name) {
    PointCloud cloud;
    cloud.frame.origin_m = {512000.0, 7412000.0, 100.0};
    cloud.xyz = points;
    write_cloud(folder_ / name, cloud, highwall::Run(2));
  }
  M3c2Files files(const std::string& after, const std::string& cores, const std::string& output, std::uint64_t memory) const {
    return {folder_ / "before.las", folder_ / after, cores.empty() ? "" : folder_ / cores, folder_ / output, "metres", memory,
            folder_ / "scratch"};
  }
  /// What the whole clouds give.
  std::string whole(const std::string& after, const std::string& cores, const std::string& output,
                    const M3c2Options& options) const {
    ReadOptions read;
    read.channels = "none";
    read.instant.clear();
    Report report;
    const PointCloud first = read_cloud(folder_ / "before.las", read, report, run_);
    read.origin_m.assign(first.frame.origin_m.begin(), first.frame.origin_m.end());
    const PointCloud second = read_cloud(folder_ / after, read, report, run_);
    const PointCloud places = cores.empty() ? first : read_cloud(folder_ / cores, read, report, run_);
    write_field(folder_ / output, m3c2(first.view(), second.view(), places.view(), options, run_), "m", run_);
    return read_whole(folder_ / output);
  }
  static void ignore(const Report&) {}

  highwall::Run run_{2};
  std::filesystem::path folder_ = test_folder();
};

TEST_F(FilesOfM3c2, HaveTheBytesOfTheWholeInEveryFormatAtEveryBound) {
  M3c2Options median;
  median.statistic = "median";
  median.normal_radii_m = {0.6, 1.0};
  M3c2Options progressive;
  progressive.progressive = true;
  progressive.lod = Lod::ep;
  progressive.scanner_m = {512050.0, 7412000.0, 150.0};
  struct Case {
    std::string after, cores, output;
    M3c2Options options;
  };
  const std::vector<Case> cases{{"after.las", "cores.las", "out.csv", {}},
                                {"after.laz", "cores.xyz", "out.las", median},
                                {"after.laz", "", "out.laz", {}},
                                {"after.las", "cores.xyz", "out.csv", progressive},
                                {"after.laz", "cores.las", "out.laz", median}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.after + " " + c.cores + " " + c.output);
    const std::string twin = whole(c.after, c.cores, c.output, c.options);
    std::size_t most_tiles = 0;
    for (const std::uint64_t memory : {std::uint64_t{3000000}, std::uint64_t{9000000}, std::uint64_t{2000000000}}) {
      std::filesystem::remove(folder_ / c.output);
      const M3c2Outcome outcome =
          m3c2_by_tiles(files(c.after, c.cores, c.output, memory), c.options, highwall::Run(memory > 5000000 ? 1 : 2), ignore);
      EXPECT_TRUE(read_whole(folder_ / c.output) == twin) << memory;
      EXPECT_GT(outcome.measured, 500U);
      EXPECT_LT(outcome.measured, outcome.core_points);  // Some lie beside the ground.
      most_tiles = std::max(most_tiles, outcome.tiles);
    }
    EXPECT_GT(most_tiles, 4U);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "scratch"));
  }
}

TEST_F(FilesOfM3c2, OfNoPlacesAndOfEmptyCloudsAreThoseOfTheWhole) {
  write(Points(0, 3), "none.las");
  for (const auto& [after, cores] : {std::pair{"after.las", "none.las"}, {"none.las", "cores.las"}}) {
    for (const char* output : {"out.csv", "out.las", "out.laz"}) {
      const std::string twin = whole(after, cores, output, {});
      m3c2_by_tiles(files(after, cores, output, 3000000), {}, run_, ignore);
      EXPECT_TRUE(read_whole(folder_ / output) == twin) << after << " " << output;
    }
  }
}

TEST_F(FilesOfM3c2, FitTheMemoryOrNot) {
  EXPECT_TRUE(fits_memory(files("after.las", "cores.las", "out.csv", 0)));
  EXPECT_FALSE(fits_memory(files("after.las", "cores.las", "out.csv", 2000000)));
  EXPECT_THROW(static_cast<void>(fits_memory(files("missing.las", "", "out.csv", 0))), Error);
  EXPECT_EQ(parse_memory("4GB", ""), 4000000000U);
  EXPECT_EQ(parse_memory("1.5 MiB", ""), 1572864U);
  for (const char* bad : {"", "4", "GB", "-1GB", "0GB", "4gb2", "nanGB", "infGB", "1e30GB"}) {
    EXPECT_THROW(static_cast<void>(parse_memory(bad, "--memory")), Error) << bad;
  }
}

TEST_F(FilesOfM3c2, RefuseWhatCannotBeDoneAndLeaveNothing) {
  const auto kind_of = [&](const M3c2Files& f, const highwall::Run& run) {
    try {
      m3c2_by_tiles(f, {}, run, ignore);
    } catch (const Error& e) {
      EXPECT_FALSE(e.hint().empty() && e.kind() != ErrorKind::cancelled) << e.what();
      return e.kind();
    }
    ADD_FAILURE() << "measured";
    return ErrorKind::internal;
  };
  EXPECT_EQ(kind_of(files("after.las", "", "out.gpkg", 3000000), run_), ErrorKind::config);
  EXPECT_EQ(kind_of(files("after.las", "", "out.csv", 30000), run_), ErrorKind::config);  // One square takes more.
  EXPECT_EQ(kind_of(files("after.las", "cores.xyz", "out.csv", 100000), run_), ErrorKind::input);
  M3c2Files nowhere = files("after.las", "", "out.csv", 3000000);
  nowhere.scratch = folder_ / "missing";
  EXPECT_EQ(kind_of(nowhere, run_), ErrorKind::config);
  std::stop_source stop;
  highwall::Run stopped(2);
  std::size_t seen = 0;
  stopped.set_stop(stop.get_token()).set_progress([&](std::string_view step, std::size_t, std::size_t) {
    if (step == "m3c2 by tiles" && ++seen == 2) stop.request_stop();
  });
  EXPECT_EQ(kind_of(files("after.las", "", "out.csv", 3000000), stopped), ErrorKind::cancelled);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.csv"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "scratch"));
}

}  // namespace
}  // namespace highwall
