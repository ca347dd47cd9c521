#include "bindings/cli/radar_commands.hpp"

namespace highwall::cli {

void add_radar_commands(CLI::App& app, Session& session) {
  auto* radar = app.add_subcommand("radar", "Slope radar and InSAR: stacks, scans, geometry");
  radar->require_subcommand(1);
  radar->fallthrough();
  add_radar_geometry_command(*radar, session);
  add_radar_velocity_command(*radar, session);
  add_radar_alarms_command(*radar, session);
  add_radar_invert_command(*radar, session);
  add_radar_export_command(*radar, session);
}

}  // namespace highwall::cli
