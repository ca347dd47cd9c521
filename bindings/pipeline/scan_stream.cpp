#include "bindings/pipeline/scan_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "algorithms/radar/state_bytes.hpp"
#include "bindings/pipeline/radar_velocity.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

/// A cell that moves faster than scans can follow is beyond every limit; so many times is enough to say.
constexpr float kFarBeyond = 1000.0F;
/// A rule is judged where so many of the cells with a value have a velocity and its sigma.
constexpr double kJudgedShare = 0.5;

std::string chained(const std::string& chain, const std::string& id) { return sha256_hex(chain + id).substr(0, 32); }

std::uint64_t sum_of(const std::vector<float>& values) {
  return checksum_of({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

bool has_value(const std::vector<float>& values) {
  return std::any_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

/// The value that `count` of the margins reach; 0 where there are not so many.
double reached_by(std::vector<float>& margins, std::size_t count) {
  if (margins.size() < count) return 0.0;
  const auto at = margins.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(margins.begin(), at, margins.end(), std::greater<>());
  return static_cast<double>(*at);
}

double mm_per_h(double m_per_day) { return to_mm_per_h(MetresPerDay(m_per_day)); }

/// The alarm in the words of its rule.
void tell_alarm(const AreaAlarm& alarm, const AreaRule& rule, AreaSample& sample) {
  const double typical = std::abs(alarm.mean_m_per_day) / alarm.significance;
  if (rule.quantity != "velocity") {
    sample.value = static_cast<double>(alarm.cells.size());
  } else if (rule.threshold_mm_per_h > 0.0) {
    sample.value = std::abs(mm_per_h(alarm.fastest_m_per_day));
    sample.sigma = std::isfinite(typical) ? mm_per_h(typical) : kNotKnown;
  } else {
    sample.value = alarm.significance;
    sample.sigma = 1.0;
  }
  if (!std::isfinite(sample.value)) sample.value = kNotKnown;
}

}  // namespace

ScanStream::ScanStream(ScanStreamSetup setup, VelocityStream stream)
    : setup_(std::move(setup)),
      stream_(std::move(stream)),
      areas_(setup_.cells.grid, setup_.rules, setup_.cells.masked),
      seen_(setup_.cells.grid.cells(), 0),
      samples_(setup_.zones.size()) {
  for (const ScanZone& zone : setup_.zones) {
    inside_.emplace_back(setup_.cells.grid.cells(), 0);
    for (const std::uint32_t cell : zone.cells) inside_.back()[cell] = 1;
  }
}

ScanStream::ScanStream(ScanStreamSetup setup)
    : ScanStream(setup, VelocityStream(setup.cells.grid, setup.value, setup.velocity, setup.cells.calibrate)) {}

void ScanStream::push(const RadarScan& scan, const std::string& id, const Run& run) {
  if (newest_ != kNoInstant && scan.instant <= newest_) {
    throw Error(ErrorKind::input,
                fmt::format("the scan of {} does not come after {}", to_iso8601(scan.instant), to_iso8601(newest_)), scan.name);
  }
  const std::uint64_t sum = sum_of(scan.displacement_m);
  ++count_;
  chain_ = chained(chain_, id);
  if (sum == values_sum_ && has_value(scan.displacement_m)) {
    ++frozen_;
    return;
  }
  frozen_ = 0;
  values_sum_ = sum;
  if (setup_.value == ScanValue::increment) fill_gap(scan.instant, run);
  follow(scan, run);
  newest_ = scan.instant;
  newest_id_ = id;
  has_maps_ = true;
  const VelocityScan& velocity = stream_.last();
  judged_scans_ += judges_all(velocity) ? 1 : 0;
  lines_.push_back(velocity_row_text(velocity_row(velocity)));
  trust_.push_back(trust_of(velocity));
  while (trust_.size() > 1 && scan.instant - trust_.front().at >= days(1)) {
    trust_.pop_front();
    lines_.pop_front();
  }
  calibration_ = calibration_csv(velocity);
}

/// Increments that are missing are missing from all that follow: cells are bridged for as long as the stream does, then begin
/// anew.
void ScanStream::fill_gap(Instant until, const Run& run) {
  if (newest_ == kNoInstant || setup_.interval_s <= 0.0) return;
  const Duration step = duration_from_seconds(setup_.interval_s);
  const Instant bridged = newest_ + duration_from_seconds(3600.0 * setup_.velocity.bridge_h) + step;
  RadarScan missing;
  missing.displacement_m.assign(setup_.cells.grid.cells(), std::numeric_limits<float>::quiet_NaN());
  for (Instant t = newest_ + step; t + duration_from_seconds(0.5 * setup_.interval_s) < until && t <= bridged; t = t + step) {
    missing.instant = t;
    missing.name = "missing scan of " + to_iso8601(t);
    const VelocityScan& velocity = stream_.push(missing, run);
    areas_.push(area_scan_of(velocity, missing), run);
  }
}

void ScanStream::follow(const RadarScan& scan, const Run& run) {
  const VelocityScan& velocity = stream_.push(scan, run);
  const AreaScan area = area_scan_of(velocity, scan);
  areas_.push(area, run);
  note_zones(area);
}

/// How near each cell is to the rule's limit: |v| over it. NaN where the rule cannot judge the cell.
std::vector<float> ScanStream::margins_of(const AreaRule& rule, const AreaScan& scan) const {
  const auto window = std::find_if(scan.windows.begin(), scan.windows.end(),
                                   [&](const AreaScan::Window& w) { return std::abs(w.window_h - rule.window_h) < 1e-9; });
  std::vector<float> margins(seen_.size(), std::numeric_limits<float>::quiet_NaN());
  if (window == scan.windows.end()) return margins;
  const double threshold = from_mm_per_h(rule.threshold_mm_per_h).value;
  for (std::size_t i = 0; i < margins.size(); ++i) {
    const double v = window->velocity_m_per_day[i];
    const double sigma = window->sigma_m_per_day[i];
    if (scan.aliased[i] != 0) {
      margins[i] = kFarBeyond;
    } else if (std::isfinite(v) && std::isfinite(sigma)) {
      margins[i] = std::min(kFarBeyond, static_cast<float>(std::abs(v) / (threshold + rule.k_sigma * sigma)));
    }
  }
  return margins;
}

void ScanStream::note_zones(const AreaScan& scan) {
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (std::isfinite(scan.displacement_m[i])) seen_[i] = 1;
  }
  std::vector<AreaAlarm> standing = areas_.alarms();
  std::erase_if(standing, [](const AreaAlarm& alarm) { return !alarm.stands(); });
  std::vector<std::vector<float>> margins;
  std::size_t velocity_rules = 0;
  for (const AreaRule& rule : setup_.rules) {
    const bool velocity = rule.quantity == "velocity";
    velocity_rules += velocity ? 1 : 0;
    margins.push_back(velocity ? margins_of(rule, scan) : std::vector<float>{});
  }
  for (std::size_t z = 0; z < setup_.zones.size(); ++z) {
    const std::vector<std::uint32_t>& cells = setup_.zones[z].cells;
    AreaSample sample;
    sample.at = scan.at;
    std::size_t ever = 0;
    std::size_t now = 0;
    for (const std::uint32_t cell : cells) {
      ever += seen_[cell];
      now += std::isfinite(scan.displacement_m[cell]) ? 1 : 0;
    }
    sample.known = ever == 0 ? 0.0F : static_cast<float>(now) / static_cast<float>(ever);
    double nearest = -1.0;
    std::size_t judged_rules = 0;
    for (std::size_t r = 0; r < setup_.rules.size(); ++r) {
      if (margins[r].empty()) continue;
      std::vector<float> own;
      for (const std::uint32_t cell : cells) {
        if (std::isfinite(margins[r][cell])) own.push_back(margins[r][cell]);
      }
      if (now == 0 || static_cast<double>(own.size()) < kJudgedShare * static_cast<double>(now)) continue;
      ++judged_rules;
      const double share = reached_by(own, static_cast<std::size_t>(setup_.rules[r].least_cells));
      if (share <= nearest) continue;
      nearest = share;
      sample.rule = setup_.rule_numbers[r];
      sample.value = share * area_threshold(setup_.rules[r]);
      sample.sigma = setup_.rules[r].threshold_mm_per_h > 0.0 ? kNotKnown : 1.0;
    }
    sample.judged = velocity_rules == 0 ? 1.0F : static_cast<float>(judged_rules) / static_cast<float>(velocity_rules);
    const AreaAlarm* speaker = nullptr;
    for (const AreaAlarm& alarm : standing) {
      const auto here = [&](std::uint32_t cell) { return inside_[z][cell] != 0; };
      if (std::none_of(alarm.cells.begin(), alarm.cells.end(), here)) continue;
      const Level level = setup_.rules[alarm.rule].raises();
      if (alarm.kind != AreaKind::step) sample.moving = std::max(sample.moving, level);
      sample.lost = sample.lost || alarm.signal_lost || alarm.kind == AreaKind::coherence_loss;
      if (level > sample.level) {
        sample.level = level;
        sample.area_m2 = 0.0;
        speaker = nullptr;
      }
      if (level < sample.level) continue;
      sample.area_m2 += alarm.area_m2;
      if (speaker == nullptr || alarm.cells.size() > speaker->cells.size()) speaker = &alarm;
    }
    if (speaker != nullptr) {
      sample.rule = setup_.rule_numbers[speaker->rule];
      sample.sigma = kNotKnown;
      tell_alarm(*speaker, setup_.rules[speaker->rule], sample);
    }
    samples_[z].push_back(sample);
  }
}

bool ScanStream::has_followed(const std::vector<std::string>& ids) const {
  if (ids.size() < count_) return false;
  std::string chain;
  for (std::size_t i = 0; i < count_; ++i) chain = chained(chain, ids[i]);
  return chain == chain_;
}

}  // namespace highwall
