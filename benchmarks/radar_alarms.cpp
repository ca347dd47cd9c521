// False and right alarms of contiguous areas in simulated runs of 30 h, with sigma from stable cells and with that of each cell's
// own residuals beside it: radar_alarms [SEEDS [K_SIGMA]].
#include <cstdio>
#include <cstdlib>

#include "tests/support/alarm_runs.hpp"

namespace highwall {
namespace {

double hours_of(Instant t) { return to_hours(t - RadarSimulator::kStart); }

void stable(int seeds, double k_sigma, const Run& run) {
  double days = 0.0;
  std::size_t calibrated = 0;
  std::size_t residual = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const AlarmRun one = alarm_run("stable", static_cast<std::uint64_t>(seed), k_sigma, true, run);
    days += one.judged_days;
    calibrated += one.calibrated.size();
    residual += one.residual.size();
  }
  std::printf("stable: %.1f days judged; false alarms a day: calibrated %.3f, sigma of the residuals %.1f\n", days,
              static_cast<double>(calibrated) / days, static_cast<double>(residual) / days);
}

void moving(const char* scenario, int seeds, double k_sigma, const Run& run) {
  std::printf("%s\n  seed  alarms  kind      raised_h  cleared_h  trend        cells\n", scenario);
  for (int seed = 1; seed <= seeds; ++seed) {
    const AlarmRun one = alarm_run(scenario, static_cast<std::uint64_t>(seed), k_sigma, false, run);
    if (one.calibrated.empty()) {
      std::printf("  %4d       0  not found\n", seed);
      continue;
    }
    const AreaAlarm& a = one.calibrated[0];
    std::printf("  %4d  %6zu  %-8s  %8.2f  %9s  %-11s  %5zu%s\n", seed, one.calibrated.size(),
                std::string(name_of(a.kind)).c_str(), hours_of(a.raised),
                a.cleared == kNoInstant ? "-" : std::to_string(hours_of(a.cleared)).substr(0, 5).c_str(),
                std::string(name_of(a.trend)).c_str(), a.most_cells,
                one.progressive_after_peak > 0 ? "  progressive after its peak" : "");
  }
}

}  // namespace
}  // namespace highwall

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 10;
  const double k_sigma = argc > 2 ? std::atof(argv[2]) : 5.0;
  const highwall::Run run(0);
  std::printf("64 x 64 cells, a scan every 5 min, window 3 h, %.1f sigma, 12 cells, 3 of 5 scans\n", k_sigma);
  std::printf("a block of 12 x 12 cells: fails at 30 h; slows down from 16 h; jumps by 3 mm at 18 h\n");
  highwall::stable(seeds, k_sigma, run);
  for (const char* scenario : {"accelerating", "regressive", "blast-step"}) highwall::moving(scenario, seeds, k_sigma, run);
  return 0;
}
