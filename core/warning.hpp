#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace highwall {

/// How bad the motion is. Ordinal; says nothing about whether the data are fresh.
enum class Level : std::uint8_t { none = 0, blue = 1, yellow = 2, orange = 3, red = 4 };
/// How much the data can be believed at this moment. Silence never looks like `none`.
enum class Health : std::uint8_t { live = 0, degraded = 1, stale = 2, silent = 3 };

std::string_view name_of(Level level) noexcept;
std::string_view name_of(Health health) noexcept;
std::optional<Level> parse_level(std::string_view word) noexcept;
std::optional<Health> parse_health(std::string_view word) noexcept;
/// False for a word that names no level; for options (core/options.hpp).
bool read_word(std::string_view word, Level& level) noexcept;

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// One number that a level rests on. `unit` belongs to value, sigma and threshold alike.
struct Evidence {
  std::string rule;          ///< Name of the rule in the policy, e.g. "velocity_24h_orange".
  double value = kNotKnown;  ///< NaN = not known, here and below: never 0 for missing.
  double sigma = kNotKnown;
  double threshold = kNotKnown;
  std::string unit;                     ///< "mm_per_day", "mm_per_h", "degrees".
  std::string window;                   ///< "24h"; empty when the rule has none.
  std::vector<std::string> epochs;      ///< Archive ids (or files) that the value was computed from.
  std::string policy_sha256;            ///< The policy that made it.
  std::string source;                   ///< Citation of the threshold, from the policy.
  double floor_mm_per_day = kNotKnown;  ///< Velocity that the rule asks for beside its threshold.
};

}  // namespace highwall
