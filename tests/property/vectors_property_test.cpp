// Vectors of simulated slopes whose motion is known, and what must hold whatever the clouds.
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <cmath>
#include <cstring>
#include <functional>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/compare/planes.hpp"
#include "algorithms/vectors/vectors.hpp"
#include "core/error.hpp"
#include "core/series.hpp"
#include "tests/support/beamed_wall.hpp"
#include "tests/support/rough_slope.hpp"

namespace highwall {
namespace {

using Motion = std::function<Eigen::Vector3d(const Eigen::Vector3d&)>;
using Where = std::function<bool(const Eigen::Vector3d&)>;

constexpr double kSide_m = 30.0;

RoughSlope slope() {
  RoughSlope out;
  out.side_m = kSide_m;
  out.spacing_m = 0.1;
  return out;
}

DisplacementField at_places(const Points& places) {
  DisplacementField field = DisplacementField::of_size(static_cast<std::size_t>(places.rows()), Reason::ok);
  field.position_m = places;
  return field;
}

struct Measured {
  DisplacementField field;
  VectorCalibration found;
};

Measured vectors_of(const Points& before, const Points& after, const Points& cores, const VectorOptions& options = {},
                    int threads = 2) {
  Measured out{at_places(cores), {}};
  out.found = measure_vectors(before, after, out.field, {}, nullptr, options, highwall::Run(threads));
  return out;
}

Eigen::Vector3d vector_at(const DisplacementField& f, std::size_t i) {
  return f.vector_m.row(static_cast<Eigen::Index>(i)).transpose();
}
Eigen::Vector3d place_at(const DisplacementField& f, std::size_t i) {
  return f.position_m.row(static_cast<Eigen::Index>(i)).transpose();
}
Eigen::Matrix3d covariance_at(const DisplacementField& f, std::size_t i) {
  const auto c = f.vector_covariance_m2.row(static_cast<Eigen::Index>(i));
  Eigen::Matrix3d m;
  m << c[0], c[1], c[2], c[1], c[3], c[4], c[2], c[4], c[5];
  return m;
}

/// Half of the side of a square about the middle, by plan.
double off_middle(const Eigen::Vector3d& p) { return std::max(std::abs(p.x() - kSide_m / 2.0), std::abs(p.y() - kSide_m / 2.0)); }
bool on_rim(const Eigen::Vector3d& p) { return off_middle(p) > kSide_m / 2.0 - 2.0; }

/// A square of 16 m about the middle moves as one piece.
Motion block(const Eigen::Vector3d& v) {
  return [v](const Eigen::Vector3d& p) { return off_middle(p) < 8.0 ? Eigen::Vector3d(p + v) : p; };
}

TEST(Vectors, KnownMotionComesBackWithinItsIntervals) {
  const Eigen::Vector3d truth(0.06, -0.05, -0.04);
  Eigen::Array3d inside = Eigen::Array3d::Zero();
  double moving = 0.0;
  double resting = 0.0;
  double wrong = 0.0;
  double near = 0.0;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Points before = slope().scan(2 * seed);
    const Points after = slope().scan(2 * seed + 1, block(truth));
    const Measured m = vectors_of(before, after, thin_to_cores(before, 1.0));
    EXPECT_TRUE(m.found.done) << m.found.sentence;
    for (std::size_t i = 0; i < m.field.size(); ++i) {
      const Eigen::Vector3d place = place_at(m.field, i);
      if (on_rim(place)) continue;
      if (off_middle(place) < 5.9) {
        ASSERT_EQ(m.field.reason_vector[i], Reason::ok) << name_of(m.field.reason_vector[i]);
        EXPECT_EQ(m.found.stable[i], 0) << "moving ground was taken for ground at rest";
        const Eigen::Array3d e = (vector_at(m.field, i) - truth).array().abs();
        const Eigen::Matrix3d covariance = covariance_at(m.field, i);
        inside += (e < 1.96 * covariance.diagonal().array().sqrt()).cast<double>();
        near += e.maxCoeff() < 0.01 ? 1.0 : 0.0;
        moving += 1.0;
      } else if (off_middle(place) > 10.1 && m.field.reason_vector[i] == Reason::ok) {
        const Eigen::Vector3d v = vector_at(m.field, i);
        wrong += v.dot(covariance_at(m.field, i).ldlt().solve(v)) > 7.815 ? 1.0 : 0.0;
        resting += 1.0;
      }
    }
  }
  std::printf("inside %.1f %.1f %.1f %%, within 10 mm %.1f %%, false %.1f %% of %.0f\n", 100.0 * inside[0] / moving,
              100.0 * inside[1] / moving, 100.0 * inside[2] / moving, 100.0 * near / moving, 100.0 * wrong / resting, resting);
  EXPECT_GT(moving, 300.0);
  EXPECT_GT(resting, 300.0);
  EXPECT_GT(near / moving, 0.95);
  for (Eigen::Index c = 0; c < 3; ++c) {
    EXPECT_GT(inside[c] / moving, 0.88) << c;
  }
  EXPECT_LT(wrong / resting, 0.09);
  EXPECT_GT(wrong / resting, 0.01);
}

TEST(Vectors, WhatSlidMetresIsFoundOrHasNoVectorButNeverAWrongOne) {
  const Eigen::Vector3d truth(-1.9, 2.1, -1.6);
  const Points before = slope().scan(11);
  const Points after = slope().scan(12, block(truth));
  const Points cores = thin_to_cores(before, 1.0);
  const auto count = [&](double search_m) {
    VectorOptions options;
    options.search_m = search_m;
    const Measured m = vectors_of(before, after, cores, options);
    std::size_t found = 0;
    std::size_t inside = 0;
    for (std::size_t i = 0; i < m.field.size(); ++i) {
      const Eigen::Vector3d place = place_at(m.field, i);
      const double off = off_middle(place);
      if (off < 5.9) ++inside;
      if (m.field.reason_vector[i] != Reason::ok || on_rim(place)) continue;
      const Eigen::Vector3d v = vector_at(m.field, i);
      const Eigen::Vector3d e = off < 8.0 ? Eigen::Vector3d(v - truth) : v;
      const Eigen::Array3d sigma = covariance_at(m.field, i).diagonal().array().sqrt();
      // A core point on the very border may belong to either side.
      if (std::abs(off - 8.0) > 0.3) {
        EXPECT_TRUE((e.array().abs() < 0.02 + 5.0 * sigma).all()) << place.transpose() << ": " << v.transpose();
      }
      if (off < 5.9) ++found;
    }
    EXPECT_GT(inside, 100U);
    return static_cast<double>(found) / static_cast<double>(inside);
  };
  EXPECT_GT(count(4.0), 0.95);
  EXPECT_LT(count(0.0), 0.5) << "without a search few patches find their way, and none a wrong one";
}

TEST(Vectors, GroundWithoutReliefHasNoVector) {
  const auto scan = [](std::uint64_t seed, const std::function<double(double, double)>& height, const Eigen::Vector3d& shift) {
    RoughSlope flat;
    flat.side_m = 12.0;
    flat.spacing_m = 0.1;
    return flat.scan(seed, [&](const Eigen::Vector3d& p) {
      return Eigen::Vector3d(Eigen::Vector3d(p.x(), p.y(), height(p.x(), p.y())) + shift);
    });
  };
  const auto plane = [](double x, double y) { return 0.5 * x + 0.2 * y; };
  const auto ridges = [](double x, double) { return 0.5 * x + 0.2 * std::sin(2.0 * x) + 0.05 * std::sin(7.0 * x); };
  for (const auto& [name, height] :
       {std::pair<const char*, std::function<double(double, double)>>{"plane", plane}, {"uniform along strike", ridges}}) {
    for (const double step : {0.0, 0.08}) {
      SCOPED_TRACE(name);
      const Points before = scan(21, height, Eigen::Vector3d::Zero());
      const Points after = scan(22, height, {0.0, step, step});
      const Measured m = vectors_of(before, after, thin_to_cores(before, 1.0));
      std::size_t open = 0;
      for (std::size_t i = 0; i < m.field.size(); ++i) {
        EXPECT_NE(m.field.reason_vector[i], Reason::ok) << place_at(m.field, i).transpose();
        EXPECT_TRUE(std::isnan(m.field.vector_m(static_cast<Eigen::Index>(i), 0)));
        open += m.field.reason_vector[i] == Reason::not_observable ? 1 : 0;
      }
      EXPECT_GT(static_cast<double>(open), 0.7 * static_cast<double>(m.field.size()));
    }
  }
}

TEST(Vectors, TurnWithTheGround) {
  const Points before = slope().scan(31);
  const Points after = slope().scan(32, block({0.08, 0.03, -0.05}));
  const Points cores = thin_to_cores(before, 2.0);
  Eigen::Isometry3d pose = Eigen::Isometry3d::Identity();
  pose.translate(Eigen::Vector3d(310.0, -125.0, 40.0));
  pose.rotate(Eigen::AngleAxisd(0.7, Eigen::Vector3d(0.2, -0.4, 0.9).normalized()));
  const auto posed = [&](const Points& p) -> Points {
    return (p * pose.linear().transpose()).rowwise() + pose.translation().transpose();
  };
  const Measured as_is = vectors_of(before, after, cores);
  const Measured turned = vectors_of(posed(before), posed(after), posed(cores));
  std::size_t both = 0;
  std::size_t other = 0;
  for (std::size_t i = 0; i < as_is.field.size(); ++i) {
    if (as_is.field.reason_vector[i] != turned.field.reason_vector[i]) ++other;
    if (as_is.field.reason_vector[i] != Reason::ok || turned.field.reason_vector[i] != Reason::ok) continue;
    if (std::abs(off_middle(place_at(as_is.field, i)) - 8.0) < 2.1) continue;
    ++both;
    EXPECT_LT((vector_at(turned.field, i) - pose.linear() * vector_at(as_is.field, i)).norm(), 1e-3);
  }
  EXPECT_GT(both, 60U);
  EXPECT_LT(other, as_is.field.size() / 10);
}

TEST(Vectors, SwappedEpochsGiveTheOppositeVector) {
  const Eigen::Vector3d truth(0.05, 0.04, -0.06);
  const Points before = slope().scan(41);
  const Points after = slope().scan(42, block(truth));
  const Points cores = thin_to_cores(before, 1.5);
  const Measured there = vectors_of(before, after, cores);
  const Measured back = vectors_of(after, before, cores);
  std::size_t both = 0;
  for (std::size_t i = 0; i < there.field.size(); ++i) {
    if (there.field.reason_vector[i] != Reason::ok || back.field.reason_vector[i] != Reason::ok) continue;
    const double off = off_middle(place_at(there.field, i));
    if (off > 5.8 && off < 10.2) continue;
    const Eigen::Array3d sum = (vector_at(there.field, i) + vector_at(back.field, i)).array().abs();
    const Eigen::Array3d sigma = covariance_at(there.field, i).diagonal().array().sqrt();
    EXPECT_TRUE((sum < 4.0 * sigma + 5e-4).all()) << sum.transpose() << " against " << sigma.transpose();
    ++both;
  }
  EXPECT_GT(both, 100U);
}

TEST(Vectors, ABlockThatTopplesHasVectorsThatGrowWithHeight) {
  // Two degrees about a level axis at the foot of the block.
  const Eigen::Vector3d foot(7.0, 15.0, 7.0);
  const Eigen::Matrix3d turn = Eigen::AngleAxisd(0.035, Eigen::Vector3d::UnitY()).toRotationMatrix();
  const Motion topple = [&](const Eigen::Vector3d& p) {
    return off_middle(p) < 8.0 ? Eigen::Vector3d(foot + turn * (p - foot)) : p;
  };
  const Points before = slope().scan(51);
  const Points after = slope().scan(52, topple);
  const Measured m = vectors_of(before, after, thin_to_cores(before, 1.0));
  std::size_t ok = 0;
  std::size_t inside = 0;
  for (std::size_t i = 0; i < m.field.size(); ++i) {
    const Eigen::Vector3d place = place_at(m.field, i);
    if (off_middle(place) > 5.9) continue;
    ++inside;
    if (m.field.reason_vector[i] != Reason::ok) continue;
    ++ok;
    EXPECT_LT((vector_at(m.field, i) - (topple(place) - place)).norm(), 0.03) << place.transpose();
  }
  EXPECT_GT(static_cast<double>(ok), 0.8 * static_cast<double>(inside)) << m.found.sentence;
  EXPECT_GT(m.found.turned, ok / 2) << m.found.sentence;
}

TEST(Vectors, PlanesFollowTheDensityOfPoints) {
  // A third of the ground has a point every 0.25 m only, seen so in both epochs.
  const Eigen::Vector3d truth(0.06, -0.05, -0.04);
  const auto thinned = [](const Points& cloud) {
    Points out(cloud.rows(), 3);
    Eigen::Index n = 0;
    for (Eigen::Index i = 0; i < cloud.rows(); ++i) {
      if (cloud(i, 1) > 20.0 && i % 7 != 0) continue;
      out.row(n++) = cloud.row(i);
    }
    out.conservativeResize(n, 3);
    return out;
  };
  const Motion all = [&](const Eigen::Vector3d& p) { return p.y() > 10.0 ? Eigen::Vector3d(p + truth) : p; };
  const Points before = thinned(slope().scan(91));
  const Points after = thinned(slope().scan(92, all));
  const Points cores = thin_to_cores(before, 1.0);
  const auto sparse_with_vector = [&](double spacing_m) {
    VectorOptions options;
    options.spacing_m = spacing_m;
    options.patch_radius_m = 2.5;
    const Measured m = vectors_of(before, after, cores, options);
    double sparse = 0.0;
    double ok = 0.0;
    for (std::size_t i = 0; i < m.field.size(); ++i) {
      const Eigen::Vector3d place = place_at(m.field, i);
      if (on_rim(place) || place.y() < 23.0) continue;
      sparse += 1.0;
      if (m.field.reason_vector[i] != Reason::ok) continue;
      ok += 1.0;
      const Eigen::Array3d e = (vector_at(m.field, i) - truth).array().abs();
      EXPECT_TRUE((e < 5.0 * covariance_at(m.field, i).diagonal().array().sqrt()).all()) << e.transpose();
    }
    return ok / sparse;
  };
  EXPECT_GT(sparse_with_vector(0.0), 0.9);
  EXPECT_LT(sparse_with_vector(0.1), 0.5) << "planes of the dense ground find too few neighbours";
}

struct OnWall {
  Eigen::Array3d error = Eigen::Array3d::Zero();  ///< Mean, along the wall, up it, out of it.
  Eigen::Array3d covered = Eigen::Array3d::Zero();
  double vectors = 0.0;
  double places = 0.0;
  double false_at_rest = 0.0;
  double at_rest = 0.0;
};

OnWall on_wall(double relief, const Eigen::Vector2d& offset, const Eigen::Vector3d& motion) {
  OnWall out;
  const Eigen::Matrix3d axes = BeamedWall::axes();
  for (const std::uint64_t seed : {1, 2, 3}) {
    const BeamedWall wall(seed, relief);
    const Points before = wall.scan(0, {0.0, 0.0}, Eigen::Vector3d::Zero());
    const Points after = wall.scan(1, offset, motion);
    VectorOptions options;
    options.patch_radius_m = 6.0;
    options.least_stable = 50;
    const Measured m = vectors_of(before, after, thin_to_cores(before, 2.5), options);
    for (std::size_t i = 0; i < m.field.size(); ++i) {
      const Eigen::Vector3d at = axes.transpose() * place_at(m.field, i);
      const double from_middle = at.x() - BeamedWall::kLength_m / 2.0;
      if (at.x() < 7.0 || at.x() > BeamedWall::kLength_m - 7.0 || std::abs(from_middle) < 7.0) continue;
      if (at.y() < 7.0 || at.y() > BeamedWall::kHeight_m - 7.0) continue;
      const bool moves = from_middle > 0.0;
      out.places += moves ? 1.0 : 0.0;
      if (m.field.reason_vector[i] != Reason::ok) continue;
      const Eigen::Vector3d v = axes.transpose() * vector_at(m.field, i);
      const Eigen::Matrix3d covariance = axes.transpose() * covariance_at(m.field, i) * axes;
      if (!moves) {
        out.at_rest += 1.0;
        out.false_at_rest += v.dot(covariance.ldlt().solve(v)) > 7.815 ? 1.0 : 0.0;
        continue;
      }
      const Eigen::Array3d error = (v - motion).array();
      out.vectors += 1.0;
      out.error += error;
      out.covered += (error.abs() < 1.96 * covariance.diagonal().array().sqrt()).cast<double>();
    }
  }
  out.error /= std::max(1.0, out.vectors);
  out.covered /= std::max(1.0, out.vectors);
  std::printf(
      "relief %.2f, offset %.2f %.2f: %.0f of %.0f, mean error %.1f %.1f %.1f mm, covered %.0f %.0f %.0f %%, false %.1f %%\n",
      relief, offset.x(), offset.y(), out.vectors, out.places, 1000.0 * out.error[0], 1000.0 * out.error[1],
      1000.0 * out.error[2], 100.0 * out.covered[0], 100.0 * out.covered[1], 100.0 * out.covered[2],
      100.0 * out.false_at_rest / std::max(1.0, out.at_rest));
  return out;
}

TEST(Vectors, RowsOfBeamsDoNotHoldGroundThatSlidesThroughThem) {
  const Eigen::Vector3d slide(0.0, -0.054, 0.025);
  // Also rows that are the same in both epochs, as of a scanner that stays where it is.
  for (const Eigen::Vector2d& offset : {Eigen::Vector2d(0.0, 0.0), Eigen::Vector2d(0.25, 0.0), Eigen::Vector2d(0.4, -0.3)}) {
    const OnWall rough = on_wall(1.0, offset, slide);
    EXPECT_GT(rough.vectors, 0.9 * rough.places);
    EXPECT_LT(rough.error.abs().maxCoeff(), 0.006) << "a ninth of the slide";
    EXPECT_GT(rough.covered.minCoeff(), 0.85);
    EXPECT_LT(rough.false_at_rest, 0.1 * rough.at_rest);
  }
}

TEST(Vectors, ASlideThatWeakReliefHardlyTellsIsUncertainNotZero) {
  const Eigen::Vector3d slide(0.0, -0.054, 0.025);
  for (const Eigen::Vector2d& offset : {Eigen::Vector2d(0.0, 0.0), Eigen::Vector2d(0.25, 0.0)}) {
    const OnWall weak = on_wall(0.3, offset, slide);
    EXPECT_GT(weak.vectors, 0.5 * weak.places);
    EXPECT_LT(std::abs(weak.error[1]), 0.018) << "a third of the slide";
    EXPECT_GT(weak.covered.minCoeff(), 0.85);
  }
  // Waves shorter than two beams are another relief wherever the beams are.
  const OnWall none = on_wall(0.0, {0.25, 0.0}, slide);
  EXPECT_LT(none.vectors, 0.02 * none.places);
}

TEST(Vectors, ACloudHasNotMovedAgainstItself) {
  for (const Points& cloud : {slope().scan(101), BeamedWall(1, 1.0).scan(0, {0.0, 0.0}, Eigen::Vector3d::Zero())}) {
    VectorOptions options;
    options.patch_radius_m = 3.5;
    const Measured m = vectors_of(cloud, cloud, thin_to_cores(cloud, 2.0), options);
    for (std::size_t i = 0; i < m.field.size(); ++i) {
      if (m.field.reason_vector[i] == Reason::no_fit) continue;
      ASSERT_EQ(m.field.reason_vector[i], Reason::ok) << place_at(m.field, i).transpose();
      EXPECT_LT(vector_at(m.field, i).norm(), 1e-6);
    }
    EXPECT_GT(m.found.measured, 100U);
  }
}

TEST(Vectors, SameBitsOnAnyNumberOfThreads) {
  const Points before = slope().scan(61);
  const Points after = slope().scan(62, block({-1.0, 0.8, 0.4}));
  const Points cores = thin_to_cores(before, 2.5);
  const auto bytes = [&](int threads) {
    const Measured m = vectors_of(before, after, cores, {}, threads);
    std::string out(reinterpret_cast<const char*>(m.field.vector_m.data()), sizeof(double) * 3 * m.field.size());
    out.append(reinterpret_cast<const char*>(m.field.vector_covariance_m2.data()), sizeof(double) * 6 * m.field.size());
    out.append(reinterpret_cast<const char*>(m.field.reason_vector.data()), m.field.size());
    return out + m.found.sentence;
  };
  const std::string one = bytes(1);
  EXPECT_TRUE(one == bytes(2));
  EXPECT_TRUE(one == bytes(3));
}

TEST(Vectors, NoPlaceNoPointAndNoNumberGiveReasons) {
  const Points before = slope().scan(71);
  Points cores(3, 3);
  cores << 15.0, 15.0, 15.0, kNaN, 1.0, 1.0, 500.0, 500.0, 0.0;
  const Points nothing(0, 3);
  const Points one = Points::Constant(1, 3, 15.0);
  for (const Points* after : {&nothing, &one}) {
    const Measured m = vectors_of(before, *after, cores);
    EXPECT_NE(m.field.reason_vector[0], Reason::ok);
    EXPECT_EQ(m.field.reason_vector[1], Reason::not_finite);
    EXPECT_FALSE(m.found.done);
    EXPECT_TRUE(m.field.vector_m.array().isNaN().all());
  }
  const Measured m = vectors_of(before, before, cores);
  EXPECT_EQ(m.field.reason_vector[0], Reason::ok);
  EXPECT_EQ(m.field.reason_vector[1], Reason::not_finite);
  EXPECT_EQ(m.field.reason_vector[2], Reason::no_fit);
  EXPECT_LT(vector_at(m.field, 0).norm(), 1e-9);
  DisplacementField field = at_places(cores);
  EXPECT_THROW(static_cast<void>(measure_vectors(before, before, field, {1}, nullptr, {}, highwall::Run(1))), Error);
}

TEST(Planes, GaussianPlanesAndNearestPointsAreThoseOfBruteForce) {
  RoughSlope small;
  small.side_m = 3.0;
  small.spacing_m = 0.1;
  const Points points = small.scan(81);
  const Planes planes(points, {0.1, 0.25, 0.12}, highwall::Run(2));
  ASSERT_EQ(planes.size(), static_cast<std::size_t>(points.rows()));
  for (std::size_t k = 0; k < planes.size(); k += 7) {
    const Eigen::Vector3d p = planes.point(k);
    double n = 0.0;
    int neighbours = 0;
    Eigen::Vector3d sum = Eigen::Vector3d::Zero();
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      const Eigen::Vector3d q = points.row(i).transpose();
      if ((q - p).norm() > 0.25) continue;
      const double w = std::exp(-0.5 * (q - p).squaredNorm() / (0.12 * 0.12));
      n += w;
      sum += w * q;
      ++neighbours;
    }
    if (neighbours < 6) {
      EXPECT_FALSE(std::isfinite(planes.rms[k]));
      continue;
    }
    const Eigen::Vector3d centre = sum / n;
    Eigen::Matrix3d c = Eigen::Matrix3d::Zero();
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      const Eigen::Vector3d q = points.row(i).transpose();
      if ((q - p).norm() > 0.25) continue;
      c += std::exp(-0.5 * (q - p).squaredNorm() / (0.12 * 0.12)) / n * (q - centre) * (q - centre).transpose();
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(c);
    const auto row = static_cast<Eigen::Index>(k);
    EXPECT_LT((planes.centre.row(row).transpose() - centre).norm(), 1e-9);
    EXPECT_GT(std::abs(planes.normal.row(row).dot(solver.eigenvectors().col(0))), 1.0 - 1e-9);
    EXPECT_NEAR(planes.rms[k], std::sqrt(solver.eigenvalues()[0]), 1e-9);

    const Eigen::Vector3d asked = p + Eigen::Vector3d(0.03, -0.02, 0.05);
    Eigen::Index best = 0;
    (points.rowwise() - asked.transpose()).rowwise().squaredNorm().minCoeff(&best);
    EXPECT_EQ(planes.point(planes.nearest(asked, 0.5)), Eigen::Vector3d(points.row(best).transpose()));
  }
  EXPECT_EQ(planes.nearest({50.0, 50.0, 50.0}, 0.5), planes.size());
}

}  // namespace
}  // namespace highwall
