// Volumes and classes against the truth of simulated scenes.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <iostream>
#include <map>
#include <numbers>

#include "algorithms/compare/calibrated.hpp"
#include "algorithms/surface/change_class.hpp"
#include "algorithms/surface/raster.hpp"
#include "algorithms/surface/volumes.hpp"
#include "datasets/changed_pit.hpp"
#include "datasets/random.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

const highwall::Run kRun(2);

/// One rough slope scanned twice, a paraboloid of rock gone in between, registered with a known uncertainty.
struct Pair {
  double truth_m3;
  VolumeTable table;
};

Pair simulate_pair(std::uint64_t trial, double steepness, double depth_m, double shift_m) {
  RoughSlope slope;
  slope.spacing_m = 0.25;
  slope.steepness = steepness;
  const Random random(trial, 99);
  const double radius = 3.0 + 3.0 * random.uniform(1);
  const Eigen::Vector2d middle(12.0 + 16.0 * random.uniform(2), 12.0 + 16.0 * random.uniform(3));
  const double depth = depth_m * (0.5 + random.uniform(4));
  const Eigen::Vector3d shift = shift_m * Eigen::Vector3d(random.normal(5), random.normal(6), random.normal(7));
  const Points before = slope.scan(2 * trial);
  const Points after = slope.scan(2 * trial + 1, [&](const Eigen::Vector3d& p) {
    const double u = (p.head<2>() - middle).squaredNorm() / (radius * radius);
    return Eigen::Vector3d(p + shift - Eigen::Vector3d(0.0, 0.0, depth * std::max(0.0, 1.0 - u)));
  });
  Registration r;
  r.covariance.topLeftCorner<3, 3>() = shift_m * shift_m * Eigen::Matrix3d::Identity();
  const std::array<PointsView, 2> both{before, after};
  const GridGeometry g = raster_over(both, 1.0);
  const Registration* given = shift_m > 0.0 ? &r : nullptr;
  const DemDifference d = dem_of_difference(dem(before, g, {}, kRun), dem(after, g, {}, kRun), {}, given, {}, kRun);
  Polygon zone{"around",
               {{{middle.x() - 8, middle.y() - 8},
                 {middle.x() + 8, middle.y() - 8},
                 {middle.x() + 8, middle.y() + 8},
                 {middle.x() - 8, middle.y() + 8}}},
               {}};
  return {-0.5 * depth * std::numbers::pi * radius * radius, volumes(d, {zone}, given, {}, kRun)};
}

TEST(VolumeErrors, NinetyFivePercentIntervalsCoverNinetyFivePercent) {
  constexpr std::uint64_t kTrials = 30;
  double clusters = 0.0, zones = 0.0, n = 0.0, bias = 0.0;
  for (const double depth : {0.15, 1.0}) {
    for (const double shift : {0.0, 0.004}) {
      double here = 0.0;
      for (std::uint64_t trial = 1; trial <= kTrials; ++trial) {
        const Pair p = simulate_pair(trial + (shift > 0.0 ? 1000 : 0), trial % 2 == 0 ? 0.3 : 1.0, depth, shift);
        ASSERT_FALSE(p.table.clusters.empty());
        const Sum& v = p.table.clusters[0].volume;
        here += std::abs(v.value_m3 - p.truth_m3) <= v.half95_m3 ? 1.0 : 0.0;
        const Sum& net = p.table.zones[0].net;
        zones += std::abs(net.value_m3 - p.truth_m3) <= net.half95_m3 ? 1.0 : 0.0;
        bias += (v.value_m3 / p.truth_m3 - 1.0);
        n += 1.0;
      }
      clusters += here;
      std::cout << "depth " << depth << " m, registration " << 1000.0 * shift << " mm: clusters covered " << here << " of "
                << kTrials << "\n";
    }
  }
  std::cout << "covered: clusters " << clusters << ", zones " << zones << " of " << n << "; mean bias " << 100.0 * bias / n
            << " %\n";
  // Two-sided binomial bounds of 95 % at 120 pairs, one in a thousand.
  EXPECT_GE(clusters / n, 0.88);
  EXPECT_GE(zones / n, 0.88);
  EXPECT_LT(std::abs(bias / n), 0.02);
}

/// What a place should be called: nothing where places beside it are something else.
std::string truth_of(const ChangedPit& pit, const DisplacementField& f, std::size_t i) {
  static const char* const kWords[] = {"none",  "deformation",   "rockfall_source", "deposit",
                                       "mined", "moving_object", "moving_object"};
  const auto row = static_cast<Eigen::Index>(i);
  const Eigen::Vector3d p = f.position_m.row(row).transpose();
  const TrueChange kind = pit.change_at(p.x(), p.y());
  int hidden = 0;
  for (const double dx : {-0.3, 0.0, 0.3}) {
    for (const double dy : {-0.8, 0.0, 0.8}) {
      if (pit.change_at(p.x() + dx, p.y() + dy) != kind) return {};
      hidden += pit.hidden(p + Eigen::Vector3d(dx, dy, 0.0)) ? 1 : 0;
    }
  }
  if (kind == TrueChange::none && hidden > 0) return hidden == 9 ? "occluded" : "";
  if (hidden > 0) return {};
  const double moved = std::abs(pit.motion_at(p.x(), p.y()).dot(f.direction.row(row).transpose()));
  if (kind == TrueChange::deformation && moved < 0.04) return {};
  const bool thin = kind == TrueChange::rockfall_source || kind == TrueChange::deposit;
  if (thin && std::abs(pit.height(p.x(), p.y(), true, false) - pit.height(p.x(), p.y(), false, false)) < 0.3) return {};
  return kWords[static_cast<std::size_t>(kind)];
}

struct Scene {
  Points before, after;
  DisplacementField field;
  ChangeClasses classes;
  DemDifference difference;
};

Scene scene_of(const ChangedPit& pit, bool with_scanner, const std::vector<Polygon>& events = {}) {
  Scene s;
  s.before = pit.scan(false, kRun);
  s.after = pit.scan(true, kRun);
  M3c2Options compare;
  const Eigen::Vector3d scanner = ChangedPit::scanner();
  compare.scanner_m = {scanner.x(), scanner.y(), scanner.z()};
  compare.lod = Lod::welch;
  compare.min_points = 4;
  const Points cores = thin_in_space(s.before, 0.8);
  s.field = m3c2(s.before, s.after, cores, compare, kRun);
  s.classes = classify_change(s.field, s.before, s.after, with_scanner ? &scanner : nullptr, events, {}, kRun);
  const std::array<PointsView, 2> both{s.before, s.after};
  const GridGeometry g = raster_over(both, 0.5);
  s.difference = dem_of_difference(dem(s.before, g, {}, kRun), dem(s.after, g, {}, kRun), {}, nullptr, {}, kRun);
  return s;
}

/// Scans take seconds: the scenes that several tests look at are made once.
const Scene& scene_of_seed(std::uint64_t seed) {
  static std::map<std::uint64_t, Scene> made;
  const auto found = made.find(seed);
  return found != made.end() ? found->second : made.emplace(seed, scene_of(ChangedPit(seed), true)).first->second;
}

TEST(ChangeClass, ClassesOfASimulatedPitAgreeWithItsTruth) {
  std::map<std::string, std::map<std::string, double>> table;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const ChangedPit pit(seed);
    const Scene& s = scene_of_seed(seed);
    for (std::size_t i = 0; i < s.field.size(); ++i) {
      const std::string truth = truth_of(pit, s.field, i);
      if (!truth.empty()) table[truth][std::string(name_of(s.classes.value[i]))] += 1.0;
    }
  }
  for (const auto& [truth, found] : table) {
    std::cout << truth << ":";
    for (const auto& [word, n] : found) std::cout << "  " << word << " " << n;
    std::cout << "\n";
  }
  const auto share = [&](const std::string& truth, const std::string& word) {
    double all = 0.0;
    for (const auto& [found, n] : table[truth]) all += found == "unknown" ? 0.0 : n;
    return all > 0.0 ? table[truth][word] / all : 0.0;
  };
  EXPECT_GT(share("none", "none"), 0.95);
  EXPECT_LT(share("none", "deformation"), 0.03);
  EXPECT_GT(share("deformation", "deformation"), 0.93);
  EXPECT_GT(share("rockfall_source", "rockfall_source"), 0.95);
  EXPECT_GT(share("mined", "mined"), 0.95);
  EXPECT_GT(share("moving_object", "moving_object"), 0.85);
  EXPECT_GT(share("occluded", "occluded"), 0.95);
  EXPECT_GT(share("deposit", "deposit"), 0.5);
  // What moves is never called by a harmless name.
  for (const char* harmless : {"mined", "moving_object", "rockfall_source", "deposit"})
    EXPECT_EQ(table["deformation"][harmless], 0.0) << harmless;
}

TEST(ChangeClass, VolumesOfASimulatedPitAgreeWithItsTruth) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const ChangedPit pit(seed);
    const Scene& s = scene_of_seed(seed);
    VolumeOptions options;
    options.spacing_m = 0.8;
    const VolumeTable plan = volumes(s.difference, {}, nullptr, options, kRun);
    const VolumeTable faces = face_volumes(s.field, {}, {}, nullptr, options, kRun);
    std::map<TrueChange, double> truth;
    for (const TrueVolume& v : pit.volumes()) truth[v.kind] = v.volume_m3;
    const auto largest = [&](const VolumeTable& t, TrueChange kind) {
      for (const ChangeCluster& c : t.clusters) {
        if (pit.change_at(c.place_m.x(), c.place_m.y()) == kind) return c;
      }
      return ChangeCluster{};
    };
    const ChangeCluster fall = largest(faces, TrueChange::rockfall_source);
    const ChangeCluster cut = largest(plan, TrueChange::mined);
    std::cout << "seed " << seed << ": rockfall " << truth[TrueChange::rockfall_source] << " m3, along normals "
              << fall.volume.value_m3 << " +- " << fall.volume.half95_m3 << " (gaps " << fall.gap_m3 << "); cut "
              << truth[TrueChange::mined] << " m3, in plan " << cut.volume.value_m3 << " +- " << cut.volume.half95_m3 << " (gaps "
              << cut.gap_m3 << ")\n";
    EXPECT_NEAR(fall.volume.value_m3, truth[TrueChange::rockfall_source], 0.08 * std::abs(truth[TrueChange::rockfall_source]));
    EXPECT_NEAR(cut.volume.value_m3 + cut.gap_m3, truth[TrueChange::mined], 0.05 * std::abs(truth[TrueChange::mined]));
    // The interval of all that was cut holds the truth, and is no wider than twice what is known to be missing.
    for (const auto& [cluster, true_m3] : {std::pair{cut, truth[TrueChange::mined]}}) {
      EXPECT_LE(cluster.volume.low_m3(), true_m3);
      EXPECT_GE(cluster.volume.high_m3(), true_m3);
      EXPECT_GT(cluster.volume.low_m3(), 1.3 * true_m3);
    }
  }
}

TEST(ChangeClass, TheCalibratedLimitSeesMoreAndHidesNoneOfIt) {
  ChangedPit::Settings settings;
  settings.motion_m = 0.02;
  const ChangedPit pit(8, settings);
  Scene s = scene_of(pit, true);
  M3c2Options compare;
  const Eigen::Vector3d scanner = ChangedPit::scanner();
  const LimitCalibration limits = measure_calibrated(s.before, s.after, s.field, {}, compare, {}, kRun);
  ASSERT_TRUE(limits.done) << limits.sentence;
  const ChangeClasses sharp = classify_change(s.field, s.before, s.after, &scanner, {}, {}, kRun);
  double moving = 0.0, seen = 0.0, seen_sharp = 0.0, quiet = 0.0, wrong = 0.0;
  for (std::size_t i = 0; i < s.field.size(); ++i) {
    const Eigen::Vector3d p = s.field.position_m.row(static_cast<Eigen::Index>(i)).transpose();
    const TrueChange kind = pit.change_at(p.x(), p.y());
    if (kind == TrueChange::deformation) {
      for (const ChangeClass harmless :
           {ChangeClass::mined, ChangeClass::moving_object, ChangeClass::rockfall_source, ChangeClass::deposit}) {
        EXPECT_NE(sharp.value[i], harmless) << "at " << p.transpose();
      }
      if (std::abs(pit.motion_at(p.x(), p.y()).dot(s.field.direction.row(static_cast<Eigen::Index>(i)).transpose())) < 0.01)
        continue;
      moving += 1.0;
      seen += s.classes.value[i] == ChangeClass::deformation ? 1.0 : 0.0;
      seen_sharp += sharp.value[i] == ChangeClass::deformation ? 1.0 : 0.0;
    } else if (truth_of(pit, s.field, i) == "none") {
      quiet += 1.0;
      wrong += sharp.value[i] == ChangeClass::deformation ? 1.0 : 0.0;
    }
  }
  std::cout << "of " << moving << " places moving 10 mm and more: classic limit " << seen << ", calibrated " << seen_sharp
            << "; of " << quiet << " at rest wrongly " << wrong << "\n";
  EXPECT_GT(moving, 200.0);
  EXPECT_GT(seen_sharp, 1.5 * seen);
  EXPECT_LT(wrong / quiet, 0.08);
}

/// A truck's side on a berm, seen from below so that the berm itself is hidden and its rim alone lies beside the truck; 19 m
/// behind it a wall. In the second scan the truck is gone. With `ridge_m` rock stands on both sides of it, as high as it: then it
/// was a part of the ridge.
struct Berm {
  static constexpr double kHalf_m = 4.5;  ///< Of the truck's length.
  static Eigen::Vector3d scanner() { return {120.0, 0.0, -40.0}; }

  static bool is_truck(const Eigen::Vector3d& p) { return std::abs(p.x() + 1.0) < 0.5 && std::abs(p.y()) <= kHalf_m; }

  static Points scan(bool truck, double ridge_m, std::uint64_t number) {
    const Random random(number, 71);
    std::vector<Eigen::Vector3d> seen;
    std::uint64_t index = 0;
    const auto stands = [&](double y) {
      return (truck && std::abs(y) <= kHalf_m) || (std::abs(y) > kHalf_m && std::abs(y) <= kHalf_m + ridge_m);
    };
    const auto face = [&](double x, double low, double high, auto&& visible) {
      for (double y = -24.0; y < 24.0; y += 0.25) {
        for (double z = low; z < high; z += 0.25) {
          const double noise = 0.005 * random.normal(index);
          const Eigen::Vector3d p(x + noise, y + 0.25 * random.uniform(index + (1ULL << 40U)),
                                  z + 0.25 * random.uniform(index + (1ULL << 41U)));
          ++index;
          if (visible(p)) seen.push_back(p);
        }
      }
    };
    face(0.0, -10.0, 0.0, [](const Eigen::Vector3d&) { return true; });
    face(-1.0, 0.6, 5.5, [&](const Eigen::Vector3d& p) { return stands(p.y()); });
    face(-20.0, 0.0, 18.0, [&](const Eigen::Vector3d& p) {
      const double way = (120.0 + 1.0) / (120.0 + 20.0);
      const Eigen::Vector3d there = scanner() + way * (p - scanner());
      return !(stands(there.y()) && there.z() < 5.5);
    });
    Points out(static_cast<Eigen::Index>(seen.size()), 3);
    for (std::size_t i = 0; i < seen.size(); ++i) out.row(static_cast<Eigen::Index>(i)) = seen[i].transpose();
    return out;
  }

  /// Classes of the truck's places, or of what stands there as a part of a ridge.
  static std::map<ChangeClass, std::size_t> classes(double ridge_m) {
    const Points before = scan(true, ridge_m, 1);
    const Points after = scan(false, ridge_m, 2);
    M3c2Options compare;
    const Eigen::Vector3d from = scanner();
    compare.scanner_m = {from.x(), from.y(), from.z()};
    const Points cores = thin_in_space(before, 1.0);
    const DisplacementField f = m3c2(before, after, cores, compare, kRun);
    const ChangeClasses c = classify_change(f, before, after, &from, {}, {}, kRun);
    std::map<ChangeClass, std::size_t> out;
    for (std::size_t i = 0; i < f.size(); ++i) {
      if (is_truck(f.position_m.row(static_cast<Eigen::Index>(i)).transpose())) ++out[c.value[i]];
    }
    return out;
  }
};

TEST(ChangeClass, WhatTouchesGroundAtItsFootAloneStoodFree) {
  std::map<ChangeClass, std::size_t> found = Berm::classes(0.0);
  EXPECT_GT(found[ChangeClass::moving_object], 20U);
  EXPECT_EQ(found[ChangeClass::deformation] + found[ChangeClass::rockfall_source] + found[ChangeClass::none], 0U);
  // Rock beside it, as high as it: a part of the wall is gone, and no depth behind it makes it an object.
  for (const double ridge : {3.0, 15.0}) {
    found = Berm::classes(ridge);
    EXPECT_EQ(found[ChangeClass::moving_object], 0U) << ridge;
    EXPECT_EQ(found[ChangeClass::mined], 0U) << ridge;
    EXPECT_GT(found[ChangeClass::deformation] + found[ChangeClass::rockfall_source], 20U) << ridge;
  }
}

TEST(ChangeClass, DeformationStaysDeformationWhereNothingIsKnownOfTheScanner) {
  const ChangedPit pit(4);
  const Scene s = scene_of(pit, false);
  for (std::size_t i = 0; i < s.field.size(); ++i) {
    if (truth_of(pit, s.field, i) != "deformation") continue;
    const ChangeClass c = s.classes.value[i];
    EXPECT_TRUE(c == ChangeClass::deformation || c == ChangeClass::none || c == ChangeClass::unknown ||
                c == ChangeClass::occluded)
        << name_of(c);
  }
}

TEST(ChangeClass, WithinADeclaredEventSmallMotionIsStillDeformation) {
  const ChangedPit pit(5);
  const Polygon everywhere_here{"blast", {{{-100.0, 0.0}, {60.0, 0.0}, {60.0, 120.0}, {-100.0, 120.0}}}, {}};
  const Scene s = scene_of(pit, true, {everywhere_here});
  std::size_t moving = 0;
  for (std::size_t i = 0; i < s.field.size(); ++i) {
    if (truth_of(pit, s.field, i) != "deformation") continue;
    EXPECT_NE(s.classes.value[i], ChangeClass::mined);
    moving += s.classes.value[i] == ChangeClass::deformation ? 1 : 0;
  }
  EXPECT_GT(moving, 500U);
  EXPECT_GT(s.classes.count[static_cast<std::size_t>(ChangeClass::mined)], 500U);
}

TEST(ChangeClass, AQuietPitHasNoChangesButFalseAlarms) {
  ChangedPit::Settings settings;
  settings.anything = false;
  settings.beam_step_deg = 0.15;
  const ChangedPit pit(6, settings);
  const Scene s = scene_of(pit, true);
  const auto n = static_cast<double>(s.field.size());
  EXPECT_LT(static_cast<double>(s.classes.count[static_cast<std::size_t>(ChangeClass::deformation)]) / n, 0.03);
  for (const ChangeClass c :
       {ChangeClass::rockfall_source, ChangeClass::deposit, ChangeClass::mined, ChangeClass::moving_object}) {
    EXPECT_EQ(s.classes.count[static_cast<std::size_t>(c)], 0U) << name_of(c);
  }
  EXPECT_NEAR(s.difference.calibration.false_alarms, 0.05, 0.03);
}

TEST(ChangeClass, TheSameBitsOnAnyNumberOfThreads) {
  ChangedPit::Settings settings;
  settings.beam_step_deg = 0.25;
  const ChangedPit pit(7, settings);
  const Points before = pit.scan(false, kRun);
  const Points after = pit.scan(true, kRun);
  const Points cores = thin_in_space(before, 1.5);
  const Eigen::Vector3d scanner = ChangedPit::scanner();
  const DisplacementField f = m3c2(before, after, cores, {}, kRun);
  const ChangeClasses one = classify_change(f, before, after, &scanner, {}, {}, highwall::Run(1));
  for (const int threads : {2, 3}) {
    const ChangeClasses many = classify_change(f, before, after, &scanner, {}, {}, highwall::Run(threads));
    EXPECT_EQ(many.value, one.value);
    EXPECT_EQ(many.object, one.object);
    ASSERT_EQ(many.objects.size(), one.objects.size());
    for (std::size_t k = 0; k < one.objects.size(); ++k)
      EXPECT_EQ(many.objects[k].volume.value_m3, one.objects[k].volume.value_m3);
  }
}

}  // namespace
}  // namespace highwall
