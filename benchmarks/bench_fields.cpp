// Fields: velocity map of a day of radar scans, registration of a LiDAR epoch, reading of a LAS file.
#include <benchmark/benchmark.h>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/radar/velocity_map.hpp"
#include "benchmarks/wall.hpp"
#include "io/readers/reader.hpp"
#include "io/writers/las.hpp"

namespace {

using highwall::Points;

/// A day of scans of side x side cells every 5 minutes, white noise of 0.3 mm.
highwall::Stack day_of_scans(std::size_t side) {
  const highwall::Random random(1, 1);
  highwall::GridGeometry geometry;
  geometry.rows = side;
  geometry.cols = side;
  std::vector<highwall::Instant> instants;
  for (std::int64_t i = 0; i < 288; ++i) instants.push_back(highwall::Instant{i * 300 * highwall::kNsPerSecond});
  highwall::Stack stack(geometry, instants);
  for (std::size_t e = 0; e < stack.epochs(); ++e) {
    std::uint64_t at = e * stack.cells();
    for (double& v : stack.at(e)) v = 3e-4 * random.normal(at++);
  }
  return stack;
}

void VelocityMap(benchmark::State& state) {
  static const highwall::Stack stack = day_of_scans(100);
  const highwall::Run run(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        highwall::velocity_map(stack, {}, highwall::MapOptions{}, highwall::RateOptions{}, highwall::NoiseOptions{}, run)
            .velocity_m_per_day.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(stack.cells()));
}
BENCHMARK(VelocityMap)->Arg(1)->Arg(2)->ArgName("threads")->UseRealTime()->Unit(benchmark::kMillisecond);

void Register(benchmark::State& state) {
  static const Points reference = highwall::wall(250000, 1);
  static const Points epoch = highwall::wall(250000, 2);
  const highwall::Run run(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(highwall::register_on_stable_ground(epoch, reference, highwall::RegisterOptions{}, run).rms_m);
  }
  state.SetItemsProcessed(state.iterations() * epoch.rows());
}
BENCHMARK(Register)->Arg(1)->Arg(2)->ArgName("threads")->UseRealTime()->Unit(benchmark::kMillisecond);

void ReadLas(benchmark::State& state) {
  static const std::string bytes = [] {
    const Points places = highwall::wall(250000, 1);
    highwall::DisplacementField field =
        highwall::DisplacementField::of_size(static_cast<std::size_t>(places.rows()), highwall::Reason::no_sigma);
    field.position_m = places;
    return highwall::field_las(field);
  }();
  std::size_t points = 0;
  for (auto _ : state) {
    const highwall::Reading reading = highwall::read_input({"bench.las", bytes}, highwall::ReadOptions{}, highwall::Run(1));
    points = std::get<highwall::PointCloud>(reading.data).size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(points));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(ReadLas)->Unit(benchmark::kMillisecond);

}  // namespace
