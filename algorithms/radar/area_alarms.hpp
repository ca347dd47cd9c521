#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "algorithms/radar/components.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "core/area_rule.hpp"
#include "core/run.hpp"
#include "core/scan.hpp"

namespace highwall {

/// What is known of every cell after one scan. Spans have one entry a cell; NaN = not known.
struct AreaScan {
  /// Velocity in one trailing window, towards the sensor, with its standard deviation.
  struct Window {
    double window_h = 0.0;
    std::span<const float> velocity_m_per_day;
    std::span<const float> sigma_m_per_day;
    std::span<const CellMotion> motion = {};  ///< May be empty.
  };
  Instant at = kNoInstant;
  std::vector<Window> windows;
  std::span<const float> displacement_m;  ///< Since the first scan; empty = steps cannot be told from motion.
  std::span<const float> coherence;       ///< Empty = the source has none.
  std::span<const std::uint8_t> aliased;  ///< Not 0 = moves faster than the scans can follow: over every threshold. May be empty.
};

/// What an alarm is of.
enum class AreaKind : std::uint8_t {
  motion,          ///< Ground that moves.
  step,            ///< Ground that moved within one scan and rests since: a blast, a slip.
  coherence_loss,  ///< Ground that lost its signal: it may have failed, or be wet, or be worked on.
};
std::string_view name_of(AreaKind kind) noexcept;

/// One alarm from its first scan over the limit to its end.
struct AreaAlarm {
  std::uint32_t id = 0;  ///< 1, 2, ... in order of the first scan that met the rule.
  std::size_t rule = 0;  ///< Index into the rules.
  AreaKind kind = AreaKind::motion;
  Instant first = kNoInstant;     ///< First scan that met the rule.
  Instant raised = kNoInstant;    ///< Scan at which enough scans had met it.
  Instant cleared = kNoInstant;   ///< kNoInstant = it stands.
  Instant last = kNoInstant;      ///< Newest scan that met it.
  std::uint32_t merged_into = 0;  ///< Id of the alarm that it grew together with; 0 = none.
  bool signal_lost = false;       ///< Most of its cells have no value now: it cannot be cleared.
  std::size_t scans = 0;          ///< Scans that met it.
  std::size_t most_cells = 0;
  double most_area_m2 = std::numeric_limits<double>::quiet_NaN();
  /// At the newest scan that met it.
  std::vector<std::uint32_t> cells;  ///< Ascending.
  double area_m2 = std::numeric_limits<double>::quiet_NaN();
  double fastest_m_per_day = std::numeric_limits<double>::quiet_NaN();  ///< By size, with its sign; 95 % quantile of the cells.
  double mean_m_per_day = std::numeric_limits<double>::quiet_NaN();
  double significance = std::numeric_limits<double>::quiet_NaN();  ///< Median |v| / sigma of the cells.
  /// Of most of its cells; progressive (regressive) only while its speed is not below (above) that of half a window before.
  CellMotion trend = CellMotion::unknown;

  bool stands() const noexcept { return raised != kNoInstant && cleared == kNoInstant && merged_into == 0; }
};

/// Alarms of contiguous areas, scan by scan.
///
/// Cells that meet a rule and hang together are a component; one that is large enough meets the rule. Components of following
/// scans that share a cell (or touch) are the same alarm, which is raised when the rule was met in `scans` of the last `of_scans`
/// scans. It is cleared when the lower limits of release_factor were not met in of_scans scans in a row, and not before most of
/// its cells have a value again: no data is no calm. Steps are told from motion by the mean displacement of the cells. A pure
/// function of the scans pushed so far; nothing depends on threads.
class AreaAlarms {
 public:
  /// @param masked  cells that never alarm (vegetation, ramps), not 0 = masked; empty = none
  /// @throws Error(config) for rules that cannot be judged: areas where the grid knows none
  AreaAlarms(const ScanGrid& grid, std::vector<AreaRule> rules, std::vector<std::uint8_t> masked = {});

  /// The next scan. @throws Error(input) when it is not later than the one before, or has not the window of a rule
  void push(const AreaScan& scan, const Run& run);

  /// All that were raised so far, and with `candidates` those that were not (yet), by id.
  std::vector<AreaAlarm> alarms(bool candidates = false) const;
  const std::vector<AreaRule>& rules() const noexcept { return rules_; }

  /// The whole state. The same scans give the same bytes.
  std::string save() const;
  /// Goes on where save() was called, with the grid, rules and mask of then, which the caller answers for.
  /// @throws Error(storage) for bytes that are damaged, or of another number of cells or rules; the object is then of no use
  void restore(std::string_view bytes);

 private:
  /// An alarm, or what may become one.
  struct Track {
    AreaAlarm alarm;
    std::uint32_t met = 0;    ///< Bit k: the rule was met k scans ago.
    std::uint32_t moved = 0;  ///< Bit k: ... and not by a step alone.
    std::uint32_t calm = 0;   ///< Scans in a row below the lower limits, with data.
    bool was_motion = false;
    std::deque<std::pair<Instant, double>> speeds;  ///< Of the last window: fastest_m_per_day by size.
  };
  enum Mark : std::uint8_t { none, lower, over };
  struct Marks {
    std::vector<std::uint8_t> mark;
    std::vector<std::uint8_t> known;  ///< Not 0 = the cell has a value.
  };

  Marks judge_velocity(const AreaRule& rule, const AreaScan& scan, const Run& run) const;
  bool rests_but_for_a_step(const AreaAlarm& alarm, const AreaScan& scan) const;
  double slope_of_step(std::size_t cell, Instant at, double window_days) const;
  Marks judge_coherence(const AreaRule& rule, const AreaScan& scan, const Run& run) const;
  void follow(std::size_t rule, const Marks& marks, const AreaScan& scan);
  void describe(Track& track, const AreaScan& scan) const;
  void age(Track& track, bool met, bool held, const Marks& marks, const AreaScan& scan);
  double area_of(const std::vector<std::uint32_t>& cells) const;
  bool is_large(const AreaRule& rule, const std::vector<std::uint32_t>& cells, double factor) const;
  /// Components of some marks that are large enough, and the one of each cell (its number + 1).
  struct Large {
    std::vector<std::vector<std::uint32_t>> parts;
    std::vector<std::uint32_t> of_cell;
    std::vector<std::uint32_t> touching(const std::vector<std::uint32_t>& cells, const CellShape& shape) const;
  };
  Large large_parts(const AreaRule& rule, const Marks& marks, Mark least, double factor) const;
  void note_steps(const AreaScan& scan);
  void note_coherence(const AreaScan& scan);
  const AreaScan::Window& window_of(const AreaRule& rule, const AreaScan& scan) const;

  ScanGrid grid_;
  CellShape shape_;
  std::vector<AreaRule> rules_;
  std::vector<std::uint8_t> masked_;
  std::vector<Track> open_;  ///< By id.
  std::vector<AreaAlarm> closed_;
  std::uint32_t next_id_ = 1;
  std::vector<Instant> scans_;
  std::vector<float> before_m_;           ///< Displacement at the scan before.
  std::vector<float> step_m_;             ///< Largest increment of a cell within the longest window ...
  std::vector<std::uint32_t> step_scan_;  ///< ... and the scan that it came with.
  std::vector<std::uint16_t> coherent_;   ///< Scans in which a cell was coherent (halved when many) ...
  std::vector<std::uint16_t> judged_;     ///< ... of so many.
};

}  // namespace highwall
