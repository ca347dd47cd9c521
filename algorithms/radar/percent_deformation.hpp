#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/options.hpp"
#include "core/series.hpp"
#include "core/stack.hpp"

namespace highwall {

/// Options of percent_deformation().
struct PercentOptions {
  std::vector<double> shares{0.5, 0.6, 0.7, 0.8, 0.9};
  double reference_quantile = 0.99;
  std::int64_t fewest_cells = 3;

  static void describe(auto& d) {
    using O = PercentOptions;
    d.field(&O::shares, "shares", "", anything(), "Cells that moved at least this share of the reference motion are averaged");
    d.field(&O::reference_quantile, "reference_quantile", "", between(0.5, 1),
            "Quantile of the cells' motion that shares are of; 1: the largest, as in the paper, which one bad cell spoils");
    d.field(&O::fewest_cells, "fewest_cells", "", at_least(1), "Fewer cells make no series");
    d.require(
        [](const O& o) {
          for (const double p : o.shares) {
            if (!(p > 0.0 && p <= 1.0)) return false;
          }
          return !o.shares.empty();
        },
        "shares must be above 0 and not above 1");
  }
};

/// The cells of an alarmed area that moved most, and their mean motion.
struct PercentSeries {
  double share = 0.0;
  double reference_m = 0.0;          ///< Motion that the share is of, with its sign.
  std::vector<std::uint32_t> cells;  ///< Ascending; fewer than fewest_cells = no series.
  TimeSeries series;                 ///< Mean displacement of those of the cells with a value, metres towards the sensor.
};

/// Selects the cells of an area by percent deformation (Dick et al. 2015, doi:10.1139/cgj-2014-0028): of the cells' motion over
/// the window those with at least a share of the largest, for several shares, because the time of failure depends on the choice.
/// Their mean goes into inverse velocity or any other forecast; the spread over the shares is part of its uncertainty. A sample
/// is the sum of the mean increments of the cells with values at both ends, so that cells that come and go make no jumps.
/// @param cells  of the area, e.g. AreaAlarm::cells
/// @param from   begin of the window: motion is counted from here to the stack's newest scan
/// @return one entry a share, in the order of options.shares; no entry when no cell has motion
/// @throws Error(config) for bad options, Error(internal) for a cell that the stack has not
std::vector<PercentSeries> percent_deformation(const Stack& stack, std::span<const std::uint32_t> cells, Instant from,
                                               const PercentOptions& options);

}  // namespace highwall
