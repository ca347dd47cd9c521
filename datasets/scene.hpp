#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "core/run.hpp"
#include "datasets/pit.hpp"
#include "datasets/simulate.hpp"

namespace highwall {

class RadarView;

/// Haul truck and surveyor of one epoch: boxes that stand on the ground, other ones every day.
struct MovingObject {
  const char* name;
  Eigen::Vector3d low;
  Eigen::Vector3d high;
};

/// What all three sensors share.
struct Scene {
  SimulateOptions options;
  Instant start = kNoInstant;
  PitWall wall{0};
  Motion motion{"stable", {}, {}};
  std::filesystem::path out;
  std::shared_ptr<const RadarView> radar;

  /// Site frame: world = local + origin, a real projected CRS.
  static constexpr const char* kCrs = "EPSG:4548";
  static constexpr const char* kVertical = "EPSG:5737";
  static constexpr std::array<double, 3> kOrigin{512000.0, 3880000.0, 80.0};
  static constexpr const char* kTimeZone = "Asia/Shanghai";

  Instant day_start(std::int64_t night) const { return start + days(night - 1); }
  Instant day_end(std::int64_t night) const { return start + days(night); }
};

/// Writes bytes, whole or with an error. @throws Error(storage)
void write_file(const std::filesystem::path& path, const std::string& bytes);

/// Each writes what one night's day delivers; returns the number of files.
std::size_t write_lidar(const Scene& scene, std::int64_t night, const Run& run);
/// What the radar sees of the wall: its polar grid and the map made from it.
std::shared_ptr<const RadarView> radar_view(const Scene& scene, const Run& run);
std::size_t write_radar_maps(const Scene& scene, std::int64_t night, const Run& run);
/// Cumulative exports up to the night's end.
std::size_t write_radar_areas(const Scene& scene, std::int64_t night);
std::size_t write_gnss(const Scene& scene, std::int64_t night);

/// truth/radar_cells.csv and truth/atmosphere.csv.
void write_radar_truth(const Scene& scene, std::int64_t last_night);
/// The radar's lines of truth.json.
std::string radar_truth_json(const Scene& scene);
/// Shift (m) and turn (rad) about (-120, 150, 120) that an epoch's registration is wrong by.
std::array<double, 6> registration_error(const Scene& scene, std::int64_t night);

/// Line of truth.json that tells one simulated pit from another.
std::string identity(const Scene& scene);

/// site.toml, zones.geojson and truth/.
void write_site(const Scene& scene, std::int64_t last_night);

}  // namespace highwall
