// GNSS stations on and around the wall: plate motion common to all, white and flicker-like noise, an
// outage, one antenna step. Base and rovers as RTKLIB .pos every hour, two more as daily tenv3.
#include <fmt/format.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "datasets/random.hpp"
#include "datasets/scene.hpp"

namespace highwall {
namespace {

struct Station {
  const char* name;
  double x;
  double y;
  bool daily;
};
constexpr Station kStations[] = {{"BASE", 420.0, 150.0, false}, {"G01", -100.0, 140.0, false}, {"G02", -120.0, 165.0, false},
                                 {"G03", -95.0, 158.0, false},  {"G04", -110.0, 260.0, false}, {"G05", -130.0, 45.0, false},
                                 {"G06", -60.0, 240.0, true},   {"G07", -160.0, 250.0, true}};
constexpr double kPlateEast_m_per_day = 0.036 / 365.25;
constexpr double kPlateNorth_m_per_day = 0.058 / 365.25;
constexpr double kWhite_m[3] = {0.0015, 0.0015, 0.0030};
constexpr double kFlicker_m[3] = {0.0010, 0.0010, 0.0020};
constexpr double kCommon_m = 0.002;
constexpr double kStep_m = 0.025;  // antenna of G05 exchanged on day 12
constexpr double kStepDay = 12.5;
constexpr double kOutageFrom = 17.0;  // G04 says nothing for a day and a half
constexpr double kOutageTo = 18.5;

/// Flicker-like noise: first-order processes whose times grow by a factor of 8, equal shares.
class Flicker {
 public:
  Flicker(const Random& random, std::uint64_t lane) : random_(random), lane_(lane) {}
  double next(std::uint64_t hour) {
    double sum = 0.0;
    for (std::size_t k = 0; k < 4; ++k) {
      const double keep = std::exp(-1.0 / std::pow(8.0, static_cast<double>(k)));
      state_[k] = keep * state_[k] + std::sqrt(1.0 - keep * keep) * random_.normal(hour * 64 + lane_ * 8 + k);
      sum += state_[k] / 2.0;
    }
    return sum;
  }

 private:
  const Random& random_;
  std::uint64_t lane_;
  double state_[4] = {0.0, 0.0, 0.0, 0.0};
};

/// Local coordinates to geographic ones. Heights are taken for ellipsoidal.
class ToGeographic {
 public:
  ToGeographic() {
    from_ = OSRNewSpatialReference(nullptr);
    to_ = OSRNewSpatialReference(nullptr);
    OSRSetFromUserInput(from_, Scene::kCrs);
    OSRSetFromUserInput(to_, "EPSG:4326");
    OSRSetAxisMappingStrategy(from_, OAMS_TRADITIONAL_GIS_ORDER);
    OSRSetAxisMappingStrategy(to_, OAMS_TRADITIONAL_GIS_ORDER);
    way_ = OCTNewCoordinateTransformation(from_, to_);
    if (way_ == nullptr) throw Error(ErrorKind::internal, "PROJ knows no way from the site's CRS to WGS84");
  }
  ~ToGeographic() {
    OCTDestroyCoordinateTransformation(way_);
    OSRDestroySpatialReference(from_);
    OSRDestroySpatialReference(to_);
  }
  ToGeographic(const ToGeographic&) = delete;
  ToGeographic& operator=(const ToGeographic&) = delete;
  Eigen::Vector2d operator()(double local_x, double local_y) const {
    double x = local_x + Scene::kOrigin[0];
    double y = local_y + Scene::kOrigin[1];
    if (OCTTransform(way_, 1, &x, &y, nullptr) == 0) throw Error(ErrorKind::internal, "a place cannot be projected");
    return {x, y};  // longitude, latitude
  }

 private:
  OGRSpatialReferenceH from_ = nullptr;
  OGRSpatialReferenceH to_ = nullptr;
  OGRCoordinateTransformationH way_ = nullptr;
};

std::string pos_header(const Eigen::Vector2d& base, double height) {
  return fmt::format(
      "% program   : highwall simulated pit\n% ref pos   : {:14.9f} {:14.9f} {:10.4f}\n%\n"
      "% (lat/lon/height=WGS84/ellipsoidal,Q=1:fix,2:float,3:sbas,4:dgps,5:single,6:ppp,ns=# of satellites)\n"
      "%  GPST                  latitude(deg) longitude(deg)  height(m)   Q  ns   sdn(m)   sde(m)   sdu(m)  sdne(m)"
      "  sdeu(m)  sdun(m) age(s)  ratio\n",
      base.y(), base.x(), height);
}

/// Seen minus true position of a station at every hour, and the position's truth.
struct Sample {
  Instant at;
  Eigen::Vector3d enu;
};

std::vector<Sample> observe(const Scene& scene, const Station& station, std::uint64_t index, std::int64_t nights) {
  const auto seed = static_cast<std::uint64_t>(scene.options.seed);
  const Random own(seed, 8000 + index);
  const Random shared(seed, 8999);
  Flicker flicker[3] = {{own, 1}, {own, 2}, {own, 3}};
  Flicker common[3] = {{shared, 1}, {shared, 2}, {shared, 3}};
  std::vector<Sample> samples;
  const auto hours_total = static_cast<std::uint64_t>(24 * nights);
  for (std::uint64_t h = 0; h < hours_total; ++h) {
    const Instant t = scene.start + hours(static_cast<std::int64_t>(h));
    const double day = to_days(t - scene.start).value;
    const Eigen::Vector3d u = scene.motion.at(station.x, station.y, t);  // x east, y north
    Eigen::Vector3d seen(u.x() + kPlateEast_m_per_day * day, u.y() + kPlateNorth_m_per_day * day, u.z());
    for (int c = 0; c < 3; ++c) {
      seen[c] += kWhite_m[c] * own.normal(h * 64 + 40 + static_cast<std::uint64_t>(c)) + kFlicker_m[c] * flicker[c].next(h) +
                 kCommon_m * common[c].next(h);
    }
    const std::string name = station.name;
    if (name == "G05" && day >= kStepDay) seen.z() += kStep_m;
    if (name == "G04" && day >= kOutageFrom && day < kOutageTo) continue;
    if (scene.motion.has_failed(t) && Motion::weight(station.x, station.y) > 0.0) continue;
    samples.push_back({t, seen});
  }
  return samples;
}

std::string pos_text(const Station& station, const std::vector<Sample>& samples, const ToGeographic& geographic,
                     const std::string& header) {
  constexpr double kRadians = std::numbers::pi / 180.0;
  const Eigen::Vector2d at = geographic(station.x, station.y);
  const double height = PitWall::profile(station.x, station.y) + Scene::kOrigin[2];
  // Radii of curvature turn metres into degrees; good to a micrometre over these millimetres.
  const double s = std::sin(at.y() * kRadians);
  const double root = std::sqrt(1.0 - 0.00669437999014 * s * s);
  const double prime_vertical = 6378137.0 / root;
  const double meridian = 6378137.0 * (1.0 - 0.00669437999014) / (root * root * root);
  std::string text = header;
  for (const Sample& sample : samples) {
    const Instant gpst = sample.at + seconds(gps_minus_utc_seconds(sample.at));
    const Civil c = to_civil_utc(gpst);
    text += fmt::format(
        "{:04}/{:02}/{:02} {:02}:{:02}:{:06.3f} {:14.9f} {:14.9f} {:10.4f}   1  24 {:8.4f} {:8.4f} {:8.4f} {:8.4f} {:8.4f} "
        "{:8.4f}   0.00   50.0\n",
        c.year, c.month, c.day, c.hour, c.minute, c.second, at.y() + sample.enu.y() / (meridian + height) / kRadians,
        at.x() + sample.enu.x() / ((prime_vertical + height) * std::cos(at.y() * kRadians)) / kRadians, height + sample.enu.z(),
        kWhite_m[1], kWhite_m[0], kWhite_m[2], 0.0, 0.0, 0.0);
  }
  return text;
}

std::string tenv3_text(const Station& station, const std::vector<Sample>& samples, const ToGeographic& geographic) {
  static constexpr const char* kMonths[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
  const Eigen::Vector2d at = geographic(station.x, station.y);
  std::string text =
      "site YYMMMDD yyyy.yyyy __MJD week d reflon _e0(m) __east(m) ____n0(m) _north(m) u0(m) ____up(m) _ant(m) sig_e(m) "
      "sig_n(m) sig_u(m) __corr_en __corr_eu __corr_nu _latitude(deg) _longitude(deg) __height(m)\n";
  for (std::size_t first = 0; first < samples.size();) {
    const Civil day = to_civil_utc(samples[first].at);
    Eigen::Vector3d sum = Eigen::Vector3d::Zero();
    double n = 0.0;
    std::size_t k = first;
    for (; k < samples.size() && to_civil_utc(samples[k].at).day == day.day; ++k) {
      sum += samples[k].enu;
      n += 1.0;
    }
    const Instant midnight = *from_civil_utc({day.year, day.month, day.day, 0, 0, 0.0});
    const Eigen::Vector3d mean = sum / n;
    const auto mjd = static_cast<std::int64_t>(std::llround(to_mjd(midnight)));
    text += fmt::format(
        "{} {:02}{}{:02} {:.4f} {} {} {} 117 1000 {:.6f} 2000 {:.6f} {:.0f} {:.6f} 0.0000 {:.6f} {:.6f} {:.6f} 0.0 0.0 0.0 "
        "{:.10f} {:.10f} {:.5f}\n",
        station.name, day.year % 100, kMonths[day.month - 1], day.day, 2000.0 + (static_cast<double>(mjd) - 51544.0) / 365.25,
        mjd, (mjd - 44244) / 7, (mjd - 44244) % 7, 0.5 + mean.x(), 0.5 + mean.y(),
        PitWall::profile(station.x, station.y) + Scene::kOrigin[2], mean.z(), 0.0008, 0.0008, 0.0016, at.y(), at.x(),
        PitWall::profile(station.x, station.y) + Scene::kOrigin[2]);
    first = k;
  }
  return text;
}

}  // namespace

std::size_t write_gnss(const Scene& scene, std::int64_t night) {
  const ToGeographic geographic;
  const std::string header = pos_header(geographic(kStations[0].x, kStations[0].y),
                                        PitWall::profile(kStations[0].x, kStations[0].y) + Scene::kOrigin[2]);
  std::string truth = "station,time,east_m,north_m,up_m\n";
  std::uint64_t index = 0;
  for (const Station& station : kStations) {
    const std::vector<Sample> samples = observe(scene, station, index++, night);
    const bool daily = station.daily;
    write_file(scene.out / "drop" / (daily ? "gnss_daily" : "gnss") / (std::string(station.name) + (daily ? ".tenv3" : ".pos")),
               daily ? tenv3_text(station, samples, geographic) : pos_text(station, samples, geographic, header));
    for (std::size_t k = 0; k < samples.size(); ++k) {
      const Eigen::Vector3d u = scene.motion.at(station.x, station.y, samples[k].at);
      truth += fmt::format("{},{},{:.6f},{:.6f},{:.6f}\n", station.name, to_iso8601(samples[k].at), u.x(), u.y(), u.z());
    }
  }
  write_file(scene.out / "truth" / "gnss.csv", truth);
  return std::size(kStations);
}

std::string identity(const Scene& scene) {
  std::string text = "\"made_of\": \"";
  for (const auto& [name, value] : option_values(scene.options)) {
    if (name != "nights" && name != "night") text += name + " = " + to_text(value) + "; ";
  }
  text.erase(std::remove(text.begin() + 12, text.end(), '"'), text.end());  // JSON is written round it.
  return text + "\"";
}

namespace {

/// Cylinders and spacings that hold enough points of this scanner.
std::string lidar_options(const Scene& scene) {
  const double coarse = std::max(1.0, scene.options.beam_step_deg / SimulateOptions{}.beam_step_deg);
  std::string text = fmt::format("m3c2 = {{ normal_radius_m = {:.1f}, cylinder_radius_m = {:.2f}, half_length_m = 4.0 }}\n",
                                 3.0 * coarse, 1.5 * coarse);
  if (coarse > 1.0) {
    text += fmt::format("register = {{ normal_radius_m = {:.1f}, cylinder_radius_m = {:.2f}, core_spacing_m = {:.1f} }}\n",
                        3.0 * coarse, 1.5 * coarse, 4.0 * std::sqrt(coarse));
  }
  return text;
}

std::string zone_json() {
  std::string text;
  for (const auto& [name, outline] : Motion::zones()) {
    text += fmt::format("{}\n  \"{}\": [", text.empty() ? "" : ",", name);
    for (std::size_t k = 0; k < outline.size(); ++k) {
      text += fmt::format("{}[{:.2f}, {:.2f}]", k == 0 ? "" : ", ", outline[k].x() + Scene::kOrigin[0],
                          outline[k].y() + Scene::kOrigin[1]);
    }
    text += "]";
  }
  return text;
}

constexpr const char* kTruthPage = R"(# What is true in this simulated pit

All files are made anew by `highwall simulate`; nothing here is read by `highwall run`. Places are world coordinates (EPSG:4548).

- `truth.json`: scenario, seed, failure, zones, outage, antenna step, radar's gap and atmosphere, direction of motion.
- `wedge_motion.csv`: motion of the wedge's core at every radar map's instant, length and east, north, up. A place moves by its
  share of it: `wall_share.csv` on a lattice of 5 m, `radar_cells.csv` (`los_share`, along the cell's own line of sight) for the
  cells of the radar maps, `gnss.csv` (every sample) for the stations, `radar_areas.csv` for the areas.
- `radar_cells.csv`: map cells that the radar sees, their place, line of sight towards the radar, and polar cell. Cells that are
  not listed lie in shadow. `atmosphere.csv`: what it adds to each kilometre of range, hourly.
- `registration.csv`: shift and turn about (511880, 3880150, 200) that each LiDAR epoch is wrong by.
- `moving_objects/`: where the truck and the person stood in each LiDAR epoch, and how many returns they gave.
)";

void write_truth(const Scene& scene, std::int64_t last_night) {
  const Eigen::Vector3d d = Motion::direction();
  std::string motion = "time,wedge_displacement_m,east_m,north_m,up_m\n";
  const Duration step = duration_from_seconds(60.0 * scene.options.radar_interval_min);
  for (Instant t = scene.start; t <= scene.day_end(last_night); t = t + step) {
    const double s = scene.motion.magnitude_m(t);
    motion += fmt::format("{},{:.6f},{:.6f},{:.6f},{:.6f}\n", to_iso8601(t), s, s * d.x(), s * d.y(), s * d.z());
  }
  write_file(scene.out / "truth" / "wedge_motion.csv", motion);
  std::string share = "x_m,y_m,share\n";
  for (double x = -2.5; x > -PitWall::depth_m(); x -= 5.0) {
    for (double y = 2.5; y < PitWall::kLength_m; y += 5.0) {
      share += fmt::format("{:.2f},{:.2f},{:.6f}\n", x + Scene::kOrigin[0], y + Scene::kOrigin[1], Motion::weight(x, y));
    }
  }
  write_file(scene.out / "truth" / "wall_share.csv", share);
  std::string registration = "time,shift_x_m,shift_y_m,shift_z_m,turn_x_rad,turn_y_rad,turn_z_rad\n";
  for (std::int64_t night = 1; night <= last_night; ++night) {
    const auto e = registration_error(scene, night);
    registration +=
        fmt::format("{},{},{},{},{},{},{}\n", to_iso8601(scene.day_start(night) + hours(22)), e[0], e[1], e[2], e[3], e[4], e[5]);
  }
  write_file(scene.out / "truth" / "registration.csv", registration);
  const auto at_day = [&](double day) { return to_iso8601(scene.start + duration_from_seconds(86400.0 * day)); };
  write_file(
      scene.out / "truth" / "truth.json",
      fmt::format(
          "{{\n \"made_by\": \"highwall simulated pit\",\n {},\n \"scenario\": \"{}\",\n \"seed\": {},\n \"start\": \"{}\",\n"
          " \"failure\": {},\n \"moving_zone\": {},\n \"direction\": [{:.6f}, {:.6f}, {:.6f}],\n"
          " \"zones\": {{{}\n }},\n"
          " \"gnss_outage\": {{\"station\": \"G04\", \"from\": \"{}\", \"to\": \"{}\"}},\n"
          " \"gnss_antenna_step\": {{\"station\": \"G05\", \"at\": \"{}\", \"up_m\": {}}},\n"
          " \"plate_motion_m_per_year\": {{\"east\": 0.036, \"north\": 0.058}},\n"
          " \"gnss_noise_m\": {{\"white_enu\": [{}, {}, {}], \"flicker_enu\": [{}, {}, {}], \"common_flicker\": {}}},\n{}"
          " \"moving_objects\": [\"truck\", \"person\"]\n}}\n",
          identity(scene), scene.options.scenario, scene.options.seed, to_iso8601(scene.start),
          scene.motion.fails() ? "\"" + to_iso8601(scene.motion.failure()) + "\"" : "null",
          scene.options.scenario == "stable" ? "null" : "\"wedge\"", d.x(), d.y(), d.z(), zone_json(), at_day(kOutageFrom),
          at_day(kOutageTo), at_day(kStepDay), kStep_m, kWhite_m[0], kWhite_m[1], kWhite_m[2], kFlicker_m[0], kFlicker_m[1],
          kFlicker_m[2], kCommon_m, radar_truth_json(scene)));
  write_file(scene.out / "truth" / "README.md", kTruthPage);
}

}  // namespace

void write_site(const Scene& scene, std::int64_t last_night) {
  const ToGeographic geographic;
  std::string zones = "{\"type\": \"FeatureCollection\", \"features\": [\n";
  std::string outlines;
  bool first = true;
  for (const auto& [name, outline] : Motion::zones()) {
    std::string ring;
    for (std::size_t k = 0; k <= outline.size(); ++k) {
      const Eigen::Vector2d& p = outline[k % outline.size()];
      const Eigen::Vector2d g = geographic(p.x(), p.y());
      ring += fmt::format("{}[{:.10f}, {:.10f}]", k == 0 ? "" : ", ", g.x(), g.y());
    }
    zones += fmt::format(
        "{}{{\"type\": \"Feature\", \"properties\": {{\"name\": \"{}\"}}, \"geometry\": {{\"type\": \"Polygon\", "
        "\"coordinates\": [[{}]]}}}}",
        first ? "" : ",\n", name, ring);
    outlines += fmt::format(
        "\n[[zone]]\nid = \"{0}\"\nslope = \"0101\"\npolygon = \"zones.geojson:{0}\"\nquorum = {{ targets = 2, area_m2 = 400 "
        "}}\n",
        name);
    first = false;
  }
  write_file(scene.out / "zones.geojson", zones + "\n]}\n");

  const std::string quiet_to = to_iso8601(scene.start + days(4));
  const std::string from = to_iso8601(scene.start);
  std::string events = fmt::format("\n[[event]]\nkind = \"antenna\"\nat = \"{}\"\ntarget = \"G05\"\n",
                                   to_iso8601(scene.start + duration_from_seconds(kStepDay * 86400.0)));
  if (scene.options.scenario == "blast-step") {
    events += fmt::format("\n[[event]]\nkind = \"blast\"\nat = \"{}\"\nzone = \"wedge\"\n", to_iso8601(scene.motion.blast()));
  }
  write_file(scene.out / "site.toml",
             fmt::format(R"(# A simulated pit: scenario {0}, seed {1}. What is true stands in truth/.
schema = "highwall.site/1"

[mine]
no = "370481000001"
name = "Simulated pit, scenario {0}"
time_zone = "Asia/Shanghai"

[frame]
crs = "EPSG:4548"
vertical = "EPSG:5737"
origin_m = [512000.0, 3880000.0, 80.0]
box_m = [[-1000, -1000, -200], [1000, 1500, 600]]

[paths]
drop = "drop"
archive = "archive"
output = "out"

[[source]]
id = "scan_east"
kind = "lidar"
files = "drop/lidar/*.las"
instant = ["gps_time", "filename:%Y%m%dT%H%M%S"]
scanner_m = [512260.0, 3880150.0, 170.0]
max_silence_h = 30

[[source]]
id = "radar_map"
kind = "radar"
files = "drop/radar/*.tif"
quiet = ["{2}", "{3}"]
position_m = [512300.0, 3880150.0, 140.0]
max_silence_h = 8

[[source]]
id = "radar_area"
kind = "radar"
files = "drop/radar/*.csv"
unit = "mm"
sign = "toward_negative"
time_zone = "Asia/Shanghai"
quiet = ["{2}", "{3}"]
position_m = [512300.0, 3880150.0, 140.0]
max_silence_h = 8

[[source]]
id = "gnss"
kind = "gnss"
files = "drop/gnss/*.pos"
reference = "BASE"
quiet = ["{2}", "{3}"]
max_silence_h = 12

[[source]]
id = "gnss_daily"
kind = "gnss"
files = "drop/gnss_daily/*.tenv3"
reference = "G06,G07"
zone = "north_wall"
max_silence_h = 48
{4}{5}
[calculate]
{6}
[output]
products = ["geotiff", "gpkg", "csv", "hdf5", "png"]

[publish]
heartbeat_h = 24
status = "test"

[[publish.to]]
name = "folder"
transport = "folder"
format = "envelope"
dir = "feed"
)",
                         scene.options.scenario, scene.options.seed, from, quiet_to, outlines, events, lidar_options(scene)));
  write_truth(scene, last_night);
}

}  // namespace highwall
