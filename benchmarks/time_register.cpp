// time_register REFERENCE EPOCH THREADS REPEATS GROUND
// Reads two clouds, registers the second on the first and prints one JSON line: seconds of each repeat, the matrix by rows
// (about the coordinates of the files), what registration says of itself. benchmarks/compare calls it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "algorithms/align/piecewise.hpp"
#include "core/error.hpp"
#include "core/move_origin.hpp"
#include "io/readers/reader.hpp"

namespace {

using Clock = std::chrono::steady_clock;

int measure(const std::vector<std::string>& arguments) {
  const highwall::Run run(std::atoi(arguments[3].c_str()));
  const auto load = [&](const std::string& path) {
    auto cloud = std::get<highwall::PointCloud>(highwall::read_file(path, {}, run).data);
    highwall::move_origin(cloud, {0.0, 0.0, 0.0});
    return cloud;
  };
  const highwall::PointCloud reference = load(arguments[1]);
  const highwall::PointCloud epoch = load(arguments[2]);
  highwall::PiecewiseOptions options;
  options.ground = arguments[5];
  highwall::Registration found;
  std::string times;
  for (int k = 0; k < std::atoi(arguments[4].c_str()); ++k) {
    const auto start = Clock::now();
    found = highwall::register_piecewise(epoch.view(), reference.view(), options, run);
    times += (k > 0 ? ", " : "") + std::to_string(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::printf("{\"points\": %zu, \"s\": [%s], \"verdict\": \"%s\", \"matrix\": [", epoch.size(), times.c_str(),
              found.verdict.c_str());
  for (int i = 0; i < 16; ++i) std::printf("%s%.12g", i > 0 ? ", " : "", found.transform.matrix()(i / 4, i % 4));
  std::printf("], \"sigma\": [");
  for (int i = 0; i < 6; ++i) std::printf("%s%.3g", i > 0 ? ", " : "", std::sqrt(found.covariance(i, i)));
  std::printf("]}\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() != 6) {
    std::fputs("usage: time_register REFERENCE EPOCH THREADS REPEATS stable|all\n", stderr);
    return 64;
  }
  try {
    return measure(arguments);
  } catch (const highwall::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 65;
  }
}
