#pragma once

#include <optional>
#include <string>
#include <vector>

#include "algorithms/compare/calibrated.hpp"
#include "algorithms/surface/change_class.hpp"
#include "algorithms/surface/volumes.hpp"

namespace highwall {

/// Options of every step of report_change().
struct ChangeSettings {
  DemOptions surface;
  DifferenceOptions difference;
  VolumeOptions volume;
  ClassOptions classes;
  M3c2Options m3c2;
  CalibrateOptions calibrate;
};

/// What is known of the place, all in the first cloud's frame.
struct ChangePlaces {
  std::vector<Polygon> zones;
  std::vector<Polygon> stable;  ///< Ground that is known to rest; empty: found.
  std::vector<Polygon> events;  ///< Declared blasts and digging.
  std::optional<Eigen::Vector3d> scanner_m;
  const Registration* registration = nullptr;  ///< Of the second cloud, already applied.
};

/// Surfaces, volumes and classes of one pair of clouds.
struct ChangeReport {
  Dem before;
  Dem after;
  DemDifference difference;
  VolumeTable volumes;      ///< In plan.
  DisplacementField field;  ///< M3C2 at core points evenly spaced in space, calibrated.
  LimitCalibration limits;  ///< Of the field.
  VolumeTable faces;        ///< Along its normals.
  ChangeClasses classes;    ///< Of its places.
};

/// Everything that two clouds say of change, in one call, for the command line and for a night.
/// @throws Error(input) for clouds without a point, Error(frame) when the frames differ, Error(cancelled)
ChangeReport report_change(PointsView before, PointsView after, const ChangePlaces& places, ChangeSettings settings,
                           const Run& run);

/// The clusters of a table: cluster,change,volume_m3,volume95_m3,registration95_m3,area_m2,mean_m,largest_m,x_m,y_m,z_m,
/// unmeasured_m2,gap_m3,steep_share,bench,zones,low_m3,high_m3 (the last two: the 95 % interval with what has no value); world
/// coordinates.
std::string clusters_csv(const VolumeTable& table, const Frame& frame);
/// Zones or benches, and the sum: name,loss_m3,loss95_m3,gain_m3,gain95_m3,net_m3,net95_m3,measured_m2,unmeasured_m2,
/// loss_low_m3,gain_high_m3,net_low_m3,net_high_m3 (with what has no value).
std::string volume_rows_csv(const std::vector<VolumeRow>& rows, const VolumeRow& total);
/// The cells of the clusters: x_m,y_m,difference_m,lod95_m,cluster.
std::string cluster_cells_csv(const DemDifference& difference, const VolumeTable& table);
/// A row a core point: x_m,y_m,z_m,nx,ny,nz,class,evidence,change_m,lod95_m,area_m2,object;
/// lod95_m is the limit that the class rests on.
std::string classes_csv(const ChangeReport& report);
/// The connected changes as points: GeoJSON (WGS84 where the CRS is known).
std::string objects_geojson(const ChangeReport& report);
/// The table that people read first: clusters by class, zones, benches, with errors and what they rest on.
std::string change_table(const ChangeReport& report);

}  // namespace highwall
