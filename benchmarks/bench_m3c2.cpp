// M3C2 and its index on a rough slope of 45 degrees, 0.1 m spacing (see README.md for the setting).
#include <benchmark/benchmark.h>

#include <array>
#include <map>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/compare/m3c2_kernel.hpp"
#include "benchmarks/wall.hpp"

namespace {

using highwall::Points;
using highwall::wall;

const std::array<Points, 2>& walls(std::size_t n) {
  static std::map<std::size_t, std::array<Points, 2>> made;
  const auto [found, added] = made.try_emplace(n);
  if (added) found->second = {wall(n, 1), wall(n, 2)};
  return found->second;
}

Points every_tenth(const Points& points) {
  Points out(points.rows() / 10, 3);
  for (Eigen::Index i = 0; i < out.rows(); ++i) out.row(i) = points.row(10 * i);
  return out;
}

void Index(benchmark::State& state) {
  const auto& [before, after] = walls(static_cast<std::size_t>(state.range(0)));
  const highwall::Run run(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    const highwall::CellIndex index(before, 0.35, 3.0, run);
    benchmark::DoNotOptimize(index.cells().x);
  }
  state.SetItemsProcessed(state.iterations() * before.rows());
}
BENCHMARK(Index)
    ->ArgsProduct({{100000, 1000000}, {1, 2}})
    ->ArgNames({"points", "threads"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// The moments of all points within 1 m of each core point: what the normals rest on.
void Sphere(benchmark::State& state) {
  const auto& [before, after] = walls(static_cast<std::size_t>(state.range(0)));
  const highwall::CellIndex index(before, 0.35, 3.0, highwall::Run(1));
  const Points cores = every_tenth(before);
  highwall::Moments moments;
  for (auto _ : state) {
    for (Eigen::Index i = 0; i < cores.rows(); ++i) {
      const Eigen::Vector3d core = cores.row(i).transpose();
      const highwall::KernelPlace place{index.on_lattice(core), core - index.cells().origin_m};
      benchmark::DoNotOptimize(highwall::m3c2_kernel().sphere(index.cells(), place, 1.0, moments));
    }
  }
  state.SetItemsProcessed(state.iterations() * cores.rows());
}
BENCHMARK(Sphere)->Arg(1000000)->ArgName("points")->UseRealTime()->Unit(benchmark::kMillisecond);

void M3c2(benchmark::State& state) {
  const auto& [before, after] = walls(static_cast<std::size_t>(state.range(0)));
  const Points cores = every_tenth(before);
  const highwall::Run run(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(highwall::m3c2(before, after, cores, highwall::M3c2Options{}, run).value_m.data());
  }
  state.SetItemsProcessed(state.iterations() * cores.rows());
}
BENCHMARK(M3c2)
    ->ArgsProduct({{100000, 1000000}, {1, 2}})
    ->ArgNames({"points", "threads"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
