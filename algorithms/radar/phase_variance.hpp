#pragma once

#include <array>
#include <cstddef>

namespace highwall {

/// Variance of the phase of a distributed scatterer by its coherence: the marginal distribution of Tough, Blacknell and Quegan
/// 1995 (doi:10.1098/rspa.1995.0068), summed over 200 phases of one cycle, in 200 bins of coherence. The table and the choice of
/// the bin are those of MintPy, whose answers are to be met to the last digits.
class PhaseVarianceTable {
 public:
  static constexpr std::size_t kBins = 200;
  /// @param looks  effective number of independent looks; rounded, and held to 1..80
  explicit PhaseVarianceTable(double looks);

  /// Bin of a coherence; NaN and what is below 0.05 count as 0.05.
  static std::size_t bin_of(float coherence) noexcept;
  double variance_rad2(std::size_t bin) const { return variance_[bin]; }
  int looks() const noexcept { return looks_; }

 private:
  int looks_;
  std::array<double, kBins> variance_;
};

/// Least coherence that weights are made of: a phase of less, or of unknown coherence, still counts for so much.
inline constexpr float kLeastCoherence = 0.05F;

}  // namespace highwall
