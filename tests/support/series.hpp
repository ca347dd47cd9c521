#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/policy.hpp"
#include "core/series.hpp"

namespace highwall {

/// Normal random numbers that are the same everywhere: a 64-bit linear congruence and a sum of twelve.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2862933555777941757ULL + 3037000493ULL) {}
  double uniform() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11) / 9007199254740992.0;
  }
  double normal() {
    double sum = -6.0;
    for (int k = 0; k < 12; ++k) sum += uniform();
    return sum;
  }

 private:
  std::uint64_t state_;
};

inline const Instant kSeriesStart = *parse_iso8601("2026-03-01T00:00:00Z");

/// A one-component series with steps of `step_h` hours.
inline TimeSeries series_of(const std::vector<double>& values_m, double step_h, SensorKind kind = SensorKind::extensometer) {
  TimeSeries s;
  s.target = "T";
  s.kind = kind;
  s.components = {"displacement"};
  for (std::size_t i = 0; i < values_m.size(); ++i) {
    s.push(kSeriesStart + duration_from_seconds(3600.0 * step_h * static_cast<double>(i)), {values_m[i]});
  }
  return s;
}

/// One rule: trailing velocity against a threshold.
inline PolicyRule velocity_rule(const std::string& name, Level level, double window_h, double mm_per_day, double k_sigma = 2.0) {
  PolicyRule rule;
  rule.name = name;
  rule.family = "velocity";
  rule.level = level;
  rule.window_h = window_h;
  rule.threshold = mm_per_day / 1000.0;
  rule.unit = "mm_per_day";
  rule.k_sigma = k_sigma;
  rule.source = "a test";
  rule.confidence = "confirmed";
  return rule;
}

inline Policy simple_policy() {
  Policy policy;
  policy.id = "test";
  policy.version = "1";
  policy.sha256 = std::string(64, '0');
  policy.rules = {velocity_rule("red", Level::red, 24, 50), velocity_rule("orange", Level::orange, 24, 10),
                  velocity_rule("yellow", Level::yellow, 24, 2), velocity_rule("blue", Level::blue, 24, 0.5, 3.0)};
  return policy;
}

}  // namespace highwall
