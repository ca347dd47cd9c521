#include "algorithms/radar/velocity_map.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "core/statistics.hpp"

namespace highwall {

namespace {

void calibrate_on_map(VelocityMap& map, const MapGround& ground) {
  const auto range = [&](std::size_t cell) { return ground.range_m.empty() ? 1.0 : std::max(1.0, ground.range_m[cell]); };
  std::vector<double> speeds;
  double squares = 0.0;
  for (std::size_t cell = 0; cell < map.velocity_m_per_day.size(); ++cell) {
    if (!std::isfinite(map.velocity_m_per_day[cell]) || (!ground.stable.empty() && ground.stable[cell] == 0)) continue;
    speeds.push_back(std::abs(map.velocity_m_per_day[cell]) / range(cell));
    squares += speeds.back() * speeds.back();
  }
  if (speeds.size() < 8) return;
  const double n = static_cast<double>(speeds.size());
  const double sigma = ground.stable.empty() ? kMadToSigma * median(std::move(speeds)) : std::sqrt(squares / n);
  for (std::size_t cell = 0; cell < map.velocity_m_per_day.size(); ++cell) {
    if (std::isfinite(map.velocity_m_per_day[cell])) map.sigma_m_per_day[cell] = sigma * range(cell);
  }
}

}  // namespace

VelocityMap velocity_map(const Stack& stack, const std::vector<std::array<Instant, 2>>& quiet, const MapOptions& options,
                         const RateOptions& rate_options, const NoiseOptions& noise_options, const Run& run,
                         const MapGround& ground) {
  validate(options, "map");
  VelocityMap map;
  map.source = stack.source;
  map.window_h = options.window_h;
  map.geometry = stack.geometry();
  const std::size_t n = stack.cells();
  map.displacement_m.assign(n, kNaN);
  map.velocity_m_per_day.assign(n, kNaN);
  map.sigma_m_per_day.assign(n, kNaN);
  map.reason.assign(n, Reason::too_few_samples);
  if (stack.epochs() == 0) return map;
  map.at = stack.instants().back();
  const auto newest = stack.at(stack.epochs() - 1);
  map.displacement_m.assign(newest.begin(), newest.end());
  RateOptions one_window = rate_options;
  one_window.windows_h = {options.window_h};
  for_blocks(
      n,
      [&](const Block& block) {
        for (std::size_t cell = block.begin; cell < block.end; ++cell) {
          TimeSeries s;
          const std::vector<double> values = stack.of(cell);
          for (std::size_t e = 0; e < values.size(); ++e) s.push(stack.instants()[e], {values[e]});
          auto rates = rate(s, one_window, Run(1));
          calibrate_as_known(rates, s, quiet, 0, noise_options);
          map.velocity_m_per_day[cell] = rates[0].velocity_m_per_day.back();
          map.sigma_m_per_day[cell] = rates[0].sigma_m_per_day.back();
          map.reason[cell] = std::isfinite(newest[cell]) ? rates[0].reason.back() : Reason::decorrelated;
        }
      },
      run, "velocity map");
  if (quiet.empty()) calibrate_on_map(map, ground);
  return map;
}

}  // namespace highwall
