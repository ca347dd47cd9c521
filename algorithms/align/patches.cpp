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
constexpr double kOfAPatch = 30.0;       // Planes that are as good as one: they share points.
constexpr double kShared = 1.05;         // Standard deviations are so much larger: what is shared farther than by neighbours.
constexpr double kLeastShared = 0.07;    // Correlation of neighbours, which have planes across their border in common.
constexpr double kMixed = 2.0;           // Times the median scatter of a patch's pairs.
constexpr double kUsual = 0.75;          // This quantile of the patches' matched shares is that of ground at rest.
constexpr double kCore = 0.25;           // Share of the patches that tells the scatter: three quarters may have moved.
constexpr double kCoreToSigma = 0.3186;  // Of a Gaussian's absolute values so many lie below this.

using Cube = std::array<std::int64_t, 3>;

/// Motions that a few patches each give, judged by how near the nearest of all come.
class Consensus {
 public:
  /// @param directions  that motions have a part in
  Consensus(std::vector<const GroundPatch*> patches, const Motions& directions)
      : patches_(std::move(patches)), directions_(directions) {}

  Vector6 fit(const std::vector<const GroundPatch*>& some) const {
    using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 6, 6>;
    using Column = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 6, 1>;
    const Eigen::Index n = directions_.cols();
    Square matrix = Square::Zero(n, n);
    Column right = Column::Zero(n);
    for (const GroundPatch* patch : some) {
      const Column row = directions_.transpose() * patch->row;
      matrix += row * row.transpose();
      right += patch->residual * row;
    }
    const Eigen::LDLT<Square> solver(matrix);
    if (!(solver.vectorD().minCoeff() > 1e-6 * solver.vectorD().maxCoeff())) return Vector6::Constant(std::nan(""));
    return directions_ * Column(solver.solve(right));
  }

  /// The patches, every so manyth, that a motion explains within the limit.
  std::vector<const GroundPatch*> inside(const Vector6& motion, double limit, std::size_t every) const {
    std::vector<const GroundPatch*> out;
    for (std::size_t k = 0; k < patches_.size(); k += every) {
      if (std::abs(patches_[k]->residual - patches_[k]->row.dot(motion)) < limit) out.push_back(patches_[k]);
    }
    return out;
  }

  Vector6 best(double limit, const Run& run) const {
    constexpr std::size_t kTrials = 1024;
    constexpr std::size_t kDrawn = 7;
    constexpr std::size_t kLooked = 500;
    constexpr double kWorthIt = 1.05;  // The motion at hand came from all points: a few patches more are no reason to leave it.
    const std::size_t every = 1 + patches_.size() / kLooked;
    struct Best {
      double count = 0.0;
      Vector6 motion = Vector6::Zero();
    };
    const Best zero{kWorthIt * static_cast<double>(inside(Vector6::Zero(), limit, every).size()), Vector6::Zero()};
    const Best found = reduce_blocks(
        kTrials, zero,
        [&](const Block& block) {
          Best best = zero;
          std::vector<const GroundPatch*> some(kDrawn);
          for (std::size_t trial = block.begin; trial < block.end; ++trial) {
            std::uint64_t state = 6364136223846793005ULL * (2 * trial + 1);
            for (const GroundPatch*& patch : some) {
              state = state * 6364136223846793005ULL + 1442695040888963407ULL;
              patch = patches_[static_cast<std::size_t>((state >> 33U) % patches_.size())];
            }
            const Vector6 motion = fit(some);
            if (!motion.allFinite()) continue;
            const auto count = static_cast<double>(inside(motion, limit, every).size());
            if (count > best.count) best = {count, motion};
          }
          return best;
        },
        [](Best& a, Best&& b) {
          if (b.count > a.count) a = b;
        },
        run, {}, 16);
    Vector6 motion = found.motion;
    std::vector<const GroundPatch*> agree = inside(motion, limit, 1);
    for (int pass = 0; pass < 6; ++pass) {
      const Vector6 next = fit(agree);
      if (!next.allFinite()) break;
      std::vector<const GroundPatch*> more = inside(next, limit, 1);
      if (more.size() < agree.size()) break;
      motion = next;
      agree = std::move(more);
    }
    return motion;
  }

 private:
  std::vector<const GroundPatch*> patches_;
  Motions directions_;
};

using StableAt = std::map<Cube, const GroundPatch*>;

/// Sums over the pairs of stable patches that touch, each pair twice.
struct Neighbours {
  double count = 0.0;
  double products = 0.0;  ///< Of their residuals.
  double taken = 0.0;     ///< What a fit to patches of unit scatter takes from that sum.
  Matrix6 across = Matrix6::Zero();

  /// Of the means of two neighbours before the fit took from it.
  double correlation(double rms_m) const {
    if (!(count > 0.0) || !(rms_m > 0.0)) return kLeastShared;
    return std::max(kLeastShared, (products / (rms_m * rms_m) + taken) / count);
  }
};

/// @param fitted  inverse of the normal matrix
Neighbours neighbours_of(const StableAt& at, const Matrix6& fitted) {
  Neighbours out;
  for (const auto& [cube, patch] : at) {
    for (std::int64_t k = 0; k < 27; ++k) {
      const auto found = at.find({cube[0] + k / 9 - 1, cube[1] + k / 3 % 3 - 1, cube[2] + k % 3 - 1});
      if (found == at.end() || found->second == patch) continue;
      const GroundPatch& other = *found->second;
      out.count += 1.0;
      out.products += patch->residual * other.residual;
      out.taken += std::sqrt(patch->matched * other.matched) * patch->row.dot(fitted * other.row);
      out.across += patch->matched * other.matched * patch->row * other.row.transpose();
    }
  }
  return out;
}

/// What neighbours share adds where their rows are alike and cancels where they oppose: nowhere to less than independent
/// patches have.
Eigen::MatrixXd with_shared(const Eigen::MatrixXd& alone, const Eigen::MatrixXd& across, double correlation) {
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> pair(across, alone);
  if (pair.info() != Eigen::Success) return Eigen::MatrixXd::Constant(alone.rows(), alone.cols(), std::nan(""));
  const Eigen::MatrixXd axes = alone * pair.eigenvectors();
  const Eigen::VectorXd more = (1.0 + correlation * pair.eigenvalues().array()).max(1.0);
  return axes * more.asDiagonal() * axes.transpose();
}

}  // namespace

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
  for (const std::size_t k : smooth) {
    const Eigen::Vector3d p = transform * epoch.point(k) / rules.side_m;
    Cube cube{};
    for (std::size_t c = 0; c < 3; ++c) cube[c] = static_cast<std::int64_t>(std::floor(p[static_cast<Eigen::Index>(c)]));
    order.emplace_back(cube, k);
  }
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
}

void GroundPatches::judge(const Eigen::Isometry3d& transform, const Pairing& how, double outlier_m, double floor_m,
                          const Run& run) {
  outlier_m_ = outlier_m;
  for_blocks(
      patches_.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          GroundPatch& patch = patches_[i];
          double sum = 0.0;
          double square = 0.0;
          patch.matched = 0.0;
          patch.row.setZero();
          patch.place_m.setZero();
          for (std::size_t k = patch.begin; k < patch.end; ++k) {
            PlanePair& pair = pairs_[k];
            pair = pair_of(epoch_, planes_[k], reference_, transform, how);
            patch.place_m += transform * epoch_.point(planes_[k]);
            if (!pair.found || std::abs(pair.residual) > outlier_m) continue;
            patch.matched += 1.0;
            sum += pair.residual;
            square += pair.residual * pair.residual;
            patch.row += pair.row;
          }
          const auto planes = static_cast<double>(patch.end - patch.begin);
          patch.place_m /= planes;
          patch.matching = patch.matched >= kFewestPlanes;
          patch.comparable = patch.matching;
          patch.share = patch.matched / planes;
          if (patch.matched == 0.0) continue;
          patch.row /= patch.matched;
          patch.residual = sum / patch.matched;
          patch.scatter = std::sqrt(std::max(0.0, square / patch.matched - patch.residual * patch.residual));
          patch.error = patch.scatter / std::sqrt(patch.matched);
        }
      },
      run, {}, 16);
  // A border of what moved runs through a patch that scatters more than others.
  std::vector<double> scatters;
  for (const GroundPatch& patch : patches_) {
    if (patch.comparable) scatters.push_back(patch.scatter);
  }
  const double most = scatters.empty() ? 0.0 : kMixed * median(std::move(scatters));
  for (GroundPatch& patch : patches_) patch.comparable = patch.comparable && patch.scatter <= most;
  // CellPlanes of noisy scans miss each other everywhere: as many as usual are asked for.
  std::vector<double> shares;
  for (const GroundPatch& patch : patches_) {
    if (patch.comparable) shares.push_back(patch.share);
  }
  const double usual = shares.empty() ? 1.0 : quantile(std::move(shares), kUsual);
  for (GroundPatch& patch : patches_) patch.comparable = patch.comparable && patch.share >= rules_.least_matched * usual;
  std::vector<double> size;
  for (const GroundPatch& patch : patches_) {
    if (patch.comparable) size.push_back(std::abs(patch.residual));
  }
  const double scatter = size.empty() ? 0.0 : quantile(std::move(size), kCore) / kCoreToSigma;
  for (GroundPatch& patch : patches_) {
    const double limit = std::max(rules_.moved_sigma * std::max(patch.error, scatter), floor_m);
    patch.stable = patch.comparable && std::abs(patch.residual) < limit;
  }
}

Vector6 GroundPatches::consensus(const Motions& free, double floor_m, const Run& run) const {
  std::vector<const GroundPatch*> used;
  for (const GroundPatch& patch : patches_) {
    if (patch.matching) used.push_back(&patch);
  }
  if (used.size() < static_cast<std::size_t>(rules_.least_patches)) return Vector6::Zero();
  std::vector<double> errors;
  for (const GroundPatch* patch : used) errors.push_back(patch->error);
  const double limit = std::max(rules_.moved_sigma * median(std::move(errors)), floor_m);
  const Told directions =
      equations(false, std::numeric_limits<double>::infinity(), run).told(free, rules_.length_m, 1.0 / kOfAPatch, 0.0);
  if (directions.told.cols() == 0) return Vector6::Zero();
  return Consensus(std::move(used), directions.told).best(limit, run);
}

std::size_t GroundPatches::rivals(const Told& directions, const Run& run) const {
  std::vector<const GroundPatch*> others;
  for (const GroundPatch& patch : patches_) {
    if (patch.comparable && !patch.stable) others.push_back(&patch);
  }
  if (others.size() < static_cast<std::size_t>(rules_.least_patches)) return 0;
  double rms = 0.0;
  static_cast<void>(covariance(directions, rms));
  if (directions.told.cols() == 0) return 0;
  const Vector6 motion = Consensus(others, directions.told).best(rules_.moved_sigma * rms, run);
  std::size_t count = 0;
  for (const GroundPatch* patch : others) {
    const double limit = rules_.moved_sigma * std::max(patch->error, rms);
    count += std::abs(patch->residual - patch->row.dot(motion)) < limit ? 1 : 0;
  }
  return count;
}

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

Matrix6 GroundPatches::covariance(const Told& directions, double& rms_m) const {
  constexpr double kUnknowns = 6.0;
  StableAt at;
  Matrix6 normal = Matrix6::Zero();
  Matrix6 spread = Matrix6::Zero();
  double square = 0.0;
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    const GroundPatch& patch = patches_[i];
    if (!patch.stable) continue;
    at.emplace(cubes_[i], &patch);
    normal += patch.matched * patch.row * patch.row.transpose();
    spread += patch.matched * patch.matched * patch.row * patch.row.transpose();
    square += patch.residual * patch.residual;
  }
  const auto n = static_cast<double>(at.size());
  if (n <= kUnknowns) return Matrix6::Constant(std::numeric_limits<double>::quiet_NaN());
  rms_m = std::sqrt(square / (n - kUnknowns));
  const double few = 1.0 + 4.6 / (n - kUnknowns);  // Six unknowns and a scatter of few patches: Fisher's F for chi squared.
  // Along what is told; noise of normals is in the matrix, but not in how the motion answers.
  const Motions& told = directions.told;
  if (told.cols() == 0) return Matrix6::Zero();
  const Eigen::LDLT<Eigen::MatrixXd> solver(told.transpose() * normal * told);
  const Eigen::MatrixXd fit = solver.solve(Eigen::MatrixXd(told.transpose()));
  const Neighbours neighbours = neighbours_of(at, told * fit);
  const Eigen::MatrixXd meat =
      with_shared(told.transpose() * spread * told, told.transpose() * neighbours.across * told, neighbours.correlation(rms_m));
  const Eigen::MatrixXd answer =
      told * directions.share.cwiseInverse().asDiagonal() * solver.solve(Eigen::MatrixXd::Identity(told.cols(), told.cols()));
  return few * kShared * kShared * rms_m * rms_m * answer * meat * answer.transpose();
}

std::size_t GroundPatches::matching_count() const {
  return static_cast<std::size_t>(
      std::count_if(patches_.begin(), patches_.end(), [](const GroundPatch& p) { return p.matching; }));
}

std::size_t GroundPatches::stable_count() const {
  return static_cast<std::size_t>(std::count_if(patches_.begin(), patches_.end(), [](const GroundPatch& p) { return p.stable; }));
}

}  // namespace highwall
