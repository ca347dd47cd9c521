#pragma once

#include "bindings/cli/commands.hpp"

namespace highwall::cli {

// Commands under `highwall radar`, one a file.
void add_radar_geometry_command(CLI::App& radar, Session& session);
void add_radar_velocity_command(CLI::App& radar, Session& session);
void add_radar_alarms_command(CLI::App& radar, Session& session);
void add_radar_invert_command(CLI::App& radar, Session& session);
void add_radar_export_command(CLI::App& radar, Session& session);

}  // namespace highwall::cli
