#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "core/run.hpp"
#include "datasets/pit.hpp"
#include "datasets/simulate.hpp"

namespace highwall {

/// What all three sensors share.
struct Scene {
  SimulateOptions options;
  Instant start = kNoInstant;
  PitWall wall{0};
  Motion motion{"stable", {}, {}};
  std::filesystem::path out;

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
std::size_t write_radar_maps(const Scene& scene, std::int64_t night, const Run& run);
/// Cumulative exports up to the night's end.
std::size_t write_radar_areas(const Scene& scene, std::int64_t night);
std::size_t write_gnss(const Scene& scene, std::int64_t night);

/// site.toml, zones.geojson and truth/.
void write_site(const Scene& scene, std::int64_t last_night);

}  // namespace highwall
