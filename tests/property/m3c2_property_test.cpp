// What must hold for M3C2 on any clouds: equality with the plain twin, symmetries, threads.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <cstring>
#include <numeric>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/compare/m3c2_kernel.hpp"
#include "core/error.hpp"
#include "datasets/random.hpp"
#include "tests/support/m3c2_twin.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

/// Heights are summed in single precision about the core point: a micrometre is what is promised.
constexpr double kPromised_m = 1e-6;

/// n points of a rough patch 4 m wide about `centre`, tilted by the seed.
Points patch(std::uint64_t seed, std::size_t n, double noise_m = 0.02, std::uint64_t noise_seed = 0) {
  const Random place(seed, 1);
  const Random noise(seed + 1000 * noise_seed, 2);
  const Random tilt(seed / 7, 3);
  Points out(static_cast<Eigen::Index>(n), 3);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = 4.0 * place.uniform(2 * i) - 2.0;
    const double y = 4.0 * place.uniform(2 * i + 1) - 2.0;
    const double z = (tilt.uniform(0) - 0.5) * 4.0 * x + (tilt.uniform(1) - 0.5) * 4.0 * y +
                     0.1 * std::sin(3.0 * x) * std::cos(2.0 * y) + noise_m * noise.normal(i);
    out.row(static_cast<Eigen::Index>(i)) << x, y, z;
  }
  return out;
}

M3c2Options options_by(std::uint64_t seed) {
  const Random random(seed, 9);
  M3c2Options o;
  o.normal_radius_m = 0.3 + 1.2 * random.uniform(0);
  o.cylinder_radius_m = 0.2 + 1.0 * random.uniform(1);
  o.half_length_m = 0.05 + 2.0 * random.uniform(2);
  o.registration_error_m = 0.01 * random.uniform(3);
  return o;
}

/// All that a field says, as bytes.
std::string bytes_of(const DisplacementField& f) {
  std::string out;
  const auto add = [&](const void* data, std::size_t size) { out.append(static_cast<const char*>(data), size); };
  for (const auto* v : {&f.value_m, &f.sigma_m, &f.lod95_m, &f.spread_before_m, &f.spread_after_m}) {
    add(v->data(), v->size() * sizeof(double));
  }
  add(f.n_before.data(), f.n_before.size() * sizeof(std::uint32_t));
  add(f.n_after.data(), f.n_after.size() * sizeof(std::uint32_t));
  add(f.reason.data(), f.reason.size());
  add(f.direction.data(), static_cast<std::size_t>(f.direction.size()) * sizeof(double));
  add(f.position_m.data(), static_cast<std::size_t>(f.position_m.size()) * sizeof(double));
  return out;
}

RC_GTEST_PROP(M3c2, EqualsThePlainTwin, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const auto n1 = *rc::gen::inRange<std::size_t>(0, 400);
  const auto n2 = *rc::gen::inRange<std::size_t>(0, 400);
  const Points before = patch(seed, n1);
  const Points after = patch(seed, n2, 0.02, 1);
  const Points cores = patch(seed, 40, 0.1, 2);
  const M3c2Options o = options_by(seed);
  const DisplacementField field = m3c2(before, after, cores, o, highwall::Run(2));
  for (std::size_t i = 0; i < field.size(); ++i) {
    const twin::Core t = twin::measure(before, after, PointsView(cores)[i], o);
    RC_ASSERT((field.reason[i] != Reason::no_normal) == t.has_normal);
    if (!t.has_normal || t.flatness > 0.9) continue;
    const Eigen::Vector3d normal = field.direction.row(static_cast<Eigen::Index>(i)).transpose();
    RC_ASSERT((normal - t.normal).norm() < 2.0 * kPromised_m);
    RC_ASSERT(field.n_before[i] == t.n1);
    RC_ASSERT(field.n_after[i] == t.n2);
    RC_ASSERT(std::isnan(field.value_m[i]) == std::isnan(t.distance));
    if (std::isnan(t.distance)) {
      const Reason wanted = t.n1 > 0 ? Reason::empty_after : t.n2 > 0 ? Reason::empty_before : Reason::empty_both;
      RC_ASSERT(field.reason[i] == wanted);
      continue;
    }
    RC_ASSERT(std::abs(field.value_m[i] - t.distance) < kPromised_m);
    RC_ASSERT(std::isnan(field.lod95_m[i]) == std::isnan(t.lod95));
    RC_ASSERT((field.reason[i] == Reason::ok) == !std::isnan(t.lod95));
    if (!std::isnan(t.lod95)) RC_ASSERT(std::abs(field.lod95_m[i] - t.lod95) < kPromised_m);
  }
}

RC_GTEST_PROP(M3c2, SameCloudTwiceIsExactlyZero, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const Points cloud = patch(seed, *rc::gen::inRange<std::size_t>(20, 400));
  const DisplacementField field = m3c2(cloud, cloud, cloud, options_by(seed), highwall::Run(2));
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.reason[i] == Reason::no_normal) continue;
    RC_ASSERT(field.value_m[i] == 0.0);
    RC_ASSERT(field.n_before[i] == field.n_after[i]);
  }
}

RC_GTEST_PROP(M3c2, AShiftAlongTheNormalsIsMeasured, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const double shift = *rc::gen::inRange(-200, 201) / 1000.0;
  const Points before = patch(seed, 300);
  const Eigen::Vector3d direction = Eigen::Vector3d(0.3, -0.2, 1.0).normalized();
  const Points after = before.rowwise() + (shift * direction).transpose();
  const Points normals = direction.transpose().replicate(before.rows(), 1);
  M3c2Options o = options_by(seed);
  o.half_length_m = 20.0;  // Nothing leaves the cylinder through its ends.
  const DisplacementField field = m3c2_along(before, after, before, normals, o, highwall::Run(2));
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.n_before[i] != field.n_after[i]) continue;  // A point on the mantle, moved by rounding.
    RC_ASSERT(std::abs(field.value_m[i] - shift) < kPromised_m);
  }
  RC_ASSERT(std::count_if(field.value_m.begin(), field.value_m.end(),
                          [&](double v) { return std::abs(v - shift) < kPromised_m; }) >= 298);
}

RC_GTEST_PROP(M3c2, RotatingAndMovingEverythingChangesNothing, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const Random random(seed, 4);
  const Eigen::Isometry3d motion =
      Eigen::Translation3d(300.0 * random.normal(0), 300.0 * random.normal(1), 50.0 * random.normal(2)) *
      Eigen::AngleAxisd(6.0 * random.uniform(9),
                        Eigen::Vector3d(random.normal(3), random.normal(4), random.normal(5)).normalized());
  const auto moved = [&](const Points& p) {
    return Points((p * motion.linear().transpose()).rowwise() + motion.translation().transpose());
  };
  const Points before = patch(seed, 300);
  const Points after = patch(seed, 300, 0.02, 1);
  const Points cores = patch(seed, 30, 0.02, 2);
  M3c2Options o = options_by(seed);
  const DisplacementField here = m3c2(before, after, cores, o, highwall::Run(2));
  const Eigen::Vector3d up = motion.linear() * Eigen::Vector3d(0, 0, 1);
  o.up = {up.x(), up.y(), up.z()};
  const DisplacementField there = m3c2(moved(before), moved(after), moved(cores), o, highwall::Run(2));
  for (std::size_t i = 0; i < here.size(); ++i) {
    const twin::Core t = twin::measure(before, after, PointsView(cores)[i], options_by(seed));
    if (t.flatness > 0.9 || std::abs(t.normal.z()) < 1e-6) continue;
    RC_ASSERT(here.n_before[i] == there.n_before[i]);
    RC_ASSERT(here.n_after[i] == there.n_after[i]);
    if (!std::isnan(here.value_m[i])) RC_ASSERT(std::abs(here.value_m[i] - there.value_m[i]) < kPromised_m);
  }
}

RC_GTEST_PROP(M3c2, TheOrderOfThePointsDoesNotMatter, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const Points before = patch(seed, 300);
  const Points after = patch(seed, 250, 0.02, 1);
  const Points cores = patch(seed, 30, 0.02, 2);
  const auto shuffled = [&](const Points& p) {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(p.rows()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    const Random random(seed, 5);
    std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
      return random.uniform(static_cast<std::uint64_t>(a)) < random.uniform(static_cast<std::uint64_t>(b));
    });
    Points out(p.rows(), 3);
    for (std::size_t i = 0; i < order.size(); ++i) out.row(static_cast<Eigen::Index>(i)) = p.row(order[i]);
    return out;
  };
  const M3c2Options o = options_by(seed);
  const DisplacementField a = m3c2(before, after, cores, o, highwall::Run(2));
  const DisplacementField b = m3c2(shuffled(before), shuffled(after), cores, o, highwall::Run(2));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const twin::Core t = twin::measure(before, after, PointsView(cores)[i], o);
    if (t.flatness > 0.9) continue;
    RC_ASSERT(a.n_before[i] == b.n_before[i]);
    RC_ASSERT(a.n_after[i] == b.n_after[i]);
    RC_ASSERT(a.reason[i] == b.reason[i]);
    if (!std::isnan(a.value_m[i])) RC_ASSERT(std::abs(a.value_m[i] - b.value_m[i]) < kPromised_m);
  }
}

RC_GTEST_PROP(M3c2, MoreNoiseMeansALargerLimit, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const double more = *rc::gen::inRange(11, 50) / 10.0;
  const Random place(seed, 1);
  const Random noise(seed, 2);
  const auto plane = [&](double noise_m) {
    Points p(200, 3);
    for (Eigen::Index i = 0; i < 200; ++i) {
      const auto k = static_cast<std::uint64_t>(i);
      p.row(i) << place.uniform(2 * k), place.uniform(2 * k + 1), noise_m * noise.normal(k);
    }
    return p;
  };
  const Points core = Points::Constant(1, 3, 0.5).cwiseProduct((Points(1, 3) << 1, 1, 0).finished());
  const Points up = (Points(1, 3) << 0, 0, 1).finished();
  const DisplacementField quiet = m3c2_along(plane(0.01), plane(0.01), core, up, M3c2Options{}, highwall::Run(1));
  const DisplacementField loud = m3c2_along(plane(0.01 * more), plane(0.01 * more), core, up, M3c2Options{}, highwall::Run(1));
  RC_ASSERT(quiet.n_before[0] > 1);
  RC_ASSERT(std::abs(loud.lod95_m[0] / quiet.lod95_m[0] - more) < 1e-5);
}

RC_GTEST_PROP(M3c2, SwappingTheEpochsTurnsTheSign, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const Points before = patch(seed, 300);
  const Points after = patch(seed, 250, 0.02, 1);
  const Points cores = patch(seed, 30, 0.02, 2);
  const Points normals = Eigen::RowVector3d(0.1, 0.2, 1.0).replicate(cores.rows(), 1);
  const M3c2Options o = options_by(seed);
  const DisplacementField a = m3c2_along(before, after, cores, normals, o, highwall::Run(2));
  const DisplacementField b = m3c2_along(after, before, cores, normals, o, highwall::Run(2));
  for (std::size_t i = 0; i < a.size(); ++i) {
    RC_ASSERT(a.n_before[i] == b.n_after[i]);
    if (!std::isnan(a.value_m[i])) RC_ASSERT(a.value_m[i] == -b.value_m[i]);
  }
}

RC_GTEST_PROP(M3c2, APointFarOffChangesNothing, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const double far = *rc::gen::element(1e4, 1e6, 7.4e6, 1e12, 1e100);
  const Points before = patch(seed, 300);
  const Points after = patch(seed, 300, 0.02, 1);
  const auto with_stray = [&](const Points& p) {
    Points out(p.rows() + 3, 3);
    out << p, -far, -far, 0.0, 0.0, far, 0.0, far, 0.0, 0.0;
    return out;
  };
  const M3c2Options o = options_by(seed);
  const DisplacementField a = m3c2(before, after, before, o, highwall::Run(2));
  const DisplacementField b = m3c2(with_stray(before), with_stray(after), before, o, highwall::Run(2));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const twin::Core t = twin::measure(before, after, PointsView(before)[i], o);
    if (t.flatness > 0.9) continue;
    RC_ASSERT(a.n_before[i] == b.n_before[i]);
    RC_ASSERT(a.n_after[i] == b.n_after[i]);
    if (!std::isnan(a.value_m[i])) RC_ASSERT(std::abs(a.value_m[i] - b.value_m[i]) < kPromised_m);
  }
}

TEST(M3c2, SameBitsOnAnyNumberOfThreads) {
  RoughSlope slope;
  slope.side_m = 20.0;
  const Points before = slope.scan(1);
  const Points after = slope.scan(2);
  const std::string one = bytes_of(m3c2(before, after, before, M3c2Options{}, highwall::Run(1)));
  for (const int threads : {1, 2, 3, 7, 2}) {
    const std::string other = bytes_of(m3c2(before, after, before, M3c2Options{}, highwall::Run(threads)));
    ASSERT_EQ(one.size(), other.size());
    EXPECT_EQ(0, std::memcmp(one.data(), other.data(), one.size())) << threads << " threads";
  }
}

TEST(M3c2, AFewStrayPointsDoNotMakeALargeCloudSlow) {
  // Invalid returns at (0, 0, 0) far from the cloud: were the columns stretched over all of it, every core
  // point would look at every point. Bounded by work, not by the clock: the runs that are visited.
  RoughSlope slope;
  slope.side_m = 40.0;
  Points cloud = slope.scan(1);
  cloud.rowwise() += Eigen::RowVector3d(5e5, 7e6, 0.0);
  Points strays(cloud.rows() + 400, 3);
  strays << cloud, Points::Zero(400, 3);
  const CellIndex index(strays, 0.5, 3.0, highwall::Run(1));
  const auto visited_at = [&](double x, double y, double z) {
    std::size_t visited = 0;
    const Eigen::Vector3d place(x, y, z);
    index.near_segment(place, place, 1.0, [&](const Eigen::Vector3d&) { ++visited; });
    return visited;
  };
  const std::size_t inside = visited_at(5e5 + 20.0, 7e6 + 20.0, 20.0);
  EXPECT_GT(inside, 60U);
  EXPECT_LT(inside, 400U);
  EXPECT_GE(visited_at(0.0, 0.0, 0.0), 400U);
  EXPECT_TRUE(index.holds({5e5 + 20.0, 7e6 + 20.0, 20.0}));
  EXPECT_FALSE(index.holds({0.0, 0.0, 0.0}));
  EXPECT_EQ(index.size(), static_cast<std::size_t>(strays.rows()));
}

TEST(M3c2, SameBitsWithEveryInstructionSet) {
  RoughSlope slope;
  slope.side_m = 20.0;
  const Points before = slope.scan(1);
  const Points after = slope.scan(2);
  M3c2Options options;
  options.half_length_m = 2.0;
  const std::string best = bytes_of(m3c2(before, after, before, options, highwall::Run(2)));
  ASSERT_GE(m3c2_kernels().size(), 2U) << "nothing to compare with on this machine";
  for (const M3c2Kernel& kernel : m3c2_kernels()) {
    ASSERT_TRUE(use_m3c2_kernel(kernel.name));
    EXPECT_EQ(m3c2_kernel().name, kernel.name);
    const std::string other = bytes_of(m3c2(before, after, before, options, highwall::Run(2)));
    EXPECT_TRUE(best == other) << kernel.name;
  }
  EXPECT_FALSE(use_m3c2_kernel("abacus"));
  use_m3c2_kernel("");
}

}  // namespace
}  // namespace highwall
