// CPU and memory of the velocity stream, scan by scan: ROWS COLS SCANS [THREADS [RESTART]]. Scans of 2 minutes go through a
// DiffImage file in memory, the stream and the alarms of a rule. Before scan RESTART (0 = never) the stream is saved and goes on
// in one that was restored. The last line is a sum over all results and the final state, which neither threads nor a restart
// may change. benchmarks/stream calls it.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "algorithms/radar/area_alarms.hpp"
#include "algorithms/radar/state_bytes.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "io/readers/scans/diffimage.hpp"
#include "tests/support/radar_scene.hpp"
#include "tests/support/stream_digest.hpp"

namespace {

using highwall::AreaScan;
using highwall::VelocityStream;

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0.0;
  double resident = 0.0;
  statm >> total >> resident;
  return 4096.0 * resident;
}

/// The scan as a DiffImage file holds it, in mm.
std::string image_of(const highwall::RadarScan& scan, const highwall::ScanGrid& grid) {
  std::string bytes(8 + 8 * (grid.rows + grid.cols) + 4 * grid.cells(), '\0');
  const auto rows = static_cast<std::int32_t>(grid.rows);
  const auto cols = static_cast<std::int32_t>(grid.cols);
  std::memcpy(bytes.data(), &rows, 4);
  std::memcpy(bytes.data() + 4, &cols, 4);
  std::memcpy(bytes.data() + 8, grid.range_m.data(), 8 * grid.rows);
  std::memcpy(bytes.data() + 8 + 8 * grid.rows, grid.azimuth_rad.data(), 8 * grid.cols);
  char* to = bytes.data() + 8 + 8 * (grid.rows + grid.cols);
  for (std::size_t c = 0; c < grid.cols; ++c) {
    for (std::size_t r = 0; r < grid.rows; ++r, to += 4) {
      const float mm = 1e3F * scan.displacement_m[r * grid.cols + c];
      std::memcpy(to, &mm, 4);
    }
  }
  return bytes;
}

AreaScan area_scan_of(const highwall::VelocityScan& velocity) {
  AreaScan out;
  out.at = velocity.instant;
  for (const auto& w : velocity.windows) out.windows.push_back({w.window_h, w.velocity_m_per_day, w.sigma_m_per_day, w.motion});
  out.displacement_m = velocity.displacement_m;
  out.aliased = velocity.aliased;
  return out;
}

/// What was spent since the last line, over so many scans.
struct Spent {
  double read = 0.0, follow = 0.0, judge = 0.0;
  int scans = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s ROWS COLS SCANS [THREADS [RESTART]]\n", argv[0]);
    return 64;
  }
  highwall::RadarScene scene;
  scene.rows = static_cast<std::size_t>(std::atoll(argv[1]));
  scene.cols = static_cast<std::size_t>(std::atoll(argv[2]));
  scene.step_s = 120.0;
  const int scans = std::atoi(argv[3]);
  const highwall::Run run(argc > 4 ? std::atoi(argv[4]) : 1);
  const int restart = argc > 5 ? std::atoi(argv[5]) : 0;
  highwall::RadarSimulator radar(scene);
  const highwall::ScanGrid grid = scene.grid();
  const double before = resident_bytes();
  VelocityStream stream(grid, highwall::ScanValue::cumulative, {});
  highwall::AreaRule rule;
  rule.name = "bench";
  highwall::AreaAlarms alarms(grid, {rule});
  const double cells = static_cast<double>(scene.cells());
  Spent spent;
  highwall::StreamDigest digest;
  for (int k = 0; k < scans; ++k) {
    if (restart > 0 && k == restart) {
      const std::string state = stream.save();
      stream = VelocityStream::restore(state, grid, highwall::ScanValue::cumulative, {});
    }
    const highwall::RadarScan simulated = radar.next();
    const std::string file = image_of(simulated, grid);
    const double t0 = cpu_s();
    highwall::DiffImage image = highwall::parse_diffimage({"scan", file});
    highwall::RadarScan scan;
    scan.instant = simulated.instant;
    scan.displacement_m = std::move(image.values);
    for (float& v : scan.displacement_m) v *= 1e-3F;
    const double t1 = cpu_s();
    const highwall::VelocityScan& told = stream.push(scan, run);
    const double t2 = cpu_s();
    alarms.push(area_scan_of(told), run);
    const double t3 = cpu_s();
    spent.read += t1 - t0;
    spent.follow += t2 - t1;
    spent.judge += t3 - t2;
    ++spent.scans;
    // Not of every scan: it would take longer than the stream itself.
    if (k % 20 == 0 || k + 1 == scans) digest.add(told);
    if ((k + 1) % 100 == 0 || k + 1 == scans) {
      const double ms = 1e9 / cells / spent.scans;
      std::printf("scans to %5d: CPU a scan and Mpx: reading %.0f ms, stream %.1f ms, alarms %.1f ms; resident %.0f B a cell\n",
                  k + 1, ms * spent.read, ms * spent.follow, ms * spent.judge, (resident_bytes() - before) / cells);
      std::fflush(stdout);
      spent = {};
    }
  }
  digest.add(alarms.alarms(true));
  digest.add(stream.save());
  std::printf("the stream says that it holds %.0f B a cell; results and state %016llx\n",
              static_cast<double>(stream.bytes_held()) / cells, static_cast<unsigned long long>(digest.sum()));
  return 0;
}
