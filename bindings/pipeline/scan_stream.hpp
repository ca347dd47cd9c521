#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/radar/area_alarms.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "algorithms/warn/area_levels.hpp"
#include "bindings/pipeline/radar_alarms.hpp"
#include "core/scan.hpp"

namespace highwall {

/// Cells that belong to a zone; "" = to none.
struct ScanZone {
  std::string name;
  std::vector<std::uint32_t> cells;  ///< Ascending, without those that never alarm.
};

/// All that decides what a stream makes of its scans.
struct ScanStreamSetup {
  RadarCells cells;
  ScanValue value = ScanValue::cumulative;
  VelocityStreamOptions velocity;          ///< With the windows of the rules.
  std::vector<AreaRule> rules;             ///< Those that can be judged.
  std::vector<std::int32_t> rule_numbers;  ///< Of each, its number in the policy.
  std::vector<ScanZone> zones;
  double interval_s = 0.0;  ///< Usual time from scan to scan; 0 = not known.
  std::string inputs;       ///< Digest of all of this: a state of other inputs is none.
};

/// The scans of one radar, followed one by one: velocity, area alarms, and what each zone showed at each scan. A pure function of
/// setup and scans; where it was saved and restored makes no difference.
class ScanStream {
 public:
  explicit ScanStream(ScanStreamSetup setup);

  /// The next scan. One that repeats the one before bit for bit is no sign of life: it is counted and not followed. Of
  /// increments, scans that are missing by interval_s are put in as such.
  /// @param id  of its epoch
  /// @throws Error(input) when it is not later than the one before
  void push(const RadarScan& scan, const std::string& id, const Run& run);

  const ScanStreamSetup& setup() const noexcept { return setup_; }
  /// True when the newest scan was followed by this object: its maps are in velocity().
  bool has_maps() const noexcept { return has_maps_; }
  const VelocityScan& velocity() const noexcept { return stream_.last(); }
  std::vector<AreaAlarm> alarms() const { return areas_.alarms(); }
  /// One history a zone, in the order of setup().zones.
  const std::vector<std::vector<AreaSample>>& samples() const noexcept { return samples_; }
  /// CSV lines of the scans of the last day, and what their alarms rest on.
  const std::deque<std::string>& lines() const noexcept { return lines_; }
  const std::deque<ScanTrust>& trust() const noexcept { return trust_; }
  /// Of the newest scan: CSV of what stable cells share and scatter by.
  const std::string& calibration() const noexcept { return calibration_; }

  Instant newest() const noexcept { return newest_; }  ///< Newest scan that was followed.
  const std::string& newest_id() const noexcept { return newest_id_; }
  std::size_t count() const noexcept { return count_; }  ///< Scans that were pushed.
  std::size_t judged_scans() const noexcept { return judged_scans_; }
  std::size_t frozen() const noexcept { return frozen_; }  ///< Newest scans in a row that repeat the one before them.
  /// True when the first count() of these ids are the scans that were pushed, in their order.
  bool has_followed(const std::vector<std::string>& ids) const;

  std::string save() const;
  /// @throws Error(storage) for bytes that are damaged; `matches` tells whether they are of these inputs
  static ScanStream restore(std::string_view bytes, ScanStreamSetup setup);
  /// Inputs that a state was made with. @throws Error(storage) for bytes that are damaged
  static std::string inputs_of(std::string_view bytes);

 private:
  ScanStream(ScanStreamSetup setup, VelocityStream stream);
  void follow(const RadarScan& scan, const Run& run);
  void fill_gap(Instant until, const Run& run);
  void note_zones(const AreaScan& scan);
  std::vector<float> margins_of(const AreaRule& rule, const AreaScan& scan) const;

  ScanStreamSetup setup_;
  VelocityStream stream_;
  AreaAlarms areas_;
  std::vector<std::vector<std::uint8_t>> inside_;  ///< By zone and cell.
  std::vector<std::uint8_t> seen_;                 ///< Cells that ever had a value.
  std::vector<std::vector<AreaSample>> samples_;
  std::deque<std::string> lines_;
  std::deque<ScanTrust> trust_;
  std::string calibration_;
  Instant newest_ = kNoInstant;
  std::string newest_id_;
  std::string chain_;  ///< Digest of the ids that were pushed.
  std::uint64_t count_ = 0;
  std::uint64_t judged_scans_ = 0;
  std::uint64_t frozen_ = 0;
  std::uint64_t values_sum_ = 0;  ///< Of the newest scan's values, by which a repeated one is seen.
  bool has_maps_ = false;
};

}  // namespace highwall
