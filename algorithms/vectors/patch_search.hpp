#pragma once

#include <Eigen/Core>
#include <vector>

#include "algorithms/compare/planes.hpp"

namespace highwall {

/// How far and how finely a patch is looked for.
struct SearchRules {
  double radius_m = 2.0;
  double reach_m = 4.0;  ///< Farthest move along the patch, and out of it.
  double cell_m = 0.25;
  std::size_t most = 4;  ///< Candidates.
  std::size_t step = 1;  ///< Of the second epoch's points each so many-th is enough.
};

/// Looks for a patch of the first epoch in the second by its range image: heights over the patch's mean plane in square
/// cells, moved cell by cell over those of the second epoch; the mean square of the height differences about their mean is
/// to be small. (Range images of a landslide in motion: Ghuffar et al. 2013, doi:10.3390/rs5062720.)
class PatchSearch {
 public:
  PatchSearch(const Planes& before, const Planes& after, const SearchRules& rules)
      : before_(before), after_(after), rules_(rules) {}

  /// Moves of the patch about the place that fit best, the best first; none when the patch has too few cells.
  std::vector<Eigen::Vector3d> candidates(const Eigen::Vector3d& place, const std::vector<std::size_t>& patch);

 private:
  struct Image {
    std::ptrdiff_t half = 0;  ///< Cells from -half to half in both directions.
    std::vector<float> height;
    std::vector<float> count;
    std::ptrdiff_t side() const { return 2 * half + 1; }
    void clear(std::ptrdiff_t cells);
    void finish();
  };
  void add(const Planes& planes, std::size_t k, Image& image) const;

  const Planes& before_;
  const Planes& after_;
  SearchRules rules_;
  Eigen::Vector3d place_ = Eigen::Vector3d::Zero();
  Eigen::Matrix3d axes_ = Eigen::Matrix3d::Identity();  ///< Columns: two along the patch, its normal.
  Image small_;
  Image large_;
};

}  // namespace highwall
