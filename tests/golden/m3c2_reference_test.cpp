// M3C2 against answers that are not our own: brute force, CloudCompare, PDAL and a plane.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "algorithms/compare/m3c2.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

PointCloud load(const std::filesystem::path& path, const ReadOptions& options) {
  return std::get<PointCloud>(read_file(path, options, Run()).data);
}

std::vector<std::vector<double>> table(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::vector<double>> rows;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#' || line[0] == 'x' || line[0] == '"' || line[0] == '/') continue;
    for (char& c : line) {
      if (c == ',' || c == ';') c = ' ';
    }
    std::istringstream in(line);
    std::vector<double> row;
    std::string word;
    while (in >> word) row.push_back(std::strtod(word.c_str(), nullptr));
    rows.push_back(row);
  }
  return rows;
}

TEST(RealDataM3c2, EqualsBruteForceOnTheSyntheticSlope) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "lidar" / "synthetic_ref";
  ReadOptions options;
  const PointCloud before = load(folder / "s100k_e1.las", options);
  options.origin_m.assign(before.frame.origin_m.begin(), before.frame.origin_m.end());
  const PointCloud after = load(folder / "s100k_e2.las", options);
  PointCloud cores = load(folder / "s100k_core.las", options);
  const auto reference = table(folder / "ref_exact_m3c2.txt");
  ASSERT_EQ(reference.size(), cores.size());
  const Eigen::Index own = cores.xyz.rows();
  cores.xyz.conservativeResize(own + 2, 3);
  cores.xyz.row(own) = cores.xyz.row(0) + Eigen::RowVector3d(100.0, 100.0, 0.0);
  cores.xyz.row(own + 1) = cores.xyz.row(0) + Eigen::RowVector3d(0.0, 0.0, 100.0);

  const DisplacementField field = m3c2(before.view(), after.view(), cores.view(), M3c2Options{}, highwall::Run());
  double worst_distance = 0.0;
  double worst_normal = 0.0;
  double worst_lod = 0.0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto& r = reference[i];
    ASSERT_EQ(field.n_before[i], static_cast<std::uint32_t>(r[9])) << "core " << i;
    ASSERT_EQ(field.n_after[i], static_cast<std::uint32_t>(r[11])) << "core " << i;
    for (Eigen::Index c = 0; c < 3; ++c) {
      worst_normal = std::max(worst_normal, std::abs(field.direction(static_cast<Eigen::Index>(i), c) -
                                                     r[static_cast<std::size_t>(3 + c)]));
    }
    if (std::isnan(r[6])) {
      EXPECT_TRUE(std::isnan(field.value_m[i]));
      continue;
    }
    worst_distance = std::max(worst_distance, std::abs(field.value_m[i] - r[6]));
    if (!std::isnan(r[7])) worst_lod = std::max(worst_lod, std::abs(field.lod95_m[i] - r[7]));
  }
  RecordProperty("worst_distance_m", std::to_string(worst_distance));
  std::printf("cores %zu, worst distance %.2g m, normal %.2g, limit %.2g m\n", reference.size(), worst_distance,
              worst_normal, worst_lod);
  EXPECT_LT(worst_distance, 1e-6);
  EXPECT_LT(worst_normal, 1e-6);
  EXPECT_LT(worst_lod, 1e-6);
  for (std::size_t i = reference.size(); i < field.size(); ++i) {
    EXPECT_TRUE(std::isnan(field.value_m[i]));
    EXPECT_EQ(field.reason[i], Reason::no_normal);
  }
}

}  // namespace
}  // namespace highwall
