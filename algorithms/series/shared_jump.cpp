#include "algorithms/series/shared_jump.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/series/gap.hpp"
#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::size_t kIncrements = 12;
constexpr std::size_t kFewestIncrements = 4;
constexpr double kSmallest = 1e-3;  // Metres: less makes no orange.
constexpr double kSame = 0.25;      // Of the jump ...
constexpr double kGoesOn = 0.1;     // ... and more than this once again is motion.
const Duration kOneScan = seconds(60);

double length(const std::vector<double>& v) {
  double square = 0.0;
  for (const double x : v) square += x * x;
  return std::sqrt(square);
}

double distance(const std::vector<double>& a, const std::vector<double>& b, double sign) {
  double square = 0.0;
  for (std::size_t c = 0; c < a.size(); ++c) square += (a[c] - sign * b[c]) * (a[c] - sign * b[c]);
  return std::sqrt(square);
}

/// One target's jump.
struct Candidate {
  Instant at;
  std::vector<double> jump_m;
  double noise_m;  ///< Usual size of its increments.
};

std::vector<Candidate> candidates_of(const TimeSeries& s, double threshold) {
  std::vector<Candidate> out;
  std::vector<std::vector<double>> newest(s.width());  // Sizes of increments, a ring by component.
  std::size_t taken = 0;
  std::size_t last = kNoSample;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (!is_measured(s, i)) continue;
    if (last != kNoSample) {
      Candidate one{s.time[i], {}, 0.0};
      for (std::size_t c = 0; c < s.width(); ++c) one.jump_m.push_back(s.value(i, c) - s.value(last, c));
      if (taken >= kFewestIncrements && length(one.jump_m) > kSmallest) {
        bool jumps = false;
        double square = 0.0;
        for (std::size_t c = 0; c < s.width(); ++c) {
          const double sigma = kMadToSigma * median(newest[c]);
          jumps = jumps || std::abs(one.jump_m[c]) > threshold * sigma;
          square += sigma * sigma;
        }
        one.noise_m = std::sqrt(square);
        if (jumps) out.push_back(one);
      }
      for (std::size_t c = 0; c < s.width(); ++c) {
        if (newest[c].size() < kIncrements) {
          newest[c].push_back(std::abs(one.jump_m[c]));
        } else {
          newest[c][taken % kIncrements] = std::abs(one.jump_m[c]);
        }
      }
      ++taken;
    }
    last = i;
  }
  return out;
}

double along(const std::vector<double>& a, const std::vector<double>& b) {
  double product = 0.0;
  for (std::size_t c = 0; c < a.size(); ++c) product += a[c] * b[c];
  return product;
}

/// Finds for each jump the one that takes it back within the time it is held. One that goes on where it went ends the time: an
/// error comes at once, motion goes on.
std::vector<SharedJump> with_returns(std::vector<SharedJump> jumps, double hold_h) {
  const Duration hold = duration_from_seconds(3600.0 * hold_h);
  std::vector<SharedJump> out;
  std::vector<std::uint8_t> used(jumps.size(), 0);
  for (std::size_t k = 0; k < jumps.size(); ++k) {
    if (used[k] != 0) continue;
    SharedJump& jump = jumps[k];
    jump.until = jump.at + hold;
    for (std::size_t b = k + 1; b < jumps.size() && jumps[b].at <= jump.until; ++b) {
      jump.returned = distance(jump.jump_m, jumps[b].jump_m, -1.0) <= kSame * length(jump.jump_m);
      const bool goes_on = along(jump.jump_m, jumps[b].jump_m) >= kGoesOn * along(jump.jump_m, jump.jump_m);
      if (!jump.returned && !goes_on) continue;
      jump.until = jumps[b].at;
      for (std::size_t motion = b; goes_on && motion < jumps.size(); ++motion) {
        if (jumps[motion].at > jump.at + hold || along(jump.jump_m, jumps[motion].jump_m) <= 0.0) break;
        used[motion] = 1;
      }
      used[b] = 1;
      break;
    }
    out.push_back(jump);
  }
  return out;
}

/// The sample nearest to an instant, or the first behind it: clocks of one scan or of a base and its rovers differ a little.
std::size_t first_of(const TimeSeries& s, Instant at) {
  const auto after = std::lower_bound(s.time.begin(), s.time.end(), at);
  const bool before = after != s.time.begin() && at - *std::prev(after) <= kOneScan &&
                      (after == s.time.end() || at - *std::prev(after) < *after - at);
  return static_cast<std::size_t>((before ? std::prev(after) : after) - s.time.begin());
}

bool is_measured_near(const TimeSeries& s, Instant at) {
  for (auto k = std::lower_bound(s.time.begin(), s.time.end(), at - kOneScan); k != s.time.end() && *k <= at + kOneScan; ++k) {
    if (is_measured(s, static_cast<std::size_t>(k - s.time.begin()))) return true;
  }
  return false;
}

std::vector<double> middle_of(const std::vector<const Candidate*>& jumps) {
  std::vector<double> out;
  for (std::size_t c = 0; c < jumps.front()->jump_m.size(); ++c) {
    std::vector<double> values;
    for (const Candidate* jump : jumps) values.push_back(jump->jump_m[c]);
    out.push_back(median(std::move(values)));
  }
  return out;
}

}  // namespace

std::vector<SharedJump> jumps_of(const TimeSeries& base, const SharedOptions& options) {
  validate(options, "shared");
  std::vector<SharedJump> jumps;
  if (options.hold_h == 0.0) return jumps;
  for (Candidate& one : candidates_of(base, options.threshold))
    jumps.push_back({one.at, one.at, false, std::move(one.jump_m), 1, 1});
  return with_returns(std::move(jumps), options.hold_h);
}

std::vector<SharedJump> shared_jumps(const std::vector<const TimeSeries*>& targets, const SharedOptions& options) {
  validate(options, "shared");
  std::vector<SharedJump> jumps;
  const auto fewest = static_cast<std::size_t>(options.fewest);
  if (options.hold_h == 0.0 || targets.size() < fewest) return jumps;
  std::vector<Candidate> all;
  for (const TimeSeries* target : targets) {
    if (target->width() != targets.front()->width()) continue;
    for (Candidate& one : candidates_of(*target, options.threshold)) all.push_back(std::move(one));
  }
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.at < b.at; });
  for (std::size_t first = 0, last = 0; first < all.size(); first = last) {
    std::vector<const Candidate*> together;
    for (last = first; last < all.size() && all[last].at - all[first].at <= kOneScan; ++last) together.push_back(&all[last]);
    if (together.size() < fewest) continue;
    SharedJump jump;
    jump.at = all[first].at;
    jump.jump_m = middle_of(together);
    const double size = length(jump.jump_m);
    for (const Candidate* one : together) {
      if (distance(one->jump_m, jump.jump_m, 1.0) <= kSame * size + 3.0 * one->noise_m) ++jump.targets;
    }
    for (const TimeSeries* target : targets) jump.measured += is_measured_near(*target, jump.at) ? 1 : 0;
    const bool most = static_cast<double>(jump.targets) >= options.share * static_cast<double>(jump.measured);
    if (jump.targets >= fewest && most) jumps.push_back(std::move(jump));
  }
  return with_returns(std::move(jumps), options.hold_h);
}

std::size_t flag_returned(TimeSeries& series, const SharedJump& jump) {
  if (!jump.returned || jump.jump_m.size() != series.width()) return 0;
  if (series.flags.empty()) series.flags.assign(series.size(), kFlagNone);
  const std::size_t first = first_of(series, jump.at);
  std::size_t last = first;
  while (last-- > 0 && !is_measured(series, last)) {
  }
  std::size_t flagged = 0;
  for (std::size_t i = first; last != kNoSample && i < series.size() && series.time[i] < jump.until; ++i) {
    if (!is_measured(series, i)) continue;
    std::vector<double> moved;
    for (std::size_t c = 0; c < series.width(); ++c) moved.push_back(series.value(i, c) - series.value(last, c));
    if (distance(moved, jump.jump_m, 1.0) > 0.5 * length(jump.jump_m)) continue;
    series.flags[i] |= kFlagOutlier;
    ++flagged;
  }
  return flagged;
}

bool is_held(const TimeSeries& series, const std::vector<SharedJump>& jumps, std::size_t sample) {
  return std::any_of(jumps.begin(), jumps.end(), [&](const SharedJump& jump) {
    return sample >= first_of(series, jump.at) && series.time[sample] < jump.until;
  });
}

TimeSeries without_jumps(TimeSeries series, const std::vector<SharedJump>& jumps) {
  for (const SharedJump& jump : jumps) {
    if (jump.jump_m.size() != series.width()) continue;
    for (std::size_t i = first_of(series, jump.at); i < series.size(); ++i) {
      for (std::size_t c = 0; c < series.width(); ++c) series.value_m[i * series.width() + c] -= jump.jump_m[c];
    }
  }
  return series;
}

}  // namespace highwall
