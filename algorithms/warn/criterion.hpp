#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "algorithms/warn/target_rates.hpp"
#include "core/policy.hpp"
#include "core/warning.hpp"

namespace highwall {

/// What a criterion says of one sample.
struct Verdict {
  bool raise = false;       ///< Over the threshold, sigma taken off.
  bool significant = true;  ///< No outlier of the noise by itself: see is_significant().
  bool hold = false;        ///< Over the release limit: a level that stands does not fall.
  bool across_gap = false;  ///< Held against the last sample before a gap: the next sample confirms it at once.
  /// How near: velocity over its limit; ranks rules when none raises.
  double ratio = 0.0;
  double limit_m_per_day = kNaN;  ///< The rule's limit as a velocity; NaN when it has none.
  Evidence evidence;              ///< In the rule's own unit.
};

/// One way to judge a sample: pure, without clock and memory. A new one is a file and a word in
/// algorithms/warn/CMakeLists.txt.
struct Criterion {
  std::string_view family;
  std::string_view description;
  std::string_view units;       ///< Units of its threshold, words of threshold_units() with blanks between them.
  std::string_view parameters;  ///< Keys of a [[rule]] that it takes beside those of every rule, blanks between them.
  /// nullopt when the rule cannot be judged at this sample (no velocity, no sigma).
  std::optional<Verdict> (*judge)(const PolicyRule& rule, const PolicyTiming& timing, const TargetRates& rates,
                                  std::size_t sample);
  /// Slowest velocity that can raise the rule, m/day; NaN when it judges no velocity.
  double (*slowest_velocity)(const PolicyRule& rule);
};

/// Every criterion, in the order of algorithms/warn/CMakeLists.txt.
std::span<const Criterion* const> all_criterions();
/// The criterion of a family. @throws Error(config) when there is none.
const Criterion& criterion_of(std::string_view family);

/// Holds the rules against the table: the family is known, judges thresholds of that unit and takes every key that was
/// written: one without effect is an error, for lives depend on what people believe the policy to say.
/// @throws Error(config) naming the place, the rule and what is known
void check_rules(const Policy& policy);
/// @throws Error(config) for a policy without a rule for series: it would never warn
void require_rules(const Policy& policy);

/// Sigmas above zero that a value must be to raise the rule's level at all. For orange and red of a sensor that cannot see
/// the limit, sigma being above it, they grow from k_sigma with sigma over limit up to `significance_sigma`; else none.
double sigmas_asked(const PolicyRule& rule, const PolicyTiming& timing, double sigma, double limit);
/// True unless the rule is one of orange or red and the value may be an outlier of the noise: fewer than
/// `significance_sigma` sigmas above zero. Of such values neighbours do not confirm each other, which share what a scan or
/// a base has wrong; its own samples still do when they span `confirm_window_share` of the window.
bool is_significant(const PolicyRule& rule, const PolicyTiming& timing, double value, double sigma);
/// "24h", "0.5h".
std::string window_text(double hours);
/// "gap of 72h": a rate or jump across a gap in the data.
std::string gap_text(double days);
/// A velocity in the rule's unit.
double in_unit_of(const PolicyRule& rule, double m_per_day);

}  // namespace highwall
