// Trailing velocities, trends and levels of one long series: a radar area of three months at 2 min.
#include <benchmark/benchmark.h>

#include "algorithms/series/clean.hpp"
#include "algorithms/series/midas.hpp"
#include "algorithms/series/rate.hpp"
#include "algorithms/warn/judge.hpp"
#include "datasets/random.hpp"
#include "io/config/policy.hpp"

namespace {

using highwall::TimeSeries;

/// n samples: slow creep, white noise of 0.3 mm, a random walk of 0.05 mm a step.
TimeSeries area(std::size_t n, double step_s) {
  const highwall::Random random(1, 1);
  TimeSeries s;
  s.target = "area";
  s.kind = highwall::SensorKind::radar;
  double walk = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    walk += 5e-5 * random.normal(2 * i);
    const double seconds = step_s * static_cast<double>(i);
    s.push(highwall::Instant{static_cast<std::int64_t>(seconds * 1e9)},
           {walk + 1e-8 * seconds + 3e-4 * random.normal(2 * i + 1)});
  }
  return s;
}

const TimeSeries& three_months() {
  static const TimeSeries made = area(65536, 120.0);
  return made;
}

void Rate(benchmark::State& state) {
  const TimeSeries& s = three_months();
  const highwall::Run run(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(highwall::rate(s, highwall::RateOptions{}, run).data());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(s.size()));
}
BENCHMARK(Rate)->Arg(1)->Arg(2)->ArgName("threads")->UseRealTime()->Unit(benchmark::kMillisecond);

void Clean(benchmark::State& state) {
  for (auto _ : state) {
    TimeSeries s = three_months();
    benchmark::DoNotOptimize(highwall::clean(s, highwall::CleanOptions{}));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(three_months().size()));
}
BENCHMARK(Clean)->Unit(benchmark::kMillisecond);

void Midas(benchmark::State& state) {
  static const TimeSeries ten_years = area(3652, 86400.0);
  for (auto _ : state) benchmark::DoNotOptimize(highwall::midas(ten_years, highwall::MidasOptions{}).velocity_m_per_day);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ten_years.size()));
}
BENCHMARK(Midas)->Unit(benchmark::kMillisecond);

/// Rates, criteria and lamp of every sample, with the default policy.
void Judge(benchmark::State& state) {
  highwall::TargetInput target;
  target.series = three_months();
  const highwall::Policy policy = highwall::parse_policy(highwall::default_policy_text(), "default policy");
  const highwall::Instant now = target.series.time.back();
  const highwall::Run run(1);
  for (auto _ : state) benchmark::DoNotOptimize(highwall::judge_targets({target}, policy, {}, now, run).data());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(target.series.size()));
}
BENCHMARK(Judge)->Unit(benchmark::kMillisecond);

}  // namespace
