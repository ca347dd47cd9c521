// Coverage of 95 % intervals of the velocity stream in simulated runs: the table of benchmarks/README.md.
#include <cstdio>
#include <cstdlib>

#include "tests/support/coverage_runs.hpp"

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 30;
  std::printf("95 %% intervals of cells that calibrate nothing, mean (least, largest) of %d runs\n", runs);
  for (const char* atmosphere : {"off", "trend"}) {
    for (const double diurnal_mm : {0.0, 0.5}) {
      for (const double share : {0.0, 0.5, 1.0}) {
        highwall::RadarScene scene;
        scene.step_s = 600.0;
        scene.diurnal_mm = diurnal_mm;
        scene.common_share = share;
        highwall::VelocityStreamOptions options;
        options.atmosphere = atmosphere;
        std::printf("atmosphere %-5s, common share %.1f, diurnal %.1f mm/km:", atmosphere, share, diurnal_mm);
        for (const highwall::Coverage& c : highwall::coverage_of(scene, options, runs, highwall::Run(1))) {
          std::printf("  %g h %.1f (%.1f, %.1f)", c.window_h, 100.0 * c.mean, 100.0 * c.least, 100.0 * c.most);
        }
        std::printf("\n");
        std::fflush(stdout);
      }
    }
  }
  return 0;
}
