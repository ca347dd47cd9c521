#pragma once

#include <string>
#include <vector>

#include "algorithms/surface/clusters.hpp"
#include "algorithms/surface/difference.hpp"
#include "core/polygon.hpp"

namespace highwall {

/// Options of volumes() and face_volumes().
struct VolumeOptions {
  double least_area_m2 = 4.0;
  std::int64_t margin = 1;
  std::vector<double> bench_floors_m;
  double bench_height_m = 0.0;
  double least_bench_m = 5.0;
  double steep_deg = 60.0;
  double spacing_m = 0.0;

  static void describe(auto& d) {
    using O = VolumeOptions;
    d.field(&O::least_area_m2, "least_area_m2", "m2", at_least(0), "Smaller clusters of significant change are not told of");
    d.field(&O::margin, "margin", "", between(0, 10),
            "Rings of neighbours about a cluster whose change, below its limit or not, is part of its volume: without them every "
            "volume is too small by its rim");
    d.field(&O::bench_floors_m, "bench_floors_m", "m", anything(),
            "Elevations of the bench floors, ascending, as the mine counts them; empty: found from level ground, or from "
            "bench_height_m");
    d.field(&O::bench_height_m, "bench_height_m", "m", at_least(0),
            "Benches of one height instead, from the lowest floor up; 0: all floors as found on level ground");
    d.field(&O::least_bench_m, "least_bench_m", "m", above(0), "Floors that are found lie at least so far apart");
    d.field(&O::steep_deg, "steep_deg", "degrees", between(1, 90),
            "Ground steeper than that is counted as steep: a cluster that is mostly steep should be measured along the normal");
    d.field(&O::spacing_m, "spacing_m", "m", at_least(0), "Along the normal: distance of neighbouring core points; 0: found");
    d.require([](const O& o) { return std::is_sorted(o.bench_floors_m.begin(), o.bench_floors_m.end()); },
              "bench_floors_m must ascend");
  }
};

/// A connected change of one sign.
struct ChangeCluster {
  std::int32_t number = 0;  ///< Of the label map.
  bool gain = false;
  double area_m2 = 0.0;                               ///< Of its significant pieces.
  Sum volume;                                         ///< With its margin, of what has a value; negative = loss.
  double mean_m = 0.0;                                ///< Volume over the area that was summed.
  double largest_m = 0.0;                             ///< Of largest size, with its sign.
  Eigen::Vector3d place_m = Eigen::Vector3d::Zero();  ///< Mean of its significant pieces, local.
  double unmeasured_m2 = 0.0;                         ///< Beside it, without a value: in Sum::low_m3() and high_m3() only.
  double gap_m3 = 0.0;                                ///< What that area would hold at the cluster's mean change.
  double steep_share = 0.0;                           ///< Of its area.
  std::string bench;                                  ///< The one with most of it; "" = none.
  std::string zones;                                  ///< Names of the zones that its place is in, with blanks between.
};

/// Change of a zone, of a bench or of all.
struct VolumeRow {
  std::string name;
  Sum loss;  ///< Of the clusters that lose; negative.
  Sum gain;
  Sum net;  ///< Of every piece with a value, significant or not: without a threshold, so without its bias.
  double measured_m2 = 0.0;
  double unmeasured_m2 = 0.0;  ///< Seen by one epoch only, or too steep.
};

/// What a table of volumes holds.
struct VolumeTable {
  std::vector<ChangeCluster> clusters;  ///< The largest volume first.
  std::vector<VolumeRow> zones;
  std::vector<VolumeRow> benches;  ///< Bottom up.
  VolumeRow total;
  std::vector<std::int32_t> label;     ///< By cell or core point: number of its cluster, 0 = none.
  std::vector<double> bench_floors_m;  ///< World elevations.
  ErrorGrowth growth;
  std::string sentence;  ///< What the errors rest on, and what should be measured otherwise.
};

/// Volumes of change from a DEM of difference, with 95 % errors, by cluster, zone and bench.
///
/// The error of a sum is that of its cells as if independent and that of the registration, which they share, times the growth
/// that sums over squares of that size have on stable ground (measure_growth()): errors of neighbouring cells hang together, and
/// a 95 % interval from independent cells covers much less. Without stable ground only the first two are known, and the sentence
/// says so.
///
/// Value and error are those of the cells with a value. Beside a cluster - under the foot of a face, in a shadow - there may be
/// ground without one that changed, too: Sum::low_m3() to high_m3() is the interval that holds it.
///
/// Volumes in plan are right where the surface has one height a place: floors, berms, waste, slopes to some 60 degrees. Of
/// steeper faces, where a cell holds metres of height and a scanner sees the wall but not its top, take face_volumes(); clusters
/// that are mostly steep are named in the sentence.
/// @param zones         of the raster's frame; a cell belongs to every zone that holds its centre
/// @param registration  as for dem_of_difference(), or nullptr
VolumeTable volumes(const DemDifference& difference, const std::vector<Polygon>& zones, const Registration* registration,
                    const VolumeOptions& options, const Run& run);

/// The same along the normals of core points: distance times the piece of surface that is nearest to the core point
/// (core_areas()). For faces and overhangs. Benches and zones as above, by the core points' places; where `bench_floors_m` is
/// empty there are none. A field that has registration_m keeps it apart, so that it is not counted twice.
/// @param field   of m3c2(); core points about evenly spaced (thin_in_space())
/// @param stable  one a core point, 1 = known to rest; empty: what is far from every cluster
VolumeTable face_volumes(const DisplacementField& field, const std::vector<std::uint8_t>& stable,
                         const std::vector<Polygon>& zones, const Registration* registration, const VolumeOptions& options,
                         const Run& run);

/// Area of the surface that is nearer to a core point than to any other, m2: its Voronoi cell in space cut by its tangent plane,
/// within a square of twice `reach_m`. NaN for a core point without a normal.
std::vector<double> core_areas(const Points& places, const Points& normals, double reach_m, const Run& run);

/// One point of the cloud a cube of space, the nearest to its centre: core points for faces, which a square lattice in plan
/// hardly meets.
Points thin_in_space(PointsView cloud, double spacing_m);

/// Spacing of places on a surface: the median distance of the fourth nearest neighbour, which is the side of a lattice and a
/// tenth more for places at random; NaN for fewer than two places.
double median_spacing(const Points& places, const Run& run);

/// Core points within reach of each other, by core point, ascending.
std::vector<std::vector<std::uint32_t>> neighbours_in_space(const Points& places, double reach_m, const Run& run);

}  // namespace highwall
