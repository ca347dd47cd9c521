#pragma once

#include "core/options.hpp"
#include "core/series.hpp"

namespace highwall {

/// Options of midas().
struct MidasOptions {
  double period_days = 365.25;
  double tolerance_days = 0.75;

  static void describe(auto& d) {
    d.field(&MidasOptions::period_days, "period_days", "d", above(0),
            "Distance of the samples of a pair; a period of the noise drops out");
    d.field(&MidasOptions::tolerance_days, "tolerance_days", "d", at_least(0), "By so much the distance may differ");
  }
};

/// A robust trend.
struct Trend {
  double velocity_m_per_day = kNaN;
  double sigma_m_per_day = kNaN;
  std::size_t pairs = 0;
};

/// Trend of one component as the median of the slopes of pairs one period apart, trimmed once, after MIDAS
/// (Blewitt et al. 2016, doi:10.1002/2015JB012552). Pairs are chosen forwards and backwards in time, each
/// with the first sample within the tolerance; a sample without a partner stays out (the original pairs it
/// with a later one). Steps and seasons hardly matter. sigma = 3 x 1.2533 x 1.4826 MAD / sqrt(N / 4).
/// @return NaN with fewer than 10 pairs
Trend midas(const TimeSeries& series, const MidasOptions& options, std::size_t component = 0);

}  // namespace highwall
