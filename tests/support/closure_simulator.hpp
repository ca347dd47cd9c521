#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "algorithms/radar/cycle_map.hpp"
#include "core/interferogram.hpp"
#include "tests/support/closure_networks.hpp"

namespace highwall {

/// A stack of interferograms whose unwrapping errors are known.
struct SimulatedStack {
  InterferogramStack stack;
  CycleMap errors;  ///< Cycles that the phase of a pair has too many, before it was referenced.
};

struct StackPlan {
  std::size_t side = 64;
  std::size_t dates = 30;
  std::vector<std::size_t> spans{1, 2, 3};
  double share_jumped = 0.05;  ///< Of the interferograms: each of these gets one patch.
  double noise_rad =
      0.0;  ///< Above 0: the same everywhere and no coherence; else from a coherence that differs by place and pair.
  double share_absent = 0.0;        ///< Of the phases.
  std::vector<std::size_t> jumped;  ///< These pairs instead of a share of all.
};

/// Deformation: bowls and steps of time that differ by place, and a smooth atmosphere a date. Patches: rectangles and discs of 7
/// to side / 3 pixels across, one or (rarely) two cycles. Referenced to pixel (5, 5), wherever the patches lie.
inline SimulatedStack simulate_stack(const StackPlan& plan, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const std::size_t n = plan.side;
  InterferogramNetwork network = span_network(n, n, plan.dates, plan.spans);
  network.reference = {5, 5};
  const auto side = static_cast<double>(n);
  // Low waves with random phases, of one radian or so.
  const auto smooth = [&](double amplitude) {
    std::vector<double> field(n * n, 0.0);
    for (int wave = 0; wave < 6; ++wave) {
      const double a = amplitude * normal(generator) / std::sqrt(6.0);
      const double kx = 2.0 * std::numbers::pi * (uniform(generator) - 0.5) * 4.0 / side;
      const double ky = 2.0 * std::numbers::pi * (uniform(generator) - 0.5) * 4.0 / side;
      const double start = 2.0 * std::numbers::pi * uniform(generator);
      for (std::size_t c = 0; c < n * n; ++c) field[c] += a * std::sin(kx * double(c % n) + ky * double(c / n) + start);
    }
    return field;
  };
  const std::vector<double> rate = smooth(0.8);
  const std::vector<double> season = smooth(2.0);
  std::vector<std::vector<double>> date(plan.dates);
  for (std::size_t d = 0; d < plan.dates; ++d) {
    date[d] = smooth(1.5);
    for (std::size_t c = 0; c < n * n; ++c) date[d][c] += rate[c] * double(d) + season[c] * std::sin(double(d) / 5.0);
  }
  std::vector<double> coherence = smooth(0.35);
  for (double& g : coherence) g = std::clamp(0.6 + g, 0.1, 0.95);

  const std::size_t pairs = network.pairs.size();
  CycleMap errors(pairs, n, n);
  std::vector<float> phase(pairs * n * n);
  std::vector<float> coherences(plan.noise_rad > 0.0 ? 0 : phase.size());
  for (std::size_t p = 0; p < pairs; ++p) {
    const Interferogram& pair = network.pairs[p];
    std::vector<std::int8_t> image(n * n, 0);
    const bool listed = std::find(plan.jumped.begin(), plan.jumped.end(), p) != plan.jumped.end();
    const bool drawn = uniform(generator) < plan.share_jumped;
    const double height = 7.0 + uniform(generator) * (side / 3.0 - 7.0);
    const double width = 7.0 + uniform(generator) * (side / 3.0 - 7.0);
    const double top = uniform(generator) * (side - height);
    const double left = uniform(generator) * (side - width);
    const bool disc = uniform(generator) < 0.5;
    const int cycles = (uniform(generator) < 0.5 ? -1 : 1) * (uniform(generator) < 0.1 ? 2 : 1);
    if (plan.jumped.empty() ? drawn : listed) {
      for (std::size_t c = 0; c < n * n; ++c) {
        const double y = (double(c / n) - top) / height * 2.0 - 1.0;
        const double x = (double(c % n) - left) / width * 2.0 - 1.0;
        if (disc ? x * x + y * y <= 1.0 : std::abs(x) <= 1.0 && std::abs(y) <= 1.0) image[c] = static_cast<std::int8_t>(cycles);
      }
    }
    const double decay = std::exp(-double(pair.second - pair.first) / 15.0) * (0.7 + 0.3 * uniform(generator));
    float* out = phase.data() + p * n * n;
    for (std::size_t c = 0; c < n * n; ++c) {
      const double g = std::clamp(coherence[c] * decay, 0.05, 0.98);
      const double sigma = plan.noise_rad > 0.0 ? plan.noise_rad : std::sqrt((1.0 - g * g) / (2.0 * network.looks)) / g;
      if (!coherences.empty()) coherences[p * n * n + c] = static_cast<float>(g);
      out[c] = static_cast<float>(date[pair.second][c] - date[pair.first][c] + sigma * normal(generator) +
                                  2.0 * std::numbers::pi * image[c]);
    }
    const float reference = out[5 * n + 5];
    for (std::size_t c = 0; c < n * n; ++c) {
      out[c] -= reference;
      if (uniform(generator) >= plan.share_absent) continue;
      out[c] = std::numeric_limits<float>::quiet_NaN();
      image[c] = 0;
    }
    errors.set_image(p, image);
  }
  return {InterferogramStack(network, std::move(phase), std::move(coherences)), std::move(errors)};
}

/// How cycles that were found compare with the errors that are there, over pixels and interferograms.
struct Score {
  std::size_t errors = 0;   ///< Pixels with an error.
  std::size_t right = 0;    ///< Pixels with an error that is removed.
  std::size_t changed = 0;  ///< Pixels that were changed.
  std::size_t told = 0;     ///< Pixels with an error that is not removed and reported as detected.

  double recall() const { return double(right) / double(errors); }
  double precision() const { return changed == 0 ? 1.0 : double(right) / double(changed); }
  Score& operator+=(const Score& o) {
    errors += o.errors;
    right += o.right;
    changed += o.changed;
    told += o.told;
    return *this;
  }
};

inline Score score_of(const CycleMap& errors, const CycleMap& found, const CycleMap& detected) {
  Score score;
  for (std::size_t p = 0; p < errors.pairs(); ++p) {
    if (errors.runs(p).empty() && found.runs(p).empty()) continue;
    const std::vector<std::int8_t> want = errors.image(p);
    const std::vector<std::int8_t> have = found.image(p);
    const std::vector<std::int8_t> told = detected.image(p);
    for (std::size_t c = 0; c < want.size(); ++c) {
      const bool right = want[c] != 0 && have[c] == -want[c];
      score.errors += want[c] != 0 ? 1U : 0U;
      score.changed += have[c] != 0 ? 1U : 0U;
      score.right += right ? 1U : 0U;
      score.told += want[c] != 0 && !right && told[c] != 0 ? 1U : 0U;
    }
  }
  return score;
}

}  // namespace highwall
