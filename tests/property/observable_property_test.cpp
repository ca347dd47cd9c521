// Registration on ground that leaves directions open: named, not moved, and with covariances that say so.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "algorithms/align/piecewise.hpp"
#include "datasets/random.hpp"

namespace highwall {
namespace {

constexpr double kSpacing_m = 0.15;

/// One random point a lattice cell of (u, y), noise of 3 mm.
Points scan(std::uint64_t seed, double side_m, const std::function<Eigen::Vector3d(double u, double y)>& surface) {
  const Random place(seed, 1);
  const Random noise(seed, 2);
  const auto cells = static_cast<Eigen::Index>(std::lround(side_m / kSpacing_m));
  Points out(cells * cells, 3);
  for (Eigen::Index i = 0; i < cells * cells; ++i) {
    const auto k = static_cast<std::uint64_t>(i);
    Eigen::Vector3d p = surface((static_cast<double>(i % cells) + place.uniform(2 * k)) * kSpacing_m,
                                (static_cast<double>(i / cells) + place.uniform(2 * k + 1)) * kSpacing_m);
    for (std::uint64_t c = 0; c < 3; ++c) p[static_cast<Eigen::Index>(c)] += 0.003 * noise.normal(3 * k + c);
    out.row(i) = p.transpose();
  }
  return out;
}

Eigen::Vector3d plane(double u, double y) { return {u, y, 0.1 * u}; }

/// Faces and berms, the same all along y.
Eigen::Vector3d benches(double u, double y) {
  const double bench = std::floor(u / 10.0);
  const double on = u - 10.0 * bench;
  if (on < 6.0) return {-6.0 * bench - 0.3 * on, y, 5.7 * bench + 0.95 * on};
  return {-6.0 * bench - 1.8 - (on - 6.0), y, 5.7 * bench + 5.7};
}

/// Standard deviation of the translation along a direction.
double sigma(const Registration& r, const Eigen::Vector3d& along) {
  return std::sqrt(along.dot(r.covariance.topLeftCorner<3, 3>() * along));
}

TEST(Observable, OnAPlaneOnlyItsNormalIsMoved) {
  const Eigen::Vector3d normal = Eigen::Vector3d(-0.1, 0.0, 1.0).normalized();
  for (const std::uint64_t seed : {1U, 3U, 5U}) {
    for (const char* ground : {"stable", "all"}) {
      const Points reference = scan(seed, 24.0, plane);
      Points epoch = scan(seed + 1, 24.0, plane);
      epoch.rowwise() += (Eigen::Vector3d(0.2, 0.3, 0.02) - 0.02 * normal).transpose();
      PiecewiseOptions options;
      options.ground = ground;
      const Registration r = register_piecewise(epoch, reference, options, highwall::Run(2));
      const Eigen::Vector3d moved = r.transform * r.centre_m - r.centre_m;
      EXPECT_NE(r.verdict.find("not observable"), std::string::npos) << r.verdict;
      EXPECT_EQ(r.not_observable.cols(), 3) << r.verdict;
      const double truth = -normal.dot(Eigen::Vector3d(0.2, 0.3, 0.02)) + 0.02;
      EXPECT_NEAR(normal.dot(moved), truth, 5.0 * sigma(r, normal)) << r.verdict;
      EXPECT_LT(sigma(r, normal), 0.001);
      EXPECT_LT((moved - normal.dot(moved) * normal).norm(), 0.001) << moved.transpose();
      for (const Eigen::Vector3d& along : {Eigen::Vector3d(0.0, 1.0, 0.0), Eigen::Vector3d(1.0, 0.0, 0.1).normalized().eval()}) {
        EXPECT_NEAR(sigma(r, along), options.expected_shift_m, 0.05);
      }
    }
  }
}

TEST(Observable, AlongTheStrikeOfAUniformWallNothingIsMoved) {
  // The scanned window goes with the ground, or stays where the scanner put it: borders tell neither.
  for (const double window : {0.0, 0.4}) {
    for (const std::uint64_t seed : {1U, 3U, 5U}) {
      const Points reference = scan(seed, 36.0, benches);
      Points epoch = scan(seed + 1, 36.0, benches);
      epoch.rowwise() += Eigen::RowVector3d(0.03, window, -0.02);
      PiecewiseOptions options;
      options.expected_shift_m = 0.5;
      const Registration r = register_piecewise(epoch, reference, options, highwall::Run(2));
      const Eigen::Vector3d moved = r.transform * r.centre_m - r.centre_m;
      ASSERT_EQ(r.not_observable.cols(), 1) << r.verdict;
      EXPECT_GT(std::abs(r.not_observable(1, 0)), 0.99) << r.not_observable.transpose();
      EXPECT_NE(r.verdict.find("not observable, left as it came, to 0.5 m: a shift along (0.00, "), std::string::npos)
          << r.verdict;
      EXPECT_LT(std::abs(moved.y()), 0.001) << r.verdict;
      EXPECT_NEAR(sigma(r, Eigen::Vector3d::UnitY()), 0.5, 0.01);
      EXPECT_NEAR(moved.x(), -0.03, 5.0 * sigma(r, Eigen::Vector3d::UnitX())) << r.verdict;
      EXPECT_NEAR(moved.z(), 0.02, 5.0 * sigma(r, Eigen::Vector3d::UnitZ())) << r.verdict;
      EXPECT_LT(sigma(r, Eigen::Vector3d::UnitX()), 0.001);
    }
  }
}

TEST(Observable, ACloudOnItselfIsNotMovedAndNothingIsLeft) {
  const Points reference = scan(9, 24.0, [](double u, double y) {
    return Eigen::Vector3d(u, y, 0.3 * std::sin(1.3 * u + 0.4 * y) + 0.3 * std::cos(1.1 * y - 0.3 * u));
  });
  const Registration r = register_piecewise(reference, reference, PiecewiseOptions{}, highwall::Run(2));
  EXPECT_EQ(r.not_observable.cols() + r.not_significant.cols(), 0) << r.verdict;
  EXPECT_LT((r.transform * r.centre_m - r.centre_m).norm(), 1e-9);
}

}  // namespace
}  // namespace highwall
