#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <cstddef>
#include <vector>

#include "algorithms/compare/planes.hpp"

namespace highwall {

/// How the planes of a patch find those of the other epoch.
struct MatchRules {
  double spacing_m = 0.1;     ///< Distance of neighbouring points.
  double gate_m = 0.3;        ///< Farthest plane that may belong to one.
  double least_cosine = 0.8;  ///< Of the normals of a pair.
  std::size_t most = 1500;    ///< Planes of a patch, evenly taken.
  std::size_t fewest = 100;
};

/// How a patch of the first epoch lies on the second one.
struct PatchFit {
  bool found = false;
  Eigen::Vector3d shift = Eigen::Vector3d::Zero();  ///< Of the patch's middle, m.
  Eigen::Matrix3d turn = Eigen::Matrix3d::Identity();
  /// Of the shift, as if planes were independent, m^2; thinned planes share less, and have what all of them would have.
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  /// Share of the information on the weakest direction that both epochs' normals agree on: 1 = the same relief, about 0 =
  /// noise alone (the correlation of two shaded reliefs, least over all lights).
  double alike = 0.0;
  double misfit = 0.0;   ///< rms of all residuals over that of the neighbours about their planes.
  double matched = 0.0;  ///< Share of the patch's planes that found one.
};

/// Fits patches of the first epoch to the second by planes through neighbours on both sides.
class PatchFitter {
 public:
  PatchFitter(const Planes& before, const Planes& after, const MatchRules& rules)
      : before_(before), after_(after), rules_(rules) {}

  /// The planes within `radius` of the place are the patch. @return how many there are before they are thinned
  std::size_t take(const Eigen::Vector3d& place, double radius);
  const std::vector<std::size_t>& taken() const noexcept { return taken_; }

  /// Iterated from `start`; `turning`: as a rigid body, else shifted only.
  PatchFit fit(const Eigen::Vector3d& start, bool turning);

 private:
  struct Pair {
    Eigen::Vector3d arm, n1, n2;  ///< From the middle to the first plane, turned; the normals of both, turned likewise.
    double residual;
    double expected;  ///< Variance that the planes' own scatter lets expect.
  };
  struct Opposite {
    Eigen::Vector3d normal, to_centre, aside;
    double rms = 0.0;
    bool between = true;  ///< false: there is a plane, but the place is not among the planes around it.
  };
  struct Around {
    double weight;
    Eigen::Vector3d at, normal;
    double height;
  };
  bool opposite(const Eigen::Vector3d& p, const Eigen::Vector3d& n1, bool between, Opposite& out);
  bool lay_between(const Eigen::Vector3d& p, const Eigen::Vector3d& n1, Opposite& out);
  void find_pairs(const PatchFit& at, std::size_t step, bool between);

  const Planes& before_;
  const Planes& after_;
  MatchRules rules_;
  Eigen::Vector3d place_ = Eigen::Vector3d::Zero();
  double radius_ = 1.0;
  double share_ = 1.0;  ///< Of the planes that are there, after thinning.
  std::vector<std::size_t> taken_;
  std::vector<Pair> pairs_;
  std::vector<Around> around_;
  bool in_rows_ = false;   ///< The planes of both epochs lie in patterns that are shifted against each other.
  std::size_t found_ = 0;  ///< Planes that found one, also those that are not used.
  std::vector<double> sizes_;
};

}  // namespace highwall
