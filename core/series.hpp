#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/frame.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"

namespace highwall {

/// Marks on a sample. A mark may keep a sample from raising a level, never lower one.
enum SampleFlag : std::uint32_t {
  kFlagNone = 0,
  kFlagOutlier = 1U << 0,     ///< Hampel or a jump and return.
  kFlagStep = 1U << 1,        ///< First sample after a step.
  kFlagFloat = 1U << 2,       ///< GNSS: ambiguities not fixed (Q 2).
  kFlagLowQuality = 1U << 3,  ///< GNSS single/DGPS/PPP, radar below its coherence gate.
  kFlagFromFile = 1U << 4,    ///< The file itself marked the sample as bad.
  kFlagFrozen = 1U << 5,      ///< The same bits again and again from a sensor that has noise.
  kFlagClock = 1U << 6,       ///< Among the few first samples, years before the next one: a wrong clock.
};

/// What the numbers of a series are.
enum class SeriesMeaning {
  displacement,  ///< Change since the series' own zero, metres; one component or east, north, up.
  position,      ///< East, north, up about `origin`, metres.
};

/// Values of one target against time: n samples of k components (1, or 3 = east, north, up).
///
/// One-component displacement of radars is positive towards the sensor. Metres throughout; NaN is no
/// value. Samples are in time order after cleaning, in file order as read.
struct TimeSeries {
  std::string target;  ///< "G01", "ALT-079".
  SensorKind kind = SensorKind::unknown;
  SeriesMeaning meaning = SeriesMeaning::displacement;
  std::vector<std::string> components{"los"};          ///< {"los"}, {"displacement"} or {"east","north","up"}.
  std::vector<Instant> time;                           ///< The clock as written, in UTC.
  std::vector<Instant> time_dejittered;                ///< Empty, or a regular clock fitted to `time`.
  std::vector<double> value_m;                         ///< n x k, row-major.
  std::vector<double> sigma_m;                         ///< n x k; NaN = not known, never 0 for "unknown".
  std::vector<double> covariance_m2;                   ///< Empty, or n x 3: east-north, north-up, up-east.
  std::vector<std::uint32_t> flags;                    ///< n SampleFlags.
  std::optional<std::array<double, 3>> origin_ecef_m;  ///< WGS84 ECEF of (0,0,0) when position.
  std::optional<std::array<double, 3>> position_m;     ///< Site frame, when known.
  Frame frame;
  LineOfSight line_of_sight;

  std::size_t size() const noexcept { return time.size(); }
  bool empty() const noexcept { return time.empty(); }
  std::size_t width() const noexcept { return components.size(); }
  double value(std::size_t sample, std::size_t component = 0) const { return value_m.at(sample * width() + component); }
  double sigma(std::size_t sample, std::size_t component = 0) const { return sigma_m.at(sample * width() + component); }
  /// Adds a sample; `values` and `sigmas` have width() entries (empty sigmas = not known).
  void push(Instant t, const std::vector<double>& values, const std::vector<double>& sigmas = {}, std::uint32_t flag = kFlagNone);
  /// Component c alone, as a one-component series of the same clock.
  TimeSeries component(std::size_t c) const;
};

/// Indices that put the samples in time order; equal instants keep their file order.
std::vector<std::size_t> time_order(const TimeSeries& series);
/// The samples listed, in that order, with everything that belongs to them.
TimeSeries select(const TimeSeries& series, const std::vector<std::size_t>& samples);

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace highwall
