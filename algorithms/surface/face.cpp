#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <tuple>

#include <Eigen/Geometry>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/surface/tabulate.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kLink = 1.8;       // Spacings: core points nearer than that are neighbours.
constexpr double kAwayLinks = 3.0;  // Farther from every cluster than that, ground counts as stable.
constexpr std::size_t kSmallBlock = 64;
constexpr std::size_t kFourth = 4;

/// A convex polygon cut by half planes.
class Outline {
 public:
  void square(double half) { corners_ = {{-half, -half}, {half, -half}, {half, half}, {-half, half}}; }
  /// Keeps what fulfils normal . p <= offset.
  void cut(const Eigen::Vector2d& normal, double offset) {
    next_.clear();
    for (std::size_t k = 0; k < corners_.size(); ++k) {
      const Eigen::Vector2d& a = corners_[k];
      const Eigen::Vector2d& b = corners_[(k + 1) % corners_.size()];
      const double da = normal.dot(a) - offset;
      const double db = normal.dot(b) - offset;
      if (da <= 0.0) next_.push_back(a);
      if ((da < 0.0 && db > 0.0) || (da > 0.0 && db < 0.0)) next_.push_back(a + da / (da - db) * (b - a));
    }
    corners_.swap(next_);
  }
  double area() const {
    double twice = 0.0;
    for (std::size_t k = 0; k < corners_.size(); ++k) {
      const Eigen::Vector2d& a = corners_[k];
      const Eigen::Vector2d& b = corners_[(k + 1) % corners_.size()];
      twice += a.x() * b.y() - a.y() * b.x();
    }
    return 0.5 * twice;
  }

 private:
  std::vector<Eigen::Vector2d> corners_;
  std::vector<Eigen::Vector2d> next_;
};

/// Calls visit(row, place) for the finite places within reach of a place, in any order.
template <class Visit>
void near(const CellIndex& index, const std::vector<std::uint32_t>& order, const Points& places, const Eigen::Vector3d& at,
          double reach, Visit&& visit) {
  index.for_runs(at, at, reach, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const Eigen::Vector3d p = places.row(static_cast<Eigen::Index>(order[k])).transpose();
      if ((p - at).norm() <= reach) visit(order[k], p);
    }
  });
}

}  // namespace

Points thin_in_space(PointsView cloud, double spacing_m) {
  std::map<std::tuple<double, double, double>, std::pair<double, std::size_t>> best;
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    const Eigen::Vector3d p = cloud[i];
    if (!p.allFinite()) continue;
    const Eigen::Array3d cube = (p.array() / spacing_m).floor();
    const double distance = (p.array() - (cube + 0.5) * spacing_m).matrix().squaredNorm();
    const auto [found, added] = best.try_emplace({cube.x(), cube.y(), cube.z()}, distance, i);
    if (!added && distance < found->second.first) found->second = {distance, i};
  }
  Points out(static_cast<Eigen::Index>(best.size()), 3);
  Eigen::Index row = 0;
  for (const auto& [cube, nearest] : best) out.row(row++) = cloud[nearest.second].transpose();
  return out;
}

double median_spacing(const Points& places, const Run& run) {
  constexpr Eigen::Index kSampled = 2000;
  // Of every place in a box about evenly many cells: a first guess that is doubled until it finds a neighbour.
  Eigen::Array3d low = Eigen::Array3d::Constant(std::numeric_limits<double>::infinity());
  Eigen::Array3d high = -low;
  double n = 0.0;
  for (Eigen::Index i = 0; i < places.rows(); ++i) {
    if (!places.row(i).allFinite()) continue;
    low = low.min(places.row(i).transpose().array());
    high = high.max(places.row(i).transpose().array());
    n += 1.0;
  }
  const double extent = n > 1.0 ? (high - low).maxCoeff() : 0.0;
  if (!(extent > 0.0) || !std::isfinite(extent)) return kNaN;
  const double guess = extent / std::sqrt(n);
  const CellIndex index(PointsView(places), guess, extent, run);
  const std::vector<std::uint32_t> order = index.order();
  std::vector<double> found;
  std::vector<double> around;
  const Eigen::Index step = places.rows() / kSampled + 1;
  for (Eigen::Index i = 0; i < places.rows(); i += step) {
    if (!places.row(i).allFinite()) continue;
    const Eigen::Vector3d at = places.row(i).transpose();
    for (double reach = guess; around.size() < kFourth && reach < 4.0 * extent; reach *= 2.0) {
      around.clear();
      near(index, order, places, at, reach, [&](std::uint32_t, const Eigen::Vector3d& p) {
        if ((p - at).norm() > 0.0) around.push_back((p - at).norm());
      });
    }
    if (!around.empty()) {
      const auto wanted = static_cast<std::ptrdiff_t>(std::min(kFourth, around.size()) - 1);
      std::nth_element(around.begin(), around.begin() + wanted, around.end());
      found.push_back(around[static_cast<std::size_t>(wanted)]);
    }
    around.clear();
  }
  return median(std::move(found));
}

std::vector<std::vector<std::uint32_t>> neighbours_in_space(const Points& places, double reach_m, const Run& run) {
  std::vector<std::vector<std::uint32_t>> out(static_cast<std::size_t>(places.rows()));
  if (!(reach_m > 0.0)) return out;
  const CellIndex index(PointsView(places), reach_m, reach_m, run);
  const std::vector<std::uint32_t> order = index.order();
  for_blocks(
      out.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const Eigen::Vector3d at = places.row(static_cast<Eigen::Index>(i)).transpose();
          if (!at.allFinite()) continue;
          near(index, order, places, at, reach_m, [&](std::uint32_t j, const Eigen::Vector3d&) {
            if (j != i) out[i].push_back(j);
          });
          std::sort(out[i].begin(), out[i].end());
        }
      },
      run, {}, kSmallBlock);
  return out;
}

std::vector<double> core_areas(const Points& places, const Points& normals, double reach_m, const Run& run) {
  // A border lies half way to a neighbour: farther ones than twice the square's corner cut nothing.
  const auto around = neighbours_in_space(places, 2.0 * std::numbers::sqrt2 * reach_m, run);
  std::vector<double> area(around.size(), kNaN);
  for_blocks(
      area.size(),
      [&](const Block& block) {
        Outline outline;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const auto row = static_cast<Eigen::Index>(i);
          const Eigen::Vector3d normal = normals.row(row).transpose();
          const Eigen::Vector3d at = places.row(row).transpose();
          if (!(normal.norm() > 0.0) || !normal.allFinite() || !at.allFinite()) continue;
          const Eigen::Vector3d u = normal.unitOrthogonal();
          const Eigen::Vector3d v = normal.normalized().cross(u);
          outline.square(reach_m);
          for (const std::uint32_t j : around[i]) {
            const Eigen::Vector3d d = places.row(static_cast<Eigen::Index>(j)).transpose() - at;
            if (d.squaredNorm() > 0.0) outline.cut({u.dot(d), v.dot(d)}, 0.5 * d.squaredNorm());
          }
          area[i] = outline.area();
        }
      },
      run, {}, kSmallBlock);
  return area;
}

VolumeTable face_volumes(const DisplacementField& field, const std::vector<std::uint8_t>& stable,
                         const std::vector<Polygon>& zones, const Registration* registration, const VolumeOptions& options,
                         const Run& run) {
  validate(options, "volume");
  if (!stable.empty() && stable.size() != field.size()) {
    throw Error(ErrorKind::input, "one mark of stable ground a core point is wanted");
  }
  const double spacing = options.spacing_m > 0.0 ? options.spacing_m : median_spacing(field.position_m, run);
  const double link = std::isfinite(spacing) ? kLink * spacing : 0.0;
  ChangePieces pieces;
  pieces.in_plan = false;
  pieces.place_m = field.position_m;
  pieces.shift_row = field.direction;
  pieces.change_m = field.value_m;
  pieces.sigma_m = field.sigma_m;
  pieces.limit_m = field.lod95_m;
  for (std::size_t i = 0; i < field.registration_m.size() && i < pieces.size(); ++i) {
    if (registration == nullptr) break;
    const double apart = pieces.sigma_m[i] * pieces.sigma_m[i] - field.registration_m[i] * field.registration_m[i];
    pieces.sigma_m[i] = std::sqrt(std::max(0.0, apart));
  }
  pieces.area_m2 = std::isfinite(spacing) ? core_areas(field.position_m, field.direction, spacing, run)
                                          : std::vector<double>(field.size(), kNaN);
  const auto neighbours = neighbours_in_space(field.position_m, link, run);
  const auto around = [&](std::size_t i, auto&& visit) {
    for (const std::uint32_t j : neighbours[i]) visit(j);
  };
  Tabulation w{pieces, find_clusters(pieces, around, options.least_area_m2, options.margin), {}, {}, {}, {}, {}};
  pieces.stable = stable;
  if (stable.empty()) {
    pieces.stable.assign(field.size(), 1);
    const auto wide = neighbours_in_space(field.position_m, kAwayLinks * link, run);
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (w.clusters.member[i] == 0) continue;
      pieces.stable[i] = 0;
      for (const std::uint32_t j : wide[i]) pieces.stable[j] = 0;
    }
  }
  w.top_m.resize(field.size());
  w.bottom_m.resize(field.size());
  w.slope_deg.resize(field.size());
  w.seen_once.assign(field.size(), 0);
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    w.top_m[i] = field.position_m(row, 2);
    w.bottom_m[i] = field.position_m(row, 2) + field.direction(row, 2) * field.value_m[i];
    w.slope_deg[i] = std::acos(std::min(1.0, std::abs(field.direction(row, 2)))) * 180.0 / std::numbers::pi;
    w.seen_once[i] = field.reason[i] != Reason::empty_both && !pieces.usable(i) ? 1 : 0;
  }
  w.missing_next = missing_beside(pieces, w.clusters, w.seen_once, around, kGapRings);
  std::vector<double> known;
  if (registration != nullptr) {
    for (std::size_t i = 0; i < field.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      known.push_back(registration->sigma_m(field.position_m.row(row).transpose(), field.direction.row(row).transpose()));
    }
  }
  set_shared(pieces, w.slope_deg, known);
  std::vector<double> floors = options.bench_floors_m;
  for (double& z : floors) z -= field.frame.origin_m[2];
  return tabulate(w, Benches(std::move(floors)), zones, registration, field.frame, options, run);
}

}  // namespace highwall
