#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/area_rule.hpp"
#include "core/options.hpp"
#include "core/sensor.hpp"
#include "core/warning.hpp"

namespace highwall {

/// A key as somebody wrote it, and the place where it stands ("policy.toml:12:3").
struct WrittenKey {
  std::string name;
  std::string where;
};

/// One line of a policy: a quantity, a window, a threshold, a level, and where the number comes from.
struct PolicyRule {
  std::string name;               ///< "velocity_24h_orange"; appears in every message it causes.
  std::string family;             ///< Criterion that judges it, by its name in algorithms/warn.
  std::vector<SensorKind> kinds;  ///< Empty = every kind that measures displacement.
  Level level = Level::none;
  double window_h = 24.0;
  double threshold = 0.0;               ///< m/day for velocities, degrees for the tangent angle, m for jumps.
  std::string unit;                     ///< As the policy wrote it: a word of threshold_units().
  double k_sigma = 2.0;                 ///< Tested is value - k sigma.
  double min_velocity_m_per_day = 0.0;  ///< Nothing below this velocity.
  double equal_speed_factor = 0.0;      ///< Velocity also at least this many times the equal-speed rate.
  double margin_degrees = 0.0;          ///< Tangent: added to the threshold.
  double within_sigma = 0.0;            ///< Tangent: met so many sigmas of the equal-speed rate below the angle; 0 = off.
  std::string source;                   ///< Citation.
  std::string confidence;               ///< "confirmed", "reference_only" or "unconfirmed".
  std::string where;                    ///< Where it stands; empty = in no file.
  std::vector<WrittenKey> parameters;   ///< Keys of a family that were written: each must be one of its own.

  bool applies_to(SensorKind kind) const noexcept;
};

/// How levels rise, hold and fall.
struct PolicyTiming {
  std::int64_t confirm_samples = 2;   ///< Samples in a row over the limit ...
  double on_delay_h = 1.0;            ///< ... that lie so far apart (a 24 h window; shorter ones in proportion) ...
  double confirm_window_share = 0.5;  ///< ... orange and red that may be outliers: at least so much of the window ...
  double neighbour_h = 36.0;          ///< ... or a neighbour over the same limit so recently.
  double off_delay_h = 24.0;          ///< A level falls after so long below the release limit.
  double release_factor = 0.75;       ///< Release limit = this times the threshold (deadband).
  Level latch_from = Level::orange;   ///< From here on only a named person lowers a level.
  double stale_share = 0.9;           ///< Stale after this share of max_silence_h, silent after all of it.
  double blast_h = 24.0;              ///< So long after a declared blast a step alone raises no red.
  double significance_sigma = 5.0;    ///< Sigmas above zero from which a value of orange or red is no outlier.

  static void describe(auto& d) {
    using O = PolicyTiming;
    d.field(&O::confirm_samples, "confirm_samples", "", between(1, 100), "Samples in a row over the limit");
    d.field(&O::on_delay_h, "on_delay_h", "h", between(0, 8760),
            "They lie so far apart: for windows of 24 h and more, for shorter ones in proportion. Orange and red of values below "
            "significance_sigma: at least confirm_window_share of the window. Across a gap in the data: at once");
    d.field(
        &O::confirm_window_share, "confirm_window_share", "", between(0, 2),
        "Orange and red: values below significance_sigma are confirmed by samples of the target that span so much of the rule's "
        "window. Samples nearer to each other share most of their window, and so its outliers. 0: as any other value");
    d.field(&O::neighbour_h, "neighbour_h", "h", between(0, 8760),
            "A neighbour over the same limit so recently confirms; readings farther apart than this make yellow at once");
    d.field(&O::off_delay_h, "off_delay_h", "h", between(0, 8760), "Data time below the release limit before a level falls");
    d.field(&O::release_factor, "release_factor", "", between(0.1, 1), "Release limit over threshold");
    d.field(&O::latch_from, "latch_from", "", one_of({"blue", "yellow", "orange", "red"}),
            "From here on only a named person lowers");
    d.field(&O::stale_share, "stale_share", "", between(0.01, 1), "Stale after this share of max_silence_h");
    d.field(&O::blast_h, "blast_h", "h", between(0, 720),
            "So long after a declared blast a step alone raises no red; motion that goes on does");
    d.field(&O::significance_sigma, "significance_sigma", "", between(0, 100),
            "Orange and red: neighbours confirm each other when both values are so many sigmas above zero, else they may be "
            "outliers that one scan or base has in common; below it a target's own samples confirm over "
            "confirm_window_share of the window. A sensor whose sigma is above the limit cannot see it: there any "
            "value is asked for k_sigma times sigma over limit sigmas, at most so many. 0: not asked");
  }
};

/// Words of the units that a threshold may be written in: the key is threshold_<unit>.
const std::vector<std::string>& threshold_units();
/// True for the units of velocities.
bool is_velocity_unit(const std::string& unit);
/// A threshold in that unit as the program keeps it: m/day for velocities, degrees for angles, m for lengths.
double threshold_from(const std::string& unit, double number);

/// Thresholds with their sources, as read from a policy file.
struct Policy {
  std::string id;
  std::string version;
  std::string sha256;  ///< Of the file's bytes.
  PolicyTiming timing;
  std::vector<PolicyRule> rules;
  std::vector<AreaRule> area_rules;  ///< For contiguous cells of a radar.
  /// Sigma of one sample, m, that is taken while a series' own noise is not known yet.
  std::map<SensorKind, double> floor_sigma_m;

  double floor_sigma(SensorKind kind) const;
  /// True when some rule judges series of this kind at all.
  bool judges(SensorKind kind) const noexcept;
};

/// Floors that stand where a policy names none.
std::map<SensorKind, double> standard_floor_sigma_m();

/// Time between two samples that confirm each other, hours: of any value but one of orange or red that is not significant.
double on_delay_of(const PolicyTiming& timing, double window_h) noexcept;

}  // namespace highwall
