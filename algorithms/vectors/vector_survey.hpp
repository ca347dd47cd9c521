#pragma once

#include <cstdint>
#include <vector>

#include "algorithms/compare/planes.hpp"
#include "algorithms/vectors/patch_fit.hpp"
#include "algorithms/vectors/patch_search.hpp"
#include "algorithms/vectors/vectors.hpp"

namespace highwall {

/// What became of a core point.
struct Place {
  PatchFit fit;
  double radius_m = 0.0;
  std::size_t level = 0;
  /// Points that share a plane, over what they are where the spacing is the level's: formal variances times this.
  double shared = 1.0;
  Reason reason = Reason::not_finite;
  bool far = false;
  bool turned = false;
};

/// Patches of one density of points, fitted to the other epoch.
class VectorSurvey {
 public:
  /// @param spacing_m  distance of neighbouring points that planes, gate and range images are made for
  VectorSurvey(const Points& before, const Points& after, double spacing_m, const Points& places, const VectorOptions& options,
               const Run& run);

  bool fits(const PatchFit& f) const;
  /// The listed core points' patches where they were.
  void look(const std::vector<std::uint32_t>& order, std::vector<Place>& places, const Run& run) const;
  /// Those that do not fit: as a block that turns, as a smaller one, and elsewhere.
  void look_again(const std::vector<std::uint32_t>& order, std::vector<Place>& places, const Run& run) const;

  double limit;  ///< Of the misfit.

 private:
  Eigen::Vector3d place_of(std::size_t i) const { return places_.row(static_cast<Eigen::Index>(i)).transpose(); }
  bool is_empty_about(const Eigen::Vector3d& place) const;
  bool otherwise(std::size_t i, const PatchFit& as_it_is, Place& place, PatchFitter& fitter) const;
  void look_again(std::size_t i, Place& place, PatchFitter& fitter, PatchSearch& search) const;

  Planes before_;
  Planes after_;
  const Points& places_;
  const VectorOptions& options_;
  MatchRules rules_;
  SearchRules search_;
};

/// Distance of neighbouring points of a cloud about each of the places, m: from the points in cubes that hold some of them,
/// so that holes do not count. 0 where there are too few.
std::vector<double> local_spacings(const Points& points, const Points& places, double radius_m, const Run& run);

/// The points of the cells of side `reach_m` about the listed places, in their order.
Points points_near(const Points& points, const Points& places, const std::vector<std::uint32_t>& listed, double reach_m);

}  // namespace highwall
