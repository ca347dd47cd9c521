// A slope radar opposite of the wall: maps of line-of-sight displacement (one GeoTIFF stack a day) and
// area averages (a cumulative CSV), with white noise, an atmosphere that wanders and grows with range,
// a patch that decorrelates and a gap.
#include <cpl_conv.h>
#include <cpl_string.h>
#include <fmt/format.h>
#include <gdal.h>
#include <ogr_srs_api.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "datasets/random.hpp"
#include "datasets/scene.hpp"

namespace highwall {
namespace {

const Eigen::Vector3d kRadar(300.0, 150.0, 60.0);
constexpr double kWhiteMap_mm = 0.15;
constexpr double kWhiteArea_mm = 0.03;
/// Random walk of the refractivity, mm per km of range and square root of an hour.
constexpr double kAtmosphere_mm = 0.12;
constexpr double kGapDay = 9.25;
constexpr double kGapHours = 5.0;

bool in_gap(const Scene& scene, Instant t) {
  const double hours_after = to_hours(t - scene.start) - 24.0 * kGapDay;
  return hours_after >= 0.0 && hours_after < kGapHours;
}

/// Refractivity offset, mm per km: a random walk in steps of `interval_min`, pulled back within days as
/// weather is.
std::vector<double> atmosphere(const Scene& scene, std::uint64_t stream, double interval_min, std::size_t steps) {
  const Random random(static_cast<std::uint64_t>(scene.options.seed), stream);
  const double hours_per_step = interval_min / 60.0;
  const double pull = hours_per_step / 48.0;
  std::vector<double> walk(steps, 0.0);
  for (std::size_t k = 1; k < steps; ++k) {
    walk[k] = walk[k - 1] * (1.0 - pull) + kAtmosphere_mm * std::sqrt(hours_per_step) * random.normal(k);
  }
  return walk;
}

/// Displacement towards the radar of a place, mm, without noise.
double true_los_mm(const Scene& scene, double x, double y, Instant t) {
  const Eigen::Vector3d place(x, y, PitWall::profile(x));
  const Eigen::Vector3d to_radar = (kRadar - place).normalized();
  return 1000.0 * scene.motion.at(x, y, t).dot(to_radar);
}

double range_km(double x, double y) {
  return (kRadar - Eigen::Vector3d(x, y, PitWall::profile(x))).norm() / 1000.0;
}

/// Vegetation at the crest's southern end: no coherent signal there.
bool decorrelated(double x, double y) { return x < -200.0 && y < 60.0; }

struct Area {
  const char* name;
  double x;
  double y;
  double half_m;
};
constexpr Area kAreas[] = {{"WEDGE", -110.0, 150.0, 15.0}, {"NORTH", -110.0, 250.0, 20.0}, {"SOUTH", -110.0, 50.0, 20.0}};

}  // namespace

std::size_t write_radar_maps(const Scene& scene, std::int64_t night, const Run& run) {
  const double cell = scene.options.radar_cell_m;
  const auto cols = static_cast<int>(std::floor(PitWall::depth_m() / cell));
  const auto rows = static_cast<int>(std::floor(PitWall::kLength_m / cell));
  const double interval = scene.options.radar_interval_min;
  const auto per_day = static_cast<std::size_t>(std::floor(1440.0 / interval));
  const std::size_t first = per_day * static_cast<std::size_t>(night - 1);
  const std::vector<double> air = atmosphere(scene, 5000, interval, first + per_day);
  std::vector<std::pair<Instant, std::size_t>> maps;
  for (std::size_t k = first; k < first + per_day; ++k) {
    const Instant t = scene.start + duration_from_seconds(60.0 * interval * static_cast<double>(k));
    if (!in_gap(scene, t)) maps.emplace_back(t, k);
  }
  GDALAllRegister();
  const std::string name = fmt::format("los_{}.tif", to_compact_iso8601(scene.day_start(night)).substr(0, 8));
  const std::filesystem::path path = scene.out / "drop" / "radar" / name;
  std::filesystem::create_directories(path.parent_path());
  const char* create[] = {"COMPRESS=DEFLATE", "PREDICTOR=3", nullptr};
  GDALDatasetH file = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), cols, rows, static_cast<int>(maps.size()),
                                 GDT_Float32, const_cast<char**>(create));
  if (file == nullptr) throw Error(ErrorKind::storage, "the GeoTIFF cannot be made", path.string());
  double affine[6] = {Scene::kOrigin[0] - cols * cell, cell, 0.0, Scene::kOrigin[1] + rows * cell, 0.0, -cell};
  GDALSetGeoTransform(file, affine);
  OGRSpatialReferenceH srs = OSRNewSpatialReference(nullptr);
  OSRSetFromUserInput(srs, Scene::kCrs);
  GDALSetSpatialRef(file, srs);
  OSRDestroySpatialReference(srs);
  GDALSetMetadataItem(file, "DATA_UNITS", "mm", nullptr);
  GDALSetMetadataItem(file, "SIGN", "toward_positive", nullptr);
  const std::string position = fmt::format("{},{},{}", kRadar.x() + Scene::kOrigin[0], kRadar.y() + Scene::kOrigin[1],
                                           kRadar.z() + Scene::kOrigin[2]);
  GDALSetMetadataItem(file, "SENSOR_POSITION_M", position.c_str(), nullptr);
  bool good = true;
  std::vector<float> values(static_cast<std::size_t>(rows * cols));
  for (std::size_t m = 0; m < maps.size(); ++m) {
    run.check_stop();
    const auto [t, k] = maps[m];
    const Random noise(static_cast<std::uint64_t>(scene.options.seed), 6000 + k);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) {
        const double x = -cols * cell + (c + 0.5) * cell;
        const double y = rows * cell - (r + 0.5) * cell;
        const auto index = static_cast<std::size_t>(r * cols + c);
        const bool lost = decorrelated(x, y) || (scene.motion.has_failed(t) && Motion::weight(x, y) > 0.0);
        values[index] = lost
                            ? std::numeric_limits<float>::quiet_NaN()
                            : static_cast<float>(true_los_mm(scene, x, y, t) + air[k] * range_km(x, y) +
                                                 kWhiteMap_mm * noise.normal(index));
      }
    }
    GDALRasterBandH band = GDALGetRasterBand(file, static_cast<int>(m) + 1);
    GDALSetRasterNoDataValue(band, std::numeric_limits<double>::quiet_NaN());
    GDALSetMetadataItem(band, "INSTANT", to_iso8601(t).c_str(), nullptr);
    good = good && GDALRasterIO(band, GF_Write, 0, 0, cols, rows, values.data(), cols, rows, GDT_Float32, 0, 0) == CE_None;
  }
  GDALClose(file);
  if (!good) throw Error(ErrorKind::storage, "the GeoTIFF cannot be written", path.string());
  return 1;
}

std::size_t write_radar_areas(const Scene& scene, std::int64_t night) {
  const double interval = scene.options.area_interval_min;
  const auto steps = static_cast<std::size_t>(std::floor(1440.0 * static_cast<double>(night) / interval));
  const std::vector<double> air = atmosphere(scene, 5001, interval, steps);
  const TimeZone zone = TimeZone::of(Scene::kTimeZone);
  std::string text = "Time series AREA SIMULATED.;\nDisplacement [mm];\nTime";
  std::string x = "X [m]";
  std::string y = "Y [m]";
  std::string z = "Z [m]";
  for (const Area& area : kAreas) {
    text += fmt::format(";{}", area.name);
    x += fmt::format(";{:.2f}", area.x + Scene::kOrigin[0]);
    y += fmt::format(";{:.2f}", area.y + Scene::kOrigin[1]);
    z += fmt::format(";{:.2f}", PitWall::profile(area.x) + Scene::kOrigin[2]);
  }
  text += "\n" + x + "\n" + y + "\n" + z + "\n";
  const Random noise(static_cast<std::uint64_t>(scene.options.seed), 7000);
  std::string truth = "time,area,los_mm\n";
  for (std::size_t k = 0; k < steps; ++k) {
    const Instant t = scene.start + duration_from_seconds(60.0 * interval * static_cast<double>(k) +
                                                          4.0 * (noise.uniform(k + (1ULL << 40U)) - 0.5));
    if (in_gap(scene, t)) continue;
    const Civil local = zone.to_local(t);
    text += fmt::format("{:02}-{:02}-{:04} {}:{:02}", local.day, local.month, local.year, local.hour, local.minute);
    for (std::size_t a = 0; a < std::size(kAreas); ++a) {
      double mean = 0.0;
      for (int i = -1; i <= 1; ++i) {
        for (int j = -1; j <= 1; ++j) {
          mean += true_los_mm(scene, kAreas[a].x + i * kAreas[a].half_m, kAreas[a].y + j * kAreas[a].half_m, t) / 9.0;
        }
      }
      const double seen = mean + air[k] * range_km(kAreas[a].x, kAreas[a].y) + kWhiteArea_mm * noise.normal(k * 8 + a);
      const bool lost = scene.motion.has_failed(t) && Motion::weight(kAreas[a].x, kAreas[a].y) > 0.0;
      // This maker counts movement towards the radar negative and leaves a lost area empty.
      text += lost ? std::string(";") : fmt::format(";{:.6f}", -seen);
      if (k % 15 == 0) truth += fmt::format("{},{},{:.4f}\n", to_iso8601(t), kAreas[a].name, mean);
    }
    text += "\n";
  }
  write_file(scene.out / "drop" / "radar" / "areas.csv", text);
  write_file(scene.out / "truth" / "radar_areas.csv", truth);
  return 1;
}

}  // namespace highwall
