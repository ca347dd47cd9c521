#include "algorithms/align/piecewise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numbers>
#include <optional>

#include "algorithms/align/cell_planes.hpp"
#include "algorithms/align/held.hpp"
#include "algorithms/align/patches.hpp"
#include "algorithms/align/rigid_motion.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kFarthest_m = 1e9;
constexpr double kFinest = 2.0;   // Spacings of the finest cells: some four points each.
constexpr double kMost = 0.9;     // Of the pairs on stable ground are nearer than this quantile ...
constexpr double kOutlier = 1.3;  // ... and few beyond so many times it.
constexpr double kWidest = 0.5;   // Cells that a residual may be at first, and at the end of a level.
constexpr double kNarrowest = 0.1;
constexpr double kAsMany = 0.5;  // So large a share of the patches at rest on another motion makes the choice a guess.
constexpr double kFloor = 0.02;  // Spacings that a patch may be off in any case.
constexpr double kFarOff = 0.5;  // Spacings: less is looked for among pairs.
constexpr double kShown = 2.0;   // Sides of a patch: ground of both clouds is looked for so far from where it was.
constexpr double kWeak =
    0.025;  // Of the spacing: directions known to less stay as the epoch came when nothing significant moves it.
constexpr std::size_t kSample = 2000;      // Points that tell the spacing.
constexpr std::size_t kSampleOfAll = 500;  // Cells of about that size will do where no patch is judged.
constexpr double kRadians = std::numbers::pi / 180.0;

/// Where a cloud lies.
struct Reach {
  std::size_t count = 0;
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  Eigen::Vector3d low = Eigen::Vector3d::Constant(std::numeric_limits<double>::infinity());
  Eigen::Vector3d high = Eigen::Vector3d::Constant(-std::numeric_limits<double>::infinity());
  double length() const { return (high - low).norm(); }
};

Reach reach_of(PointsView cloud, const Run& run) {
  return reduce_blocks(
      cloud.size(), Reach{},
      [&](const Block& block) {
        Reach r;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d p = cloud[i];
          if (!p.allFinite()) continue;
          if (p.cwiseAbs().maxCoeff() > kFarthest_m) {
            throw Error(ErrorKind::input, fmt::format("point {} has a coordinate beyond {:g} m", i, kFarthest_m), {},
                        "remove the points with senseless coordinates");
          }
          ++r.count;
          r.sum += p;
          r.low = r.low.cwiseMin(p);
          r.high = r.high.cwiseMax(p);
        }
        return r;
      },
      [](Reach& a, Reach&& b) {
        a.count += b.count;
        a.sum += b.sum;
        a.low = a.low.cwiseMin(b.low);
        a.high = a.high.cwiseMax(b.high);
      },
      run, {}, 4096);
}

/// Both clouds as means of cells of one size.
struct Level {
  CellPlanes reference;
  CellPlanes epoch;
};

/// From fine to coarse, as long as there are enough cells to tell roughness from a turn.
std::deque<Level> levels_of(PointsView reference, PointsView epoch, double spacing, const PiecewiseOptions& options,
                            const Run& run) {
  constexpr std::size_t kFewestMeans = 1000;
  const double radius = 3.0;  // In cells.
  const double finest_radius = options.plane_spacings * spacing;
  std::deque<Level> levels;
  double cell = kFinest * spacing;
  const auto finest = [&](PointsView cloud) {
    const CellIndex index(cloud, cell, std::max(3.0 * cell, finest_radius), run);
    const bool all = options.ground == "all";
    return CellPlanes(means_of(cloud, index, cell, !all, run), cell, finest_radius, all ? nullptr : &index, run);
  };
  levels.push_back({finest(reference), finest(epoch)});
  while (2.0 * cell <= options.coarse_spacings * spacing * 1.01) {
    const CellMeans means = levels.back().reference.coarser(run);
    if (means.weight.size() < kFewestMeans) break;
    const CellMeans moved = levels.back().epoch.coarser(run);
    cell *= 2.0;
    levels.push_back(
        {CellPlanes(means, cell, radius * cell, nullptr, run), CellPlanes(moved, cell, radius * cell, nullptr, run)});
  }
  return levels;
}

void pair_up(const Level& level, const std::vector<std::size_t>& planes, const Eigen::Isometry3d& transform, const Pairing& how,
             std::vector<PlanePair>& pairs, const Run& run) {
  pairs.resize(planes.size());
  for_blocks(
      planes.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          pairs[i] = pair_of(level.epoch, planes[i], level.reference, transform, how);
        }
      },
      run, {}, 256);
}

/// One step of least squares with Tukey's weights; all alike when the cut-off is infinite.
Vector6 step_of(const std::vector<PlanePair>& pairs, double cut_off, const Motions& free, double length_m, const Run& run) {
  constexpr double kNeighbours = 30.0;  // Planes that share points.
  const NormalEquations all = reduce_blocks(
      pairs.size(), NormalEquations{},
      [&](const Block& block) {
        NormalEquations part;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (!pairs[i].found) continue;
          const double u = pairs[i].residual / cut_off;
          if (std::abs(u) < 1.0) part.add(pairs[i], (1.0 - u * u) * (1.0 - u * u));
        }
        return part;
      },
      [](NormalEquations& a, NormalEquations&& b) { a.add(b); }, run, {}, 256);
  return all.solved(free, length_m, 1.0 / kNeighbours);
}

/// Least squares of all that is flat, without any weights: what a rigid scene asks for whose scans are bent.
Eigen::Isometry3d settle_all(const Level& level, Eigen::Isometry3d transform, Pairing how, const Motions& free,
                             std::int64_t& iterations, const PiecewiseOptions& options, const Run& run) {
  const double cell = level.reference.cell_m();
  how.gate_m = 5.0 * cell;
  how.least_cosine = std::cos(25.0 * kRadians);
  how.roughest_m = std::numeric_limits<double>::infinity();
  how.thickest = 0.2;
  const std::vector<std::size_t> planes = level.epoch.smooth(how.roughest_m, how.thickest);
  std::vector<PlanePair> pairs;
  for (iterations = 1; iterations <= options.iterations; ++iterations) {
    pair_up(level, planes, transform, how, pairs, run);
    const Vector6 motion = step_of(pairs, std::numeric_limits<double>::infinity(), free, how.length_m, run);
    if (!motion.allFinite()) break;
    transform = rigid_motion(motion, how.centre_m) * transform;
    if (motion.head<3>().norm() < 1e-3 * cell && motion.tail<3>().norm() < 1e-5) break;
  }
  return transform;
}

std::vector<std::size_t> settled_on(const Level& level) { return level.epoch.smooth(level.epoch.rms_quantile(kMost), 1.0); }

/// Point-to-plane on one level with Tukey's weights. Wide first: most of a scan may be one plane that fits at once, and what
/// holds the other directions must not be cut off for it. Then narrow, so that what moved as a block does not pull.
/// @param planes  of the epoch
Eigen::Isometry3d settle(const Level& level, const std::vector<std::size_t>& planes, Eigen::Isometry3d transform, Pairing how,
                         bool finest, const PiecewiseOptions& options, const Run& run) {
  const double cell = level.reference.cell_m();
  how.gate_m = 3.0 * cell;
  how.roughest_m = level.reference.rms_quantile(kMost);
  how.least_cosine = std::cos(25.0 * kRadians);
  std::vector<PlanePair> pairs;
  double tolerance = kWidest * cell;
  for (std::int64_t k = 0; k < options.iterations; ++k) {
    pair_up(level, planes, transform, how, pairs, run);
    std::vector<double> size;
    for (const PlanePair& pair : pairs) {
      if (pair.found) size.push_back(std::abs(pair.residual));
    }
    if (size.empty()) return transform;
    const double cut_off = std::max(kTukey * kMadToSigma * median(std::move(size)), tolerance);
    const Vector6 motion = step_of(pairs, cut_off, all_motions(how.length_m), how.length_m, run);
    if (!motion.allFinite()) return transform;
    transform = rigid_motion(motion, how.centre_m) * transform;
    const double moved = motion.head<3>().norm() / cell;
    if (moved < (finest ? 2e-3 : 1e-2) && tolerance <= kNarrowest * cell) break;
    if (moved < 0.05 * tolerance / cell) tolerance = std::max(0.5 * tolerance, kNarrowest * cell);
  }
  return transform;
}

/// A consensus of patches, then Tukey's weights and planes on the patches that match as a whole.
void refine(GroundPatches& patches, Registration& out, const Pairing& how, const Motions& free, double spacing,
            const PiecewiseOptions& options, const Run& run) {
  const double infinity = std::numeric_limits<double>::infinity();
  constexpr int kMostPasses = 6;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    patches.judge(out.transform, how, infinity, 0.0, run);
    const Vector6 motion = patches.consensus(free, kFloor * spacing, run);
    patches.follow(motion);
    out.transform = rigid_motion(motion, out.centre_m) * out.transform;
    if (motion.head<3>().norm() < 0.03 * spacing) break;
  }
  double tolerance = 0.05 * spacing;  // What a residual may be beside its scatter: falls to nothing.
  const double least = kFloor * spacing;
  double outlier = infinity;
  for (out.iterations = 1; out.iterations <= options.iterations; ++out.iterations) {
    patches.judge(out.transform, how, outlier, tolerance, run);
    if (patches.stable_count() < static_cast<std::size_t>(options.least_patches)) break;
    outlier = std::max({3.5 * kMadToSigma * patches.pair_quantile(0.5), kOutlier * patches.pair_quantile(kMost), tolerance});
    const double sigma = std::max(kMadToSigma * patches.pair_quantile(0.5), tolerance);
    const Vector6 motion = patches.step(free, kTukey * sigma, run);
    if (!motion.allFinite()) break;
    patches.follow(motion);
    out.transform = rigid_motion(motion, out.centre_m) * out.transform;
    const bool settled = motion.head<3>().norm() < 1e-4 * spacing && motion.tail<3>().norm() * how.length_m < 3e-4 * spacing;
    if (settled && tolerance <= least) break;
    tolerance = std::max(0.4 * tolerance, least);
  }
}

/// How many of the patches that both clouds show and that do not rest follow a motion of their own that takes them farther
/// than pairs are looked for; none when they are too few to be rivals.
std::size_t rivals_far_off(const std::deque<Level>& levels, const std::vector<std::size_t>& smooth, const GroundPatches& patches,
                           const Registration& fit, Pairing how, const PatchRules& rules, const PiecewiseOptions& options,
                           const Run& run) {
  const std::size_t resting = patches.resting_count();
  if (static_cast<double>(patches.shown_count() - resting) <= kAsMany * static_cast<double>(resting)) return 0;
  Eigen::Isometry3d transform = fit.transform;
  const auto moved = [&](const Level& level, const std::vector<std::size_t>& planes) {
    return patches.not_at_rest(level.epoch, planes, fit.transform);
  };
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    transform = settle(*level, moved(*level, settled_on(*level)), transform, how, &*level == &levels.front(), options, run);
  }
  const Level& fine = levels.front();
  const std::vector<std::size_t> planes = moved(fine, smooth);
  GroundPatches others(fine.epoch, planes, fine.reference, transform, rules);
  Registration other;
  other.transform = transform;
  other.centre_m = fit.centre_m;
  const double spacing = rules.side_m / options.patch_spacings;
  refine(others, other, how, all_motions(how.length_m), spacing, options, run);
  // What merely matches badly follows the same motion.
  const Vector6 apart = motion_of(other.transform * fit.transform.inverse(), fit.centre_m);
  const auto moved_far = [&](const GroundPatch& p) { return p.rests && std::abs(p.row.dot(apart)) > kFarOff * spacing; };
  return static_cast<std::size_t>(std::count_if(others.patches().begin(), others.patches().end(), moved_far));
}

}  // namespace

Registration register_piecewise(PointsView epoch, PointsView reference, const PiecewiseOptions& options, const Run& run) {
  validate(options, "register");
  require_same(epoch.frame(), reference.frame(), "registration");
  const Reach before = reach_of(reference, run);
  const Reach after = reach_of(epoch, run);
  constexpr std::size_t kFewestPoints = 100;
  if (before.count < kFewestPoints || after.count < kFewestPoints) {
    throw Error(ErrorKind::input, fmt::format("too few points to register: {} and {}", after.count, before.count));
  }
  const Eigen::Vector3d size = before.high - before.low;
  const double area = std::max({size[0] * size[1], size[0] * size[2], size[1] * size[2], 1e-12});
  const bool all = options.ground == "all";
  const double spacing = options.spacing_m > 0.0 ? options.spacing_m
                                                 : spacing_of(reference, std::sqrt(area / static_cast<double>(before.count)),
                                                              all ? kSampleOfAll : kSample, run);
  Registration out;
  out.centre_m = before.sum / static_cast<double>(before.count);
  const std::deque<Level> levels = levels_of(reference, epoch, spacing, options, run);
  Pairing how;
  how.centre_m = out.centre_m;
  how.length_m = before.length();
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    const bool finest = &*level == &levels.front();
    if (all && finest && levels.size() > 1) break;  // Least squares go on from here.
    out.transform = settle(*level, settled_on(*level), out.transform, how, finest, options, run);
  }

  const Level& fine = levels.front();
  const double length = before.length();
  const double infinity = std::numeric_limits<double>::infinity();
  how.gate_m = 2.0 * spacing;
  how.least_cosine = std::cos((all ? 25.0 : options.normal_degrees) * kRadians);
  const auto roughest = [&](const CellPlanes& planes) {
    return std::min(planes.rms_quantile(kMost), std::max(2.0 * planes.rms_quantile(0.5), 0.5 * spacing));
  };
  how.roughest_m = roughest(fine.reference);
  const std::vector<std::size_t> smooth = fine.epoch.smooth(roughest(fine.epoch), 1.0);
  const PatchRules rules{options.patch_spacings * spacing, options.least_matched, options.moved_sigma, options.least_patches,
                         length};
  Held held(out.centre_m, length, options.expected_shift_m);
  std::optional<GroundPatches> last;
  Told directions;
  for (int round = 0;; ++round) {
    if (all) out.transform = settle_all(fine, out.transform, how, held.free(), out.iterations, options, run);
    GroundPatches& patches = last.emplace(fine.epoch, smooth, fine.reference, out.transform, rules);
    if (all) {
      patches.judge(out.transform, how, infinity, infinity, run);
    } else {
      refine(patches, out, how, held.free(), spacing, options, run);
    }
    if (patches.stable_count() < static_cast<std::size_t>(options.least_patches)) break;
    directions = patches.told(held.free(), run);
    out.covariance = patches.covariance(directions, out.rms_m);
    constexpr int kMostRounds = 3;
    if (!held.take(directions.open, out.covariance, all ? infinity : kWeak * spacing, out.transform) || round == kMostRounds)
      break;
  }
  GroundPatches& patches = *last;
  out.stable_count = patches.stable_count();
  patches.find_shown(out.transform, kShown * rules.side_m, run);
  const std::size_t shown = patches.shown_count();
  if (out.stable_count < static_cast<std::size_t>(options.least_patches) ||
      static_cast<double>(out.stable_count) < options.least_stable_share * static_cast<double>(shown)) {
    throw Error(ErrorKind::input,
                fmt::format("too little stable ground to register on: {} of {} patches, {} and {:g} % are the least",
                            out.stable_count, shown, options.least_patches, 100.0 * options.least_stable_share),
                {},
                fmt::format("check that both clouds show the same place and that their frames are near to each other{}",
                            all ? "" : "; where scans are bent by more than anything moves in them, use ground = all"));
  }
  std::vector<Eigen::Vector3d> places;
  for (const GroundPatch& patch : patches.patches()) {
    if (!patch.shown) continue;
    places.push_back(patch.place_m);
    out.stable.push_back(patch.stable ? 1 : 0);
  }
  out.core_m.resize(static_cast<Eigen::Index>(places.size()), 3);
  for (std::size_t k = 0; k < places.size(); ++k) out.core_m.row(static_cast<Eigen::Index>(k)) = places[k].transpose();
  held.add_to(out.covariance);
  out.not_observable = held.open();
  out.not_significant = held.weak();
  out.verdict = fmt::format("registered on {} {} of {} patches, rms of their means {:.2f} mm", all ? "all" : "the stable",
                            out.stable_count, shown, 1000.0 * out.rms_m);
  out.left = held.in_words();
  out.verdict += out.left;
  if (all) return out;
  // Pairs beyond the outlier's limit, and ground that has no pair, belong to the question, too.
  patches.judge(out.transform, how, infinity, kFloor * spacing, run);
  const std::size_t resting = patches.resting_count();
  const std::size_t rivals =
      std::max(patches.moved_count(), rivals_far_off(levels, smooth, patches, out, how, rules, options, run));
  if (static_cast<double>(rivals) > kAsMany * static_cast<double>(resting)) {
    throw Error(ErrorKind::input,
                fmt::format("two motions each fit a large part of the ground, one {} of its patches and another {}: which of "
                            "them rests cannot be told",
                            resting, rivals),
                {}, "cut both clouds to ground that is known to rest");
  }
  if (rivals > 0) out.verdict += fmt::format("; {} others agree on another motion", rivals);
  out.least_told_m = patches.least_told_m();
  out.verdict +=
      fmt::format("; a third of it that moved by less than {:.1f} mm may be taken for rest", 1000.0 * out.least_told_m);
  return out;
}

}  // namespace highwall
