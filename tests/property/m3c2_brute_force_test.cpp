// The fast kernel against the plain twin on benches with berms, steep and vertical faces, in millimetres as a scanner
// writes them (so that points lie exactly on borders), with doubled points and cores that see nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "algorithms/compare/m3c2.hpp"
#include "datasets/random.hpp"
#include "tests/support/m3c2_twin.hpp"

namespace highwall {
namespace {

constexpr double kPromised_m = 1e-6;

double millimetres(double v) { return std::round(1000.0 * v) / 1000.0; }

/// A bench of 3 m: berm, face of 70 degrees, berm, vertical face; about 100 points a square metre.
Points benches(std::uint64_t seed, std::uint64_t epoch, std::size_t n) {
  const Random place(seed, 10 * epoch + 1);
  const Random noise(seed, 10 * epoch + 2);
  const double slant = 70.0 * std::numbers::pi / 180.0;
  const double profile[] = {2.0, 3.2, 2.0, 3.0};
  Points out(static_cast<Eigen::Index>(n), 3);
  for (std::size_t i = 0; i < n; ++i) {
    double along = 10.2 * place.uniform(2 * i);
    Eigen::Vector3d p(0.0, 4.0 * place.uniform(2 * i + 1), 0.0);
    const Eigen::Vector3d ways[] = {{-1, 0, 0}, {-std::cos(slant), 0, std::sin(slant)}, {-1, 0, 0}, {0, 0, 1}};
    for (int part = 0; part < 4; ++part) {
      const double here = std::min(along, profile[part]);
      p += here * ways[part];
      along -= here;
    }
    p += Eigen::Vector3d(0.05 * std::sin(3.0 * p.y()) + 0.02 * std::sin(9.0 * p.z()), 0.0, 0.04 * std::cos(4.0 * p.x()));
    for (std::uint64_t c = 0; c < 3; ++c) {
      const double v = p[static_cast<Eigen::Index>(c)] + 0.005 * noise.normal(3 * i + c);
      out(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) = millimetres(v);
    }
  }
  for (std::size_t i = 0; i + 20 < n; i += 10) {  // Every tenth point is doubled.
    out.row(static_cast<Eigen::Index>(i + 1)) = out.row(static_cast<Eigen::Index>(i));
  }
  return out;
}

Points cores_of(const Points& cloud, std::uint64_t seed) {
  const Random random(seed, 77);
  Points cores(cloud.rows() / 8, 3);
  for (Eigen::Index i = 0; i < cores.rows(); ++i) {
    cores.row(i) = cloud.row(8 * i);
    const double lift = 6.0 * random.uniform(static_cast<std::uint64_t>(i));
    if (i % 9 == 0) cores(i, 2) += lift;                                       // In the air: few neighbours or none.
    if (i % 50 == 0) cores.row(i) += Eigen::RowVector3d(40.0, 900.0, 5000.0);  // Far from everything.
  }
  return cores;
}

void compare(const Points& before, const Points& after, const Points& cores, const M3c2Options& options) {
  const DisplacementField field = m3c2(before, after, cores, options, highwall::Run(2));
  std::size_t compared = 0;
  std::size_t without_normal = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const twin::Core t = twin::measure(before, after, PointsView(cores)[i], options);
    ASSERT_EQ(field.reason[i] != Reason::no_normal, t.has_normal) << i;
    if (!t.has_normal) {
      ++without_normal;
      EXPECT_TRUE(std::isnan(field.value_m[i]));
      continue;
    }
    if (t.flatness > 0.9) continue;  // A ball of points: any direction is as good.
    const Eigen::Vector3d normal = field.direction.row(static_cast<Eigen::Index>(i)).transpose();
    ASSERT_LT((normal - t.normal).norm(), 2.0 * kPromised_m) << i;
    if (!options.normal_radii_m.empty() && options.normals == "surface") {
      ASSERT_EQ(field.normal_radius_m[i], t.normal_radius) << i;
    }
    ASSERT_EQ(field.n_before[i], t.n1) << i;
    ASSERT_EQ(field.n_after[i], t.n2) << i;
    ASSERT_EQ(std::isnan(field.value_m[i]), std::isnan(t.distance)) << i;
    if (std::isnan(t.distance)) continue;
    ASSERT_NEAR(field.value_m[i], t.distance, kPromised_m) << i;
    if (!std::isnan(t.lod95)) {
      ASSERT_NEAR(field.lod95_m[i], t.lod95, kPromised_m) << i;
    }
    ++compared;
  }
  EXPECT_GT(compared, 350U);
  if (options.normals != "vertical") {
    EXPECT_GT(without_normal, 5U);
  }
}

class M3c2BruteForce : public testing::TestWithParam<std::uint64_t> {};

TEST_P(M3c2BruteForce, CountsAreEqualAndDistancesWithinAMicrometre) {
  const std::uint64_t seed = GetParam();
  const Points before = benches(seed, 1, 4000);
  const Points after = benches(seed, 2, 3500);
  const Points cores = cores_of(before, seed);
  M3c2Options options;
  options.min_points = 2;
  if (seed % 2 == 0) options.normal_radius_m = 0.6;
  if (seed % 3 == 0) options.cylinder_radius_m = 0.25;
  if (seed % 5 == 0) options.up = {0.3, 0.4, -0.2};
  if (seed % 5 == 1) options.up = {1.0, 0.0, 0.0};
  compare(before, after, cores, options);
}

class M3c2Modes : public testing::TestWithParam<std::string> {};

TEST_P(M3c2Modes, EqualsTheTwin) {
  const Points before = benches(11, 1, 4000);
  const Points after = benches(11, 2, 3500);
  const Points cores = cores_of(before, 11);
  M3c2Options options;
  options.half_length_m = 2.0;
  const std::string mode = GetParam();
  if (mode.find("radii") != std::string::npos) options.normal_radii_m = {0.4, 0.8, 1.6};
  if (mode.find("horizontal") != std::string::npos) options.normals = "horizontal";
  if (mode.find("vertical") != std::string::npos) options.normals = "vertical";
  if (mode.find("median") != std::string::npos) options.statistic = "median";
  if (mode.find("progressive") != std::string::npos) options.progressive = true;
  compare(before, after, cores, options);
}

INSTANTIATE_TEST_SUITE_P(Modes, M3c2Modes,
                         testing::Values("radii", "horizontal", "vertical", "median", "progressive", "radii progressive median"));

INSTANTIATE_TEST_SUITE_P(TenSeeds, M3c2BruteForce, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace highwall
