#include "io/archive/match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "core/error.hpp"
#include "core/sensor.hpp"
#include "io/archive/zero.hpp"

namespace highwall {
namespace {

std::string_view name_of(SeriesMeaning meaning) { return meaning == SeriesMeaning::position ? "positions" : "displacements"; }

std::string components_text(const TimeSeries& s) {
  return fmt::format("{} component{} ({})", s.width(), s.width() == 1 ? "" : "s", fmt::join(s.components, ", "));
}

[[noreturn]] void refuse(const std::string& target, std::string_view known, std::string_view told) {
  throw Error(ErrorKind::input, fmt::format("{} is known with {}, here it has {}", target, known, told), {},
              "files of another sort need a source of their own, with a new id");
}

/// An export may tell a target in several pieces; they are one series.
std::vector<TimeSeries> one_per_target(const std::vector<TimeSeries>& series) {
  std::map<std::string_view, const TimeSeries*> first;
  for (const TimeSeries& s : series) require_same_series(*first.try_emplace(s.target, &s).first->second, s);
  if (first.size() == series.size()) return series;
  SeriesMerge merge;
  merge.add(kNoInstant, {}, series);
  return merge.all();
}

ChangedRow changed_row(const TimeSeries& known, std::size_t k, const TimeSeries& told, std::size_t t) {
  ChangedRow row{told.target, told.time[t], told.components, {}, {}};
  for (std::size_t c = 0; c < told.width(); ++c) {
    row.stored_m.push_back(known.value(k, c));
    row.told_m.push_back(told.value(t, c));
  }
  return row;
}

/// Fewer rows than this may well be corrections.
constexpr std::size_t kFewestOfAnotherZero = 10;
/// A constant below this is how an export was rounded, not another zero.
constexpr double kLeastConstant_m = 1e-5;
/// Differences that agree to this share of the constant are one: exports are rounded, and the step would be false all the same.
constexpr double kSameShare = 0.25;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What is added to the rows, by component: the median of told less stored.
std::vector<double> constant_of(const std::vector<ChangedRow>& changed) {
  std::vector<double> constant_m;
  for (std::size_t c = 0; c < changed.at(0).told_m.size(); ++c) {
    std::vector<double> differences;
    for (const ChangedRow& row : changed) {
      const double difference = row.told_m[c] - row.stored_m[c];
      if (std::isfinite(difference)) differences.push_back(difference);
    }
    constant_m.push_back(differences.empty() ? 0.0 : median(std::move(differences)));
  }
  return constant_m;
}

bool differs_by(const std::vector<double>& constant_m, double tolerance_m, const ChangedRow& row) {
  for (std::size_t c = 0; c < constant_m.size(); ++c) {
    if (std::isnan(row.told_m[c]) && std::isnan(row.stored_m[c])) continue;
    if (!(std::abs(row.told_m[c] - row.stored_m[c] - constant_m[c]) <= tolerance_m)) return false;
  }
  return true;
}

/// Why the new rows of a target are held back: nearly all of its known rows are told otherwise, by nearly one
/// constant. "" when there is no reason.
std::string another_zero_text(const std::vector<ChangedRow>& changed, std::size_t equal) {
  const std::size_t known = changed.size() + equal;
  if (known < kFewestOfAnotherZero || changed.size() * 10 < known * 9) return {};
  const std::vector<double> constant_m = constant_of(changed);
  double length_m = 0.0;
  for (const double v : constant_m) length_m = std::hypot(length_m, v);
  if (length_m < kLeastConstant_m) return {};
  const auto by_it = static_cast<std::size_t>(std::count_if(
      changed.begin(), changed.end(), [&](const ChangedRow& row) { return differs_by(constant_m, kSameShare * length_m, row); }));
  if (by_it * 10 < known * 9) return {};
  std::vector<std::string> texts;
  for (const double v : constant_m) texts.push_back(fmt::format("{:+.2f}", 1e3 * v));
  return fmt::format("{} of {} known rows of {} differ by one constant ({} mm), so that its new rows are held back; ", by_it,
                     known, changed[0].target, fmt::join(texts, ", "));
}

}  // namespace

void require_same_series(const TimeSeries& known, const TimeSeries& told) {
  if (&known == &told) return;
  if (known.components != told.components) refuse(told.target, components_text(known), components_text(told));
  if (known.meaning != told.meaning) refuse(told.target, name_of(known.meaning), name_of(told.meaning));
  if (known.kind != told.kind) {
    refuse(told.target, fmt::format("the kind {}", name_of(known.kind)), fmt::format("the kind {}", name_of(told.kind)));
  }
  require_same_zero(known, told);
}

SeriesMatch match_series(SeriesMerge& known, const std::vector<TimeSeries>& told) {
  SeriesMatch match;
  for (const TimeSeries& as_told : one_per_target(told)) {
    const TimeSeries* rows = known.find(as_told.target);
    if (rows != nullptr) require_same_series(*rows, as_told);
    const TimeSeries here = rows == nullptr ? as_told : about_zero_of(*rows, as_told);
    const RowMatch found = match_rows(rows, here);
    match.equal_rows += found.equal;
    std::vector<ChangedRow> changed;
    for (const auto& [t, k] : found.changed) changed.push_back(changed_row(*rows, k, here, t));
    const std::string another_zero = changed.empty() ? std::string() : another_zero_text(changed, found.equal);
    match.held_back += another_zero;
    match.changed.insert(match.changed.end(), changed.begin(), changed.end());
    if (found.added.empty() || !another_zero.empty()) continue;
    match.new_rows += found.added.size();
    match.fresh.push_back(select(here, found.added));
  }
  if (!match.held_back.empty()) match.held_back += "give what counts from another zero a source of its own; ";
  return match;
}

std::string table_of(const std::vector<ChangedRow>& changed, std::size_t most) {
  std::string text = "target,time,component,stored_m,told_m\n";
  const auto number = [](double v) { return std::isnan(v) ? std::string() : fmt::format("{:.9g}", v); };
  for (std::size_t r = 0; r < std::min(most, changed.size()); ++r) {
    const ChangedRow& row = changed[r];
    std::string target = row.target;
    if (target.find_first_of(",\"") != std::string::npos) {
      for (std::size_t at = target.find('"'); at != std::string::npos; at = target.find('"', at + 2)) target.insert(at, 1, '"');
      target = '"' + target + '"';
    }
    for (std::size_t c = 0; c < row.components.size(); ++c) {
      text += fmt::format("{},{},{},{},{}\n", target, to_iso8601(row.at), row.components[c], number(row.stored_m[c]),
                          number(row.told_m[c]));
    }
  }
  return text;
}

std::string changed_rows_text(const std::vector<ChangedRow>& changed) {
  const ChangedRow& first = changed.at(0);
  std::size_t c = 0;  // The first component that differs.
  while (c + 1 < first.told_m.size() && first.stored_m[c] == first.told_m[c]) ++c;
  return fmt::format("{} rows differ from what the archive holds; first {} at {}: {:.6f} m stored, {:.6f} m told", changed.size(),
                     first.target, to_iso8601(first.at), first.stored_m[c], first.told_m[c]);
}

}  // namespace highwall
