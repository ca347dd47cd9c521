#include "algorithms/align/epoch_graph.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/align/rigid_motion.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;

Eigen::Matrix3d cross_matrix(const Eigen::Vector3d& v) {
  Eigen::Matrix3d m;
  m << 0.0, -v.z(), v.y(), v.z(), 0.0, -v.x(), -v.y(), v.x(), 0.0;
  return m;
}

/// What a small motion about `from` in the coordinates of a posed epoch is about `to` in those of the first.
Matrix6 carried(const Eigen::Isometry3d& pose, const Eigen::Vector3d& from, const Eigen::Vector3d& to) {
  const Eigen::Matrix3d r = pose.rotation();
  Matrix6 m = Matrix6::Zero();
  m.topLeftCorner<3, 3>() = r;
  m.topRightCorner<3, 3>() = -cross_matrix(to - pose * from) * r;
  m.bottomRightCorner<3, 3>() = r;
  return m;
}

/// What the edges say of the new pose, about a first guess, and how far they can be trusted together.
struct Observations {
  std::vector<Vector6> motion;
  Eigen::MatrixXd covariance;
};

struct Adjusted {
  Vector6 motion = Vector6::Zero();
  Matrix6 covariance = Matrix6::Zero();
  Eigen::MatrixXd weights;  ///< 6 x 6k
  double chi2 = 0.0;
};

Adjusted adjust(const Observations& all, const std::vector<std::size_t>& used) {
  const auto n = static_cast<Eigen::Index>(6 * used.size());
  Eigen::MatrixXd covariance(n, n);
  Eigen::VectorXd motion(n);
  Eigen::MatrixXd design(n, 6);
  for (std::size_t a = 0; a < used.size(); ++a) {
    const auto row = static_cast<Eigen::Index>(6 * a);
    motion.segment<6>(row) = all.motion[used[a]];
    design.middleRows<6>(row).setIdentity();
    for (std::size_t b = 0; b < used.size(); ++b) {
      covariance.block<6, 6>(row, static_cast<Eigen::Index>(6 * b)) =
          all.covariance.block<6, 6>(static_cast<Eigen::Index>(6 * used[a]), static_cast<Eigen::Index>(6 * used[b]));
    }
  }
  const Eigen::LDLT<Eigen::MatrixXd> solver(covariance);
  const Eigen::MatrixXd weighted = solver.solve(design);
  Adjusted out;
  out.covariance = (design.transpose() * weighted).ldlt().solve(Matrix6::Identity());
  out.weights = out.covariance * weighted.transpose();
  out.motion = out.weights * motion;
  const Eigen::VectorXd residual = motion - design * out.motion;
  out.chi2 = residual.dot(solver.solve(residual));
  return out;
}

Observations observations_of(const EpochGraph& graph, const std::vector<EpochEdge>& edges, const std::vector<std::size_t>& used,
                             const Eigen::Isometry3d& guess) {
  constexpr double kShared = 0.5;
  Observations out;
  const auto n = static_cast<Eigen::Index>(6 * used.size());
  out.covariance = Eigen::MatrixXd::Zero(n, n);
  std::vector<Matrix6> roots;
  for (const std::size_t e : used) {
    const Eigen::Isometry3d& pose = graph.poses[edges[e].reference].transform;
    out.motion.push_back(motion_of(pose * edges[e].fit.transform * guess.inverse(), graph.centre_m));
    const Matrix6 carry = carried(pose, edges[e].fit.centre_m, graph.centre_m);
    const Matrix6 own = carry * edges[e].fit.covariance * carry.transpose();
    roots.push_back(own.llt().matrixL());
  }
  for (std::size_t a = 0; a < used.size(); ++a) {
    for (std::size_t b = 0; b < used.size(); ++b) {
      const auto from = static_cast<Eigen::Index>(6 * edges[used[a]].reference);
      const auto to = static_cast<Eigen::Index>(6 * edges[used[b]].reference);
      out.covariance.block<6, 6>(static_cast<Eigen::Index>(6 * a), static_cast<Eigen::Index>(6 * b)) =
          graph.joint.block<6, 6>(from, to) + (a == b ? 1.0 : kShared) * roots[a] * roots[b].transpose();
    }
  }
  return out;
}

/// Drops the edges that contradict the others, and says so.
Adjusted agreed(const Observations& all, std::vector<std::size_t>& kept, const std::vector<std::size_t>& used,
                std::vector<EpochEdge>& edges, double limit, std::string& verdict) {
  Adjusted best = adjust(all, kept);
  // Each edge beyond the first closes a loop of six conditions; the limit is that of one loop.
  while (kept.size() > 1 && best.chi2 > limit * static_cast<double>(kept.size() - 1)) {
    std::size_t worst = kept.size() - 1;
    Adjusted rest;
    rest.chi2 = std::numeric_limits<double>::infinity();
    if (kept.size() == 2) {
      worst = edges[used[kept[0]]].reference == 0 ? 1 : 0;
      rest = adjust(all, {kept[1 - worst]});
      verdict += "; the two ties contradict each other and the other stands alone";
    } else {
      for (std::size_t k = 0; k < kept.size(); ++k) {
        std::vector<std::size_t> others = kept;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
        Adjusted without = adjust(all, others);
        if (without.chi2 < rest.chi2) rest = std::move(without), worst = k;
      }
    }
    EpochEdge& edge = edges[used[kept[worst]]];
    edge.used = false;
    edge.trouble = fmt::format("contradicts the others: chi squared {:.1f} with it, {:.1f} without", best.chi2, rest.chi2);
    verdict += fmt::format("; the tie to epoch {} {}", edge.reference + 1, edge.trouble);
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(worst));
    best = std::move(rest);
  }
  return best;
}

EpochEdge edge_of(PointsView epoch, PointsView reference, std::size_t index, const PiecewiseOptions& options, const Run& run) {
  EpochEdge edge;
  edge.reference = index;
  try {
    edge.fit = register_piecewise(epoch, reference, options, run);
    edge.used = true;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input) throw;
    edge.trouble = e.what();
  }
  return edge;
}

}  // namespace

void append_epoch(EpochGraph& graph, std::vector<EpochEdge> edges, const SeriesOptions& options) {
  validate(options, "series");
  const std::size_t number = graph.poses.size();
  std::vector<std::size_t> used;
  std::string missing;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    if (edges[e].reference >= number) {
      throw Error(ErrorKind::input,
                  fmt::format("epoch {} is tied to epoch {}, which is not before it", number + 1, edges[e].reference + 1));
    }
    if (edges[e].used)
      used.push_back(e);
    else
      missing += fmt::format("; not tied to epoch {}: {}", edges[e].reference + 1, edges[e].trouble);
  }
  if (used.empty()) {
    throw Error(ErrorKind::input,
                fmt::format("epoch {} shares too little stable ground with the epochs before it{}", number + 1, missing), {},
                "scan more of the ground that rests, or begin a new series");
  }
  EpochPose pose;
  const Eigen::Isometry3d guess = graph.poses[edges[used[0]].reference].transform * edges[used[0]].fit.transform;
  const Observations all = observations_of(graph, edges, used, guess);
  std::vector<std::size_t> kept(used.size());
  for (std::size_t k = 0; k < kept.size(); ++k) kept[k] = k;
  std::string contradictions;
  const Adjusted best = agreed(all, kept, used, edges, options.misclosure_chi2, contradictions);
  pose.transform = rigid_motion(best.motion, graph.centre_m) * guess;
  pose.covariance = best.covariance;
  // What the new pose's error has in common with those of the earlier ones: they come in by its edges.
  const auto before = static_cast<Eigen::Index>(6 * number);
  Eigen::MatrixXd common = Eigen::MatrixXd::Zero(6, before);
  std::string ties;
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const std::size_t reference = edges[used[kept[k]]].reference;
    common += best.weights.middleCols<6>(static_cast<Eigen::Index>(6 * k)) *
              graph.joint.middleRows<6>(static_cast<Eigen::Index>(6 * reference));
    ties += fmt::format("{}{}", k > 0 ? ", " : "", reference + 1);
  }
  graph.joint.conservativeResize(before + 6, before + 6);
  graph.joint.bottomLeftCorner(6, before) = common;
  graph.joint.topRightCorner(before, 6) = common.transpose();
  graph.joint.bottomRightCorner<6, 6>() = pose.covariance;
  pose.verdict = fmt::format("epoch {} rests on epoch {}", number + 1, ties) + contradictions + missing;
  if (!kept.empty()) pose.verdict += edges[used[kept[0]]].fit.left;
  pose.edges = std::move(edges);
  graph.poses.push_back(std::move(pose));
}

EpochGraph register_series(const std::vector<PointsView>& epochs, const SeriesOptions& options, const PiecewiseOptions& piecewise,
                           const Run& run) {
  validate(options, "series");
  if (epochs.empty()) throw Error(ErrorKind::input, "a series of no epochs");
  EpochGraph graph;
  double count = 0.0;
  for (std::size_t i = 0; i < epochs[0].size(); ++i) {
    if (!epochs[0][i].allFinite()) continue;
    graph.centre_m += epochs[0][i];
    count += 1.0;
  }
  if (count > 0.0) graph.centre_m /= count;
  graph.poses.emplace_back();
  graph.poses[0].verdict = "the first epoch, which the others lie on";
  graph.joint = Eigen::MatrixXd::Zero(6, 6);
  for (std::size_t k = 1; k < epochs.size(); ++k) {
    run.progress("series", k, epochs.size());
    std::vector<EpochEdge> edges{edge_of(epochs[k], epochs[0], 0, piecewise, run)};
    for (std::size_t back = 1; back <= static_cast<std::size_t>(options.links) && back < k; ++back) {
      edges.push_back(edge_of(epochs[k], epochs[k - back], k - back, piecewise, run));
    }
    append_epoch(graph, std::move(edges), options);
  }
  return graph;
}

}  // namespace highwall
