#include "algorithms/surface/volumes.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/surface/tabulate.hpp"
#include "core/series.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostBenches = 1000;

/// Floors as asked for, local; else found on the first epoch's level ground.
std::vector<double> floors_of(const DemDifference& d, const VolumeOptions& options) {
  std::vector<double> floors = options.bench_floors_m;
  for (double& z : floors) z -= d.geometry.frame.origin_m[2];
  if (!floors.empty()) return floors;
  Dem before;
  before.geometry = d.geometry;
  before.height_m = d.before_m;
  before.slope_x = d.slope_x;
  before.slope_y = d.slope_y;
  before.reason.assign(d.size(), Reason::empty_both);
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t i = 0; i < d.size(); ++i) {
    if (!std::isfinite(d.before_m[i]) || !std::isfinite(d.slope_x[i])) continue;
    before.reason[i] = Reason::ok;
    low = std::min(low, d.before_m[i]);
    high = std::max(high, d.before_m[i]);
  }
  floors = find_bench_floors(before, options.least_bench_m);
  if (options.bench_height_m == 0.0 || !(high > low)) return floors;
  // Benches of one height stand on the lowest floor that is seen, else on the lowest ground.
  const double first = floors.empty() ? low : floors.front();
  floors.clear();
  for (double z = first; z < high && floors.size() < kMostBenches; z += options.bench_height_m) floors.push_back(z);
  return floors;
}

/// Visits the eight cells about a cell.
class EightAround {
 public:
  explicit EightAround(const GridGeometry& g)
      : cols_(static_cast<std::ptrdiff_t>(g.cols)), rows_(static_cast<std::ptrdiff_t>(g.rows)) {}
  template <class Visit>
  void operator()(std::size_t cell, Visit&& visit) const {
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(cell) / cols_;
    const std::ptrdiff_t col = static_cast<std::ptrdiff_t>(cell) % cols_;
    for (std::ptrdiff_t r = std::max<std::ptrdiff_t>(0, row - 1); r <= std::min(rows_ - 1, row + 1); ++r) {
      for (std::ptrdiff_t c = std::max<std::ptrdiff_t>(0, col - 1); c <= std::min(cols_ - 1, col + 1); ++c) {
        if (r != row || c != col) visit(static_cast<std::size_t>(r * cols_ + c));
      }
    }
  }

 private:
  std::ptrdiff_t cols_;
  std::ptrdiff_t rows_;
};

}  // namespace

VolumeTable volumes(const DemDifference& d, const std::vector<Polygon>& zones, const Registration* registration,
                    const VolumeOptions& options, const Run& run) {
  validate(options, "volume");
  const ChangePieces pieces = pieces_of(d);
  const EightAround around(d.geometry);
  Tabulation w{pieces, find_clusters(pieces, around, options.least_area_m2, options.margin), d.before_m, d.after_m, {}, {}, {}};
  w.slope_deg.resize(d.size());
  w.seen_once.assign(d.size(), 0);
  for (std::size_t i = 0; i < d.size(); ++i) {
    w.slope_deg[i] = d.slope_deg(i);
    w.seen_once[i] = d.reason[i] != Reason::empty_both && !pieces.usable(i) ? 1 : 0;
  }
  w.missing_next = missing_beside(pieces, w.clusters, w.seen_once, around, kGapRings);
  return tabulate(w, Benches(floors_of(d, options)), zones, registration, d.geometry.frame, options, run);
}

}  // namespace highwall
