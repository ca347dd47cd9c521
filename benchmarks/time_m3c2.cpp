// time_m3c2 BEFORE AFTER CORES THREADS REPEATS OUT.csv
// Reads three clouds, measures M3C2 and prints one JSON line: seconds of reading and of each repeat, counts,
// peak memory, and what the calibrated distance costs at up to 10,000 of the core points. OUT.csv gets distance, n1 and n2 per
// core point. benchmarks/compare calls it.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/compare/calibrated.hpp"
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

/// Seconds of measure_calibrated() at up to 10,000 core points, evenly taken.
std::pair<std::size_t, double> calibrated_cost(const highwall::PointCloud& before, const highwall::PointCloud& after,
                                               const highwall::PointCloud& cores, const highwall::Run& run) {
  const std::size_t step = std::max<std::size_t>(1, cores.size() / 10000);
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i < cores.size(); i += step) some.push_back(i);
  const highwall::PointCloud few = highwall::select(cores, some);
  const highwall::M3c2Options compare;
  highwall::DisplacementField field = highwall::m3c2(before.view(), after.view(), few.view(), compare, run);
  const auto start = Clock::now();
  highwall::measure_calibrated(before.view(), after.view(), field, {}, compare, highwall::CalibrateOptions{}, run);
  return {some.size(), seconds_since(start)};
}

int measure(const std::vector<std::string>& arguments) {
  const highwall::Run run(std::atoi(arguments[4].c_str()));
  highwall::ReadOptions options;
  options.channels = "none";  // The comparison needs none; py4dgeo gets coordinates only, too.
  options.instant.clear();
  const auto load = [&](const std::string& path) {
    auto cloud = std::get<highwall::PointCloud>(highwall::read_file(path, options, run).data);
    options.origin_m.assign(cloud.frame.origin_m.begin(), cloud.frame.origin_m.end());
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
  const long peak_mb = peak_memory_mb();
  const auto [calibrated, calibrated_s] = calibrated_cost(before, after, cores, run);
  std::printf(
      "{\"points\": %zu, \"cores\": %zu, \"read_s\": %.4f, \"m3c2_s\": [%s], \"peak_mb\": %ld, \"calibrated\": %zu, "
      "\"calibrated_s\": %.4f}\n",
      before.size(), cores.size(), read_s, times.c_str(), peak_mb, calibrated, calibrated_s);
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
