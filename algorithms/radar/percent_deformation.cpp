#include "algorithms/radar/percent_deformation.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace highwall {
namespace {

/// Motion of a cell between its first and last value in the window; NaN when it has fewer than two.
double motion_of(const Stack& stack, std::uint32_t cell, std::size_t first) {
  double before = kNaN;
  double after = kNaN;
  for (std::size_t e = first; e < stack.epochs(); ++e) {
    const double d = stack.at(e)[cell];
    if (!std::isfinite(d)) continue;
    if (!std::isfinite(before)) {
      before = d;
    } else {
      after = d;
    }
  }
  return after - before;
}

/// The quantile, by size, with the sign that most of the motion has.
double reference_of(std::span<const double> motion, double quantile) {
  double sum = 0.0;
  for (const double m : motion) sum += m;
  const double sign = sum < 0.0 ? -1.0 : 1.0;
  std::vector<double> along;
  for (const double m : motion) along.push_back(sign * m);
  const auto at = static_cast<std::ptrdiff_t>(std::floor(quantile * static_cast<double>(along.size() - 1) + 0.5));
  std::nth_element(along.begin(), along.begin() + at, along.end());
  return sign * along[static_cast<std::size_t>(at)];
}

/// Each cell with a value goes on from where the mean stood when it was seen last.
TimeSeries mean_series(const Stack& stack, std::span<const std::uint32_t> cells) {
  TimeSeries out;
  out.kind = SensorKind::radar;
  out.frame = stack.geometry().frame;
  out.line_of_sight = stack.line_of_sight;
  std::vector<double> mean_when(cells.size(), kNaN);
  std::vector<double> value_then(cells.size(), kNaN);
  bool begun = false;
  for (std::size_t e = 0; e < stack.epochs(); ++e) {
    const auto map = stack.at(e);
    double sum = 0.0;
    std::size_t seen = 0;
    bool any = false;
    for (std::size_t k = 0; k < cells.size(); ++k) {
      const double d = map[cells[k]];
      any = any || std::isfinite(d);
      if (!std::isfinite(d) || !std::isfinite(mean_when[k])) continue;
      sum += mean_when[k] + d - value_then[k];
      ++seen;
    }
    double mean = seen > 0 ? sum / static_cast<double>(seen) : kNaN;
    if (!begun && any) {
      mean = 0.0;
      begun = true;
    }
    out.push(stack.instants()[e], {mean});
    if (!std::isfinite(mean)) continue;
    for (std::size_t k = 0; k < cells.size(); ++k) {
      if (!std::isfinite(map[cells[k]])) continue;
      mean_when[k] = mean;
      value_then[k] = map[cells[k]];
    }
  }
  return out;
}

}  // namespace

std::vector<PercentSeries> percent_deformation(const Stack& stack, std::span<const std::uint32_t> cells, Instant from,
                                               const PercentOptions& options) {
  validate(options, "percent_deformation");
  const auto& t = stack.instants();
  const auto first = static_cast<std::size_t>(std::lower_bound(t.begin(), t.end(), from) - t.begin());
  std::vector<std::uint32_t> moving;
  std::vector<double> motion;
  for (const std::uint32_t cell : cells) {
    if (cell >= stack.cells()) throw Error(ErrorKind::internal, "an area has cells that its maps have not");
    const double m = motion_of(stack, cell, first);
    if (!std::isfinite(m)) continue;
    moving.push_back(cell);
    motion.push_back(m);
  }
  std::vector<PercentSeries> out;
  if (moving.empty()) return out;
  const double reference = reference_of(motion, options.reference_quantile);
  for (const double share : options.shares) {
    PercentSeries one;
    one.share = share;
    one.reference_m = reference;
    const double sign = reference < 0.0 ? -1.0 : 1.0;
    for (std::size_t k = 0; k < moving.size(); ++k) {
      if (sign * motion[k] >= share * std::abs(reference)) one.cells.push_back(moving[k]);
    }
    if (one.cells.size() >= static_cast<std::size_t>(options.fewest_cells)) one.series = mean_series(stack, one.cells);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace highwall
