#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bindings/cli/commands.hpp"
#include "core/report.hpp"

namespace highwall::cli {

/// Text on standard output.
void print(const std::string& text);
/// Text into the file of -o, or on standard output for none or "-".
void put(const std::string& out, const std::string& text);

/// A finished step: one JSON line on stderr, plain text on a terminal, nothing with --silent.
void tell(const Session& session, std::string step, std::vector<std::pair<std::string, std::string>> fields);
/// What a reader has to say of its file, in the same way: rows, assumptions, the first refused rows.
void tell(const Session& session, const Report& report);

/// The interpreter of the environment that this program was installed into; empty = none.
std::filesystem::path own_python();

/// Says that pictures were drawn into a folder, or why not, and how to draw them. @param why  "" = they were
void tell_picture(const Session& session, const std::string& why, const std::string& folder);

/// Ends with code 64: the command line asks for what cannot be. @throws CLI::ValidationError
[[noreturn]] void usage(const std::string& flag, const std::string& sentence);
/// Refuses a result's path before any work is done: a folder, one whose folder is not there, and one of the inputs, also
/// under another name, or a place within an input that is a folder. @throws CLI::ValidationError
void check_output(const std::string& out, const std::vector<std::string>& inputs);

/// Bar and log of the process; main() hands them to the Run.
void draw_progress(std::string_view step, std::size_t done, std::size_t total);
void log_json(const LogRecord& record);
void log_text(const LogRecord& record);

}  // namespace highwall::cli
