#pragma once

#include <cstdint>
#include <vector>

#include "algorithms/radar/components.hpp"
#include "algorithms/radar/state_bytes.hpp"
#include "core/run.hpp"

namespace highwall {

/// Where each cell should be at the next scan: a Kalman filter of level and velocity a cell, by which wraps are found.
///
/// A value half a wavelength (or several) off is held back for a scan. When the next one is off by the same number, the cells
/// around it rest, and it was slow before, it is a wrap and taken out; where the cells around move fast, too, it is the front of
/// motion that is too fast for the scans: that is marked and never undone. What is far off by no whole number is marked the same
/// way as an area, and held back once as a single cell.
class MotionFilter {
 public:
  /// @param half_wavelength  in levels; 0 = not known: nothing is judged
  MotionFilter(CellShape shape, double half_wavelength);

  /// What is to be done with the value of a cell.
  enum class Verdict : std::uint8_t { none, take, hold, correct, aliased };
  /// One scan: levels with their own wraps taken out already.
  struct Scan {
    std::vector<float> innovation;    ///< Value minus what was foretold, in levels; NaN = no value, or nothing foretold.
    std::vector<std::int8_t> halves;  ///< Half wavelengths that it is off by.
    std::vector<Verdict> verdict;
    std::vector<std::uint8_t> at_risk;  ///< Moves more than half of lambda / 4 a scan.
    double step_h = 0.0;                ///< From the scan before.
  };

  /// Level of a cell by its filter, relative to its last level, `hours` after it.
  double foretell(std::size_t cell, double hours) const noexcept { return track_[cell].x + track_[cell].v * hours; }
  /// Judges all cells of a scan, whose innovations are known. @param hours  since the last value, one a cell
  void judge(Scan& scan, const std::vector<float>& hours, double noise, const Run& run);
  /// Takes in a value. @param innovation  after what was corrected; @param noise  standard deviation of one value
  void update(std::size_t cell, double innovation, double hours, double noise) noexcept;
  /// Begins a cell anew at its level.
  void reset(std::size_t cell, double noise) noexcept;
  double velocity(std::size_t cell) const noexcept { return track_[cell].v; }

  void save(StateWriter& out) const;
  void restore(StateReader& in);
  std::size_t bytes_held() const noexcept { return track_.size() * (sizeof(Track) + 1); }

 private:
  struct Track {
    float x = 0.0F;  ///< Level minus the last value taken.
    float v = 0.0F;  ///< Levels an hour.
    float xx = 0.0F, xv = 0.0F, vv = 0.0F;
  };
  struct Variance {
    double xx, xv, vv;
  };
  static Variance foretell_variance(const Track& track, double hours, double noise) noexcept;
  bool is_front(const std::vector<std::uint32_t>& part, const std::vector<std::uint8_t>& off, const Scan& scan) const;

  CellShape shape_;
  double half_;
  std::vector<Track> track_;
  std::vector<std::int8_t> waiting_;  ///< Half wavelengths of the value held back; kOddly = no whole number; 0 = none.
};

}  // namespace highwall
