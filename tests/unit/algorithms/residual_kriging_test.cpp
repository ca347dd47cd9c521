#include "algorithms/radar/residual_kriging.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>

#include "algorithms/radar/velocity_stream.hpp"
#include "core/statistics.hpp"
#include "tests/support/radar_scene.hpp"

namespace highwall {
namespace {

/// Turbulence of unit variance at places, exponential covariance, one field a call.
class Turbulence {
 public:
  Turbulence(const std::vector<Eigen::Vector2d>& places, double range) {
    const auto n = static_cast<Eigen::Index>(places.size());
    Eigen::MatrixXd c(n, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        c(i, j) = std::exp(-(places[static_cast<std::size_t>(i)] - places[static_cast<std::size_t>(j)]).norm() / range);
      }
    }
    root_ = c.llt().matrixL();
  }
  Eigen::VectorXd next(std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    Eigen::VectorXd white(root_.rows());
    for (double& w : white) w = normal(random);
    return root_ * white;
  }

 private:
  Eigen::MatrixXd root_;
};

ScanGrid plain_grid(std::size_t rows, std::size_t cols) {
  ScanGrid grid;
  grid.rows = rows;
  grid.cols = cols;
  return grid;
}

std::vector<Eigen::Vector2d> places_of(const ScanGrid& grid) {
  std::vector<Eigen::Vector2d> places;
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    places.emplace_back(static_cast<double>(i % grid.cols), static_cast<double>(i / grid.cols));
  }
  return places;
}

TEST(ResidualKriging, TakesOffTurbulenceAlsoWhereNothingIsStable) {
  const ScanGrid grid = plain_grid(32, 32);
  const auto places = places_of(grid);
  Turbulence air(places, 20.0);
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  ResidualKriging kriging(grid);
  // Nothing is known of a square of 8 x 8 cells.
  std::vector<std::uint32_t> stable;
  const auto hidden = [&](std::size_t i) { return i / 32 >= 12 && i / 32 < 20 && i % 32 >= 12 && i % 32 < 20; };
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    if (!hidden(i)) stable.push_back(static_cast<std::uint32_t>(i));
  }
  kriging.set_stable(stable);
  double before = 0.0, after = 0.0, before_hidden = 0.0, after_hidden = 0.0;
  for (int k = 0; k < 120; ++k) {
    const Eigen::VectorXd field = air.next(random);
    double mean = 0.0;
    for (const std::uint32_t i : stable) mean += field[i] / static_cast<double>(stable.size());
    std::vector<float> seen;
    for (const std::uint32_t i : stable) seen.push_back(static_cast<float>(field[i] - mean + 0.3 * normal(random)));
    kriging.fit(seen, stable);
    if (k < 40) continue;
    EXPECT_TRUE(kriging.used()) << k;
    for (std::size_t i = 0; i < grid.cells(); ++i) {
      const double value = field[static_cast<Eigen::Index>(i)] - mean;
      const double left = value - kriging.at(i);
      (hidden(i) ? before_hidden : before) += value * value;
      (hidden(i) ? after_hidden : after) += left * left;
    }
  }
  EXPECT_LT(after, 0.35 * before);
  EXPECT_LT(after_hidden, 0.7 * before_hidden);
  EXPECT_LT(kriging.left_out_rms(), 0.7 * kriging.block_rms());
  // The middle of what is hidden is worse known than the rest.
  EXPECT_GT(kriging.excess_variance(16 * 32 + 16), 0.05);
  EXPECT_LT(kriging.excess_variance(2 * 32 + 2), 0.05);
}

TEST(ResidualKriging, BlocksOfSingleCellsTellNothing) {
  // They cannot tell their noise from what neighbours share.
  const ScanGrid grid = plain_grid(15, 15);
  Turbulence air(places_of(grid), 6.0);
  std::mt19937_64 random(8);
  ResidualKriging kriging(grid);
  std::vector<std::uint32_t> stable(grid.cells());
  for (std::size_t i = 0; i < stable.size(); ++i) stable[i] = static_cast<std::uint32_t>(i);
  kriging.set_stable(stable);
  std::vector<float> seen(stable.size());
  for (int k = 0; k < 60; ++k) {
    const Eigen::VectorXd field = air.next(random);
    for (std::size_t i = 0; i < seen.size(); ++i) seen[i] = static_cast<float>(field[static_cast<Eigen::Index>(i)]);
    kriging.fit(seen, stable);
    EXPECT_FALSE(kriging.used());
    EXPECT_EQ(kriging.at(0), 0.0);
  }
}

TEST(ResidualKriging, WhiteNoiseIsNotCorrected) {
  const ScanGrid grid = plain_grid(32, 32);
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  ResidualKriging kriging(grid);
  std::vector<std::uint32_t> stable(grid.cells());
  for (std::size_t i = 0; i < stable.size(); ++i) stable[i] = static_cast<std::uint32_t>(i);
  kriging.set_stable(stable);
  std::vector<float> seen(stable.size());
  for (int k = 0; k < 200; ++k) {
    for (float& v : seen) v = static_cast<float>(normal(random));
    kriging.fit(seen, stable);
    EXPECT_FALSE(kriging.used()) << k;
  }
}

TEST(ResidualKriging, ABlockThatMovesIsNotCorrectedToRest) {
  const ScanGrid grid = plain_grid(32, 32);
  const auto places = places_of(grid);
  Turbulence air(places, 10.0);
  std::mt19937_64 random(6);
  ResidualKriging kriging(grid);
  std::vector<std::uint32_t> stable(grid.cells());
  for (std::size_t i = 0; i < stable.size(); ++i) stable[i] = static_cast<std::uint32_t>(i);
  kriging.set_stable(stable);
  const auto moves = [&](std::size_t i) { return i / 32 / 2 == 8 && i % 32 / 2 == 8; };
  double told = 0.0;
  for (int k = 0; k < 100; ++k) {
    const Eigen::VectorXd field = air.next(random);
    std::vector<float> seen(stable.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      seen[i] = static_cast<float>(field[static_cast<Eigen::Index>(i)] + (moves(i) && k >= 50 ? 20.0 : 0.0));
    }
    kriging.fit(seen, stable);
    if (k >= 50) told += kriging.at(16 * 32 + 16) / 50.0;
  }
  EXPECT_LT(told, 0.35 * 20.0);
}

TEST(ResidualKriging, MakesVelocitiesSharperAndKeepsTheirIntervalsHonest) {
  RadarScene scene;
  scene.rows = 32;
  scene.cols = 32;
  scene.wander_mm = 0.05;
  const ScanGrid grid = scene.grid();
  std::vector<Eigen::Vector2d> places;
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    const double r = grid.range_m[i / 32];
    places.emplace_back(r * std::sin(grid.azimuth_rad[i % 32]), r * std::cos(grid.azimuth_rad[i % 32]));
  }
  CellMasks masks;
  masks.exclude.resize(grid.cells());
  for (std::size_t i = 0; i < grid.cells(); ++i) masks.exclude[i] = i / 32 >= 13 && i / 32 < 19 && i % 32 >= 13 && i % 32 < 19;
  std::array<double, 2> sigma{};
  std::array<double, 2> inside{};
  double judged = 0.0;
  for (int with = 0; with < 2; ++with) {
    RadarSimulator radar(scene);
    Turbulence air(places, 300.0);
    std::mt19937_64 random(3);
    VelocityStreamOptions options;
    options.windows_h = {1.0, 3.0};
    options.atmosphere = with == 1 ? "kriging" : "trend";
    VelocityStream stream(grid, ScanValue::cumulative, options, masks);
    judged = 0.0;
    for (int k = 0; k < 300; ++k) {
      RadarScan scan = radar.next();
      const Eigen::VectorXd field = air.next(random);
      for (std::size_t i = 0; i < grid.cells(); ++i)
        scan.displacement_m[i] += static_cast<float>(3e-4 * field[static_cast<Eigen::Index>(i)]);
      const VelocityScan& told = stream.push(scan, highwall::Run(1));
      if (k < 100 || k % 12 != 0) continue;
      for (std::size_t i = 0; i < grid.cells(); ++i) {
        if (masks.exclude[i] == 0 || !std::isfinite(told.windows[0].z[i])) continue;
        judged += 1.0;
        sigma[static_cast<std::size_t>(with)] += told.windows[0].sigma_m_per_day[i];
        inside[static_cast<std::size_t>(with)] += std::abs(told.windows[0].z[i]) < kNormal95 ? 1.0 : 0.0;
      }
    }
    if (with == 1) {
      EXPECT_GT(stream.last().atmosphere.blocks_m, 1.5 * stream.last().atmosphere.left_out_m);
      const std::string state = stream.save();
      VelocityStream other = VelocityStream::restore(state, grid, ScanValue::cumulative, options);
      const RadarScan next = radar.next();
      stream.push(next, highwall::Run(1));
      other.push(next, highwall::Run(1));
      EXPECT_TRUE(stream.save() == other.save());
    }
  }
  std::printf("1 h: sigma %.3g with, %.3g without; covers %.3f, %.3f\n", sigma[1] / judged, sigma[0] / judged, inside[1] / judged,
              inside[0] / judged);
  EXPECT_LT(sigma[1], 0.8 * sigma[0]);
  EXPECT_GT(inside[1] / judged, 0.90);
}

}  // namespace
}  // namespace highwall
