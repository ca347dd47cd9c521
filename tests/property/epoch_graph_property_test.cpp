// Series of epochs: no drift while the first is seen, honest growth where it is not, bad ties named.
#include "algorithms/align/epoch_graph.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;
constexpr double kChi2_999 = 22.46;

Vector6 error_of(const Eigen::Isometry3d& t, const Eigen::Vector3d& centre) {
  const Eigen::AngleAxisd turn(t.rotation());
  Vector6 e;
  e << t * centre - centre, turn.angle() * turn.axis();
  return e;
}

/// A band of the slope, from `first` to `last` along y.
Points band(std::uint64_t seed, double first, double last) {
  RoughSlope s;
  s.side_m = 24.0;
  s.spacing_m = 0.15;
  s.noise_m = 0.003;
  const Points all = s.scan(seed);
  Points out(all.rows(), 3);
  Eigen::Index n = 0;
  for (Eigen::Index i = 0; i < all.rows(); ++i) {
    if (all(i, 1) >= first && all(i, 1) < last) out.row(n++) = all.row(i);
  }
  out.conservativeResize(n, 3);
  return out;
}

TEST(EpochGraph, ErrorsStayWithinTheirEllipsoidsWhileCommonGroundShrinksToNothing) {
  std::vector<Points> clouds;
  for (std::uint64_t k = 0; k < 5; ++k)
    clouds.push_back(band(40 + k, 3.0 * static_cast<double>(k), 3.0 * static_cast<double>(k) + 12.0));
  std::vector<PointsView> views;
  for (const Points& c : clouds) views.emplace_back(c);
  PiecewiseOptions piecewise;
  piecewise.least_patches = 20;
  const EpochGraph graph = register_series(views, {}, piecewise, highwall::Run(2));
  ASSERT_EQ(graph.poses.size(), clouds.size());
  EXPECT_TRUE(graph.poses[1].edges[0].used);
  EXPECT_FALSE(graph.poses[4].edges[0].used) << "epoch 5 shows nothing of the first";
  EXPECT_NE(graph.poses[4].verdict.find("not tied to epoch 1"), std::string::npos) << graph.poses[4].verdict;
  for (std::size_t k = 1; k < clouds.size(); ++k) {
    const EpochPose& pose = graph.poses[k];
    const Vector6 e = error_of(pose.transform, graph.centre_m);
    EXPECT_LT(e.dot(pose.covariance.ldlt().solve(e)), kChi2_999) << pose.verdict;
  }
  // What is carried on is less certain than what sees the first.
  EXPECT_GT(graph.poses[4].covariance.diagonal().head<3>().norm(), graph.poses[1].covariance.diagonal().head<3>().norm());
  // An epoch more changes no pose.
  views.pop_back();
  const EpochGraph shorter = register_series(views, {}, piecewise, highwall::Run(1));
  for (std::size_t k = 0; k < views.size(); ++k) {
    EXPECT_EQ(0, std::memcmp(shorter.poses[k].transform.matrix().data(), graph.poses[k].transform.matrix().data(), 128)) << k;
  }
}

EpochEdge edge(std::size_t reference, double shift_m, double sigma_m) {
  EpochEdge e;
  e.reference = reference;
  e.used = true;
  e.fit.transform.translation().x() = shift_m;
  e.fit.covariance = sigma_m * sigma_m * Matrix6::Identity();
  return e;
}

EpochGraph of_three() {
  EpochGraph graph;
  graph.poses.emplace_back();
  graph.joint = Eigen::MatrixXd::Zero(6, 6);
  append_epoch(graph, {edge(0, 0.0, 1e-3)}, {});
  append_epoch(graph, {edge(0, 0.0, 1e-3), edge(1, 0.001, 1e-3)}, {});
  return graph;
}

TEST(EpochGraph, ABadTieIsNamedAndLeftOut) {
  for (const std::size_t bad : {0U, 1U, 2U}) {
    EpochGraph graph = of_three();
    std::vector<EpochEdge> edges{edge(0, 0.0, 1e-3), edge(2, 0.0, 1e-3), edge(1, 0.0, 1e-3)};
    edges[bad].fit.transform.translation().x() = 0.05;
    const std::size_t reference = edges[bad].reference;
    append_epoch(graph, edges, {});
    const EpochPose& pose = graph.poses.back();
    EXPECT_LT(pose.transform.translation().norm(), 0.002) << bad;
    EXPECT_FALSE(pose.edges[bad].used);
    EXPECT_NE(pose.verdict.find("the tie to epoch " + std::to_string(reference + 1) + " contradicts"), std::string::npos)
        << pose.verdict;
  }
}

TEST(EpochGraph, TwoTiesThatContradictLeaveTheFirstAndSaySo) {
  EpochGraph graph;
  graph.poses.emplace_back();
  graph.joint = Eigen::MatrixXd::Zero(6, 6);
  append_epoch(graph, {edge(0, 0.0, 1e-3)}, {});
  append_epoch(graph, {edge(0, 0.0, 1e-3), edge(1, 0.05, 1e-3)}, {});
  EXPECT_LT(graph.poses.back().transform.translation().norm(), 1e-9);
  EXPECT_NE(graph.poses.back().verdict.find("stands alone"), std::string::npos) << graph.poses.back().verdict;
}

TEST(EpochGraph, TiesDoNotDriftAndStrengthenEachOther) {
  EpochGraph graph = of_three();
  const double direct = 1e-6;  // m^2
  for (int k = 3; k < 30; ++k) {
    append_epoch(graph, {edge(0, 0.0, 1e-3), edge(static_cast<std::size_t>(k - 1), 0.0, 1e-3)}, {});
    EXPECT_LE(graph.poses.back().covariance(0, 0), direct);
    EXPECT_GT(graph.poses.back().covariance(0, 0), 0.4 * direct) << "half of the variance is the epoch's own";
  }
  // Without the first the variance adds up.
  append_epoch(graph, {edge(29, 0.0, 1e-3)}, {});
  EXPECT_GT(graph.poses.back().covariance(0, 0), direct);
}

TEST(EpochGraph, WithoutAnyTieThereIsNoGuess) {
  EpochGraph graph = of_three();
  EpochEdge none = edge(0, 0.0, 1e-3);
  none.used = false;
  none.trouble = "too little stable ground";
  EXPECT_THROW(append_epoch(graph, {none}, {}), Error);
  EXPECT_THROW(append_epoch(graph, {}, {}), Error);
  EXPECT_THROW(append_epoch(graph, {edge(7, 0.0, 1e-3)}, {}), Error);
  EXPECT_THROW(static_cast<void>(register_series({}, {}, {}, highwall::Run(1))), Error);
}

}  // namespace
}  // namespace highwall
