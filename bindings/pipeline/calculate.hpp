#pragma once

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/compare/calibrated.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/patch.hpp"
#include "algorithms/radar/decompose.hpp"
#include "algorithms/radar/scan_geometry.hpp"
#include "algorithms/radar/velocity_map.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "algorithms/series/clean.hpp"
#include "algorithms/series/freeze.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "algorithms/series/shared_jump.hpp"
#include "algorithms/surface/change_class.hpp"
#include "algorithms/surface/volumes.hpp"
#include "algorithms/vectors/vectors.hpp"
#include "core/policy.hpp"
#include "io/config/site.hpp"

namespace highwall {

/// What a night judges must not rest on the spread of two or three points: Student's t, and no limit below four points.
inline M3c2Options m3c2_of_night() {
  M3c2Options options;
  options.lod = Lod::welch;
  options.min_points = 4;
  return options;
}

/// Options of every algorithm of the night.
struct Calculation {
  CoreOptions cores;
  RegisterOptions align;
  M3c2Options m3c2 = m3c2_of_night();
  CalibrateOptions calibrate;
  PatchOptions patches;
  VectorOptions vectors;  ///< Unless told otherwise their patches are as wide as those that are judged.
  DemOptions surface;
  DifferenceOptions difference;
  VolumeOptions volume;
  ClassOptions classes;
  MapOptions map;
  DownslopeOptions downslope;
  CleanOptions clean;
  FreezeOptions freeze;
  StepOptions step;
  ReferenceOptions reference;
  SharedOptions shared;
  RateOptions rate;
  NoiseOptions noise;
  VelocityStreamOptions stream;  ///< Of radars that are followed scan by scan; their windows, and those of the area rules.
  GeometryOptions geometry;
  std::vector<AreaRule> area_rules;  ///< The policy's.
};

/// What [calculate] says, before the night begins and not when an algorithm runs.
/// @throws Error(config) with line and column for an algorithm or option that is not one, or has no use in a night
Calculation calculation_of(const Site& site);

/// Options of the freeze test that bite within half of the policy's off-delay, before a level can fall by a frozen sensor.
FreezeOptions before_levels_fall(FreezeOptions options, const PolicyTiming& timing);

}  // namespace highwall
