#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "algorithms/radar/velocity_stream.hpp"
#include "core/statistics.hpp"
#include "tests/support/radar_scene.hpp"

namespace highwall {

/// What 95 % intervals of one window held in simulated runs: means over the runs, and the least and largest of them.
struct Coverage {
  double window_h = 0.0;
  double mean = 0.0;
  double least = 1.0;
  double most = 0.0;
  double sigma_mm_per_day = 0.0;  ///< Mean of the sigmas.
};

/// 95 % intervals of cells that calibrate nothing, at rest, in `runs` simulated runs of 56 h.
inline std::vector<Coverage> coverage_of(RadarScene scene, const VelocityStreamOptions& options, int runs, const Run& run) {
  std::vector<Coverage> all;
  for (const double w : options.windows_h) all.push_back({w, 0.0, 1.0, 0.0, 0.0});
  for (int r = 0; r < runs; ++r) {
    scene.seed = 1000 + static_cast<std::uint64_t>(r);
    RadarSimulator radar(scene);
    CellMasks masks;
    masks.exclude.resize(scene.cells());
    for (std::size_t i = 0; i < scene.cells(); ++i) masks.exclude[i] = i % 3 == 0 ? 1 : 0;
    VelocityStream stream(scene.grid(), ScanValue::cumulative, options, masks);
    const int scans = static_cast<int>(56.0 * 3600.0 / scene.step_s);
    const int every = static_cast<int>(2.0 * 3600.0 / scene.step_s);
    std::vector<double> inside(all.size(), 0.0);
    std::vector<double> judged(all.size(), 0.0);
    std::vector<double> sigma(all.size(), 0.0);
    for (int k = 0; k < scans; ++k) {
      const VelocityScan& scan = stream.push(radar.next(), run);
      // Every window is filled.
      if (k < scans * 49 / 56 || k % every != 0) continue;
      for (std::size_t w = 0; w < all.size(); ++w) {
        for (std::size_t i = 0; i < scene.cells(); i += 3) {
          const WindowVelocity& one = scan.windows[w];
          if (!std::isfinite(one.z[i])) continue;
          judged[w] += 1.0;
          sigma[w] += one.sigma_m_per_day[i];
          inside[w] += std::abs(one.z[i]) < kNormal95 ? 1.0 : 0.0;
        }
      }
    }
    for (std::size_t w = 0; w < all.size(); ++w) {
      const double share = inside[w] / judged[w];
      all[w].mean += share / runs;
      all[w].least = std::min(all[w].least, share);
      all[w].most = std::max(all[w].most, share);
      all[w].sigma_mm_per_day += 1e3 * sigma[w] / judged[w] / runs;
    }
  }
  return all;
}

}  // namespace highwall
