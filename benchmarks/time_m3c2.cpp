// time_m3c2 BEFORE AFTER CORES THREADS REPEATS OUT.csv
// Reads three clouds, measures M3C2 and prints one JSON line: seconds of reading and of each repeat, counts,
// peak memory. OUT.csv gets distance, n1 and n2 per core point. benchmarks/compare calls it.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "algorithms/compare/m3c2.hpp"
#include "core/error.hpp"
#include "io/readers/reader.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

long peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

int measure(const std::vector<std::string>& arguments) {
  const highwall::Run run(std::atoi(arguments[4].c_str()));
  highwall::ReadOptions options;
  const auto load = [&](const std::string& path) {
    auto cloud = std::get<highwall::PointCloud>(highwall::read_file(path, options, run).data);
    options.origin_m.assign(cloud.frame.origin_m.begin(), cloud.frame.origin_m.end());
    cloud.channels.clear();  // The comparison needs none; py4dgeo gets coordinates only, too.
    return cloud;
  };
  auto start = Clock::now();
  const highwall::PointCloud before = load(arguments[1]);
  const double read_s = seconds_since(start);
  const highwall::PointCloud after = load(arguments[2]);
  const highwall::PointCloud cores = load(arguments[3]);

  highwall::DisplacementField field;
  std::string times;
  for (int k = 0; k < std::atoi(arguments[5].c_str()); ++k) {
    start = Clock::now();
    field = highwall::m3c2(before.view(), after.view(), cores.view(), highwall::M3c2Options{}, run);
    times += (k > 0 ? ", " : "") + std::to_string(seconds_since(start));
  }
  std::printf("{\"points\": %zu, \"cores\": %zu, \"read_s\": %.4f, \"m3c2_s\": [%s], \"peak_mb\": %ld}\n", before.size(),
              cores.size(), read_s, times.c_str(), peak_memory_mb());
  std::FILE* file = std::fopen(arguments[6].c_str(), "w");
  if (file == nullptr) return 74;
  for (std::size_t i = 0; i < field.size(); ++i) {
    std::fprintf(file, "%.17g,%u,%u\n", field.value_m[i], field.n_before[i], field.n_after[i]);
  }
  return std::fclose(file) == 0 ? 0 : 74;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() != 7) {
    std::fputs("usage: time_m3c2 BEFORE AFTER CORES THREADS REPEATS OUT.csv\n", stderr);
    return 64;
  }
  try {
    return measure(arguments);
  } catch (const highwall::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 65;
  }
}
