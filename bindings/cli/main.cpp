// The command line: parses, calls the same functions as Python, prints, and ends with a code of sysexits.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "bindings/cli/output.hpp"
#include "core/error.hpp"
#include "core/version.hpp"

namespace highwall::cli {
namespace {

std::stop_source g_stop;

void on_interrupt(int) { g_stop.request_stop(); }

int code_of(const Error& e) {
  if (dynamic_cast<const BusyError*>(&e) != nullptr) return 75;
  switch (e.kind()) {
    case ErrorKind::input:
    case ErrorKind::frame:
      return 65;
    case ErrorKind::config:
      return e.where().starts_with("--") ? 64 : 78;  // A flag, or a file.
    case ErrorKind::storage:
      return 74;
    case ErrorKind::cancelled:
      return 130;
    case ErrorKind::internal:
      return 70;
  }
  return 70;
}

void catch_interrupts() {
  // A file that may not grow (ulimit -f) is an error of that write, with a path and exit code 74, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

/// Results that did not get out are no success, whatever was computed.
int with_output_flushed(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fprintf(stderr, "highwall: standard output cannot be written\n");
  return code == 0 || code == kWithFindings ? 74 : code;
}

int main_of(int argc, char** argv) {
  CLI::App app{"highwall: GNSS, slope radar and LiDAR of open-pit slopes to displacement fields and warning levels"};
  app.set_version_flag("--version", std::string("highwall ") + kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  int threads = 0;
  bool quiet = false;
  const auto add_common = [&](CLI::App& command, const char* group) {
    command.add_option("--threads", threads, "Threads; 0: all of the machine. Results do not depend on it")
        ->check(CLI::Range(0, 1024))
        ->default_str("0")
        ->group(group);
    command.add_flag("--silent", quiet, "No progress and no log")->group(group);
  };
  add_common(app, "Options");
  app.footer(
      "Exit codes: 0 complete; 2 complete with findings; 64 usage, 65 input, 70 internal, 74 storage, "
      "75 archive in use, 78 configuration; 130 cancelled.");
  Session session;
  add_run_commands(app, session);
  add_measure_commands(app, session);
  add_register_command(app, session);
  add_vectors_command(app, session);
  add_volume_command(app, session);
  add_radar_commands(app, session);
  add_archive_commands(app, session);
  add_help_command(app);
  // Named by every command too, so that its --help shows them.
  for (CLI::App* command : app.get_subcommands({})) {
    add_common(*command, "Every command");
    for (CLI::App* part : command->get_subcommands({})) add_common(*part, "Every command");
  }
  app.parse_complete_callback([&] {
    session.run.set_threads(threads).set_stop(g_stop.get_token());
    if (quiet) return;
    if (isatty(STDERR_FILENO) != 0) {
      session.run.set_progress(draw_progress).set_log(log_text);
    } else {
      session.run.set_log(log_json);
    }
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return e.get_exit_code() == 0 ? app.exit(e) : (app.exit(e), 64);
  } catch (const Error& e) {
    std::fprintf(stderr, "highwall: %s\n", e.what());
    return code_of(e);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "highwall: out of memory\n");
    return 70;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "highwall: internal error: %s\n", e.what());
    return 70;
  }
  return session.exit_code;
}

}  // namespace
}  // namespace highwall::cli

int main(int argc, char** argv) {
  highwall::cli::catch_interrupts();
  return highwall::cli::with_output_flushed(highwall::cli::main_of(argc, argv));
}
