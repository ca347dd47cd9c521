#include "core/sensor.hpp"

#include <array>
#include <cstddef>

namespace highwall {
namespace {

constexpr std::array<std::string_view, 9> kNames{"gnss",  "radar",      "lidar", "prism",  "extensometer",
                                                 "crack", "piezometer", "rain",  "unknown"};

}  // namespace

std::string_view name_of(SensorKind kind) noexcept { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<SensorKind> parse_sensor_kind(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == word) return static_cast<SensorKind>(i);
  }
  return std::nullopt;
}

bool measures_displacement(SensorKind kind) noexcept { return kind != SensorKind::rain && kind != SensorKind::piezometer; }

std::vector<std::string> sensor_kind_words() { return {kNames.begin(), kNames.end() - 1}; }

}  // namespace highwall
