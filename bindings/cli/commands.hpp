#pragma once

#include <CLI/CLI.hpp>

#include "core/run.hpp"

namespace highwall::cli {

/// Threads and the rest that every command shares; made once in main().
struct Session {
  Run run;
  int exit_code = 0;
};

void add_run_commands(CLI::App& app, Session& session);      // run, check, simulate, ingest, publish
void add_measure_commands(CLI::App& app, Session& session);  // info, convert, m3c2, rate, trend, warn
void add_register_command(CLI::App& app, Session& session);  // register
void add_vectors_command(CLI::App& app, Session& session);   // vectors
void add_volume_command(CLI::App& app, Session& session);    // volume
void add_radar_commands(CLI::App& app, Session& session);     // radar geometry, ...
void add_archive_commands(CLI::App& app, Session& session);  // ack, release, verify, export
void add_help_command(CLI::App& app);                        // help site, policy, algorithms

inline constexpr int kWithFindings = 2;

}  // namespace highwall::cli
