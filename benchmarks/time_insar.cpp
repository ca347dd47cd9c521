// time_insar STACK THREADS REPEATS [INSTRUCTIONS]
// Reads a stack of interferograms by tiles and prints one JSON line: pixels, and per repeat the seconds of wall and of the
// process that inversion (weighted by variance, with sigma; without weights) and velocity take. Reading is not in them.
// INSTRUCTIONS: "AVX2", "AVX3" ...; the best of the machine when left out.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "algorithms/radar/network_inversion.hpp"
#include "algorithms/radar/network_kernel.hpp"
#include "algorithms/radar/time_kernel.hpp"
#include "algorithms/radar/velocity_fit.hpp"
#include "core/error.hpp"
#include "io/readers/insar/insar.hpp"

namespace {

using namespace highwall;

struct Spent {
  double wall_s = 0.0, cpu_s = 0.0;
};

template <class Work>
void measure(Spent& spent, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  work();
  spent.cpu_s += static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  spent.wall_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int time_stack(const std::vector<std::string>& arguments) {
  const Run run(std::atoi(arguments[2].c_str()));
  Report report;
  const std::vector<std::filesystem::path> paths{arguments[1]};
  const auto source = open_interferograms(paths, {}, report, run);
  const InterferogramNetwork& network = source->network();
  const std::vector<double> zero(network.pairs.size(), 0.0);
  InversionOptions weighted, plain;
  weighted.weights = NetworkWeights::variance;
  plain.weights = NetworkWeights::none;
  plain.sigma = false;
  const NetworkInversion by_variance(network, zero, weighted), without(network, zero, plain);
  const TimeModel model(network.instants, {});
  constexpr std::size_t kRows = 64;
  std::string lines;
  for (int k = 0; k < std::atoi(arguments[3].c_str()); ++k) {
    Spent weighted_s, plain_s, velocity_s;
    std::vector<float> phase, coherence;
    InvertedTile tile;
    FittedTile fit;
    for (std::size_t begin = 0; begin < network.geometry.rows; begin += kRows) {
      const std::size_t end = std::min(network.geometry.rows, begin + kRows);
      const std::size_t cells = (end - begin) * network.geometry.cols;
      phase.resize(network.pairs.size() * cells);
      coherence.resize(phase.size());
      source->read_rows(begin, end, phase, coherence);
      measure(plain_s, [&] { without.invert({cells, phase, {}}, tile, run); });
      measure(weighted_s, [&] { by_variance.invert({cells, phase, coherence}, tile, run); });
      measure(velocity_s, [&] { fit_time_model<float>(model, cells, tile.displacement_m, {}, fit, run); });
    }
    char text[400];
    std::snprintf(text, sizeof text,
                  "%s{\"variance\": {\"wall_s\": %.6f, \"cpu_s\": %.6f}, \"none\": {\"wall_s\": %.6f, \"cpu_s\": %.6f}, "
                  "\"velocity\": {\"wall_s\": %.6f, \"cpu_s\": %.6f}}",
                  k > 0 ? ", " : "", weighted_s.wall_s, weighted_s.cpu_s, plain_s.wall_s, plain_s.cpu_s, velocity_s.wall_s,
                  velocity_s.cpu_s);
    lines += text;
  }
  std::printf("{\"pixels\": %zu, \"dates\": %zu, \"interferograms\": %zu, \"instructions\": \"%s\", \"runs\": [%s]}\n",
              network.cells(), network.instants.size(), network.pairs.size(), std::string(network_kernel().name).c_str(),
              lines.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() != 4 && arguments.size() != 5) {
    std::fprintf(stderr, "usage: time_insar STACK THREADS REPEATS [INSTRUCTIONS]\n");
    return 64;
  }
  if (arguments.size() == 5 && !(use_network_kernel(arguments[4]) && use_time_kernel(arguments[4]))) {
    std::fprintf(stderr, "this machine has no %s\n", arguments[4].c_str());
    return 64;
  }
  try {
    return time_stack(arguments);
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 65;
  }
}
