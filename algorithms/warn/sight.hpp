#pragma once

#include <string>
#include <vector>

#include "algorithms/warn/target_rates.hpp"
#include "core/policy.hpp"
#include "core/series.hpp"

namespace highwall {

/// The velocity rule of orange whose slowest limit a sensor comes nearest to see.
struct Sight {
  bool known = false;             ///< Some velocity of such a rule has a sigma.
  double sigma_m_per_day = kNaN;  ///< Of the window that sees most.
  double limit_m_per_day = kNaN;  ///< Slowest velocity that is orange.
  bool sees() const noexcept { return !known || sigma_m_per_day <= limit_m_per_day; }
};

/// Whether a target can tell the slowest orange from its own noise at a sample.
Sight sight_at(const Policy& policy, SensorKind kind, const TargetRates& rates, std::size_t sample);

/// "cannot see orange: ..." when the newest samples cannot; "" when they can.
std::string blind_doubt(const Policy& policy, const TimeSeries& series, const TargetRates& rates);

/// What was left out of the noise that the newest stage of a component knows; "" when nothing was.
std::string calibration_doubt(const TimeSeries& series, const std::vector<std::array<Instant, 2>>& periods);

}  // namespace highwall
