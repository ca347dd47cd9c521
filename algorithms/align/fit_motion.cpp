#include "algorithms/align/fit_motion.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "algorithms/align/ground_motions.hpp"
#include "algorithms/robust_fit.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::size_t kUnknowns = 6;
constexpr std::size_t kFewestToSplit = 50;

/// Distances of the places that have one.
struct Distances {
  std::vector<std::size_t> place;  ///< Rows of the field.
  Eigen::MatrixXd rows;
  Eigen::VectorXd distance_m;
};

Distances distances_of(const DisplacementField& field, const std::vector<std::size_t>& places, const Eigen::Vector3d& centre_m) {
  Distances out{places, Eigen::MatrixXd(static_cast<Eigen::Index>(places.size()), 6),
                Eigen::VectorXd(static_cast<Eigen::Index>(places.size()))};
  for (std::size_t k = 0; k < places.size(); ++k) {
    const auto i = static_cast<Eigen::Index>(places[k]);
    const auto row = static_cast<Eigen::Index>(k);
    out.rows.row(row) =
        distance_row(field.position_m.row(i).transpose() - centre_m, field.direction.row(i).transpose()).transpose();
    out.distance_m[row] = field.value_m[places[k]];
  }
  return out;
}

/// As patches of a cell of the lattice each, eight of which touch one.
PatchResiduals patches_of(const Distances& distances, const DisplacementField& field, double spacing_m) {
  constexpr double kLeast_m = 1e-6;
  using Cell = std::array<std::int64_t, 2>;
  const auto cell_of = [&](std::size_t k) {
    const auto i = static_cast<Eigen::Index>(distances.place[k]);
    return Cell{static_cast<std::int64_t>(std::floor(field.position_m(i, 0) / spacing_m)),
                static_cast<std::int64_t>(std::floor(field.position_m(i, 1) / spacing_m))};
  };
  PatchResiduals out;
  std::map<Cell, std::uint32_t> in;
  for (std::size_t k = 0; k < distances.place.size(); ++k) {
    const auto row = static_cast<Eigen::Index>(k);
    in.emplace(cell_of(k), static_cast<std::uint32_t>(k));
    out.row.emplace_back(distances.rows.row(row).transpose());
    out.residual.push_back(distances.distance_m[row]);
  }
  for (std::size_t k = 0; k < distances.place.size(); ++k) {
    std::vector<std::uint32_t>& touching = out.touching.emplace_back();
    const Cell cell = cell_of(k);
    for (std::int64_t n = 0; n < 9; ++n) {
      const auto found = in.find({cell[0] + n / 3 - 1, cell[1] + n % 3 - 1});
      if (n != 4 && found != in.end()) touching.push_back(found->second);
    }
  }
  std::vector<double> own;
  for (const std::size_t i : distances.place) own.push_back(std::max(field.sigma_m[i], kLeast_m));
  const double times = std::max(1.0, out.scatter_alone(own));
  for (const double sigma : own) out.sigma.push_back(times * sigma);
  return out;
}

/// Leaves out the places that follow another motion, and those beside them.
std::vector<std::size_t> resting(const Distances& distances, const DisplacementField& field, double spacing_m, MotionFit& fit,
                                 const Run& run) {
  if (distances.place.size() < kFewestToSplit) return distances.place;
  const PatchResiduals patches = patches_of(distances, field, spacing_m);
  const double length_m = (field.position_m.colwise().maxCoeff() - field.position_m.colwise().minCoeff()).norm();
  const GroundMotions motions = GroundSplit(patches, all_motions(length_m)).best(run);
  const auto moved = [&](std::uint32_t k) { return motions.of[k] == FollowedMotion::other; };
  std::vector<std::size_t> out;
  std::vector<double> by;
  for (std::uint32_t k = 0; k < patches.size(); ++k) {
    const std::vector<std::uint32_t>& beside = patches.touching[k];
    if (moved(k)) {
      by.push_back(std::abs(patches.row[k].dot(motions.other - motions.rest)));
    } else if (std::none_of(beside.begin(), beside.end(), moved)) {
      out.push_back(distances.place[k]);
    }
  }
  fit.moved_count = by.size();
  if (!by.empty()) fit.moved_by_m = median(std::move(by));
  return out;
}

}  // namespace

MotionFit fit_motion(const DisplacementField& field, const Eigen::Vector3d& centre_m, double spacing_m, const Run& run) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.reason[i] == Reason::ok) used.push_back(i);
  }
  MotionFit fit;
  fit.stable.assign(field.size(), 0);
  fit.comparable = used.size();
  if (used.size() < kUnknowns) return fit;
  const Distances all = distances_of(field, used, centre_m);
  const std::vector<std::size_t> rest = resting(all, field, spacing_m, fit, run);
  if (rest.size() < kUnknowns) return fit;
  const Distances distances = distances_of(field, rest, centre_m);
  // Least absolute values first: Tukey's weights alone keep what a moved block did to the first fit.
  const RobustFit robust = robust_fit(distances.rows, distances.distance_m, {20, 20, 1e-9, 0.0});
  if (!robust.solved) return fit;
  fit.motion = robust.unknowns;
  fit.inverse = robust.inverse;
  fit.sigma = robust.sigma;
  for (std::size_t k = 0; k < rest.size(); ++k) {
    if (std::abs(robust.residual[static_cast<Eigen::Index>(k)]) > 3.0 * fit.sigma) continue;
    fit.stable[rest[k]] = 1;
    ++fit.stable_count;
  }
  return fit;
}

}  // namespace highwall
