#pragma once

#include <array>

#include "bindings/pipeline/warn.hpp"

namespace highwall {

/// One target at the end of the night, as the point layer and targets.csv show it.
struct TargetRow {
  std::string zone;  ///< "" = in no zone.
  NightState state;
  SensorKind kind = SensorKind::unknown;
  double speed_m_per_day = kNaN;  ///< In the 24 h window; NaN = no velocity.
  double speed_sigma_m_per_day = kNaN;
  double max_silence_h = 24.0;
  double area_m2 = 0.0;                       ///< 0 = a point.
  double sensitivity = kNaN;                  ///< Share of a motion down the slope that its line of sight sees; NaN = not known.
  std::array<double, 2> place_m{kNaN, kNaN};  ///< Local metres of the site frame; NaN = not known.
  Instant reference = kNoInstant;             ///< First epoch that its displacement is counted from.
};

/// The targets, and their velocities by component as velocity.csv.
struct TargetTables {
  std::vector<TargetRow> rows;
  std::string velocity_csv;
};

/// Velocities are those that were judged (History::rates), signed and by component, with the sigma that they are judged with.
/// velocity.csv has the header zone,target,kind,time,window_h,component,velocity_mm_per_day,sigma_mm_per_day,reason: stations in
/// every window, patches in the 24 h window and only the few of each zone that matter most; a target that decides its zone in
/// every window. The last output.series_days, thinned to some hundred samples.
TargetTables target_tables(const Site& site, const Measurements& measurements, const Policy& policy,
                           const std::vector<ZoneHistories>& zones, const NightSummary& night, const Run& run);

/// targets.csv: one line a target, world coordinates of the site's CRS.
std::string targets_csv(const std::vector<TargetRow>& rows, const Frame& frame);

/// series.csv: displacement of every target by component since its first epoch (reference_time), the last `last_days` days,
/// thinned; NaN has its reason beside it. Header
/// zone,target,time,component,displacement_mm,sigma_mm,reference_time,reason.
std::string series_csv(const Measurements& measurements, Instant now, std::int64_t last_days);

/// LiDAR distances as a raster: mean of the places with a detection limit in each cell, with count and limit.
struct FieldRaster {
  GridGeometry geometry;
  std::vector<double> distance_mm;  ///< Mean along the normals; NaN = no place with a detection limit.
  std::vector<double> lod95_mm;     ///< Mean detection limit of the same places.
  std::vector<double> count;        ///< Places in the mean.
  std::vector<double> beyond;       ///< Of these, beyond their detection limit.
  std::vector<double> without;      ///< Places without a value or without a detection limit; not in the mean.
};
/// @param cell_m  side of a cell. An empty field gives an empty raster.
FieldRaster field_raster(const DisplacementField& field, double cell_m);

}  // namespace highwall
