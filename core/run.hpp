#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwall {

enum class LogLevel { debug, info, warning, error };
std::string_view name_of(LogLevel level) noexcept;

/// One event of the log: a level, a short event name and ordered fields, all text.
struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string event;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Where log records go. Called from one thread at a time.
using LogSink = std::function<void(const LogRecord&)>;

/// Told how far a step is: `done` of `total` units of work (total 0 = not known).
using ProgressSink = std::function<void(std::string_view step, std::size_t done, std::size_t total)>;

/// What every long call is handed last: how many threads, how to stop, whom to tell.
class Run {
 public:
  Run() = default;
  explicit Run(int threads) : threads_(threads) {}

  /// Worker threads; 0 means all that the machine has. Results never depend on it.
  int threads() const noexcept { return threads_; }
  Run& set_threads(int threads) {
    threads_ = threads;
    return *this;
  }
  Run& set_stop(std::stop_token token) {
    stop_ = std::move(token);
    return *this;
  }
  Run& set_log(LogSink sink) {
    log_ = std::move(sink);
    return *this;
  }
  Run& set_progress(ProgressSink sink) {
    progress_ = std::move(sink);
    return *this;
  }

  bool stop_requested() const noexcept { return stop_.stop_requested(); }
  /// @throws Error(cancelled) when a stop was requested.
  void check_stop() const;

  void log(LogLevel level, std::string event, std::vector<std::pair<std::string, std::string>> fields = {}) const;
  void progress(std::string_view step, std::size_t done, std::size_t total) const {
    if (progress_) progress_(step, done, total);
  }
  bool wants_progress() const noexcept { return static_cast<bool>(progress_); }

 private:
  int threads_ = 0;
  std::stop_token stop_;
  LogSink log_;
  ProgressSink progress_;
};

}  // namespace highwall
