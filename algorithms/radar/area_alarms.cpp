#include "algorithms/radar/area_alarms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/units.hpp"

namespace highwall {
namespace {

/// An alarm can be cleared when so much of it has a value.
constexpr double kKnownShare = 0.5;
/// Coherence: a cell was coherent when it was so in this share of the scans, of so many at least.
constexpr double kCoherentShare = 0.8;
constexpr std::uint16_t kFewestScans = 20;
constexpr std::uint16_t kMostScans = 4096;
/// An increment across a longer pause than so many usual ones is no step: nobody saw how it went.
constexpr double kPauses = 3.0;
constexpr std::uint32_t kNoScan = std::numeric_limits<std::uint32_t>::max();

std::uint32_t last_bits(std::int64_t count) {
  return count >= 32 ? std::numeric_limits<std::uint32_t>::max() : (1U << static_cast<unsigned>(count)) - 1U;
}

double quantile_of(std::vector<double>& values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// The class of most cells; the calmer one of two that are as many.
CellMotion trend_of(const AreaScan::Window& window, const std::vector<std::uint32_t>& cells) {
  std::array<std::size_t, 5> count{};
  if (window.motion.empty()) return CellMotion::unknown;
  for (const std::uint32_t cell : cells) ++count[static_cast<std::size_t>(window.motion[cell])];
  return static_cast<CellMotion>(std::max_element(count.begin(), count.end()) - count.begin());
}

/// Notes the speed, and what it has gained since half a window ago; NaN when it was not known then.
double speed_change(std::deque<std::pair<Instant, double>>& speeds, Instant at, double speed, double window_h) {
  speeds.emplace_back(at, speed);
  const Instant then = at - duration_from_seconds(0.5 * window_h * 3600.0);
  // The newest one that is old enough stays.
  while (speeds.size() > 1 && speeds[1].first <= then) speeds.pop_front();
  return speeds.front().first <= then ? speed - speeds.front().second : std::numeric_limits<double>::quiet_NaN();
}

/// Speed that a rule asks of a cell, m/day.
double limit_of(const AreaRule& rule, double sigma) {
  return from_mm_per_h(rule.threshold_mm_per_h).value + rule.k_sigma * sigma;
}

void require_size(std::size_t size, std::size_t cells, bool may_be_empty, std::string_view what) {
  if (size == cells || (may_be_empty && size == 0)) return;
  throw Error(ErrorKind::input, fmt::format("{} has {} values for {} cells", what, size, cells));
}

}  // namespace

std::string_view name_of(AreaKind kind) noexcept {
  switch (kind) {
    case AreaKind::motion:
      return "motion";
    case AreaKind::step:
      return "step";
    case AreaKind::coherence_loss:
      return "coherence_loss";
  }
  return "motion";
}

AreaAlarms::AreaAlarms(const ScanGrid& grid, std::vector<AreaRule> rules, std::vector<std::uint8_t> masked)
    : grid_(grid), shape_(CellShape::of(grid)), rules_(std::move(rules)), masked_(std::move(masked)) {
  for (const AreaRule& rule : rules_) {
    validate(rule, "area_rule");
    if (rule.least_area_m2 > 0.0 && grid_.area_m2.empty()) {
      throw Error(ErrorKind::config, fmt::format("rule \"{}\" asks for an area, and the cells' area is not known", rule.name),
                  rule.where, "tell where the radar stands and give its ground, or use least_cells");
    }
  }
  if (masked_.empty()) masked_.assign(grid_.cells(), 0);
  require_size(masked_.size(), grid_.cells(), false, "the mask");
  before_m_.assign(grid_.cells(), std::numeric_limits<float>::quiet_NaN());
  step_m_.assign(grid_.cells(), 0.0F);
  step_scan_.assign(grid_.cells(), kNoScan);
  coherent_.assign(grid_.cells(), 0);
  judged_.assign(grid_.cells(), 0);
}

void AreaAlarms::push(const AreaScan& scan, const Run& run) {
  if (!scans_.empty() && scan.at <= scans_.back()) {
    throw Error(ErrorKind::input, fmt::format("the scan at {} is not later than the one before", to_iso8601(scan.at)));
  }
  require_size(scan.displacement_m.size(), grid_.cells(), true, "displacement");
  require_size(scan.coherence.size(), grid_.cells(), true, "coherence");
  require_size(scan.aliased.size(), grid_.cells(), true, "the aliased mark");
  scans_.push_back(scan.at);
  note_steps(scan);
  for (std::size_t r = 0; r < rules_.size(); ++r) {
    const bool velocity = rules_[r].quantity == "velocity";
    if (!velocity && scan.coherence.empty()) continue;
    follow(r, velocity ? judge_velocity(rules_[r], scan, run) : judge_coherence(rules_[r], scan, run), scan);
  }
  note_coherence(scan);
}

std::vector<AreaAlarm> AreaAlarms::alarms(bool candidates) const {
  std::vector<AreaAlarm> out = closed_;
  for (const Track& track : open_) {
    if (candidates || track.alarm.raised != kNoInstant) out.push_back(track.alarm);
  }
  std::sort(out.begin(), out.end(), [](const AreaAlarm& a, const AreaAlarm& b) { return a.id < b.id; });
  return out;
}

const AreaScan::Window& AreaAlarms::window_of(const AreaRule& rule, const AreaScan& scan) const {
  for (const AreaScan::Window& window : scan.windows) {
    if (std::abs(window.window_h - rule.window_h) > 1e-9) continue;
    require_size(window.velocity_m_per_day.size(), grid_.cells(), false, "the velocity");
    require_size(window.sigma_m_per_day.size(), grid_.cells(), false, "sigma of the velocity");
    require_size(window.motion.size(), grid_.cells(), true, "the motion's class");
    return window;
  }
  throw Error(ErrorKind::config,
              fmt::format("rule \"{}\" judges a window of {} h, which is not computed", rule.name, rule.window_h), rule.where,
              "add it to the windows of the velocity");
}

AreaAlarms::Marks AreaAlarms::judge_velocity(const AreaRule& rule, const AreaScan& scan, const Run& run) const {
  const AreaScan::Window& window = window_of(rule, scan);
  Marks out{std::vector<std::uint8_t>(grid_.cells(), none), std::vector<std::uint8_t>(grid_.cells(), 0)};
  for_blocks(
      grid_.cells(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (masked_[i] != 0) continue;
          const bool incoherent = !scan.coherence.empty() && !(scan.coherence[i] >= rule.coherence);
          if (incoherent) continue;
          // Faster than the scans can follow is faster than any threshold.
          if (!scan.aliased.empty() && scan.aliased[i] != 0) {
            out.mark[i] = over;
            out.known[i] = 1;
            continue;
          }
          const double v = window.velocity_m_per_day[i];
          const double sigma = window.sigma_m_per_day[i];
          if (!std::isfinite(v) || !std::isfinite(sigma)) continue;
          out.known[i] = 1;
          const double limit = limit_of(rule, sigma);
          if (!(std::abs(v) >= rule.release_factor * limit)) continue;
          out.mark[i] = std::abs(v) >= limit ? over : lower;
        }
      },
      run, {}, 16384);
  return out;
}

/// Slope of a line through a window in which the cell does nothing but its largest step: 6 u (1 - u) step / window, u the share
/// of the window before it. Half an interval belongs to the samples at both ends.
double AreaAlarms::slope_of_step(std::size_t cell, Instant at, double window_days) const {
  const std::uint32_t scan = step_scan_[cell];
  if (scan == kNoScan) return 0.0;
  const double interval = to_days(scans_[scan] - scans_[scan - 1]).value;
  const double length = window_days + interval;
  const double u = std::clamp(1.0 - (to_days(at - scans_[scan]).value + interval) / length, 0.0, 1.0);
  return 6.0 * u * (1.0 - u) * static_cast<double>(step_m_[cell]) / length;
}

AreaAlarms::Marks AreaAlarms::judge_coherence(const AreaRule& rule, const AreaScan& scan, const Run& run) const {
  const double higher = rule.coherence + (1.0 - rule.coherence) * (1.0 - rule.release_factor);
  Marks out{std::vector<std::uint8_t>(grid_.cells(), none), std::vector<std::uint8_t>(grid_.cells(), 0)};
  for_blocks(
      grid_.cells(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double c = scan.coherence[i];
          if (masked_[i] != 0 || !std::isfinite(c)) continue;
          if (judged_[i] < kFewestScans || coherent_[i] < kCoherentShare * judged_[i]) continue;
          out.known[i] = 1;
          out.mark[i] = c < rule.coherence ? over : c < higher ? lower : none;
        }
      },
      run, {}, 16384);
  return out;
}

double AreaAlarms::area_of(const std::vector<std::uint32_t>& cells) const {
  if (grid_.area_m2.empty()) return std::numeric_limits<double>::quiet_NaN();
  double area = 0.0;
  for (const std::uint32_t cell : cells) {
    if (std::isfinite(grid_.area_m2[cell])) area += grid_.area_m2[cell];
  }
  return area;
}

bool AreaAlarms::is_large(const AreaRule& rule, const std::vector<std::uint32_t>& cells, double factor) const {
  if (static_cast<double>(cells.size()) < factor * static_cast<double>(rule.least_cells)) return false;
  return rule.least_area_m2 <= 0.0 || area_of(cells) >= factor * rule.least_area_m2;
}

AreaAlarms::Large AreaAlarms::large_parts(const AreaRule& rule, const Marks& marks, Mark least, double factor) const {
  Large out;
  std::vector<std::uint8_t> marked(grid_.cells());
  for (std::size_t i = 0; i < marked.size(); ++i) marked[i] = marks.mark[i] >= least ? 1 : 0;
  for (auto& part : components_of(marked, shape_)) {
    if (is_large(rule, part, factor)) out.parts.push_back(std::move(part));
  }
  if (out.parts.empty()) return out;
  out.of_cell.assign(grid_.cells(), 0);
  for (std::size_t k = 0; k < out.parts.size(); ++k) {
    for (const std::uint32_t cell : out.parts[k]) out.of_cell[cell] = static_cast<std::uint32_t>(k + 1);
  }
  return out;
}

std::vector<std::uint32_t> AreaAlarms::Large::touching(const std::vector<std::uint32_t>& cells, const CellShape& shape) const {
  std::set<std::uint32_t> found;
  if (parts.empty()) return {};
  const auto rows = static_cast<std::ptrdiff_t>(shape.rows);
  const auto cols = static_cast<std::ptrdiff_t>(shape.cols);
  for (const std::uint32_t cell : cells) {
    const auto row = static_cast<std::ptrdiff_t>(cell) / cols;
    const auto col = static_cast<std::ptrdiff_t>(cell) % cols;
    for (std::ptrdiff_t r = std::max<std::ptrdiff_t>(row - 1, 0); r <= std::min(row + 1, rows - 1); ++r) {
      for (std::ptrdiff_t c = col - 1; c <= col + 1; ++c) {
        const std::ptrdiff_t at = shape.wraps ? (c + cols) % cols : c;
        if (at < 0 || at >= cols) continue;
        const std::uint32_t part = of_cell[static_cast<std::size_t>(r * cols + at)];
        if (part != 0) found.insert(part - 1);
      }
    }
  }
  return {found.begin(), found.end()};
}

void AreaAlarms::describe(Track& track, const AreaScan& scan) const {
  AreaAlarm& alarm = track.alarm;
  alarm.area_m2 = area_of(alarm.cells);
  alarm.most_cells = std::max(alarm.most_cells, alarm.cells.size());
  // NaN as long as no area is known.
  if (!(alarm.most_area_m2 >= alarm.area_m2)) alarm.most_area_m2 = alarm.area_m2;
  if (rules_[alarm.rule].quantity != "velocity") return;
  const AreaScan::Window& window = window_of(rules_[alarm.rule], scan);
  std::vector<double> speed;
  std::vector<double> sigmas;
  double sum = 0.0;
  for (const std::uint32_t cell : alarm.cells) {
    const double v = window.velocity_m_per_day[cell];
    if (!std::isfinite(v)) continue;
    sum += v;
    speed.push_back(std::abs(v));
    const double sigma = window.sigma_m_per_day[cell];
    if (sigma > 0.0) sigmas.push_back(std::abs(v) / sigma);
  }
  const double sign = sum < 0.0 ? -1.0 : 1.0;
  alarm.mean_m_per_day = speed.empty() ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(speed.size());
  alarm.fastest_m_per_day = sign * quantile_of(speed, 0.95);
  alarm.significance = quantile_of(sigmas, 0.5);
  const double change = speed_change(track.speeds, scan.at, std::abs(alarm.fastest_m_per_day), window.window_h);
  alarm.trend = trend_of(window, alarm.cells);
  const bool contradicted =
      (alarm.trend == CellMotion::progressive && change < 0.0) || (alarm.trend == CellMotion::regressive && change > 0.0);
  if (contradicted) alarm.trend = CellMotion::linear;
}

/// Without the largest step of each cell the area would be below its limit. In the mean of the cells, in which the noise of the
/// steps themselves is small.
bool AreaAlarms::rests_but_for_a_step(const AreaAlarm& alarm, const AreaScan& scan) const {
  const AreaRule& rule = rules_[alarm.rule];
  if (rule.quantity != "velocity") return false;
  const AreaScan::Window& window = window_of(rule, scan);
  double rest = 0.0;
  double limit = 0.0;
  for (const std::uint32_t cell : alarm.cells) {
    // Faster than the scans can follow is no step.
    if (!scan.aliased.empty() && scan.aliased[cell] != 0) return false;
    rest += window.velocity_m_per_day[cell] - slope_of_step(cell, scan.at, rule.window_h / kHoursPerDay);
    limit += limit_of(rule, window.sigma_m_per_day[cell]);
  }
  return std::abs(rest) < limit;
}

/// What one more scan means for an alarm.
void AreaAlarms::age(Track& track, bool met, bool held, const Marks& marks, const AreaScan& scan) {
  AreaAlarm& alarm = track.alarm;
  const AreaRule& rule = rules_[alarm.rule];
  const auto known = std::count_if(alarm.cells.begin(), alarm.cells.end(), [&](std::uint32_t c) { return marks.known[c] != 0; });
  alarm.signal_lost = static_cast<double>(known) < kKnownShare * static_cast<double>(alarm.cells.size());
  // A scan without data is no scan: it neither confirms nor calms.
  if (!met && alarm.signal_lost) return;
  const bool moved = met && !rests_but_for_a_step(alarm, scan);
  const std::uint32_t window = last_bits(rule.of_scans);
  track.met = (track.met << 1U | (met ? 1U : 0U)) & window;
  track.moved = (track.moved << 1U | (moved ? 1U : 0U)) & window;
  track.was_motion = track.was_motion || std::popcount(track.moved) >= rule.scans;
  track.calm = met || held ? 0 : track.calm + 1;
  if (met) {
    alarm.last = scan.at;
    ++alarm.scans;
  }
  if (rule.quantity != "velocity") {
    alarm.kind = AreaKind::coherence_loss;
  } else {
    alarm.kind = track.was_motion ? AreaKind::motion : AreaKind::step;
  }
  if (alarm.raised == kNoInstant && std::popcount(track.met) >= rule.scans) alarm.raised = scan.at;
  if (alarm.raised != kNoInstant && track.calm >= static_cast<std::uint32_t>(rule.of_scans)) alarm.cleared = scan.at;
}

void AreaAlarms::follow(std::size_t rule, const Marks& marks, const AreaScan& scan) {
  const AreaRule& r = rules_[rule];
  const Large over_limit = large_parts(r, marks, over, 1.0);
  // Which alarm each component belongs to: the raised one that is oldest, else the oldest.
  std::vector<std::size_t> owner(over_limit.parts.size(), open_.size());
  std::vector<std::vector<std::uint32_t>> touched(open_.size());
  const auto is_before = [&](std::size_t a, std::size_t b) {
    const bool raised_a = open_[a].alarm.raised != kNoInstant;
    const bool raised_b = open_[b].alarm.raised != kNoInstant;
    return raised_a != raised_b ? raised_a : open_[a].alarm.id < open_[b].alarm.id;
  };
  for (std::size_t t = 0; t < open_.size(); ++t) {
    if (open_[t].alarm.rule != rule) continue;
    touched[t] = over_limit.touching(open_[t].alarm.cells, shape_);
    for (const std::uint32_t part : touched[t]) {
      if (owner[part] == open_.size() || is_before(t, owner[part])) owner[part] = t;
    }
  }
  Large over_lower;
  const bool any_raised = std::any_of(open_.begin(), open_.end(),
                                      [&](const Track& t) { return t.alarm.rule == rule && t.alarm.raised != kNoInstant; });
  if (any_raised) over_lower = large_parts(r, marks, lower, r.release_factor);

  const std::size_t before = open_.size();
  for (std::size_t t = 0; t < before; ++t) {
    Track& track = open_[t];
    if (track.alarm.rule != rule) continue;
    std::vector<std::uint32_t> cells;
    std::size_t other = before;
    for (const std::uint32_t part : touched[t]) {
      if (owner[part] == t) {
        cells.insert(cells.end(), over_limit.parts[part].begin(), over_limit.parts[part].end());
      } else {
        other = owner[part];
      }
    }
    if (cells.empty() && other < before) {
      track.alarm.merged_into = open_[other].alarm.id;
      continue;
    }
    const bool met = !cells.empty();
    if (met) {
      std::sort(cells.begin(), cells.end());
      track.alarm.cells = std::move(cells);
      describe(track, scan);
    }
    const bool held = !met && track.alarm.raised != kNoInstant && !over_lower.touching(track.alarm.cells, shape_).empty();
    age(track, met, held, marks, scan);
  }
  for (std::size_t part = 0; part < over_limit.parts.size(); ++part) {
    if (owner[part] != before) continue;
    Track track;
    track.alarm.id = next_id_++;
    track.alarm.rule = rule;
    track.alarm.first = scan.at;
    track.alarm.cells = over_limit.parts[part];
    describe(track, scan);
    age(track, true, false, marks, scan);
    open_.push_back(std::move(track));
  }
  for (const Track& track : open_) {
    const AreaAlarm& alarm = track.alarm;
    if (alarm.raised != kNoInstant && (alarm.merged_into != 0 || alarm.cleared != kNoInstant)) closed_.push_back(alarm);
  }
  std::erase_if(open_, [](const Track& track) {
    const AreaAlarm& alarm = track.alarm;
    return alarm.merged_into != 0 || alarm.cleared != kNoInstant || (alarm.raised == kNoInstant && track.met == 0);
  });
}

void AreaAlarms::note_steps(const AreaScan& scan) {
  if (scan.displacement_m.empty()) return;
  double longest_days = 0.0;
  for (const AreaRule& rule : rules_) longest_days = std::max(longest_days, rule.window_h / kHoursPerDay);
  const std::size_t n = scans_.size();
  bool across_pause = n < 3;
  if (n >= 3) {
    const std::size_t few = std::min<std::size_t>(n - 2, 8);
    std::vector<double> usual;
    for (std::size_t k = n - 1 - few; k < n - 1; ++k) usual.push_back(to_days(scans_[k] - scans_[k - 1]).value);
    across_pause = to_days(scans_[n - 1] - scans_[n - 2]).value > kPauses * quantile_of(usual, 0.5);
  }
  for (std::size_t i = 0; i < grid_.cells(); ++i) {
    const float now = scan.displacement_m[i];
    if (step_scan_[i] != kNoScan && to_days(scan.at - scans_[step_scan_[i]]).value > longest_days) {
      step_scan_[i] = kNoScan;
      step_m_[i] = 0.0F;
    }
    const float moved = now - before_m_[i];
    if (std::isfinite(moved) && !across_pause && std::abs(moved) > std::abs(step_m_[i])) {
      step_m_[i] = moved;
      step_scan_[i] = static_cast<std::uint32_t>(n - 1);
    }
    if (std::isfinite(now)) before_m_[i] = now;
  }
}

void AreaAlarms::note_coherence(const AreaScan& scan) {
  if (scan.coherence.empty()) return;
  // The one limit that "coherent" means here: the highest that a rule asks for.
  double limit = 0.0;
  for (const AreaRule& rule : rules_) {
    if (rule.quantity == "coherence") limit = std::max(limit, rule.coherence);
  }
  if (limit <= 0.0) return;
  // Ground that an alarm is about stays ground that was coherent.
  std::vector<std::uint8_t> held(grid_.cells(), 0);
  for (const Track& track : open_) {
    if (track.alarm.kind != AreaKind::coherence_loss) continue;
    for (const std::uint32_t cell : track.alarm.cells) held[cell] = 1;
  }
  for (std::size_t i = 0; i < grid_.cells(); ++i) {
    if (held[i] != 0 || !std::isfinite(scan.coherence[i])) continue;
    if (judged_[i] >= kMostScans) {
      judged_[i] = static_cast<std::uint16_t>(judged_[i] / 2);
      coherent_[i] = static_cast<std::uint16_t>(coherent_[i] / 2);
    }
    ++judged_[i];
    if (scan.coherence[i] >= limit) ++coherent_[i];
  }
}

}  // namespace highwall
