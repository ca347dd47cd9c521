// time_read FILE THREADS REPEATS all|none
// Reads a cloud again and again, with all channels or none, and prints one JSON line: the seconds of each time and the
// number of points. benchmarks/compare calls it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/readers/reader.hpp"

namespace {

using Clock = std::chrono::steady_clock;

int measure(const std::vector<std::string>& arguments) {
  const highwall::Run run(std::atoi(arguments[2].c_str()));
  highwall::ReadOptions options;
  options.channels = arguments[4];
  if (options.channels == "none") options.instant.clear();
  std::string times;
  std::size_t points = 0;
  for (int k = 0; k < std::atoi(arguments[3].c_str()); ++k) {
    const auto start = Clock::now();
    const highwall::Reading reading = highwall::read_file(arguments[1], options, run);
    times += (k > 0 ? ", " : "") + std::to_string(std::chrono::duration<double>(Clock::now() - start).count());
    points = std::get<highwall::PointCloud>(reading.data).size();
  }
  std::printf("{\"points\": %zu, \"s\": [%s]}\n", points, times.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() != 5) {
    std::fputs("usage: time_read FILE THREADS REPEATS all|none\n", stderr);
    return 64;
  }
  try {
    return measure(arguments);
  } catch (const highwall::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 65;
  }
}
