#include "bindings/pipeline/pictures.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

extern char** environ;

namespace highwall {
namespace {

namespace fs = std::filesystem;

/// A child process whose words are caught; it is ended when it is let go of.
class Child {
 public:
  Child(const std::vector<std::string>& command, std::string& error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      error = fmt::format("no pipe can be made: {}", std::strerror(errno));
      return;
    }
    output_ = ends[0];
    fcntl(output_, F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // a group of its own, to be ended as a whole
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const int failed = posix_spawn(&pid_, words[0], &actions, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed == 0) return;
    pid_ = 0;
    error = fmt::format("{} cannot be started: {}", command[0], std::strerror(failed));
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// True when it has ended; status() then tells how.
  bool ended() {
    char buffer[4096];
    for (ssize_t n = ::read(output_, buffer, sizeof buffer); n > 0; n = ::read(output_, buffer, sizeof buffer)) {
      if (words_.size() < 65536) words_.append(buffer, static_cast<std::size_t>(n));
    }
    if (waitpid(pid_, &status_, WNOHANG) == 0) return false;
    pid_ = 0;
    return true;
  }
  int status() const { return status_; }
  /// The last line that it wrote.
  std::string last_words() const {
    std::string text = words_;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    const std::size_t line = text.rfind('\n');
    return text.substr(line == std::string::npos ? 0 : line + 1).substr(0, 200);
  }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  int status_ = 0;
  std::string words_;
};

}  // namespace

std::string draw_pictures(const fs::path& python, const fs::path& folder, double deadline_s, const Run& run) {
  constexpr int kStep_ms = 20;
  if (python.empty()) return "no Python interpreter was named";
  if (!fs::exists(python)) return python.string() + " does not exist";
  std::string error;
  Child child({python.string(), "-m", "highwall.quicklook", folder.string()}, error);
  if (!error.empty()) return error;
  // Steps are counted: the clock is not read here.
  for (double waited_s = 0.0; !child.ended(); waited_s += kStep_ms / 1000.0) {
    run.check_stop();
    if (waited_s >= deadline_s) {
      return fmt::format("python -m highwall.quicklook was ended after {:g} s", deadline_s);
    }
    poll(nullptr, 0, kStep_ms);
  }
  if (WIFEXITED(child.status()) && WEXITSTATUS(child.status()) == 0) return {};
  const std::string how = WIFEXITED(child.status()) ? fmt::format("with status {}", WEXITSTATUS(child.status()))
                                                    : fmt::format("by signal {}", WTERMSIG(child.status()));
  const std::string words = child.last_words();
  return fmt::format("python -m highwall.quicklook ended {}{}", how, words.empty() ? "" : ": " + words);
}

}  // namespace highwall
