#pragma once

#include <Eigen/Core>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace highwall {

/// What kind of instrument a value comes from. Policies have thresholds per kind.
enum class SensorKind { gnss, radar, lidar, prism, extensometer, crack, piezometer, rain, unknown };

/// "gnss", "radar", ...
std::string_view name_of(SensorKind kind) noexcept;
/// nullopt for a word that names no kind.
std::optional<SensorKind> parse_sensor_kind(std::string_view word) noexcept;

/// False for rain and pore pressure, which are no displacement.
bool measures_displacement(SensorKind kind) noexcept;

/// Words of all kinds that a configuration may name: all but "unknown".
std::vector<std::string> sensor_kind_words();

/// Line of sight of a radar or of any one-component series.
struct LineOfSight {
  /// Unit vector target -> sensor in the site frame; NaN when it is not known.
  Eigen::Vector3d unit = Eigen::Vector3d::Constant(std::numeric_limits<double>::quiet_NaN());
  bool known() const { return unit.allFinite(); }
};

}  // namespace highwall
