// A slope radar opposite of the wall. It measures on a polar grid: cells of slant range and azimuth that
// take the mean of what is visible in them, so that berms above the radar lie in shadow. Maps (one GeoTIFF
// stack a day) and area averages (a cumulative CSV) are made from the same polar cells, under the same
// atmosphere, which wanders and grows with range; a patch decorrelates, another for some hours, and there
// is a gap.
#include <cpl_conv.h>
#include <cpl_string.h>
#include <fmt/format.h>
#include <gdal.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.hpp"
#include "core/parallel.hpp"
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
constexpr double kRainDay = 11.0;
constexpr double kRainHours = 5.0;

bool in_gap(const Scene& scene, Instant t) {
  const double hours_after = to_hours(t - scene.start) - 24.0 * kGapDay;
  return hours_after >= 0.0 && hours_after < kGapHours;
}

/// Refractivity offset, mm per km of range: a random walk in steps of two minutes, pulled back within days
/// as weather is. One realisation for all that the radar measures.
class Atmosphere {
 public:
  Atmosphere(const Scene& scene, std::int64_t last_night) : start_(scene.start) {
    const Random random(static_cast<std::uint64_t>(scene.options.seed), 5000);
    constexpr double kPull = kStepHours / 48.0;
    walk_.assign(static_cast<std::size_t>(last_night) * 720 + 2, 0.0);
    for (std::size_t k = 1; k < walk_.size(); ++k) {
      walk_[k] = walk_[k - 1] * (1.0 - kPull) + kAtmosphere_mm * std::sqrt(kStepHours) * random.normal(k);
    }
  }
  double at(Instant t) const {
    const double step = std::max(0.0, to_hours(t - start_) / kStepHours);
    const auto k = std::min(walk_.size() - 2, static_cast<std::size_t>(step));
    const double part = step - static_cast<double>(k);
    return (1.0 - part) * walk_[k] + part * walk_[k + 1];
  }

 private:
  static constexpr double kStepHours = 1.0 / 30.0;
  Instant start_;
  std::vector<double> walk_;
};

/// Vegetation at the crest's southern end: no coherent signal there.
bool decorrelated(double x, double y) { return x < -200.0 && y < 60.0; }

/// Rain on loose ground: no coherent signal there for some hours.
bool lost_for_a_while(const Scene& scene, double x, double y, Instant t) {
  const double hours_after = to_hours(t - scene.start) - 24.0 * kRainDay;
  return hours_after >= 0.0 && hours_after < kRainHours && x > -60.0 && y > 250.0;
}

struct Area {
  const char* name;
  double x;
  double y;
  double half_m;
};
constexpr Area kAreas[] = {{"WEDGE", -110.0, 150.0, 15.0}, {"NORTH", -110.0, 250.0, 20.0}, {"SOUTH", -110.0, 50.0, 20.0}};

/// True when nothing stands between a place on the wall and the radar.
bool visible(const Eigen::Vector3d& place) {
  const Eigen::Vector3d ray = (kRadar - place).normalized();
  for (double r = 1.5;; r += 1.0) {
    const Eigen::Vector3d p = place + r * ray;
    if (p.x() > 0.0) return true;
    if (p.z() < PitWall::profile(p.x(), p.y()) - 0.05) return false;
  }
}

}  // namespace

class RadarView {
 public:
  /// Mean of the visible ground within one step of range and azimuth.
  struct Cell {
    std::size_t count = 0;
    Eigen::Vector3d place = Eigen::Vector3d::Zero();
    double los_share = 0.0;  ///< Displacement towards the radar per metre of the wedge's motion.
    bool moves = false;
  };

  RadarView(double map_cell_m, const Run& run) : map_cell_m_(map_cell_m) {
    cols = static_cast<int>(std::floor(PitWall::depth_m() / map_cell_m));
    rows = static_cast<int>(std::floor(PitWall::kLength_m / map_cell_m));
    cells.resize(kRanges * kAzimuths);
    of_map.assign(static_cast<std::size_t>(rows * cols), kNoCell);
    const std::vector<std::uint8_t> seen = see(run);
    std::vector<double> nearest(of_map.size(), std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i] != 0) take(place_of(i), nearest);
    }
    for (Cell& cell : cells) {
      if (cell.count == 0) continue;
      cell.place /= static_cast<double>(cell.count);
      cell.los_share /= static_cast<double>(cell.count);
    }
  }

  static double range_m(const Cell& cell) { return (kRadar - cell.place).norm(); }
  std::array<double, 2> map_centre(int row, int col) const {
    return {-cols * map_cell_m_ + (col + 0.5) * map_cell_m_, rows * map_cell_m_ - (row + 0.5) * map_cell_m_};
  }
  /// Cells of an area: those whose ground lies in its square.
  std::vector<std::size_t> within(const Area& area) const {
    std::vector<std::size_t> own;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool inside =
          std::abs(cells[i].place.x() - area.x) <= area.half_m && std::abs(cells[i].place.y() - area.y) <= area.half_m;
      if (cells[i].count > 0 && inside) own.push_back(i);
    }
    return own;
  }

  static constexpr std::size_t kNoCell = static_cast<std::size_t>(-1);
  static constexpr std::size_t kRanges = 150;
  static constexpr std::size_t kAzimuths = 225;
  static constexpr double kFirstRange_m = 250.0;
  static constexpr double kRangeStep_m = 3.0;
  static constexpr double kFirstAzimuth_deg = -45.0;
  static constexpr double kAzimuthStep_deg = 0.4;
  int cols = 0;
  int rows = 0;
  std::vector<Cell> cells;          ///< By range step x kAzimuths + azimuth step.
  std::vector<std::size_t> of_map;  ///< Polar cell of each map cell, row-major from the north; kNoCell = shadow.

 private:
  static constexpr double kSample_m = 1.5;
  static std::size_t across() { return static_cast<std::size_t>(PitWall::depth_m() / kSample_m); }
  static std::size_t along() { return static_cast<std::size_t>(PitWall::kLength_m / kSample_m); }
  static Eigen::Vector3d place_of(std::size_t i) {
    const double x = -(static_cast<double>(i % across()) + 0.5) * kSample_m;
    const double y = (static_cast<double>(i / across()) + 0.5) * kSample_m;
    return {x, y, PitWall::profile(x, y)};
  }
  static std::vector<std::uint8_t> see(const Run& run) {
    std::vector<std::uint8_t> seen(across() * along(), 0);
    for_blocks(
        seen.size(),
        [&](const Block& block) {
          for (std::size_t i = block.begin; i < block.end; ++i) seen[i] = visible(place_of(i)) ? 1 : 0;
        },
        run, {}, 1024);
    return seen;
  }
  void take(const Eigen::Vector3d& place, std::vector<double>& nearest) {
    const Eigen::Vector3d to_radar = kRadar - place;
    const double range = to_radar.norm();
    const double azimuth = std::atan2(-to_radar.y(), to_radar.x()) * 180.0 / std::numbers::pi;
    const double r = std::floor((range - kFirstRange_m) / kRangeStep_m);
    const double a = std::floor((azimuth - kFirstAzimuth_deg) / kAzimuthStep_deg);
    if (r < 0.0 || a < 0.0 || r >= static_cast<double>(kRanges) || a >= static_cast<double>(kAzimuths)) return;
    const std::size_t polar = static_cast<std::size_t>(r) * kAzimuths + static_cast<std::size_t>(a);
    Cell& cell = cells[polar];
    ++cell.count;
    cell.place += place;
    const double weight = Motion::weight(place.x(), place.y());
    cell.los_share += weight * Motion::direction().dot(to_radar) / range;
    cell.moves = cell.moves || weight > 0.0;
    // The map takes, in each cell, the polar cell of the visible ground nearest to its centre.
    const int col = cols + static_cast<int>(std::floor(place.x() / map_cell_m_));
    const int row = rows - 1 - static_cast<int>(std::floor(place.y() / map_cell_m_));
    if (col < 0 || row < 0 || col >= cols || row >= rows) return;
    const auto map = static_cast<std::size_t>(row * cols + col);
    const auto centre = map_centre(row, col);
    const double distance = std::hypot(place.x() - centre[0], place.y() - centre[1]);
    if (distance >= nearest[map]) return;
    nearest[map] = distance;
    of_map[map] = polar;
  }

  double map_cell_m_;
};

namespace {

/// What the radar measures in each polar cell, mm towards it; NaN = no coherent signal or no ground.
std::vector<double> polar_scan(const Scene& scene, Instant t, double air_mm_per_km, std::uint64_t number) {
  const RadarView& view = *scene.radar;
  const Random noise(static_cast<std::uint64_t>(scene.options.seed), 6000 + number);
  const double moved_mm = 1000.0 * scene.motion.magnitude_m(t);
  std::vector<double> seen(view.cells.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const RadarView::Cell& cell = view.cells[i];
    const bool lost = cell.count == 0 || decorrelated(cell.place.x(), cell.place.y()) ||
                      lost_for_a_while(scene, cell.place.x(), cell.place.y(), t) || (cell.moves && scene.motion.has_failed(t));
    if (lost) continue;
    seen[i] = cell.los_share * moved_mm + air_mm_per_km * RadarView::range_m(cell) / 1000.0 + kWhiteMap_mm * noise.normal(i);
  }
  return seen;
}

std::string world(const Eigen::Vector3d& p) {
  return fmt::format("{:.2f},{:.2f},{:.2f}", p.x() + Scene::kOrigin[0], p.y() + Scene::kOrigin[1], p.z() + Scene::kOrigin[2]);
}

}  // namespace

std::shared_ptr<const RadarView> radar_view(const Scene& scene, const Run& run) {
  return std::make_shared<const RadarView>(scene.options.radar_cell_m, run);
}

std::string radar_truth_json(const Scene& scene) {
  const auto at_day = [&](double day) { return to_iso8601(scene.start + duration_from_seconds(86400.0 * day)); };
  return fmt::format(
      " \"radar_atmosphere\": {{\"random_walk_mm_per_km_per_sqrt_h\": {}, \"pull_back_h\": 48}},\n"
      " \"radar_white_mm\": {{\"polar_cell\": {}, \"area\": {}}},\n"
      " \"radar_gap\": {{\"from\": \"{}\", \"to\": \"{}\"}},\n \"radar_rain\": {{\"from\": \"{}\", \"to\": \"{}\"}},\n",
      kAtmosphere_mm, kWhiteMap_mm, kWhiteArea_mm, at_day(kGapDay), at_day(kGapDay + kGapHours / 24.0), at_day(kRainDay),
      at_day(kRainDay + kRainHours / 24.0));
}

void write_radar_truth(const Scene& scene, std::int64_t last_night) {
  const RadarView& view = *scene.radar;
  std::string text =
      "map_row,map_col,x_m,y_m,z_m,los_east,los_north,los_up,range_m,range_step,azimuth_step,los_share,no_signal\n";
  for (std::size_t i = 0; i < view.of_map.size(); ++i) {
    if (view.of_map[i] == RadarView::kNoCell) continue;
    const RadarView::Cell& cell = view.cells[view.of_map[i]];
    const Eigen::Vector3d sight = (kRadar - cell.place).normalized();
    text += fmt::format("{},{},{},{:.6f},{:.6f},{:.6f},{:.2f},{},{},{:.6f},{}\n", i / static_cast<std::size_t>(view.cols),
                        i % static_cast<std::size_t>(view.cols), world(cell.place), sight.x(), sight.y(), sight.z(),
                        RadarView::range_m(cell), view.of_map[i] / RadarView::kAzimuths, view.of_map[i] % RadarView::kAzimuths,
                        cell.los_share, decorrelated(cell.place.x(), cell.place.y()) ? 1 : 0);
  }
  write_file(scene.out / "truth" / "radar_cells.csv", text);
  const Atmosphere air(scene, last_night);
  text = "time,mm_per_km\n";
  for (std::int64_t h = 0; h < 24 * last_night; ++h) {
    const Instant t = scene.start + hours(h);
    text += fmt::format("{},{:.5f}\n", to_iso8601(t), air.at(t));
  }
  write_file(scene.out / "truth" / "atmosphere.csv", text);
}

std::size_t write_radar_maps(const Scene& scene, std::int64_t night, const Run& run) {
  const double cell = scene.options.radar_cell_m;
  const RadarView& view = *scene.radar;
  const int cols = view.cols;
  const int rows = view.rows;
  const double interval = scene.options.radar_interval_min;
  const auto per_day = static_cast<std::size_t>(std::floor(1440.0 / interval));
  const std::size_t first = per_day * static_cast<std::size_t>(night - 1);
  const Atmosphere air(scene, night);
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
  const std::string position =
      fmt::format("{},{},{}", kRadar.x() + Scene::kOrigin[0], kRadar.y() + Scene::kOrigin[1], kRadar.z() + Scene::kOrigin[2]);
  GDALSetMetadataItem(file, "SENSOR_POSITION_M", position.c_str(), nullptr);
  const std::string way = fmt::format(
      "polar grid of {} m x {} degrees; a map cell holds the polar cell of the visible ground nearest to its centre, shadow has "
      "no data",
      RadarView::kRangeStep_m, RadarView::kAzimuthStep_deg);
  GDALSetMetadataItem(file, "GEOCODING", way.c_str(), nullptr);
  bool good = true;
  std::vector<float> values(static_cast<std::size_t>(rows * cols));
  for (std::size_t m = 0; m < maps.size(); ++m) {
    run.check_stop();
    const auto [t, k] = maps[m];
    const std::vector<double> seen = polar_scan(scene, t, air.at(t), k);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t polar = view.of_map[i];
      values[i] = polar == RadarView::kNoCell ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(seen[polar]);
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
  const Atmosphere air(scene, night);
  std::vector<double> range_km;
  std::vector<double> share;
  for (const Area& area : kAreas) {
    const std::vector<std::size_t> own = scene.radar->within(area);
    if (own.empty()) throw Error(ErrorKind::internal, fmt::format("the radar sees nothing of the area {}", area.name));
    range_km.push_back(0.0);
    share.push_back(0.0);
    for (const std::size_t i : own) {
      const RadarView::Cell& cell = scene.radar->cells[i];
      range_km.back() += RadarView::range_m(cell) / 1000.0 / static_cast<double>(own.size());
      share.back() += cell.los_share / static_cast<double>(own.size());
    }
  }
  const TimeZone zone = TimeZone::of(Scene::kTimeZone);
  std::string text = "Time series AREA SIMULATED.;\nDisplacement [mm];\nTime";
  std::string x = "X [m]";
  std::string y = "Y [m]";
  std::string z = "Z [m]";
  for (const Area& area : kAreas) {
    text += fmt::format(";{}", area.name);
    x += fmt::format(";{:.2f}", area.x + Scene::kOrigin[0]);
    y += fmt::format(";{:.2f}", area.y + Scene::kOrigin[1]);
    z += fmt::format(";{:.2f}", PitWall::profile(area.x, area.y) + Scene::kOrigin[2]);
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
      const double mean = 1000.0 * share[a] * scene.motion.magnitude_m(t);
      const double seen = mean + air.at(t) * range_km[a] + kWhiteArea_mm * noise.normal(k * 8 + a);
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
