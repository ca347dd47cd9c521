#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace highwall {

/// Random numbers by counter: the same (seed, stream, index) gives the same number whoever asks first,
/// so that files do not depend on threads or on how many nights are made.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : key_(mix(seed * 0x9e3779b97f4a7c15ULL + mix(stream))) {}

  /// Uniform in (0, 1).
  double uniform(std::uint64_t index) const {
    return (static_cast<double>(mix(key_ ^ (index * 0xd1342543de82ef95ULL)) >> 11U) + 0.5) * 0x1.0p-53;
  }
  /// Standard normal (Box and Muller).
  double normal(std::uint64_t index) const {
    const double u = uniform(2 * index);
    const double v = uniform(2 * index + 1);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {  // SplitMix64's finaliser
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  std::uint64_t key_;
};

}  // namespace highwall
