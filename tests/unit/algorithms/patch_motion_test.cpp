#include "algorithms/compare/patch_motion.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/radar/patch_line_of_sight.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// Normal noise by index, without a state (Box and Muller on a Weyl sequence is good enough for a test).
double noise(std::uint64_t k) {
  const auto mix = [](std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  };
  const auto uniform = [&](std::uint64_t i) {
    return (static_cast<double>(mix(i * 0x9e3779b97f4a7c15ULL + 77) >> 11U) + 0.5) * 0x1.0p-53;
  };
  return std::sqrt(-2.0 * std::log(uniform(2 * k))) * std::cos(2.0 * kPi * uniform(2 * k + 1));
}

Polygon square(double side) {
  Polygon p;
  p.rings.push_back({{0.0, 0.0}, {side, 0.0}, {side, side}, {0.0, side}});
  return p;
}

/// A bench of 20 m by 20 m (or more) that looks east: faces of 70 degrees and berms in turn, moved rigidly.
DisplacementField bench(const Eigen::Vector3d& motion, double sigma_m, std::uint64_t seed, bool with_berm = true,
                        std::size_t a_side = 10) {
  const std::size_t n = a_side * a_side;
  DisplacementField f = DisplacementField::of_size(n, Reason::ok);
  f.to = Instant{} + days(1);
  const double a = 70.0 * kPi / 180.0;
  const Eigen::Vector3d face(std::sin(a), 0.0, std::cos(a));
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    f.position_m.row(row) << 1.0 + 2.0 * static_cast<double>(i % a_side), 1.0 + 2.0 * static_cast<double>(i / a_side), 0.0;
    const Eigen::Vector3d normal = with_berm && i % 2 == 0 ? Eigen::Vector3d::UnitZ() : face;
    f.direction.row(row) = normal.transpose();
    f.value_m[i] = normal.dot(motion) + sigma_m * noise(seed * 1000 + i);
    f.sigma_m[i] = sigma_m;
  }
  return f;
}

Patch only(const DisplacementField& f, const PatchOptions& options = {}, double registration_m = 0.0) {
  const auto patches = patch_motion({f}, Instant{}, {registration_m}, square(options.size_m), options, highwall::Run(1));
  EXPECT_EQ(patches.size(), 1U);
  return patches.empty() ? Patch{} : patches[0];
}

TEST(PatchMotion, FaceAndBermTogetherGiveTheVector) {
  const Eigen::Vector3d truth(0.08, 0.0, -0.05);  // Out of the wall and down: face grows, berm sinks.
  const Patch patch = only(bench(truth, 0.005, 1));
  EXPECT_EQ(patch.area_m2, 400.0);
  ASSERT_EQ(patch.series.size(), 2U);
  EXPECT_EQ(patch.series.value(0, 0), 0.0);
  // Along the wall nothing is seen: that is no component, not a zero.
  ASSERT_EQ(patch.series.components, (std::vector<std::string>{"across_wall", "up"}));
  EXPECT_TRUE(patch.directions.col(0).isApprox(Eigen::Vector3d::UnitX(), 1e-9));
  EXPECT_NEAR(patch.series.value(1, 0), truth.x(), 3.0 * patch.series.sigma(1, 0));
  EXPECT_NEAR(patch.series.value(1, 1), truth.z(), 3.0 * patch.series.sigma(1, 1));
  EXPECT_LT(patch.series.sigma(1, 1), 0.01);
}

TEST(PatchMotion, AThirdOfThePatchThatFellOffDoesNotCount) {
  const Eigen::Vector3d truth(0.02, 0.0, -0.02);
  DisplacementField f = bench(truth, 0.003, 2);
  for (std::size_t i = 0; i < 33; ++i) f.value_m[3 * i] = -1.5;
  const Patch patch = only(f);
  EXPECT_NEAR(patch.series.value(1, 0), 0.02, 0.006);
  EXPECT_NEAR(patch.series.value(1, 1), -0.02, 0.006);
}

TEST(PatchMotion, FacesAloneAreMeasuredAlongTheirNormal) {
  const Eigen::Vector3d truth(0.08, 0.0, -0.05);
  const Patch patch = only(bench(truth, 0.002, 3, false));
  const double a = 70.0 * kPi / 180.0;
  const double along = truth.dot(Eigen::Vector3d(std::sin(a), 0.0, std::cos(a)));
  ASSERT_EQ(patch.series.components, std::vector<std::string>{"along_normal"});
  EXPECT_NEAR(patch.directions(0, 0), std::sin(a), 1e-9);
  EXPECT_NEAR(patch.series.value(1, 0), along, 0.003);
}

TEST(PatchMotion, TheIntervalCoversTheTruthWhenPlacesShareTheirNoise) {
  // Nine places share what they are off, as M3C2 cylinders of overlapping points do.
  const Eigen::Vector3d truth(0.03, 0.0, -0.03);
  constexpr std::uint64_t kTimes = 400;
  PatchOptions wide;
  wide.size_m = 40.0;
  int covered = 0;
  for (std::uint64_t k = 0; k < kTimes; ++k) {
    DisplacementField f = bench(truth, 0.0, k, true, 20);
    for (std::size_t i = 0; i < f.size(); ++i) {
      const std::size_t group = 2 * (i / 18) + i % 2;  // Nine faces, or nine berms, side by side.
      f.value_m[i] += 0.005 * noise(5'000'000 + 1000 * k + group);
    }
    const Patch patch = only(f, wide);
    covered += std::abs(patch.series.value(1, 1) - truth.z()) <= 1.96 * patch.series.sigma(1, 1) ? 1 : 0;
  }
  EXPECT_GE(covered, static_cast<int>(0.91 * kTimes));
  EXPECT_LE(covered, static_cast<int>(0.99 * kTimes));
}

TEST(PatchMotion, RegistrationJoinsSigmaAndOptionsAreObeyed) {
  const DisplacementField f = bench({0.0, 0.0, 0.0}, 0.001, 4);
  EXPECT_NEAR(only(f, {}, 0.1).series.sigma(1, 0), 0.1, 0.001);
  PatchOptions small;
  small.size_m = 10.0;
  EXPECT_EQ(patch_motion({f}, Instant{}, {0.0}, square(20.0), small, highwall::Run(1)).size(), 4U);
  PatchOptions many;
  many.fewest_cores = 101;
  EXPECT_TRUE(patch_motion({f}, Instant{}, {0.0}, square(20.0), many, highwall::Run(1)).empty());
  EXPECT_THROW(patch_motion({f}, Instant{}, {}, square(20.0), {}, highwall::Run(1)), Error);
}

TEST(PatchMotion, APatchThatWasNeverMeasuredIsLeftOut) {
  DisplacementField f = bench({0.0, 0.0, 0.0}, 0.001, 5);
  f.reason.assign(f.size(), Reason::empty_after);
  EXPECT_TRUE(patch_motion({f}, Instant{}, {0.0}, square(20.0), {}, highwall::Run(1)).empty());
}

TEST(PatchMotion, GoingOnFromKeptSeriesIsTheSameAsStartingAnew) {
  std::vector<DisplacementField> fields;
  for (std::uint64_t e = 0; e < 4; ++e) {
    fields.push_back(bench({0.01 * static_cast<double>(e), 0.0, 0.0}, 0.002, 10 + e));
    fields.back().to = Instant{} + days(static_cast<int>(e) + 1);
  }
  const highwall::Run run(1);
  const auto begin = [&] { return PatchMotion(fields[0], Instant{}, 0.001, square(20.0), {}); };
  PatchMotion whole = begin();
  for (const DisplacementField& f : fields) whole.add(f, 0.001, run);
  std::vector<TimeSeries> kept;
  for (const Patch& p : whole.patches()) kept.push_back(p.series);
  for (std::size_t known = 1; known <= fields.size(); ++known) {  // The rest of what is kept must not count.
    PatchMotion later = begin();
    ASSERT_TRUE(later.resume(kept, known));
    for (std::size_t e = known; e < fields.size(); ++e) later.add(fields[e], 0.001, run);
    EXPECT_EQ(later.patches()[0].series.value_m, kept[0].value_m);
    EXPECT_EQ(later.patches()[0].series.sigma_m, kept[0].sigma_m);
    EXPECT_EQ(later.patches()[0].series.time, kept[0].time);
  }
  PatchMotion other = begin();
  EXPECT_FALSE(other.resume({}, 1));
  EXPECT_FALSE(other.resume(kept, 5)) << "more epochs than are kept";
  kept[0].components = {"along_normal"};
  EXPECT_FALSE(other.resume(kept, 1));
  EXPECT_EQ(other.patches()[0].series.size(), 1U);
  EXPECT_THROW(other.add(bench({0.0, 0.0, 0.0}, 0.001, 1, true, 12), 0.0, run), Error);
}

TEST(PatchLineOfSight, MeansOfTheSeenCellsAndNoValueBelowHalf) {
  GridGeometry g;
  g.rows = 2;
  g.cols = 2;
  g.affine = {0.0, 10.0, 0.0, 20.0, 0.0, -10.0};
  Stack stack(g, {Instant{}, Instant{} + hours(1), Instant{} + hours(2)});
  const double values[3][4] = {{0, 0, 0, 0}, {1, 2, kNaN, 3}, {kNaN, kNaN, kNaN, 9}};
  for (std::size_t e = 0; e < 3; ++e) std::copy(values[e], values[e] + 4, stack.at(e).begin());
  const auto patches = patch_line_of_sight(stack, square(20.0), {}, highwall::Run(1));
  ASSERT_EQ(patches.size(), 1U);
  EXPECT_EQ(patches[0].area_m2, 400.0);
  EXPECT_EQ(patches[0].series.value(1), 2.0);
  EXPECT_TRUE(std::isnan(patches[0].series.value(2)));
}

TEST(PatchLineOfSight, CellsInShadowAreNoLossOfSignal) {
  GridGeometry g;
  g.rows = 2;
  g.cols = 4;
  g.affine = {0.0, 5.0, 0.0, 20.0, 0.0, -10.0};
  Stack stack(g, {Instant{}, Instant{} + hours(1), Instant{} + hours(2)});
  for (std::size_t e = 0; e < 3; ++e) std::fill(stack.at(e).begin(), stack.at(e).end(), kNaN);
  for (std::size_t e = 0; e < 2; ++e) {
    for (const std::size_t i : {0U, 5U, 6U}) stack.at(e)[i] = 0.25;
  }
  stack.at(2)[6] = 0.25;  // One of three is less than half.
  const auto patches = patch_line_of_sight(stack, square(20.0), {}, highwall::Run(1));
  ASSERT_EQ(patches.size(), 1U);
  EXPECT_EQ(patches[0].area_m2, 150.0);
  EXPECT_EQ(patches[0].series.value(0), 0.25);
  EXPECT_EQ(patches[0].series.value(1), 0.25);
  EXPECT_TRUE(std::isnan(patches[0].series.value(2)));
}

}  // namespace
}  // namespace highwall
