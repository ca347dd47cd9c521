#include <fmt/format.h>

#include <algorithm>

#include "algorithms/warn/criterion.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/cli/radar_commands.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/radar_velocity.hpp"
#include "bindings/pipeline/scan_night.hpp"

namespace highwall::cli {
namespace {

/// What a person reads first. A radar that could calibrate nothing must not look like a quiet slope.
std::string table_of(const VelocityRun& done) {
  const VelocityRow& last = done.rows.back();
  std::size_t wraps = 0;
  std::size_t aliased = 0;
  for (const VelocityRow& row : done.rows) {
    wraps += row.corrected;
    aliased += row.newly_aliased;
  }
  std::string text = fmt::format(
      "{} scans to {}{}: {} of {} cells have a value, {} are stable and scatter by {:.3f} mm; {} wraps taken out, {} values "
      "faster than the scans can follow\n",
      done.rows.size(), to_iso8601(last.at), done.known > 0 ? fmt::format(" ({} known before)", done.known) : "", last.valid,
      done.stream.cells(), last.atmosphere.stable, 1e3 * last.atmosphere.after_m, wraps, aliased);
  for (const VelocityRow::Window& w : last.windows) {
    const std::string name = window_text(w.window_h);
    if (w.judged == 0) {
      text += fmt::format("{:>6}: {} cells have a velocity, none has a sigma{}\n", name, w.measured,
                          w.measured == 0 ? ": the window is not filled" : ": too few stable cells");
      continue;
    }
    text += fmt::format("{:>6}: {} cells judged, sigma {:.3g} mm/day; {} beyond 3 sigma ({:.1f} expected of noise){}\n", name,
                        w.judged, 1e3 * w.sigma_m_per_day, w.beyond, 0.0027 * static_cast<double>(w.judged),
                        w.beyond > 0 ? fmt::format(", fastest {:.3g} mm/day", 1e3 * w.fastest_m_per_day) : "");
  }
  return text;
}

bool judges_all(const VelocityRow& row) {
  return std::all_of(row.windows.begin(), row.windows.end(), [](const VelocityRow::Window& w) { return w.judged > 0; });
}

}  // namespace

void add_radar_velocity_command(CLI::App& radar, Session& session) {
  auto* command = radar.add_subcommand(
      "velocity", "Velocity of every cell of a slope radar, scan by scan, with sigma calibrated on cells at rest.");
  command->footer(
      "Example: highwall radar velocity scans/ --window 1h,6h,24h --start 2025-08-13T00:00:00+08:00 --interval-s 300 --sign "
      "toward_negative --unit mm -o out/\nEnds with 2 when a window has no cell with a sigma at the newest "
      "scan.");
  auto scans = std::make_shared<std::vector<std::string>>();
  auto windows = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto state = std::make_shared<std::string>();
  auto ground = std::make_shared<std::string>();
  auto stable = std::make_shared<std::string>();
  command->add_option("scans", *scans, "Scans: files or folders of S-SAR DiffImage or GeoTIFF, in the order of their names")
      ->required();
  std::string usual;
  for (const double h : VelocityStreamOptions{}.windows_h) usual += (usual.empty() ? "" : ",") + window_text(h);
  auto* window_option = command->add_option("--window", *windows, "Windows, e.g. 30min,1h,6h,2d")->default_str(usual);
  command
      ->add_option("-o,--output", *out,
                   "Folder of the newest scan's velocity_<window>.tif and displacement.tif, calibration.csv, scans.csv, axes.csv")
      ->required();
  command->add_option("--state", *state,
                      "File of the stream's state: goes on after the scans that it knows, and is written at the end");
  command->add_option("--ground", *ground, "Cloud of the slope, for heights and --stable");
  command->add_option("--stable", *stable, "GeoJSON or GeoPackage: only cells in its outlines calibrate; default: found");
  auto pictures = std::make_shared<bool>(false);
  command->add_flag("--pictures", *pictures,
                    "Also radar.h5 and radar.png: velocity, sigma, and sensitivity where --ground is given");
  auto files = std::make_shared<OptionFlags<ScanFileOptions>>(*command, std::vector<std::string>{}, "Scans");
  auto place = std::make_shared<OptionFlags<RadarPlaceOptions>>(*command, std::vector<std::string>{}, "Place of the radar");
  auto velocity =
      std::make_shared<OptionFlags<VelocityStreamOptions>>(*command, std::vector<std::string>{"windows_h"}, "Velocity");
  command->callback([=, &session] {
    VelocityStreamOptions options = velocity->get();
    if (window_option->count() > 0) options.windows_h = parse_windows(*windows);
    validate(options, "--window");
    if (ground->empty() && place->any()) {
      usage("--position-m", "the place of the radar says something together with --ground only");
    }
    RadarFiles told{{scans->begin(), scans->end()}, *ground, {}, *stable, files->get(), {}};
    if (!ground->empty()) told.place = place->get();
    const OpenedRadar opened = open_radar(
        told, [&](const Report& report) { tell(session, report); }, session.run);
    const VelocityRun done = follow_radar(*opened.scans.source, opened.cells, options, *state, session.run);
    write_velocity(*out, done, opened);
    if (*pictures) {
      const ScanMaps maps = scan_maps(done.stream.last(), {}, {}, opened.cells.grid, opened.scans.map, opened.cells.sensitivity);
      tell_picture(session, write_scan_pictures(*out, maps, own_python(), session.run), *out);
    }
    print(table_of(done));
    tell(session, "radar velocity", {{"scans", std::to_string(done.rows.size())}, {"output", *out}});
    if (!judges_all(done.rows.back())) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
