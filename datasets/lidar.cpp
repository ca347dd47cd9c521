// One terrestrial laser scan a day: rays from a scanner opposite of the wall, so that occlusion is
// real; range noise, a small registration error, a truck and a person. LAS 1.4, point format 6.
#include <fmt/format.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <optional>

#include "core/parallel.hpp"
#include "datasets/random.hpp"
#include "datasets/ray.hpp"
#include "datasets/scene.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;
const Eigen::Vector3d kScanner(260.0, 150.0, 90.0);

struct Return {
  Eigen::Vector3d at = Eigen::Vector3d::Zero();
  std::uint16_t intensity = 0;
  std::uint8_t object = 0;  ///< 0 = the wall, else number of the moving object + 1; stands in no file.
};

/// Height of the wall as it stands at an instant: the wedge carries its roughness along.
class MovedWall {
 public:
  MovedWall(const Scene& scene, Instant t) : wall_(scene.wall), s_(scene.motion.magnitude_m(t)) {}
  double height(double x, double y) const {
    const double w = Motion::weight(x, y) * s_;
    const Eigen::Vector3d d = Motion::direction();
    return wall_.height(x - w * d.x(), y - w * d.y()) + w * d.z();
  }
  double smooth(double x, double y) const {
    const double w = Motion::weight(x, y) * s_;
    return PitWall::profile(x - w * Motion::direction().x(), y - w * Motion::direction().y()) + w * Motion::direction().z();
  }

 private:
  const PitWall& wall_;
  double s_;
};

/// A truck on the haul road and a person on the lowest berm, at other places every day. The person is as wide
/// as the beams are apart there, so that most scans hit both.
std::array<MovingObject, 2> moving_objects(const Scene& scene, std::int64_t night) {
  const Random moving(static_cast<std::uint64_t>(scene.options.seed), 3000 + static_cast<std::uint64_t>(night));
  const double truck_y = 20.0 + 240.0 * moving.uniform(0);
  const double truck_x = PitWall::road_edge(truck_y) - 6.0;
  const double truck_z = PitWall::road_height(truck_y) - 0.5;
  const double person_y = 60.0 + 180.0 * moving.uniform(1);
  const double person_x = -9.0;
  const double person_z = PitWall::profile(person_x, person_y) - 0.2;
  return {MovingObject{"truck", {truck_x - 3.0, truck_y, truck_z}, {truck_x + 3.0, truck_y + 9.0, truck_z + 5.5}},
          MovingObject{"person", {person_x - 0.35, person_y, person_z}, {person_x + 0.35, person_y + 0.7, person_z + 2.0}}};
}

/// Range to the wall along the ray.
std::optional<double> hit(const MovedWall& wall, const Eigen::Vector3d& ray) {
  const auto above = [&](double r, bool rough) {
    const Eigen::Vector3d p = kScanner + r * ray;
    return p.z() - (rough ? wall.height(p.x(), p.y()) : wall.smooth(p.x(), p.y()));
  };
  const double first = ray.x() < 0.0 ? std::max(1.0, (kScanner.x() - 4.0) / -ray.x()) : 1.0;
  const std::optional<double> range = first_below(above, first, 900.0);
  if (!range) return std::nullopt;
  const Eigen::Vector3d p = kScanner + *range * ray;
  const bool inside = p.y() >= 0.0 && p.y() <= PitWall::kLength_m && p.x() <= 2.0 && p.x() >= -PitWall::depth_m() - 10.0;
  return inside ? range : std::nullopt;
}

std::vector<Return> scan(const Scene& scene, std::int64_t night, Instant t, const Run& run) {
  const MovedWall wall(scene, t);
  const auto seed = static_cast<std::uint64_t>(scene.options.seed);
  const Random noise(seed, 2000 + static_cast<std::uint64_t>(night));
  const Random moving(seed, 3000 + static_cast<std::uint64_t>(night));
  const std::array<MovingObject, 2> boxes = moving_objects(scene, night);
  const double step = scene.options.beam_step_deg * kRadians;
  // No scan hits the same spots as the one before: the grid of beams lies elsewhere every time.
  const double turn = step * (moving.uniform(2) - 0.5);
  const double tilt = step * (moving.uniform(3) - 0.5);
  const auto columns = static_cast<std::size_t>(80.0 * kRadians / step);
  const auto rows = static_cast<std::size_t>(52.0 * kRadians / step);
  std::vector<std::vector<Return>> by_column(columns);
  for_blocks(
      columns,
      [&](const Block& block) {
        for (std::size_t c = block.begin; c < block.end; ++c) {
          const double azimuth = -40.0 * kRadians + turn + static_cast<double>(c) * step;
          for (std::size_t r = 0; r < rows; ++r) {
            const double elevation = -24.0 * kRadians + tilt + static_cast<double>(r) * step;
            const Eigen::Vector3d ray(-std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
                                      std::sin(elevation));
            double range = hit(wall, ray).value_or(std::numeric_limits<double>::infinity());
            std::uint8_t object = 0;
            for (std::size_t b = 0; b < boxes.size(); ++b) {
              const double to_box = enter(boxes[b], kScanner, ray);
              if (to_box >= range) continue;
              range = to_box;
              object = static_cast<std::uint8_t>(b + 1);
            }
            if (!std::isfinite(range)) continue;
            const std::size_t index = c * rows + r;
            range += scene.options.range_noise_m * noise.normal(index);
            by_column[c].push_back(
                {kScanner + range * ray,
                 static_cast<std::uint16_t>(2000.0 + 4e6 / range + 300.0 * noise.uniform(index + (1ULL << 40U))), object});
          }
        }
      },
      run, {}, 4);
  std::vector<Return> all;
  for (const auto& column : by_column) all.insert(all.end(), column.begin(), column.end());
  return all;
}

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

constexpr std::size_t kHeaderBytes = 375;
constexpr std::size_t kRecordBytes = 30;
constexpr double kScale = 0.001;

std::string wkt_record() {
  // The text of EPSG:4548 in WKT 1, which LAS 1.4 wants.
  const std::string wkt =
      "PROJCS[\"CGCS2000 / 3-degree Gauss-Kruger CM 117E\",GEOGCS[\"China Geodetic Coordinate System 2000\","
      "DATUM[\"China_2000\",SPHEROID[\"CGCS2000\",6378137,298.257222101]],PRIMEM[\"Greenwich\",0],"
      "UNIT[\"degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"
      "PARAMETER[\"latitude_of_origin\",0],PARAMETER[\"central_meridian\",117],PARAMETER[\"scale_factor\",1],"
      "PARAMETER[\"false_easting\",500000],PARAMETER[\"false_northing\",0],UNIT[\"metre\",1],"
      "AUTHORITY[\"EPSG\",\"4548\"]]";
  std::string record(54 + wkt.size() + 1, '\0');
  std::memcpy(record.data() + 2, "LASF_Projection", 15);
  put(record, 18, std::uint16_t{2112});
  put(record, 20, static_cast<std::uint16_t>(wkt.size() + 1));
  std::memcpy(record.data() + 54, wkt.data(), wkt.size());
  return record;
}

std::string las_bytes(const std::vector<Return>& returns, Instant t) {
  const std::string record = wkt_record();
  std::string bytes(kHeaderBytes + record.size() + returns.size() * kRecordBytes, '\0');
  std::memcpy(bytes.data(), "LASF", 4);
  put(bytes, 6, std::uint16_t{17});  // adjusted standard GPS time, WKT
  put(bytes, 24, std::uint8_t{1});
  put(bytes, 25, std::uint8_t{4});
  std::memcpy(bytes.data() + 26, "highwall simulated pit", 22);
  std::memcpy(bytes.data() + 58, "highwall", 8);
  put(bytes, 94, static_cast<std::uint16_t>(kHeaderBytes));
  put(bytes, 96, static_cast<std::uint32_t>(kHeaderBytes + record.size()));
  put(bytes, 100, std::uint32_t{1});
  put(bytes, 104, std::uint8_t{6});
  put(bytes, 105, static_cast<std::uint16_t>(kRecordBytes));
  put(bytes, 247, static_cast<std::uint64_t>(returns.size()));
  put(bytes, 255, static_cast<std::uint64_t>(returns.size()));
  std::memcpy(bytes.data() + kHeaderBytes, record.data(), record.size());

  std::array<double, 3> low{1e9, 1e9, 1e9};
  std::array<double, 3> high{-1e9, -1e9, -1e9};
  // GPS seconds - 1e9; GPS is 18 s ahead of UTC since 2017.
  const double gps = to_seconds(Duration{t.ns}) - 315964800.0 + gps_minus_utc_seconds(t) - 1e9;
  std::size_t at = kHeaderBytes + record.size();
  for (std::size_t i = 0; i < returns.size(); ++i, at += kRecordBytes) {
    for (std::size_t c = 0; c < 3; ++c) {
      const auto count = static_cast<std::int32_t>(std::lround(returns[i].at[static_cast<Eigen::Index>(c)] / kScale));
      put(bytes, at + 4 * c, count);
      const double world = count * kScale + Scene::kOrigin[c];
      low[c] = std::min(low[c], world);
      high[c] = std::max(high[c], world);
    }
    put(bytes, at + 12, returns[i].intensity);
    put(bytes, at + 14, std::uint8_t{0x11});
    put(bytes, at + 16, std::uint8_t{1});  // unclassified
    put(bytes, at + 20, std::uint16_t{1});
    put(bytes, at + 22, gps + static_cast<double>(i) * 1e-3);
  }
  for (std::size_t c = 0; c < 3; ++c) {
    put(bytes, 131 + 8 * c, kScale);
    put(bytes, 155 + 8 * c, Scene::kOrigin[c]);
    put(bytes, 179 + 16 * c, high[c]);
    put(bytes, 187 + 16 * c, low[c]);
  }
  return bytes;
}

}  // namespace

std::array<double, 6> registration_error(const Scene& scene, std::int64_t night) {
  std::array<double, 6> error{};
  if (night == 1) return error;  // The first epoch is the reference.
  const Random random(static_cast<std::uint64_t>(scene.options.seed), 4000);
  for (std::size_t i = 0; i < 6; ++i) {
    const double scale = scene.options.registration_error_m * (i < 3 ? 1.0 : 1.0 / 150.0);
    error[i] = scale * random.normal(static_cast<std::uint64_t>(night) * 6 + i);
  }
  return error;
}

std::size_t write_lidar(const Scene& scene, std::int64_t night, const Run& run) {
  const Instant t = scene.day_start(night) + hours(22);
  std::vector<Return> returns = scan(scene, night, t, run);
  const auto error = registration_error(scene, night);
  const Eigen::Vector3d middle(-120.0, 150.0, 120.0);
  const Eigen::Vector3d turn(error[3], error[4], error[5]);
  for (Return& one : returns) {
    one.at += Eigen::Vector3d(error[0], error[1], error[2]) + turn.cross(one.at - middle);
  }
  const std::string stamp = to_compact_iso8601(t);
  write_file(scene.out / "drop" / "lidar" / fmt::format("scan_{}.las", stamp.substr(0, 15)), las_bytes(returns, t));
  const std::array<MovingObject, 2> objects = moving_objects(scene, night);
  std::string text = "object,west_x_m,south_y_m,bottom_z_m,east_x_m,north_y_m,top_z_m,returns\n";
  for (std::size_t k = 0; k < objects.size(); ++k) {
    const auto hits = std::count_if(returns.begin(), returns.end(), [&](const Return& r) { return r.object == k + 1; });
    text += objects[k].name;
    for (const Eigen::Vector3d& corner : {objects[k].low, objects[k].high}) {
      for (std::size_t c = 0; c < 3; ++c)
        text += fmt::format(",{:.3f}", corner[static_cast<Eigen::Index>(c)] + Scene::kOrigin[c]);
    }
    text += fmt::format(",{}\n", hits);
  }
  write_file(scene.out / "truth" / "moving_objects" / fmt::format("{}.csv", stamp.substr(0, 15)), text);
  return 1;
}

}  // namespace highwall
