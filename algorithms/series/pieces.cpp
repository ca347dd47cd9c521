#include "algorithms/series/pieces.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/series/gap.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr double kGross = 12.0;         // Robust standard deviations of increments, of many ...
constexpr double kFewIncrements = 8.0;  // ... and more of few, of which that is itself wrong by a half ...
constexpr double kLeverage = 1.2;       // ... and never less than adds its square to the mean square by itself.
constexpr double kNothing = 1e-8;       // Metres: what rounding leaves of equal increments.
constexpr std::size_t kFewestSamples = 8;
constexpr std::size_t kShortestPiece = 3;

/// Increments less the usual velocity, as far apart as usual: a walk goes with the root of the time.
std::vector<double> increments_of(const TimeSeries& s, const std::vector<std::size_t>& used, std::size_t c) {
  std::vector<double> steps;
  std::vector<double> velocities;
  for (std::size_t k = 1; k < used.size(); ++k) {
    steps.push_back(to_days(s.time[used[k]] - s.time[used[k - 1]]).value);
    if (steps.back() > 0.0) velocities.push_back((s.value(used[k], c) - s.value(used[k - 1], c)) / steps.back());
  }
  const double usual_step = median(steps);
  const double velocity = velocities.empty() ? 0.0 : median(std::move(velocities));
  std::vector<double> out;
  for (std::size_t k = 1; k < used.size(); ++k) {
    const double increment = s.value(used[k], c) - s.value(used[k - 1], c) - velocity * steps[k - 1];
    const double longer = usual_step > 0.0 ? std::max(1.0, steps[k - 1] / usual_step) : 1.0;
    out.push_back(std::abs(increment) / std::sqrt(longer));
  }
  return out;
}

/// Robust standard deviation of the increments that are not cut; those of nothing are none: a coarse scale mostly repeats.
double usual_of(const std::vector<double>& increments, const std::vector<std::uint8_t>& cut) {
  std::vector<double> sizes;
  for (std::size_t k = 0; k < increments.size(); ++k) {
    if (cut[k] == 0 && increments[k] > kNothing) sizes.push_back(increments[k]);
  }
  return sizes.empty() ? 0.0 : kMadToSigma * median(std::move(sizes));
}

/// Marks the gross ones until no more are.
void mark_gross(const std::vector<double>& increments, std::vector<std::uint8_t>& cut, Pieces& out) {
  for (bool more = true; more;) {
    more = false;
    out.usual_m = usual_of(increments, cut);
    const auto kept = static_cast<double>(std::count(cut.begin(), cut.end(), 0));
    const double limit =
        std::max(kGross * (1.0 + kFewIncrements / std::max(1.0, kept)), kLeverage * std::sqrt(kept)) * out.usual_m;
    for (std::size_t k = 0; k < increments.size(); ++k) {
      if (cut[k] != 0 || !(increments[k] > limit)) continue;
      cut[k] = 1;
      ++out.cuts;
      out.largest_m = std::max(out.largest_m, increments[k]);
      more = true;
    }
  }
}

}  // namespace

Pieces pieces_of(const TimeSeries& series, Instant from, Instant to, std::size_t component) {
  Pieces out;
  out.of.assign(series.size(), kNoPiece);
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (is_usable(series, i, component) && series.time[i] >= from && series.time[i] <= to) used.push_back(i);
  }
  for (const std::size_t i : used) out.of[i] = 0;
  out.usable = used.size();
  if (used.size() < kFewestSamples) return out;
  const std::vector<double> increments = increments_of(series, used, component);
  std::vector<std::uint8_t> cut(increments.size(), 0);
  mark_gross(increments, cut, out);
  std::size_t longest = 0;
  for (std::size_t first = 0, last = 0, piece = 0; first < used.size(); first = last, ++piece) {
    last = first + 1;
    while (last < used.size() && cut[last - 1] == 0) ++last;
    longest = std::max(longest, last - first);
    for (std::size_t k = first; k < last; ++k) out.of[used[k]] = last - first < kShortestPiece ? kNoPiece : piece;
  }
  if (2 * out.cuts > increments.size() || longest < kShortestPiece) {
    out.cuts = 0;
    for (const std::size_t i : used) out.of[i] = 0;
  }
  return out;
}

namespace {

constexpr std::size_t kMostBlunders = 6;
constexpr std::size_t kBeside = 5;

/// Samples of the stretch that lie between two gross increments.
struct Stretch {
  std::size_t first;
  std::size_t last;  ///< Behind the last one.
  std::size_t size() const { return last - first; }
};

double level_of(const TimeSeries& s, const std::vector<std::size_t>& used, std::size_t first, std::size_t last, std::size_t c) {
  std::vector<double> values;
  for (std::size_t k = first; k < last; ++k) values.push_back(s.value(used[k], c));
  return median(std::move(values));
}

}  // namespace

std::vector<std::size_t> blunders_of(const TimeSeries& series, Instant from, Instant to, std::size_t component) {
  std::vector<std::size_t> out;
  const Pieces pieces = pieces_of(series, from, to, component);
  if (pieces.cuts < 2) return out;
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (is_usable(series, i, component) && series.time[i] >= from && series.time[i] <= to) used.push_back(i);
  }
  std::vector<Stretch> whole;  // The longer pieces; what lies between two of them may be blunders.
  for (std::size_t first = 0, last = 0; first < used.size(); first = last) {
    last = first + 1;
    while (last < used.size() && pieces.of[used[last]] == pieces.of[used[first]]) ++last;
    if (pieces.of[used[first]] != kNoPiece && last - first > kMostBlunders) whole.push_back({first, last});
  }
  for (std::size_t w = 1; w < whole.size(); ++w) {
    const Stretch& a = whole[w - 1];
    const Stretch& b = whole[w];
    if (b.first - a.last > kMostBlunders) continue;
    const double before = level_of(series, used, a.last - kBeside, a.last, component);
    const double after = level_of(series, used, b.first, b.first + kBeside, component);
    for (std::size_t k = a.last; k < b.first; ++k) {
      if (std::abs(after - before) < 0.25 * std::abs(series.value(used[k], component) - before)) out.push_back(used[k]);
    }
  }
  return out;
}

}  // namespace highwall
