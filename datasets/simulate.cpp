#include "datasets/simulate.hpp"

#include <fstream>

#include "core/error.hpp"
#include "datasets/scene.hpp"

namespace highwall {

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw Error(ErrorKind::storage, "the file cannot be written", path.string());
}

SimulateResult simulate(const std::filesystem::path& out, const SimulateOptions& options, const Run& run) {
  validate(options, "simulate");
  const auto start = parse_iso8601(options.start);
  if (!start) throw Error(ErrorKind::config, "start is no ISO 8601 instant: " + options.start);
  if (options.night > options.nights) throw Error(ErrorKind::config, "night must not exceed nights");
  Scene scene;
  scene.options = options;
  scene.start = *start;
  scene.out = out;
  scene.wall = PitWall(static_cast<std::uint64_t>(options.seed));
  scene.motion = Motion(options.scenario, *start, *start + days(30) + hours(6));

  SimulateResult result;
  result.site = out / "site.toml";
  if (scene.motion.fails()) result.failure = scene.motion.failure();
  const std::int64_t first = options.night == 0 ? 1 : options.night;
  const std::int64_t last = options.night == 0 ? options.nights : options.night;
  for (std::int64_t night = 1; night <= options.nights; ++night) result.nights.push_back(scene.day_end(night));
  for (std::int64_t night = first; night <= last; ++night) {
    run.check_stop();
    result.files += write_lidar(scene, night, run);
    result.files += write_radar_maps(scene, night, run);
    run.progress("simulate", static_cast<std::size_t>(night - first + 1), static_cast<std::size_t>(last - first + 1));
  }
  result.files += write_radar_areas(scene, last);
  result.files += write_gnss(scene, last);
  write_site(scene, last);
  return result;
}

}  // namespace highwall
