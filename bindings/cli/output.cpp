#include "bindings/cli/output.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bindings/pipeline/bare.hpp"

namespace highwall::cli {
namespace {

bool g_bar = false;  // A bar stands on the terminal's last line.

void clear_bar() {
  if (g_bar) std::fputs("\r\033[K", stderr);
  g_bar = false;
}

}  // namespace

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void put(const std::string& out, const std::string& text) {
  if (out.empty() || out == "-") {
    print(text);
  } else {
    write_result(out, text);
  }
}

void tell(const Session& session, std::string step, std::vector<std::pair<std::string, std::string>> fields) {
  session.run.log(LogLevel::info, std::move(step), std::move(fields));
}

void tell(const Session& session, const Report& report) {
  const Run& run = session.run;
  tell(session, "read",
       {{"file", report.source},
        {"format", report.format},
        {"accepted", std::to_string(report.accepted)},
        {"refused", std::to_string(report.rejected)}});
  for (const std::string& warning : report.warnings)
    run.log(LogLevel::warning, "read", {{"file", report.source}, {"note", warning}});
  for (std::size_t i = 0; i < std::min<std::size_t>(5, report.rows.size()); ++i) {
    run.log(LogLevel::warning, "read",
            {{"file", report.source}, {"line", std::to_string(report.rows[i].line)}, {"refused", report.rows[i].reason}});
  }
}

std::filesystem::path own_python() {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const std::filesystem::path python = self.parent_path() / "python";
  return !failed && std::filesystem::is_regular_file(python, failed) ? python : std::filesystem::path();
}

void tell_picture(const Session& session, const std::string& why, const std::string& folder) {
  if (why.empty()) return tell(session, "picture", {{"folder", folder}});
  session.run.log(LogLevel::warning, "picture",
                  {{"note", why}, {"advice", "draw it with: python -m highwall.quicklook " + folder}});
}

void usage(const std::string& flag, const std::string& sentence) { throw CLI::ValidationError(flag, sentence); }

namespace {

/// The same file under any name, or a place below the input.
bool lies_in(const std::filesystem::path& out, const std::filesystem::path& input) {
  std::error_code failed;
  if (std::filesystem::equivalent(out, input, failed)) return true;
  if (!std::filesystem::is_directory(input, failed)) return false;
  for (std::filesystem::path above = std::filesystem::weakly_canonical(out, failed); above.has_relative_path();
       above = above.parent_path()) {
    if (std::filesystem::equivalent(above, input, failed)) return true;
  }
  return false;
}

}  // namespace

void check_output(const std::string& out, const std::vector<std::string>& inputs) {
  if (out.empty() || out == "-") return;
  std::error_code failed;
  const std::filesystem::path path(out);
  if (std::filesystem::is_directory(path, failed)) usage("--output", out + " is a folder, not a file");
  if (path.has_parent_path() && !std::filesystem::is_directory(path.parent_path(), failed)) {
    usage("--output", "the folder " + path.parent_path().string() + " does not exist");
  }
  if (is_stream(path)) return;
  for (const std::string& input : inputs) {
    if (!input.empty() && lies_in(path, input)) usage("--output", out + " would overwrite the input " + input);
  }
}

void draw_progress(std::string_view step, std::size_t done, std::size_t total) {
  using Clock = std::chrono::steady_clock;
  static Clock::time_point begin;
  static std::string current;
  if (total == 0) return;
  if (current != step) {
    current = step;
    begin = Clock::now();
  }
  // What is done at once needs no bar.
  if (!g_bar && Clock::now() - begin < std::chrono::milliseconds(300)) return;
  constexpr std::size_t kWidth = 30;
  const std::size_t filled = kWidth * done / total;
  g_bar = done < total;
  std::fprintf(stderr, "\r%-24.24s [%s%s] %3zu %%%s", current.c_str(), std::string(filled, '#').c_str(),
               std::string(kWidth - filled, '.').c_str(), 100 * done / total, g_bar ? "" : "\n");
  std::fflush(stderr);
}

void log_json(const LogRecord& record) {
  nlohmann::ordered_json line{{"level", std::string(name_of(record.level))}, {"event", record.event}};
  for (const auto& [name, value] : record.fields) line[name] = value;
  std::fprintf(stderr, "%s\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void log_text(const LogRecord& record) {
  clear_bar();
  std::string line = record.event;
  const char* separator = ": ";
  for (const auto& [name, value] : record.fields) {
    line += fmt::format("{}{} {}", separator, name, value);
    separator = ", ";
  }
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace highwall::cli
