// M3C2 against answers that are not our own: brute force, CloudCompare, PDAL and a plane.
#include <gtest/gtest.h>

#include <algorithm>
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
      worst_normal =
          std::max(worst_normal, std::abs(field.direction(static_cast<Eigen::Index>(i), c) - r[static_cast<std::size_t>(3 + c)]));
    }
    if (std::isnan(r[6])) {
      EXPECT_TRUE(std::isnan(field.value_m[i]));
      continue;
    }
    worst_distance = std::max(worst_distance, std::abs(field.value_m[i] - r[6]));
    if (!std::isnan(r[7])) worst_lod = std::max(worst_lod, std::abs(field.lod95_m[i] - r[7]));
  }
  RecordProperty("worst_distance_m", std::to_string(worst_distance));
  std::printf("cores %zu, worst distance %.2g m, normal %.2g, limit %.2g m\n", reference.size(), worst_distance, worst_normal,
              worst_lod);
  EXPECT_LT(worst_distance, 1e-6);
  EXPECT_LT(worst_normal, 1e-6);
  EXPECT_LT(worst_lod, 1e-6);
  for (std::size_t i = reference.size(); i < field.size(); ++i) {
    EXPECT_TRUE(std::isnan(field.value_m[i]));
    EXPECT_EQ(field.reason[i], Reason::no_normal);
  }
}

// ---- the airborne pair: what CloudCompare and PDAL found, in the files' own numbers ----

struct AirbornePair {
  PointCloud before;
  PointCloud after;
  M3c2Options options;
};

AirbornePair airborne_pair() {
  const auto folder = realdata() / "lidar" / "pdal_m3c2_pair";
  ReadOptions options;
  options.units = "source";
  AirbornePair pair;
  pair.before = load(folder / "autzen-bmx-2010.las", options);
  options.origin_m.assign(pair.before.frame.origin_m.begin(), pair.before.frame.origin_m.end());
  pair.after = load(folder / "autzen-bmx-2023.las", options);
  pair.options.normal_radius_m = 1.390432;
  pair.options.cylinder_radius_m = 2.890432;
  pair.options.half_length_m = 5.5;
  return pair;
}

Points columns_as_points(const std::vector<std::vector<double>>& rows, std::size_t first, const std::array<double, 3>& origin) {
  Points out(static_cast<Eigen::Index>(rows.size()), 3);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      out(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) = rows[i].at(first + c) - origin[c];
    }
  }
  return out;
}

double quantile(std::vector<double> v, double q) {
  std::sort(v.begin(), v.end());
  return v.at(static_cast<std::size_t>(q * static_cast<double>(v.size() - 1)));
}

TEST(RealDataM3c2, ThreeCoresOfTheAirbornePair) {
  HIGHWALL_NEED_REALDATA();
  AirbornePair pair = airborne_pair();
  pair.options.normal_radius_m = 5.24414;
  pair.options.cylinder_radius_m = 10.4882815;
  pair.options.half_length_m = 2.763006;
  const auto rows = table(realdata() / "lidar" / "pdal_m3c2_pair" / "autzen-bmx-cores.txt");
  ASSERT_EQ(rows.size(), 3U);
  const Points cores = columns_as_points(rows, 0, pair.before.frame.origin_m);
  const DisplacementField f =
      m3c2(pair.before.view(), pair.after.view(), PointsView(cores, pair.before.frame), pair.options, highwall::Run());
  // The published figures have three decimals, some cut, some rounded, and spreads of the population (n, not
  // n - 1 degrees of freedom): ours are brought to the same before they are compared to a unit of the last place.
  const auto population = [](double spread, std::uint32_t n) { return spread * std::sqrt((n - 1.0) / n); };
  const double distance[] = {1.396, 0.670, 1.246};
  const double limit[] = {0.275, 0.140, 0.226};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(f.value_m[i], distance[i], 0.001) << "core " << i;
    const double s1 = population(f.spread_before_m[i], f.n_before[i]);
    const double s2 = population(f.spread_after_m[i], f.n_after[i]);
    EXPECT_NEAR(1.96 * std::sqrt(s1 * s1 / f.n_before[i] + s2 * s2 / f.n_after[i]), limit[i], 0.001) << "core " << i;
    EXPECT_NEAR(f.lod95_m[i], limit[i], 0.0013) << "core " << i;
  }
  EXPECT_NEAR(population(f.spread_before_m[0], f.n_before[0]), 0.732, 0.001);
  EXPECT_NEAR(population(f.spread_after_m[0], f.n_after[0]), 1.582, 0.001);
  EXPECT_EQ(f.n_before[0], 118U);
  EXPECT_EQ(f.n_after[0], 166U);
}

TEST(RealDataM3c2, CloudCompareAndPdalOnTheAirbornePair) {
  HIGHWALL_NEED_REALDATA();
  const AirbornePair pair = airborne_pair();
  const auto folder = realdata() / "lidar" / "pdal_m3c2_pair";
  const auto cc = table(folder / "autzen-bmx-cc.txt");
  const auto pdal = table(folder / "autzen-bmx-m3c2.txt");
  ASSERT_EQ(cc.size(), 103U);
  ASSERT_EQ(pdal.size(), 103U);
  const Points cores = columns_as_points(cc, 0, pair.before.frame.origin_m);
  const Points cc_normals = columns_as_points(cc, 25, {0.0, 0.0, 0.0});
  const PointsView places(cores, pair.before.frame);
  const DisplacementField own = m3c2(pair.before.view(), pair.after.view(), places, pair.options, highwall::Run());
  const DisplacementField along =
      m3c2_along(pair.before.view(), pair.after.view(), places, cc_normals, pair.options, highwall::Run());
  std::vector<double> to_cc;
  std::vector<double> to_pdal;
  std::size_t empty = 0;
  std::size_t same_counts = 0;
  for (std::size_t i = 0; i < cc.size(); ++i) {
    if (cc[i][19] == 0.0) {
      ++empty;
      EXPECT_TRUE(std::isnan(own.value_m[i])) << "core " << i;
      EXPECT_TRUE(std::isnan(own.lod95_m[i])) << "core " << i;
      EXPECT_EQ(own.reason[i], Reason::empty_after) << "core " << i;
      EXPECT_EQ(pdal[i][21], 0.0) << "PDAL's zero";
      continue;
    }
    if (along.n_before[i] == static_cast<std::uint32_t>(cc[i][18]) && along.n_after[i] == static_cast<std::uint32_t>(cc[i][19])) {
      ++same_counts;
      to_cc.push_back(std::abs(along.value_m[i] - cc[i][24]));
    }
    if (own.n_before[i] == static_cast<std::uint32_t>(pdal[i][26]) && own.n_after[i] == static_cast<std::uint32_t>(pdal[i][27])) {
      to_pdal.push_back(std::abs(own.value_m[i] - pdal[i][21]));
    }
  }
  std::printf(
      "CloudCompare: %zu of %zu cores have its counts, distance differs by %.4f at the most; "
      "PDAL: %zu cores, %.4f; %zu empty\n",
      same_counts, cc.size() - empty, quantile(to_cc, 1.0), to_pdal.size(), quantile(to_pdal, 1.0), empty);
  EXPECT_EQ(empty, 6U);
  EXPECT_GE(same_counts, 90U);
  EXPECT_LT(quantile(to_cc, 1.0), 0.006);  // Its normals have three decimals, at 5.5 units' distance.
  EXPECT_GE(to_pdal.size(), 90U);
  EXPECT_LT(quantile(to_pdal, 1.0), 0.002);
}

TEST(RealDataM3c2, ThePlaneSinksByTenCentimetres) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "lidar" / "py4dgeo";
  const Points before = columns_as_points(table(folder / "plane_horizontal_t1.xyz"), 0, {0, 0, 0});
  const Points after = columns_as_points(table(folder / "plane_horizontal_t2.xyz"), 0, {0, 0, 0});
  ASSERT_EQ(before.rows(), 441);
  M3c2Options options;
  options.normal_radius_m = 3.0;
  options.cylinder_radius_m = 2.0;
  const DisplacementField f = m3c2(before, after, before, options, highwall::Run());
  double sum = 0.0;
  for (const double v : f.value_m) sum += v;
  EXPECT_NEAR(sum / static_cast<double>(f.size()), -0.1, 0.001);
  for (const double v : m3c2(before, before, before, options, highwall::Run()).value_m) EXPECT_EQ(v, 0.0);
  options.registration_error_m = 1.0;
  for (const double limit : m3c2(before, after, before, options, highwall::Run()).lod95_m) EXPECT_GT(limit, 1.96);
}

}  // namespace
}  // namespace highwall
