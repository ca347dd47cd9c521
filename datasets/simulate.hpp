#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/options.hpp"
#include "core/run.hpp"
#include "core/time.hpp"

namespace highwall {

/// What simulate() builds.
struct SimulateOptions {
  std::string scenario = "accelerating";
  std::int64_t seed = 1;
  std::int64_t nights = 30;
  std::int64_t night = 0;
  std::string start = "2026-03-01T00:00:00Z";
  double beam_step_deg = 0.16;
  double range_noise_m = 0.004;
  double registration_error_m = 0.003;
  double radar_cell_m = 6.0;
  double radar_interval_min = 30.0;
  double area_interval_min = 4.0;

  static void describe(auto& d) {
    using O = SimulateOptions;
    d.field(&O::scenario, "scenario", "", one_of({"stable", "creep", "accelerating", "regressive", "blast-step"}),
            "What the wedge in the middle of the wall does");
    d.field(&O::seed, "seed", "", at_least(0), "Same seed, same files");
    d.field(&O::nights, "nights", "", between(1, 400), "Number of nights");
    d.field(&O::night, "night", "", between(0, 400),
            "0: the files of all nights; K: add what night K delivers to a drop folder of night K - 1");
    d.field(&O::start, "start", "", anything(), "ISO 8601 instant of the first day");
    d.field(&O::beam_step_deg, "beam_step_deg", "degrees", between(0.01, 5),
            "LiDAR: angle between beams; above 0.5 the cylinders span benches with a handful of points, and LiDAR sees "
            "decimetres only");
    d.field(&O::range_noise_m, "range_noise_m", "m", between(0, 1), "LiDAR: standard deviation of a range");
    d.field(&O::registration_error_m, "registration_error_m", "m", between(0, 1),
            "LiDAR: standard deviation of each epoch's shift");
    d.field(&O::radar_cell_m, "radar_cell_m", "m", between(1, 100),
            "Radar: side of a map cell, made from polar cells of 3 m x 0.4 degrees");
    d.field(&O::radar_interval_min, "radar_interval_min", "min", between(1, 1440), "Radar: time between maps");
    d.field(&O::area_interval_min, "area_interval_min", "min", between(1, 1440), "Radar: time between area values");
  }
};

struct SimulateResult {
  std::filesystem::path site;    ///< OUT/site.toml
  std::vector<Instant> nights;   ///< The `now` of each night: end of its day.
  Instant failure = kNoInstant;  ///< kNoInstant when the scenario does not fail.
  std::size_t files = 0;         ///< Written into OUT/drop.
};

/// Builds a simulated pit with known truth: OUT/site.toml that `highwall run` accepts unchanged,
/// OUT/drop with what three sensors deliver of the same true motion, OUT/truth with the motion itself.
/// LiDAR: one LAS 1.4 a day. Radar: polar cells, shadowed by the wall, as a GeoTIFF stack of maps a day and a
/// cumulative area CSV. GNSS: cumulative RTKLIB and tenv3 files. truth/README.md says what stands in truth/. The accelerating
/// wedge fails 30 days and 6 hours after the start. Same options, same bytes, whatever the number of threads; files of night K do
/// not depend on the number of nights. Nothing is ever deleted: OUT is new, empty, or an earlier simulation of the same scenario,
/// seed and start.
/// @throws Error(config) for bad options and a folder that holds anything else, Error(storage) when a file
/// cannot be written.
SimulateResult simulate(const std::filesystem::path& out, const SimulateOptions& options, const Run& run);

}  // namespace highwall
