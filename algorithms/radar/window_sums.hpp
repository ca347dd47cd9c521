#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/radar/state_bytes.hpp"
#include "core/time.hpp"

namespace highwall {

/// Sums of one trailing window of every cell.
///
/// Time is cut into bins of 1/24 of the window at fixed instants, whenever the stream began. A bin that is over stands in a ring
/// by its mean, its mean time (1/64 of a bin) and its number of values; the window is the newest bin and the 24 before it. All
/// sums are integers (modulo 2^64; what is made of them is relative to the cell's level and small), so that adding and taking off
/// again leaves nothing, after any number of scans.
class WindowSums {
 public:
  static constexpr int kBins = 24;

  WindowSums(std::size_t cells, double window_h);

  double window_h() const noexcept { return window_h_; }
  Duration bin() const noexcept { return {64 * unit_ns_}; }

  /// Moves the window to a scan; every cell must then be advanced, and end_step() called.
  void begin_step(Instant scan);
  void advance(std::size_t begin, std::size_t end);
  void end_step();
  /// Adds a value of the scan of begin_step(), after end_step().
  void add(std::size_t cell, std::int32_t level);
  /// Forgets a cell.
  void reset(std::size_t cell);

  /// Least squares over the window, in levels and hours.
  struct Fit {
    std::int64_t count = 0;
    double fill_squared = 0.0;  ///< Square of: length of evenly spaced values of the same spread, over the window's.
    double velocity = 0.0;
    double acceleration = 0.0;  ///< Second derivative of the parabola; velocity is its mean one.
    bool has_acceleration = false;
  };
  /// @param about  a level near the cell's, from which levels are counted
  Fit fit(std::size_t cell, std::int32_t about) const;
  /// The same with Huber's weights of the residuals of a parabola, so that a bad scan drops out and motion that speeds up does
  /// not.
  Fit robust_fit(std::size_t cell, std::int32_t about) const;

  void save(StateWriter& out) const;
  void restore(StateReader& in);
  std::size_t bytes_held() const noexcept;

 private:
  /// Closed bins, about the start of the bin kBins / 2 before the newest, in units. As narrow as the numbers are: there is one a
  /// cell and window.
  struct Sums {
    std::uint64_t ttt = 0, tttt = 0, d = 0, td = 0, ttd = 0;
    std::uint32_t tt = 0;  ///< Of at most 255 kBins times below 13 * 64: it fits.
    std::int32_t t = 0;
    void add(std::int64_t weight, std::int64_t time, std::int64_t level) noexcept;
    void shift(std::int64_t n, std::int64_t by) noexcept;
  };
  /// The newest bin, and how many values the closed ones hold.
  struct Open {
    std::int64_t d = 0;
    std::int32_t t = 0;
    std::uint16_t n = 0;
    std::uint16_t closed = 0;
  };
  static_assert(sizeof(Sums) == 48 && sizeof(Open) == 16);
  struct Point {
    std::int64_t weight, time, level;
  };
  static Point mean_of(const Open& open) noexcept;
  std::int64_t time_of(std::int64_t bin, std::int64_t part) const noexcept { return (bin - newest_ + kBins / 2) * 64 + part; }
  std::size_t at(std::size_t slot, std::size_t cell) const noexcept { return slot * cells_ + cell; }
  Fit solve(const Sums& sums, std::int64_t n, std::int32_t about) const;

  std::size_t cells_;
  double window_h_;
  std::int64_t unit_ns_;  ///< 1/64 of a bin.
  double units_per_hour_;
  std::int64_t newest_;  ///< Number of the newest bin since 1970; kNone before the first scan.
  std::int64_t bin_of_slot_[kBins];
  std::int64_t next_ = 0;  ///< Newest bin once the step has ended.
  std::int32_t part_ = 0;  ///< Time of the scan within it.
  std::vector<Sums> sums_;
  std::vector<Open> open_;
  std::vector<std::int32_t> level_;    ///< Ring, slot by slot: mean level ...
  std::vector<std::uint8_t> part_of_;  ///< ... mean time within the bin ...
  std::vector<std::uint8_t> count_;    ///< ... and values, 255 at most.
};

}  // namespace highwall
