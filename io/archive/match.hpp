#pragma once

#include <string>
#include <vector>

#include "io/archive/merge.hpp"

namespace highwall {

/// A stored row that a newer export tells otherwise.
struct ChangedRow {
  std::string target;
  Instant at = kNoInstant;
  std::vector<std::string> components;
  std::vector<double> stored_m;  ///< One value a component; NaN = no value.
  std::vector<double> told_m;
};

/// What an export tells beside the rows that are known.
struct SeriesMatch {
  std::vector<TimeSeries> fresh;  ///< New rows, one series a target, about the zero of what is known.
  std::size_t new_rows = 0;
  std::size_t equal_rows = 0;
  std::vector<ChangedRow> changed;
  std::string held_back;  ///< Whose new rows are not among them, and why: see match_series(). "" = nothing is held back.
};

/// Refuses a series that cannot be put together with what is known of its target: another number of
/// components, other components (along the line of sight is not east), another kind of instrument, values
/// of another meaning, another zero. Glued together, the change would hide a movement, or look like one.
/// @throws Error(input) naming the target and both sides
void require_same_series(const TimeSeries& known, const TimeSeries& told);

/// Holds an export against the rows of its source: the one rule, for the archive and for the dry run. When nearly
/// all known rows of a target (9 of 10, 10 at least) are told otherwise by nearly one constant (to a quarter of it),
/// it counts from another zero, and its new rows would look like a step: they are held back, those of other targets are not.
/// @throws Error(input) as require_same_series(), for all of the export
SeriesMatch match_series(SeriesMerge& known, const std::vector<TimeSeries>& told);

/// CSV of changed rows, one line a component: target, time, component, stored_m, told_m; the first `most` rows.
std::string table_of(const std::vector<ChangedRow>& changed, std::size_t most);

/// One sentence on rows that an export tells otherwise. REQUIRES: there is one.
std::string changed_rows_text(const std::vector<ChangedRow>& changed);

}  // namespace highwall
