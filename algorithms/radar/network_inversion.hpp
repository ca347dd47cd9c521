#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/interferogram.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

/// How much a pair counts.
enum class NetworkWeights {
  automatic,  ///< By variance where coherence and looks are known, by coherence where that is, else none.
  none,
  coherence,
  variance,  ///< One over the variance that a phase of this coherence has (Tough et al. 1995).
};
std::string_view name_of(NetworkWeights weights) noexcept;
bool read_word(std::string_view word, NetworkWeights& weights) noexcept;

/// What becomes of instants that a pixel's pairs do not tie to the first one.
enum class NetworkGaps {
  bridge,  ///< The part is put where all parts lie closest to one straight line in time, and the pixel is marked.
  leave,   ///< No value.
};
std::string_view name_of(NetworkGaps gaps) noexcept;
bool read_word(std::string_view word, NetworkGaps& gaps) noexcept;

/// What is made least of the residuals.
enum class NetworkNorm {
  l2,  ///< The weighted sum of squares.
  l1,  ///< The sum of absolute values by roots of weights: a few gross errors move nothing. A hundred times slower.
};
std::string_view name_of(NetworkNorm norm) noexcept;
bool read_word(std::string_view word, NetworkNorm& norm) noexcept;

struct InversionOptions {
  NetworkNorm norm = NetworkNorm::l2;
  NetworkWeights weights = NetworkWeights::automatic;
  NetworkGaps gaps = NetworkGaps::bridge;
  bool sigma = true;

  static void describe(auto& d) {
    d.field(
        &InversionOptions::norm, "norm", "", one_of({"l2", "l1"}),
        "Least squares of the residuals, or least absolute values, which single unwrapping errors do not move; one pixel after "
        "the other, so much slower");
    d.field(&InversionOptions::weights, "weights", "", one_of({"auto", "none", "coherence", "variance"}),
            "Weight of a pair; auto: variance where coherence and looks are known, coherence where that is, else none. A phase "
            "of less or unknown coherence counts as one of 0.05");
    d.field(&InversionOptions::gaps, "gaps", "", one_of({"bridge", "leave"}),
            "Instants that a pixel's pairs do not tie to the first: bridged by a straight line in time and marked, or left "
            "without a value");
    d.field(&InversionOptions::sigma, "sigma", "", anything(), "Also the formal standard deviation of every instant");
  }
};

/// Phase and coherence of some pixels, pair-major; NaN = no phase. Coherence may be empty.
struct InterferogramTile {
  std::size_t cells = 0;
  std::span<const float> phase;
  std::span<const float> coherence;
};

/// A pixel whose instants are in several parts that no pair ties together.
struct PartedCell {
  static constexpr std::uint16_t kNoPart = 0xFFFFU;
  std::uint32_t cell = 0;
  std::vector<std::uint16_t> part;  ///< Of each instant; kNoPart where no pair has it.
};

/// Series of some pixels. Vectors are instant-major or one a pixel.
struct InvertedTile {
  std::size_t cells = 0;
  std::vector<float> displacement_m;  ///< Towards the sensor, since the first instant; NaN = no value.
  /// Formal: from residuals and the network, so without what all pairs of an instant share (atmosphere). NaN without redundancy
  /// and across gaps; empty when not asked for.
  std::vector<float> sigma_m;
  std::vector<float> temporal_coherence;  ///< |mean of exp(i residual)|, unweighted (Pepe and Lanari 2006); 0..1.
  std::vector<float> unit_weight_sigma;   ///< Root of the weighted mean square of residuals; NaN without redundancy.
  std::vector<std::uint16_t> pairs;       ///< Pairs with a phase.
  std::vector<std::uint16_t> gaps;        ///< Parts that no pair ties to the first instant.
  std::vector<PartedCell> parted;         ///< Pixels with gaps or without some instant, by cell.
};

/// Series of displacement from a network of interferograms by least squares, pixel by pixel (Berardino et al. 2002,
/// doi:10.1109/TGRS.2002.803792): phases relative to the first instant are the unknowns. For a connected network that is also
/// what the velocities of smallest norm give. O(pairs + instants x span^2) a pixel. Or by least absolute residuals, exactly
/// (algorithms/radar/network_absolute).
class NetworkInversion {
 public:
  /// @param reference_rad  phase of the reference, one a pair; it is taken off
  /// @throws Error(config) when the weights need what the stack has not, Error(input) as plan_network()
  NetworkInversion(const InterferogramNetwork& network, std::span<const double> reference_rad, const InversionOptions& options);
  ~NetworkInversion();
  NetworkInversion(NetworkInversion&&) noexcept;
  NetworkInversion& operator=(NetworkInversion&&) noexcept;

  /// Fills `out`, whose memory is used again. The same bits on any machine and any number of threads.
  void invert(const InterferogramTile& tile, InvertedTile& out, const Run& run) const;
  std::size_t rank() const noexcept;                  ///< Of the design matrix of all pairs.
  NetworkWeights weights() const noexcept;            ///< Those that are used; never `automatic`.
  const std::vector<double>& years() const noexcept;  ///< Times of the instants.

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Times as MintPy counts them: year + (day of year - 1) / 365.25.
std::vector<double> calendar_years(std::span<const Instant> instants);

}  // namespace highwall
