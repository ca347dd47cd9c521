#include <fmt/format.h>

#include <algorithm>

#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/cli/radar_commands.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/radar_alarms.hpp"
#include "bindings/pipeline/scan_night.hpp"
#include "io/config/policy.hpp"

namespace highwall::cli {
namespace {

std::string row_of(const RadarAlarms& all, const AreaAlarm& alarm) {
  const std::string until = alarm.merged_into != 0 ? fmt::format("grown into {}", alarm.merged_into)
                            : alarm.stands()       ? (alarm.signal_lost ? "stands, signal lost" : "stands")
                                                   : "to " + to_iso8601(alarm.cleared);
  const std::string area = std::isfinite(alarm.most_area_m2) ? fmt::format(", {:.0f} m2", alarm.most_area_m2) : "";
  const std::string speed = std::isfinite(alarm.fastest_m_per_day)
                                ? fmt::format(", {:.2f} mm/h", to_mm_per_h(MetresPerDay(alarm.fastest_m_per_day)))
                                : "";
  return fmt::format("{:>4}  {:<7} {:<15} {}  {}  up to {} cells{}{}  ({})\n", alarm.id, all.rules[alarm.rule].level,
                     name_of(alarm.kind), to_iso8601(alarm.raised), until, alarm.most_cells, area, speed,
                     all.rules[alarm.rule].name);
}

/// What a person reads first. A radar that could judge nothing must not look like a quiet slope.
std::string table_of(const RadarAlarms& all) {
  const auto standing = std::count_if(all.alarms.begin(), all.alarms.end(), [](const AreaAlarm& a) { return a.stands(); });
  std::string text = fmt::format("{} scans, {} of them judged in every window; {} alarms, {} stand\n", all.scans.size(),
                                 all.judged_scans, all.alarms.size(), standing);
  for (const AreaAlarm& alarm : all.alarms) text += row_of(all, alarm);
  if (all.judged_scans == 0) {
    text += "no scan could be judged: the windows are not filled, or too few cells are stable for a sigma\n";
  }
  return text;
}

}  // namespace

void add_radar_alarms_command(CLI::App& radar, Session& session) {
  auto* command = radar.add_subcommand(
      "alarms", "Alarms of contiguous areas of a slope radar, scan by scan, by the [[area_rule]]s of a policy.");
  command->footer(
      "Example: highwall radar alarms scans/ --start 2025-08-13T00:00:00+08:00 --interval-s 300 --sign toward_negative --unit mm "
      "-o alarms.json\nEnds with 2 when an alarm stands, or no scan could be judged.");
  auto scans = std::make_shared<std::vector<std::string>>();
  auto policy = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto series = std::make_shared<std::string>();
  auto ground = std::make_shared<std::string>();
  auto mask = std::make_shared<std::string>();
  auto stable = std::make_shared<std::string>();
  command->add_option("scans", *scans, "Scans: files or folders of S-SAR DiffImage or GeoTIFF, in the order of their names")
      ->required();
  command->add_option("--policy", *policy, "Policy TOML; default: the shipped policy");
  command->add_option("-o,--output", *out, "JSON of rules, alarms with their cells, and scans; default: standard output");
  command->add_option("--series", *series,
                      "CSV of each alarm's mean motion by percent deformation, for forecasts; reads the scans once more");
  command->add_option("--ground", *ground, "Cloud of the slope, for areas in m2 and --mask");
  command->add_option("--mask", *mask, "GeoJSON or GeoPackage: cells in its outlines never alarm (roads, vegetation)");
  command->add_option("--stable", *stable, "GeoJSON or GeoPackage: only cells in its outlines calibrate; default: found");
  auto pictures = std::make_shared<std::string>();
  command->add_option("--pictures", *pictures,
                      "Folder of radar.h5 and radar.png: velocity, sigma, sensitivity where --ground is given, alarmed areas");
  auto files = std::make_shared<OptionFlags<ScanFileOptions>>(*command, std::vector<std::string>{}, "Scans");
  auto place = std::make_shared<OptionFlags<RadarPlaceOptions>>(*command, std::vector<std::string>{}, "Place of the radar");
  auto velocity =
      std::make_shared<OptionFlags<VelocityStreamOptions>>(*command, std::vector<std::string>{"windows_h"}, "Velocity");
  auto percent = std::make_shared<OptionFlags<PercentOptions>>(*command, std::vector<std::string>{}, "Series");
  command->callback([=, &session] {
    std::vector<std::string> inputs = *scans;
    inputs.insert(inputs.end(), {*policy, *ground, *mask, *stable});
    if (!out->empty()) check_output(*out, inputs);
    if (!series->empty()) check_output(*series, inputs);
    const Policy rules = load_policy(*policy);
    const VelocityStreamOptions options = velocity->get();
    const PercentOptions percents = percent->get();
    if (ground->empty() && place->any())
      usage("--position-m", "the place of the radar says something together with --ground only");
    RadarFiles told{{scans->begin(), scans->end()}, *ground, *mask, *stable, files->get(), {}};
    if (!ground->empty()) told.place = place->get();
    const auto [opened, cells] = open_radar(
        told, [&](const Report& report) { tell(session, report); }, session.run);
    const RadarAlarms alarms = radar_alarms(*opened.source, cells, rules, options, session.run);
    put(*out, radar_alarms_json(alarms, rules));
    if (!series->empty()) {
      write_result(*series, alarm_series_csv(alarm_series(*opened.source, cells, alarms, options, percents, session.run)));
    }
    if (!pictures->empty()) {
      const ScanMaps maps = scan_maps(alarms.newest, alarms.alarms, alarms.rules, cells.grid, opened.map, cells.sensitivity);
      tell_picture(session, write_scan_pictures(*pictures, maps, own_python(), session.run), *pictures);
    }
    if (!out->empty() && *out != "-") print(table_of(alarms));
    tell(session, "radar alarms", {{"alarms", std::to_string(alarms.alarms.size())}, {"output", *out}});
    const bool standing = std::any_of(alarms.alarms.begin(), alarms.alarms.end(), [](const AreaAlarm& a) { return a.stands(); });
    if (standing || alarms.judged_scans == 0) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
