#include "algorithms/align/ground_motions.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kOfNone = 3.0;     // As a residual of two and a half sigmas.
constexpr double kBorder = 0.375;   // Eight neighbours outvote a residual as large.
constexpr double kSecond = 30.0;    // More than 500 starts find in what ground at rest scatters, whose patches share points.
constexpr std::size_t kFewest = 7;  // Of a piece: a motion has six unknowns.

GroundMotions swapped(GroundMotions m) {
  std::swap(m.rest, m.other);
  for (FollowedMotion& of : m.of) {
    if (of != FollowedMotion::none) of = of == FollowedMotion::rest ? FollowedMotion::other : FollowedMotion::rest;
  }
  return m;
}

std::vector<std::uint32_t> rows_of(const GroundMotions& motions, FollowedMotion which) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < motions.of.size(); ++i) {
    if (motions.of[i] == which) out.push_back(static_cast<std::uint32_t>(i));
  }
  return out;
}

/// Without its second motion: what followed it follows none.
GroundMotions single(GroundMotions m) {
  std::replace(m.of.begin(), m.of.end(), FollowedMotion::other, FollowedMotion::none);
  m.two = false;
  return m;
}

}  // namespace

double PatchResiduals::scatter_alone(const std::vector<double>& unit) const {
  constexpr double kCore = 0.25;           // Of the steps: most may cross a border.
  constexpr double kCoreToSigma = 0.3186;  // Of a Gaussian's absolute values so many lie below this.
  std::vector<double> steps;
  std::vector<std::uint32_t> next;
  for (std::uint32_t i = 0; i < size(); ++i) {
    next.clear();
    for (const std::uint32_t k : touching[i]) next.insert(next.end(), touching[k].begin(), touching[k].end());
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    for (const std::uint32_t j : next) {
      if (j <= i || std::find(touching[i].begin(), touching[i].end(), j) != touching[i].end()) continue;
      steps.push_back(std::abs(residual[i] - residual[j]) / std::hypot(unit[i], unit[j]));
    }
  }
  return steps.empty() ? 0.0 : quantile(std::move(steps), kCore) / kCoreToSigma;
}

std::size_t GroundMotions::count(FollowedMotion which) const {
  return static_cast<std::size_t>(std::count(of.begin(), of.end(), which));
}

GroundSplit::GroundSplit(const PatchResiduals& patches, Motions directions)
    : patches_(patches), directions_(std::move(directions)) {
  regions_.sigma = patches.sigma;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    double sum = 0.0;
    double residual = 0.0;
    Vector6 row = Vector6::Zero();
    const auto add = [&](std::size_t j) {
      const double w = 1.0 / (patches.sigma[j] * patches.sigma[j]);
      sum += w;
      residual += w * patches.residual[j];
      row += w * patches.row[j];
    };
    add(i);
    for (const std::uint32_t j : patches.touching[i]) add(j);
    regions_.residual.push_back(residual / sum);
    regions_.row.push_back(row / sum);
  }
  Rows every(patches.size());
  std::iota(every.begin(), every.end(), 0U);
  all_ = told_by(every);
}

double GroundSplit::least_told_sigmas(std::size_t patches) {
  // A step at a third of the way leaves 0.07 of its square about the best tilt; three patches of the other side touch each of
  // the border's.
  constexpr double kLeft = 0.07;
  constexpr double kFound = 8.0;  // Times as much energy as pays, to be found among the noise nearly always.
  const auto n = static_cast<double>(patches);
  return std::sqrt(2.0 * kFound * (kSecond + 3.0 * kBorder * std::sqrt(n)) / (kLeft * n));
}

double GroundSplit::off(std::size_t i, const Vector6& motion) const {
  return (patches_.residual[i] - patches_.row[i].dot(motion)) / patches_.sigma[i];
}

/// What normals tell of shifts.
Eigen::Matrix3d GroundSplit::told_by(const Rows& some) const {
  Eigen::Matrix3d matrix = Eigen::Matrix3d::Zero();
  for (const std::uint32_t i : some) {
    const Eigen::Vector3d normal = patches_.row[i].head<3>() / patches_.sigma[i];
    matrix += normal * normal.transpose();
  }
  return matrix;
}

/// Ground that nearly alone tells a shift is not taken for another piece: what is left would be free along it, and any small bend
/// of the scan would set it free.
bool GroundSplit::tells_as_all(const Rows& resting) const {
  constexpr double kLeast = 0.25;
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::Matrix3d> share(told_by(resting), all_, Eigen::EigenvaluesOnly);
  return share.info() == Eigen::Success && share.eigenvalues()[0] > kLeast;
}

Vector6 GroundSplit::fit(const PatchResiduals& to, const Rows& some) const {
  using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 6, 6>;
  using Column = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 6, 1>;
  const Eigen::Index n = directions_.cols();
  Square matrix = Square::Zero(n, n);
  Column right = Column::Zero(n);
  for (const std::uint32_t i : some) {
    const Column row = directions_.transpose() * to.row[i];
    const double w = 1.0 / (to.sigma[i] * to.sigma[i]);
    matrix += w * row * row.transpose();
    right += w * to.residual[i] * row;
  }
  const Eigen::LDLT<Square> solver(matrix);
  if (!(solver.vectorD().minCoeff() > 1e-6 * solver.vectorD().maxCoeff())) return Vector6::Constant(std::nan(""));
  return directions_ * Column(solver.solve(right));
}

/// One for each patch that a motion explains wholly.
double GroundSplit::score(const Vector6& motion, std::size_t every) const {
  constexpr double kReach = 1.5;
  double sum = 0.0;
  for (std::size_t i = 0; i < patches_.size(); i += every) {
    const double u = off(i, motion) / kReach;
    if (std::abs(u) < 1.0) sum += 1.0 - u * u;
  }
  return sum;
}

Vector6 GroundSplit::polished(Vector6 motion, std::size_t every) const {
  Rows agree;
  for (const double limit : {3.0, 2.0, 1.5, 1.5}) {
    agree.clear();
    for (std::size_t i = 0; i < patches_.size(); i += every) {
      if (std::abs(off(i, motion)) < limit) agree.push_back(static_cast<std::uint32_t>(i));
    }
    if (agree.size() < kFewest) break;
    const Vector6 next = fit(patches_, agree);
    if (!next.allFinite()) break;
    motion = next;
  }
  return motion;
}

double GroundSplit::energy(const GroundMotions& motions) const {
  double sum = motions.two ? kSecond : 0.0;
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    if (motions.of[i] == FollowedMotion::none) {
      sum += kOfNone;
    } else {
      const double u = off(i, motions.of[i] == FollowedMotion::rest ? motions.rest : motions.other);
      sum += 0.5 * u * u;
    }
    for (const std::uint32_t j : patches_.touching[i]) sum += j > i && motions.of[i] != motions.of[j] ? kBorder : 0.0;
  }
  return sum;
}

/// Each patch in turn to the piece that costs least (iterated conditional modes).
bool GroundSplit::relabel(GroundMotions& motions) const {
  bool changed = false;
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    const double rest = off(i, motions.rest);
    const double other = motions.two ? off(i, motions.other) : std::numeric_limits<double>::infinity();
    std::array<double, 3> cost = {0.5 * rest * rest, 0.5 * other * other, kOfNone};
    for (const std::uint32_t j : patches_.touching[i]) cost[static_cast<std::size_t>(motions.of[j])] -= kBorder;
    const auto now = static_cast<FollowedMotion>(std::min_element(cost.begin(), cost.end()) - cost.begin());
    changed |= now != motions.of[i];
    motions.of[i] = now;
  }
  return changed;
}

/// What a patch's surroundings leave of a motion tells its piece; single patches are too uncertain.
GroundMotions GroundSplit::first_pieces(const Vector6& rest) const {
  constexpr double kMost = 4.5;
  const auto left = [&](std::size_t i) { return std::min(kMost, 0.5 * off(i, rest) * off(i, rest)); };
  GroundMotions out;
  out.rest = rest;
  out.of.assign(patches_.size(), FollowedMotion::rest);
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    double sum = left(i);
    for (const std::uint32_t j : patches_.touching[i]) sum += left(j);
    if (sum > 1.0 + static_cast<double>(patches_.touching[i].size())) out.of[i] = FollowedMotion::other;
  }
  const Rows others = rows_of(out, FollowedMotion::other);
  if (others.size() >= kFewest) out.other = fit(regions_, others);
  out.two = others.size() >= kFewest && out.other.allFinite();
  return out.two ? out : single(std::move(out));
}

/// Pieces and motions in turn, as long as the energy falls; with one motion where the other is not worth it.
GroundMotions GroundSplit::settled(GroundMotions now, bool hold_rest) const {
  constexpr int kSweeps = 20;
  constexpr int kPasses = 8;
  const auto settle_labels = [&](GroundMotions& motions) {
    for (int sweep = 0; sweep < kSweeps && relabel(motions); ++sweep) {
    }
    motions.energy = energy(motions);
  };
  GroundMotions best;
  best.energy = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < kPasses; ++pass) {
    settle_labels(now);
    if (!(now.energy < best.energy)) break;
    best = now;
    const Rows resting = rows_of(now, FollowedMotion::rest);
    if (resting.size() < kFewest) break;
    if (!hold_rest) {
      const Vector6 next = fit(patches_, resting);
      if (next.allFinite()) now.rest = next;
    }
    const Rows moving = rows_of(now, FollowedMotion::other);
    if (now.two && !tells_as_all(resting)) {
      now = single(std::move(now));
      best.energy = std::numeric_limits<double>::infinity();
      continue;
    }
    const Vector6 next = moving.size() < kFewest ? Vector6::Constant(std::nan("")) : fit(patches_, moving);
    if (now.two && next.allFinite()) {
      now.other = next;
    } else {
      now = single(std::move(now));
    }
  }
  if (best.two) {
    GroundMotions one = single(best);
    settle_labels(one);
    if (one.energy < best.energy) return one;
  }
  return best;
}

GroundMotions GroundSplit::at_rest(const GroundMotions& before) const {
  GroundMotions fresh = settled(first_pieces(Vector6::Zero()), true);
  if (!before.two || before.of.size() != patches_.size()) return fresh;
  GroundMotions again = before;
  again.rest = Vector6::Zero();
  again = settled(std::move(again), true);
  return again.energy < fresh.energy ? again : fresh;
}

/// Motions that seven regions each give, as in any order the draws are the same.
std::vector<GroundSplit::Start> GroundSplit::drawn(std::size_t every, const Run& run) const {
  constexpr std::size_t kTrials = 512;
  constexpr std::uint64_t kFactor = 6364136223846793005ULL;
  std::vector<Start> starts(kTrials);
  for_blocks(
      kTrials,
      [&](const Block& block) {
        Rows some(kFewest);
        for (std::size_t trial = block.begin; trial < block.end; ++trial) {
          std::uint64_t state = kFactor * (2 * trial + 1);
          for (std::uint32_t& i : some) {
            state = state * kFactor + 1442695040888963407ULL;
            i = static_cast<std::uint32_t>((state >> 33U) % patches_.size());
          }
          const Vector6 motion = fit(regions_, some);
          if (!motion.allFinite()) continue;
          starts[trial].motion = polished(motion, every);
          starts[trial].score = score(starts[trial].motion, every);
        }
      },
      run, {}, 16);
  std::stable_sort(starts.begin(), starts.end(), [](const Start& a, const Start& b) { return a.score > b.score; });
  return starts;
}

/// The best of those, none twice: the best hundreds may all be the same one.
std::vector<GroundSplit::Start> GroundSplit::unlike(const std::vector<Start>& starts, std::size_t every) const {
  constexpr std::size_t kKept = 24;
  constexpr double kAlike = 0.5;  // Mean square that two differ by, in sigmas.
  const auto differ = [&](const Vector6& by) {
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < patches_.size(); i += every, count += 1.0) {
      const double u = patches_.row[i].dot(by) / patches_.sigma[i];
      sum += u * u;
    }
    return sum > kAlike * count;
  };
  std::vector<Start> out;
  for (const Start& start : starts) {
    if (out.size() == kKept || !(start.score > 0.0)) break;
    const bool is_new = std::all_of(out.begin(), out.end(), [&](const Start& s) { return differ(start.motion - s.motion); });
    if (is_new) out.push_back(start);
  }
  return out;
}

GroundMotions GroundSplit::best(const Run& run) const {
  constexpr std::size_t kLooked = 500;  // At most so many tell a start's score.
  const std::size_t every = 1 + patches_.size() / kLooked;
  std::vector<Start> starts = unlike(drawn(every, run), every);
  starts.insert(starts.begin(), Start{});
  std::vector<GroundMotions> found(starts.size());
  for_blocks(
      starts.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) found[k] = settled(first_pieces(starts[k].motion), false);
      },
      run, {}, 1);
  GroundMotions least = *std::min_element(found.begin(), found.end(),
                                          [](const GroundMotions& a, const GroundMotions& b) { return a.energy < b.energy; });
  return least.count(FollowedMotion::other) > least.count(FollowedMotion::rest) ? swapped(std::move(least)) : least;
}

}  // namespace highwall
