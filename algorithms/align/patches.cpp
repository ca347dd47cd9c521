#include "algorithms/align/patches.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kFewestPlanes = 5.0;
constexpr double kOfAPatch = 30.0;     // Planes that are as good as one: they share points.
constexpr double kShared = 1.05;       // Standard deviations are so much larger: what is shared farther than by neighbours.
constexpr double kLeastShared = 0.07;  // Correlation of neighbours, which have planes across their border in common.
constexpr double kMixed = 2.0;         // Times the median scatter of a patch's pairs.
constexpr double kUsual = 0.75;        // This quantile of the patches' matched shares is that of ground at rest.
constexpr double kOfFloor = 0.2;       // What is below a floor is within five sigmas, and within a patch's own limit.
constexpr std::uint32_t kNoRow = std::numeric_limits<std::uint32_t>::max();

/// What neighbours share adds where their rows are alike and cancels where they oppose: nowhere to less than independent
/// patches have.
Eigen::MatrixXd with_shared(const Eigen::MatrixXd& alone, const Eigen::MatrixXd& across, double correlation) {
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> pair(across, alone);
  if (pair.info() != Eigen::Success) return Eigen::MatrixXd::Constant(alone.rows(), alone.cols(), std::nan(""));
  const Eigen::MatrixXd axes = alone * pair.eigenvectors();
  const Eigen::VectorXd more = (1.0 + correlation * pair.eigenvalues().array()).max(1.0);
  return axes * more.asDiagonal() * axes.transpose();
}

void turn_over(PlanePair& pair) {
  pair.row = -pair.row;
  pair.residual = -pair.residual;
  pair.unlike = -pair.unlike;
  pair.unlike_residual = -pair.unlike_residual;
}

}  // namespace

double PatchesShared::correlation(double rms_m) const {
  if (!(count > 0.0) || !(rms_m > 0.0)) return kLeastShared;
  return std::max(kLeastShared, (products / (rms_m * rms_m) + taken) / count);
}

PlanePair pair_of(const CellPlanes& epoch, std::size_t k, const CellPlanes& reference, const Eigen::Isometry3d& transform,
                  const Pairing& how) {
  PlanePair pair;
  const auto row = static_cast<Eigen::Index>(k);
  const Eigen::Vector3d p = transform * epoch.point(k);
  // Most lie near: a small search first.
  std::size_t t = reference.nearest(p, std::min(how.gate_m, reference.cell_m()));
  if (t == reference.size() && how.gate_m > reference.cell_m()) t = reference.nearest(p, how.gate_m);
  if (t == reference.size() || !(reference.rms_m[t] <= how.roughest_m) || reference.thickness[t] > how.thickest) {
    return pair;
  }
  const auto at = static_cast<Eigen::Index>(t);
  const Eigen::Vector3d n1 = reference.normal.row(at).transpose();
  const Eigen::Vector3d n2 = transform.linear() * Eigen::Vector3d(epoch.normal.row(row).transpose());
  const double cosine = n1.dot(n2);
  if (std::abs(cosine) < how.least_cosine) return pair;
  const Eigen::Vector3d n = (cosine < 0.0 ? Eigen::Vector3d(n1 - n2) : Eigen::Vector3d(n1 + n2)).normalized();
  const Eigen::Vector3d c = transform * Eigen::Vector3d(epoch.centre.row(row).transpose());
  pair.found = true;
  pair.inner = epoch.inner[k] != 0 && reference.inner[t] != 0;
  const Eigen::Vector3d apart = Eigen::Vector3d(reference.centre.row(at).transpose()) - c;
  pair.residual = n.dot(apart);
  pair.row << n, (c - how.centre_m).cross(n);
  const Eigen::Vector3d half = cosine < 0.0 ? Eigen::Vector3d(0.5 * (n1 + n2)) : Eigen::Vector3d(0.5 * (n1 - n2));
  pair.unlike << half, (c - how.centre_m).cross(half);
  pair.unlike_residual = half.dot(apart);
  return pair;
}

GroundPatches::GroundPatches(const CellPlanes& epoch, const std::vector<std::size_t>& smooth, const CellPlanes& reference,
                             const Eigen::Isometry3d& transform, const PatchRules& rules)
    : epoch_(epoch), reference_(reference), rules_(rules) {
  std::vector<std::pair<Cube, std::size_t>> order;
  order.reserve(smooth.size());
  for (const std::size_t k : smooth) order.emplace_back(cube_of(transform * epoch.point(k)), k);
  std::sort(order.begin(), order.end());
  planes_.reserve(order.size());
  for (const auto& [cube, k] : order) {
    if (cubes_.empty() || cubes_.back() != cube) {
      cubes_.push_back(cube);
      patches_.emplace_back();
      patches_.back().begin = planes_.size();
    }
    planes_.push_back(k);
    patches_.back().end = planes_.size();
  }
  pairs_.resize(planes_.size());
  find_touching();
}

GroundPatches::Cube GroundPatches::cube_of(const Eigen::Vector3d& place) const {
  Cube cube{};
  for (std::size_t c = 0; c < 3; ++c) {
    cube[c] = static_cast<std::int64_t>(std::floor(place[static_cast<Eigen::Index>(c)] / rules_.side_m));
  }
  return cube;
}

std::size_t GroundPatches::patch_in(const Cube& cube) const {
  const auto found = std::lower_bound(cubes_.begin(), cubes_.end(), cube);
  return found == cubes_.end() || *found != cube ? patches_.size() : static_cast<std::size_t>(found - cubes_.begin());
}

void GroundPatches::find_touching() {
  touching_.resize(cubes_.size());
  for (std::size_t i = 0; i < cubes_.size(); ++i) {
    for (std::int64_t k = 0; k < 27; ++k) {
      const std::size_t j = patch_in({cubes_[i][0] + k / 9 - 1, cubes_[i][1] + k / 3 % 3 - 1, cubes_[i][2] + k % 3 - 1});
      if (j != patches_.size() && j != i) touching_[i].push_back(static_cast<std::uint32_t>(j));
    }
  }
}

void GroundPatches::pair_up(GroundPatch& patch, const Eigen::Isometry3d& transform, const Pairing& how) {
  double sum = 0.0;
  double square = 0.0;
  patch.matched = 0.0;
  patch.row.setZero();
  patch.place_m.setZero();
  for (std::size_t k = patch.begin; k < patch.end; ++k) {
    PlanePair& pair = pairs_[k];
    pair = pair_of(epoch_, planes_[k], reference_, transform, how);
    patch.place_m += transform * epoch_.point(planes_[k]);
    if (!pair.found || std::abs(pair.residual) > outlier_m_) continue;
    if (patch.row.head<3>().dot(pair.row.head<3>()) < 0.0) turn_over(pair);
    patch.matched += 1.0;
    sum += pair.residual;
    square += pair.residual * pair.residual;
    patch.row += pair.row;
  }
  const auto planes = static_cast<double>(patch.end - patch.begin);
  patch.place_m /= planes;
  patch.matching = patch.matched >= kFewestPlanes;
  patch.share = patch.matched / planes;
  if (patch.matched == 0.0) return;
  patch.row /= patch.matched;
  patch.residual = sum / patch.matched;
  patch.scatter = std::sqrt(std::max(0.0, square / patch.matched - patch.residual * patch.residual));
  patch.error = patch.scatter / std::sqrt(patch.matched);
}

/// Normals are of either sign: those of patches that touch are brought to one side, so that what they share has one sign, too.
void GroundPatches::face_alike() {
  std::vector<std::uint8_t> seen(patches_.size(), 0);
  std::vector<std::uint32_t> next;
  for (std::size_t first = 0; first < patches_.size(); ++first) {
    if (seen[first] != 0 || patches_[first].matched == 0.0) continue;
    seen[first] = 1;
    next.assign(1, static_cast<std::uint32_t>(first));
    for (std::size_t k = 0; k < next.size(); ++k) {
      const Eigen::Vector3d normal = patches_[next[k]].row.head<3>();
      for (const std::uint32_t j : touching_[next[k]]) {
        GroundPatch& patch = patches_[j];
        if (seen[j] != 0 || patch.matched == 0.0) continue;
        seen[j] = 1;
        next.push_back(j);
        if (patch.row.head<3>().dot(normal) >= 0.0) continue;
        patch.row = -patch.row;
        patch.residual = -patch.residual;
      }
    }
  }
}

/// Patches of which too few planes match, or that scatter too much, tell nothing.
void GroundPatches::compare_shares() {
  // A border of what moved runs through a patch that scatters more than others.
  std::vector<double> scatters;
  for (const GroundPatch& patch : patches_) {
    if (patch.matching) scatters.push_back(patch.scatter);
  }
  const double most = scatters.empty() ? 0.0 : kMixed * median(std::move(scatters));
  // CellPlanes of noisy scans miss each other everywhere: as many as usual are asked for.
  std::vector<double> shares;
  for (GroundPatch& patch : patches_) {
    patch.comparable = patch.matching && patch.scatter <= most;
    if (patch.comparable) shares.push_back(patch.share);
  }
  const double usual = shares.empty() ? 1.0 : quantile(std::move(shares), kUsual);
  for (GroundPatch& patch : patches_) patch.comparable = patch.comparable && patch.share >= rules_.least_matched * usual;
}

/// Of the comparable patches.
PatchResiduals GroundPatches::residuals(double least_sigma_m) const {
  constexpr double kLeast_m = 1e-9;
  PatchResiduals out;
  std::vector<std::uint32_t> row_of(patches_.size(), kNoRow);
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    if (!patches_[i].comparable) continue;
    row_of[i] = static_cast<std::uint32_t>(out.size());
    out.row.push_back(patches_[i].row);
    out.residual.push_back(patches_[i].residual);
  }
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    if (!patches_[i].comparable) continue;
    std::vector<std::uint32_t>& touching = out.touching.emplace_back();
    for (const std::uint32_t j : touching_[i]) {
      if (row_of[j] != kNoRow) touching.push_back(row_of[j]);
    }
  }
  // Planes share points: a patch's error is so many times what its own scatter tells.
  std::vector<double> error;
  for (const GroundPatch& patch : patches_) {
    if (patch.comparable) error.push_back(std::max(patch.error, kLeast_m));
  }
  const double times = std::max(1.0, out.scatter_alone(error));
  for (const double e : error) out.sigma.push_back(std::max(times * e, least_sigma_m));
  return out;
}

void GroundPatches::split(double floor_m) {
  PatchResiduals left = residuals(kOfFloor * floor_m);
  const Motions any = all_motions(rules_.length_m);
  motions_ = GroundSplit(left, any).at_rest(motions_);
  std::vector<double> size;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (motions_.of[i] == FollowedMotion::rest) size.push_back(std::abs(left.residual[i]));
  }
  alone_m_ = left.sigma.empty() ? 0.0 : median(left.sigma);
  const double scatter = size.empty() ? 0.0 : kMadToSigma * median(std::move(size));
  if (scatter > alone_m_) {  // Bent scans leave more than neighbours tell.
    for (double& sigma : left.sigma) sigma = std::max(sigma, scatter);
    motions_ = GroundSplit(left, any).at_rest(motions_);
  }
  const auto follows_other = [&](std::uint32_t i) { return motions_.of[i] == FollowedMotion::other; };
  std::uint32_t row = 0;
  for (GroundPatch& patch : patches_) {
    if (!patch.comparable) continue;
    const double limit = std::max(rules_.moved_sigma * left.sigma[row], floor_m);
    patch.rests = motions_.of[row] == FollowedMotion::rest && std::abs(patch.residual) < limit;
    patch.stable = patch.rests && std::none_of(left.touching[row].begin(), left.touching[row].end(), follows_other);
    ++row;
  }
}

void GroundPatches::judge(const Eigen::Isometry3d& transform, const Pairing& how, double outlier_m, double floor_m,
                          const Run& run) {
  outlier_m_ = outlier_m;
  for_blocks(
      patches_.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) pair_up(patches_[i], transform, how);
      },
      run, {}, 16);
  face_alike();
  compare_shares();
  const bool all = std::isinf(floor_m);
  for (GroundPatch& patch : patches_) patch.rests = patch.stable = all && patch.comparable;
  if (!all) split(floor_m);
}

Vector6 GroundPatches::consensus(const Motions& free, double floor_m, const Run& run) {
  const PatchResiduals left = residuals(kOfFloor * floor_m);
  if (left.size() < static_cast<std::size_t>(rules_.least_patches)) return Vector6::Zero();
  const Told directions =
      equations(false, std::numeric_limits<double>::infinity(), run).told(free, rules_.length_m, 1.0 / kOfAPatch, 0.0);
  if (directions.told.cols() == 0) return Vector6::Zero();
  motions_ = GroundSplit(left, directions.told).best(run);
  return motions_.rest;
}

void GroundPatches::follow(const Vector6& motion) {
  motions_.rest -= motion;
  motions_.other -= motion;
}

double GroundPatches::least_told_m() const { return alone_m_ * GroundSplit::least_told_sigmas(resting_count()); }

double GroundPatches::pair_quantile(double share) const {
  std::vector<double> size;
  for (const GroundPatch& patch : patches_) {
    if (!patch.stable) continue;
    for (std::size_t k = patch.begin; k < patch.end; ++k) {
      if (pairs_[k].found) size.push_back(std::abs(pairs_[k].residual));
    }
  }
  return size.empty() ? 0.0 : quantile(std::move(size), share);
}

NormalEquations GroundPatches::equations(bool stable_only, double cut_off_m, const Run& run) const {
  return reduce_blocks(
      patches_.size(), NormalEquations{},
      [&](const Block& block) {
        NormalEquations part;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (!(stable_only ? patches_[i].stable : patches_[i].matching)) continue;
          for (std::size_t k = patches_[i].begin; k < patches_[i].end; ++k) {
            const PlanePair& pair = pairs_[k];
            if (!pair.found || std::abs(pair.residual) > outlier_m_) continue;
            const double u = pair.residual / cut_off_m;
            if (std::abs(u) < 1.0) part.add(pair, (1.0 - u * u) * (1.0 - u * u));
          }
        }
        return part;
      },
      [](NormalEquations& a, NormalEquations&& b) { a.add(b); }, run, {}, 16);
}

Vector6 GroundPatches::step(const Motions& free, double cut_off_m, const Run& run) const {
  return equations(true, cut_off_m, run).solved(free, rules_.length_m, 1.0 / kOfAPatch);
}

Told GroundPatches::told(const Motions& free, const Run& run) const {
  constexpr double kAgreed = 0.3;
  return equations(true, std::numeric_limits<double>::infinity(), run).told(free, rules_.length_m, 1.0 / kOfAPatch, kAgreed);
}

/// @param fitted  inverse of the normal matrix
PatchesShared GroundPatches::shared(const Matrix6& fitted) const {
  PatchesShared out;
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    const GroundPatch& patch = patches_[i];
    if (!patch.stable) continue;
    for (const std::uint32_t j : touching_[i]) {
      const GroundPatch& other = patches_[j];
      if (!other.stable) continue;
      out.count += 1.0;
      out.products += patch.residual * other.residual;
      out.taken += std::sqrt(patch.matched * other.matched) * patch.row.dot(fitted * other.row);
      out.across += patch.matched * other.matched * patch.row * other.row.transpose();
    }
  }
  return out;
}

Matrix6 GroundPatches::covariance(const Told& directions, double& rms_m) const {
  constexpr double kUnknowns = 6.0;
  double n = 0.0;
  Matrix6 normal = Matrix6::Zero();
  Matrix6 spread = Matrix6::Zero();
  double square = 0.0;
  for (const GroundPatch& patch : patches_) {
    if (!patch.stable) continue;
    n += 1.0;
    normal += patch.matched * patch.row * patch.row.transpose();
    spread += patch.matched * patch.matched * patch.row * patch.row.transpose();
    square += patch.residual * patch.residual;
  }
  if (n <= kUnknowns) return Matrix6::Constant(std::numeric_limits<double>::quiet_NaN());
  rms_m = std::sqrt(square / (n - kUnknowns));
  const double few = 1.0 + 4.6 / (n - kUnknowns);  // Six unknowns and a scatter of few patches: Fisher's F for chi squared.
  // Along what is told; noise of normals is in the matrix, but not in how the motion answers.
  const Motions& told = directions.told;
  if (told.cols() == 0) return Matrix6::Zero();
  const Eigen::LDLT<Eigen::MatrixXd> solver(told.transpose() * normal * told);
  const Eigen::MatrixXd fit = solver.solve(Eigen::MatrixXd(told.transpose()));
  const PatchesShared neighbours = shared(told * fit);
  const Eigen::MatrixXd meat =
      with_shared(told.transpose() * spread * told, told.transpose() * neighbours.across * told, neighbours.correlation(rms_m));
  const Eigen::MatrixXd answer =
      told * directions.share.cwiseInverse().asDiagonal() * solver.solve(Eigen::MatrixXd::Identity(told.cols(), told.cols()));
  return few * kShared * kShared * rms_m * rms_m * answer * meat * answer.transpose();
}

std::size_t GroundPatches::stable_count() const {
  return static_cast<std::size_t>(std::count_if(patches_.begin(), patches_.end(), [](const GroundPatch& p) { return p.stable; }));
}

std::size_t GroundPatches::resting_count() const {
  return static_cast<std::size_t>(std::count_if(patches_.begin(), patches_.end(), [](const GroundPatch& p) { return p.rests; }));
}

std::size_t GroundPatches::shown_count() const {
  return static_cast<std::size_t>(std::count_if(patches_.begin(), patches_.end(), [](const GroundPatch& p) { return p.shown; }));
}

void GroundPatches::find_shown(const Eigen::Isometry3d& transform, double gate_m, const Run& run) {
  constexpr std::size_t kAsked = 7;  // Planes of a patch.
  for_blocks(
      patches_.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          GroundPatch& patch = patches_[i];
          const std::size_t every = 1 + (patch.end - patch.begin) / kAsked;
          std::size_t near = 0;
          std::size_t asked = 0;
          for (std::size_t k = patch.begin; k < patch.end && !patch.matching; k += every, ++asked) {
            near += reference_.nearest(transform * epoch_.point(planes_[k]), gate_m) != reference_.size() ? 1 : 0;
          }
          const auto planes = static_cast<double>(patch.end - patch.begin);
          patch.shown = patch.matching || (planes >= kFewestPlanes && 2 * near > asked);
        }
      },
      run, {}, 16);
}

std::vector<std::size_t> GroundPatches::not_at_rest(const CellPlanes& epoch, const std::vector<std::size_t>& planes,
                                                    const Eigen::Isometry3d& transform) const {
  std::vector<std::size_t> out;
  for (const std::size_t k : planes) {
    const std::size_t patch = patch_in(cube_of(transform * epoch.point(k)));
    if (patch != patches_.size() && patches_[patch].shown && !patches_[patch].rests) out.push_back(k);
  }
  return out;
}

}  // namespace highwall
