#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/run.hpp"
#include "core/scan.hpp"

namespace highwall {

/// How a cell moved within a window, by the Bayesian information criterion with calibrated sigmas.
enum class CellMotion : std::uint8_t {
  unknown,      ///< No velocity, or its sigma cannot be told.
  none,         ///< Nothing beyond noise.
  linear,       ///< At a constant velocity.
  regressive,   ///< Slows down.
  progressive,  ///< Speeds up.
};
std::string_view name_of(CellMotion motion) noexcept;

/// Bits of VelocityScan::flags.
namespace cell_flag {
inline constexpr std::uint8_t stable = 1;       ///< Calibrates: found at rest.
inline constexpr std::uint8_t corrected = 2;    ///< Wraps were taken out of its series, at some time.
inline constexpr std::uint8_t held = 4;         ///< The value jumped and waits for the next scan: it is in no sum.
inline constexpr std::uint8_t alias_risk = 8;   ///< Moves more than half of lambda / 4 a scan.
inline constexpr std::uint8_t bridged = 16;     ///< An increment was missing; its motion is what the cell's velocity foretold.
inline constexpr std::uint8_t refitted = 32;    ///< Velocity and acceleration of some window are robust ones.
inline constexpr std::uint8_t no_sample = 64;   ///< No value at this scan.
inline constexpr std::uint8_t restarted = 128;  ///< After too long a break its series began anew at this scan.
}  // namespace cell_flag

/// What stable cells of one bin of ranges say of one window: what they move by together, which is taken off, and how much they
/// scatter about it. NaN = too few of them.
struct RangeBin {
  double near_m = std::numeric_limits<double>::quiet_NaN();
  double far_m = std::numeric_limits<double>::quiet_NaN();
  std::uint32_t stable = 0;  ///< Cells that have a velocity.
  double common_m_per_day = std::numeric_limits<double>::quiet_NaN();
  double sigma_m_per_day = std::numeric_limits<double>::quiet_NaN();
  double common_m_per_day2 = std::numeric_limits<double>::quiet_NaN();
  double sigma_m_per_day2 = std::numeric_limits<double>::quiet_NaN();
  /// Without correction of the atmosphere what they share grows with the range: by so much a kilometre, from the middle of the
  /// bin on. 0 with it: the trend has taken that off.
  double common_m_per_day_per_km = 0.0;
  double common_m_per_day2_per_km = 0.0;
};

/// Velocity in one trailing window. Vectors have one entry a cell; NaN = see reason.
struct WindowVelocity {
  double window_h = 0.0;
  std::vector<float> velocity_m_per_day;  ///< Towards the sensor, without what the stable cells of its range share.
  std::vector<float> sigma_m_per_day;     ///< One standard deviation, calibrated; NaN with a velocity: no_stable_ground.
  std::vector<float> z;                   ///< Velocity over sigma.
  std::vector<float> acceleration_m_per_day2;
  std::vector<CellMotion> motion;
  std::vector<Reason> reason;  ///< Of the velocity, or no_stable_ground.
  std::vector<RangeBin> bins;
};

/// The scan's atmosphere as its stable cells show it: d = b0 + b1 r + b2 r^2 + b3 r h, r and h in km. NaN = not fitted.
struct ScanAtmosphere {
  std::size_t stable = 0;  ///< Stable cells with a value.
  double offset_m = std::numeric_limits<double>::quiet_NaN();
  double per_km_m = std::numeric_limits<double>::quiet_NaN();
  double per_km2_m = std::numeric_limits<double>::quiet_NaN();
  double per_km_height_m = std::numeric_limits<double>::quiet_NaN();
  /// Robust standard deviation of the stable cells about their own motion: before, and after the correction.
  double before_m = std::numeric_limits<double>::quiet_NaN();
  double after_m = std::numeric_limits<double>::quiet_NaN();
  /// With kriging, over the last scans: root mean square of the residuals of blocks of cells, and of what they are off when
  /// foretold from all the other blocks. NaN = not known.
  double blocks_m = std::numeric_limits<double>::quiet_NaN();
  double left_out_m = std::numeric_limits<double>::quiet_NaN();
};

/// All that is known after one scan.
struct VelocityScan {
  Instant instant = kNoInstant;
  std::string name;
  std::size_t index = 0;              ///< Scans since the stream began.
  std::vector<float> displacement_m;  ///< As the source counts it, without atmosphere and wraps; NaN = no value now.
  std::vector<std::uint8_t> flags;    ///< See cell_flag.
  std::vector<std::uint8_t> aliased;  ///< Not 0 = moved faster than scans can follow within the longest window.
  std::vector<WindowVelocity> windows;
  ScanAtmosphere atmosphere;
  std::size_t valid = 0;      ///< Cells with a value at this scan.
  std::size_t corrected = 0;  ///< Wraps taken out at this scan.
  std::size_t newly_aliased = 0;
  std::size_t at_risk = 0;
};

/// Options of VelocityStream.
struct VelocityStreamOptions {
  std::vector<double> windows_h{1.0, 3.0, 6.0, 12.0, 24.0, 48.0};
  double lattice_um = 0.1;
  std::int64_t min_samples = 5;
  double min_fill = 0.5;
  double least_coherence = 0.6;
  std::int64_t least_stable = 50;
  double refit_z = 3.0;
  double retest_h = 24.0;
  double bridge_h = 0.5;
  std::string atmosphere = "trend";
  bool unwrap = true;

  static void describe(auto& d) {
    using O = VelocityStreamOptions;
    d.field(&O::windows_h, "windows_h", "h", between(0.05, 1000),
            "Lengths of the trailing windows, ascending; their far end is known to 1/24");
    d.field(&O::lattice_um, "lattice_um", "um", between(0.01, 10),
            "Displacement is counted in such steps, so that sums are exact");
    d.field(&O::min_samples, "min_samples", "", at_least(3),
            "Fewer values in the window give no velocity (reason too_few_samples)");
    d.field(&O::min_fill, "min_fill", "", between(0.05, 1),
            "Values must be spread as evenly spaced ones over this share of the window (reason window_not_filled)");
    d.field(&O::least_coherence, "least_coherence", "", between(0, 1), "Values of a smaller coherence count as missing");
    d.field(&O::least_stable, "least_stable", "", at_least(20),
            "Stable cells that a bin of ranges needs for a sigma; bins are made of twice as many where there are");
    d.field(&O::refit_z, "refit_z", "", at_least(0), "Cells beyond so many sigma are fitted again robustly; 0: all");
    d.field(&O::retest_h, "retest_h", "h", above(0), "Stable cells are chosen anew so often");
    d.field(&O::bridge_h, "bridge_h", "h", at_least(0),
            "Missing increments are bridged by the cell's velocity for so long; after that its series begins anew");
    d.field(
        &O::atmosphere, "atmosphere", "", one_of({"off", "trend", "kriging"}),
        "Correction by stable cells, scan by scan: none; a trend in range and height; or that and what neighbours share, which "
        "takes part of the motion of large areas with it until they are found to move");
    d.field(&O::unwrap, "unwrap", "", anything(), "Whether wraps of single areas are taken out, where the wavelength is known");
    d.require(
        [](const O& o) {
          for (std::size_t i = 1; i < o.windows_h.size(); ++i) {
            if (o.windows_h[i] <= o.windows_h[i - 1]) return false;
          }
          return !o.windows_h.empty() && o.windows_h.size() <= 12;
        },
        "windows_h must be 1 to 12 ascending lengths");
  }
};

/// What people know of the cells; empty = nothing.
struct CellMasks {
  std::vector<std::uint8_t> stable;   ///< Not 0 = may calibrate; what is found moving there drops out all the same.
  std::vector<std::uint8_t> exclude;  ///< Not 0 = never calibrates: areas of interest, roads, vegetation.
};

/// Velocity of every cell in all windows, scan by scan, in constant time a scan and window.
///
/// A scan is freed of its atmosphere and of wraps (Kalman filter a cell) and goes into exact integer sums over the window: closed
/// bins of 1/24 of it, each by its mean, and the values of the newest bin. Sigma is what stable cells of the same range and
/// window scatter by, about the median that they share: residuals of the fit make it 5 to 20 times too small. Stable cells are
/// chosen by the stream itself and tested again every day. Nothing depends on threads, or on where a stream was saved and
/// restored.
class VelocityStream {
 public:
  /// @param grid  its axes or cell_range_m, cell_height_m and wavelength_m count; none of them is needed
  /// @throws Error(config) for bad options; Error(input) for a grid without cells or masks of another size
  VelocityStream(const ScanGrid& grid, ScanValue value, VelocityStreamOptions options, CellMasks masks = {});
  ~VelocityStream();
  VelocityStream(VelocityStream&&) noexcept;
  VelocityStream& operator=(VelocityStream&&) noexcept;

  /// The next scan. The result is valid until the next call.
  /// @throws Error(input) when it is not later than the one before, or has another number of cells
  const VelocityScan& push(const RadarScan& scan, const Run& run);
  /// What push() returned last; empty before the first scan and after restore().
  const VelocityScan& last() const noexcept;
  std::size_t cells() const noexcept;
  /// Time of the newest scan, also one from before a restore(); kNoInstant = none.
  Instant newest() const noexcept;
  const VelocityStreamOptions& options() const noexcept;

  /// The whole state. The same scans give the same bytes.
  std::string save() const;
  /// A stream that goes on where save() was called.
  /// @throws Error(storage) for bytes that are damaged, of another version, or of another grid, value or options
  static VelocityStream restore(std::string_view bytes, const ScanGrid& grid, ScanValue value, VelocityStreamOptions options);

  /// Memory that the stream holds, in bytes.
  std::size_t bytes_held() const noexcept;

 private:
  struct State;
  explicit VelocityStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace highwall
