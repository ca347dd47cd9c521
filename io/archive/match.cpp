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
    for (const auto& [t, k] : found.changed) match.changed.push_back(changed_row(*rows, k, here, t));
    if (found.added.empty()) continue;
    match.new_rows += found.added.size();
    match.fresh.push_back(select(here, found.added));
  }
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
      text += fmt::format("{},{},{},{},{}\n", target, to_iso8601(row.at), row.components[c], number(row.stored_m[c]), number(row.told_m[c]));
    }
  }
  return text;
}

std::string changed_rows_text(const std::vector<ChangedRow>& changed) {
  const ChangedRow& first = changed.at(0);
  std::size_t c = 0;  // The first component that differs.
  while (c + 1 < first.told_m.size() && first.stored_m[c] == first.told_m[c]) ++c;
  return fmt::format("{} rows differ from what the archive holds; first {} at {}: {:.6f} m stored, {:.6f} m told",
                     changed.size(), first.target, to_iso8601(first.at), first.stored_m[c], first.told_m[c]);
}

}  // namespace highwall
