#include "algorithms/vectors/vector_calibration.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>

#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kMedianOfThree = 2.366;  // Of chi-squared with three degrees of freedom.
constexpr double kAllOfThree = 16.27;     // Its 99.9 % quantile.
constexpr double kIndependent = 4.0;      // Patches within two radii.
constexpr double kExpectedOfNeighbours = 6.0;
constexpr double kNear = 0.75;  // Of the patch's radius: neighbours that share most of it.
constexpr std::size_t kFewestNeighbours = 4;

double mahalanobis(const Eigen::Vector3d& v, const Eigen::Matrix3d& covariance) {
  return v.dot(Eigen::LDLT<Eigen::Matrix3d>(covariance).solve(v));
}

std::vector<double> squares_of(const std::vector<RawVector>& vectors, const std::vector<std::size_t>& cores) {
  std::vector<double> squares;
  for (const std::size_t i : cores) squares.push_back(mahalanobis(vectors[i].shift, vectors[i].covariance));
  return squares;
}

}  // namespace

double formal_scale(const std::vector<RawVector>& vectors, const std::vector<std::size_t>& cores) {
  const std::vector<double> squares = squares_of(vectors, cores);
  return squares.empty() ? 1.0 : median(squares) / kMedianOfThree;
}

double interval_scale(const std::vector<RawVector>& vectors, const std::vector<std::size_t>& cores) {
  const std::vector<double> squares = squares_of(vectors, cores);
  return squares.empty() ? 1.0 : std::max(median(squares) / kMedianOfThree, quantile(squares, 0.95) / kThreeAtFive);
}

Neighbourhood::Neighbourhood(const Points& places, double reach_m, const Run& run)
    : places_(places), reach_m_(reach_m), index_(PointsView(places), reach_m, reach_m, run), order_(index_.order()) {}

template <class Visit>
void Neighbourhood::near(std::size_t core, double reach, Visit&& visit) const {
  const Eigen::Vector3d place = places_.row(static_cast<Eigen::Index>(core)).transpose();
  index_.for_runs(place, place, reach, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t i = order_[k];
      if ((places_.row(static_cast<Eigen::Index>(i)).transpose() - place).norm() <= reach) visit(i);
    }
  });
}

std::vector<std::size_t> Neighbourhood::at_rest(const std::vector<RawVector>& vectors, double radius_m, double factor,
                                                double sigmas, const Run& run) const {
  std::vector<std::uint8_t> rests(vectors.size(), 0);
  const double scale = factor * factor;
  for_blocks(
      vectors.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (!vectors[i].good || !(mahalanobis(vectors[i].shift, scale * vectors[i].covariance) < kAllOfThree)) continue;
          double n = 0.0;
          Eigen::Vector3d sum = Eigen::Vector3d::Zero();
          Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
          near(i, 2.0 * radius_m, [&](std::size_t j) {
            if (!vectors[j].good) return;
            n += 1.0;
            sum += vectors[j].shift;
            covariance += vectors[j].covariance;
          });
          const double independent = std::min(n, kIndependent);
          rests[i] = mahalanobis(sum / n, scale / (n * independent) * covariance) < sigmas * sigmas ? 1 : 0;
        }
      },
      run);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rests.size(); ++i) {
    if (rests[i] != 0) out.push_back(i);
  }
  return out;
}

std::vector<std::uint8_t> Neighbourhood::outliers(const std::vector<RawVector>& vectors, double factor, double limit,
                                                  const Run& run) const {
  std::vector<std::uint8_t> out(vectors.size(), 0);
  for_blocks(
      vectors.size(),
      [&](const Block& block) {
        std::vector<std::size_t> around;
        std::vector<double> values;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (!vectors[i].good) continue;
          around.clear();
          near(i, reach_m_, [&](std::size_t j) {
            if (j != i && vectors[j].good) around.push_back(j);
          });
          if (around.size() < kFewestNeighbours) continue;
          for (Eigen::Index c = 0; c < 3; ++c) {
            values.clear();
            for (const std::size_t j : around) values.push_back(vectors[j].shift[c]);
            const double middle = median(values);
            for (double& v : values) v = std::abs(v - middle);
            const double spread = kMadToSigma * median(values);
            const double own = factor * std::sqrt(vectors[i].covariance(c, c));
            if (std::abs(vectors[i].shift[c] - middle) > limit * std::hypot(spread, own, kLeastSigma_m)) out[i] = 1;
          }
        }
      },
      run);
  return out;
}

std::vector<Eigen::Matrix3d> Neighbourhood::disagreement(const std::vector<RawVector>& vectors, double radius_m, double factor,
                                                         const Run& run) const {
  std::vector<Eigen::Matrix3d> out(vectors.size(), Eigen::Matrix3d::Zero());
  for_blocks(
      vectors.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (!vectors[i].good) continue;
          double n = 0.0;
          double squares = 0.0;
          Eigen::Matrix3d moment = Eigen::Matrix3d::Zero();
          const Eigen::LDLT<Eigen::Matrix3d> solver(factor * factor * vectors[i].covariance);
          near(i, kNear * radius_m, [&](std::size_t j) {
            if (j == i || !vectors[j].good) return;
            const Eigen::Vector3d d = vectors[j].shift - vectors[i].shift;
            n += 1.0;
            squares += d.dot(solver.solve(d));
            moment += d * d.transpose();
          });
          if (n > 0.0 && squares / n > kExpectedOfNeighbours) out[i] = moment / n;
        }
      },
      run);
  return out;
}

}  // namespace highwall
