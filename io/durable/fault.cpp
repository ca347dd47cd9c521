#include "io/durable/fault.hpp"

#ifdef HIGHWALL_FAULT_POINTS
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#endif

namespace highwall {

#ifdef HIGHWALL_FAULT_POINTS

int fault(std::string_view point) {
  const char* plan = std::getenv("HIGHWALL_FAULT");
  if (plan == nullptr) return 0;
  const std::string text(plan);
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || text.substr(0, colon) != point) return 0;
  std::string action = text.substr(colon + 1);
  int nth = 1;
  if (const std::size_t second = action.find(':'); second != std::string::npos) {
    nth = std::atoi(action.c_str() + second + 1);
    action.resize(second);
  }
  static std::mutex mutex;
  static std::map<std::string, int, std::less<>> passages;
  const std::lock_guard lock(mutex);
  if (++passages[std::string(point)] != nth) return 0;
  if (action == "kill") std::raise(SIGKILL);
  return action == "ENOSPC" ? ENOSPC : EIO;
}

#else

int fault(std::string_view) { return 0; }

#endif

}  // namespace highwall
