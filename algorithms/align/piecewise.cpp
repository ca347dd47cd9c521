#include "algorithms/align/piecewise.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <unordered_map>

#include "algorithms/align/rigid_motion.hpp"
#include "algorithms/compare/planes.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;

constexpr Eigen::Index kFewestMeans = 1000;

/// Key of a cubic cell.
std::uint64_t cell_of(const Eigen::Vector3d& p, double side) {
  const auto part = [&](double v) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::floor(v / side)) + (1 << 20)) & 0x1FFFFF;
  };
  return part(p.x()) << 42 | part(p.y()) << 21 | part(p.z());
}

/// Means of the points of each cubic cell, in order of the cells' first points.
Points thinned(const Points& points, double side) {
  std::unordered_map<std::uint64_t, std::size_t> rows;
  std::vector<Eigen::Vector3d> sum;
  std::vector<double> count;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const Eigen::Vector3d p = points.row(i).transpose();
    const auto [found, added] = rows.try_emplace(cell_of(p, side), sum.size());
    if (added) {
      sum.push_back(Eigen::Vector3d::Zero());
      count.push_back(0.0);
    }
    sum[found->second] += p;
    count[found->second] += 1.0;
  }
  Points out(static_cast<Eigen::Index>(sum.size()), 3);
  for (std::size_t k = 0; k < sum.size(); ++k) out.row(static_cast<Eigen::Index>(k)) = (sum[k] / count[k]).transpose();
  return out;
}

/// A source plane and what it found in the reference: residual = row . motion.
struct Match {
  bool found = false;
  Vector6 row = Vector6::Zero();
  double residual = 0.0;
  Eigen::Vector3d place = Eigen::Vector3d::Zero();
};

struct Matching {
  double gate_m;
  double least_cosine;
  double largest_rms_before;
  double largest_rms_after;
};

std::vector<Match> match(const Planes& source, const Planes& target, const Eigen::Isometry3d& transform,
                         const Eigen::Vector3d& centre, const Matching& how, const Run& run) {
  std::vector<Match> matches(source.size());
  for_blocks(
      source.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          if (!(source.rms[k] <= how.largest_rms_after)) continue;
          const auto row = static_cast<Eigen::Index>(k);
          const Eigen::Vector3d p = transform * Eigen::Vector3d(source.centre.row(row).transpose());
          const std::size_t t = target.nearest(p, how.gate_m);
          if (t == target.size() || !(target.rms[t] <= how.largest_rms_before)) continue;
          const Eigen::Vector3d n1 = target.normal.row(static_cast<Eigen::Index>(t)).transpose();
          const Eigen::Vector3d n2 = transform.linear() * Eigen::Vector3d(source.normal.row(row).transpose());
          const double cosine = n1.dot(n2);
          if (std::abs(cosine) < how.least_cosine) continue;
          const Eigen::Vector3d n = (cosine < 0.0 ? Eigen::Vector3d(n1 - n2) : Eigen::Vector3d(n1 + n2)).normalized();
          Match& m = matches[k];
          m.found = true;
          m.place = p;
          m.residual = n.dot(Eigen::Vector3d(target.centre.row(static_cast<Eigen::Index>(t)).transpose()) - p);
          m.row << n, (p - centre).cross(n);
        }
      },
      run, {}, 256);
  return matches;
}

struct Normal {
  Matrix6 matrix = Matrix6::Zero();
  Vector6 right = Vector6::Zero();
  void add(const Vector6& row, double residual, double weight) {
    matrix += weight * row * row.transpose();
    right += weight * residual * row;
  }
  void add(const Normal& other) {
    matrix += other.matrix;
    right += other.right;
  }
};

double robust_sigma(const std::vector<Match>& matches, const std::vector<std::uint8_t>* kept) {
  std::vector<double> size;
  for (std::size_t k = 0; k < matches.size(); ++k) {
    if (matches[k].found && (kept == nullptr || (*kept)[k] != 0)) size.push_back(std::abs(matches[k].residual));
  }
  return size.empty() ? 0.0 : kMadToSigma * median(std::move(size));
}

/// One weighted step; Tukey's weights with the given cut-off.
Vector6 step(const std::vector<Match>& matches, const std::vector<std::uint8_t>* kept, double cut_off, const Run& run) {
  const Normal normal = reduce_blocks(
      matches.size(), Normal{},
      [&](const Block& block) {
        Normal part;
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const Match& m = matches[k];
          if (!m.found || (kept != nullptr && (*kept)[k] == 0)) continue;
          const double u = m.residual / cut_off;
          if (std::abs(u) >= 1.0) continue;
          part.add(m.row, m.residual, (1.0 - u * u) * (1.0 - u * u));
        }
        return part;
      },
      [](Normal& a, Normal&& b) { a.add(b); }, run, {}, 256);
  const Eigen::LDLT<Matrix6> solver(normal.matrix);
  if (!(solver.vectorD().minCoeff() > 0.0)) return Vector6::Constant(std::numeric_limits<double>::quiet_NaN());
  return solver.solve(normal.right);
}

double rms_limit(const Planes& planes, double share) {
  std::vector<double> finite;
  for (const double v : planes.rms) {
    if (std::isfinite(v)) finite.push_back(v);
  }
  return finite.empty() ? 0.0 : quantile(std::move(finite), share);
}

/// The patches of the fine level: planar source planes by the cube of the reference that they fall in.
struct Patch {
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  double planar = 0.0;
  double matched = 0.0;
  double residual = 0.0;
  double square = 0.0;
  Vector6 row = Vector6::Zero();
  bool stable = false;
  double mean() const { return residual / matched; }
  double error() const { return std::sqrt(std::max(0.0, square / matched - mean() * mean()) / matched); }
};

class Fine {
 public:
  Fine(const Planes& source, const PiecewiseOptions& options, double spacing_m)
      : source_(source), options_(options), spacing_m_(spacing_m) {}

  /// Sorts the matches into patches and tells which rest.
  void judge(const std::vector<Match>& matches, const Eigen::Isometry3d& transform, double largest_rms, double sigma,
             double tolerance) {
    const double side = options_.patch_spacings * spacing_m_;
    const double outlier = std::max(3.5 * sigma, options_.moved_spacings * spacing_m_);
    std::unordered_map<std::uint64_t, std::size_t> at;
    patches.clear();
    patch_of_.assign(matches.size(), std::numeric_limits<std::size_t>::max());
    for (std::size_t k = 0; k < matches.size(); ++k) {
      if (!(source_.rms[k] <= largest_rms)) continue;
      const Eigen::Vector3d p = transform * Eigen::Vector3d(source_.centre.row(static_cast<Eigen::Index>(k)).transpose());
      const auto [found, added] = at.try_emplace(cell_of(p, side), patches.size());
      if (added) patches.emplace_back();
      Patch& patch = patches[found->second];
      patch_of_[k] = found->second;
      patch.planar += 1.0;
      patch.sum += p;
      const Match& m = matches[k];
      if (!m.found || std::abs(m.residual) > outlier) continue;
      patch.matched += 1.0;
      patch.residual += m.residual;
      patch.square += m.residual * m.residual;
      patch.row += m.row;
    }
    stable_count = 0;
    kept.assign(matches.size(), 0);
    for (Patch& patch : patches) {
      if (patch.matched < kFewest || patch.matched < options_.least_matched * patch.planar) continue;
      const double limit = std::max({options_.moved_sigma * patch.error(), options_.moved_spacings * spacing_m_, tolerance});
      patch.stable = std::abs(patch.mean()) < limit;
      stable_count += patch.stable ? 1 : 0;
    }
    for (std::size_t k = 0; k < matches.size(); ++k) {
      kept[k] = patch_of_[k] < patches.size() && patches[patch_of_[k]].stable && std::abs(matches[k].residual) <= outlier ? 1 : 0;
    }
  }

  /// The motion that most patches agree on, of many that six of them each give (Fischler and Bolles 1981,
  /// doi:10.1145/358669.358692): least squares of all would be drawn by what moved as a block.
  Vector6 consensus(double length_m) const {
    std::vector<const Patch*> used;
    std::vector<double> errors;
    for (const Patch& patch : patches) {
      if (patch.matched < kFewest || patch.matched < options_.least_matched * patch.planar) continue;
      used.push_back(&patch);
      errors.push_back(patch.error());
    }
    if (used.size() < static_cast<std::size_t>(options_.least_patches)) return Vector6::Zero();
    const double limit = std::max(options_.moved_sigma * median(std::move(errors)), options_.moved_spacings * spacing_m_);
    Vector6 scale = Vector6::Ones();
    scale.tail<3>() /= length_m;  // Turns as shifts at the cloud's rim, so that the equations are of one size.
    const auto fit = [&](const std::vector<const Patch*>& some) -> Vector6 {
      Matrix6 normal = Matrix6::Zero();
      Vector6 right = Vector6::Zero();
      for (const Patch* patch : some) {
        const Vector6 row = (patch->row / patch->matched).cwiseProduct(scale);
        normal += row * row.transpose();
        right += patch->mean() * row;
      }
      const Eigen::LDLT<Matrix6> solver(normal);
      if (!(solver.vectorD().minCoeff() > 1e-6 * solver.vectorD().maxCoeff())) return Vector6::Constant(std::nan(""));
      return solver.solve(right).cwiseProduct(scale);
    };
    const auto agree = [&](const Vector6& motion) {
      std::vector<const Patch*> inside;
      for (const Patch* patch : used) {
        if (std::abs(patch->mean() - patch->row.dot(motion) / patch->matched) < limit) inside.push_back(patch);
      }
      return inside;
    };
    std::vector<const Patch*> best = agree(Vector6::Zero());
    std::uint64_t state = 1;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<const Patch*> some;
      for (int k = 0; k < 8; ++k) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        some.push_back(used[static_cast<std::size_t>((state >> 33U) % used.size())]);
      }
      const Vector6 motion = fit(some);
      if (!motion.allFinite()) continue;
      std::vector<const Patch*> inside = agree(motion);
      if (inside.size() > best.size()) best = std::move(inside);
    }
    Vector6 motion = fit(best);
    for (int pass = 0; pass < 3 && motion.allFinite(); ++pass) motion = fit(agree(motion));
    return motion.allFinite() ? motion : Vector6::Zero();
  }

  /// The covariance that the scatter of the stable patches' means gives.
  Matrix6 covariance(double& rms) const {
    Matrix6 normal = Matrix6::Zero();
    std::vector<double> means;
    for (const Patch& patch : patches) {
      if (!patch.stable) continue;
      const Vector6 row = patch.row / patch.matched;
      normal += row * row.transpose();
      means.push_back(std::abs(patch.mean()));
    }
    rms = kMadToSigma * median(std::move(means));
    const double stretched = options_.shared * rms;
    return stretched * stretched * normal.ldlt().solve(Matrix6::Identity());
  }

  std::vector<Patch> patches;
  std::vector<std::uint8_t> kept;
  std::size_t stable_count = 0;

 private:
  static constexpr double kFewest = 5.0;
  static constexpr int kTrials = 1000;
  const Planes& source_;
  const PiecewiseOptions& options_;
  double spacing_m_;
  std::vector<std::size_t> patch_of_;
};

}  // namespace

Registration register_piecewise(PointsView epoch, PointsView reference, const PiecewiseOptions& options, const Run& run) {
  validate(options, "register");
  require_same(epoch.frame(), reference.frame(), "registration");
  const Points before = finite_points(reference);
  const Points after = finite_points(epoch);
  constexpr Eigen::Index kFewestPoints = 100;
  if (before.rows() < kFewestPoints || after.rows() < kFewestPoints) {
    throw Error(ErrorKind::input, fmt::format("too few points to register: {} and {}", after.rows(), before.rows()));
  }
  const double spacing = options.spacing_m > 0.0 ? options.spacing_m : point_spacing(before, 1, run);
  if (!(spacing > 0.0)) throw Error(ErrorKind::input, "the reference has too few points to register on");
  Registration out;
  out.centre_m = before.colwise().mean().transpose();

  // Coarse to fine on means of cells; the gate shrinks with them.
  for (double level = options.coarse_spacings; level > 1.5; level /= 2.0) {
    const double cell = level * spacing;
    const Points means = thinned(before, cell);
    if (means.rows() < kFewestMeans && level > 3.0) continue;  // Too few to tell roughness from a turn.
    const Planes target(means, {1.5 * cell, 3.0 * cell}, run);
    const Planes source(thinned(after, cell), {1.5 * cell, 3.0 * cell}, run);
    const Matching how{options.gate_spacings / options.coarse_spacings * cell, std::cos(30.0 * std::numbers::pi / 180.0),
                       rms_limit(target, 0.9), rms_limit(source, 0.9)};
    // Wide first: most of a scan may be one plane that fits at once, and what holds the other directions must not be cut off
    // for it. Then narrow, so that what moved as a block does not pull.
    double tolerance = 0.5 * cell;
    for (std::int64_t k = 0; k < options.iterations; ++k) {
      const std::vector<Match> matches = match(source, target, out.transform, out.centre_m, how, run);
      const Vector6 motion = step(matches, nullptr, std::max(kTukey * robust_sigma(matches, nullptr), tolerance), run);
      if (!motion.allFinite()) break;
      out.transform = rigid_motion(motion, out.centre_m) * out.transform;
      const bool settled = motion.head<3>().norm() < 1e-3 * cell && motion.tail<3>().norm() < 1e-5;
      if (settled && tolerance <= 0.1 * cell) break;
      if (settled || k > options.iterations / 2) tolerance = std::max(0.5 * tolerance, 0.1 * cell);
    }
  }

  const double radius = options.plane_spacings * spacing;
  const Planes target(before, {0.5 * radius, radius}, run);
  const Planes source(after, {0.5 * radius, radius}, run);
  const Matching how{2.0 * spacing, std::cos(options.normal_degrees * std::numbers::pi / 180.0),
                     options.planar_spacings * spacing, options.planar_spacings * spacing};
  Fine fine(source, options, spacing);
  const double least = 1e-3 * spacing;
  double tolerance = 0.2 * spacing;  // What a residual may be beside its scatter: falls to nothing.
  for (int pass = 0; pass < 2; ++pass) {
    const std::vector<Match> matches = match(source, target, out.transform, out.centre_m, how, run);
    fine.judge(matches, out.transform, how.largest_rms_after, std::numeric_limits<double>::infinity(), tolerance);
    const double length = (before.colwise().maxCoeff() - before.colwise().minCoeff()).norm();
    out.transform = rigid_motion(fine.consensus(length), out.centre_m) * out.transform;
    fine.kept.clear();
  }
  for (out.iterations = 1; out.iterations <= options.iterations; ++out.iterations) {
    const std::vector<Match> matches = match(source, target, out.transform, out.centre_m, how, run);
    const double sigma = std::max(robust_sigma(matches, fine.kept.empty() ? nullptr : &fine.kept), tolerance);
    fine.judge(matches, out.transform, how.largest_rms_after, sigma, tolerance);
    if (fine.stable_count < static_cast<std::size_t>(options.least_patches)) break;
    const Vector6 motion = step(matches, &fine.kept, kTukey * sigma, run);
    if (!motion.allFinite()) break;
    out.transform = rigid_motion(motion, out.centre_m) * out.transform;
    const bool settled = motion.head<3>().norm() < 1e-3 * spacing && motion.tail<3>().norm() < 1e-6;
    if (settled && tolerance <= least) break;
    tolerance = std::max(0.6 * tolerance, least);
  }
  out.stable_count = fine.stable_count;
  out.core_m.resize(static_cast<Eigen::Index>(fine.patches.size()), 3);
  for (std::size_t k = 0; k < fine.patches.size(); ++k) {
    const Patch& patch = fine.patches[k];
    out.core_m.row(static_cast<Eigen::Index>(k)) = (patch.sum / patch.planar).transpose();
    out.stable.push_back(patch.stable ? 1 : 0);
  }
  if (out.stable_count < static_cast<std::size_t>(options.least_patches)) {
    throw Error(ErrorKind::input,
                fmt::format("too little stable ground to register on: {} of {} patches", out.stable_count, fine.patches.size()),
                {}, "check that both clouds show the same place and that their frames are near to each other");
  }
  out.covariance = fine.covariance(out.rms_m);
  out.verdict = fmt::format("registered on {} of {} patches, rms of their means {:.2f} mm", out.stable_count, fine.patches.size(),
                            1000.0 * out.rms_m);
  return out;
}

}  // namespace highwall
