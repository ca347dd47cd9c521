#include "core/run.hpp"

#include "core/error.hpp"

namespace highwall {

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

void Run::check_stop() const {
  if (stop_requested()) throw Error(ErrorKind::cancelled, "stopped on request");
}

void Run::log(LogLevel level, std::string event, std::vector<std::pair<std::string, std::string>> fields) const {
  if (log_) log_(LogRecord{level, std::move(event), std::move(fields)});
}

}  // namespace highwall
