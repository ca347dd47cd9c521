#include "bindings/pipeline/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "algorithms/series/gap.hpp"
#include "bindings/pipeline/measure.hpp"

namespace highwall {
namespace {

using Period = std::array<Instant, 2>;

bool lies_in(Instant t, const Period& period) { return t >= period[0] && t <= period[1]; }

/// True when times go on from before `now` to after it as they did before: a replay stands within them.
bool goes_on(const HeldTimes& times, const SourceConfig& source, Instant now) {
  if (times.past == 0) return false;
  const double usual_h = times.past < 2 ? 0.0 : to_hours(times.newest - times.oldest) / static_cast<double>(times.past - 1);
  return to_hours(times.next - now) <= std::max({24.0, 2.0 * source.max_silence_h, 3.0 * usual_h});
}

void find_late(const SourceConfig& source, const std::vector<HeldTimes>& all, Instant now, bool real_clock,
               std::vector<std::string>& findings) {
  std::size_t late = 0;
  const HeldTimes* latest = nullptr;
  for (const HeldTimes& times : all) {
    if (times.late == 0 || (!real_clock && goes_on(times, source, now))) continue;
    late += times.late;
    if (latest == nullptr || times.latest > latest->latest) latest = &times;
  }
  if (late == 0) return;
  findings.push_back(fmt::format(
      "source {}: {} rows, clouds or maps are more than a day later than now, the latest of {} at {}: a clock is wrong",
      source.id, late, latest->name, to_iso8601(latest->latest)));
}

bool has_value_in(const SourceConfig& source, const std::vector<HeldTimes>& all, const Measurements& measurements,
                  const Period& period) {
  for (const HeldTimes& times : all) {
    if (std::any_of(times.at.begin(), times.at.end(), [&](Instant t) { return lies_in(t, period); })) return true;
  }
  for (const auto& [zone, targets] : measurements.targets) {
    for (const TargetInput& t : targets) {
      if (!t.series.target.starts_with(source.id + "/")) continue;
      for (std::size_t i = 0; i < t.series.size(); ++i) {
        if (lies_in(t.series.time[i], period) && is_measured(t.series, i)) return true;
      }
    }
  }
  return false;
}

void find_empty_quiet(const SourceConfig& source, const std::vector<HeldTimes>& all, const Measurements& measurements,
                      Instant now, std::vector<std::string>& findings) {
  for (const Period& period : source.quiet_periods) {
    const char* what = period[0] > now ? "lies in the future"
                       : period[1] <= now && !all.empty() && !has_value_in(source, all, measurements, period) ? "holds no value"
                                                                                                              : nullptr;
    if (what == nullptr) continue;
    findings.push_back(fmt::format("source {}: its declared quiet period {}..{} {}", source.id, to_iso8601(period[0]),
                                   to_iso8601(period[1]), what));
  }
}

/// The newest time of a source until now; kNoInstant when there is none.
Instant newest_of(const std::vector<HeldTimes>& all) {
  Instant newest = kNoInstant;
  for (const HeldTimes& times : all) {
    if (times.past > 0 && (newest == kNoInstant || times.newest > newest)) newest = times.newest;
  }
  return newest;
}

}  // namespace

void HeldTimes::take(Instant t, Instant now) {
  if (t <= now) {
    oldest = past == 0 ? t : std::min(oldest, t);
    newest = past == 0 ? t : std::max(newest, t);
    ++past;
    if (epochs) at.push_back(t);
    return;
  }
  next = next == kNoInstant ? t : std::min(next, t);
  latest = latest == kNoInstant ? t : std::max(latest, t);
  if (t > now + days(1)) ++late;
}

std::vector<std::string> clock_findings(const Site& site, const Measurements& measurements, Instant now, bool real_clock) {
  std::vector<std::string> findings;
  std::vector<std::string> late;
  bool any = false;
  bool all_old = true;
  Instant newest = kNoInstant;
  for (const SourceConfig& source : site.sources) {
    const auto found = measurements.times.find(source.id);
    if (found == measurements.times.end()) continue;
    const std::vector<HeldTimes>& all = found->second;
    find_late(source, all, now, real_clock, late);
    find_empty_quiet(source, all, measurements, now, findings);
    any = any || !all.empty();
    const Instant own = newest_of(all);
    if (own == kNoInstant) continue;
    newest = newest == kNoInstant ? own : std::max(newest, own);
    all_old = all_old && to_hours(now - own) > std::max(30.0 * 24.0, 10.0 * source.max_silence_h);
  }
  const bool knows_all = any && measurements.failed.empty();
  if (knows_all && newest == kNoInstant) {
    late = {fmt::format("all data are later than {}: the clock of this machine or --now is wrong", to_iso8601(now))};
  } else if (knows_all && all_old) {
    findings.push_back(
        fmt::format("no source has data newer than {}, and now is {}: nothing has come for long, or the clock of this machine or "
                    "--now is wrong",
                    to_iso8601(newest), to_iso8601(now)));
  }
  findings.insert(findings.begin(), late.begin(), late.end());
  return findings;
}

}  // namespace highwall
