#include "datasets/simulate.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "core/error.hpp"
#include "datasets/scene.hpp"

namespace highwall {
namespace {

/// Throws unless the folder is new, empty, or an earlier simulation of the same pit: somebody's files, and another
/// pit's, must neither be replaced nor be mixed with ours.
void require_own_folder(const Scene& scene) {
  std::error_code failed;
  if (!std::filesystem::exists(scene.out, failed)) return;
  if (!std::filesystem::is_directory(scene.out, failed)) {
    throw Error(ErrorKind::config, "is no folder", scene.out.string(), "name a new folder");
  }
  if (std::filesystem::is_empty(scene.out, failed) && !failed) return;
  std::ifstream file(scene.out / "truth" / "truth.json", std::ios::binary);
  const std::string truth{std::istreambuf_iterator<char>(file), {}};
  if (truth.find("\"highwall simulated pit\"") == std::string::npos) {
    throw Error(ErrorKind::config, "the folder is not empty and is no earlier simulation", scene.out.string(),
                "name a new or an empty folder; nothing was changed in this one");
  }
  if (truth.find(identity(scene)) == std::string::npos) {
    throw Error(ErrorKind::config, "the folder holds another simulation (scenario, seed or options differ)", scene.out.string(),
                "name a new folder, or remove this one yourself; nothing was changed in it");
  }
}

}  // namespace

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

  require_own_folder(scene);
  scene.radar = radar_view(scene, run);

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
  write_radar_truth(scene, last);
  write_site(scene, last);
  return result;
}

}  // namespace highwall
